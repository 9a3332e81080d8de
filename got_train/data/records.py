"""Rows as users write them, to one kind of record.

Taken are ms-swift's rows (`query`/`response`/`images` with `history` and `system`, or `messages`), under all
the key names swift knows, and the authors' own (`conversations` with `image`).
"""

import ast
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from got_train.data.errors import ImageError, RowError
from got_train.data.images import FoundImage
from got_train.data.packed import PackedFile
from got_train.prompts import IMAGE_TAG
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
"""Other names of a key, as ms-swift and the imagefolder of `datasets` have them; an exact name wins."""

IMAGE_KEYS = ("images", *ALIASES["images"])
QUESTION_KEYS = ("query", *ALIASES["query"], "messages", *ALIASES["messages"])
"""Every row must have exactly one of these."""

ROLES = {"human": "user", "gpt": "assistant", "bot": "assistant"}
"""Other names of a speaker."""

UNSUPPORTED_KEYS = {
    "objects": "boxes stand in the query, in thousandths: [x1, y1, x2, y2] OCR: ",
    "videos": "GOT reads pictures",
    "audios": "GOT reads pictures",
    "tools": "GOT calls none",
}
"""Keys of ms-swift's rows that would change what a row means, and why they do not here."""

UNNAMED_KIND = "rows"
"""The kind of rows that do not say."""

_HALF_CHARACTER = re.compile(r"[\ud800-\udfff]")
"""What JSON lets through, as `"\\ud835"`, and no tokenizer or file in UTF-8 takes."""


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
    """Whether images are cut into tiles; None leaves it to the configuration."""
    kind: str
    """What the row trains, for counts and losses by kind; `UNNAMED_KIND` where it does not say."""
    where: str
    """Which row it is, for messages: `file:line`, `shard.tar:key` or `file.parquet:row`."""


@dataclass(frozen=True)
class ReadOptions:
    """How the rows of a file are read."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Keys of rows to rename, theirs to ours."""
    query: str | None = None
    """The query of rows that have none of `QUESTION_KEYS`."""
    image_root: str | None = None
    """Folder in which relative image paths are looked up after the data file's own."""
    answered: bool = True
    """Whether the last query must have its response; inference can do without."""


READ_AS_IT_IS = ReadOptions()


def parse_row(
    row: Any,
    where: str,
    options: ReadOptions = READ_AS_IT_IS,
    find: Callable[[Any], FoundImage] = Path,
) -> Record:
    """The record of a row.

    Args:
        row: a JSON value, in which images may also be `PackedFile`s; only an object is a row.
        where: which row it is, for messages.
        options: renamed keys, and what the row may lack.
        find: finds the file of an image that the row names; by default names are taken for paths, and
            nothing looks whether they exist.

    Raises:
        RowError: names the key and what is wrong with it, or the image that is missing.
    """
    row = rename_keys(row, where, options)
    if not isinstance(row, Mapping):
        raise RowError(where, "not an object", f"a row is {{...}}, this is {type(row).__name__}")
    for key, reason in UNSUPPORTED_KEYS.items():
        if row.get(key):
            raise RowError(where, "unsupported key", f"{key} is not read: {reason}")
    names = _image_names(_value(row, "images", where), where)
    system = _value(row, "system", where)
    messages = _value(row, "messages", where)
    if messages is not None:
        message_system, turns = _turns_of_messages(messages, where, options.answered)
        system = system if message_system is None else message_system
    else:
        turns = _turns_of_history(row.get("history"), where)
        query = _query(row, where)
        turns.append(Turn(query, _response(_value(row, "response", where), where, options.answered)))
    if system is not None and not isinstance(system, str):
        raise RowError(where, "wrong type", f"system must be text, not {_type_name(system)}")
    kind = UNNAMED_KIND if row.get("kind") is None else str(row["kind"])
    _check_texts(turns, system, kind, where)
    turns = _with_all_tags(turns, len(names), system, where)
    crop = row.get("crop")
    if crop is not None and not isinstance(crop, bool):
        raise RowError(where, "wrong type", f"crop must be true or false, not {crop!r}")
    try:
        images = tuple(map(find, names))
    except ImageError as error:
        raise RowError(where, error.cause, str(error)) from None
    return Record(tuple(turns), images, system, crop, kind, where)


def rename_keys(row: Any, where: str, options: ReadOptions) -> Any:
    """A row under our names of its keys, and with a query; a value that is no object comes back as it is.

    Raises:
        RowError: if a key would stand twice.
    """
    if not isinstance(row, Mapping):
        return row
    names = [options.columns.get(name, name) for name in row]
    for name in set(options.columns.values()):
        if names.count(name) > 1:
            same = " and ".join(key for key in row if options.columns.get(key, key) == name)
            raise RowError(where, "ambiguous keys", f"{same} both mean {name}: keep one of them")
    renamed = dict(zip(names, row.values(), strict=True))
    if options.query is not None and all(renamed.get(key) is None for key in QUESTION_KEYS):
        renamed["query"] = options.query
    return renamed


def _value(row: Mapping[str, Any], name: str, where: str) -> Any:
    """The value under a key or the one alias of it that the row has."""
    if row.get(name) is not None:
        return row[name]
    found = [alias for alias in ALIASES[name] if row.get(alias) is not None]
    if name == "query" and set(found) == {"instruction", "input"}:
        return "\n".join(str(row[key]) for key in ("instruction", "input") if row[key])
    if len(found) > 1:
        raise RowError(where, "ambiguous keys", f"{' and '.join(found)} both mean {name}: keep one of them")
    return row[found[0]] if found else None


def _query(row: Mapping[str, Any], where: str) -> str:
    value = _value(row, "query", where)
    if value is None:
        raise RowError(where, "missing key", f"no query (keys: {', '.join(map(str, row)) or 'none'})")
    if not isinstance(value, str):
        raise RowError(where, "wrong type", f"query must be text, not {_type_name(value)}")
    return value


def _response(value: Any, where: str, answered: bool = True) -> str:
    if isinstance(value, list) and value:
        value = value[0]
    if not value and not answered:
        return ""
    if value is None:
        raise RowError(where, "missing key", "no response")
    if not isinstance(value, str):
        raise RowError(where, "wrong type", f"response must be text, not {_type_name(value)}")
    if not value:
        raise RowError(where, "empty response", "there is nothing to learn from it")
    return value


def _type_name(value: Any) -> str:
    return "bytes" if isinstance(value, PackedFile) else type(value).__name__


def _image_names(value: Any, where: str) -> tuple[str | PackedFile, ...]:
    images = [] if value is None else [value] if isinstance(value, str | PackedFile) else value
    if isinstance(images, list):
        # ms-swift writes a path as {"bytes": null, "path": ...}.
        images = [
            image.get("path") if isinstance(image, Mapping) and not image.get("bytes") else image
            for image in images
        ]
    if not isinstance(images, list) or not all(
        isinstance(image, str | PackedFile) and image for image in images
    ):
        raise RowError(where, "wrong type", f"images must be a path or a list of paths, not {value!r:.80}")
    return tuple(images)


def _turns_of_history(history: Any, where: str) -> list[Turn]:
    pairs = [] if history is None else history
    if isinstance(history, str):
        try:
            pairs = ast.literal_eval(history) if history.strip() else []
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):  # all that it may raise
            pairs = None
    if not isinstance(pairs, list | tuple):
        raise RowError(where, "wrong type", f"history is not a list: {history!r:.80}")
    turns = []
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not all(isinstance(x, str) for x in pair):
            raise RowError(
                where, "wrong type", f"history must hold [query, response] pairs, not {pair!r:.80}"
            )
        turns.append(Turn(pair[0], _response(pair[1], where)))
    return turns


def _turns_of_messages(messages: Any, where: str, answered: bool) -> tuple[str | None, list[Turn]]:
    """System text and turns of a list of messages, in any of the spellings `ROLES` and swift know."""
    if not isinstance(messages, list) or not messages:
        raise RowError(where, "wrong type", "messages must be a list of messages")
    said = [_message(message, where) for message in messages]
    system = said.pop(0).content if said[0].role == "system" else None
    if not answered and said and said[-1].role == "user":
        said.append(_Message("assistant", None))
    roles = [message.role for message in said]
    if not said or len(said) % 2 or roles != ["user", "assistant"] * (len(said) // 2):
        raise RowError(
            where, "wrong roles", f"messages must alternate user and assistant, these are: {', '.join(roles)}"
        )
    if not said[-1].supervised:
        raise RowError(where, "empty response", "nothing is learnt from a last answer whose loss is false")
    pairs = zip(said[::2], said[1::2], strict=True)
    return system, [
        Turn(asked.content or "", _response(answer.content, where, answered), answer.supervised)
        for asked, answer in pairs
    ]


@dataclass(frozen=True)
class _Message:
    role: str
    content: str | None
    supervised: bool = True


def _message(message: Any, where: str) -> _Message:
    if isinstance(message, str):  # as in the validation rows that ms-swift writes
        message = load_json(message.encode(errors="surrogatepass"), where)
    if not isinstance(message, Mapping):
        raise RowError(where, "wrong type", f"a message is an object, not {type(message).__name__}")
    role = message.get("role", message.get("from"))
    content = message.get("content", message.get("value"))
    role = ROLES.get(str(role), str(role))
    if role not in ("system", "user", "assistant") or not isinstance(content, str):
        raise RowError(
            where,
            "wrong message",
            f"needs role (system, user, assistant) and content, is {dict(message)!r:.80}",
        )
    return _Message(role, content, message.get("loss") in (None, True, 1))


def _check_texts(turns: list[Turn], system: str | None, kind: str, where: str) -> None:
    """A special token in a text would be taken for the frame itself; half a character cannot be encoded."""
    texts = [("system", system or "")]
    texts += [(name, getattr(turn, name)) for turn in turns for name in ("query", "response")]
    for name, text in [*texts, ("kind", kind)]:
        if _HALF_CHARACTER.search(text):
            raise RowError(
                where, "wrong type", f"{name} holds half of a surrogate pair, which is no character"
            )
    for _, text in texts:
        for token in PROMPT_TOKENS:
            if token in text:
                raise RowError(where, "reserved token", f"{token} cannot stand in a text")


def _with_all_tags(turns: list[Turn], num_images: int, system: str | None, where: str) -> list[Turn]:
    """One image tag for each picture: as in swift, missing ones go in front of the first query."""
    for turn in turns:
        if IMAGE_TAG in turn.response:
            raise RowError(where, "tag mismatch", f"{IMAGE_TAG} cannot stand in a response")
    if IMAGE_TAG in (system or ""):
        raise RowError(where, "tag mismatch", f"{IMAGE_TAG} cannot stand in the system text")
    num_tags = sum(turn.query.count(IMAGE_TAG) for turn in turns)
    if num_tags > num_images:
        raise RowError(where, "tag mismatch", f"{num_tags} {IMAGE_TAG} tags for {num_images} pictures")
    first = replace(turns[0], query=IMAGE_TAG * (num_images - num_tags) + turns[0].query)
    return [first, *turns[1:]]


def load_json(text: bytes, where: str) -> Any:
    """The value of a JSON text.

    Raises:
        RowError: if it is not JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # also where numbers or nesting go beyond Python's limits
        raise RowError(where, "not JSON", str(error)) from None
