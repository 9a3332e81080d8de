"""What a foreign file says of one picture."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from data_engines.engine import PixelBox
from data_engines.tools.corpora import CONTROL
from data_engines.tools.typed import as_typed
from got_train.data.file_heads import PICTURE_ENDINGS, STRUCTURE, markup_in
from got_train.data.foreign import is_latex
from got_train.markup.delimiters import only_formula
from got_train.tex.source import plain_formula

Form = Literal["plain", "latex", "json"]
NO_TEXT = "empty transcription"
ILLEGIBLE = "###"
"""By which ICDAR and PaddleOCR mark what nobody can read."""
NOT_READ = "box marked as unreadable (###), difficult, or not yet read"


@dataclass(frozen=True)
class LabelledBox:
    box: PixelBox
    text: str
    """Empty where a text is that can't be read."""


@dataclass(frozen=True)
class Label:
    """A picture and what stands on it: a text, or texts in boxes."""

    location: str
    """The place of the label, for messages: `file:line` or `file:number`."""
    picture: Path | str
    """A file, or a name that has to be looked for."""
    text: str | None = None
    """Of the whole picture; None where there are only boxes."""
    form: Form = "plain"
    """What the text is."""
    query: str | None = None
    """A question of the file's own."""
    boxes: tuple[LabelledBox, ...] = ()
    size: tuple[float, float] | None = None
    """Width and height in pixels of the picture that was labelled, if the file says them."""
    hundredths: bool = False
    """Whether boxes are in hundredths of the picture, and not in its pixels."""

    def answer(self) -> str:
        """The text as answers have it; empty where there is none.

        Raises:
            TexError: it is a formula that means nothing on its own, or whose braces don't match.
        """
        text = CONTROL.sub("", self.text or "")
        if self.form == "plain":
            return "" if text.strip() == ILLEGIBLE else plain_answer(text)
        return latex_answer(text) if self.form == "latex" else text


@dataclass(frozen=True)
class Alone:
    """A picture without a text, or a text without a picture: named, as a missing picture is."""

    what: str


Found = Label | Alone | str
"""What a reader finds: a label, what is alone, or why it left out a label."""


def text_labels(texts: Sequence[tuple[str, Path | str, str]]) -> Iterator[Label]:
    """The labels of places, pictures and texts of one set, which are all LaTeX or none.

    Raises:
        ValueError: a text is JSON, HTML or what Python prints, such as the boxes of a picture.
    """
    form: Form = "latex" if is_latex([text for _, _, text in texts]) else "plain"
    if texts and all(text.lower().endswith(PICTURE_ENDINGS) for _, _, text in texts):
        raise ValueError(f"{texts[0][0]}: pictures beside pictures; give pictures and texts")
    for location, picture, text in texts:
        held = markup_in(text)
        if form == "plain" and STRUCTURE.match(text):
            held = held or "a list or an object"
        if held:
            raise ValueError(f"{location} holds {held}, and not the text of a picture")
        yield Label(location, picture, text, form)


def plain_answer(text: str) -> str:
    """The lines of a text as a reader would type them."""
    return "\n".join(filter(None, map(as_typed, text.splitlines())))


def latex_answer(text: str) -> str:
    r"""A formula as `got-data formula` spells it, between `\[` and `\]`; other marked-up text as it is.

    >>> latex_answer("$x ^ { 2 }$"), latex_answer(r"If \(x\)")
    ('\\[x^{2}\\]', 'If \\(x\\)')

    Raises:
        TexError: it is a formula that means nothing on its own, or whose braces don't match.
    """
    text = text.strip()
    bare = only_formula(text)
    if bare is None and text.startswith("$") and text.endswith("$") and "$" not in text.strip("$"):
        bare = text.strip("$")
    if bare is None and any(sign in text for sign in ("$", r"\(", r"\[", "\n")):
        return text
    formula = plain_formula(text if bare is None else bare)
    return rf"\[{formula}\]" if formula else ""


def labelled_box(corners: list[tuple[float, float]], text: str) -> LabelledBox:
    """The upright box around corners, with its text; what nobody can read becomes empty.

    Raises:
        ValueError, TypeError: a corner is not two finite numbers, or the text is none.
    """
    text = checked_text(text)
    xs, ys = zip(*((float(x), float(y)) for x, y in corners), strict=True)
    if not all(map(math.isfinite, (*xs, *ys))):
        raise ValueError("a corner is not two finite numbers")
    return LabelledBox(
        (min(xs), min(ys), max(xs), max(ys)), "" if text.strip() in (ILLEGIBLE, "*") else plain_answer(text)
    )


def checked_text(text: Any) -> str:
    """The value of a file that has to be a text.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(text, str):
        raise TypeError(f"a text is not text, but {text!r:.40}")
    return text


def picture_size(about: Mapping[str, Any], prefix: str = "") -> tuple[float, float] | None:
    """Width and height in pixels that a file says of a picture; None where it says nothing or zero.

    Raises:
        ValueError, TypeError: they are no numbers.
    """
    width, height = (float(about.get(f"{prefix}{side}") or 0) for side in ("width", "height"))
    return (width, height) if width > 0 and height > 0 else None
