"""What an engine is: a module in `data_engines/engines/` with four names.

=========  ==============================================================================================
`Options`  what a user can choose: a frozen dataclass of `options.option` fields; the flags come from it
`load`     (options, rng) -> `Stock`: reads the sources once per run; a ValueError for input it can't use
`sample`   (rng, index, stock) -> spec: decides all about one sample, as a small frozen dataclass
`render`   (spec) -> the picture and the `Answer`s about it, from nothing but the spec
=========  ==============================================================================================

and `MAX_REJECTS`, the share of samples it may reject before a run stops. Chance comes from the given `rng`
only, which is seeded by (seed, engine, index): sample `index` is the same whoever draws it, and when.
"""

from dataclasses import dataclass, field
from pathlib import Path

from got_train.prompts import Task


class Reject(Exception):  # noqa: N818 (not an error: an engine's verdict on one sample)
    """A sample that cannot be drawn; the message is the cause under which it is counted."""


@dataclass(frozen=True)
class Answer:
    """One row about a picture: what is asked, and the text that answers it."""

    task: Task
    text: str


@dataclass(frozen=True, kw_only=True)
class Stock:
    """What samples are drawn from; read by the main process, sent to every worker once."""

    sources: tuple[Path, ...]
    """The files and folders it was read from, for the manifest."""
    size: int | None = None
    """How many samples there are in it; None if it never runs out."""
    left_out: dict[str, int] = field(default_factory=dict)
    """Files that can't be used, counted by cause."""
