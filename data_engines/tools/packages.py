"""Data inside installed packages, as sources: what the engines draw from when the user names no source."""

from importlib.metadata import version

from data_engines.engine import Source


def packaged(distribution: str, what: str, licence: str) -> Source:
    """`what` of an installed distribution, as the manifest names it."""
    return Source(None, f"{distribution} {version(distribution)}: {what}", licence)
