"""Configurations from defaults, then a YAML file, then `key=value` words; and back to YAML."""

import dataclasses
import json
import types
import typing
from pathlib import Path
from typing import Any, Literal

import yaml
from omegaconf import MISSING, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from got_train.config import ABOVE_0, AT_LEAST_0, AT_LEAST_1, RATE, Config, Range, TrainConfig, check_ranges
from got_train.report import UserError, did_you_mean


def load_config(path: str | Path, overrides: list[str] = []) -> Config:  # noqa: B006 (never changed)
    """Read a YAML file and `key=value` words over the defaults.

    Raises:
        UserError: for a missing file, a key that does not exist or a value of the wrong type or range.
    """
    if not Path(path).is_file():
        raise UserError(f"config file {path} does not exist")
    try:
        given = OmegaConf.to_container(OmegaConf.load(path))
    except (yaml.YAMLError, UnicodeDecodeError, OSError, OmegaConfBaseException) as error:
        raise UserError(f"{path} is not a YAML file: {_one_line(error)}") from None
    if not isinstance(given, dict):
        raise UserError(f"{path} must hold sections such as `model:` and `train:`, not a list")
    for word in overrides:
        if "=" not in word or word.startswith("-"):
            raise UserError(f"{word!r} is not an override: write key=value, for example train.max_steps=2")
    try:
        for word in overrides:
            given = _over(given, _read_word(word))
        return _structured(given)
    except (OmegaConfBaseException, yaml.YAMLError) as error:
        raise UserError(f"{path}: {_one_line(error)}") from None
    except ValueError as error:
        raise UserError(f"{path}: {error}") from None


def _read_word(word: str) -> dict[str, Any]:
    """The sections that a `key=value` word stands for.

    The value is YAML. Only for a field of text it is taken as it was typed, or as it stands in quotes: YAML
    would make a mapping of `data.query=OCR: `.
    """
    key, _, value = word.partition("=")
    is_quoted = value[:1] in ("'", '"') and value.endswith(value[0])
    if _takes_text(key) and not is_quoted and value not in ("", "~", "null"):
        word = f"{key}={json.dumps(value, ensure_ascii=False)}"
    return typing.cast(dict[str, Any], OmegaConf.to_container(OmegaConf.from_dotlist([word])))


def _takes_text(key: str) -> bool:
    hint: Any = Config
    for name in key.split("."):
        hint = typing.get_type_hints(hint).get(name) if dataclasses.is_dataclass(hint) else None
    return hint in (str, str | None)


def _over(below: Any, above: Any) -> Any:
    """Sections laid over sections, key by key; anything else replaces what is below.

    OmegaConf would stop where the two are of different kinds and not name the key; `_check_kinds` does.
    """
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return below | {key: _over(below.get(key), value) for key, value in above.items()}


SECTION, LIST, SINGLE = "a section of keys", "a list", "a single value"


def _check_kinds(given: dict[str, Any], section: type, prefix: str = "") -> None:
    """Refuse a section, a list or a single value where one of the others is meant.

    OmegaConf says so of some without the key, and takes others, such as a list in a list of texts.
    """
    for name, hint in typing.get_type_hints(section).items():
        key, value = f"{prefix}{name}", given.get(name)
        if value is None:
            continue  # OmegaConf knows what may be null
        if dataclasses.is_dataclass(hint):
            _expect(key, value, SECTION)
            _check_kinds(value, typing.cast(type, hint), f"{key}.")
            continue
        if isinstance(value, str) and value.startswith((MISSING, "${")):
            continue  # stands for a value of any kind
        # a field that may be null has a union of types
        origins = {typing.get_origin(part) for part in (hint, *typing.get_args(hint))}
        _expect(key, value, SECTION if dict in origins else LIST if list in origins else SINGLE)
        if isinstance(value, dict | list):
            for entry in value.values() if isinstance(value, dict) else value:
                _expect(f"each entry of {key}", entry, SINGLE)


def _expect(key: str, value: object, kind: str) -> None:
    given = SECTION if isinstance(value, dict) else LIST if isinstance(value, list) else SINGLE
    if given != kind:
        raise UserError(f"{key} must be {kind}, not {given}: {value}")


def _structured(given: dict[str, Any]) -> Config:
    """`given` checked against the dataclasses; the `train` section is split into ours and transformers'."""
    data = given.get("data")
    for name in ("train", "val"):
        if isinstance(data, dict) and isinstance(data.get(name), str) and data[name] != MISSING:
            data[name] = [data[name]]
    _check_kinds(given, Config)
    train = given.get("train") or {}
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

ARGUMENT_RANGES: dict[str, Range] = {
    **dict.fromkeys(("per_device_train_batch_size", "per_device_eval_batch_size"), AT_LEAST_1),
    **dict.fromkeys(("gradient_accumulation_steps", "eval_accumulation_steps"), AT_LEAST_1),
    "dataloader_prefetch_factor": AT_LEAST_1,
    **dict.fromkeys(("dataloader_num_workers", "data_seed"), AT_LEAST_0),
    **dict.fromkeys(("learning_rate", "weight_decay", "adam_epsilon"), RATE),
    **dict.fromkeys(("warmup_steps", "neftune_noise_alpha"), RATE),
    # torch takes no betas that are whole numbers
    **dict.fromkeys(
        ("adam_beta1", "adam_beta2"),
        (lambda beta: isinstance(beta, float) and 0 <= beta < 1, "at least 0.0 and below 1.0"),
    ),
    "num_train_epochs": ABOVE_0,
    "max_steps": (lambda steps: steps >= 1 or steps == -1, "at least 1, or -1 to train for num_train_epochs"),
    "seed": (lambda seed: 0 <= seed < 2**32, "at least 0 and below 2**32"),
}
"""Of TrainingArguments that we use ourselves, or that nobody looks at before they fail in the run."""


def check_training_arguments(arguments: dict[str, Any], also_allowed: set[str]) -> None:
    """Refuse names that TrainingArguments does not have, and values that it does not take.

    Raises:
        UserError: names the key, and the nearest one that exists, or what it takes.
    """
    from transformers import TrainingArguments
    from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK
    from transformers.training_args import trainer_log_levels

    hints = typing.get_type_hints(TrainingArguments)
    allowed = {f.name for f in dataclasses.fields(TrainingArguments) if f.init} - set(OWN_ARGUMENTS)
    for name, value in arguments.items():
        if name in OWN_ARGUMENTS:
            raise UserError(f"train.{name} is not supported here: {OWN_ARGUMENTS[name]}")
        if name not in allowed:
            nearest = did_you_mean(str(name), allowed | also_allowed)
            raise UserError(f"train.{name} is not a TrainingArguments name: {nearest}")
        if not _fits(value, hints[name]):
            raise UserError(f"train.{name}={value!r} has the wrong type: expected {_type_name(hints[name])}")
    check_ranges("train", arguments, **ARGUMENT_RANGES)
    loggers, levels = {"all", "none", *INTEGRATION_TO_CALLBACK}, set(trainer_log_levels)
    for name, choices in (("report_to", loggers), ("log_level", levels), ("log_level_replica", levels)):
        words = arguments.get(name) or []
        for word in [words] if isinstance(words, str) else map(str, words):
            if word not in choices:
                raise UserError(f"train.{name} {word}: {did_you_mean(word, choices)}")


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
