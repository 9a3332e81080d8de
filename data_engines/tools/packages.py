"""Data inside installed packages, from which engines draw when the user names no source."""

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from data_engines.engine import Source
from data_engines.kind import Packaged
from got_train.packages import install_line, package_folder


def packaged_files(distribution: str, pattern: str, instead: str, extra: str = "engines") -> list[Path]:
    """The files of an installed distribution that match a pattern, sorted.

    Args:
        distribution: its name; the module has the same name, with underscores for hyphens.
        pattern: a glob pattern of paths inside the package's folder.
        instead: what the user may name in place of these files, for the error.
        extra: the extra of got-train that brings the package.

    Raises:
        ValueError: the package is not installed, or holds no such file.
    """
    try:
        folder = package_folder(distribution.replace("-", "_"))
        cause = f"holds no {pattern}"
    except ModuleNotFoundError:
        folder, cause = None, "is missing"
    files = sorted(folder.glob(pattern)) if folder else []
    if not files:
        raise ValueError(f"the package {distribution} {cause}; {install_line(extra)} brings it, or {instead}")
    return files


def package_code(package: str) -> Iterator[str]:
    """The code of each module of an installed package, in the order of their files, without its tests."""
    for file in sorted(package_folder(package).rglob("*.py")):
        if "tests" not in file.parts:
            yield file.read_text(encoding="utf-8", errors="replace")


def packaged(source: Packaged) -> tuple[Source, ...]:
    """Sources in installed packages as the manifest names them: each package with its version."""
    return tuple(
        Source(None, f"{name} {version(name)}: {source.what}", source.licence) for name in source.packages
    )
