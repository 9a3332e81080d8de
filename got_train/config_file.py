"""Configurations from defaults, then a YAML file, then `key=value` words; and back to YAML."""

import dataclasses
import json
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from omegaconf import MISSING, OmegaConf
from omegaconf.errors import InterpolationResolutionError, MissingMandatoryValue, OmegaConfBaseException

from got_train.arguments import OWN_ARGUMENTS, argument_types
from got_train.config import SPANNING, Config, Section, TrainConfig
from got_train.ranks import say
from got_train.report import UserError, did_you_mean
from got_train.run_folders import CONFIG_FILE
from got_train.typed_values import SECTION, kind_of, read_value

RENAMED = {
    "data.frame": "sample.template",
    **{f"data.{name}": f"sample.{name}" for name in ("crop", "max_tiles", "max_length", "max_pixels")},
}
"""Keys of earlier versions and what they are called now."""


def load_config(path: str | Path, overrides: list[str] = []) -> Config:  # noqa: B006 (never changed)
    """Read a YAML file and `key=value` words over the defaults.

    Keys that were renamed are still read. A line names the new key, except for the file that a run wrote.

    Raises:
        UserError: for a missing file; for keys that do not exist or have to be set, and values of the wrong
            type or range or that cannot be used together: all of them, a line each, ordered as the fields.
    """
    if not Path(path).is_file():
        raise UserError(
            f"config file {path} does not exist; `got-train configs DIR` copies the packaged ones"
        )
    try:
        given = OmegaConf.to_container(OmegaConf.load(path))
    except (yaml.YAMLError, UnicodeDecodeError, OSError, OmegaConfBaseException) as error:
        raise UserError(f"{path} is not a YAML file: {_one_line(error)}") from None
    if not isinstance(given, dict):
        raise UserError(f"{path} must hold sections such as `model:` and `train:`, not a list")
    for word in overrides:
        if "=" not in word or word.startswith(("-", "=")):
            raise UserError(f"{word!r} is not an override: write key=value, for example train.max_steps=2")
    errors: list[str] = []
    given = _with_new_names(given, errors, quiet=Path(path).name == CONFIG_FILE)
    for word in overrides:
        try:
            given = _over(given, _with_new_names(_read_word(word), errors))
        except (OmegaConfBaseException, yaml.YAMLError) as error:
            errors.append(f"{word}: {_one_line(error)}")
    try:
        return read_config(given, errors)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def read_config(given: dict[str, Any], errors: Sequence[str] = ()) -> Config:
    """The configuration of sections in the shape of the files, over the defaults.

    Args:
        given: the sections.
        errors: mistakes that were found while the sections were made.

    Raises:
        UserError: for all mistakes, a line each.
    """
    lines = list(errors)
    # `${...}` may name any key, also one that is not given
    sections = _resolved(OmegaConf.create(_over(_as_in_files(Config()), given)))
    values = _read_fields("", sections, typing.get_type_hints(Config), lines)
    for names, conflicts in SPANNING.items():
        spanned = [values.get(name) for name in names]
        if None not in spanned:
            lines.extend(conflicts(*spanned))
    if lines:
        heading = [f"{len(lines)} errors:"] if len(lines) > 1 else []
        raise UserError("\n".join([*heading, *lines]))
    return Config(**values)


def _with_new_names(given: dict[str, Any], errors: list[str], quiet: bool = False) -> dict[str, Any]:
    """Sections with renamed keys under their new names, each of which is said unless `quiet`."""
    for old, new in RENAMED.items():
        (old_section, old_key), (new_section, new_key) = old.split("."), new.split(".")
        section, beside = given.get(old_section), given.get(new_section)
        if not isinstance(section, dict) or old_key not in section:
            continue
        if isinstance(beside, dict) and new_key in beside:
            errors.append(f"{old} is called {new} now, and both are given: keep {new}")
        elif not quiet:
            say(f"{old} is called {new} now")
        rest = {key: value for key, value in section.items() if key != old_key}
        given = given | {old_section: rest, new_section: {} if beside is None else beside}
        given = _over({new_section: {new_key: section[old_key]}}, given)
    return given


def _read_word(word: str) -> dict[str, Any]:
    """The sections that a `key=value` word stands for.

    The value is YAML. Only for a field of text it is taken as it was typed, or as it stands in quotes: YAML
    would make a mapping of `data.query=OCR: `.
    """
    key, _, value = word.partition("=")
    is_quoted = value[:1] in ("'", '"') and value.endswith(value[0])
    if _takes_text(RENAMED.get(key, key)) and not is_quoted and value not in ("", "~", "null"):
        word = f"{key}={json.dumps(value, ensure_ascii=False)}"
    return typing.cast(dict[str, Any], OmegaConf.to_container(OmegaConf.from_dotlist([word])))


def _takes_text(key: str) -> bool:
    hint: Any = Config
    for name in key.split("."):
        hint = typing.get_type_hints(hint).get(name) if dataclasses.is_dataclass(hint) else None
    return hint in (str, str | None)


def _over(below: Any, above: Any) -> Any:
    """Sections laid over sections, key by key; anything else replaces what is below.

    OmegaConf would stop where the two are of different kinds and not name the key; `_read` does.
    """
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return below | {key: _over(below.get(key), value) for key, value in above.items()}


def _resolved(node: Any) -> Any:
    """Plain sections and lists, each `${...}` replaced by its value, or by an exception if it has none."""
    if not OmegaConf.is_config(node):
        return node
    is_section = OmegaConf.is_dict(node)
    entries = {name: _entry(node, name) for name in (node if is_section else range(len(node)))}
    return entries if is_section else list(entries.values())


def _entry(node: Any, name: Any) -> Any:
    try:
        return _resolved(node[name])
    except MissingMandatoryValue:
        return MISSING
    except InterpolationResolutionError as error:
        return ValueError(str(error).splitlines()[0])


def _read_fields(
    prefix: str, given: dict[Any, Any], hints: dict[str, Any], errors: list[str], noun: str = "config key"
) -> dict[str, Any]:
    """The values of a section as the types of its keys want them.

    Args:
        prefix: what stands before the keys in messages, such as `data.`.
        given: the section.
        hints: types of the keys that it may have.
        errors: gets a line for each mistake, which leaves None for the key.
        noun: what the keys are called in messages.
    """
    values: dict[str, Any] = {}
    for name, value in given.items():
        key = f"{prefix}{name}"
        if name not in hints:
            errors.append(f"{key} is not a {noun}: {did_you_mean(str(name), hints)}")
        elif dataclasses.is_dataclass(hints[name]):
            values[name] = _read_section(key, value, hints[name], errors)
        else:
            values[name] = read_value(key, value, hints[name], errors)
    return values


def _read_section(key: str, given: Any, section: type[Section], errors: list[str]) -> Section | None:
    """A section, with its defaults where nothing is given; None if there are errors in it."""
    given = {} if given is None else given
    if kind_of(given) != SECTION:
        errors.append(f"{key} must be {SECTION}, not {kind_of(given)}: {given}")
        return None
    number = len(errors)
    hints = typing.get_type_hints(section, include_extras=True)
    if section is TrainConfig:
        values = _read_train(given, hints, errors)
    else:
        values = _read_fields(f"{key}.", given, hints, errors)
    if len(errors) > number:
        return None
    read = section(**values)
    errors.extend(read.conflicts())
    return read if len(errors) == number else None


def _read_train(given: dict[Any, Any], hints: dict[str, Any], errors: list[str]) -> dict[str, Any]:
    """The values of the `train` section, split into ours and transformers'."""
    del hints["arguments"]
    # YAML reads a bare `no` as false; as a strategy it is a word.
    strategies = ("save_strategy", "eval_strategy", "logging_strategy")
    given = {name: "no" if value is False and name in strategies else value for name, value in given.items()}
    for name in [name for name in given if name in OWN_ARGUMENTS]:
        errors.append(f"train.{name} is not supported here: {OWN_ARGUMENTS[name]}")
        del given[name]
    values = _read_fields("train.", given, hints | argument_types(), errors, "TrainingArguments name")
    ours = {name: values.pop(name) for name in hints if name in values}
    return ours | {"arguments": values}


def _one_line(error: Exception) -> str:
    """The message of a YAML or OmegaConf error in one line that starts with the key."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    kept = [line for line in lines if not line.startswith(("full_key:", "object_type=", "reference_type="))]
    key = getattr(error, "full_key", None)
    return " ".join([f"{key}:"] * bool(key) + kept)


def to_yaml(config: Config) -> str:
    """The resolved configuration in the shape of the files under `configs/`: what `load_config` reads."""
    return OmegaConf.to_yaml(OmegaConf.create(_as_in_files(config)))


def _as_in_files(config: Config) -> dict[str, Any]:
    given = dataclasses.asdict(config)
    given["train"] |= given["train"].pop("arguments")
    return given
