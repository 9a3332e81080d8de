"""Data inside installed packages, such as their fonts."""

import importlib.util
from pathlib import Path


def package_folder(module: str) -> Path:
    """The folder of an installed package; the package is not imported.

    Raises:
        ModuleNotFoundError: the package is not installed.
    """
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)
    return Path(spec.origin).parent


def matplotlib_fonts() -> Path:
    """The folder of matplotlib's own fonts: DejaVu and STIX."""
    return package_folder("matplotlib") / "mpl-data" / "fonts" / "ttf"


def noto_fonts() -> tuple[Path, ...]:
    """Noto Sans SC and Noto Serif SC, of the extra `engines`; none where it is not installed."""
    try:
        return tuple(sorted(package_folder("pylopdf_fonts_zh_cn").glob("*.otf")))
    except ModuleNotFoundError:
        return ()
