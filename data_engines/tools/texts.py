"""Running text of a kind: lines of prose, mixed with the matter that documents hold beside it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from data_engines.engine import Source
from data_engines.kind import FAKER
from data_engines.options import Range, option
from data_engines.tools.chance import one_of
from data_engines.tools.corpora import (
    Language,
    check_text,
    find_language,
    language_of,
    read_corpus,
    run_of_words,
)
from data_engines.tools.matter.filler import Matter, Tongue, read_matter
from data_engines.tools.packages import packaged
from data_engines.tools.prose import read_prose

MATTER = 0.25
"""Share of matter among texts of packages, with which digits and signs are as frequent as in documents."""


def matter_option() -> Any:
    """The option of all kinds that draw running text."""
    return option(
        "fraction of the texts that are made-up numbers, prices, dates, addresses, codes, lists and the like "
        f"instead of prose; by default {MATTER}, and 0 with --source",
        None,
        lowest=0,
        highest=1,
    )


@dataclass(frozen=True)
class Texts:
    """Texts to choose from: each is a line of `lines` or, with the probability `share`, made-up matter."""

    lines: tuple[str, ...]
    matter: tuple[Matter, ...]
    """One for each language, all as likely; empty where `share` is 0."""
    share: float
    sources: tuple[Source, ...]

    def choose(self, rng: np.random.Generator) -> str:
        # without matter no chance is spent: a user's texts stay as they were before there was any
        if self.share and rng.random() < self.share:
            return one_of(rng, self.matter).choose(rng)
        return one_of(rng, self.lines)

    def choose_run(self, rng: np.random.Generator, words: Range) -> str:
        """A run of words from a random text, or the whole text if it is shorter, that needs no shaping."""
        return check_text(run_of_words(rng, self.choose(rng), words))

    def choose_sentences(self, rng: np.random.Generator, count: int) -> list[str]:
        """`count` sentences of matter in each language; none where `share` is 0."""
        return [matter.choose_sentence(rng) for matter in self.matter for _ in range(count)]

    def characters(self) -> set[str]:
        """Every character that a text may hold."""
        return set("".join(self.lines)).union(*(matter.characters() for matter in self.matter))


def read_texts(
    source: Path | None, language: Language | None, share: float | None, rng: np.random.Generator
) -> Texts:
    """The lines of a source, or prose of packages, and the matter that `--matter` asks for beside them."""
    corpus = read_corpus(source, language, rng) if source else read_prose(language, rng)
    if share is None:
        share = 0.0 if source else MATTER
    texts = Texts(corpus.lines, (), share, corpus.sources)
    if not share:
        return texts
    matter = read_all_matter(corpus.lines, language, rng)
    return replace(texts, matter=matter, sources=(*corpus.sources, *packaged(FAKER)))


def read_all_matter(
    lines: Sequence[str], language: Language | None, rng: np.random.Generator
) -> tuple[Matter, ...]:
    """The matter of a language, or of both if it is mixed, with phrases of the lines of each."""
    language = language or find_language(lines)
    tongues: tuple[Tongue, ...] = ("en", "zh") if language == "mixed" else (language,)
    own = {tongue: [line for line in lines if language_of(line) == tongue] for tongue in tongues}
    return tuple(read_matter(tongue, own[tongue] or lines, rng) for tongue in tongues)
