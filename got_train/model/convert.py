"""The map of weight names between layouts, and its users: encoders from any source, and whole model folders.

This model has transformers' names. The original layout is the authors' (`original.py`); the encoders of SAM
and Vary have the names of the original layout after prefixes of their own.
"""

import re
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import GotOcr2Config, GotOcr2ForConditionalGeneration

from got_train.config import SampleConfig
from got_train.config_file import load_config, to_yaml
from got_train.files import atomic_folder, permit_as_umask
from got_train.model.got import GotModel
from got_train.model.original import (
    Layout,
    check_fits_original,
    layout_of,
    write_original_files,
)
from got_train.model.processor import build_processor, generation_config, save_processor
from got_train.model.shapes import read_got_config
from got_train.model.tokenizer import load_tokenizer
from got_train.model.weights import check_numbers, local_folder, read_tensors
from got_train.prompts import TemplateName
from got_train.report import UserError, check_new_folder, counted
from got_train.run_folders import CONFIG_FILE, holds_adapters
from got_train.swift_runs import swift_model
from got_train.vocabulary import IMAGE_PAD, QWEN_SPECIAL_IDS

Pairs = tuple[tuple[str, str], ...]

ENCODER_PREFIX = "model.vision_tower."

MODULES: Pairs = (
    ("model.vision_tower_high.net_2.", "model.multi_modal_projector.conv_upsampler1."),
    ("model.vision_tower_high.net_3.", "model.multi_modal_projector.conv_upsampler2."),
    ("model.vision_tower_high.", ENCODER_PREFIX),
    ("model.mm_projector_vary.", "model.multi_modal_projector.multimodal_projector."),
    ("lm_head.", "lm_head."),
    ("model.", "model.language_model."),
)
"""Prefixes of modules in the original layout and in transformers; the first match of a name counts."""

ENCODER_PARTS: Pairs = (
    ("patch_embed.proj.", "patch_embed.projection."),
    ("neck.0.", "neck.conv1."),
    ("neck.1.", "neck.layer_norm1."),
    ("neck.2.", "neck.conv2."),
    ("neck.3.", "neck.layer_norm2."),
    ("blocks.", "layers."),
    (".norm1.", ".layer_norm1."),
    (".norm2.", ".layer_norm2."),
)
"""Parts of names inside the encoder, in the same order; no name of transformers has an original part."""

HUB_NAMES: Pairs = (
    (r"^language_model\.lm_head\.", "lm_head."),
    (r"^(model\.)?language_model\.(model\.)?", "model.language_model."),
    (r"^(vision_tower|multi_modal_projector)\.", r"model.\1."),
)
"""Patterns of the names in folders of other releases of transformers, such as `stepfun-ai/GOT-OCR-2.0-hf`,
each with its replacement by this model's name."""


def transformers_name(original: str) -> str:
    """transformers' name of a tensor of the original layout.

    >>> transformers_name("model.vision_tower_high.blocks.3.norm1.weight")
    'model.vision_tower.layers.3.layer_norm1.weight'
    """
    return _renamed(original, MODULES, ENCODER_PARTS)


def original_name(name: str) -> str:
    """The original layout's name of a tensor.

    >>> original_name("model.vision_tower.layers.3.layer_norm1.weight")
    'model.vision_tower_high.blocks.3.norm1.weight'
    """
    return _renamed(name, _turned(MODULES), _turned(ENCODER_PARTS))


def _renamed(name: str, modules: Pairs, encoder_parts: Pairs) -> str:
    for old, new in modules:
        if name.startswith(old):
            rest = name.removeprefix(old)
            if ENCODER_PREFIX in (old, new):
                for old_part, new_part in encoder_parts:
                    rest = rest.replace(old_part, new_part)
            return new + rest
    return name


def _turned(pairs: Pairs) -> Pairs:
    return tuple((new, old) for old, new in pairs)


def current_name(name: str) -> str:
    """This model's name of a tensor that some release of transformers saved.

    >>> current_name("language_model.model.norm.weight")
    'model.language_model.norm.weight'
    """
    for pattern, replacement in HUB_NAMES:
        name = re.sub(pattern, replacement, name)
    return name


def encoder_state(source: str) -> dict[str, torch.Tensor]:
    """The encoder of any checkpoint that has one, under this model's names.

    SAM ViT-B lacks the two strided convolutions; GOT, Vary and Vary-tiny have them.

    Args:
        source: folder, hub id or file: SAM in either layout, GOT or Vary in either layout, a stage-1 `.pth`.

    Raises:
        UserError: if the checkpoint has no encoder, or more than one.
    """
    tensors = read_tensors(source)
    # The prefix of an encoder differs (visual_encoder, vision_tower_high, ...); its first layer does not.
    starts = (re.fullmatch(r"(.*?)patch_embed\.proj(ection)?\.weight", name) for name in tensors)
    prefixes = [match[1] for match in starts if match]
    if len(prefixes) != 1:
        raise UserError(
            f"{source} holds {len(prefixes) or 'no'} encoders: it must hold one patch_embed.proj.weight; "
            f"its names begin with {_beginnings(prefixes or list(tensors))}"
        )
    state = {}
    for name, tensor in tensors.items():
        if name.startswith(prefixes[0]):
            state[transformers_name(f"model.vision_tower_high.{name.removeprefix(prefixes[0])}")] = tensor
        elif "multi_modal_projector.conv_upsampler" in name:
            state[current_name(name)] = tensor
    check_numbers(source, state)
    return state


def _beginnings(names: list[str]) -> str:
    """The first words of dotted names, at most eight."""
    found = sorted({".".join(name.split(".")[:2]) for name in names})
    return ", ".join(found[:8]) + (", ..." if len(found) > 8 else "")


def read_state(
    folder: Path, config: GotOcr2Config, own_name: Callable[[str], str]
) -> dict[str, torch.Tensor]:
    """The weights of a folder under this model's names, compared with the model that `config` describes.

    A head that is tied to the embedding may be missing from the file. A stored head with other values than
    the embedding is refused: the authors' code would ignore it, transformers 5 would use it.

    Args:
        folder: a model folder in either layout.
        config: its configuration.
        own_name: gives this model's name of a tensor: `transformers_name` for the original layout, else
            `current_name`.

    Raises:
        UserError: for tensors that are missing, not GOT's, or of another shape.
    """
    state = {own_name(name): tensor for name, tensor in read_tensors(str(folder)).items()}
    with torch.device("meta"):
        own = {name: tensor.shape for name, tensor in GotModel(config).state_dict().items()}
    head, embedding = "lm_head.weight", "model.language_model.embed_tokens.weight"
    tied = config.tie_word_embeddings
    missing = sorted(set(own) - set(state) - ({head} if tied else set()))
    if missing:
        raise UserError(f"{folder} lacks {counted(len(missing), 'tensor')}: {', '.join(missing[:4])}")
    unknown = sorted(set(state) - set(own))
    if unknown:
        number = counted(len(unknown), "unknown tensor")
        raise UserError(f"{folder} has {number}, not of GOT: {', '.join(unknown[:4])}")
    for name, tensor in state.items():
        if tensor.shape != own[name]:
            raise UserError(
                f"{folder}: {name} has shape {tuple(tensor.shape)}, config.json asks for {tuple(own[name])}"
            )
    check_numbers(folder, state)
    if tied and head in state and not torch.equal(state[head], state[embedding]):
        raise UserError(
            f"{folder}: tie_word_embeddings is true, but {head} is not the embedding: set it to false in "
            f"config.json if the head was trained apart, or remove {head}"
        )
    return state


def convert(source: str, target: str, to: Layout) -> int:
    """Writes a model folder in the other layout: tensors get other names, and stay the same bit for bit.

    Args:
        source: folder or hub id.
        target: folder to write.
        to: the layout of `target`.

    Returns:
        The number of tensors that were written.

    Raises:
        UserError: if `source` is not a plain GOT model or already has the layout, the layout cannot hold the
            model, or `target` exists.
    """
    output = Path(target)
    check_new_folder(output)
    folder = local_folder(source)
    if holds_adapters(str(folder)):
        raise UserError(f"{source} holds adapters: merge first, with got-train merge {source}")
    if not (folder / "config.json").is_file():
        raise UserError(f"{source} holds no config.json: it is not a model folder")
    if layout_of(folder) == to:
        raise UserError(f"{source} is in the {to} layout already")
    run = load_config(folder / CONFIG_FILE) if (folder / CONFIG_FILE).is_file() else None
    template: TemplateName = "original" if swift_model(folder) is None else "swift"
    sample = SampleConfig(template=template) if run is None else run.sample
    with atomic_folder(output) as made:
        number = (
            _to_transformers(folder, made, sample) if to == "transformers" else _to_original(folder, made)
        )
        if run is not None:
            (made / CONFIG_FILE).write_text(to_yaml(run), encoding="utf-8")
    return number


def _to_transformers(folder: Path, output: Path, sample: SampleConfig) -> int:
    config = read_got_config(str(folder))
    if config.image_token_id != QWEN_SPECIAL_IDS[IMAGE_PAD]:
        raise UserError(
            f"{folder}: im_patch_token {config.image_token_id} is not the tokenizer's {IMAGE_PAD}"
        )
    tokenizer = load_tokenizer(str(folder))
    state = read_state(folder, config, transformers_name)
    _save(state, output)
    config.architectures = [GotOcr2ForConditionalGeneration.__name__]
    config.dtype = _dtype(state)
    config.text_config.pad_token_id = tokenizer.pad_token_id
    config.save_pretrained(output)
    generation_config(tokenizer).save_pretrained(output)
    save_processor(build_processor(config, tokenizer, sample), output)
    return len(state)


def _to_original(folder: Path, output: Path) -> int:
    config = read_got_config(str(folder))
    check_fits_original(config, load_tokenizer(str(folder)))
    state = read_state(folder, config, current_name)
    renamed = {original_name(name): tensor for name, tensor in state.items()}
    _save(renamed, output)
    write_original_files(config, str(_dtype(state)).removeprefix("torch."), output)
    return len(state)


def _save(state: dict[str, torch.Tensor], output: Path) -> None:
    save_file(state, output / "model.safetensors", metadata={"format": "pt"})
    permit_as_umask(output)


def _dtype(state: dict[str, torch.Tensor]) -> torch.dtype:
    return state["model.language_model.embed_tokens.weight"].dtype
