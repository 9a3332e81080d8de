"""What `${...}` stands for in a configuration, within limits.

OmegaConf looks up each `${...}` anew: if each of 27 keys names the one before twice, these are 134 million
look-ups.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from omegaconf import MISSING, Container, OmegaConf
from omegaconf.errors import InterpolationResolutionError, MissingMandatoryValue

from got_train.foreign_files import MAX_DEPTH
from got_train.report import UserError

MAX_LOOK_UPS = 3_000
"""Most `${...}` that a configuration may have; one inside of what others name counts for each of these."""

MAX_CHARACTERS = 2**20
"""Most characters that all of them may stand for."""

MAX_VALUES = 100_000
"""Most values of a configuration, with those of sections that `${...}` stands for."""


def resolved(sections: dict[str, Any]) -> Any:
    """Plain sections and lists, each `${...}` replaced by its value, or by an exception if it has none.

    Raises:
        UserError: if they stand for more than is reasonable.
    """
    budget = _Budget()
    with budget.of_look_ups():
        plain = budget.plain(OmegaConf.create(sections), 0)
    if budget.is_spent:
        raise UserError(
            "${...} stand for too much, as they name each other: at most "
            f"{MAX_LOOK_UPS:,} are looked up, and stand for {MAX_CHARACTERS:,} characters and {MAX_VALUES:,} "
            "values: write the values out"
        )
    return plain


class _Budget:
    """Counts what looking up costs, and stops it."""

    def __init__(self) -> None:
        self.look_ups = self.characters = self.values = self.depth = 0

    @property
    def is_spent(self) -> bool:
        return self.look_ups > MAX_LOOK_UPS or self.characters > MAX_CHARACTERS or self.values > MAX_VALUES

    @contextmanager
    def of_look_ups(self) -> Iterator[None]:
        """Counts the look-ups that OmegaConf makes inside: it has no limit of its own."""
        look_up = Container.resolve_parse_tree

        def counted(*given: Any, **named: Any) -> Any:
            self.look_ups += 1
            if self.is_spent or self.depth >= MAX_DEPTH:
                raise InterpolationResolutionError(f"more than {MAX_DEPTH} keys name each other")
            self.depth += 1
            try:
                value = look_up(*given, **named)
            finally:
                self.depth -= 1
            self.characters += len(value) if isinstance(value, str) else 0
            return value

        Container.resolve_parse_tree = counted
        try:
            yield
        finally:
            Container.resolve_parse_tree = look_up

    def plain(self, node: Any, depth: int) -> Any:
        """The value of a node of OmegaConf."""
        self.values += 1
        if not OmegaConf.is_config(node):
            return node
        if depth > MAX_DEPTH:
            return ValueError(f"it has more than {MAX_DEPTH} sections inside each other")
        is_section = OmegaConf.is_dict(node)
        names = node if is_section else range(len(node))
        entries = {name: self._entry(node, name, depth + 1) for name in names if not self.is_spent}
        return entries if is_section else list(entries.values())

    def _entry(self, node: Any, name: Any, depth: int) -> Any:
        try:
            return self.plain(node[name], depth)
        except MissingMandatoryValue:
            return MISSING
        except InterpolationResolutionError as error:
            return ValueError(str(error).splitlines()[0])
