"""Data inside installed packages, as sources: what the engines draw from when the user names no source."""

from importlib.metadata import version

from data_engines.engine import Source
from data_engines.kind import Packaged


def packaged(source: Packaged) -> tuple[Source, ...]:
    """What installed packages hold, as the manifest names it: each with its version."""
    return tuple(
        Source(None, f"{name} {version(name)}: {source.what}", source.licence) for name in source.packages
    )
