"""Scores of predicted texts against references."""

from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

from got_train.report import counted

LOOP_REPEATS = 4
"""A text that ends in a loop ends with at least this many repeats of one piece of text."""
LOOP_CHARACTERS = 40
"""Smallest length of all repeats of a loop together, in characters."""


def text_metrics(predictions: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """Scores over pairs of texts.

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
    """Whether a text ends with a loop, the typical failure of a decoder that has lost its place in the image.

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
