"""Configurations from defaults, then a YAML file, then `key=value` words; and back to YAML."""

import dataclasses
import types
import typing
from pathlib import Path
from typing import Any, Literal

import yaml
from omegaconf import MISSING, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from got_train.config import Config, TrainConfig
from got_train.report import UserError, did_you_mean


def load_config(path: str | Path, overrides: list[str] = []) -> Config:  # noqa: B006 (never changed)
    """Read a YAML file and `key=value` words over the defaults.

    Raises:
        UserError: for a missing file, a key that does not exist or a value of the wrong type or range.
    """
    if not Path(path).is_file():
        raise UserError(f"config file {path} does not exist")
    try:
        file = OmegaConf.load(path)
    except (yaml.YAMLError, UnicodeDecodeError, OmegaConfBaseException) as error:
        raise UserError(f"{path} is not a YAML file: {_one_line(error)}") from None
    for word in overrides:
        if "=" not in word or word.startswith("-"):
            raise UserError(f"{word!r} is not an override: write key=value, for example train.max_steps=2")
    try:
        words = OmegaConf.from_dotlist(overrides)
        given = OmegaConf.to_container(OmegaConf.merge(file, words))
        if not isinstance(given, dict):
            raise UserError(f"{path} must hold sections such as `model:` and `train:`, not a list or a word")
        return _structured(typing.cast(dict[str, Any], given))
    except (OmegaConfBaseException, yaml.YAMLError) as error:
        raise UserError(f"{path}: {_one_line(error)}") from None
    except ValueError as error:
        raise UserError(f"{path}: {error}") from None


def _structured(given: dict[str, Any]) -> Config:
    """`given` checked against the dataclasses; the `train` section is split into ours and transformers'."""
    train = given.get("train") or {}
    if not isinstance(train, dict):
        raise UserError("train must be a section of keys")
    ours = {f.name for f in dataclasses.fields(TrainConfig)} - {"arguments"}
    # YAML reads a bare `no` as false; as a strategy it is a word.
    strategies = ("save_strategy", "eval_strategy", "logging_strategy")
    arguments = {
        name: "no" if value is False and name in strategies else value
        for name, value in train.items()
        if name not in ours
    }
    check_training_arguments(arguments, also_allowed=ours)
    given["train"] = {name: value for name, value in train.items() if name in ours} | {"arguments": arguments}
    data = given.get("data")
    for name in ("train", "val"):
        if isinstance(data, dict) and isinstance(data.get(name), str) and data[name] != MISSING:
            data[name] = [data[name]]
    merged = OmegaConf.merge(OmegaConf.structured(Config), given)
    missing = sorted(OmegaConf.missing_keys(merged))
    if missing:
        raise UserError(f"{', '.join(missing)} must be set, in the file or as key=value")
    config = OmegaConf.to_object(merged)
    assert isinstance(config, Config)
    return config


OWN_ARGUMENTS = {
    "output_dir": "use output_dir at the top level",
    "resume_from_checkpoint": "use resume at the top level",
    "remove_unused_columns": "samples are made by got-train, no column is unused",
    "do_train": "the command decides",
    "do_eval": "use eval_strategy",
    "do_predict": "use got-train infer",
    "per_gpu_train_batch_size": "use per_device_train_batch_size",
    "fsdp": "use train.deepspeed=configs/deepspeed/zero2.json",
    "fsdp_config": "use train.deepspeed=configs/deepspeed/zero2.json",
    "label_smoothing_factor": "the loss is computed without logits of the whole vocabulary at hand",
}
"""TrainingArguments that would have no effect here, and what to use instead."""


def check_training_arguments(arguments: dict[str, Any], also_allowed: set[str]) -> None:
    """Refuse names that TrainingArguments does not have, and values of a type it does not take.

    Raises:
        UserError: names the key, and the nearest one that exists or the type it takes.
    """
    from transformers import TrainingArguments

    hints = typing.get_type_hints(TrainingArguments)
    allowed = {f.name for f in dataclasses.fields(TrainingArguments) if f.init} - set(OWN_ARGUMENTS)
    for name, value in arguments.items():
        if name in OWN_ARGUMENTS:
            raise UserError(f"train.{name} is not supported here: {OWN_ARGUMENTS[name]}")
        if name not in allowed:
            raise UserError(
                f"train.{name} is not a TrainingArguments name: {did_you_mean(name, allowed | also_allowed)}"
            )
        if not _fits(value, hints[name]):
            raise UserError(f"train.{name}={value!r} has the wrong type: expected {_type_name(hints[name])}")


def _fits(value: object, hint: Any) -> bool:
    """Whether a YAML value is of a type hint; enumerations are written as their string values."""
    origin = typing.get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        return any(_fits(value, part) for part in typing.get_args(hint))
    if hint is Any:
        return True
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if origin is Literal:
        return value in typing.get_args(hint)
    kind = origin or hint
    if isinstance(kind, type) and kind not in (bool, str, list, dict, type(None)):
        return isinstance(value, str | dict)
    return isinstance(value, kind)


def _type_name(hint: Any) -> str:
    parts = typing.get_args(hint) if typing.get_origin(hint) in (types.UnionType, typing.Union) else (hint,)
    return " or ".join(
        "null" if part is type(None) else getattr(part, "__name__", str(part)) for part in parts
    )


def _one_line(error: Exception) -> str:
    """The message of a YAML or OmegaConf error in one line that starts with the key."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    kept = [line for line in lines if not line.startswith(("full_key:", "object_type=", "reference_type="))]
    key = getattr(error, "full_key", None)
    return " ".join([f"{key}:"] * bool(key) + kept)


def to_yaml(config: Config) -> str:
    """The resolved configuration in the shape of the files under `configs/`: what `load_config` reads."""
    given = dataclasses.asdict(config)
    given["train"] |= given["train"].pop("arguments")
    return OmegaConf.to_yaml(OmegaConf.create(given))
