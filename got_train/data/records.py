"""Makes records of rows as users write them; keys of a row that mean the same must agree.

Rows may be ms-swift's (`query`/`response`/`images` with `history` and `system`, or `messages`), with all the
names that swift knows for these keys, or the authors' own (`conversations` with `image`). Keys that mean
the same must agree.
"""

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from got_train.characters import composed
from got_train.data.errors import ContentError, located
from got_train.data.images import FoundImage
from got_train.data.json_values import load_json
from got_train.data.messages import FLAGS, plain_messages
from got_train.data.objects import place_objects
from got_train.data.packed import PackedFile
from got_train.data.record import UNNAMED_KIND, Record, Turn
from got_train.data.slots import read_regions
from got_train.prompts import IMAGE_TAG
from got_train.report import counted
from got_train.vocabulary import IMAGE_START, PROMPT_TOKENS

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
"""Other names of a key in ms-swift and the imagefolder of `datasets`."""

IMAGE_KEYS = ("images", *ALIASES["images"])
ANSWER_KEYS = ("response", *ALIASES["response"])
MESSAGE_KEYS = ("messages", *ALIASES["messages"])
QUESTION_KEYS = ("query", *ALIASES["query"], *MESSAGE_KEYS)
"""Every row must have exactly one of these."""

HOW_TO_RENAME = "data.columns (--columns) renames keys"
HOW_TO_ASK = f"data.query (--query) asks the same of all rows, {HOW_TO_RENAME}"

LIST_KEYS = (*IMAGE_KEYS, *MESSAGE_KEYS)
"""Keys whose value may be a list that is written as a text, as in cells of a CSV."""

REJECTED_KEY = "rejected_response"
"""The worse answer of a row of which two are compared, as in ms-swift."""

UNSUPPORTED_KEYS = {
    "videos": "GOT reads images",
    "audios": "GOT reads images",
    "tools": "GOT calls none",
    REJECTED_KEY: "only train.preference_beta compares answers; keep the better one as response",
    **dict.fromkeys(
        ("rejected_messages", "rejected_images", "rejected", "chosen"),
        f"of two answers to compare, response is the better one and {REJECTED_KEY} the worse",
    ),
    **dict.fromkeys(("positive_messages", "negative_messages"), "no embeddings are trained"),
    "teacher_messages": "there is no teacher",
}
"""Keys of other programs that would change the meaning of a row, each with the reason why it is refused."""

EMPTY: tuple[str, list[Any]] = ("", [])
"""Values of keys that say nothing, as null does: tables write their empty cells so."""

_HALF_CHARACTER = re.compile(r"[\ud800-\udfff]")
"""Half of a surrogate pair: JSON allows it, as `"\\ud835"`, but tokenizers and UTF-8 files do not."""

_TAGS_IN_FRONT = re.compile(rf"\A(?:{IMAGE_TAG})+")

_NOTHING = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]*")
"""White space and marks without width."""


def parse_row(
    row: Any,
    location: str,
    answered: bool = True,
    find: Callable[[Any], FoundImage] = Path,
    compared: bool = False,
    with_regions: bool = False,
) -> Record:
    """The record of a row.

    Args:
        row: a JSON value, in which images may also be `PackedFile`s. Any value except an object is an error.
        location: the place of the row, for messages.
        answered: whether the last query must have a response.
        find: finds the image that the row names. By default the name becomes a path, which need not exist.
        compared: whether the row must have a second, worse answer.
        with_regions: whether its regions are read.

    Raises:
        RowError: for a key with a wrong value, or an image that is missing.
    """
    with located(location):
        row = plain_row(row)
        _check_keys(row, compared)
        names = _value(row, "images", image_names) or []
        no_text = _flag(row, "no_text")
        system, turns = _system_and_turns(row, answered and not no_text)
        if no_text:
            turns = _answered_by_nothing(turns)
        if row.get("objects"):
            said = place_objects([(turn.query, turn.response) for turn in turns], row["objects"], names, find)
            turns = [replace(turn, query=q, response=a) for turn, (q, a) in zip(turns, said, strict=True)]
        if not names and "images" in _nearly_named(row).values():
            raise _missing(row, "images", HOW_TO_RENAME)
        kind = UNNAMED_KIND if row.get("kind") in (None, *EMPTY) else row["kind"]
        kind = str(kind) if isinstance(kind, int) else _text("kind", kind)
        rejected = _rejected(row, turns[-1].response) if compared else None
        _check_texts(turns, system, kind, rejected)
        crop, turns = _flag(row, "crop"), _with_all_tags(turns, len(names), ", ".join(map(str, row)))
        images = tuple(map(find, names))
        regions = read_regions(row.get("regions")) if with_regions else ()
        return Record(tuple(turns), images, system, crop, kind, location, bool(no_text), rejected, regions)


def plain_row(row: Any) -> Mapping[str, Any]:
    """A row whose messages are as `plain_messages` makes them; the images that they name become `images`.

    Raises:
        ContentError: if the row or its messages cannot be read, or name other images than `images` does.
    """
    if not isinstance(row, Mapping):
        raise ContentError("not an object", f"a row is {{...}}, this is {type(row).__name__}")
    messages = _value(row, "messages")
    if messages is None or messages in EMPTY:
        return row
    if not isinstance(messages, list):
        raise ContentError("wrong type", "messages must be a list of messages")
    # ms-swift writes the messages of validation rows as JSON inside texts.
    objects = [load_json(message) if isinstance(message, str) else message for message in messages]
    plain, named = plain_messages(objects)
    rest = {key: value for key, value in row.items() if key not in MESSAGE_KEYS}
    if named:
        given = _value(row, "images", lambda value: image_names(value or None))
        if given and given != image_names(named):
            raise ContentError("ambiguous keys", "images and messages name different images: keep one")
        rest["images"] = named
    return rest | {"messages": plain}


def _check_keys(row: Mapping[str, Any], compared: bool) -> None:
    """Refuses keys that would change what a row means, and are not read."""
    for key, reason in UNSUPPORTED_KEYS.items():
        if row.get(key) and not (compared and key == REJECTED_KEY):
            raise ContentError("unsupported key", f"{key} is not read: {reason}")
    if row.get("label") in (True, False, "true", "false", "True", "False"):
        detail = f"label {row['label']!r} (KTO's) is not read: keep good answers, without label"
        raise ContentError("unsupported key", detail)
    for key, (yes, _) in FLAGS.items():
        if row.get(key) not in (None, yes):
            detail = (
                f"{key} {row[key]!r:.40} of a row is not read: leave out rows that are not to be trained on"
            )
            raise ContentError("unsupported key", f"{detail}, or rename the key with data.columns")


def _value(row: Mapping[str, Any], name: str, form: Callable[[Any], Any] = lambda value: value) -> Any:
    """The value of a key, or of another name of it, in a form that can be compared; None if the row has none.

    Raises:
        ContentError: if two names of the key have values that differ. Empty ones do not count beside others.
    """
    named = [key for key in (name, *ALIASES[name]) if row.get(key) is not None]
    found = [key for key in named if row[key] not in EMPTY] or named[:1]
    if name == "query" and set(found) == {"instruction", "input"}:
        return "\n".join(_text(key, row[key]) for key in ("instruction", "input"))
    values = [form(row[key]) for key in found]
    if any(not _same(value, values[0]) for value in values[1:]):
        detail = f"{' and '.join(found)} both mean {name}, and differ"
        raise ContentError(
            "ambiguous keys", f"{detail}: keep one of them, or rename the others with data.columns"
        )
    return values[0] if values else None


def _system_and_turns(row: Mapping[str, Any], answered: bool) -> tuple[str | None, list[Turn]]:
    system, messages = _value(row, "system"), row.get("messages")
    system = system if system is None else _text("system", system)
    query, response = _value(row, "query"), _value(row, "response", _first_answer)
    if messages:
        if _turns_of_history(row.get("history")):
            raise ContentError("ambiguous keys", "history and messages are both given: keep one of them")
        return _turns_of_messages(messages, system, query, response, answered)
    turns = _turns_of_history(row.get("history"))
    if query is None:
        raise _missing(row, "query", HOW_TO_ASK)
    if response is None and answered:
        raise _missing(row, "response", HOW_TO_RENAME)
    return system, [*turns, Turn(_text("query", query), _response(response, answered))]


def _nearly_named(row: Mapping[str, Any]) -> dict[str, str]:
    """The keys that would be read in small letters without spaces around them, each with what it means."""
    meant = {alias: name for name, aliases in ALIASES.items() for alias in (name, *aliases)}
    plain = {key: key.strip().lower() for key in map(str, row)}
    return {key: meant[name] for key, name in plain.items() if name in meant and name != key}


def _missing(row: Mapping[str, Any], name: str, mend: str) -> ContentError:
    keys = f"(keys: {', '.join(map(str, row)) or 'none'})"
    near = "".join(f"; {key!r} is written {key.strip().lower()}" for key in _nearly_named(row))
    return ContentError("missing key", f"no {name} {keys}: {mend}{near}")


def _turns_of_messages(
    messages: list[dict[str, Any]], system: Any, query: Any, response: Any, answered: bool
) -> tuple[str | None, list[Turn]]:
    """The system text and the turns of messages, which other keys of the row may repeat, not contradict.

    A row may also have the last answer only in `response`.
    """
    if messages[0]["role"] == "system":
        _check_same("system", system, messages[0]["content"])
        system, messages = messages[0]["content"], messages[1:]
    if messages and messages[-1]["role"] == "user" and (response is not None or not answered):
        messages = [*messages, {"role": "assistant", "content": response or ""}]
    roles = [message["role"] for message in messages]
    if not roles or roles != ["user", "assistant"] * (len(roles) // 2):
        detail = f"messages must alternate user and assistant, these are: {', '.join(roles)}"
        raise ContentError("wrong roles", detail)
    asked, answers = messages[::2], messages[1::2]
    if query != asked[-1]["content"]:
        _check_same("query", query, asked[0]["content"])
    _check_same("response", response, answers[-1]["content"])
    if "loss" in answers[-1]:
        raise ContentError(
            "empty response",
            "the last answer is not to be trained on",
        )
    return system, [
        Turn(question["content"], _response(answer["content"], answered), "loss" not in answer)
        for question, answer in zip(asked, answers, strict=True)
    ]


def _check_same(name: str, value: Any, said: str) -> None:
    if value is not None and value not in EMPTY and not _same(value, said):
        detail = f"{name} and messages differ ({value!r:.40}, {said!r:.40}): keep one of them"
        raise ContentError("ambiguous keys", detail)


def _same(value: Any, other: Any) -> bool:
    """Whether two values mean the same: accents may be spelt in two ways, and missing tags go in front."""
    plain, plain_other = (
        _TAGS_IN_FRONT.sub("", composed(text)) if isinstance(text, str) else text for text in (value, other)
    )
    return bool(plain == plain_other)


def _flag(row: Mapping[str, Any], name: str) -> bool | None:
    value = row.get(name)
    if value is not None and not isinstance(value, bool):
        raise ContentError("wrong type", f"{name} must be true or false, not {value!r}")
    return value


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        kind = "bytes" if isinstance(value, PackedFile) else type(value).__name__
        raise ContentError("wrong type", f"{name} must be text, not {kind}")
    return value


def _first_answer(value: Any) -> Any:
    """The first of several answers, as in ms-swift."""
    return value[0] if isinstance(value, list) and value else value


def _response(value: Any, answered: bool = True) -> str:
    if not value and not answered:
        return ""
    text = _text("response", value)
    if answered and _NOTHING.fullmatch(text):
        detail = 'there is nothing to learn from it; "no_text": true says that its pictures have no text'
        raise ContentError("empty response", detail)
    return text


def _rejected(row: Mapping[str, Any], chosen: str) -> str:
    """The worse answer, which must differ from the better one."""
    if row.get(REJECTED_KEY) in (None, *EMPTY):
        raise ContentError(
            "missing key", f"no {REJECTED_KEY}, and train.preference_beta compares two answers"
        )
    text = _text(REJECTED_KEY, row[REJECTED_KEY])
    if composed(text) == composed(chosen):
        raise ContentError("same answers", f"{REJECTED_KEY} is what response is: there is nothing to prefer")
    return text


def image_names(value: Any) -> list[str | PackedFile]:
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


def _check_texts(turns: list[Turn], system: str | None, kind: str, rejected: str | None) -> None:
    """Refuses half characters, special tokens (they would act as the chat template), and misplaced tags."""
    texts = [(name, getattr(turn, name)) for turn in turns for name in ("query", "response")]
    texts += [("system", system or ""), (REJECTED_KEY, rejected or "")]
    for name, text in [*texts, ("kind", kind)]:
        if _HALF_CHARACTER.search(text):
            raise ContentError("wrong type", f"{name} holds half of a surrogate pair, which is no character")
    for name, text in texts:
        for token in PROMPT_TOKENS:
            if token in text:
                hint = f": {IMAGE_TAG} marks the place of an image" if token == IMAGE_START else ""
                raise ContentError("reserved token", f"{token} cannot stand in a text{hint}")
        if name != "query" and IMAGE_TAG in text:
            place = "the system text" if name == "system" else f"a {name}"
            raise ContentError("tag mismatch", f"{IMAGE_TAG} cannot stand in {place}")


def _answered_by_nothing(turns: list[Turn]) -> list[Turn]:
    """The turns of a row whose pictures have no text; white space in its last answer is nothing, too."""
    *before, last = turns
    if not _NOTHING.fullmatch(last.response):
        detail = f"no_text says that nothing is to be read, and the answer is {last.response!r:.40}"
        raise ContentError("ambiguous keys", f"{detail}: keep one of them")
    return [*before, replace(last, response="")]


def _with_all_tags(turns: list[Turn], num_images: int, keys: str) -> list[Turn]:
    """The turns with one tag for each image; as in swift, missing tags go in front of the first query."""
    num_tags = sum(turn.query.count(IMAGE_TAG) for turn in turns)
    if num_tags > num_images:
        detail = f"{counted(num_tags, f'{IMAGE_TAG} tag')} for {counted(num_images, 'image')}"
        hint = "" if num_images else f" (keys: {keys}): {HOW_TO_RENAME}"
        raise ContentError("tag mismatch", detail + hint)
    return [replace(turns[0], query=IMAGE_TAG * (num_images - num_tags) + turns[0].query), *turns[1:]]
