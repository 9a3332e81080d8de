"""What a model answers, and how sure it is of it."""

import math
import re
from dataclasses import dataclass

from got_train.inference.calibration import Calibration

CONFIDENCE_KEY = "confidence"
"""The key of a row of answers with the model's probability of its answer."""


@dataclass(frozen=True)
class Token:
    """A token of an answer."""

    text: str
    """Its text alone: empty for the token that ends an answer, `\ufffd` for a part of a character."""
    log_prob: float
    """Natural logarithm of its probability after the tokens before it, as the model gives it: before the rule
    against repetition, so that a token which that rule has enforced is one that the model doubts."""


@dataclass(frozen=True)
class Answer:
    """An answer, and where they are asked for, its tokens."""

    text: str
    tokens: tuple[Token, ...] = ()
    """Up to the one that ends the answer, which an answer that was cut off lacks."""
    calibration: Calibration | None = None
    """What corrects probabilities, if validation rows have told."""

    @property
    def confidence(self) -> float:
        """The model's probability, 0 to 1, of exactly this answer: the product over its tokens."""
        assert self.tokens, "the tokens of this answer were not asked for"
        probability = math.exp(math.fsum(token.log_prob for token in self.tokens))
        return self.calibration.answer(probability) if self.calibration else probability

    @property
    def line_confidences(self) -> list[float]:
        r"""The model's probability of exactly each line of `text.split("\n")`, given the lines before it.

        A line end counts for the line that it ends, the end of the answer for the last line, and a token with
        parts of several lines for each of them.
        """
        assert self.tokens, "the tokens of this answer were not asked for"
        sums = [0.0]
        for token in self.tokens:
            _, *begun = re.split(r"(?<=\n)", token.text)
            sums[-1] += token.log_prob
            sums += [token.log_prob if part else 0.0 for part in begun]
        probabilities = map(math.exp, sums)
        return list(map(self.calibration.line, probabilities) if self.calibration else probabilities)
