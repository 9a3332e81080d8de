"""Several pages of sets that were drawn before, each a picture of its own, to be read in one answer.

As in the published recipe there are 2 to 8 pages of fewer than 650 tokens, at most 8,192 with the pictures'
own tokens; pages of all sets are mixed, so that languages alternate.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data_engines.engine import Answer, Drawing, Stock, one_by_one
from data_engines.options import EngineOptions, Range, option
from data_engines.tools.page_index import PageIndex, index_pages
from data_engines.tools.sets import Page, check_shown, count_tokens, join_texts, set_sources
from got_train.prompts import Task
from got_train.vocabulary import TILE_SIZE, tokens_per_tile

TOKENS_OF_PICTURE = tokens_per_tile(TILE_SIZE, patch_size=16)
TOKENS_OF_PROMPT = 64
"""More than system text, query and marks take."""
TOKENS_BETWEEN = 2
"""Two pages are joined by as many at most."""
MAX_BYTES_OF_TOKEN = 8
"""On average over a page: English prose has 4 to 5, Chinese, formulas and tables have fewer."""


@dataclass(frozen=True)
class Options(EngineOptions):
    source: tuple[str, ...] = option("sets to take pages from: folders of got-data, or files of rows")
    pages: Range = option("pages in a sample", Range(2, 8), lowest=2)
    page_tokens: int = option("tokens of a page's text at most", 650, lowest=1)
    total_tokens: int = option("tokens of a whole sample at most, pictures and prompt included", 8192)

    def __post_init__(self) -> None:
        super().__post_init__()
        least = self.pages.low * (TOKENS_OF_PICTURE + 1) + TOKENS_OF_PROMPT
        if self.total_tokens < least:
            raise ValueError(
                f"--total-tokens {self.total_tokens}: --pages {self.pages} take at least {least}"
            )


@dataclass(frozen=True, kw_only=True)
class PageStock(Stock[Options]):
    index: PageIndex
    """Pages that are likely to be short enough."""


@dataclass(frozen=True)
class Spec:
    pages: tuple[Page, ...]


def load(options: Options, rng: np.random.Generator) -> PageStock:
    index = index_pages(options.source, options.pages.high)
    # counting the tokens of all pages would take minutes for large sets
    index = index.keep(index.pages["num_bytes"] <= MAX_BYTES_OF_TOKEN * options.page_tokens, "page too long")
    index = index.keep_companions(options.pages.low)
    sources = set_sources(options.source)
    return PageStock(sources=sources, options=options, left_out=index.left_out, index=index)


def decide(rng: np.random.Generator, index: int, stock: PageStock) -> Spec:
    options = stock.options

    def fit(pages: Sequence[Page]) -> bool:
        texts = [count_tokens(page.text) for page in pages]
        whole = sum(texts) + len(pages) * (TOKENS_OF_PICTURE + TOKENS_BETWEEN) + TOKENS_OF_PROMPT
        return texts[-1] <= options.page_tokens and whole <= options.total_tokens

    return Spec(stock.index.choose(rng, options.pages, fit))


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
