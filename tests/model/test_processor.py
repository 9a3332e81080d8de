"""What other programs find in a saved folder: a chat template that gives the token ids of `infer`."""

from pathlib import Path
from typing import Any, get_args

import pytest
from transformers import AutoConfig, AutoProcessor, GenerationConfig, GotOcr2Config, PreTrainedTokenizerFast
from transformers.utils.chat_template_utils import render_jinja_template

from got_train.config import EncoderConfig, SampleConfig
from got_train.data.records import parse_row
from got_train.data.samples import SampleEncoder
from got_train.foreign_files import read_json
from got_train.inference.generate import prompt_ids
from got_train.model.got import got_config, tile_shape
from got_train.model.processor import build_processor, generation_config, jinja_template, save_processor
from got_train.model.tokenizer import load_tokenizer
from got_train.prompts import Task, TemplateName
from tests.conftest import DECODERS, ENCODER, draw

TEMPLATES = get_args(TemplateName)
REGIONS: list[dict[str, Any]] = [
    {},
    {"box": (10, 20, 30, 40)},
    {"color": "red"},
    {"color": "green", "box": (1, 2)},
]
TASKS = [Task(format=flag, **region) for flag in (False, True) for region in REGIONS]
IMAGE = {"type": "image", "image": "a.png"}
OTHER = {"type": "image", "image": "b.png"}


def text(words: str) -> dict[str, str]:
    return {"type": "text", "text": words}


def user(*parts: dict[str, str]) -> dict[str, Any]:
    return {"role": "user", "content": list(parts)}


SYSTEM = {"role": "system", "content": "Nur der Text. 😀"}
ANSWER = {"role": "assistant", "content": "12.50"}
ONE_PICTURE = [
    *([user(IMAGE, text(task.query()))] for task in TASKS),
    [user(IMAGE, text("ocr with format:"))],
    [user(IMAGE, text("  OCR:  "))],
    [user(IMAGE, text("[red] [010,20, 30,  40]OCR with format:"))],
    [user(IMAGE, text("[red][blue] OCR: "))],
    [user(IMAGE, text("[1,2,3,4,5] OCR: "))],
    [user(IMAGE, text("[1,2 ,3] OCR: "))],
    [user(IMAGE, text("[] OCR: ")), ANSWER, user(text("[1,2] OCR: "))],
    [user(IMAGE, text("Using LaTeX to perform OCR on the image."))],
    [user(IMAGE, text("\nWhat does it say?"))],
    [user(IMAGE, text("\n\nOCR: "))],
    [user(text("OCR: "), IMAGE)],
    [user(text("Read this: "), IMAGE, text("OCR: "))],
    [user(IMAGE)],
    [SYSTEM, user(IMAGE, text("OCR: "))],
    [{"role": "system", "content": ""}, user(IMAGE, text("OCR: "))],
    [user(IMAGE, text("And the total?")), ANSWER, user(text("OCR: "))],
    [user(IMAGE, text("OCR: ")), ANSWER, {"role": "user", "content": "OCR:"}],
]
SEVERAL_PICTURES = [
    [user(IMAGE, text(" \n"), OTHER, text("OCR with format: "))],
    *([user(IMAGE, OTHER, text(Task(format=flag, pages=True).query()))] for flag in (False, True)),
]
APART = [
    [user(IMAGE, text("and"), OTHER, text("which is older?"))],
    [user(IMAGE, text("OCR: ")), ANSWER, user(OTHER, text("OCR: "))],
]


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return load_tokenizer("qwen")


@pytest.fixture(scope="module")
def config(tokenizer: PreTrainedTokenizerFast) -> GotOcr2Config:
    decoder = AutoConfig.for_model("qwen2", **DECODERS["qwen2"], vocab_size=len(tokenizer), rope_theta=1e6)
    return got_config(EncoderConfig(**ENCODER), decoder, tokenizer)  # type: ignore[arg-type]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for name in ("a", "b"):
        draw(tmp_path / f"{name}.png", name, size=(64, 96))
    return tmp_path


def expected(
    messages: list[dict[str, Any]], encoder: SampleEncoder, folder: Path, **row: Any
) -> tuple[list[int], list[int]]:
    """The token ids of `infer`, and the number of tiles of each image."""
    answered = [*messages, {"role": "assistant", "content": "x"}]
    record = parse_row({"messages": answered} | row, "x:1", find=lambda name: folder / str(name))
    sample = encoder.sample(record)
    return prompt_ids(sample).tolist(), list(sample.tiles_per_image)


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("crop", [False, True], ids=["whole", "tiles"])
@pytest.mark.parametrize("messages", [*ONE_PICTURE, *SEVERAL_PICTURES], ids=str)
def test_transformers_asks_as_infer_does(
    messages: list[dict[str, Any]],
    crop: bool,
    template: TemplateName,
    config: GotOcr2Config,
    tokenizer: PreTrainedTokenizerFast,
    pictures: Path,
) -> None:
    if template == "swift" and messages in SEVERAL_PICTURES:
        pytest.skip("transformers' processor fills one block of pictures, ms-swift writes one a picture")
    sample = SampleConfig(template=template)
    processor = build_processor(config, tokenizer, sample)
    inputs = processor.apply_chat_template(
        [found(message, pictures) for message in messages],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        processor_kwargs={"multi_page": True, "num_image_tokens": 4, "crop_to_patches": crop},
    )
    asked, _ = expected(messages, SampleEncoder(tokenizer, sample, tile_shape(config)), pictures, crop=crop)
    assert inputs["input_ids"][0] == asked


def found(message: dict[str, Any], folder: Path) -> dict[str, Any]:
    if isinstance(message["content"], str):
        return message
    parts = []
    for part in message["content"]:
        parts.append(part | {"image": str(folder / part["image"])} if "image" in part else part)
    return message | {"content": parts}


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("messages", [*ONE_PICTURE, *SEVERAL_PICTURES, *APART], ids=str)
def test_vllm_asks_as_infer_does(
    messages: list[dict[str, Any]],
    template: TemplateName,
    config: GotOcr2Config,
    tokenizer: PreTrainedTokenizerFast,
    pictures: Path,
) -> None:
    """vLLM gives the template parts without their pictures, and writes the pads of each picture itself."""
    sample = SampleConfig(template=template)
    bare = [
        message
        if isinstance(message["content"], str)
        else user(*({"type": "image"} if part["type"] == "image" else part for part in message["content"]))
        | {"role": message["role"]}
        for message in messages
    ]
    rendered, _ = render_jinja_template(
        [bare], chat_template=jinja_template(sample), add_generation_prompt=True
    )
    asked, tiles = expected(messages, SampleEncoder(tokenizer, sample, tile_shape(config)), pictures)
    first, *rest = rendered[0].split("<imgpad>")
    pieces = [f"{'<imgpad>' * 4 * number}{piece}" for number, piece in zip(tiles, rest, strict=True)]
    assert tokenizer.encode(first + "".join(pieces), add_special_tokens=False) == asked


@pytest.mark.parametrize("system", ['Say "yes".\n', ""])
def test_the_system_text_of_a_run_is_in_its_template(
    system: str, config: GotOcr2Config, tokenizer: PreTrainedTokenizerFast, pictures: Path
) -> None:
    sample = SampleConfig(system=system)
    encoder = SampleEncoder(tokenizer, sample, tile_shape(config))
    messages = [user(text("OCR: "))]
    rendered, _ = render_jinja_template(
        [messages], chat_template=jinja_template(sample), add_generation_prompt=True
    )
    asked, _ = expected(messages, encoder, pictures)
    assert tokenizer.encode(rendered[0], add_special_tokens=False) == asked


def test_files_are_those_of_transformers_4_too(
    config: GotOcr2Config, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    save_processor(build_processor(config, tokenizer, SampleConfig()), tmp_path)
    assert read_json(tmp_path / "tokenizer_config.json")["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert read_json(tmp_path / "preprocessor_config.json")["size"] == {"height": 32, "width": 32}
    loaded = AutoProcessor.from_pretrained(tmp_path)
    assert loaded.tokenizer.get_vocab() == tokenizer.get_vocab()
    assert loaded.chat_template == jinja_template(SampleConfig())


def test_answers_are_generated_as_infer_does(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    generation_config(tokenizer).save_pretrained(tmp_path)
    saved = GenerationConfig.from_pretrained(tmp_path)
    assert (saved.eos_token_id, saved.do_sample) == (151645, False)
    assert (saved.max_new_tokens, saved.no_repeat_ngram_size) == (4096, 20)
