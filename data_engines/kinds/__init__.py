"""One room for each kind of data; `data_engines.engine` says what the module `engine` in it holds."""

import importlib

from data_engines.kind import Kind

NAMES = (
    "pdf",
    "lines",
    "scene",
    "handwriting",
    "seal",
    "formula",
    "molecule",
    "table",
    "page",
    "music",
    "geometry",
    "chart",
    "fine-grained",
    "multi-crop",
    "multi-page",
)
"""As the help lists them: what is drawn from nothing else first, what is drawn from other sets last."""


def room(kind: str) -> str:
    """The package of a kind.

    >>> room("multi-page")
    'data_engines.kinds.multi_page'
    """
    return f"{__name__}.{kind.replace('-', '_')}"


KINDS: dict[str, Kind] = {name: importlib.import_module(room(name)).KIND for name in NAMES}
"""What is said of each; their engines are loaded only when they draw."""
