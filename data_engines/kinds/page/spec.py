"""What is decided about a document page before it is drawn."""

from dataclasses import dataclass

from data_engines.kinds.page.document import Block
from data_engines.kinds.page.typography import PageStyle


@dataclass(frozen=True)
class Spec:
    """All that is decided about one page; TeX finds out how many of its blocks fit."""

    blocks: tuple[Block, ...]
    style: PageStyle
    dpi: int
    answer_all: bool = False
    """Whether running heads and page numbers are answered, too."""
