"""Bounds of a stranger's `tokenizer.json`, before a library makes a tokenizer of it.

The steps around the vocabulary rewrite texts: a few that each double a text, or one that puts a long text
between all characters, take all memory, and Rust then ends the process without an error.
"""

import json
import math
import re
from pathlib import Path
from typing import Any

from got_train.report import UserError

STEPS = ("normalizer", "pre_tokenizer", "post_processor", "decoder")
"""What a tokenizer does with texts before and after its vocabulary."""

TOKENS = ("vocab", "merges")
"""What may be large in the model of a tokenizer."""

MAX_CHARACTERS = 20_000
"""Longest JSON of all but the tokens; Qwen's has 1,000 characters, that of most others less than 4,000."""

MAX_GROWTH = 32
"""By how much a text may become longer; Llama's steps allow 12."""

MAX_REPEATS = 10_000
"""Most repetitions of a part of a pattern, which is compiled to as many copies."""

MAX_ADDED_CHARACTERS = 1_000_000
"""Most characters of the added tokens, which are looked for in every text."""


def check_tokenizer_json(file: Path, content: dict[str, Any]) -> None:
    """Refuses a tokenizer that needs much more memory than the texts it gets.

    Other shapes than those of a tokenizer are left to the library, which refuses them.

    Raises:
        UserError: with what is too large.
    """
    steps = {name: content.get(name) for name in STEPS}
    model, added = content.get("model"), content.get("added_tokens")
    settings = {name: model[name] for name in set(model) - set(TOKENS)} if isinstance(model, dict) else {}
    tokens = [token for token in added if isinstance(token, dict)] if isinstance(added, list) else []
    sizes = {
        "the JSON of all but the tokens": (
            len(json.dumps([steps, settings])),
            MAX_CHARACTERS,
        ),
        "the growth of a text by normalizer and pre_tokenizer": (
            _growth([steps["normalizer"], steps["pre_tokenizer"]]),
            MAX_GROWTH,
        ),
        "the growth of a text by decoder": (_growth(steps["decoder"]), MAX_GROWTH),
        "the number of repetitions in a pattern": (
            max(map(_repeats, _patterns(steps)), default=0),
            MAX_REPEATS,
        ),
        "the length of added_tokens": (
            sum(_bytes(token.get("content")) for token in tokens),
            MAX_ADDED_CHARACTERS,
        ),
    }
    for name, (size, most) in sizes.items():
        if size > most:
            raise UserError(f"{file}: {name} is {size:.6g}, at most {most:,} is read")


def _growth(step: Any) -> int:
    """By how much a step can make a text longer, in bytes; of several, one after the other."""
    if isinstance(step, list):
        return math.prod(map(_growth, step))
    if not isinstance(step, dict):
        return 1
    inner = [step.get(name) for name in ("normalizers", "pretokenizers", "decoders")]
    added = step.get("content", step.get("prepend", ""))
    pattern = step.get("pattern")
    kinds: dict[Any, int] = {
        "ByteLevel": 4,  # a space before a piece, and two bytes for one
        "Metaspace": 5,  # a character before a piece
        # between all characters, if the pattern is empty
        "Replace": 1 + _bytes(added) if pattern != {"String": " "} else max(1, _bytes(added)),
        "Prepend": 1 + _bytes(added),
        "Precompiled": MAX_GROWTH + 1,  # a table of replacements of any length
    }
    kind = step.get("type")
    return (kinds.get(kind, 1) if isinstance(kind, str) else 1) * math.prod(map(_growth, inner))


def _bytes(text: Any) -> int:
    return len(text.encode(errors="surrogatepass")) if isinstance(text, str) else 0


def _patterns(value: Any) -> list[str]:
    """The regular expressions somewhere in a value."""
    if isinstance(value, dict):
        own = value.get("Regex")
        return ([own] if isinstance(own, str) else []) + _patterns(list(value.values()))
    return [pattern for entry in value for pattern in _patterns(entry)] if isinstance(value, list) else []


def _repeats(pattern: str) -> int:
    """How often the parts of a pattern can stand in each other, at most."""
    counts = re.findall(r"\{(\d*),?(\d*)\}", pattern)
    return math.prod(max(1, *(int(number[:9] or 0) for number in pair)) for pair in counts)
