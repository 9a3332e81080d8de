"""Writes the page."""

from collections.abc import Sequence
from pathlib import Path
from string import ascii_uppercase

from got_train.board.figures import FIRST, comparison_rows, curve_sections, differing, facts
from got_train.board.readings import examples, read_evaluations
from got_train.board.runs import Run, read_run
from got_train.files import write_text
from got_train.pages.template import render
from got_train.report import counted


def write_board(folders: Sequence[Path], output: Path) -> None:
    """Writes a page of runs that needs no other file.

    Raises:
        UserError: if the system refuses to write it.
    """
    runs = [read_run(folder, letter) for folder, letter in zip(folders, ascii_uppercase, strict=False)]
    reads = [read_evaluations(run) for run in runs]
    sections = [
        {"id": f"curves-{place}", "title": title, "curves": drawn, "left_out": left_out}
        for place, (title, drawn, left_out) in enumerate(curve_sections(runs))
    ]
    curves = [section for section in sections if section["title"] in FIRST]
    more_curves = [section for section in sections if section["title"] not in FIRST]
    shown = examples(reads)
    compared = [(run, rows) for run in runs if (rows := comparison_rows(run))]
    title = f"Run {runs[0].name}" if len(runs) == 1 else f"{counted(len(runs), 'run')}"
    page = render(
        "board.html",
        title=title,
        runs=runs,
        names=[_named(run, len(runs)) for run in runs],
        faults=[
            fault for run, read in zip(runs, reads, strict=True) for fault in (*run.faults, *read.faults)
        ],
        contents=[
            ("runs", "What was run"),
            *((section["id"], section["title"]) for section in curves),
            *([("pictures", "The same pictures at every evaluation")] if shown else []),
            *([("compared", "Before and after")] if compared else []),
            *((section["id"], section["title"]) for section in more_curves),
            *([("settings", "Settings")] if any(run.settings for run in runs) else []),
        ],
        facts=facts(runs),
        differing=differing(runs) if len(runs) > 1 else [],
        curves=curves,
        more_curves=more_curves,
        compared=[(_named(run, len(runs)), rows) for run, rows in compared],
        examples=shown,
        left_out=[read.left_out for read in reads if read.left_out],
        unread=[run.name for run in runs if not run.evaluations],
    )
    write_text(output, page)


def _named(run: Run, number: int) -> str:
    return run.name if number == 1 else f"{run.letter}: {run.name}"
