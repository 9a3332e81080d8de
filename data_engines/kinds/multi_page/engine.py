"""Several pages of sets that were drawn before, each a picture of its own, to be read in one answer.

As in the published recipe there are 2 to 8 pages of fewer than 650 tokens, at most 8,192 with the pictures'
own tokens; pages of all sets are mixed, so that languages alternate.
"""

from dataclasses import dataclass

import numpy as np

from data_engines.engine import Answer, Drawing, Reject, Stock, one_by_one
from data_engines.options import EngineOptions, Range, option
from data_engines.tools.sets import (
    Page,
    check_shown,
    choose_pages,
    count_rows,
    count_tokens,
    join_texts,
    set_sources,
)
from got_train.prompts import Task
from got_train.vocabulary import TILE_SIZE, tokens_per_tile

TOKENS_OF_PICTURE = tokens_per_tile(TILE_SIZE, patch_size=16)
TOKENS_OF_PROMPT = 64
"""More than system text, query and marks take."""


@dataclass(frozen=True)
class Options(EngineOptions):
    source: tuple[str, ...] = option("sets to take pages from: folders of got-data, or files of rows")
    pages: Range = option("pages in a sample", Range(2, 8), lowest=2)
    page_tokens: int = option("tokens of a page's text at most", 650, lowest=1)
    total_tokens: int = option("tokens of a whole sample at most, pictures and prompt included", 8192)

    def __post_init__(self) -> None:
        super().__post_init__()
        fewest = self.pages.low * (TOKENS_OF_PICTURE + 1) + TOKENS_OF_PROMPT
        if self.total_tokens < fewest:
            raise ValueError(
                f"--total-tokens {self.total_tokens}: --pages {self.pages} take at least {fewest}"
            )


@dataclass(frozen=True)
class Spec:
    pages: tuple[Page, ...]


def load(options: Options, rng: np.random.Generator) -> Stock[Options]:
    count_rows(options.source, options.pages.high)
    return Stock(sources=set_sources(options.source), options=options)


def decide(rng: np.random.Generator, index: int, stock: Stock[Options]) -> Spec:
    options = stock.options
    pages = choose_pages(rng, options.source, options.pages.choose(rng), longest=options.page_tokens)
    length = count_tokens(join_texts(pages)) + len(pages) * TOKENS_OF_PICTURE + TOKENS_OF_PROMPT
    if length > options.total_tokens:
        raise Reject("pages too long together")
    return Spec(tuple(pages))


@one_by_one
def draw(spec: Spec) -> Drawing:
    pictures = tuple(page.open() for page in spec.pages)
    task = Task(format=spec.pages[0].format, pages=True)
    return Drawing(pictures, (Answer(task, join_texts(spec.pages)),))


def check(spec: Spec, drawing: Drawing) -> Drawing:
    """The drawing, if no page is blank; the pages were checked when they were drawn."""
    for picture in drawing.pictures:
        check_shown(picture)
    return drawing
