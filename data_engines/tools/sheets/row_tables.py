"""Facts about the rows and pictures of a set, in 100 bytes a row: those of ten million fit the memory."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data_engines.tools.near_repeats import BANDS, PARTS
from data_engines.tools.sheets.pictures import Picture


@dataclass(frozen=True, slots=True)
class RowCounts:
    """The facts about one row from which the tables are made."""

    kind: str
    task: str
    crop: bool
    answer_tokens: int
    text_tokens: int
    """Tokens of the sample, without those of its pictures."""
    answer: int
    """Hash of the answer's text, 64 bits."""
    question: int
    pictures: tuple[int, ...]
    """Numbers of the row's pictures; hashes of their names while rows are added to a `RowTable`."""


class RowTable(Sequence[RowCounts]):
    """The facts about all rows, in the order in which they were added."""

    def __init__(self) -> None:
        self._names: dict[str, int] = {}  # of kinds and tasks
        self._kinds, self._tasks = array("H"), array("H")
        self._crops = array("B")
        self._answer_tokens, self._text_tokens = array("i"), array("i")
        self._answers, self._questions = array("Q"), array("Q")
        self._pictures, self._ends = array("Q"), array("Q")
        self._numbers = array("Q")
        self._signatures = bytearray()

    def add(self, number: int, row: RowCounts, signature: bytes) -> None:
        """Adds a row, the `number` it has in its set, and the signature of its answer for `near_repeats`."""
        for column, name in ((self._kinds, row.kind), (self._tasks, row.task)):
            column.append(self._names.setdefault(name, len(self._names)))
        self._crops.append(row.crop)
        self._answer_tokens.append(row.answer_tokens)
        self._text_tokens.append(row.text_tokens)
        self._answers.append(row.answer)
        self._questions.append(row.question)
        self._pictures.extend(row.pictures)
        self._ends.append(len(self._pictures))
        self._numbers.append(number)
        self._signatures += signature

    def __len__(self) -> int:
        return len(self._kinds)

    def __getitem__(self, place: int) -> RowCounts:  # type: ignore[override]  # nobody wants a slice
        if not 0 <= place < len(self):
            raise IndexError(place)
        names = list(self._names)
        start = self._ends[place - 1] if place else 0
        return RowCounts(
            kind=names[self._kinds[place]],
            task=names[self._tasks[place]],
            crop=bool(self._crops[place]),
            answer_tokens=self._answer_tokens[place],
            text_tokens=self._text_tokens[place],
            answer=self._answers[place],
            question=self._questions[place],
            pictures=tuple(self._pictures[start : self._ends[place]]),
        )

    def of_kinds(self) -> dict[str, np.ndarray]:
        """The places of the rows of each kind, by name."""
        kinds = np.frombuffer(self._kinds, np.uint16)
        found = {name: np.flatnonzero(kinds == code) for name, code in sorted(self._names.items())}
        return {name: places for name, places in found.items() if len(places)}

    def answers(self) -> np.ndarray:
        """Hashes of the answers, (rows,), 64 bits."""
        return np.frombuffer(self._answers, np.uint64)

    def signatures(self) -> np.ndarray:
        """Those of the answers, (rows, BANDS + PARTS / 4), 32 bits."""
        return np.frombuffer(self._signatures, np.uint32).reshape(-1, BANDS + PARTS // 4)

    def number_pictures(self) -> np.ndarray:
        """Numbers the different pictures in their order, in place of the hashes of their names.

        Returns:
            Where each comes first: the number of the row in its set, and the place among the row's pictures.
        """
        hashes = np.frombuffer(self._pictures, np.uint64)
        _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
        order = np.argsort(first)
        numbers = np.empty_like(order)
        numbers[order] = np.arange(len(order))
        ends = np.frombuffer(self._ends, np.uint64).astype(np.int64)
        rows = np.searchsorted(ends, first[order], side="right")
        starts = np.concatenate([[0], ends])[rows]
        of_rows = np.frombuffer(self._numbers, np.uint64).astype(np.int64)[rows]
        found = np.column_stack([of_rows, first[order] - starts])
        self._pictures = array("Q", numbers[inverse].astype(np.uint64).tobytes())
        return found


class PictureTable(Sequence[Picture | None]):
    """Pictures by number; None for those that can't be opened, or were not opened."""

    def __init__(self, number: int) -> None:
        self._sizes = np.zeros((number, 2), np.int32)
        self._contents = np.zeros(number, "V8")

    def __len__(self) -> int:
        return len(self._sizes)

    def __getitem__(self, place: int) -> Picture | None:  # type: ignore[override]
        width, height = self._sizes[place].tolist()
        return Picture(width, height, self._contents[place].tobytes()) if width else None

    def sizes(self, places: np.ndarray) -> np.ndarray:
        """Widths and heights of those of some pictures that were opened, (opened, 2), in pixels."""
        sizes = self._sizes[places]
        return sizes[sizes[:, 0] > 0]

    def __setitem__(self, place: int, picture: Picture) -> None:
        self._sizes[place] = picture.width, picture.height
        self._contents[place] = np.void(picture.content[:8])
