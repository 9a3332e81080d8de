"""Scores of predicted texts against references."""

from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

LOOP_REPEATS = 4
"""A text is stuck in a loop if it ends with the same piece this many times,"""
LOOP_CHARACTERS = 40
"""and if those repeats are at least this long together."""


def text_metrics(predictions: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """Scores over pairs of texts.

    Returns:
        `cer`: character edits over all reference characters (can exceed 1); `edit_distance`: mean of edits
        over the longer of the two texts, as GOT reports it; `exact_match` and `repetition`: shares of pairs.

    Raises:
        ValueError: if there are no pairs or the lengths differ.
    """
    if not predictions or len(predictions) != len(references):
        raise ValueError(f"{len(predictions)} predictions for {len(references)} references")
    pairs = list(zip(predictions, references, strict=True))
    edits = sum(Levenshtein.distance(prediction, reference) for prediction, reference in pairs)
    characters = sum(len(reference) for reference in references)
    return {
        "cer": edits / max(characters, 1),
        "edit_distance": sum(Levenshtein.normalized_distance(*pair) for pair in pairs) / len(pairs),
        "exact_match": sum(prediction == reference for prediction, reference in pairs) / len(pairs),
        "repetition": sum(repeats(prediction) and not repeats(reference) for prediction, reference in pairs)
        / len(pairs),
    }


def repeats(text: str) -> bool:
    """Whether a text ends in a loop, the typical failure of a decoder that has lost its place.

    >>> repeats("Total: " + "0, " * 20)
    True
    >>> repeats("1,000,000")
    False
    """
    longest = len(text) // LOOP_REPEATS
    for size in range(1, longest + 1):
        span = max(size * LOOP_REPEATS, LOOP_CHARACTERS)
        tail = text[-span:]
        if len(tail) >= LOOP_CHARACTERS and tail[size:] == tail[:-size]:
            return True
    return False
