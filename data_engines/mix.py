"""Draws all data of a training stage by one command: several sets, described in a YAML file.

Each set is one command of `got-data`: its `kind`, and the flags of that kind as keys (`count` times `scale`).

    output: output/stage1        # gets a folder for each set, and manifest.json when all are finished
    scale: 1.0
    sources: {pdf: "???"}        # names to use as ${sources.pdf} below; ??? must be given as sources.pdf=DIR
    defaults: {degrade: 0.3}     # flags of every set
    sets:
      pages: {kind: pdf, count: 1200000, source: "${sources.pdf}"}
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml
from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from data_engines.kinds import KINDS
from data_engines.shards import MANIFEST
from data_engines.store import Store
from got_train.typed_values import expand_home


@dataclass
class MixConfig:
    """The keys of a mix file."""

    output: str = MISSING
    """Folder in which each set gets a folder with its name."""
    scale: float = 1.0
    """Factor by which every count is multiplied."""
    sources: dict[str, str | None] = field(default_factory=dict)
    """Names for folders and files that sets refer to."""
    defaults: dict[str, Any] = field(default_factory=dict)
    """Flags of every set, unless the set has its own value."""
    sets: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    """For each set its `kind`, its `count`, and any flags of `got-data KIND`; null leaves the set out."""

    def __post_init__(self) -> None:
        if not 0 < self.scale < math.inf:
            raise ValueError(f"scale {self.scale}: give a number above 0")
        self.output = expand_home(self.output)


def read_mix(path: str, overrides: Sequence[str]) -> MixConfig:
    """Reads a mix file, with values replaced by `key=value` words.

    Raises:
        ValueError: the file is missing, a key is unknown, a value is invalid, or a required one is missing.
    """
    try:
        given = OmegaConf.merge(
            OmegaConf.structured(MixConfig), OmegaConf.load(path), OmegaConf.from_dotlist(list(overrides))
        )
        # a key that refers to an open key counts as missing too, but the user has to give only the open key
        missing = sorted(str(key) for key in OmegaConf.missing_keys(given) if not _refers(given, str(key)))
        if missing:
            raise ValueError(f"{path} leaves {', '.join(missing)} open; give {missing[0]}=... after it")
        config = OmegaConf.to_object(given)
    except OSError as error:
        raise ValueError(f"{path} can't be read: {error.strerror}") from error
    except (OmegaConfBaseException, yaml.YAMLError, TypeError, UnicodeDecodeError) as error:
        # OmegaConf has no error class for a list in place of a mapping
        raise ValueError(f"{path}: {str(error).splitlines()[0]}") from error
    assert isinstance(config, MixConfig)
    if not config.sets:
        raise ValueError(f"{path} names no sets")
    return config


def _refers(config: DictConfig, key: str) -> bool:
    section, _, name = key.rpartition(".")
    return OmegaConf.is_interpolation(OmegaConf.select(config, section) if section else config, name)


def commands(config: MixConfig) -> list[tuple[str, list[str]]]:
    """The kind of each set and the words after `got-data KIND` that draw it.

    >>> commands(MixConfig(output="out", scale=0.1, sets={"few": {"kind": "lines", "count": 50, "seed": 2}}))
    [('lines', ['--output', 'out/few', '--count', '5', '--seed', '2'])]
    """
    return [_command(name, flags, config) for name, flags in config.sets.items() if flags]


def _command(name: str, flags: Mapping[str, Any], config: MixConfig) -> tuple[str, list[str]]:
    flags = config.defaults | dict(flags)
    kind, count = flags.pop("kind", None), flags.pop("count", None)
    if kind not in KINDS:
        given = "missing" if kind is None else repr(kind)
        raise ValueError(f"sets.{name}.kind is {given}; give one of {', '.join(KINDS)}")
    if not isinstance(count, int) or count < 1:
        raise ValueError(f"sets.{name}.count is {count!r}; give a whole number of at least 1")
    words = ["--output", f"{config.output}/{name}", "--count", str(max(1, round(count * config.scale)))]
    for key, value in flags.items():
        if value is None or value is False:  # null leaves a flag at its default, false is that of a switch
            continue
        values = [] if value is True else value if isinstance(value, list) else [value]
        words += ["--" + key.replace("_", "-"), *(expand_home(str(value)) for value in values)]
    return kind, words


def check_output(config: MixConfig) -> None:
    """Refuses a folder whose manifest names what the manifest of this mix would not.

    Raises:
        ValueError: the folder holds a single run, or a mix of other sets.
    """
    store = Store(config.output)
    if not store.exists(MANIFEST):
        return
    found = json.loads(store.read(MANIFEST)).get("sets")
    lost = [name for name in found or [] if not config.sets.get(name)]
    if found is None or lost:
        what = f"a mix with {', '.join(lost)}" if lost else "a run of got-data"
        raise ValueError(f"output {config.output} holds {what}; choose another output")


def finish_mix(config: MixConfig) -> None:
    """If all sets are finished, lists them in a manifest, by which training finds them."""
    names = [name for name, flags in config.sets.items() if flags]
    store = Store(config.output)
    # another part of the run may have finished a set after this part was done with it
    if all(store.exists(f"{name}/{MANIFEST}") for name in names):
        store.write(MANIFEST, [json.dumps({"sets": names}, indent=2), "\n"])
        print(f"{config.output}: {len(names)} sets; train on them with data.train={config.output}")
