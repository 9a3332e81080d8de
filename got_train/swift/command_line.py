"""Reads swift's command lines: the options, and the version of swift that has them."""

import difflib
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from omegaconf import OmegaConf

from got_train.config import Config
from got_train.foreign_files import check_yaml, read_text, read_yaml
from got_train.idle_keys import idle_keys
from got_train.report import MAX_REASON, UserError, shortened
from got_train.swift.options import MODEL_TYPES, Option, Options, Version, find_option

LAUNCHER_VARIABLES = ("NPROC_PER_NODE", "MASTER_PORT", "NNODES", "NODE_RANK", "MASTER_ADDR")
"""Environment variables that swift passes to torchrun; NPROC_PER_NODE or NNODES starts it."""

OF_FILES = {
    *LAUNCHER_VARIABLES,
    *{"CUDA_VISIBLE_DEVICES", "ASCEND_RT_VISIBLE_DEVICES", "PYTORCH_CUDA_ALLOC_CONF", "OMP_NUM_THREADS"},
    *{"MAX_PIXELS", "MIN_PIXELS", "SIZE_FACTOR", "ROOT_IMAGE_DIR", "TOKENIZERS_PARALLELISM"},
    *{"USE_HF", "HF_HOME", "HF_ENDPOINT", "HF_HUB_OFFLINE", "MODELSCOPE_CACHE"},
    *{"WANDB_API_KEY", "WANDB_PROJECT", "WANDB_ENTITY", "WANDB_NAME", "WANDB_MODE"},
    *{
        "NCCL_DEBUG",
        "NCCL_SOCKET_IFNAME",
        "NCCL_IB_DISABLE",
        "NCCL_IB_HCA",
        "NCCL_P2P_DISABLE",
        "NCCL_TIMEOUT",
    },
    "GLOO_SOCKET_IFNAME",
}
"""Environment variables that a file may set: others may name what is to be run, as PYTHONPATH and CC do."""


@dataclass(frozen=True)
class CommandLine:
    """The options of one command."""

    version: Version
    given: Mapping[str, tuple[str, ...]]
    """The values after each option's name."""
    options: Mapping[str, Option]
    """The effect of each of these options."""
    dry_run: bool

    def words(self, *names: str) -> list[str]:
        """The values of an option and of its synonyms, one after the other."""
        return [word for name in names for word in self.given.get(name, ())]

    def word(self, *names: str) -> str | None:
        """The value of an option with one value, under any of its names; None if it is not given.

        Raises:
            UserError: if there are several values, or none after the name.
        """
        found = [name for name in names if name in self.given]
        if len(found) > 1:
            raise UserError(f"--{found[0]} and --{found[1]} are the same option: give one of them")
        values = self.words(*found)
        if found and len(values) != 1:
            raise UserError(f"--{shown(found[0], values)}: the option takes one value")
        return values[0] if values else None

    def number(self, *names: str, whole: bool = False) -> Any:
        """The number of an option, under any of its names; None if it is not given.

        Raises:
            UserError: if the value is not a number.
        """
        word = self.word(*names)
        value = None if word is None else plain_value([word])
        allowed = (int,) if whole else (int, float)
        if value is not None and (isinstance(value, bool) or not isinstance(value, allowed)):
            name = next(name for name in names if name in self.given)
            raise UserError(f"--{name} {word}: the option is a {'whole ' if whole else ''}number")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """Whether a switch is on; a switch without a value is on."""
        words = self.given.get(name)
        if words is None:
            return default
        value = plain_value(words)
        if not isinstance(value, bool):
            raise UserError(f"--{shown(name, words)}: the option is true or false")
        return value


def read_command_line(command: str, words: Sequence[str], options: Options) -> CommandLine:
    """Reads `--name value ...` words against a table of options; `--use_hf` goes into the environment.

    Raises:
        UserError: for values without an option, names that swift does not have, or names of both versions.
    """
    file, words = yaml_file(words)
    given = {**file, **split_options(words)}
    dry_run = given.pop("dry_run", None) is not None
    found = {}
    for name in given:
        option = find_option(name, options)
        if option is None:
            near = difflib.get_close_matches(name, options, n=1)
            hint = f"did you mean --{near[0]}?" if near else "docs/swift.md lists its options"
            raise UserError(f"swift {command} has no option --{name}: {hint}")
        found[name] = option
    line = CommandLine(version_of(given, found), given, found, dry_run)
    if "use_hf" in given:
        os.environ["USE_HF"] = "1" if line.flag("use_hf") else "0"
    return line


def split_options(words: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The values of each option; dashes inside a name mean underscores.

    >>> split_options(["--dataset", "a", "b", "--max_steps=-1", "--freeze-vit"])
    {'dataset': ('a', 'b'), 'max_steps': ('-1',), 'freeze_vit': ()}
    """
    given: dict[str, tuple[str, ...]] = {}
    name = None
    for word in words:
        match = re.fullmatch(r"--([A-Za-z][\w-]*)(?:=(.*))?", word, flags=re.DOTALL)
        if match is None:
            if name is None:
                raise UserError(f"{word!r} stands before any option: write --name value")
            given[name] += (word,)
            continue
        name = match[1].replace("-", "_")
        if name in given:
            raise UserError(f"--{name} is given twice")
        given[name] = () if match[2] is None else (match[2],)
    return given


def yaml_file(words: Sequence[str]) -> tuple[dict[str, tuple[str, ...]], Sequence[str]]:
    """The options of a YAML or JSON file that stands first, and the other words, which have precedence.

    As in swift 4, variables of its `ENV` section are added to the environment if it does not have them.

    Raises:
        UserError: if the file cannot be read, or names a variable by which it could run code.
    """
    if not words or Path(words[0]).suffix not in (".yaml", ".yml", ".json"):
        return {}, words
    if not Path(words[0]).exists():
        raise UserError(f"config file {words[0]} does not exist")
    content = read_yaml(Path(words[0]), "options, as in `dataset: [a.jsonl]`")
    environment = content.pop("ENV", None) or {}
    if not isinstance(environment, dict):
        raise UserError(f"{words[0]}: ENV must hold names and values, as in `NPROC_PER_NODE: 4`")
    for name in environment:
        if name not in OF_FILES:
            stranger = "which a stranger may have written"
            in_shell = f"set it in the shell, export {name}=..."
            raise UserError(f"{words[0]}: {name} of ENV is not taken from a file, {stranger}: {in_shell}")
    for name, value in environment.items():
        os.environ.setdefault(name, str(value).replace("\0", ""))
    return {str(name): _file_words(value) for name, value in content.items() if value is not None}, words[1:]


def _file_words(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(word for item in value for word in _file_words(item))
    return (json.dumps(value, ensure_ascii=False) if isinstance(value, bool | dict) else str(value),)


def version_of(given: Mapping[str, tuple[str, ...]], options: Options) -> Version:
    """The version of swift that has all the given options; the newer version if both have them.

    Raises:
        UserError: if options of both versions are mixed; the message names one of each.
    """
    found: dict[str, str] = {}
    for name, words in given.items():
        versions = options[name].versions
        if name == "model_type":
            versions = MODEL_TYPES.get(" ".join(words), versions)
        found.setdefault(versions, shown(name, words))
    if "2" in found and "4" in found:
        raise UserError(
            f"--{found['2']} is swift 2's and --{found['4']} is swift 4's: spell all options as one of them"
        )
    return "2" if "2" in found else "4"


def plain_value(words: Sequence[str]) -> Any:
    """Words as numbers, booleans, mappings or text, by YAML's rules: one value, or a list of several values.

    >>> plain_value(["1e-4"]), plain_value([]), plain_value(["steps", "2"])
    (0.0001, True, ['steps', 2])
    """
    values = [_scalar(word) for word in words]
    return True if not values else values[0] if len(values) == 1 else values


def _scalar(word: str) -> Any:
    if word == "no":  # YAML would make it false, but it is the name of a strategy
        return word
    try:
        check_yaml(word)
        return OmegaConf.to_container(OmegaConf.from_dotlist([f"word={word}"]))["word"]
    except yaml.YAMLError:
        return word  # text with a colon or a bracket in it
    except ValueError as error:
        raise UserError(f"{shortened(word, MAX_REASON)}: {error}") from None


def shown(name: str, words: Sequence[str]) -> str:
    """An option as it was typed, without its dashes."""
    return " ".join([name, *words])


def remarks(line: CommandLine) -> list[str]:
    """A sentence for each option that has no effect here.

    Raises:
        UserError: for an option, or a value of one, that is not supported here.
    """
    sentences = []
    for name, words in line.given.items():
        option = line.options[name]
        if option.key or option.decides:
            continue
        accepted = option.accepted
        if accepted is not None and plain_value(words) not in [plain_value([word]) for word in accepted]:
            raise UserError(f"--{shown(name, words)} is not supported here: {option.reason}")
        sentences.append(f"--{shown(name, words)} changes nothing here: {option.reason}")
    return sentences


def idle_remarks(line: CommandLine, config: Config) -> list[str]:
    """A sentence for each option that sets a key which has no effect in this run because of another."""
    setters = {option.key: name for name, option in line.options.items() if option.key}
    given = [key for key, name in setters.items() if plain_value(line.given[name])]
    return [
        f"--{shown(setters[key], line.given[setters[key]])} changes nothing here: {idle.why}"
        for idle in idle_keys(config)
        for key in idle.among(given)
    ]


def in_words_of_swift(text: str, line: CommandLine, options: Options) -> str:
    """A text that names keys of configs, with the options that stand for them here after it."""
    names: dict[str, str] = {}
    for name, option in options.items():
        for key in re.findall(r"[a-z_]+\.[a-z_.]+|resume", f"{option.key} {option.decides}"):
            if line.version in option.versions and (name in line.given or key not in names):
                names[key] = name
    found = [
        f"{key} is --{name}"
        for key, name in names.items()
        if re.search(rf"(?<![\w.-]){re.escape(key)}(?![\w]|\.\w)", text)
        and f"(it comes from --{name} " not in text
    ]
    return f"{text} (as options: {', '.join(found)})" if found else text


def system_text(line: CommandLine) -> str | None:
    """The text of `--system`, which may be in a `.txt` file; as in swift, `\\n` is a newline."""
    text = line.word("system")
    if text is None or not text.endswith(".txt"):
        return text and text.replace("\\n", "\n")
    return read_text(Path(text))


def image_root() -> str | None:
    """swift's folder for relative image paths, from the environment."""
    return os.environ.get("ROOT_IMAGE_DIR")


def launch_words(command: str, words: Sequence[str], environment: Mapping[str, str]) -> list[str] | None:
    """The command that starts this one on several processes, as swift does; None if one is enough.

    Args:
        command: `sft`.
        words: options of the command.
        environment: environment of this process; torchrun sets a rank in it.
    """
    wanted = environment.keys() & {"NPROC_PER_NODE", "NNODES"}
    if not wanted or "LOCAL_RANK" in environment:
        return None
    launch = [sys.executable, "-m", "torch.distributed.run"]
    for name in LAUNCHER_VARIABLES:
        if name in environment:
            launch += [f"--{name.lower()}", environment[name]]
    return [*launch, "-m", "got_train", "swift", command, *words]
