"""Files that are read as a whole, and what is wrong with a file as a whole: said once, not once a row."""

import ast
import csv
import io
import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np

from got_train.data.errors import ContentError
from got_train.data.records import QUESTION_KEYS, load_json
from got_train.data.utf8 import read_utf8
from got_train.report import UserError

MAX_CELL_CHARACTERS = 2**24
"""Longest cell of a CSV."""

HEAD_BYTES = 2**20
"""Bytes of a file in which the end of its first JSON value is looked for."""

DELIMITERS = ",;\t|"
"""What may stand between the cells of a CSV; the first that is in the line of column names does."""


def read_csv(path: Path) -> tuple[list[str], list[tuple[int, dict[Any, Any]]]]:
    """The column names, and the cells of each row by column, each row with the number of its last line.

    Cells beyond the columns are a list under None, and cells that a row lacks are None.

    Raises:
        UserError: if it is not CSV in UTF-8, or two columns have the same name.
    """
    text = read_utf8(path, f"data file {path}", as_it_is=True)
    if "\0" in text:
        raise UserError(f"data file {path} is not text: it holds a NUL character")
    header = text.lstrip("\r\n").partition("\n")[0].strip()
    if _is_json(header) and header.startswith(("{", "[")):
        raise UserError(f"data file {path} holds a JSON value a line: {_rename(path, '.jsonl')}")
    if header.startswith("|") and header.endswith("|"):
        raise UserError(f"data file {path} holds a table of Markdown, not CSV: save it as CSV")
    if header.lower().startswith("sep="):
        raise UserError(f"data file {path} begins with {header}, a line for Excel: remove it")
    signs = "\t" if path.suffix.lower() == ".tsv" else DELIMITERS
    delimiter = next((sign for sign in signs if sign in header), signs[0])
    limit_before = csv.field_size_limit(MAX_CELL_CHARACTERS)  # a limit of the whole process
    try:
        spaced = f"{delimiter} " in header
        stream = io.StringIO(text, newline="")
        reader = csv.DictReader(stream, delimiter=delimiter, strict=True, skipinitialspace=spaced)
        names = [name.strip() for name in reader.fieldnames or ()]
        twice = {name for name in names if name and names.count(name) > 1}
        if twice:
            raise UserError(
                f"data file {path} has the column {min(twice)} twice: rename or remove one of them"
            )
        # pandas' index has no name
        reader.fieldnames = [name or f"(column {number})" for number, name in enumerate(names, 1)]
        # spreadsheets leave rows of empty cells
        return reader.fieldnames, [(reader.line_num, row) for row in reader if any(row.values())]
    except csv.Error as error:
        quotes = 'a cell with " in it is written "... ""...", in quotation marks'
        raise UserError(f"data file {path}:{reader.line_num + 1} is not CSV: {error} ({quotes})") from None
    finally:
        csv.field_size_limit(limit_before)


def read_json_list(path: Path) -> list[Any]:
    """The values of a JSON list.

    Raises:
        UserError: if it is not one list in UTF-8.
    """
    text = read_utf8(path, f"data file {path}")
    try:
        rows = load_json(text)
    except ContentError as error:
        if _is_json(text.strip().partition("\n")[0]):
            raise UserError(
                f"data file {path} holds a JSON value a line: {_rename(path, '.jsonl')}"
            ) from None
        if "Extra data" in str(error):
            raise UserError(f"data file {path} holds several JSON values: {_as_lines(path, '.')}") from None
        raise UserError(f"data file {path} is not JSON: {error}") from None
    if isinstance(rows, dict):
        raise _one_object(path, rows)
    if not isinstance(rows, list):
        raise UserError(f"data file {path} must hold a list of rows, not {type(rows).__name__}")
    return rows


def check_lines(path: Path, offsets: np.ndarray) -> None:
    """Refuses a file of JSON values that are not one a line.

    Args:
        path: a `.jsonl` file in UTF-8.
        offsets: where its lines that are not blank begin; at least one.

    Raises:
        UserError: says what the file is, and the command that mends it.
    """
    with open(path, "rb") as file:
        file.seek(offsets[0])
        first = file.readline().decode("utf-8-sig", "replace").strip()
    name = f"data file {path}"
    if "\r" in first:
        mended = shlex.quote(str(_mended(path)))
        mend = f"tr '\\r' '\\n' < {shlex.quote(str(path))} > {mended}"
        raise UserError(f"{name} ends its lines with CR, as old Macs did; {mend} mends it")
    whole = _is_json(first)
    if first.startswith("[") and (len(offsets) == 1 or not whole):
        raise UserError(f"{name} holds one JSON list, not a row a line: {_rename(path, '.json')}")
    if whole:
        value = json.loads(first)
        if len(offsets) == 1 and isinstance(value, dict) and _lists_of_rows(value):
            raise _one_object(path, value)
    elif first.startswith("{"):
        _check_broken_line(path, int(offsets[0]), first)


def _check_broken_line(path: Path, offset: int, first: str) -> None:
    """Refuses a file whose first line is not JSON, if all lines are like that."""
    name = f"data file {path}"
    with open(path, "rb") as file:
        file.seek(offset)
        text = file.read(HEAD_BYTES).decode("utf-8-sig", "ignore")
    if first.endswith(",") and _is_json(first[:-1]):
        mend = f"sed 's/,[[:space:]]*$//' {shlex.quote(str(path))} > {shlex.quote(str(_mended(path)))}"
        raise UserError(f"{name} ends its lines with a comma; {mend} mends it")
    try:
        json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        try:
            ast.literal_eval(first)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return
        raise UserError(f"{name} holds rows as Python prints them: write each with json.dumps") from None
    if "\n" in text[: json.JSONDecoder().raw_decode(text)[1]]:
        raise UserError(f"{name} spreads a row over several lines: {_as_lines(path, '.')}")


def _one_object(path: Path, value: dict[str, Any]) -> UserError:
    """The error about a file that holds one object in place of rows."""
    lists = _lists_of_rows(value)
    name = f"data file {path} must hold rows, not one object"
    if lists:
        return UserError(
            f"{name} with the list {lists[0]}: {_as_lines(path, f'.[{json.dumps(lists[0])}][]')}"
        )
    columns = [column for column in value.values() if isinstance(column, dict)]
    if {"columns", "data"} <= set(value) or (columns and all(map(str.isdecimal, columns[0]))):
        return UserError(f"{name} of columns, as pandas writes: use to_json(orient='records', lines=True)")
    if len(columns) == len(value) > 0:
        return UserError(f"{name} with a row under each key: {_as_lines(path, '.[]')}")
    if set(QUESTION_KEYS) & set(value):
        return UserError(f"{name}, which is a row: {_as_lines(path, '.')}")
    return UserError(f"{name} (keys: {', '.join(value) or 'none'})")


def _lists_of_rows(value: dict[str, Any]) -> list[str]:
    """The keys of an object whose values are lists of objects; none if the object is a row itself."""
    if set(QUESTION_KEYS) & set(value):
        return []
    return [
        key for key, rows in value.items() if isinstance(rows, list) and rows and isinstance(rows[0], dict)
    ]


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _rename(path: Path, ending: str) -> str:
    return f"mv {shlex.quote(str(path))} {shlex.quote(str(path.with_suffix(ending)))}"


def _as_lines(path: Path, what: str) -> str:
    command = f"jq -c {shlex.quote(what)}" if what != "." else "jq -c ."
    return f"{command} {shlex.quote(str(path))} > {shlex.quote(str(_mended(path)))} writes a row a line"


def _mended(path: Path) -> Path:
    return path.with_name(f"{path.stem}.rows.jsonl")
