"""Lines of a text file that is too large for the memory of every worker: read one by one as they are drawn.

The file is gone through once, in pieces of some lines. How many texts each piece holds is kept in the user's
cache, so that other parts of a run and restarts don't go through it again.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cached_property
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import numpy as np

from data_engines.tools.corpora import CONTROL, MAX_LINE_CHARACTERS, check_plain
from data_engines.tools.kept import Arrays, find_kept, keep
from data_engines.tools.typed import as_typed
from got_train.data.utf8 import HEAD_BYTES, check_head, not_utf8
from got_train.files import digest_once
from got_train.progress import progress

MAX_WHOLE_BYTES = 1 << 25
"""Of files that are read whole: their lines take twice to three times as much memory, in every worker."""
PIECE_BYTES = 1 << 12
"""About the length of a piece: to read a line takes 0.1 ms, and the index of 10 GB 40 MB."""
LF = b"\n"
FORM = 1
"""Of indexes: another one where the same file gives other texts or pieces."""


def is_large(path: Path) -> bool:
    """Whether a file is not to be read whole."""
    return path.is_file() and path.stat().st_size > MAX_WHOLE_BYTES


class FileTexts(Sequence[str]):
    """The texts of a file that `corpora.read_lines` would give, in the same order."""

    def __init__(self, path: Path, pattern: str = "") -> None:
        """Indexes the file, unless its index was kept.

        Args:
            path: a UTF-8 file.
            pattern: a regular expression that is found in the texts; other lines are left out.

        Raises:
            ValueError: it holds something else than text, or a very long line.
        """
        check_plain(path)
        self.path, self.pattern = path, pattern
        # what counts as invisible changes with Unicode
        versions = f"{version('got-train')} {unicodedata.unidata_version}"
        state = f"{FORM} {digest_once(path, sha256)} {pattern} {versions}"
        name = f"{path.absolute()} {pattern}"
        index = find_kept(name, state)
        if index is None:
            index = self._index()
            keep(name, state, index)
        self._starts, self._counts = index["starts"], index["counts"]
        self._characters = index["characters"]

    def __len__(self) -> int:
        return int(self._counts[-1])

    def __getitem__(self, place: int) -> str:  # type: ignore[override]  # nobody wants a slice
        if not 0 <= place < len(self):
            raise IndexError(place)
        piece = int(np.searchsorted(self._counts, place, side="right")) - 1
        start, end = int(self._starts[piece]), int(self._starts[piece + 1])
        with open(self.path, "rb", buffering=0) as file:
            file.seek(start)
            raw = file.read(end - start)
        return self._texts(raw, start)[place - int(self._counts[piece])]

    def __iter__(self) -> Iterator[str]:
        for start, raw in self._pieces():
            yield from self._texts(raw, start)

    def matching(self, pattern: str) -> "FileTexts":
        """Those of the texts of the whole file in which a regular expression is found."""
        return self if pattern == self.pattern else FileTexts(self.path, pattern)

    def characters(self) -> set[str]:
        """Every character of the texts."""
        return set(map(chr, self._characters.tolist()))

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in vars(self).items() if name != "_found"}

    @cached_property
    def _found(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    def _pieces(self) -> Iterator[tuple[int, bytes]]:
        """The pieces of the file, whole lines each, with the places where they begin."""
        start = 0
        with open(self.path, "rb") as file:
            while raw := file.read(PIECE_BYTES):
                if not raw.endswith(LF):
                    raw += file.readline(4 * MAX_LINE_CHARACTERS)
                yield start, raw
                start += len(raw)

    def _texts(self, raw: bytes, start: int) -> list[str]:
        """The texts of a piece that begins at a place of the file."""
        try:
            text = raw.decode("utf-8" if start else "utf-8-sig")
        except UnicodeDecodeError as error:
            raise not_utf8(self.path, f"--source {self.path}", raw, start + error.start) from None
        lines = (as_typed(CONTROL.sub("", line)) for line in text.splitlines())
        return [line for line in lines if line and self._found.search(line)]

    def _index(self) -> Arrays:
        """Where the pieces begin, and the end; how many texts come before each, and in all; characters."""
        size = self.path.stat().st_size
        starts, counts, characters = [0], [0], set[str]()
        bar = progress(f"reading {self.path.name}", size, "byte")
        for start, raw in self._pieces():
            if not start:
                check_head(self.path, f"--source {self.path}", raw[:HEAD_BYTES])
            texts = self._texts(raw, start)
            longest = max(map(len, texts), default=0)
            if longest > MAX_LINE_CHARACTERS or not raw.endswith(LF) and start + len(raw) < size:
                raise ValueError(
                    f"--source {self.path} has a line of more than {MAX_LINE_CHARACTERS:,} characters; "
                    "give a file with a text on each line"
                )
            starts.append(start + len(raw))
            counts.append(counts[-1] + len(texts))
            characters.update(*texts)
            bar.update(len(raw))
        bar.close()
        codes = sorted(map(ord, characters))
        return {"starts": np.array(starts), "counts": np.array(counts), "characters": np.array(codes, int)}
