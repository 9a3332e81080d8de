r"""Text with boxes: answers that say what is written in a picture, and where each text stands.

    <ref>Invoice 4711</ref><box>(120,80),(430,140)</box>
    <ref>3 May 2026</ref><box>(120,150),(430,190)</box>

A text and its box, left, top, right and bottom in thousandths of the picture's width and height, as Qwen-VL
writes them (arXiv 2308.12966) with tokens that GOT has in its vocabulary from Qwen. Texts come in
the order in which they are read, each on a line of its own; one text may have several lines.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from got_train.vocabulary import BOX_END, BOX_START, BOX_TOKENS, REF_END, REF_START

Permille = tuple[int, int, int, int]
"""Left, top, right and bottom in thousandths of the picture's width and height, from 0 to 1000."""

BOXED_EXAMPLE = f"{REF_START}text{REF_END}{BOX_START}(x1,y1),(x2,y2){BOX_END}"
"""For messages."""

_BOX = re.compile(
    rf"\s*{BOX_START}\s*"
    r"\(\s*(\d{1,4})\s*,\s*(\d{1,4})\s*\)\s*,\s*\(\s*(\d{1,4})\s*,\s*(\d{1,4})\s*\)"
    rf"\s*{BOX_END}",
    re.ASCII,
)


@dataclass(frozen=True)
class BoxedText:
    """A text, and where it stands."""

    text: str
    box: Permille

    def pixels(self, width: int, height: int) -> tuple[float, float, float, float]:
        """The box in pixels of a picture of this size, as a person sees it upright, to a tenth of a pixel.

        >>> BoxedText("a", (250, 100, 500, 1000)).pixels(200, 50)
        (50.0, 5.0, 100.0, 50.0)
        """
        left, top, right, bottom = self.box
        across, down = width / 1000, height / 1000
        return (
            round(left * across, 1),
            round(top * down, 1),
            round(right * across, 1),
            round(bottom * down, 1),
        )


@dataclass(frozen=True)
class BoxedAnswer:
    """What an answer says, as far as it can be read."""

    found: tuple[BoxedText, ...]
    """In the order of the answer."""
    num_broken: int = 0
    """Pieces of the answer that are no text with its box: what was cut off, no box, words beside."""

    @property
    def text(self) -> str:
        """The texts alone, below each other."""
        return "\n".join(one.text for one in self.found)


def is_box(box: Permille) -> bool:
    """Whether four thousandths are a box with an area, inside the picture."""
    left, top, right, bottom = box
    return 0 <= left < right <= 1000 and 0 <= top < bottom <= 1000


def write_boxed(texts: Iterable[BoxedText]) -> str:
    """The answer that says these texts and boxes.

    >>> write_boxed([BoxedText("Total", (1, 2, 300, 40))])
    '<ref>Total</ref><box>(1,2),(300,40)</box>'

    Raises:
        ValueError: for a text or box that could not be read back.
    """
    return "\n".join(map(_write, texts))


def read_boxed(answer: str) -> BoxedAnswer:
    """The texts and boxes of an answer; what cannot be read is counted, and nothing is put in its place.

    White space between the parts does not matter.

    >>> read_boxed("<ref>a</ref> <box>(1, 2), (3, 4)</box> b <ref>c")
    BoxedAnswer(found=(BoxedText(text='a', box=(1, 2, 3, 4)),), num_broken=2)
    """
    found, num_broken = [], 0
    for piece in _pieces(answer):
        if isinstance(piece, BoxedText):
            found.append(piece)
        else:
            num_broken += 1
    return BoxedAnswer(tuple(found), num_broken)


def is_boxed(answer: str) -> bool:
    """Whether an answer is text with boxes, perhaps with broken pieces."""
    return answer.lstrip().startswith(REF_START) and BOX_START in answer


def write_ref(text: str) -> str:
    """A text between its tokens.

    Raises:
        ValueError: for a text that is blank, or has one of the tokens in it.
    """
    if not text.strip():
        raise ValueError("a text with a box is blank")
    if any(token in text for token in BOX_TOKENS):
        raise ValueError(f"a text with a box has one of {' '.join(BOX_TOKENS)} in it")
    return f"{REF_START}{text}{REF_END}"


def write_box(box: Permille) -> str:
    """A box between its tokens.

    Raises:
        ValueError: for a box that has no area, or lies outside of the picture.
    """
    if not is_box(box):
        raise ValueError("a box has no area in thousandths of the picture, or lies outside of it")
    left, top, right, bottom = box
    return f"{BOX_START}({left},{top}),({right},{bottom}){BOX_END}"


def _write(one: BoxedText) -> str:
    return write_ref(one.text) + write_box(one.box)


def _pieces(answer: str) -> Iterator[BoxedText | str]:
    """The texts with boxes of an answer, and between them what is neither these nor white space."""
    before, *parts = answer.split(REF_START)
    yield from filter(str.strip, [before])
    for part in parts:
        text, _, rest = part.partition(REF_END)
        match = _BOX.match(rest)
        box = _box(match)
        if match is None or not is_box(box) or not text.strip():
            yield part
            continue
        yield BoxedText(text, box)
        yield from filter(str.strip, [rest[match.end() :]])


def _box(match: re.Match[str] | None) -> Permille:
    """The numbers of a box; one without area where there is none."""
    left, top, right, bottom = map(int, match.groups()) if match else (0, 0, 0, 0)
    return left, top, right, bottom
