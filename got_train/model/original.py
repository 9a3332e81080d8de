"""The layout of the authors' own checkpoints, `stepfun-ai/GOT-OCR2_0`: its configuration and its files.

Its `config.json` is a Qwen2 configuration with a few fields about images. It does not describe the encoder:
the authors' code always builds the same one, with an output of 1024 channels, as wide as the decoder.
`convert.py` has the names of the weights.
"""

import json
import shutil
from pathlib import Path
from typing import Any, Literal

from transformers import GotOcr2Config, GotOcr2VisionConfig, PreTrainedTokenizerFast, Qwen2Config

from got_train.foreign_files import read_json
from got_train.model.got import ENCODER_FIELDS, encoder_channels
from got_train.model.tokenizer import ORIGINAL_VOCABULARY, load_tokenizer, vocabulary_file
from got_train.report import UserError, quoted
from got_train.vocabulary import (
    ENCODER_CHANNELS,
    END_OF_TEXT,
    IMAGE_END,
    IMAGE_PAD,
    IMAGE_START,
    QWEN_SPECIAL_IDS,
    tokens_per_tile,
)

Layout = Literal["transformers", "original"]

MODEL_TYPES: dict[str, Layout] = {"got_ocr2": "transformers", "GOT": "original"}
"""The layout of each `model_type` in `config.json`."""

ENCODER = GotOcr2VisionConfig()
"""The encoder that the authors' code builds; its numbers are transformers' defaults."""

DECODER_FIELDS = tuple(
    name for name in Qwen2Config.__annotations__ if name not in ("rope_parameters", "layer_types")
)
"""Fields of Qwen2's configuration: all but two have the same name and meaning in both layouts."""

CODE_NOTE = (
    "The authors' Python files are not written: to load the folder with trust_remote_code, copy "
    "modeling_GOT.py, got_vision_b.py, tokenization_qwen.py and render_tools.py from stepfun-ai/GOT-OCR2_0."
)


def layout_of(folder: Path) -> Layout:
    """The layout of a model folder, from its `config.json`.

    Raises:
        UserError: if the folder has no GOT model.
    """
    return layout_of_type(folder, read_json(folder / "config.json").get("model_type"))


def layout_of_type(folder: Path, model_type: Any) -> Layout:
    """As `layout_of`, from what `config.json` says."""
    if not isinstance(model_type, str) or model_type not in MODEL_TYPES:
        said = quoted(model_type)
        raise UserError(f"{folder} holds a {said} model, not got_ocr2 (transformers) or GOT (original)")
    return MODEL_TYPES[model_type]


def original_config(original: dict[str, Any]) -> GotOcr2Config:
    """transformers' configuration of a model in the original layout, from what its `config.json` says."""
    fields = {name: original[name] for name in DECODER_FIELDS if name in original}
    text_config = Qwen2Config(**fields, rope_theta=original.get("rope_theta", 10000.0))
    return GotOcr2Config(
        vision_config=ENCODER.to_dict(),
        text_config=text_config,
        image_token_index=original.get("im_patch_token", QWEN_SPECIAL_IDS[IMAGE_PAD]),
        image_seq_length=tokens_per_tile(ENCODER.image_size, ENCODER.patch_size),
        tie_word_embeddings=text_config.tie_word_embeddings,
    )


def check_fits_original(config: GotOcr2Config, tokenizer: PreTrainedTokenizerFast) -> None:
    """Refuses a model that the authors' code cannot load.

    Raises:
        UserError: for another decoder, shape or tokenizer than the authors'; the message has all reasons.
    """
    text, vision = config.text_config, config.vision_config
    reasons = []
    if text.model_type != "qwen2":
        reasons.append(f"its decoder is {text.model_type}, not qwen2")
    elif text.rope_parameters["rope_type"] != "default":
        reasons.append(f"its rope_type is {text.rope_parameters['rope_type']}, not default")
    widths = {"decoder": text.hidden_size, "encoder's output": encoder_channels(config)}
    for name, width in widths.items():
        if width != ENCODER_CHANNELS:
            reasons.append(f"its {name} is {width} wide, not {ENCODER_CHANNELS}")
    for name in (*ENCODER_FIELDS, "output_channels"):
        own, theirs = (json.dumps(getattr(encoder, name)) for encoder in (vision, ENCODER))
        if own != theirs:  # as JSON, where a tuple is a list
            reasons.append(f"the {name} of its encoder is {own}, not {theirs}")
    if tokenizer.get_vocab() != load_tokenizer("qwen").get_vocab():
        reasons.append(f"its tokenizer ({len(tokenizer)} tokens) is not GOT's")
    if reasons:
        raise UserError(f"the original layout cannot hold this model: {'; '.join(reasons)}")


def write_original_files(config: GotOcr2Config, dtype: str, folder: Path) -> None:
    """Writes configuration and tokenizer with the names and values that the authors' code reads.

    Args:
        config: configuration of a model that `check_fits_original` accepts.
        dtype: name of the type of the weights, such as `bfloat16`.
        folder: an existing folder.
    """
    text = config.text_config.to_dict()
    decoder = {name: text[name] for name in DECODER_FIELDS if text.get(name) is not None}
    end_of_text = QWEN_SPECIAL_IDS[END_OF_TEXT]
    ends = {"bos_token_id": end_of_text, "eos_token_id": end_of_text}
    files = {
        "config.json": {
            "architectures": ["GOTQwenForCausalLM"],
            "auto_map": {
                "AutoConfig": "modeling_GOT.GOTConfig",
                "AutoModel": "modeling_GOT.GOTQwenForCausalLM",
            },
            "model_type": "GOT",
            **decoder,
            **ends,
            "rope_theta": text["rope_parameters"]["rope_theta"],
            "tie_word_embeddings": config.tie_word_embeddings,
            "torch_dtype": dtype,
            "image_token_len": tokens_per_tile(ENCODER.image_size, ENCODER.patch_size),
            "im_patch_token": QWEN_SPECIAL_IDS[IMAGE_PAD],
            "im_start_token": QWEN_SPECIAL_IDS[IMAGE_START],
            "im_end_token": QWEN_SPECIAL_IDS[IMAGE_END],
            "use_im_start_end": True,
        },
        "generation_config.json": {**ends, "max_new_tokens": 2048},
        "tokenizer_config.json": {
            "auto_map": {"AutoTokenizer": ["tokenization_qwen.QWenTokenizer", None]},
            "clean_up_tokenization_spaces": True,
            "model_max_length": 8000,
            "pad_token": END_OF_TEXT,
            "padding_side": "right",
            "tokenizer_class": "QWenTokenizer",
        },
        "special_tokens_map.json": {"pad_token": END_OF_TEXT},
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    shutil.copyfile(vocabulary_file("qwen"), folder / ORIGINAL_VOCABULARY)
