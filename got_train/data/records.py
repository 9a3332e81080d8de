"""Makes records of rows as users write them.

Rows may be ms-swift's (`query`/`response`/`images` with `history` and `system`, or `messages`), with all the
names that swift knows for these keys, or the authors' own (`conversations` with `image`).
"""

import ast
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from got_train.data.errors import ContentError, located
from got_train.data.images import FoundImage
from got_train.data.packed import PackedFile
from got_train.prompts import IMAGE_TAG
from got_train.report import counted
from got_train.vocabulary import PROMPT_TOKENS

ALIASES: dict[str, tuple[str, ...]] = {
    "system": ("system_prompt",),
    "query": ("prompt", "input", "instruction", "question", "problem"),
    "response": (
        "answer",
        "output",
        "targets",
        "target",
        "answer_key",
        "answers",
        "solution",
        "text",
        "completion",
        "content",
    ),
    "images": ("image", "file_name", "file_names"),
    "messages": ("conversation", "conversations"),
}
"""Other names of a key in ms-swift and the imagefolder of `datasets`; the key itself has precedence."""

IMAGE_KEYS = ("images", *ALIASES["images"])
QUESTION_KEYS = ("query", *ALIASES["query"], "messages", *ALIASES["messages"])
"""Every row must have exactly one of these."""

ROLES = {"human": "user", "gpt": "assistant", "bot": "assistant"}
"""Other names of a speaker."""

UNSUPPORTED_KEYS = {
    "objects": "boxes stand in the query, in thousandths: [x1, y1, x2, y2] OCR: ",
    "videos": "GOT reads images",
    "audios": "GOT reads images",
    "tools": "GOT calls none",
}
"""Keys of ms-swift's rows that would change the meaning of a row, each with the reason why it is refused."""

UNNAMED_KIND = "rows"
"""The kind of rows without a `kind`."""

_HALF_CHARACTER = re.compile(r"[\ud800-\udfff]")
"""Half of a surrogate pair: JSON allows it, as `"\\ud835"`, but tokenizers and UTF-8 files do not."""


@dataclass(frozen=True)
class Turn:
    """A question and its answer."""

    query: str
    response: str
    supervised: bool = True
    """Whether the answer is trained on."""


@dataclass(frozen=True)
class Record:
    """One row."""

    turns: tuple[Turn, ...]
    images: tuple[FoundImage, ...]
    system: str | None
    crop: bool | None
    """Whether images are cut into tiles; None if the configuration decides."""
    kind: str
    """The kind of the row, for counts and losses by kind; `UNNAMED_KIND` if the row has none."""
    location: str
    """The place of the row, for messages: `file:line`, `shard.tar:key` or `file.parquet:row`."""


@dataclass(frozen=True)
class ReadOptions:
    """How the rows of a file are read."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Keys of rows to rename, from their name to ours."""
    query: str | None = None
    """The query of rows that have none of `QUESTION_KEYS`."""
    image_root: str | None = None
    """Folder in which relative image paths are looked up, after the folder of the data file."""
    answered: bool = True
    """Whether the last query must have a response; inference needs none."""


READ_AS_IT_IS = ReadOptions()


def parse_row(
    row: Any, location: str, answered: bool = True, find: Callable[[Any], FoundImage] = Path
) -> Record:
    """The record of a row.

    Args:
        row: a JSON value, in which images may also be `PackedFile`s. Any value except an object is an error.
        location: the place of the row, for messages.
        answered: whether the last query must have a response.
        find: finds the image that the row names. By default the name becomes a path, which need not exist.

    Raises:
        RowError: for a key with a wrong value, or an image that is missing.
    """
    with located(location):
        if not isinstance(row, Mapping):
            raise ContentError("not an object", f"a row is {{...}}, this is {type(row).__name__}")
        for key, reason in UNSUPPORTED_KEYS.items():
            if row.get(key):
                raise ContentError("unsupported key", f"{key} is not read: {reason}")
        names = _image_names(_value(row, "images"))
        system, turns = _system_and_turns(row, answered)
        kind = UNNAMED_KIND if row.get("kind") is None else str(row["kind"])
        _check_texts(turns, system, kind)
        crop = row.get("crop")
        if crop is not None and not isinstance(crop, bool):
            raise ContentError("wrong type", f"crop must be true or false, not {crop!r}")
        turns = _with_all_tags(turns, len(names))
        return Record(tuple(turns), tuple(map(find, names)), system, crop, kind, location)


def rename_keys(row: Any, options: ReadOptions) -> Any:
    """A row with our names of its keys, and with a query; any value except an object is returned unchanged.

    Raises:
        ContentError: if two keys would get the same name.
    """
    if not isinstance(row, Mapping):
        return row
    renamed: dict[str, Any] = {}
    for key, value in row.items():
        name = options.columns.get(key, key)
        if name in renamed:
            same = " and ".join(key for key in row if options.columns.get(key, key) == name)
            raise ContentError("ambiguous keys", f"{same} both mean {name}: keep one of them")
        renamed[name] = value
    if options.query is not None and all(renamed.get(key) is None for key in QUESTION_KEYS):
        renamed["query"] = options.query
    return renamed


def _value(row: Mapping[str, Any], name: str) -> Any:
    """The value of a key, or of the alias that the row has in its place; None if it has neither."""
    if row.get(name) is not None:
        return row[name]
    found = [alias for alias in ALIASES[name] if row.get(alias) is not None]
    if name == "query" and set(found) == {"instruction", "input"}:
        return "\n".join(str(row[key]) for key in ("instruction", "input") if row[key])
    if len(found) > 1:
        raise ContentError("ambiguous keys", f"{' and '.join(found)} both mean {name}: keep one of them")
    return row[found[0]] if found else None


def _system_and_turns(row: Mapping[str, Any], answered: bool) -> tuple[str | None, list[Turn]]:
    system, messages = _value(row, "system"), _value(row, "messages")
    if messages is not None:
        message_system, turns = _turns_of_messages(messages, answered)
        system = system if message_system is None else message_system
    else:
        turns = _turns_of_history(row.get("history"))
        query = _value(row, "query")
        if query is None:
            raise ContentError("missing key", f"no query (keys: {', '.join(map(str, row)) or 'none'})")
        turns.append(Turn(_text("query", query), _response(_value(row, "response"), answered)))
    return system if system is None else _text("system", system), turns


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        kind = "bytes" if isinstance(value, PackedFile) else type(value).__name__
        raise ContentError("wrong type", f"{name} must be text, not {kind}")
    return value


def _response(value: Any, answered: bool = True) -> str:
    if isinstance(value, list) and value:
        value = value[0]
    if not value and not answered:
        return ""
    if value is None:
        raise ContentError("missing key", "no response")
    text = _text("response", value)
    if not text:
        raise ContentError("empty response", "there is nothing to learn from it")
    return text


def _image_names(value: Any) -> list[str | PackedFile]:
    images = value if isinstance(value, list) else [] if value is None else [value]
    # ms-swift writes a path as {"bytes": null, "path": ...}.
    names: list[Any] = [
        image.get("path") if isinstance(image, Mapping) and not image.get("bytes") else image
        for image in images
    ]
    if not all(isinstance(name, str | PackedFile) and name for name in names):
        raise ContentError("wrong type", f"images must be a path or a list of paths, not {value!r:.80}")
    return names


def _turns_of_history(history: Any) -> list[Turn]:
    pairs = [] if history is None else history
    if isinstance(history, str):
        try:
            pairs = ast.literal_eval(history) if history.strip() else []
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):  # all its errors
            pairs = None
    if not isinstance(pairs, list | tuple):
        raise ContentError("wrong type", f"history is not a list: {history!r:.80}")
    turns = []
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not all(isinstance(x, str) for x in pair):
            raise ContentError("wrong type", f"history must hold [query, response] pairs, not {pair!r:.80}")
        turns.append(Turn(pair[0], _response(pair[1])))
    return turns


class _Message(NamedTuple):
    role: str
    content: str
    supervised: bool


def _turns_of_messages(messages: Any, answered: bool) -> tuple[str | None, list[Turn]]:
    """The system text and the turns of a list of messages, written as swift or the authors write them."""
    if not isinstance(messages, list) or not messages:
        raise ContentError("wrong type", "messages must be a list of messages")
    parsed = [_message(message) for message in messages]
    system = parsed.pop(0).content if parsed[0].role == "system" else None
    if not answered and parsed and parsed[-1].role == "user":
        parsed.append(_Message("assistant", "", supervised=True))
    roles = [message.role for message in parsed]
    if not parsed or roles != ["user", "assistant"] * (len(parsed) // 2):
        detail = f"messages must alternate user and assistant, these are: {', '.join(roles)}"
        raise ContentError("wrong roles", detail)
    if not parsed[-1].supervised:
        raise ContentError("empty response", "nothing is learnt from a last answer whose loss is false")
    return system, [
        Turn(asked.content, _response(answer.content, answered), answer.supervised)
        for asked, answer in zip(parsed[::2], parsed[1::2], strict=True)
    ]


def _message(message: Any) -> _Message:
    if isinstance(message, str):  # as in the validation rows that ms-swift writes
        message = load_json(message)
    if not isinstance(message, Mapping):
        raise ContentError("wrong type", f"a message is an object, not {type(message).__name__}")
    role = str(message.get("role", message.get("from")))
    role = ROLES.get(role, role)
    content = message.get("content", message.get("value"))
    if role not in ("system", "user", "assistant") or not isinstance(content, str):
        detail = f"needs role (system, user, assistant) and content, is {dict(message)!r:.80}"
        raise ContentError("wrong message", detail)
    return _Message(role, content, message.get("loss") in (None, True, 1))


def _check_texts(turns: list[Turn], system: str | None, kind: str) -> None:
    """Refuses half characters, special tokens (they would act as the chat template), and misplaced tags."""
    texts = [(name, getattr(turn, name)) for turn in turns for name in ("query", "response")]
    texts.append(("system", system or ""))
    for name, text in [*texts, ("kind", kind)]:
        if _HALF_CHARACTER.search(text):
            raise ContentError("wrong type", f"{name} holds half of a surrogate pair, which is no character")
    for name, text in texts:
        for token in PROMPT_TOKENS:
            if token in text:
                raise ContentError("reserved token", f"{token} cannot stand in a text")
        if name != "query" and IMAGE_TAG in text:
            place = "a response" if name == "response" else "the system text"
            raise ContentError("tag mismatch", f"{IMAGE_TAG} cannot stand in {place}")


def _with_all_tags(turns: list[Turn], num_images: int) -> list[Turn]:
    """The turns with one tag for each image; as in swift, missing tags go in front of the first query."""
    num_tags = sum(turn.query.count(IMAGE_TAG) for turn in turns)
    if num_tags > num_images:
        detail = f"{counted(num_tags, f'{IMAGE_TAG} tag')} for {counted(num_images, 'image')}"
        raise ContentError("tag mismatch", detail)
    first = replace(turns[0], query=IMAGE_TAG * (num_images - num_tags) + turns[0].query)
    return [first, *turns[1:]]


def load_json(text: str | bytes) -> Any:
    """The value of a JSON text.

    Raises:
        ContentError: if it is not JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # also for numbers or nesting beyond Python's limits
        raise ContentError("not JSON", str(error)) from None
