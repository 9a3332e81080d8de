"""Mutations of JSON values, texts and bytes for `fuzz.py`."""

import copy
import json
import random
from collections.abc import Callable
from typing import Any

from got_train.vocabulary import IMAGE_PAD, IMAGE_START, MESSAGE_END, MESSAGE_START

DEEP = "@deep@"
"""A text that stands for lists within lists: `json` itself would not write as many."""

ODD_TEXTS = [
    *("", " ", "\0", "\x1b[31m", "\r\n", "\ufeff", "\u202e", "\ud800", "e\u0301", "公章", "𝔸", "None", "nan"),
    *("<image>", "<image><image>", IMAGE_START, IMAGE_PAD, MESSAGE_START, MESSAGE_END, "OCR: "),
    *("a.png", "./a.png", "../a.png", "/", "~", "~nobody/a.png", "/dev/zero", "/dev/stdin", "/proc/self/mem"),
    *(
        "doc.pdf:1",
        "doc.pdf:9",
        "doc.pdf:99999999999999999999",
        "x.tar:a",
        "a.png:1",
        "http://127.0.0.1:9/a.png",
    ),
    *("data:image/png;base64,AAAA", "file:///a.png", "*.png", "[1, 2]", "{'a': 1}", "[" * 5000, "a/" * 3000),
    *("${name}", "${oc.env:HOME}", "${", "${a.b}", "${oc.create:1}", "???", "!!python/none", "&a", "*a"),
    *(
        "true",
        "null",
        "1e400",
        "0x10",
        "1_000",
        "١٢",
        "2024-01-01",
        "=",
        "a=b",
        "-",
        "$" * 200,
        "x" * 100_000,
    ),
    *("{", "}", "\\", "\\frac{1}{0}", "^" * 3000, "<table>" * 500, "{" * 3000),
]
ODD_VALUES: list[Any] = [
    *(None, True, False, 0, 1, -1, 2, 7, 0.5, -0.0, 1e308, 2**31, 2**63, 2**64, 10**30, -(10**30)),
    *(float("nan"), float("inf"), [], {}, [[]], [None], [{}], {"": None}, ["a.png"], [0, 0, 10, 10]),
    *({"path": "a.png"}, {"bytes": "AAAA", "path": None}, {"type": "image"}, {"role": "user", "content": []}),
]


def odd_value(rng: random.Random) -> Any:
    """A value that nobody expects."""
    if rng.random() < 0.05:
        return DEEP
    return rng.choice(ODD_TEXTS) if rng.random() < 0.5 else copy.deepcopy(rng.choice(ODD_VALUES))


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every list or object inside a value, with each of its keys."""
    keys: Any = (
        value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    found = [(value, key) for key in keys]
    return [*found, *(place for key in keys for place in places(value[key]))]


def mutated_value(value: Any, rng: random.Random) -> Any:
    """A JSON value with one or more changes."""
    value = copy.deepcopy(value)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        found = places(value)
        if not found:
            return odd_value(rng)
        holder, key = rng.choice(found)
        held = holder[key]
        change = rng.randrange(8)
        if change == 0:
            del holder[key]
        elif change == 1:
            holder[key] = [held] if rng.random() < 0.5 else {"a": held}
        elif change == 2 and isinstance(holder, dict):
            holder[rng.choice([odd_text(rng), key.upper(), f"{key}s", f" {key}", "images", "image"])] = held
        elif change == 3 and isinstance(held, int | float):
            holder[key] = rng.choice([-held, held + 1, held * 1000, str(held), float(held)])
        elif change == 4 and isinstance(held, str):
            holder[key] = mutated_text(held, rng)
        elif change == 5 and isinstance(held, list):
            holder[key] = held * rng.choice([0, 2, 50])
        elif change == 6:
            holder[key] = copy.deepcopy(rng.choice(found)[0])
        else:
            holder[key] = odd_value(rng)
    return value


def odd_text(rng: random.Random) -> str:
    """A text that nobody expects."""
    return rng.choice(ODD_TEXTS)


def mutated_text(text: str, rng: random.Random) -> str:
    """A text with an odd one inside, or without a part."""
    start, end = sorted(rng.randrange(len(text) + 1) for _ in range(2))
    middle = odd_text(rng) if rng.random() < 0.7 else text[start:end] * rng.choice([0, 2, 40])
    return text[:start] + middle + text[end if rng.random() < 0.5 else start :]


def dumped(value: Any, rng: random.Random) -> str:
    """A value as JSON, whose characters may be escapes or not."""
    text = json.dumps(value, ensure_ascii=rng.random() < 0.3)
    depth = rng.choice([50, 900, 5000, 100_000])
    return text.replace(json.dumps(DEEP), "[" * depth + "]" * rng.choice([depth, depth, 0]))


def encoded(text: str, rng: random.Random) -> bytes:
    """The bytes of a text: nearly always UTF-8."""
    encoding = rng.choice([*["utf-8"] * 20, "utf-16", "gb18030", "latin-1", "utf-8-sig"])
    return text.encode(encoding, errors="surrogatepass" if encoding.startswith("utf") else "replace")


def mutated_bytes(content: bytes, rng: random.Random) -> bytes:
    """Bytes with one or more changes."""
    made = bytearray(content)
    for _ in range(rng.choice([1, 1, 1, 2, 5, 30])):
        place = rng.randrange(len(made) + 1)
        length = min(int(2 ** rng.uniform(0, 12)), len(made) - place)
        changes: list[Callable[[], bytes]] = [
            lambda place=place: bytes([made[place] ^ 1 << rng.randrange(8)]) if place < len(made) else b"",
            lambda: rng.randbytes(rng.choice([1, 2, 4, 64])),
            lambda: rng.choice(
                [b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\xff\xff\xff\x7f"]
            ),
            lambda: b"",
            lambda place=place, length=length: bytes(made[place : place + length]) * 2,
        ]
        number = rng.randrange(len(changes))
        new = changes[number]()
        made[place : place + (length if number >= 3 else len(new))] = new
    if rng.random() < 0.15:
        del made[rng.randrange(len(made) + 1) :]
    return bytes(made)
