"""olmOCR-bench: facts about single pages of PDF files, each of which a page's text passes or fails."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from got_train.bench.benchmark import (
    Asking,
    Groups,
    check_files,
    check_folder_exists,
    check_inside,
    damaged,
    missing,
    page_record,
    require,
    write_files,
)
from got_train.data.errors import ContentError, RowError
from got_train.data.images import PdfPage, num_pdf_pages
from got_train.evaluation.evaluate import Score, scores_of
from got_train.evaluation.intervals import RESAMPLES, interval
from got_train.evaluation.page_tests import read_tests
from got_train.markup.html_tables import with_html_tables
from got_train.page_tests.runner import passes
from got_train.page_tests.texts import Test
from got_train.progress import progress
from got_train.report import UserError

SOURCE = "https://huggingface.co/datasets/allenai/olmOCR-bench (folder bench_data)"
DATA_FOLDER = "bench_data"
PDF_FOLDER = "pdfs"
PUBLISHED = (
    *("arxiv_math.jsonl", "headers_footers.jsonl", "long_tiny_text.jsonl", "multi_column.jsonl"),
    *("old_scans.jsonl", "old_scans_math.jsonl", "table_tests.jsonl"),
)
BASELINE = "baseline"
"""The type of the test that each PDF file has which has none of this type in a file of tests."""
FOLDER = "markdown"


class OlmOcr:
    """The tests in a folder, and the pages that they are of."""

    def __init__(self, folder: Path, asking: Asking) -> None:
        """Reads the tests, and counts the pages of their PDF files.

        Raises:
            UserError: if files are missing, or a test cannot be read.
        """
        require("fuzzysearch")
        check_folder_exists(folder)
        self.folder = folder / DATA_FOLDER if (folder / DATA_FOLDER).is_dir() else folder
        files = sorted(self.folder.glob("*.jsonl"))
        if not files:
            raise missing(self.folder / PUBLISHED[0], SOURCE)
        self.tests = {file.name: _read_tests(file) for file in files}
        if not any(self.tests.values()):
            raise damaged(f"{self.folder} has files of tests, but no test in them", SOURCE)
        pdfs = {
            test["pdf"]: self.folder / PDF_FOLDER / test["pdf"]
            for tests in self.tests.values()
            for test in tests
        }
        check_files(list(pdfs.values()), SOURCE)
        tested = {test["pdf"] for tests in self.tests.values() for test in tests if test["type"] == BASELINE}
        self.tests[BASELINE] = [
            {"pdf": name, "page": 1, "type": BASELINE} for name in sorted(pdfs.keys() - tested)
        ]
        self.pages = [
            (name, number) for name, path in sorted(pdfs.items()) for number in range(1, _num_pages(path) + 1)
        ]
        self._check_pages(pdfs)
        self.records = [
            page_record(
                PdfPage(pdfs[name], number),
                asking,
                False,
                Path(name).parent.name or "pages",
                location=f"{name}:{number}",
            )
            for name, number in self.pages
        ]
        self.notes = []
        if any(test["type"] == "math" for tests in self.tests.values() for test in tests):
            self.notes.append(
                "formulas are compared in one spelling without typefaces; the official scorer draws them "
                "with KaTeX, and may find a formula that is spelt in another way"
            )
        if absent := [name for name in PUBLISHED if name not in self.tests]:
            self.notes.append(
                f"{self.folder} lacks {', '.join(absent)}, published at {SOURCE}: `overall` is of the others"
            )

    def _check_pages(self, pdfs: Mapping[str, Path]) -> None:
        pages = set(self.pages)
        for name, tests in self.tests.items():
            for test in tests:
                if (test["pdf"], test["page"]) not in pages:
                    raise UserError(f"{name}: {pdfs[test['pdf']]} has no page {test['page']}")

    def write(self, answers: Sequence[str], output: Path) -> str:
        """Writes a markdown file for each page, by the names that the official scorer looks for."""
        names = [f"{Path(name).with_suffix('')}_pg{number}_repeat1.md" for name, number in self.pages]
        write_files(output / FOLDER, dict(zip(names, map(with_html_tables, answers), strict=True)))
        return (
            f"for the official scorer: copy {output / FOLDER} to {self.folder / 'got-train'}, and run "
            f"python -m olmocr.bench.benchmark --dir {self.folder} --candidate got-train"
        )

    def score(self, answers: Sequence[str]) -> Groups:
        """The share of tests that pass: by file, over all files, and by type of test."""
        markdown = dict(zip(self.pages, map(with_html_tables, answers), strict=True))
        passed: dict[str, list[tuple[str, float]]] = {}
        number = sum(map(len, self.tests.values()))
        bar = progress(
            "testing", number, "test", ((name, test) for name in self.tests for test in self.tests[name])
        )
        for name, test in bar:
            result = float(passes(test, markdown[test["pdf"], test["page"]]))
            passed.setdefault(name, []).append((test["type"], result))
        by_file = {name: [result for _, result in results] for name, results in passed.items()}
        by_type: dict[str, list[float]] = {}
        for type_name, result in (pair for results in passed.values() for pair in results):
            by_type.setdefault(type_name, []).append(result)
        return {
            "overall": {"passed": _overall(list(by_file.values()))},
            **{name: _share(results) for name, results in by_file.items()},
            **{f"type {name}": _share(results) for name, results in sorted(by_type.items())},
        }


def _num_pages(path: Path) -> int:
    try:
        return num_pdf_pages(path)
    except ContentError as error:
        raise damaged(error, SOURCE) from None


def _read_tests(file: Path) -> list[Test]:
    try:
        tests = read_tests(file)
    except RowError as error:
        raise damaged(str(error), SOURCE) from None
    for number, test in enumerate(tests, start=1):
        check_inside(test["pdf"], "pdf", f"{file}: test {number}", PDF_FOLDER)
    return tests


def _share(results: Sequence[float]) -> dict[str, Score]:
    return scores_of([{"passed": (result, 1.0)} for result in results])


def _overall(files: Sequence[Sequence[float]]) -> Score:
    """The mean of the files' shares, as the benchmark has it; each file's tests are drawn by themselves."""
    rng = np.random.default_rng(0)
    shares = [np.array(results) for results in files if results]
    drawn = [
        np.mean([rng.choice(results, size=len(results)).mean() for results in shares])
        for _ in range(RESAMPLES)
    ]
    number = sum(map(len, shares))
    return Score(float(np.mean([results.mean() for results in shares])), *interval(drawn), number)
