"""Data inside installed packages: what the engines draw from when the user names no source."""

import importlib.util
from importlib.metadata import version
from pathlib import Path

from data_engines.engine import Source


def package_folder(module: str) -> Path:
    """The folder of an installed package, which is not imported.

    Raises:
        ModuleNotFoundError: the package is not installed.
    """
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)
    return Path(spec.origin).parent


def packaged(distribution: str, what: str, licence: str) -> Source:
    """`what` of an installed distribution, as the manifest names it."""
    return Source(None, f"{distribution} {version(distribution)}: {what}", licence)
