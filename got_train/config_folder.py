"""The configurations that come with the package: `got-train configs` lists and copies them."""

from pathlib import Path

from got_train.report import UserError, table

_PACKAGED = Path(__file__).parent / "configs"
CONFIGS = _PACKAGED if _PACKAGED.is_dir() else Path(__file__).parent.parent / "configs"
"""The folder `configs/`: inside the package once it is built (setup.py), beside the package in a checkout."""


def config_files() -> list[Path]:
    """All configurations, as paths below `CONFIGS`."""
    return sorted(
        path.relative_to(CONFIGS)
        for path in CONFIGS.rglob("*")
        if path.suffix in (".yaml", ".json")  # an installed package may hold bytecode folders as well
    )


def listing() -> str:
    """A table of the files with the first comment line of each; JSON has no comments."""
    rows = []
    for file in config_files():
        first = (CONFIGS / file).read_text(encoding="utf-8").splitlines()[0]
        rows.append((str(file), first.removeprefix("#").strip() if first.startswith("#") else ""))
    return table(["file", "what it is for"], rows)


def copy_configs(folder: Path) -> list[Path]:
    """Copies all configurations into a folder, which is made where it does not exist.

    Returns:
        The files that were written; a file that is there already with the same content is left alone.

    Raises:
        UserError: if a file of the same name has another content; nothing is written then.
    """
    if folder.is_file():
        raise UserError(f"{folder} is a file: name a folder for the configs")
    contents = {folder / file: (CONFIGS / file).read_bytes() for file in config_files()}
    changed = [
        str(path)
        for path, content in contents.items()
        if path.exists() and (path.is_dir() or path.read_bytes() != content)
    ]
    if changed:
        raise UserError(
            f"{', '.join(changed)}: there already with another content, nothing was copied; "
            "move it away or name another folder"
        )
    missing = {path: content for path, content in contents.items() if not path.exists()}
    for path, content in missing.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return list(missing)
