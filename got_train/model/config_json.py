"""`config.json` of a model that a stranger may have made: what stands in it is looked at before it is used.

transformers would import code that it names, fetch kernels from the hub, or build a million layers.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from transformers.utils import cached_file

from got_train.foreign_files import read_json
from got_train.hubs import try_hub
from got_train.report import UserError, quoted

CONFIG_JSON = "config.json"

LIMITS = {"layers": 1_000, "experts": 1_000, "labels": 100_000}
"""Largest number of each of what transformers makes one by one, whatever the weights are."""

MAX_NUMBER = 2**31

SECTION_NAMES = ("text_config", "vision_config")

LEFT_OUT = re.compile(
    r"auto_map|trust_remote_code|_?(attn|experts)_implementation(_internal)?|custom_pipelines"
)
"""Keys that name code: none of it is ours."""


def model_config(source: str) -> tuple[Path, dict[str, Any]]:
    """The file of a model folder or hub id, and what it says, without what names code.

    Raises:
        UserError: if there is none, or a number or a section in it cannot be one of a model.
    """
    file = Path(source) / CONFIG_JSON
    if not Path(source).is_dir():
        try:
            try_hub()
            file = Path(str(cached_file(source, CONFIG_JSON)))
        except (OSError, ValueError) as error:
            raise UserError(f"no model at {source}: {str(error).splitlines()[0]}") from None
    given = read_json(file)
    for name in SECTION_NAMES:
        if name in given and not isinstance(given[name], dict):
            raise UserError(f"{file}: {name} must be a section, not {quoted(given[name])}")
    for key, value in _numbers(given, ""):
        limit = next(
            (most for word, most in LIMITS.items() if re.search(rf"(^|[._]){word}$", key)), MAX_NUMBER
        )
        if abs(value) > limit:
            raise UserError(f"{file}: {key} is {quoted(value)}, at most {limit:,} can be read")
    if given.get("quantization_config") is not None:
        raise UserError(f"{file}: quantized weights are not read (quantization_config)")
    cleaned = _without_code(given)
    assert isinstance(cleaned, dict)
    return file, cleaned


def _numbers(value: Any, key: str) -> Iterator[tuple[str, int]]:
    """The whole numbers of a JSON value with their dotted keys."""
    if isinstance(value, dict):
        for name, entry in value.items():
            yield from _numbers(entry, f"{key}.{name}".removeprefix("."))
    elif isinstance(value, list):
        for entry in value:
            yield from _numbers(entry, key)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield key, value


def _without_code(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_code(entry) for name, entry in value.items() if not LEFT_OUT.fullmatch(name)}
    return [_without_code(entry) for entry in value] if isinstance(value, list) else value
