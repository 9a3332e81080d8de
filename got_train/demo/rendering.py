"""Answers as they look, drawn in a process with limits: what a model writes is a stranger's text."""

from got_train.pages.answers import answer_page
from got_train.processes import KeptProcess, LimitError
from got_train.report import UserError

MAX_MEMORY = 1 << 32
"""Bytes for drawing an answer, with TeX and Verovio."""

SECONDS = 60
"""Processor time for it; TeX and Verovio have limits of their own."""

_RENDERER = KeptProcess()


def draw_page(text: str, quick: bool) -> str:
    """As `pages.answers.answer_page`, whatever the text does to what reads it.

    Raises:
        UserError: it cannot be drawn, and why.
    """
    try:
        page: str = _RENDERER.call(answer_page, text, quick, max_memory=MAX_MEMORY, seconds=SECONDS)
        return page
    except LimitError as error:
        raise UserError(f"this answer cannot be drawn: it {error}") from None
