"""Every prompt of the recipe: the queries of its tasks (`Task`), and the chat templates around them.

Three chat templates are in use for the same model; all three are kept, byte for byte:

=============  ==========================================================================================
original       the authors' training code: no newline after a message
transformers   `GotOcr2Processor`: like original, with a space before a plain query and two after a colour
swift          ms-swift: eight spaces before the system text, a newline after each message, text as written
=============  ==========================================================================================
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from got_train.vocabulary import MESSAGE_END, MESSAGE_START

TemplateName = Literal["original", "transformers", "swift"]
Color = Literal["red", "green", "blue"]

SYSTEM = "You should follow the instructions carefully and explain your answers in detail."
IMAGE_TAG = "<image>"
COLORS: tuple[Color, ...] = ("red", "green", "blue")
LATEX_OCR_QUERY = "Using LaTeX to perform OCR on the image."
"""The query of ms-swift's LaTeX-OCR data sets."""


@dataclass(frozen=True)
class ChatTemplate:
    """How the messages of a conversation are joined into one string."""

    system: str
    message_end: str
    """What closes a message; it is supervised after an answer."""
    as_written: bool = False
    """Whether queries are kept as they are, and every image has a block of its own."""

    def system_message(self, text: str | None) -> str:
        """The system message: None for the template's own text, an empty text for no message."""
        text = self.system if text is None else text
        return f"{MESSAGE_START}system\n{text}{self.message_end}" if text else ""

    def user_message(self, content: str) -> str:
        """The user's message and the start of the assistant's message: everything before an answer."""
        return f"{MESSAGE_START}user\n{content}{self.message_end}{MESSAGE_START}assistant\n"

    def answer(self, text: str) -> str:
        """The supervised text: the answer and what closes it, nothing else."""
        return f"{text}{self.message_end}"


CHAT_TEMPLATES: dict[TemplateName, ChatTemplate] = {
    "original": ChatTemplate(SYSTEM, MESSAGE_END),
    "transformers": ChatTemplate(SYSTEM, MESSAGE_END),
    "swift": ChatTemplate(" " * 8 + SYSTEM, f"{MESSAGE_END}\n", as_written=True),
}


@dataclass(frozen=True)
class Task:
    """What the model is asked about an image."""

    format: bool = False
    """Formatted output (markdown, LaTeX, SMILES, kern, TikZ, chart dictionaries) instead of plain text."""
    box: tuple[int, ...] | None = None
    """Region in thousandths of the image's width and height: x1, y1, x2, y2, or a point x, y."""
    color: Color | None = None
    """Colour of the frame drawn round the region."""
    crop: bool = False
    """The image comes as several tiles."""
    pages: bool = False
    """The images are pages of one document."""
    with_boxes: bool = False
    """Text with boxes: the texts of the image, and where they stand, as `markup.boxes` writes them."""

    def query(self, template: TemplateName = "original") -> str:
        """The query text of this task, without any image tag.

        >>> Task(format=True, color="red").query()
        '[red] OCR with format: '
        """
        color = f"[{self.color}] " if self.color else ""
        box = str(list(self.box)) if self.box else ""
        space = " " if template == "transformers" or self.box else ""
        ways = [name for name, wanted in (("format", self.format), ("boxes", self.with_boxes)) if wanted]
        verb = f"OCR with {' and '.join(ways)}" if ways else "OCR"
        scope = " across multi pages" if self.pages else " upon the patch reference" if self.crop else ""
        return f"{color}{box}{space}{verb}{scope}: "


def box_permille(box: Sequence[float], width: int, height: int) -> tuple[int, ...]:
    """Pixel coordinates x, y, ... as whole thousandths of the image's size, which prompts use.

    >>> box_permille((64, 10, 128, 50), width=256, height=100)
    (250, 100, 500, 500)
    """
    return tuple(int(value / (height if i % 2 else width) * 1000) for i, value in enumerate(box))


_TASK = re.compile(
    r"\s*(?:\[(?P<color>red|green|blue)\]\s*)?(?:\[(?P<box>[0-9]{1,6}(?:,\s*[0-9]{1,6}){1,3})\]\s*)?"
    r"OCR(?: with (?P<ways>format|boxes|format and boxes))?"
    r"(?: (?P<scope>across multi pages|upon the patch reference))?:\s*"
)


def parse_task(query: str) -> Task | None:
    """The task that a query asks for, in any template and with any white space; None for other queries."""
    match = _TASK.fullmatch(query)
    if match is None:
        return None
    ways = match["ways"] or ""
    box = tuple(int(value) for value in match["box"].split(",")) if match["box"] else None
    return Task(
        format="format" in ways,
        with_boxes="boxes" in ways,
        box=box,
        color=next((color for color in COLORS if color == match["color"]), None),
        crop=match["scope"] == "upon the patch reference",
        pages=match["scope"] == "across multi pages",
    )


def canonical_query(query: str, template: TemplateName) -> str:
    """A query of one of the recipe's tasks in the template's own spelling; any other query unchanged."""
    task = parse_task(query)
    return query if task is None else task.query(template)
