"""Opens files, patterns, folders and sets of the hub as one set of rows."""

import glob
import itertools
import os.path
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from got_train.data.arrow import ArrowRows, parquet_rows
from got_train.data.foreign import refuse_foreign
from got_train.data.hub import HubSet, find_hub_set, hub_rows
from got_train.data.names import hint_of_name, image_endings
from got_train.data.record import READ_AS_IT_IS, ReadOptions
from got_train.data.records import ANSWER_KEYS, IMAGE_KEYS, MESSAGE_KEYS, QUESTION_KEYS
from got_train.data.row_files import JsonlRows, ListedRows, RowFile, TarRows
from got_train.data.rows import OpenFile, Rows
from got_train.data.utf8 import MAX_POINTER_BYTES, refuse_pointer
from got_train.foreign_files import read_json
from got_train.progress import progress
from got_train.report import UserError

RUN_FILES = {"files": "data.jsonl", "webdataset": "shards/*.tar", "parquet": "shards/*.parquet"}
"""Files of rows in a folder of `got-data`, by the output format."""

FOLDER_FILES = ("metadata.jsonl", "metadata.csv", "metadata.parquet")
"""Files of rows in a folder of images (the imagefolder of `datasets`); `file_name` names a row's image."""

READERS: dict[str, Callable[[Path], RowFile]] = {
    ".jsonl": JsonlRows,
    ".json": ListedRows,
    ".csv": ListedRows,
    ".tsv": ListedRows,
    ".tar": TarRows,
    ".parquet": parquet_rows,
}

Source = Path | HubSet


def open_rows(text: str, options: ReadOptions = READ_AS_IT_IS) -> Rows:
    """All rows of the data that a user names.

    Args:
        text: what `find_sources` takes.
        options: how rows are read. The query of a known set of the hub has precedence over that of `options`.

    Raises:
        UserError: if there is no such data, it cannot be read, or it has no query.
    """
    return open_sources(find_sources(text), options, text)


def open_sources(sources: Sequence[Source], options: ReadOptions, name: str) -> Rows:
    """All rows of files and sets of the hub, one after the other; see `open_rows`.

    Args:
        sources: the files and sets.
        options: how rows are read.
        name: what the user calls all of them, for counts and messages.
    """
    files = []
    for source in progress("opening data files", len(sources), "file", sources, delay=2):
        if isinstance(source, HubSet):
            asking = replace(options, query=source.query or options.query)
            opened = [OpenFile(rows, asking, name) for rows in hub_rows(source)]
        else:
            opened = [OpenFile(READERS[source.suffix.lower()](source), options, name)]
        for file in opened:
            columns = file.file.columns if isinstance(file.file, ArrowRows | ListedRows) else None
            if columns is not None and len(file.file):
                _check_columns(columns, str(source), file.options)
        files += opened
    return Rows(files)


def _check_columns(columns: Sequence[str], source: str, options: ReadOptions) -> None:
    """Refuses a file without a column that asks, answers or is read at all: the same fault in all rows."""
    names = {options.columns.get(name, name) for name in columns}
    if options.query is None and not names & set(QUESTION_KEYS):
        lacking, mend = "query", "data.columns renames them, data.query asks the same of all rows"
    elif options.answered and not names & {*ANSWER_KEYS, *MESSAGE_KEYS}:
        lacking, mend = "response", "data.columns renames them"
    elif not names & {*QUESTION_KEYS, *ANSWER_KEYS, *IMAGE_KEYS}:
        lacking, mend = "images", "data.columns renames them"
    else:
        return
    says = {"query": "what is asked", "response": "what is answered", "images": "what is read"}[lacking]
    raise UserError(
        f"data file {source} has no column {lacking} (or another name of it, or messages) that says {says}; "
        f"its columns are {', '.join(columns)}: {mend} (--columns, --query)"
    )


def matches(text: str) -> list[Path]:
    """The paths that match a pattern, sorted; a path that exists matches only itself, `~` is the home."""
    text = os.path.expanduser(text)
    return [Path(text)] if Path(text).exists() else sorted(map(Path, glob.glob(text, recursive=True)))


def find_sources(text: str) -> list[Source]:
    """The files and hub sets that a path, a pattern such as `shards/*.tar`, a folder or a hub id stands for.

    Raises:
        UserError: if there is no such data, or a file of an unknown kind.
    """
    found = matches(text)
    if not found:
        hub_set = find_hub_set(text)
        if hub_set is None or Path(text).suffix in READERS:
            raise UserError(f"data file {text} {hint_of_name(text, [Path()]) or 'does not exist'}")
        return [hub_set]
    sources: list[Source] = []
    for match in found:
        if not match.is_dir() and not match.is_file():
            raise UserError(f"data file {match} {hint_of_name(str(match), [Path()]) or 'is no file'}")
        sources += _find_in_folder(match) if match.is_dir() else [match]
    files = [source for source in sources if isinstance(source, Path)]
    for file in files:
        if file.stat().st_size <= MAX_POINTER_BYTES:  # there may be thousands of files
            refuse_pointer(file.read_bytes(), f"data file {file}")
        if file.suffix.lower() not in (".csv", ".tar", ".parquet") and not _has_columns(file):
            refuse_foreign(file, f"data file {file}")
        if file.suffix.lower() not in READERS:
            raise UserError(f"data file {file}: only {', '.join(READERS)} files are read, none compressed")
    for one, other in itertools.pairwise(sorted(files)):
        if one.with_suffix("") == other.with_suffix("") and one != other:
            raise UserError(
                f"{text} stands for {one} and {other}, which may be the same rows twice: name the one to read"
            )
    return sources


def _has_columns(file: Path) -> bool:
    """Whether a `.tsv` begins with names of columns, and not with the labels of another tool."""
    if file.suffix.lower() != ".tsv":
        return False
    with open(file, encoding="utf-8-sig", errors="replace") as opened:
        names, cells = ([cell.strip(' "\r\n') for cell in opened.readline().split("\t")] for _ in range(2))
    known = {*QUESTION_KEYS, *ANSWER_KEYS, *IMAGE_KEYS}
    return not known.isdisjoint(names) or (cells[0].lower().endswith(image_endings()) and "." not in names[0])


def _find_in_folder(folder: Path) -> Sequence[Source]:
    """The sources in a folder of `got-data`, of images with metadata, or with the layout of a hub set."""
    if (folder / "manifest.json").is_file():
        return _files_of_run(folder)
    if (folder / "plan.json").exists() or any(folder.glob("**/*.partial")):
        raise _incomplete(folder)
    metadata = [folder / name for name in FOLDER_FILES if (folder / name).is_file()]
    if metadata:
        return metadata
    if (folder / "README.md").is_file():
        return [HubSet(str(folder))]
    refuse_foreign(folder, f"data folder {folder}")
    ending = next((ending for ending in READERS if any(folder.glob(f"*{ending}"))), ".tar")
    raise UserError(
        f"data folder {folder} has neither manifest.json of got-data, nor {' or '.join(FOLDER_FILES)} "
        f"beside images, nor README.md of a set of the hub: name files, such as {folder}/*{ending}"
    )


def _incomplete(folder: Path) -> UserError:
    return UserError(f"data folder {folder} is incomplete: run the same got-data command again to finish it")


def run_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a folder that `got-data` wrote, with its `sets` (a mix) or its `format`.

    Raises:
        UserError: if the folder is incomplete, or `got-data` writes no such manifest.
    """
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        raise _incomplete(folder)
    facts = read_json(manifest)
    sets = facts.get("sets", [])
    if not isinstance(sets, list) or not all(isinstance(name, str) for name in sets):
        raise UserError(f"{manifest}: sets must be a list of names")
    for name in sets:
        if Path(name).is_absolute() or not Path(name).parts or ".." in Path(name).parts:
            raise UserError(f"{manifest}: {name!r} is no folder beside it")
    # Runs of versions with only one format have no such key.
    output_format = facts.get("format", "files")
    if not isinstance(output_format, str) or output_format not in RUN_FILES:
        raise UserError(f"{manifest}: format {output_format!r} is not read: {', '.join(RUN_FILES)} are")
    return facts


def _files_of_run(folder: Path) -> list[Path]:
    """The data files of a folder that `got-data` wrote."""
    facts = run_manifest(folder)
    if "sets" in facts:  # a mix of several runs
        return [file for name in facts["sets"] for file in _files_of_run(folder / name)]
    pattern = RUN_FILES[facts.get("format", "files")]
    files = sorted(folder.glob(pattern))
    if not files:
        raise UserError(f"data folder {folder} has no {pattern}, as its manifest promises")
    return files
