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


def install_line(extra: str) -> str:
    """The command that installs an extra of got-train, which is on no index of packages.

    pip takes the name of an installed package without asking an index; a checkout is named as a folder.
    """
    checkout = Path(__file__).parent.parent
    if not (checkout / "pyproject.toml").is_file():
        return f"pip install 'got-train[{extra}]'"
    return f"pip install -e '{'.' if Path.cwd() == checkout else checkout}[{extra}]'"


def matplotlib_fonts() -> Path:
    """The folder of matplotlib's own fonts: DejaVu and STIX."""
    return package_folder("matplotlib") / "mpl-data" / "fonts" / "ttf"


def noto_fonts() -> tuple[Path, ...]:
    """Noto Sans SC and Noto Serif SC, of the extra `engines`; none where it is not installed."""
    try:
        return tuple(sorted(package_folder("pylopdf_fonts_zh_cn").glob("*.otf")))
    except ModuleNotFoundError:
        return ()
