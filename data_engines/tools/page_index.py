"""What is known of every row of some sets before any is chosen, so that only pages that fit are chosen."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version

import numpy as np

from data_engines.engine import Reject
from data_engines.options import Range
from data_engines.tools.kept import find_kept, keep
from data_engines.tools.sets import Page, open_sets, read_page, state_of_sets
from got_train.data.errors import RowError

TRIES = 50
"""Pages that are looked at for each one that is wanted."""
PAGE = np.dtype([("row", np.int64), ("formatted", bool), ("num_bytes", np.int64), ("num_regions", np.int64)])
"""Of a page: its row, counted over all sets; whether its text is marked up, and how long it is in UTF-8."""
FORM = 1
"""Of kept indexes: another one where the same rows give another index."""
STARTS = 10
"""First pages that are tried: one may be unlike all others."""


@dataclass(frozen=True)
class PageIndex:
    """The rows of sets that are one question about the whole of one picture."""

    names: tuple[str, ...]
    """The sets."""
    pages: np.ndarray  # (pages,), of the type PAGE
    left_out: dict[str, int]
    """Rows that are not in the index, counted by cause."""

    def keep(self, chosen: np.ndarray, cause: str) -> "PageIndex":
        """The pages where `chosen`, an array of their number, is true; the others are left out for a cause.

        Raises:
            ValueError: there are none.
        """
        dropped = int((~chosen).sum())
        left_out = self.left_out | ({cause: dropped} if dropped else {})
        if not chosen.any():
            causes = "; ".join(f"{number} x {cause}" for cause, number in left_out.items())
            raise ValueError(f"--source {' '.join(self.names)} has no rows to draw from ({causes})")
        return replace(self, left_out=left_out, pages=self.pages[chosen])

    def keep_companions(self, number: int) -> "PageIndex":
        """The pages that have at least `number` of their format, marked up or plain, themselves included."""
        formatted = self.pages["formatted"]
        same = np.where(formatted, formatted.sum(), (~formatted).sum())
        return self.keep(same >= number, "too few pages of its format")

    def choose(
        self, rng: np.random.Generator, number: Range, fit: Callable[[Sequence[Page]], bool]
    ) -> tuple[Page, ...]:
        """Different pages at random, either all marked up or none.

        Args:
            rng: chooses.
            number: how many pages: fewer than it says first, if no others fit.
            fit: whether some pages, the last of which is new, go together.

        Raises:
            Reject: none were found.
        """
        wanted = number.choose(rng)
        formatted = self.pages["formatted"]
        for _ in range(STARTS):
            like = np.flatnonzero(formatted == formatted[rng.integers(len(formatted))])
            pages: list[Page] = []
            for place in rng.choice(like, size=min(len(like), TRIES * wanted), replace=False):
                page = read_page(self.names, int(self.pages["row"][place]))
                if fit([*pages, page]):
                    pages.append(page)
                if len(pages) == wanted:
                    break
            if len(pages) >= number.low:
                return tuple(pages)
        raise Reject("too few pages that go together")


def index_pages(names: tuple[str, ...], min_rows: int = 1, whole: bool = True) -> PageIndex:
    """All pages of sets: 100,000 rows take about 20 seconds, or none where their index was kept.

    Args:
        names: sets, as `open_rows` takes them.
        min_rows: rows that there have to be.
        whole: whether rows have to ask about the whole picture.

    Raises:
        ValueError: there are fewer rows, or none is a page.
    """
    total = len(open_sets(names))
    if total < min_rows:
        raise ValueError(f"--source {' '.join(names)}: {total} rows are too few for a sample of {min_rows}")
    name, state = f"pages {names} {whole}", f"{FORM} {version('got-train')} {state_of_sets(names)}"
    held = find_kept(name, state)
    if held is None:
        index, faulty = _look_at_all(names, total, whole)
        # faulty rows may be mended without a change of these files: a picture is missing, say
        if not faulty:
            left_out = np.array(json.dumps(index.left_out))
            keep(name, state, {"pages": index.pages, "left_out": left_out})
    else:
        index = PageIndex(names, held["pages"], json.loads(str(held["left_out"])))
    return index.keep(np.ones(len(index.pages), dtype=bool), "")


def _look_at_all(names: tuple[str, ...], total: int, whole: bool) -> tuple[PageIndex, bool]:
    """The index of all rows, and whether any of them is faulty."""
    faulty = False
    pages: list[tuple[int, bool, int, int]] = []
    left_out: Counter[str] = Counter()
    for row in range(total):
        try:
            page = read_page(names, row, whole)
        except Reject as reject:
            left_out[str(reject)] += 1
        except RowError as error:
            left_out[error.cause] += 1
            faulty = True
        else:
            pages.append((row, page.format, len(page.text.encode()), len(page.regions)))
    return PageIndex(names, np.array(pages, dtype=PAGE), dict(left_out)), faulty
