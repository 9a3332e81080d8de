"""Reads the messages of a row: who speaks, their texts and images, and which answers are trained on.

Messages are read as OpenAI, ms-swift, TRL and the authors write them:

    {"role": "user", "content": "<image>OCR: "}
    {"role": "user", "content": [{"type": "image", "image": "a.png"}, {"type": "text", "text": "OCR: "}]}
    {"from": "human", "value": "<image>OCR: "}
    {"human": "<image>OCR: ", "assistant": "text"}
"""

from collections.abc import Iterator, Mapping
from typing import Any

from got_train.data.errors import ContentError
from got_train.prompts import IMAGE_TAG

ROLES = {
    "system": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "bot": "assistant",
}
"""The speaker, by every name that is read."""

TEXT_BLOCKS = ("text", "input_text", "output_text")
IMAGE_BLOCKS = ("image", "image_url", "input_image")
"""Types of blocks, with those of OpenAI's Responses."""

NAME_KEYS = ("image", "image_url", "path", "url")
"""Keys of a block, or of the object inside it, that name its image."""

FLAGS = {"loss": (True, False), "train": (True, False), "loss_scale": (1, 0), "weight": (1, 0)}
"""Keys of a message that say whether it is trained on, with their values for yes and for no."""

UNSUPPORTED_KEYS = {
    "tool_calls": "GOT calls no tools",
    "function_call": "GOT calls no tools",
    "reasoning_content": "the whole answer stands in content",
    "thinking": "the whole answer stands in content",
    "videos": "GOT reads images",
    "audios": "GOT reads images",
    "audio": "GOT reads images",
    "objects": "it is a key of the row",
}
"""Keys that would change the meaning of a message, each with the reason why it is refused."""

BLOCK_KEYS = {"type", "text", *NAME_KEYS, "bytes", "index"}
"""Keys of a block, and of the object inside it, that are read; `index` counts the images."""

READ_KEYS = {"role", "from", "content", "value", "images", "image", *ROLES, *FLAGS, *UNSUPPORTED_KEYS}
"""The other keys of a message change nothing."""


def plain_messages(messages: list[Any]) -> tuple[list[dict[str, Any]], list[Any]]:
    """The messages as `role` and text `content`, with `loss: false` where they are not trained on.

    Returns:
        The messages, with a tag for each image; and the images that they name, if they name any.

    Raises:
        ContentError: for what is not read in a message.
    """
    plain, images = [], []
    for message in (part for given in messages for part in _without_pairs(given)):
        for key, reason in UNSUPPORTED_KEYS.items():
            if message.get(key):
                raise ContentError("unsupported key", f"{key} of a message is not read: {reason}")
        role = _role(message)
        text, named = _content(message, role)
        images += named
        plain.append({"role": role, "content": text} | _flag(message, role))
    numbers = [name for name in images if isinstance(name, int)]
    if numbers != list(range(len(numbers))):
        raise ContentError("wrong message", f"index of blocks must count the images in turn, not {numbers}")
    unnamed = sum(name is None or isinstance(name, int) for name in images)
    if unnamed == len(images):
        return plain, []
    if unnamed:
        raise ContentError("wrong message", "some blocks name their image, and some do not: name all or none")
    return plain, images


def _without_pairs(message: Any) -> Iterator[Mapping[str, Any]]:
    """The message itself, or the messages of a pair such as `{"human": ..., "assistant": ...}`."""
    if not isinstance(message, Mapping):
        raise ContentError("wrong type", f"a message is an object, not {type(message).__name__}")
    said = [name for name in ROLES if message.get(name) is not None]
    if not said or message.get("role", message.get("from")) is not None:
        yield message
        return
    rest = {key: value for key, value in message.items() if key not in ROLES}
    for name in said:
        yield {"role": name, "content": message[name]} | (rest if ROLES[name] == "assistant" else {})


def _one_of(message: Mapping[str, Any], *names: str) -> Any:
    """The value of a key with several names; None if the message has none of them."""
    found = [name for name in names if message.get(name) is not None]
    if any(message[name] != message[found[0]] for name in found):
        raise ContentError("ambiguous keys", f"{' and '.join(found)} of a message differ: keep one of them")
    return message[found[0]] if found else None


def _role(message: Mapping[str, Any]) -> str:
    role = _one_of(message, "role", "from")
    if isinstance(role, str) and role in ROLES:
        return ROLES[role]
    keys = f"(keys: {', '.join(map(str, message))})"
    said = f"a message has no role {keys}" if role is None else f"role {role!r:.40} is not read"
    why = {"developer": "; its text may be system's", "tool": "; GOT calls no tools"}.get(str(role), "")
    raise ContentError("wrong message", f"{said}: {', '.join(ROLES)} are{why}")


def _content(message: Mapping[str, Any], role: str) -> tuple[str, list[Any]]:
    """The text of a message with a tag for each image, and its images: None for one that is not named."""
    content, images = _one_of(message, "content", "value"), _one_of(message, "images", "image")
    if content is None:
        detail = f"the {role} message has no content, or null (keys: {', '.join(map(str, message))})"
        raise ContentError("wrong message", f"{detail}: it needs text")
    if isinstance(content, list) and content:
        if images:
            raise ContentError("ambiguous keys", "a message has images and blocks: name them in the blocks")
        texts, named = zip(*map(_block, content), strict=True)
        return "".join(texts), sum(named, [])
    if not isinstance(content, str):
        found = "an empty list" if content == [] else type(content).__name__
        raise ContentError("wrong message", f"content of the {role} message is text or blocks, not {found}")
    names = images if isinstance(images, list) else [images] if images else []
    return IMAGE_TAG * (len(names) - content.count(IMAGE_TAG)) + content, names


def _block(block: Any) -> tuple[str, list[Any]]:
    """The text of a block, or a tag and the image that the block names (or its index, or None)."""
    if not isinstance(block, Mapping):
        raise ContentError("wrong message", f"a block of content is an object with a type, not {block!r:.40}")
    filled = {key: value for key, value in block.items() if value is not None}  # Arrow fills up with nulls
    if filled.get("text") and any(filled.get(key) for key in NAME_KEYS):
        raise ContentError(
            "wrong message", f"a block {dict(block)!r:.80} has a text and an image: make it two"
        )
    kind = filled.pop("type", next((key for key in ("text", "image", "image_url") if key in filled), None))
    if kind in TEXT_BLOCKS:
        if not isinstance(text := filled.get("text"), str):
            raise ContentError("wrong type", f"text of a block must be text, not {text!r:.40}")
        return text, []
    if kind not in IMAGE_BLOCKS:
        detail = f"a block {dict(block)!r:.80} is not read: those of type text, image and image_url are"
        raise ContentError("wrong message", detail)
    name, index = _one_of(filled, *NAME_KEYS), filled.get("index")
    if name is None and isinstance(index, int):
        return IMAGE_TAG, [index]
    if name is None and any(filled.values()):
        detail = (
            f"a block of type {kind} names its image by {', '.join(NAME_KEYS)}, not by {', '.join(filled)}"
        )
        raise ContentError("wrong message", detail)
    if isinstance(name, int):
        raise ContentError("wrong type", f"the image of a block must be a path, not {name!r}")
    if isinstance(name, Mapping) and "url" in name:
        name = name["url"]
    return IMAGE_TAG, [name]


def _flag(message: Mapping[str, Any], role: str) -> dict[str, bool]:
    """`{"loss": False}` for a message that is not trained on although it is an answer."""
    said = {key: message[key] for key in FLAGS if message.get(key) is not None}
    for key, value in said.items():
        yes, no = FLAGS[key]
        is_kind = isinstance(value, bool) if isinstance(yes, bool) else isinstance(value, int | float)
        if not is_kind or value not in (yes, no):
            allowed = "true or false" if yes is True else "1 (trained on) or 0 (not)"
            detail = f"{key} of a message must be {allowed}, not {value!r:.40}"
            raise ContentError("wrong type", detail)
        if value and role != "assistant":
            detail = f"{key} of a {role} message cannot be {value!r}: only answers are trained on"
            raise ContentError("unsupported key", detail)
    if len(set(map(bool, said.values()))) > 1:
        raise ContentError("ambiguous keys", f"{' and '.join(said)} of a message disagree: keep one of them")
    return {} if all(said.values()) or role != "assistant" else {"loss": False}
