"""Configurations from defaults, then a YAML file, then `key=value` words; and back to YAML."""

import dataclasses
import io
import json
import re
import typing
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from omegaconf import MISSING, OmegaConf
from omegaconf._utils import get_omega_conf_dumper
from omegaconf.errors import OmegaConfBaseException

from got_train.arguments import OWN_ARGUMENTS, argument_defaults, argument_types
from got_train.config import Config, Section, TrainConfig
from got_train.config_conflicts import SPANNING
from got_train.earlier_adapters import contradictions, sections_of_adapters
from got_train.foreign_files import MAX_DEPTH, check_yaml, read_text
from got_train.idle_keys import idle_keys
from got_train.interpolations import resolved
from got_train.key_hints import meant_key
from got_train.ranks import say
from got_train.report import UserError, printable
from got_train.run_folders import CONFIG_FILE
from got_train.secrets import learn, learn_words, masked, masked_values
from got_train.typed_values import SECTION, expand_home, flat, kind_of, literal, read_value

RENAMED = {
    "data.frame": "sample.template",
    **{f"data.{name}": f"sample.{name}" for name in ("crop", "max_tiles", "max_length", "max_pixels")},
}
"""Keys of earlier versions and what they are called now."""

MAX_KEYS = 4
"""Most keys that a line about keys without an effect lists."""


MAX_ERRORS = 50
"""Most mistakes that are listed."""


def load_config(path: str | Path, overrides: list[str] = []) -> Config:  # noqa: B006 (never changed)
    """Read a YAML file and `key=value` words over the defaults.

    `key=null` takes back what the file has, also of a whole section: `model=null model.path=FOLDER`.
    Keys that were renamed are still read, with a line that names the new key. A key that has no effect is
    refused as a word, and said if it stands in the file, which several runs may share. The file that a run
    wrote has all keys: nothing is said of it.

    Raises:
        UserError: for a missing file; for keys that do not exist or have to be set, and values of the wrong
            type or range or that cannot be used together: all of them, a line each, ordered as the fields.
            Each line starts with the word that it is about, or else with the file.
    """
    if not Path(path).is_file():
        raise UserError(
            f"config file {path} does not exist; `got-train configs DIR` copies the packaged ones"
        )
    file = _read_file(Path(path))
    _check_words(overrides)
    errors: list[str] = []
    by_a_run = Path(path).name == CONFIG_FILE
    file = _with_new_names(file, errors, quiet=by_a_run)
    if by_a_run:
        file = literal(file)
    words: dict[str, Any] = {}
    for word in overrides:
        try:
            read = _with_new_names(_read_word(word), errors)
        except yaml.YAMLError as error:
            problem = getattr(error, "problem", None) or _one_line(error)
            errors.append(
                f"{word}: the value is not YAML ({problem}): close brackets, braces and quotes, and put the "
                "whole word in quotes, or write a list as a,b"
            )
            continue
        except (OmegaConfBaseException, ValueError) as error:
            errors.append(f"{word}: {_one_line(error)}")
            continue
        errors.extend(_twice(word, dict(flat(words)), dict(flat(read))))
        words = _over(words, read)
        if [value for _, value in flat(read)] == [None]:
            file = _over(file, read)
    # what a run wrote has all that its adapters brought
    grows = not by_a_run or "lora.adapters" in dict(flat(words))
    config = _read_sections(_over(file, words), errors, grows)
    if config is not None:
        errors, remarks = _idle(config, {} if by_a_run else file, words)
        for remark in remarks:
            say(printable(f"{path}: {remark}"))
    if errors or config is None:
        raise _refusal([_with_origin(line, str(path), overrides) for line in errors])
    return config


def lacks_data(path: str | Path, overrides: Sequence[str]) -> bool:
    """Whether neither a file nor words name training rows: a plan can be made without them."""
    if any(word.startswith(("data.train=", "data=")) for word in overrides) or not Path(path).is_file():
        return False
    section = _read_file(Path(path)).get("data")
    return isinstance(section, dict) and section.get("train") == MISSING


def _read_file(path: Path) -> dict[str, Any]:
    """The sections of a file; what is to be a text is as it stands there, not as YAML reads numbers."""
    text = read_text(path)
    try:
        check_yaml(text)
        file = OmegaConf.to_container(OmegaConf.load(io.StringIO(text)))
        node = yaml.compose(text, yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader)
    except (yaml.YAMLError, OSError, ValueError, OmegaConfBaseException) as error:  # OmegaConf's own OSError
        learn_words(text.splitlines())  # a library may quote a line
        raise UserError(f"{path} is not a YAML file: {_one_line(error)}") from None
    if not isinstance(file, dict):
        raise UserError(f"{path} must hold sections such as `model:` and `train:`, not a list")
    return {} if node is None else _as_written(file, node)


def _as_written(given: Any, node: yaml.Node, key: str = "") -> Any:
    """Plain YAML whose numbers are as they are written where they are to be texts: `name: 1.50` is no 1.5.

    Args:
        given: what YAML makes of the node.
        node: has the characters of the file.
        key: the dotted key.
    """
    if isinstance(given, dict) and isinstance(node, yaml.MappingNode):
        nodes = {name.value: entry for name, entry in node.value}
        names = [name for name in given if name in nodes]  # those of an alias merged in are elsewhere
        return given | {name: _as_written(given[name], nodes[name], f"{key}.{name}") for name in names}
    if isinstance(given, list) and isinstance(node, yaml.SequenceNode):
        return [_as_written(entry, place, key) for entry, place in zip(given, node.value, strict=True)]
    key = key.removeprefix(".")
    is_number = type(given) in (int, float)
    return node.value if is_number and _takes_text(RENAMED.get(key, key), is_list=False) else given


def _check_words(words: Sequence[str]) -> None:
    """Refuses words that are not `key=value`."""
    for number, word in enumerate(words):
        if any("\ud800" <= letter <= "\udfff" for letter in word):  # of bytes that are no UTF-8
            raise UserError(f"{word!r} is not UTF-8: type it again, in a terminal that writes UTF-8")
        if "=" in word and not word.startswith(("-", "=")):
            continue
        name = word.strip("-:")
        follows = [value for value in words[number + 1 : number + 3] if "=" not in value]
        hint = "write key=value, for example train.max_steps=2"
        if "=" in name and not name.startswith("="):
            hint = f"write {name}"
        elif follows and name.partition(".")[0] in typing.get_type_hints(Config):
            hint = f"write {name}={follows[0]}"
        elif _is_open(" ".join(words[:number])):
            hint = "the shell has cut a list at its spaces: put it in quotes, 'KEY=[a, b]', or write KEY=a,b"
        elif number and "=" in words[number - 1]:
            hint = f"{hint}; values of a list are separated by commas: {words[number - 1]},{word}"
        raise UserError(f"{word!r} is not an override: {hint}")


def _is_open(text: str) -> bool:
    return any(text.count(begin) > text.count(end) for begin, end in ("[]", "{}"))


def _twice(word: str, before: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    """Refuses a key that an earlier word has given another value; null takes back what was said before."""
    for key, value in now.items():
        if None not in (value, before.get(key)) and before[key] != value:
            yield f"{word}: {key} is given twice, the other value is {before[key]}: keep one"


def read_config(given: dict[str, Any]) -> Config:
    """The configuration of sections in the shape of the files, over the defaults.

    Raises:
        UserError: for all mistakes, a line each.
    """
    errors: list[str] = []
    config = _read_sections(given, errors)
    if config is None:
        raise _refusal(errors)
    return config


def _read_sections(given: dict[str, Any], errors: list[str], grows: bool = True) -> Config | None:
    """The configuration of sections over the defaults; None if there are mistakes, now or before.

    What `lora.adapters` brings lies between, unless the sections have it already (`grows` is false).
    """
    defaults = _as_in_files(Config())
    try:
        # `${...}` may name any key, also one that is not given
        sections = resolved(_over(defaults, given))
    except UserError as error:
        errors.append(str(error))
        return None
    lora = sections["lora"]
    adapters = lora.get("adapters") if grows and isinstance(lora, dict) else None
    brought: dict[str, Any] = {}
    if isinstance(adapters, str):
        try:
            brought = literal(sections_of_adapters(expand_home(adapters)))
        except UserError as error:
            errors.append(str(error))
            return None
        given = {name: section for name, section in given.items() if section is not None}
        sections = resolved(_over(_over(defaults, brought), given))
    for name, section in sections.items():
        if name == "data" and isinstance(section, dict):  # its columns may have any name
            section = {key: value for key, value in section.items() if key != "columns"}
        learn(str(name), section)
    values = _read_fields("", sections, typing.get_type_hints(Config, include_extras=True), errors)
    for names, conflicts in SPANNING:
        spanned = [values.get(name) for name in names]
        if None not in spanned:
            errors.extend(conflicts(*spanned))
    for name in ("name", "output_dir"):
        if isinstance(values.get(name), str) and masked(values[name]) != values[name]:
            errors.append(f"{name} holds a secret, and would be the name of a folder")
    config = None if errors else Config(**values)
    if config is not None and brought:
        errors.extend(contradictions(config, brought))
    return None if errors else config


def _refusal(lines: Sequence[str]) -> UserError:
    heading = [f"{len(lines)} errors:"] if len(lines) > 1 else []
    if len(lines) > MAX_ERRORS:
        heading = [f"the first {MAX_ERRORS} of {len(lines):,} errors:"]
    return UserError("\n".join([*heading, *map(printable, lines[:MAX_ERRORS])]))


def _with_origin(line: str, path: str, words: Sequence[str]) -> str:
    """The line of a mistake after the last of the words whose key it names, or else after the file's name."""
    for word in reversed(words):
        if line.startswith(f"{word}: "):
            return line
        key = word.partition("=")[0]
        named = "|".join(map(re.escape, {key, RENAMED.get(key, key)}))
        start = "" if "." in key else "^"  # `name` is also a word of messages
        if re.search(rf"{start}(?<![\w.])({named})(?!\w)", line):
            return f"{word}: {line}"
    first = re.escape(line.partition(" ")[0])
    longer = [word for word in words if first and re.match(rf"{first}[.\[]", word)]  # as data.train[0]=a
    return f"{longer[-1] if longer else path}: {line}"


def _idle(config: Config, file: dict[str, Any], words: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Lines about given keys that have no effect: those that are refused, and those that are only said.

    Null, false and 0 ask for nothing; a file may also hold what is the default.
    """
    defaults = dict(flat(_as_in_files(Config())))
    defaults |= {f"train.{name}": value for name, value in argument_defaults().items()}
    asked = [key for key, value in flat(words) if value]
    shared = [key for key, value in flat(file) if value and value != defaults.get(key) and key not in asked]
    given = [key for key, value in flat(_over(file, words)) if value is not None]
    refused, said = [], []
    for idle in idle_keys(config):
        wrong = idle.among(given if idle.contradicts else asked)
        overruled = idle.among(shared)
        if wrong:
            refused.append(
                f"{_listed(wrong)} would have no effect, as {idle.why}: leave it out, or change that"
            )
        elif overruled:
            said.append(f"without effect, as {idle.why}: {_listed(overruled)}")
    return refused, said


def _listed(keys: Sequence[str]) -> str:
    more = len(keys) - MAX_KEYS
    return ", ".join(keys[:MAX_KEYS]) + (f" and {more} more" if more > 0 else "")


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
    if max(map(key.count, ".[")) > MAX_DEPTH:
        raise ValueError(f"the key has more than {MAX_DEPTH} parts")
    is_quoted = value[:1] in ("'", '"') and value.endswith(value[0])
    is_list = value.startswith(("[", "{"))
    if _takes_text(RENAMED.get(key, key), is_list) and not is_quoted and value not in ("", "~", "null"):
        value = json.dumps(value, ensure_ascii=False)
    check_yaml(value)
    word = f"{key}={value}"
    return typing.cast(dict[str, Any], OmegaConf.to_container(OmegaConf.from_dotlist([word])))


def _takes_text(key: str, is_list: bool) -> bool:
    """Whether a key takes a text, or texts that are not written as YAML."""
    hint: Any = Config
    for name in key.split("."):
        hints = typing.get_type_hints(hint) if dataclasses.is_dataclass(hint) else {}
        hint = hints.get(name) or (argument_types().get(name) if hint is TrainConfig else None)
    return hint in (str, str | None) or (hint in (list[str], list[str] | None) and not is_list)


def _over(below: Any, above: Any) -> Any:
    """Sections laid over sections, key by key; anything else replaces what is below.

    OmegaConf would stop where the two are of different kinds and not name the key; `_read` does.
    """
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return below | {key: _over(below.get(key), value) for key, value in above.items()}


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
            hint = meant_key(str(name), hints, prefix) if len(errors) < MAX_ERRORS else ""
            errors.append(f"{key} is not a {noun}: {hint}")
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
    """The resolved configuration in the shape of the files under `configs/`: what `load_config` reads.

    Secrets are left out, and are to be given again.
    """
    # as `OmegaConf.to_yaml`, which would look for `${...}` in it
    return yaml.dump(
        saved_sections(config), Dumper=get_omega_conf_dumper(), sort_keys=False, allow_unicode=True
    )


def saved_sections(config: Config) -> dict[str, Any]:
    """What is saved of a configuration: all but its secrets."""
    given = _as_in_files(config)
    columns = given["data"].pop("columns")  # which may have any name
    sections: dict[str, Any] = masked_values(given)
    sections["data"]["columns"] = columns
    return sections


def _as_in_files(config: Config) -> dict[str, Any]:
    given = dataclasses.asdict(config)
    given["train"] |= given["train"].pop("arguments")
    return given
