"""Values of JSON texts, and of lists as Python writes them."""

import ast
import json
import re
from collections import Counter
from typing import Any

from got_train.data.errors import ContentError

MAX_SHOWN = 20
"""Most characters of a text that is not JSON in a message."""


def load_json(text: str | bytes) -> Any:
    """The value of a JSON text, whose bytes are UTF-8.

    Raises:
        ContentError: if it is not JSON, or an object has a key twice.
    """
    try:
        # of bytes, `json` itself would guess the encoding
        text = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        return json.loads(text, object_pairs_hook=_with_keys_once, parse_constant=_number_or_null)
    except ContentError:
        raise
    except UnicodeDecodeError as error:
        raise ContentError("not JSON", f"byte {error.start} is not UTF-8") from None
    except json.JSONDecodeError as error:
        line = f"line {error.lineno}, " * ("\n" in error.doc.strip())
        shown = error.doc[error.pos : error.pos + MAX_SHOWN].strip()
        raise ContentError("not JSON", f"{error.msg}: {line}column {error.colno}, {shown!r}") from None
    except (ValueError, RecursionError) as error:  # for numbers or nesting beyond Python's limits
        raise ContentError("not JSON", str(error)) from None


def _number_or_null(name: str) -> float | None:
    """The value of a constant that JSON lacks; NaN is what pandas has in an empty cell."""
    return None if name == "NaN" else float(name)


def _with_keys_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; of a key that stands twice `json` would keep the last value."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ContentError("ambiguous keys", f"{twice} stands twice in an object: keep one of them")
    return found


def read_list(text: str) -> Any:
    """The list or object that a text holds in JSON, or as Python writes it; any other text as it is."""
    # numpy writes no commas, and Python would join the texts
    for read in (load_json,) if re.search(r"'\s+'", text) else (load_json, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):  # all of `literal_eval`
            continue
    return text
