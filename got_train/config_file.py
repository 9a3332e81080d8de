"""Configurations from defaults, then a YAML file, then `key=value` words; and back to YAML."""

import dataclasses
import json
import typing
from pathlib import Path
from typing import Any

import yaml
from omegaconf import MISSING, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from got_train.arguments import check_training_arguments
from got_train.config import CONFIG_FILE, Config, TrainConfig
from got_train.ranks import say
from got_train.report import UserError

RENAMED = {
    "data.frame": "sample.template",
    **{f"data.{name}": f"sample.{name}" for name in ("crop", "max_tiles", "max_length", "max_pixels")},
}
"""Keys of earlier versions and what they are called now."""


def load_config(path: str | Path, overrides: list[str] = []) -> Config:  # noqa: B006 (never changed)
    """Read a YAML file and `key=value` words over the defaults.

    Keys that were renamed are still read. A line names the new key, except for the file that a run wrote.

    Raises:
        UserError: for a missing file, a key that does not exist or a value of the wrong type or range.
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
    given, renamed = _with_new_names(given)
    renamed = [] if Path(path).name == CONFIG_FILE else renamed
    for word in overrides:
        if "=" not in word or word.startswith("-"):
            raise UserError(f"{word!r} is not an override: write key=value, for example train.max_steps=2")
    try:
        for word in overrides:
            read, renamed_here = _with_new_names(_read_word(word))
            given = _over(given, read)
            renamed += renamed_here
        for old in renamed:
            say(f"{old} is called {RENAMED[old]} now")
        return _structured(given)
    except (OmegaConfBaseException, yaml.YAMLError) as error:
        raise UserError(f"{path}: {_one_line(error)}") from None
    except ValueError as error:
        raise UserError(f"{path}: {error}") from None


def _with_new_names(given: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Sections with renamed keys under their new names, and the old names that were there."""
    found = []
    for old, new in RENAMED.items():
        (old_section, old_key), (new_section, new_key) = old.split("."), new.split(".")
        section = given.get(old_section)
        if not isinstance(section, dict) or old_key not in section:
            continue
        if new_key in (given.get(new_section) or {}):
            raise UserError(f"{old} is called {new} now, and both are given: keep {new}")
        found.append(old)
        rest = {key: value for key, value in section.items() if key != old_key}
        given = _over(given | {old_section: rest}, {new_section: {new_key: section[old_key]}})
    return given, found


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
