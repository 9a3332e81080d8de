"""Data files whose rows were found good, remembered as a whole: their rows need not even be read again.

A row is remembered with its file if its images lie in few files, as in tars: to look whether these have
changed takes less time than to read the row. Rows with doubts are read again, so that these are said again.
"""

import hashlib
import itertools
import logging
import os.path
import time
import uuid
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from got_train.data.check import CheckResult
from got_train.data.good_rows import NO_KEY
from got_train.data.rows import OpenFile, Rows
from got_train.files import atomic_file
from got_train.ranks import gather
from got_train.report import UserError

logger = logging.getLogger(__name__)

MAX_HOLDERS = 10_000
"""Files with images in more files than this are not remembered."""


@dataclass
class _GoodFile:
    """What is remembered of a data file."""

    mark: str
    """Differs whenever it is written anew."""
    keys: np.ndarray
    """uint64, `(rows of the file,)`: the `content_key` of each row; `NO_KEY` of those that are read again."""
    sizes: np.ndarray
    """int32, `(rows of the file, 2)`: tokens and tiles."""
    kinds: np.ndarray
    """Names of kinds."""
    kind_numbers: np.ndarray
    """int32, `(rows of the file,)`: the place of each row's kind in `kinds`."""
    holders: dict[str, tuple[int, int]]
    """Size and time of change of the file itself, and of each file with its images."""


class GoodFiles:
    """What earlier checks have found of the rows of whole files, for one sample encoder."""

    def __init__(self, folder: Path, rows: Rows) -> None:
        """Reads what is remembered; all ranks must call it, since they share out what is not.

        Args:
            folder: a folder for one sample encoder: see `sample_fingerprint`.
            rows: rows of the files.
        """
        self.folder = folder / "files"
        self.rows = rows
        self._begun_ns = time.time_ns()
        self._stats = [_stat(opened.file.path) for opened in rows.files]
        self._found = [self._read(number) for number in range(len(rows.files))]
        # A rank may see an older file, or none: what is not the same on all ranks is not used.
        marks = gather([file and file.mark for file in self._found])
        self._is_same = [len(set(mark)) == 1 for mark in zip(*marks, strict=True)]

    def known(self, indexes: np.ndarray) -> CheckResult:
        """What is remembered of rows, in place of a check; `NO_KEY` for those that must be checked.

        Args:
            indexes: int64, of the rows, in the order of their files.
        """
        result = CheckResult.empty(len(indexes))
        for number, part, places in self._by_file(indexes):
            file = self._found[number]
            if file is not None and self._is_same[number]:
                result.keys[part], result.sizes[part] = file.keys[places], file.sizes[places]
                numbers = file.kind_numbers[places][result.keys[part] != NO_KEY]
                result.kinds |= set(file.kinds[np.unique(numbers)].tolist())
        return result

    def add(self, indexes: np.ndarray, result: CheckResult) -> None:
        """Remembers rows that were checked, beside those that were remembered.

        Args:
            indexes: int64, of the rows, in the order of their files.
            result: of their check.
        """
        kinds = np.array(sorted(result.kinds), dtype=np.str_)
        for number, part, places in self._by_file(indexes):
            opened, holders = self.rows.files[number], result.holders.get(number, set())
            good = result.kind_numbers[part] >= 0
            if not good.any() or len(holders) > MAX_HOLDERS:
                continue
            file = self._found[number] or _GoodFile("", *_nothing(len(opened.file)), {})
            stats = file.holders | {holder: _stat(Path(holder)) for holder in holders}
            known = {holder: stat for holder, stat in stats.items() if stat is not None}
            own = _stat(opened.file.path)
            written = any(known[holder][1] >= self._begun_ns for holder in known)
            if written or len(known) < len(stats) or own is None or own != self._stats[number]:
                continue  # something has changed while it was read
            known[os.path.abspath(opened.file.path)] = own
            names, mapped = np.unique(np.concatenate([file.kinds, kinds]), return_inverse=True)
            file.kind_numbers[:] = mapped[: len(file.kinds)][file.kind_numbers] if len(file.kinds) else 0
            chosen = places[good]
            file.keys[chosen], file.sizes[chosen] = result.keys[part][good], result.sizes[part][good]
            file.kind_numbers[chosen] = mapped[len(file.kinds) :][result.kind_numbers[part][good]]
            file.kinds, file.holders = names, known
            self._write(self._place(opened), file)

    def _by_file(self, indexes: np.ndarray) -> list[tuple[int, slice, np.ndarray]]:
        """Number of each file, where its rows stand among `indexes`, and their places in the file."""
        picks = self.rows.picks[indexes]
        firsts = np.unique(picks[:, 0], return_index=True)[1].tolist()
        parts = [slice(first, end) for first, end in itertools.pairwise([*firsts, len(picks)])]
        return [(int(picks[part.start, 0]), part, picks[part, 1]) for part in parts]

    def _read(self, number: int) -> _GoodFile | None:
        shard = self._place(self.rows.files[number])
        if not shard.is_file():
            return None
        try:
            with np.load(shard) as arrays:
                file = _GoodFile(
                    mark=str(arrays["mark"]),
                    **{name: arrays[name] for name in ("keys", "sizes", "kinds", "kind_numbers")},
                    holders=dict(
                        zip(arrays["holders"].tolist(), map(tuple, arrays["states"].tolist()), strict=True)
                    ),
                )
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
            logger.warning(
                "rows will be checked again: %s is damaged, delete it (%s)", shard, type(error).__name__
            )
            return None
        is_whole = len(file.keys) == len(self.rows.files[number].file)
        is_same = all(_stat(Path(holder)) == stat for holder, stat in file.holders.items())
        return file if is_whole and is_same else None

    def _place(self, opened: OpenFile) -> Path:
        """Where it is remembered what a data file has, read in one way."""
        options = opened.options
        root = options.image_root and os.path.abspath(os.path.expanduser(options.image_root))
        reading = (
            *(sorted(options.columns.items()), options.query, root, options.answered),
            *(["compared"] if options.compared else []),
            *(["regions"] if options.with_regions else []),
        )
        text = repr((os.path.abspath(opened.file.path), reading))
        name = hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()
        return self.folder / f"{name}.npz"

    def _write(self, shard: Path, file: _GoodFile) -> None:
        try:
            with atomic_file(shard, durable=False) as part, open(part, "wb") as opened:
                np.savez(
                    opened,
                    mark=np.array(uuid.uuid4().hex),
                    keys=file.keys,
                    sizes=file.sizes,
                    kinds=file.kinds,
                    kind_numbers=file.kind_numbers,
                    holders=np.array(list(file.holders), dtype=np.str_),
                    states=np.array(list(file.holders.values()), dtype=np.int64).reshape(-1, 2),
                )
        except (UserError, OSError) as error:
            logger.warning("rows will be checked again: %s", error)


def _nothing(rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """`keys`, `sizes`, `kinds` and `kind_numbers` of a file of which nothing is remembered."""
    keys, sizes = np.full(rows, NO_KEY, dtype=np.uint64), np.zeros((rows, 2), dtype=np.int32)
    return keys, sizes, np.zeros(0, dtype=np.str_), np.zeros(rows, dtype=np.int32)


def _stat(file: Path) -> tuple[int, int] | None:
    """Size and time of change of a file; None if it is gone."""
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns
