"""Scores of predicted texts against references."""

from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

from got_train.characters import composed
from got_train.report import counted

Part = tuple[float, float]
"""An amount and a weight of one pair: a score is the sum of the amounts divided by the sum of the weights."""

LOOP_REPEATS = 4
"""A text that ends in a loop ends with at least this many repeats of one piece of text."""
LOOP_CHARACTERS = 40
"""Smallest length of all repeats of a loop together, in characters."""


def text_metrics(predictions: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """Scores over pairs of texts, which are compared in NFC.

    Returns:
        `cer`: all character edits divided by all reference characters (can exceed 1); `edit_distance`: mean
        over pairs of the edits divided by the length of the longer text, as GOT reports it; `exact_match` and
        `repetition`: shares of pairs.

    Raises:
        ValueError: if there are no pairs or the lengths differ.
    """
    if not predictions or len(predictions) != len(references):
        raise ValueError(
            f"{counted(len(predictions), 'prediction')} for {counted(len(references), 'reference')}"
        )
    parts = [text_parts(*map(composed, pair)) for pair in zip(predictions, references, strict=True)]
    return {
        name: sum(part[name][0] for part in parts) / max(sum(part[name][1] for part in parts), 1)
        for name in parts[0]
    }


def text_parts(prediction: str, reference: str) -> dict[str, Part]:
    """What one pair adds to each score of `text_metrics`, compared as it stands."""
    return {
        "cer": (float(Levenshtein.distance(prediction, reference)), float(len(reference))),
        "edit_distance": (Levenshtein.normalized_distance(prediction, reference), 1.0),
        "exact_match": (float(prediction == reference), 1.0),
        "repetition": (float(repeats(prediction) and not repeats(reference)), 1.0),
    }


def repeats(text: str) -> bool:
    """Whether a text ends with a loop, the typical failure of a decoder that has lost its place in the image.

    >>> repeats("Total: " + "0, " * 20)
    True
    >>> repeats("1,000,000")
    False
    """
    return loop_size(text) is not None


def loop_size(text: str) -> int | None:
    """The length in characters of what a text repeats at its end; None if it does not end with a loop."""
    longest = len(text) // LOOP_REPEATS
    for size in range(1, longest + 1):
        span = max(size * LOOP_REPEATS, LOOP_CHARACTERS)
        tail = text[-span:]
        if len(tail) >= LOOP_CHARACTERS and tail[size:] == tail[:-size]:
            return size
    return None
