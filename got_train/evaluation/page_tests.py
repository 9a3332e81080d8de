"""Tests of pages, from files in the form of olmOCR-bench, and the answers that they are run over."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from got_train.data.errors import located
from got_train.data.json_values import load_json
from got_train.data.utf8 import read_utf8
from got_train.evaluation.metrics import Part
from got_train.evaluation.predictions import Prediction
from got_train.page_tests.runner import check_test, results
from got_train.page_tests.texts import Test
from got_train.prompts import parse_task
from got_train.report import UserError, counted

PASSED = "passed"
"""The score of all tests; that of a type has its name behind it."""


def read_tests(file: Path) -> list[Test]:
    """The tests of a JSONL file.

    Raises:
        UserError: if the file cannot be read, or a row is no test that can be run.
        RowError: if a line is not JSON.
    """
    tests = []
    for number, line in enumerate(read_utf8(file, f"file of tests {file}").split("\n"), start=1):
        if line.strip():
            location = f"{file}:{number}"
            with located(location):
                test = load_json(line)
            check_test(test, location)
            tests.append(test)
    return tests


def read_page_tests(file: Path) -> dict[str, list[Test]]:
    """The tests of a file by the names of their pages: of pictures, or of pages of PDF files (`a.pdf:2`).

    Raises:
        UserError: as `read_tests`, or if the file has no test.
    """
    pages = defaultdict(list)
    for test in read_tests(file):
        name = str(test["pdf"])
        pages[f"{name}:{test['page']}" if name.lower().endswith(".pdf") else name].append(test)
    if not pages:
        raise UserError(f"file of tests {file} has no test")
    return dict(pages)


def pages_of_rows(file: Path, names: Mapping[str, object], rows: Sequence[Prediction]) -> list[str]:
    """The page of each row; empty for one that no page is meant by.

    A row answers for a page if it is about the whole of one picture, whose path ends with the page's name.
    Where such pictures lie in several folders, the one that the file of tests lies in is meant.

    Args:
        file: the file of tests.
        names: those of its pages.
        rows: the answers.

    Raises:
        UserError: if no row answers for a page, or rows of several folders do, none of which is the file's.
    """
    placed = [_place(row, names) for row in rows]
    folders = list(dict.fromkeys(folder for folder, name in placed if name))
    if not folders:
        raise UserError(f"no row answers for a page that {file} has tests of, such as {next(iter(names))}")
    own = str(file.parent.resolve())
    folder = own if own in folders else folders[0]
    if folder != own and len(folders) > 1:
        raise UserError(
            f"{file} does not say whether it has tests of the pictures in {folders[0] or 'no folder'} or in "
            f"{folders[1] or 'no folder'}: keep the rows of one of them"
        )
    return [name if at == folder else "" for at, name in placed]


def _place(row: Prediction, names: Mapping[str, object]) -> tuple[str, str]:
    """The folder of a row's page, and its name in there; both empty if there are no tests of it."""
    task = parse_task(row.query)
    if len(row.images) == 1 and not (task and (task.box or task.color or task.with_boxes)):
        parts = row.images[0].split("/")
        for begin in range(len(parts)):
            if (name := "/".join(parts[begin:])) in names:
                return "/".join(parts[:begin]), name
    return "", ""


def run_tests(answer: str, tests: Sequence[Test]) -> tuple[dict[str, Part], list[str]]:
    """Runs the tests of a page over an answer to it.

    Returns:
        How many tests it passes, and how many there are, of all and of each type; and those that it fails, by
        their ids.
    """
    parts: dict[str, Part] = {}
    failed = []
    for test, is_passed in zip(tests, results(answer, tests), strict=True):
        for name in (PASSED, f"{PASSED}_{test['type']}"):
            amount, number = parts.get(name, (0.0, 0.0))
            parts[name] = (amount + is_passed, number + 1)
        if not is_passed:
            failed.append(str(test.get("id", test["type"])))
    return parts, failed


def note_of_tests(tests: Mapping[str, Sequence[Test]], pages: Collection[str]) -> str:
    """A note on the tests that were not run, as no row answers for their pages; empty if all were."""
    left = sorted(tests.keys() - pages)
    number = counted(sum(len(tests[name]) for name in left), "test")
    return f"{number} of {counted(len(left), 'page')} not run: no row answers for {left[0]}" if left else ""
