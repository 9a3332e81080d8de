"""Loads checkpoints: whole models, and adapters together with their base model."""

from dataclasses import replace
from pathlib import Path

from peft import PeftConfig, PeftModel, get_peft_model, set_peft_model_state_dict
from peft.utils import load_peft_weights
from transformers import PreTrainedTokenizerFast

from got_train.config import Config, ModelConfig, SampleConfig
from got_train.config_file import load_config
from got_train.model.adapters import PEFT_PREFIX, linear_layers
from got_train.model.convert import current_name, transformers_name
from got_train.model.got import GotModel
from got_train.model.loading import build_model, check_tokenizer, load_got
from got_train.model.quantize import round_to_4_bits
from got_train.model.tokenizer import load_tokenizer
from got_train.prompts import TemplateName
from got_train.report import UserError, counted, one_line
from got_train.run_folders import (
    ADAPTER_FILE,
    CONFIG_FILE,
    absolute,
    holds_adapters,
    read_json,
    resolve_checkpoint,
)
from got_train.swift.trained import swift_model

ORIGINAL_MODULES = ("model.layers.", "model.vision_tower_high.", "model.mm_projector_vary.")
"""Prefixes of layer names in the original layout, which ms-swift trains without conversion."""


def load_checkpoint(
    path: str, base: str | None = None, template: TemplateName = "original"
) -> tuple[GotModel | PeftModel, PreTrainedTokenizerFast, Config]:
    """A model folder or an adapter checkpoint, with its tokenizer and the configuration of its run.

    Args:
        path: what `resolve_checkpoint` takes.
        base: the base model of adapters; default: the one that they were trained on.
        template: the chat template of a model whose folder has nothing about its run.

    Raises:
        UserError: if there is no model at `path`, or its adapters fit no model.
    """
    folder = resolve_checkpoint(path)
    config = run_config(Path(folder), base, template)
    if base is not None and not holds_adapters(folder):
        raise UserError(f"{folder} is a whole model, which needs no base model: leave out {base}")
    if not holds_adapters(folder):
        plain, tokenizer = load_got(folder), load_tokenizer(folder)
        check_tokenizer(folder, plain, tokenizer)
        return plain, tokenizer, config
    try:
        model, tokenizer, _ = build_model(config.model, config.sample.max_length, config.seed)
    except UserError as error:
        other = "; name another with --base" if base is None else ""
        raise UserError(
            f"{folder} holds adapters, and their base model cannot be read: {error}{other}"
        ) from None
    if config.lora.quantization_bits is not None:
        round_to_4_bits(model, linear_layers(model, config.lora.modules))
    return add_adapters(model, folder), tokenizer, config


def run_config(folder: Path, base: str | None, template: TemplateName) -> Config:
    """The resolved configuration that training wrote into a checkpoint, or else what its other files tell.

    Args:
        folder: the checkpoint, of this program or of ms-swift.
        base: as in `load_checkpoint`.
        template: the chat template of a model that neither program trained.
    """
    if (folder / CONFIG_FILE).is_file():
        config = load_config(folder / CONFIG_FILE)
        return config if base is None else replace(config, model=ModelConfig(path=absolute(base)))
    trained = swift_model(folder)
    if base is None and holds_adapters(str(folder)):
        base = _base_model(folder, trained)
    sample = SampleConfig(template=template if trained is None else "swift")
    return Config(name=folder.name, model=ModelConfig(path=base), sample=sample)


def _base_model(folder: Path, trained: str | None) -> str:
    """The base model of adapters from another program: the folder that they name if it exists, or a hub id.

    ms-swift names the copy in its cache, which does not exist on another computer.
    """
    named = read_json(folder / ADAPTER_FILE).get("base_model_name_or_path")
    base = named if named is not None and Path(named).is_dir() else trained or named
    if base is None:
        raise UserError(
            f"{folder} holds adapters and does not name their base model: "
            "name it with --base (`got-train swift`: --model)"
        )
    return str(base)


def add_adapters(model: GotModel, folder: str) -> PeftModel:
    """A base model with the adapters of a folder, whose layers may have the names of another layout.

    peft would ignore, without an error, adapters for whose layers it finds no match.

    Raises:
        UserError: if the adapters do not fit.
    """
    read_json(Path(folder) / ADAPTER_FILE)
    if not any(Path(folder).glob("adapter_model.*")):  # peft would ask the hub for them
        raise UserError(f"{folder} lacks the weights of its adapters, adapter_model.safetensors")
    try:
        saved = load_peft_weights(folder, device="cpu")
        state = {_own_name(name): tensor for name, tensor in saved.items()}
        layers = [name.removeprefix(PEFT_PREFIX).partition(".lora_A.") for name in state]
        config = PeftConfig.from_pretrained(folder)
        config.target_modules = [layer for layer, found, _ in layers if found]
        adapted = get_peft_model(model, config)
        missing, left_over = set_peft_model_state_dict(adapted, state)
    except Exception as error:  # of any kind: files are damaged in many ways
        raise UserError(f"the adapters of {folder} do not fit their base model: {one_line(error)}") from error
    if left_over:
        raise UserError(
            f"the adapters of {folder} do not fit their base model: it has no place for "
            f"{counted(len(left_over), 'tensor')}, the first is {left_over[0]}"
        )
    if lacking := [name for name in missing if ".lora_" in name]:
        raise UserError(f"{folder} lacks {counted(len(lacking), 'tensor')} of adapters: {lacking[0]}")
    return adapted


def _own_name(name: str) -> str:
    """This model's name of an adapter that was trained in the original layout, or with older transformers."""
    layer = name.removeprefix(PEFT_PREFIX)
    own = transformers_name(layer) if layer.startswith(ORIGINAL_MODULES) else current_name(layer)
    return PEFT_PREFIX + own
