from typing import Any

import pytest

from got_train.config import SampleConfig
from got_train.data.encode import encode, spans, user_content
from got_train.data.record import Record
from got_train.data.records import parse_row
from got_train.model.tokenizer import load_tokenizer, small_tokenizer
from got_train.prompts import TemplateName
from got_train.vocabulary import IGNORE_INDEX

SYSTEM = "You should follow the instructions carefully and explain your answers in detail."


def record(**row: Any) -> Record:
    return parse_row(row, "x:1")


def text_of(row: Record, template: TemplateName) -> str:
    return "".join(text for text, _ in spans(row, template))


PICTURE_ROW = record(query="<image>\nOCR: ", response="Hi", images=["a"])


def test_original_template_exactly() -> None:
    assert text_of(PICTURE_ROW, "original") == (
        f"<|im_start|>system\n{SYSTEM}<|im_end|><|im_start|>user\n<img><imgpad></img>\nOCR: <|im_end|>"
        "<|im_start|>assistant\nHi<|im_end|>"
    )


def test_swift_template_exactly() -> None:
    assert text_of(PICTURE_ROW, "swift") == (
        f"<|im_start|>system\n        {SYSTEM}<|im_end|>\n"
        "<|im_start|>user\n<img><imgpad></img>\n\nOCR: <|im_end|>\n<|im_start|>assistant\nHi<|im_end|>\n"
    )


def test_transformers_template_exactly() -> None:
    assert text_of(PICTURE_ROW, "transformers") == (
        f"<|im_start|>system\n{SYSTEM}<|im_end|><|im_start|>user\n<img><imgpad></img>\n OCR: <|im_end|>"
        "<|im_start|>assistant\nHi<|im_end|>"
    )


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("<image>OCR: ", {}),
        ("<image>OCR with format: ", {"format": True}),
        ("<image>[red] OCR: ", {"color": "red"}),
        ("<image>[200, 150, 500, 750] OCR with format: ", {"box": [20, 15, 50, 75], "format": True}),
        ("<image>OCR with format upon the patch reference: ", {"crop_to_patches": True, "format": True}),
    ],
)
def test_transformers_template_equals_its_processor(query: str, options: dict[str, Any]) -> None:
    from PIL import Image
    from transformers import GotOcr2Processor
    from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil

    tokenizer = small_tokenizer()
    processor = GotOcr2Processor(GotOcr2ImageProcessorPil(size={"height": 64, "width": 64}), tokenizer)
    theirs = processor(Image.new("RGB", (100, 100)), return_tensors="pt", **options)
    row = parse_row({"query": query, "images": ["a"]}, "x:1", answered=False)
    ids, labels = encode(row, [theirs["pixel_values"].shape[0]], tokenizer, SampleConfig("transformers"), 256)
    assert ids[:-1].tolist() == theirs["input_ids"][0].tolist()
    assert (labels[:-1] == IGNORE_INDEX).all()


def test_of_a_picture_without_text_only_the_end_is_supervised() -> None:
    tokenizer = small_tokenizer()
    blank = record(query="<image>OCR: ", response="", images=["a"], no_text=True)
    ids, labels = encode(blank, [1], tokenizer, SampleConfig(), 256)
    assert labels[labels != IGNORE_INDEX].tolist() == [tokenizer.convert_tokens_to_ids("<|im_end|>")]
    assert labels[-1] == ids[-1]


def test_history_and_system_in_the_original_template() -> None:
    row = record(query="q2", response="r2", history=[["q1", "r1"]], system="S")
    assert text_of(row, "original") == (
        "<|im_start|>system\nS<|im_end|><|im_start|>user\nq1<|im_end|><|im_start|>assistant\nr1<|im_end|>"
        "<|im_start|>user\nq2<|im_end|><|im_start|>assistant\nr2<|im_end|>"
    )


def test_rows_without_a_system_text_get_that_of_the_run() -> None:
    pieces = [text for text, _ in spans(record(query="q", response="r"), "swift", "Be brief.")]
    assert pieces[0].startswith("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nq")
    own = spans(record(query="q", response="r", system="S"), "swift", "Be brief.")
    assert next(own)[0].startswith("<|im_start|>system\nS<|im_end|>")


@pytest.mark.parametrize("template", ["original", "transformers", "swift"])
def test_an_empty_system_text_has_no_message(template: TemplateName) -> None:
    assert text_of(record(query="q", response="r", system=""), template).startswith("<|im_start|>user\nq")


def test_an_answer_without_loss_has_no_labels() -> None:
    messages = [
        {"role": "user", "content": "1"},
        {"role": "assistant", "content": "a", "loss": False},
        {"role": "user", "content": "2"},
        {"role": "assistant", "content": "b"},
    ]
    supervised = [text for text, supervised in spans(record(messages=messages), "original") if supervised]
    assert supervised == ["b<|im_end|>"]


@pytest.mark.parametrize(
    ("template", "closing"),
    [("original", "<|im_end|>"), ("transformers", "<|im_end|>"), ("swift", "<|im_end|>\n")],
)
def test_supervised_are_answers_and_what_closes_them_and_nothing_else(
    template: TemplateName, closing: str
) -> None:
    tokenizer = small_tokenizer()
    row = record(query="<image>q2", response="r2", history=[["q1", "r1"]], images=["a"])
    ids, labels = encode(row, [1], tokenizer, SampleConfig(template), tokens_per_tile=4)
    supervised = ids[labels != IGNORE_INDEX]
    assert tokenizer.decode(supervised) == f"r1{closing}r2{closing}"
    assert (labels[labels != IGNORE_INDEX] == supervised).all()


def test_exact_ids_of_a_picture_row_in_the_real_vocabulary() -> None:
    tokenizer = load_tokenizer("qwen")
    ids, labels = encode(PICTURE_ROW, [1], tokenizer, SampleConfig(), tokens_per_tile=256)
    system = [
        151644,
        8948,
        198,
        2610,
        1265,
        1795,
        279,
        11221,
        15516,
        323,
        10339,
        697,
        11253,
        304,
        7716,
        13,
        151645,
    ]
    question = [198, 93495, 25, 220, 151645, 151644, 77091, 198]
    answer = [13048, 151645]
    assert ids.tolist() == [
        *system, 151644, 872, 198, 151857, *[151859] * 256, 151858, *question, *answer
    ]  # fmt: skip
    assert labels.tolist() == [IGNORE_INDEX] * (len(ids) - 2) + answer


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("<image>OCR: ", "<img><imgpad></img>\nOCR: "),
        ("<image>\nOCR:", "<img><imgpad></img>\nOCR: "),
        ("<image><image>eeeee", "<img><imgpad><imgpad></img>\neeeee"),
        ("<image>\n<image>\neeeee", "<img><imgpad><imgpad></img>\neeeee"),
        ("<image>a<image>b", "<img><imgpad></img>\na<img><imgpad></img>\nb"),
        ("no picture", "no picture"),
        ("<image>", "<img><imgpad></img>\n"),
    ],
)
def test_adjacent_tags_share_a_block_and_tags_apart_do_not(query: str, expected: str) -> None:
    assert user_content(query, "original") == expected


def test_every_picture_gets_the_tokens_of_its_own_tiles() -> None:
    tokenizer = small_tokenizer()
    row = record(query="<image>a<image>b", response="r", images=["1", "2"])
    ids = encode(row, [1, 3], tokenizer, SampleConfig(), tokens_per_tile=4)[0].tolist()
    pad, end = tokenizer.convert_tokens_to_ids(["<imgpad>", "</img>"])
    first_end = ids.index(end)
    assert ids[:first_end].count(pad) == 4
    assert ids[first_end:].count(pad) == 12
