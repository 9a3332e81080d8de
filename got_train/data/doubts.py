"""What a good row probably does not mean as it is read: unread keys, queries that nearly ask a task.

Rows with doubts are trained on as they are; `got-train check-data` and `train` say how many there are.
"""

import difflib
import functools
import html
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from got_train.characters import composed
from got_train.data.messages import BLOCK_KEYS, FLAGS, NAME_KEYS
from got_train.data.messages import READ_KEYS as MESSAGE_READ_KEYS
from got_train.data.record import Record
from got_train.data.records import ALIASES, ANSWER_KEYS, MESSAGE_KEYS, UNSUPPORTED_KEYS
from got_train.prompts import IMAGE_TAG, Task, parse_task
from got_train.report import counted, readable, shortened

READ_KEYS = {
    *ALIASES,
    *(alias for aliases in ALIASES.values() for alias in aliases),
    *("history", "crop", "kind", "no_text", "objects"),
    *("id", "regions"),  # names of rows, and what the engine `fine-grained` reads
    *FLAGS,
    *UNSUPPORTED_KEYS,
}
"""Keys of rows that are read, or refused."""

MAX_PLACES = 3
"""Most rows that a line of doubts names."""

MAX_DOUBTS = 20
"""Most kinds of doubts that are listed."""

_TAG = re.compile(
    r"(?:[<＜\[［{｛〈《【]|&lt;)[\s|/]{0,9}(?:image|img|picture)[\s_-]{0,9}(?:pad|token|placeholder|\d{1,9})?[\s|/]{0,9}"
    r"(?:[>＞\]］}｝〉》】]|&gt;)",
    re.IGNORECASE,
)
"""What other models write for `IMAGE_TAG`, or a hand that missed it."""

_BLOCKS = re.compile(r"\s*\[\s*\{\s*['\"](?:type|text|image|role|from)")

_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2060\ufeff\ufffd]")

_BESIDE = re.compile(r"<(\w+)>.*?</\1>|[\[(<{【「][^\])>}】」]*[\])>}】」]|\b(?:red|green|blue|image)\b")
"""What stands beside the words of a task: boxes, colours, and tags that are broken."""

_LOOK_ALIKES = str.maketrans("\u043e\u03bf\u0441\u03f2", "oocc")
"""Cyrillic and Greek letters in place of those of OCR."""

NEARLY = 0.8
"""Similarity, by difflib, of the letters of a query to those of a task: OCR with a letter more or less."""

MAX_EXAMPLE = 60
"""Most characters of a query that is shown as an example."""

MAX_TASK_CHARACTERS = 1000
"""Longest query that may be nearly a task, tags and boxes included."""


def doubts(row: Mapping[str, Any], record: Record) -> Iterator[tuple[str, str]]:
    """Each doubt about a row: its cause, and what it is in this row.

    Args:
        row: the row that `record` was made of, with our names of its keys.
        record: the record.
    """
    for key, value in row.items():
        if key not in READ_KEYS and value not in (None, "", [], {}):
            yield f"key {key} is not read", ""
    messages = [message for key in MESSAGE_KEYS for message in row.get(key) or []]
    for key in sorted(_filled(messages) - MESSAGE_READ_KEYS):
        yield f"key {key} of a message is not read", ""
    contents = [message.get("content") for message in messages if isinstance(message, Mapping)]
    blocks = [block for content in contents if isinstance(content, list) for block in content]
    inner = [block.get(key) for block in blocks if isinstance(block, Mapping) for key in NAME_KEYS]
    for key in sorted(_filled([*blocks, *inner]) - BLOCK_KEYS):
        yield f"key {key} of a block is not read", ""
    for key in ANSWER_KEYS:
        if isinstance(row.get(key), list) and len(row[key]) > 1:
            yield "only the first of several answers is trained on", f"{key} has {len(row[key])}"
    if any(_UNSEEN.search(turn.query + turn.response) for turn in record.turns):
        yield "a text has characters that no picture shows: controls, or U+FFFD for what was lost", ""
    if any(_is_garbled(text) for turn in record.turns for text in (turn.query, turn.response)):
        yield "a text was UTF-8 and has been read in another encoding (\u00c3\u00a9 for \u00e9)", ""
    for turn in record.turns:
        yield from _doubts_of_query(turn.query, len(record.images))


def _is_garbled(text: str) -> bool:
    """Whether the characters of a text are the bytes of another text in UTF-8."""
    if text.isascii():
        return False
    with suppress(UnicodeError):  # most texts are none
        b"".join(sign.encode("latin-1" if sign < "\u0100" else "cp1252") for sign in text).decode()
        return True
    return False


def _filled(objects: Sequence[Any]) -> set[str]:
    """The keys under which some of the objects have a value."""
    items = (item for part in objects if isinstance(part, Mapping) for item in part.items())
    return {str(key) for key, value in items if value not in (None, "", [], {})}


@functools.lru_cache(maxsize=1024)
def _doubts_of_query(query: str, num_images: int) -> list[tuple[str, str]]:
    """The doubts about a question: thousands of rows ask the same."""
    return list(_found_in_query(query, num_images))


def _found_in_query(query: str, num_images: int) -> Iterator[tuple[str, str]]:
    text = composed(html.unescape(query), "NFKC")
    asked = query.replace(IMAGE_TAG, "")
    tags = [found for found in _TAG.findall(text) if found != IMAGE_TAG]
    task = parse_task(asked)
    if tags or text.count(IMAGE_TAG) > query.count(IMAGE_TAG):
        yield f"a text that looks like the tag {IMAGE_TAG}", shortened(repr(asked), MAX_EXAMPLE)
    if parse_task(_TAG.sub("", query)) is None and _is_nearly_a_task(text):
        yield (
            "a query that is nearly one of GOT's tasks, and is read as another text",
            shortened(repr(asked), MAX_EXAMPLE),
        )
    if _BLOCKS.match(asked):
        yield "a text that looks like a list of blocks or messages", shortened(repr(query), MAX_EXAMPLE)
    if not asked.strip():
        yield "the query asks nothing", shortened(repr(query), MAX_EXAMPLE)
    if task is not None and num_images == 0:
        yield "the query asks about an image, and the row has none", shortened(repr(asked), MAX_EXAMPLE)
    if task is not None and IMAGE_TAG in query and not query.lstrip().startswith(IMAGE_TAG):
        yield "the image comes after the query", shortened(repr(query), MAX_EXAMPLE)


def _is_nearly_a_task(text: str) -> bool:
    if len(text) > MAX_TASK_CHARACTERS:
        return False
    words = _BESIDE.sub("", text.casefold().translate(_LOOK_ALIKES).replace("0cr", "ocr"))
    return bool(difflib.get_close_matches(_letters(words), _TASKS, cutoff=NEARLY))


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, text))


_TASKS = [
    _letters(Task(has_format, crop=crop, pages=pages, with_boxes=with_boxes).query().casefold())
    for has_format in (False, True)
    for with_boxes in (False, True)
    for crop, pages in ((False, False), (True, False), (False, True))
]


@dataclass
class DoubtCounts:
    """Doubts about many rows, counted by cause, with the first places."""

    counts: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[str]] = field(default_factory=dict)
    """The first rows of each cause: their locations, with what the doubt is in them."""

    def add(self, location: str, found: Sequence[tuple[str, str]]) -> None:
        """Counts the doubts about a row, each cause once."""
        for cause, detail in dict(found).items():
            self.counts[cause] += 1
            places = self.places.setdefault(cause, [])
            if len(places) < MAX_PLACES:
                places.append(f"{location} {detail}".rstrip())

    @classmethod
    def joined(cls, parts: Sequence["DoubtCounts"]) -> "DoubtCounts":
        """The doubts of several parts of the rows."""
        joined = cls(sum((part.counts for part in parts), Counter()))
        for cause in joined.counts:
            places = [place for part in parts for place in part.places.get(cause, [])]
            joined.places[cause] = places[:MAX_PLACES]
        return joined

    def lines(self) -> list[str]:
        """One line for each cause, the most frequent first."""
        lines = []
        for cause, count in self.counts.most_common(MAX_DOUBTS):
            more = ", ..." * (count > MAX_PLACES)
            places = f"{', '.join(self.places[cause])}{more}"
            lines.append(readable(f"warning: {cause}: {counted(count, 'row')} ({places})"))
        hidden = len(self.counts) - MAX_DOUBTS
        return [*lines, f"warning: {counted(hidden, 'more cause')} of doubt"] if hidden > 0 else lines
