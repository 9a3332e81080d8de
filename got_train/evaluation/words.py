"""Scores of texts by their words, as the scripts of GOT and Fox compute them.

Source: `pyevaltools/eval_ocr.py`, `eval_ocr_scene.py` of GOT-OCR2.0 and `eval_tools/eval_ocr_test.py` of Fox.
"""

import functools
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rapidfuzz.distance import Levenshtein

from got_train.evaluation.wordnet import wordnet
from got_train.packages import install_line
from got_train.report import UserError

NAMES = ("edit_distance", "f1", "precision", "recall", "bleu", "meteor")
"""Names of the scores, in the order of the paper's tables."""

_CHINESE = re.compile(r"[\u4e00-\u9fa5]")
"""As the script has it, and not as `got_train.characters`."""


def has_chinese(text: str) -> bool:
    """Whether a text has a character of the basic Chinese block, which makes it Chinese as in the scripts."""
    return _CHINESE.search(text) is not None


def word_scores(prediction: str, reference: str, by_character: bool = False) -> dict[str, float]:
    """Edit distance, F1, precision, recall, BLEU and METEOR of a text.

    The edit distance counts characters and is divided by the length of the longer text. The other scores
    compare words: texts are split at white space, by jieba if either text has Chinese, or into characters.
    F1, precision and recall compare the sets of words; BLEU (up to four words, unsmoothed) and METEOR are
    NLTK's. If only one text is empty, all scores are the worst.

    Raises:
        UserError: if a package of the extra `eval` is missing.
    """
    if prediction == reference and not reference.strip():  # NLTK cannot score texts without words
        return dict.fromkeys(NAMES, 1.0) | {"edit_distance": 0.0}
    predicted, wanted = split_words(prediction, reference, by_character)
    common = len(set(predicted) & set(wanted))
    return {
        "edit_distance": Levenshtein.normalized_distance(prediction, reference),
        "f1": 2 * common / max(len(set(predicted)) + len(set(wanted)), 1),
        "precision": common / max(len(set(predicted)), 1),
        "recall": common / max(len(set(wanted)), 1),
        "bleu": _bleu(predicted, wanted),
        "meteor": _meteor(predicted, wanted),
    }


def split_words(first: str, second: str, by_character: bool) -> tuple[list[str], list[str]]:
    """The words of two texts, both split the same way."""
    if by_character:
        return list(first), list(second)
    if has_chinese(first) or has_chinese(second):
        jieba = _jieba()
        return jieba(first), jieba(second)
    return first.split(), second.split()


@functools.cache
def _jieba():  # type: ignore[no-untyped-def]  # a function of a package without types
    with warnings.catch_warnings(), needed("jieba"):
        warnings.simplefilter("ignore")  # about pkg_resources and jieba's regular expressions
        import jieba
    jieba.setLogLevel("WARNING")
    return jieba.lcut


@contextmanager
def needed(package: str, extra: str = "eval") -> Iterator[None]:
    """For the import of a package of an extra, which scores need.

    Raises:
        UserError: if it is not installed.
    """
    try:
        yield
    except ImportError:
        raise UserError(f"the package {package} is missing; {install_line(extra)} brings it") from None


def _bleu(prediction: Sequence[str], reference: Sequence[str]) -> float:
    with needed("nltk"):
        from nltk.translate.bleu_score import sentence_bleu
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a warning for texts of fewer than four words
        return float(sentence_bleu([reference], prediction))


def _meteor(prediction: Sequence[str], reference: Sequence[str]) -> float:
    if not prediction or not reference:
        return 0.0
    from nltk.translate.meteor_score import single_meteor_score

    return float(single_meteor_score(reference, prediction, wordnet=wordnet()))
