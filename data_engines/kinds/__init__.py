"""One package, its room, for each kind of data; `data_engines.engine` describes a room's `engine`."""

import importlib

from data_engines.kind import Kind

NAMES = (
    "pdf",
    "lines",
    "scene",
    "handwriting",
    "seal",
    "form",
    "formula",
    "molecule",
    "table",
    "page",
    "music",
    "geometry",
    "chart",
    "blank",
    "fine-grained",
    "text-with-boxes",
    "multi-crop",
    "multi-page",
)
"""Kinds in the order of the help; kinds that are composed of other sets come last."""


def room(kind: str) -> str:
    """The package of a kind.

    >>> room("multi-page")
    'data_engines.kinds.multi_page'
    """
    return f"{__name__}.{kind.replace('-', '_')}"


KINDS: dict[str, Kind] = {name: importlib.import_module(room(name)).KIND for name in NAMES}
"""The description of each kind; its engine is loaded only when it draws."""
