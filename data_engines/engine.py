"""What an engine is: the module `engine` of a room in `data_engines/kinds/`, with five names.

=========  ==============================================================================================
`Options`  what a user can choose: a frozen dataclass of `options.option` fields; the flags come from it
`load`     (options, rng) -> `Stock`: reads the sources once per run; a ValueError for input it can't use
`decide`   (rng, index, stock) -> spec: decides all about one sample, as a small frozen dataclass
`draw`     (specs) -> for each spec its `Drawing`, or the `Reject` that says why there is none
`check`    (spec, drawing) -> the `Drawing` that is written; a Reject where something other than what wrote
           the answer, such as the ink or the text of the page, says that it is wrong
=========  ==============================================================================================

What is said of the kind besides, the `Kind` of its room, holds how many specs it draws together and what
share of the samples it may reject. Chance comes from the given `rng` only, which is seeded by (seed, kind,
index): sample `index` is the same whoever draws it, and when. All chance is spent in `decide`: what is drawn
and answered comes from the spec alone, never from the specs beside it, which are drawn together only because
some programs start slowly. An engine that draws one at a time says so with `one_by_one`. What its check reads
besides the picture travels in a subclass of `Drawing`.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from PIL import Image

from got_train.data.errors import ImageError, RowError
from got_train.prompts import Task
from got_train.tex.errors import TexError

Spec = TypeVar("Spec")
Made = TypeVar("Made")
AnyDrawing = TypeVar("AnyDrawing", bound="Drawing")
Options = TypeVar("Options")

PixelBox = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels of the picture; right and bottom are just outside."""
Rgb = tuple[int, int, int]
"""Levels of red, green and blue, from 0 to 255."""


class Reject(Exception):  # noqa: N818 (not an error: an engine's verdict on one sample)
    """A sample that cannot be drawn; the message is the cause under which it is counted.

    Causes are few: what differs from sample to sample stays out of the message.
    """


class LeftOut(Reject):
    """A part of the sources that no sample can be made of, such as a scanned page: no fault of the run."""


@dataclass(frozen=True)
class Answer:
    """One row about a drawing: what is asked, and the text that answers it."""

    task: Task
    text: str
    """Empty for text with boxes: it says where the regions of the drawing are when that is written."""
    box: PixelBox | None = None
    """The region that is asked about, which the query then names in thousandths."""
    no_text: bool = False
    """Whether the picture has no text, so that the text of the answer is empty."""


@dataclass(frozen=True)
class Region:
    """A text in a picture, for questions about parts of it."""

    box: PixelBox
    text: str
    format: bool = False
    """Whether the text is marked up, as answers to `OCR with format: ` are."""


@dataclass(frozen=True)
class Drawing:
    """A sample as it is written: usually one picture, several only for questions across pages."""

    pictures: tuple[Image.Image, ...]
    answers: tuple[Answer, ...]
    regions: tuple[Region, ...] = ()
    """Texts of the only picture: words, lines, paragraphs or cells, whichever stand apart."""
    photograph: bool = False
    """Whether it looks like one: then it is written as JPEG, in a fifth of the time and bytes of PNG."""
    unanswered: tuple[str, ...] = ()
    """Texts that are printed and that the answer leaves out, such as running heads."""


@dataclass(frozen=True)
class Source:
    """A file or folder that samples come from, for the manifest."""

    path: Path | None
    """As the user gave it, for the manifest to take its fingerprint; None for what a package brings."""
    name: str
    """What it is called on any machine: a package and its version, or the path as it was given."""
    licence: str = "its owner's terms"


@dataclass(frozen=True, kw_only=True)
class Stock(Generic[Options]):
    """What samples are drawn from; read by the main process, sent to every worker once."""

    options: Options
    sources: tuple[Source, ...]
    """The files and folders it was read from."""
    size: int | None = None
    """How many samples there are in it; None if it never runs out."""
    left_out: dict[str, int] = field(default_factory=dict)
    """Files that can't be used, counted by cause."""
    versions: dict[str, str] = field(default_factory=dict)
    """Of the packages and programs it draws with, besides Pillow and numpy: other versions, other bytes."""


def one_by_one(
    draw: Callable[[Spec], AnyDrawing],
) -> Callable[[Sequence[Spec]], Iterator[AnyDrawing | Reject]]:
    """Makes a function of one spec, which raises a Reject for what can't be drawn, an engine's `draw`.

    Each drawing is made when it is asked for: the pictures of all specs would take much memory.
    """

    @functools.wraps(draw)
    def draw_all(specs: Sequence[Spec]) -> Iterator[AnyDrawing | Reject]:
        return (attempt(draw, spec) for spec in specs)

    return draw_all


def attempt(step: Callable[..., Made], *arguments: Any) -> Made | Reject:
    """What `step` makes, or a Reject with the cause why not: any exception becomes one; many stop the run.

    The Reject is a new one: the frames of the exception would keep all that they drew alive with it.
    """
    try:
        return step(*arguments)
    except LeftOut as cause:
        return LeftOut(str(cause))
    except (Reject, TexError) as error:
        return Reject(str(error))
    except (RowError, ImageError) as error:
        return Reject(error.cause)
    except Exception as error:
        return Reject(f"{type(error).__name__}: {error}".partition("\n")[0])
