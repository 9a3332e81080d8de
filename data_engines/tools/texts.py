"""Running text of a kind: lines of prose, mixed with the matter that documents hold beside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from data_engines.engine import Reject, Source
from data_engines.kind import FAKER
from data_engines.options import Range, option
from data_engines.tools.chance import Choice, one_of
from data_engines.tools.corpora import (
    PATTERNS,
    Language,
    find_language,
    language_by_share,
    language_of,
    no_line,
    no_text,
    read_corpus,
    read_lines,
    run_of_words,
)
from data_engines.tools.fonts import Face
from data_engines.tools.languages import LOCALES, LanguageCode, Script, letters_of
from data_engines.tools.large_texts import MAX_WHOLE_BYTES, FileTexts, is_large
from data_engines.tools.matter.filler import Matter, Tongue, read_matter
from data_engines.tools.matter.local import LocalMatter, local_lines, local_matter_sources, read_local_matter
from data_engines.tools.packages import packaged
from data_engines.tools.parts import ONE_WORD_OF, Part, lines_of_new_words, without_left_out
from data_engines.tools.prose import read_prose
from data_engines.tools.shaping import check_shaper

MATTER = 0.25
"""Share of matter among texts of packages, with which digits and signs are as frequent as in documents."""
MAX_CHOICES = 100
"""Texts that are chosen in vain before a picture is rejected, where words are left out."""


def matter_option() -> Any:
    """The option of all kinds that draw running text."""
    return option(
        "fraction of the texts that are made-up numbers, prices, dates, addresses, codes, lists and the like "
        f"instead of prose; by default {MATTER}, and 0 with --source",
        None,
        lowest=0,
        highest=1,
    )


def languages_option() -> Any:
    """The option of kinds that draw texts in any language."""
    return option(
        "languages of the texts, each picture in one (mixed: in English and Chinese); by default English and "
        "Chinese, or every line of the source",
        (),
    )


@dataclass(frozen=True)
class Texts:
    """Texts to choose from: each is a line of `lines` or, with the probability `share`, made-up matter."""

    lines: Sequence[str]
    matter: tuple[Matter | LocalMatter, ...]
    """One for each language, all as likely; empty where `share` is 0."""
    share: float
    sources: tuple[Source, ...]
    script: Script | None = None
    """Of texts of packages in one of `LOCALES`; None for all others."""
    training: bool = False
    """Whether the words that training leaves out are dropped from what is chosen."""

    def choose(self, rng: np.random.Generator) -> str:
        return self._without_left_out(lambda: self._choose(rng))

    def choose_run(self, rng: np.random.Generator, words: Range) -> str:
        """A run of words from a random text, or the whole text if it is shorter."""
        # a run of Chinese characters may be a word that is left out, though its text was none
        return self._without_left_out(lambda: run_of_words(rng, self.choose(rng), words))

    def _choose(self, rng: np.random.Generator) -> str:
        # without matter no chance is spent: a user's texts stay as they were before there was any
        if self.share and rng.random() < self.share:
            return one_of(rng, self.matter).choose(rng)
        return one_of(rng, self.lines)

    def _without_left_out(self, choose: Callable[[], str]) -> str:
        """What is chosen, again and again until something is left of it; chosen once in other parts."""
        if not self.training:
            return choose()
        for _ in range(MAX_CHOICES):
            text = without_left_out(choose())
            if text:
                return text
        raise Reject("texts of nothing but words that --part training leaves out")

    def choose_sentences(self, rng: np.random.Generator, count: int) -> list[str]:
        """`count` sentences of matter in English and Chinese each; none where `share` is 0."""
        matter = [matter for matter in self.matter if isinstance(matter, Matter)]
        return [some.choose_sentence(rng) for some in matter for _ in range(count)]

    @property
    def pieces(self) -> tuple[str, ...]:
        """The matter of `LOCALES`, which was made when the run started."""
        return tuple(
            piece for matter in self.matter if isinstance(matter, LocalMatter) for piece in matter.pieces
        )

    def characters(self) -> set[str]:
        """Every character that a text may hold."""
        own = self.lines.characters() if isinstance(self.lines, FileTexts) else set("".join(self.lines))
        return own.union(*(matter.characters() for matter in self.matter))


def texts_of_part(texts: Sequence[Texts], part: Part, rng: np.random.Generator) -> tuple[Texts, ...]:
    """The texts that a part shows: without the words that training leaves out, or of these alone.

    Raises:
        ValueError: the lines lie in a file that is not read whole, or have none of these words.
    """
    if part == "all":
        return tuple(texts)
    if part == "training":
        return tuple(replace(some, training=True) for some in texts)
    return tuple(replace(some, lines=_new_words(some, part, rng)) for some in texts)


def _new_words(texts: Texts, part: Part, rng: np.random.Generator) -> tuple[str, ...]:
    if isinstance(texts.lines, FileTexts):
        raise ValueError(
            f"--part {part}: --source {texts.lines.path} has more than {MAX_WHOLE_BYTES >> 20} MiB, too much "
            "to gather its words; give a smaller file, such as its first lines"
        )
    lines = lines_of_new_words(texts.lines, rng)
    if not lines:
        raise ValueError(
            f"--part {part}: the texts have none of the words that training leaves out, one of "
            f"{ONE_WORD_OF}; give a longer --source"
        )
    return lines


def written_texts(texts: Sequence[Texts], faces: Sequence[Face]) -> tuple[tuple[Texts, ...], dict[str, int]]:
    """Leaves out those texts of packages that no face with letters of their script can write.

    Many fonts of a script lack the usual digits or Latin letters, and a picture has one face. Where no text
    is left all are kept, and each picture is rejected with the cause. Lines of a source are never left out.

    Returns:
        The texts, and the number of those that were left out, as `Stock.left_out` has it.
    """
    written, number = [], 0
    for some in texts:
        if some.script is not None:
            letters = letters_of(some.script)
            able = [face for face in faces if face.characters & letters]
            lines = tuple(line for line in some.lines if _is_written(line, able))
            pieces = tuple(piece for piece in some.pieces if _is_written(piece, able))
            if lines and (pieces or not some.share):
                number += len(some.lines) - len(lines) + len(some.pieces) - len(pieces)
                some = replace(some, lines=lines, matter=(LocalMatter(pieces),) if pieces else ())
        written.append(some)
    return tuple(written), {"text that no font can write": number} if number else {}


def _is_written(text: str, faces: Sequence[Face]) -> bool:
    return any(face.can_write(text) for face in faces)


def read_texts(
    source: Path | None, language: Language | None, share: float | None, rng: np.random.Generator
) -> Texts:
    """The lines of a source, or prose of packages, and the matter that `--matter` asks for beside them."""
    if share is None:
        share = 0.0 if source else MATTER
    if source and is_large(source):
        large = FileTexts(source, PATTERNS.get(language, ""))
        if not large:
            raise no_line(source, language) if language in PATTERNS else no_text(source)
        texts = Texts(large, (), share, (Source(source, str(source)),))
    else:
        corpus = read_corpus(source, language, rng) if source else read_prose(language, rng)
        texts = Texts(corpus.lines, (), share, corpus.sources)
    if not share:
        return texts
    matter = read_all_matter(texts.lines, language, rng)
    return replace(texts, matter=matter, sources=(*texts.sources, *packaged(FAKER)))


def read_languages(
    source: Path | None, languages: Sequence[LanguageCode], share: float | None, rng: np.random.Generator
) -> tuple[Texts, ...]:
    """The texts of some languages, for pictures in one of them: fonts seldom have the letters of two scripts.

    English and Chinese are one, as Chinese fonts have both; without `languages`, all lines of a source are.

    Raises:
        ValueError: a source has no line in one of the languages, or something lacks that they need.
    """
    known: tuple[Language, ...] = ("en", "zh", "mixed")
    common = [code for code in known if code in languages]
    read = []
    if common or not languages:
        language: Language | None = None if not common else common[0] if len(common) == 1 else "mixed"
        read.append(read_texts(source, language, share, rng))
    for code in dict.fromkeys(languages):
        if code in LOCALES:
            read.append(_read_locale(source, code, share, rng))
    return tuple(read)


def choose_texts(rng: np.random.Generator, texts: Sequence[Choice]) -> Choice:
    """Those of one language for a picture; where there is only one, no chance is spent."""
    return one_of(rng, texts) if len(texts) > 1 else texts[0]


def _read_locale(
    source: Path | None, code: LanguageCode, share: float | None, rng: np.random.Generator
) -> Texts:
    locale = LOCALES[code]
    if locale.script.tags:
        check_shaper(f"--language {code}")
    sources: tuple[Source, ...]
    if source:
        lines, sources = _lines_in(source, code), (Source(source, str(source)),)
    else:
        lines, sources = local_lines(locale)
    script = None if source else locale.script
    if share is None:
        share = 0.0 if source else MATTER
    if not share:
        return Texts(lines, (), share, sources, script)
    matter = read_local_matter(locale, rng)
    sources = tuple(dict.fromkeys((*sources, *local_matter_sources(locale))))
    return Texts(lines, (matter,), share, sources, script)


def _lines_in(source: Path, code: LanguageCode) -> Sequence[str]:
    script = LOCALES[code].script
    lines: Sequence[str]
    if is_large(source):
        lines = FileTexts(source, script.pattern)
    else:
        lines = tuple(filter(script.is_in, read_lines(source)))
    if not lines:
        raise ValueError(
            f"--source {source} has no line with {script.name} letters, which --language {code} asks for"
        )
    return lines


def read_all_matter(
    lines: Sequence[str], language: Language | None, rng: np.random.Generator
) -> tuple[Matter, ...]:
    """The matter of a language, or of both if it is mixed, with phrases of the lines of each."""
    language = language or _language_of_all(lines)
    tongues: tuple[Tongue, ...] = ("en", "zh") if language == "mixed" else (language,)
    own = {tongue: _lines_of(lines, tongue) for tongue in tongues}
    return tuple(read_matter(tongue, own[tongue] or lines, rng) for tongue in tongues)


def _language_of_all(lines: Sequence[str]) -> Language:
    if isinstance(lines, FileTexts):  # which knows without being read
        return language_by_share(len(_lines_of(lines, "zh")) / len(lines))
    return find_language(lines)


def _lines_of(lines: Sequence[str], tongue: Tongue) -> Sequence[str]:
    if isinstance(lines, FileTexts):
        return lines.matching(PATTERNS[tongue])
    return tuple(line for line in lines if language_of(line) == tongue)
