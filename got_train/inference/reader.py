"""What reads images, here or behind an address, as commands see it; torch is imported by what reads here."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from got_train.config import Config
from got_train.data.record import Record
from got_train.inference.answer import Answer
from got_train.inference.calibration import Calibration

if TYPE_CHECKING:
    from got_train.data.samples import SampleEncoder


class Reader(ABC):
    """A model that answers records."""

    encoder: "SampleEncoder"
    config: Config
    """The configuration of the run that trained the model."""
    calibration: Calibration | None
    """What corrects the probabilities of answers, if it lies beside the model."""

    @property
    @abstractmethod
    def identity(self) -> str:
        """What tells this model from another one, for files of answers that are continued."""

    @abstractmethod
    def answers(
        self,
        records: Sequence[Record],
        max_new_tokens: int,
        batch_size: int = 1,
        beams: int = 1,
        log_probs: bool = False,
    ) -> Iterator[Answer]:
        """The answers to records, in order; greedy ones, or with `beams` those of a search.

        Args:
            records: the questions.
            max_new_tokens: most tokens of an answer.
            batch_size: records that are answered at once.
            beams: answers kept beside each other, of which the likeliest is given.
            log_probs: whether answers have their tokens with their probabilities.
        """

    @abstractmethod
    def stream(self, record: Record, max_new_tokens: int) -> Iterator[str]:
        """The answer to a record in pieces, as they are generated."""

    def read(self, records: Sequence[Record], max_new_tokens: int, batch_size: int = 1) -> Iterator[str]:
        """The texts of the answers to records, in order."""
        return (answer.text for answer in self.answers(records, max_new_tokens, batch_size))

    def render(self, read: Sequence[tuple[Record, str]], page: Path) -> None:
        """Writes an HTML page with the rendered answers, each beside its images.

        Args:
            read: records and their answers.
            page: the file to write.
        """
        from got_train.inference.answer_page import write_answer_page

        write_answer_page(read, page, self.encoder.config.max_pixels)
