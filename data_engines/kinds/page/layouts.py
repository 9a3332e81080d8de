"""Which blocks follow each other in articles, textbooks, newspapers and slides."""

from collections.abc import Callable

from data_engines.kinds.page import document
from data_engines.kinds.page.author import BIBLIOGRAPHY, EXERCISES, Author
from data_engines.kinds.page.document import Block
from data_engines.kinds.page.typography import Layout
from data_engines.options import Range

FRONT_PAGES = 0.5
"""Share of the pages of newspapers that are their first ones."""


def choose_blocks(author: Author) -> tuple[Block, ...]:
    """More blocks than fit into the author's page, except for slides, and their footnotes."""
    blocks = _LAYOUTS[author.layout](author)
    return (*blocks, *author.footnotes())


def _article(author: Author) -> list[Block]:
    rng, room = author.rng, author.room
    blocks: list[Block] = []
    if rng.random() < 0.3:
        blocks = author.front()
    elif rng.random() < 0.15:
        blocks = author.figure(room.text_width)
    elif rng.random() < 0.5:
        blocks = [author.paragraph()]  # the page continues the one before it
    ends = rng.uniform(0.1, 0.7) * room.lines if author.has_references else room.lines
    while author.lines(blocks) < ends:
        blocks += author.section()
    if author.has_references:
        blocks.append(author.plain_heading(1, author.choose_of(BIBLIOGRAPHY[author.tongue])))
        blocks += _numbered(author, author.reference, int(rng.integers(1, 20)), blocks)
    return blocks


def _textbook(author: Author) -> list[Block]:
    """Paragraphs with definitions, examples and formulas, then exercises."""
    rng, room = author.rng, author.room
    blocks: list[Block] = []
    ends = rng.uniform(0.0, 0.8) * room.lines
    while author.lines(blocks) < ends:
        author.turn_over()
        blocks.append(author.heading(1))
        for _ in range(rng.integers(1, 4)):
            blocks.append(author.paragraph())
            weights = {"": 1, "statement": 4, "display": 2, "figure": 1, "items": 0.5, "heading": 0.5}
            blocks += author.extra(author.choose_weighted(weights))
    blocks.append(author.plain_heading(1, author.choose_of(EXERCISES[author.tongue])))
    return blocks + _numbered(author, author.exercise, int(rng.integers(1, 40)), blocks)


def _numbered(author: Author, write: Callable[[int], Block], first: int, above: list[Block]) -> list[Block]:
    """References or exercises, which fill the page below the blocks above them; at least one."""
    blocks = [write(first)]
    while author.lines([*above, *blocks]) < author.room.lines:
        blocks.append(write(first + len(blocks)))
    return blocks


def _newspaper(author: Author) -> list[Block]:
    """A headline across the columns and articles below it; at times a picture or the paper's name above."""
    rng, room = author.rng, author.room
    head = author.front_page() if rng.random() < FRONT_PAGES else []
    headline = [document.title(author.prose.phrase(author.tongue, Range(5, 9)))]
    picture = author.figure(room.text_width) if rng.random() < 0.3 else []
    blocks = head + (headline + picture if rng.random() < 0.5 else picture + headline)
    blocks.append(author.byline())
    while author.lines(blocks) < room.lines:
        blocks += [author.paragraph() for _ in range(rng.integers(2, 5))]
        weights = {"crosshead": 2, "figure": 1, "article": 1, "": 2}
        match author.choose_weighted(weights):
            case "crosshead":
                words = author.prose.phrase(author.tongue, Range(2, 4))
                blocks += [author.plain_heading(2, words), author.paragraph()]
            case "figure":
                blocks += author.figure(room.column_width)
            case "article":
                author.turn_over()
                words = author.prose.phrase(author.tongue, Range(3, 7))
                blocks += [author.plain_heading(1, words), author.byline()]
    return blocks


def _slide(author: Author) -> list[Block]:
    """A heading, a list, and below it what there is room for."""
    rng, room = author.rng, author.room
    blocks = [author.plain_heading(1, author.prose.phrase(author.tongue, Range(2, 6)))]
    if rng.random() < 0.3:
        blocks.append(author.paragraph())
    blocks.append(author.points())
    for _ in range(2):
        weights = {"points": 1, "figure": 2, "display": 1, "code": 1, "table": 1}
        more = author.extra(author.choose_weighted(weights))
        if author.lines([*blocks, *more]) < room.lines:
            blocks += more
    return blocks


_LAYOUTS: dict[Layout, Callable[[Author], list[Block]]] = {
    "article": _article,
    "textbook": _textbook,
    "newspaper": _newspaper,
    "slide": _slide,
}
