"""Loads checkpoints: whole models, and adapters together with their base model."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import torch
from peft import PeftModel
from transformers import PreTrainedTokenizerFast

from got_train.config import Config, ModelConfig, SampleConfig
from got_train.config_file import load_config
from got_train.model.adapters import add_adapters, check_fit, linear_layers
from got_train.model.fingerprint import check_base, weights_fingerprint
from got_train.model.got import GotModel
from got_train.model.loading import (
    build_model,
    check_tokenizer,
    load_got,
    model_tokenizer,
    shape_of_model,
)
from got_train.model.quantize import round_to_4_bits
from got_train.model.tokenizer import load_tokenizer
from got_train.prompts import TemplateName
from got_train.report import UserError
from got_train.run_folders import CONFIG_FILE, absolute, check_no_base, holds_adapters, resolve_checkpoint
from got_train.swift_runs import base_of_adapters, swift_model


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
    check_no_base(folder, base)
    if not holds_adapters(folder):
        plain, tokenizer = load_got(folder), load_tokenizer(folder)
        check_tokenizer(folder, plain, tokenizer)
        return plain, tokenizer, config
    if config.model.whole is None:  # what is made at random is as large as args.yaml says
        with _naming_base(folder, base), torch.device("meta"):
            tokenizer = model_tokenizer(config.model)
            empty = GotModel(shape_of_model(config.model, config.sample.max_length, tokenizer))
        check_fit(empty, folder)
    with _naming_base(folder, base):
        model, tokenizer, _ = build_model(config.model, config.sample.max_length, config.seed)
    check_base(Path(folder), weights_fingerprint(model), config.model.path)
    if config.lora.quantization_bits is not None:
        round_to_4_bits(model, linear_layers(model, config.lora.modules))
    return add_adapters(model, folder), tokenizer, config


@contextmanager
def _naming_base(folder: str, base: str | None) -> Iterator[None]:
    """Says whose base model it is that cannot be read."""
    try:
        yield
    except UserError as error:
        other = "; name another with --base" if base is None else ""
        raise UserError(
            f"{folder} holds adapters, and their base model cannot be read: {error}{other}"
        ) from None


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
        base = base_of_adapters(folder)
        if base is None:
            raise UserError(
                f"{folder} holds adapters and does not name their base model: "
                "name it with --base (`got-train swift`: --model)"
            )
    sample = SampleConfig(template=template if trained is None else "swift")
    return Config(name=folder.name, model=ModelConfig(path=base), sample=sample)
