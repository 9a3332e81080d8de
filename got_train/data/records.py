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
from typing import Any

from got_train.data.errors import ImageError, RowError
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
    row: Any,
    location: str,
    options: ReadOptions = READ_AS_IT_IS,
    find: Callable[[Any], FoundImage] = Path,
) -> Record:
    """The record of a row.

    Args:
        row: a JSON value, in which images may also be `PackedFile`s. Any value except an object is an error.
        location: the place of the row, for messages.
        options: how the row is read.
        find: finds the image that the row names. By default the name becomes a path, which need not exist.

    Raises:
        RowError: for a key with a wrong value, or an image that is missing.
    """
    row = rename_keys(row, location, options)
    if not isinstance(row, Mapping):
        raise RowError(location, "not an object", f"a row is {{...}}, this is {type(row).__name__}")
    for key, reason in UNSUPPORTED_KEYS.items():
        if row.get(key):
            raise RowError(location, "unsupported key", f"{key} is not read: {reason}")
    names = _image_names(_value(row, "images", location), location)
    system = _value(row, "system", location)
    messages = _value(row, "messages", location)
    if messages is not None:
        message_system, turns = _turns_of_messages(messages, location, options.answered)
        system = system if message_system is None else message_system
    else:
        turns = _turns_of_history(row.get("history"), location)
        query = _query(row, location)
        turns.append(Turn(query, _response(_value(row, "response", location), location, options.answered)))
    if system is not None and not isinstance(system, str):
        raise RowError(location, "wrong type", f"system must be text, not {_type_name(system)}")
    kind = UNNAMED_KIND if row.get("kind") is None else str(row["kind"])
    _check_texts(turns, system, kind, location)
    turns = _with_all_tags(turns, len(names), system, location)
    crop = row.get("crop")
    if crop is not None and not isinstance(crop, bool):
        raise RowError(location, "wrong type", f"crop must be true or false, not {crop!r}")
    try:
        images = tuple(map(find, names))
    except ImageError as error:
        raise RowError(location, error.cause, str(error)) from None
    return Record(tuple(turns), images, system, crop, kind, location)


def rename_keys(row: Any, location: str, options: ReadOptions) -> Any:
    """A row with our names of its keys, and with a query; any value except an object is returned unchanged.

    Raises:
        RowError: if two keys would get the same name.
    """
    if not isinstance(row, Mapping):
        return row
    names = [options.columns.get(name, name) for name in row]
    for name in set(options.columns.values()):
        if names.count(name) > 1:
            same = " and ".join(key for key in row if options.columns.get(key, key) == name)
            raise RowError(location, "ambiguous keys", f"{same} both mean {name}: keep one of them")
    renamed = dict(zip(names, row.values(), strict=True))
    if options.query is not None and all(renamed.get(key) is None for key in QUESTION_KEYS):
        renamed["query"] = options.query
    return renamed


def _value(row: Mapping[str, Any], name: str, location: str) -> Any:
    """The value of a key, or of the alias that the row has in its place; None if it has neither."""
    if row.get(name) is not None:
        return row[name]
    found = [alias for alias in ALIASES[name] if row.get(alias) is not None]
    if name == "query" and set(found) == {"instruction", "input"}:
        return "\n".join(str(row[key]) for key in ("instruction", "input") if row[key])
    if len(found) > 1:
        detail = f"{' and '.join(found)} both mean {name}: keep one of them"
        raise RowError(location, "ambiguous keys", detail)
    return row[found[0]] if found else None


def _query(row: Mapping[str, Any], location: str) -> str:
    value = _value(row, "query", location)
    if value is None:
        raise RowError(location, "missing key", f"no query (keys: {', '.join(map(str, row)) or 'none'})")
    if not isinstance(value, str):
        raise RowError(location, "wrong type", f"query must be text, not {_type_name(value)}")
    return value


def _response(value: Any, location: str, answered: bool = True) -> str:
    if isinstance(value, list) and value:
        value = value[0]
    if not value and not answered:
        return ""
    if value is None:
        raise RowError(location, "missing key", "no response")
    if not isinstance(value, str):
        raise RowError(location, "wrong type", f"response must be text, not {_type_name(value)}")
    if not value:
        raise RowError(location, "empty response", "there is nothing to learn from it")
    return value


def _type_name(value: Any) -> str:
    return "bytes" if isinstance(value, PackedFile) else type(value).__name__


def _image_names(value: Any, location: str) -> tuple[str | PackedFile, ...]:
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
        raise RowError(location, "wrong type", f"images must be a path or a list of paths, not {value!r:.80}")
    return tuple(images)


def _turns_of_history(history: Any, location: str) -> list[Turn]:
    pairs = [] if history is None else history
    if isinstance(history, str):
        try:
            pairs = ast.literal_eval(history) if history.strip() else []
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):  # all its errors
            pairs = None
    if not isinstance(pairs, list | tuple):
        raise RowError(location, "wrong type", f"history is not a list: {history!r:.80}")
    turns = []
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not all(isinstance(x, str) for x in pair):
            raise RowError(
                location, "wrong type", f"history must hold [query, response] pairs, not {pair!r:.80}"
            )
        turns.append(Turn(pair[0], _response(pair[1], location)))
    return turns


def _turns_of_messages(messages: Any, location: str, answered: bool) -> tuple[str | None, list[Turn]]:
    """The system text and the turns of a list of messages, written as swift or the authors write them."""
    if not isinstance(messages, list) or not messages:
        raise RowError(location, "wrong type", "messages must be a list of messages")
    parsed = [_message(message, location) for message in messages]
    system = parsed.pop(0).content if parsed[0].role == "system" else None
    if not answered and parsed and parsed[-1].role == "user":
        parsed.append(_Message("assistant", None))
    roles = [message.role for message in parsed]
    if not parsed or len(parsed) % 2 or roles != ["user", "assistant"] * (len(parsed) // 2):
        detail = f"messages must alternate user and assistant, these are: {', '.join(roles)}"
        raise RowError(location, "wrong roles", detail)
    if not parsed[-1].supervised:
        raise RowError(location, "empty response", "nothing is learnt from a last answer whose loss is false")
    pairs = zip(parsed[::2], parsed[1::2], strict=True)
    return system, [
        Turn(asked.content or "", _response(answer.content, location, answered), answer.supervised)
        for asked, answer in pairs
    ]


@dataclass(frozen=True)
class _Message:
    role: str
    content: str | None
    supervised: bool = True


def _message(message: Any, location: str) -> _Message:
    if isinstance(message, str):  # as in the validation rows that ms-swift writes
        message = load_json(message.encode(errors="surrogatepass"), location)
    if not isinstance(message, Mapping):
        raise RowError(location, "wrong type", f"a message is an object, not {type(message).__name__}")
    role = message.get("role", message.get("from"))
    content = message.get("content", message.get("value"))
    role = ROLES.get(str(role), str(role))
    if role not in ("system", "user", "assistant") or not isinstance(content, str):
        raise RowError(
            location,
            "wrong message",
            f"needs role (system, user, assistant) and content, is {dict(message)!r:.80}",
        )
    return _Message(role, content, message.get("loss") in (None, True, 1))


def _check_texts(turns: list[Turn], system: str | None, kind: str, location: str) -> None:
    """Refuses special tokens, which would act as the chat template, and halves of surrogate pairs."""
    texts = [("system", system or "")]
    texts += [(name, getattr(turn, name)) for turn in turns for name in ("query", "response")]
    for name, text in [*texts, ("kind", kind)]:
        if _HALF_CHARACTER.search(text):
            raise RowError(
                location, "wrong type", f"{name} holds half of a surrogate pair, which is no character"
            )
    for _, text in texts:
        for token in PROMPT_TOKENS:
            if token in text:
                raise RowError(location, "reserved token", f"{token} cannot stand in a text")


def _with_all_tags(turns: list[Turn], num_images: int, system: str | None, location: str) -> list[Turn]:
    """The turns with one tag for each image; as in swift, missing tags go in front of the first query."""
    for turn in turns:
        if IMAGE_TAG in turn.response:
            raise RowError(location, "tag mismatch", f"{IMAGE_TAG} cannot stand in a response")
    if IMAGE_TAG in (system or ""):
        raise RowError(location, "tag mismatch", f"{IMAGE_TAG} cannot stand in the system text")
    num_tags = sum(turn.query.count(IMAGE_TAG) for turn in turns)
    if num_tags > num_images:
        detail = f"{counted(num_tags, f'{IMAGE_TAG} tag')} for {counted(num_images, 'image')}"
        raise RowError(location, "tag mismatch", detail)
    first = replace(turns[0], query=IMAGE_TAG * (num_images - num_tags) + turns[0].query)
    return [first, *turns[1:]]


def load_json(text: bytes, location: str) -> Any:
    """The value of a JSON text.

    Raises:
        RowError: if it is not JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # also for numbers or nesting beyond Python's limits
        raise RowError(location, "not JSON", str(error)) from None
