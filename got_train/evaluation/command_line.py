"""`got-train eval`: its options, and what is done with them."""

import argparse
from pathlib import Path

from got_train.command_options import OVERWRITE
from got_train.evaluation.suites import SUITES
from got_train.report import UserError, check_targets
from got_train.run_folders import resolve_checkpoint


def add_eval_options(command: argparse.ArgumentParser) -> None:
    """The options of `eval`."""
    command.add_argument(
        "predictions",
        type=Path,
        help="output of `infer --data --output`, of ms-swift, or of the authors' scripts",
    )
    command.add_argument(
        "--suite", choices=SUITES, help="scores of all rows (default: the suite of each row's kind)"
    )
    command.add_argument(
        "--as-published", action="store_true", help="compute scores as the paper's scripts, errors included"
    )
    command.add_argument(
        "--tests",
        type=Path,
        metavar="JSONL",
        help="also run the tests of pages in this file, such as `got-data --tests` writes",
    )
    command.add_argument(
        "--report", type=Path, metavar="HTML", help="page to write, with the worst answers and their images"
    )
    command.add_argument("--output", type=Path, metavar="JSON", help="file to write the scores to")
    command.add_argument(
        "--calibrate", metavar="MODEL", help="write beside this model what corrects its --confidence"
    )
    command.add_argument("--overwrite", action="store_true", help=OVERWRITE)


def score(options: argparse.Namespace) -> int:
    """Scores a file of predictions; what takes long to import is imported when the options were looked at."""
    from got_train.evaluation.confidence import calibrate
    from got_train.evaluation.evaluate import evaluate, score_text, write_scores
    from got_train.evaluation.worst import write_page

    targets = [file for file in (options.output, options.report) if file]
    given = [file for file in (options.predictions, options.tests) if file]
    check_targets(targets, given, options.overwrite)
    model = options.calibrate and Path(resolve_checkpoint(options.calibrate))
    if model and not model.is_dir():
        raise UserError(f"--calibrate {model} is no folder of this machine")
    calibrated = calibrate(options.predictions, model, options.overwrite) if model else ""
    evaluation = evaluate(options.predictions, options.suite, options.as_published, options.tests)
    print(score_text(evaluation))
    if calibrated:
        print(f"\n{calibrated}")
    if options.output:
        write_scores(evaluation, options.output)
    if options.report:
        write_page(evaluation, options.report)
    return 0
