"""What stands beside the weights, so that transformers, vLLM and others ask and answer as `infer` does."""

import json
from importlib.resources import files
from pathlib import Path

from transformers import GenerationConfig, GotOcr2Config, GotOcr2Processor, PreTrainedTokenizerFast
from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil

from got_train.config import MAX_NEW_TOKENS, NO_REPEAT_NGRAM_SIZE, SampleConfig
from got_train.foreign_files import read_json, read_text
from got_train.prompts import CHAT_TEMPLATES, TemplateName
from got_train.vocabulary import IMAGE_MEAN, IMAGE_STD, MESSAGE_END

CHAT_TEMPLATE_FILE = "chat_template.jinja"


def build_processor(
    config: GotOcr2Config, tokenizer: PreTrainedTokenizerFast, sample: SampleConfig
) -> GotOcr2Processor:
    """transformers' own processor for a model's image size, with the chat template of its training.

    The class defaults (384 pixels) are not GOT's.
    """
    size = config.vision_config.image_size
    image_processor = GotOcr2ImageProcessorPil(
        size={"height": size, "width": size}, image_mean=list(IMAGE_MEAN), image_std=list(IMAGE_STD)
    )
    return GotOcr2Processor(
        image_processor=image_processor, tokenizer=tokenizer, chat_template=jinja_template(sample)
    )


def jinja_template(sample: SampleConfig) -> str:
    """The chat template of a run for other programs, which gives the token ids of `infer`."""
    body = files("got_train.model").joinpath(CHAT_TEMPLATE_FILE).read_text(encoding="utf-8")
    return "".join(f"{line}\n" for line in _head(sample)) + body


def _head(sample: SampleConfig) -> list[str]:
    """The first lines of a chat template's file: the system text, and then what the templates differ in."""
    template = CHAT_TEMPLATES[sample.template]
    values = {
        "system": template.system if sample.system is None else sample.system,
        "message_end": template.message_end,
        "as_written": template.as_written,
        "spaced": sample.template == "transformers",
    }
    return [
        f"{{%- set {name} = {json.dumps(value, ensure_ascii=False)} -%}}" for name, value in values.items()
    ]


def template_of(folder: Path) -> TemplateName | None:
    """The chat template, with any system text, whose file stands in a folder; None if none of ours does."""
    file = folder / CHAT_TEMPLATE_FILE
    if not file.is_file():
        return None
    written = set(read_text(file).splitlines())
    for name in CHAT_TEMPLATES:
        _, *lines = _head(SampleConfig(template=name))
        if written.issuperset(lines):
            return name
    return None


def generation_config(tokenizer: PreTrainedTokenizerFast) -> GenerationConfig:
    """How `infer` answers a single image; several tiles or pages may repeat themselves."""
    return GenerationConfig(
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.convert_tokens_to_ids(MESSAGE_END),  # an answer ends with the message
        pad_token_id=tokenizer.pad_token_id,
        do_sample=False,
        max_new_tokens=MAX_NEW_TOKENS,
        no_repeat_ngram_size=NO_REPEAT_NGRAM_SIZE,
    )


def save_processor(processor: GotOcr2Processor, folder: Path) -> None:
    """Saves a processor in files that transformers 4 reads, too."""
    processor.save_pretrained(folder)
    for_transformers_4(processor, folder)


def for_transformers_4(processor: GotOcr2Processor, folder: Path) -> None:
    """Makes a saved processor one that transformers 4 reads, too: other programs still need that version."""
    processor.image_processor.save_pretrained(folder)  # version 4 does not look into processor_config.json
    settings = folder / "tokenizer_config.json"
    named = read_json(settings) | {"tokenizer_class": "PreTrainedTokenizerFast"}
    settings.write_text(json.dumps(named, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
