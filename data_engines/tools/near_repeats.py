"""Texts that nearly repeat others, among millions, in 32 bytes a text.

A text is known by its runs of four characters, of which only letters and digits count, and any digit for any
other: MinHash (A. Broder, On the resemblance and containment of documents, 1997) estimates the share of runs
that two texts have in common by the share of `PARTS` least hashes that agree. Only texts that agree in one of
`BANDS` groups of them are compared (J. Leskovec, A. Rajaraman, J. Ullman, Mining of Massive Datasets, 3.4),
and each with the first of its group alone: the number of near repeats is a little too low, never by a guess
too high.
"""

import re

import numpy as np

RUN = 4
"""Characters of a text that are hashed together."""
PARTS, BANDS = 16, 4
AGREEING = 13
"""Of the least hashes of two texts that nearly repeat each other: about four fifths of their runs."""
COMPARED = 1 << 20
"""Texts that are compared together, to bound the memory."""
_DIGIT = re.compile(r"\d")
_SIGNS = re.compile(r"[\W_]+")
_CHANCE = np.random.default_rng(1997)
_FACTORS = _CHANCE.integers(2**63, size=PARTS, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
_TERMS = _CHANCE.integers(2**63, size=PARTS, dtype=np.uint64)
_POWERS = _FACTORS[:RUN]
_MIXED = np.uint64(0xBF58476D1CE4E5B9)  # of splitmix64


def signature(text: str) -> bytes:
    """What is kept of a text: a hash of each band, 32 bits, and 8 bits of each least hash."""
    letters = _SIGNS.sub("", _DIGIT.sub("0", text.casefold())).ljust(RUN)
    codes = np.frombuffer(letters.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    runs = (np.lib.stride_tricks.sliding_window_view(codes, RUN) * _POWERS).sum(axis=1)
    runs = (runs ^ (runs >> np.uint64(30))) * _MIXED
    runs ^= runs >> np.uint64(27)
    least = ((runs[:, None] * _FACTORS + _TERMS) >> np.uint64(32)).min(axis=0)
    bands = (least.reshape(BANDS, -1) * _FACTORS[: PARTS // BANDS]).sum(axis=1) >> np.uint64(32)
    return bands.astype(np.uint32).tobytes() + least.astype(np.uint8).tobytes()


def count_near_repeats(signatures: np.ndarray) -> int:
    """How many texts repeat an earlier one, or nearly.

    Args:
        signatures: of the texts, (texts, BANDS + PARTS / 4), 32 bits.
    """
    parts = np.ascontiguousarray(signatures[:, BANDS:]).view(np.uint8)
    near = np.zeros(len(parts), bool)
    for band in signatures[:, :BANDS].T:
        order = np.argsort(band, kind="stable")
        begins = np.flatnonzero(np.diff(band[order], prepend=~band[order[:1]]))
        first = np.repeat(order[begins], np.diff(begins, append=len(order)))
        for start in range(0, len(order), COMPARED):
            texts, others = order[start : start + COMPARED], first[start : start + COMPARED]
            agreeing = (parts[texts] == parts[others]).sum(axis=1)
            near[texts[(agreeing >= AGREEING) & (texts != others)]] = True
    return int(near.sum())
