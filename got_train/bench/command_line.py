"""`got-train bench`: its options, and what is done with them."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from got_train.bench import Tiles
from got_train.inference.command_line import add_reading_options, check_reading_options, reader
from got_train.ranks import rank
from got_train.report import UserError, check_targets, counted, printable

if TYPE_CHECKING:
    from got_train.bench.benchmark import Asking, Benchmark, Groups

BENCHMARKS = ("omnidocbench", "olmocr", "fox", "latex-ocr")

ANSWERS = "answers.jsonl"
SCORES = "scores.json"


def add_bench_options(bench: argparse.ArgumentParser) -> None:
    """The options of `bench`."""
    bench.add_argument("benchmark", choices=BENCHMARKS)
    bench.add_argument("folder", metavar="DIR", type=Path, help="the benchmark's own files, as published")
    bench.add_argument("model", help="model folder, checkpoint, run folder or hub id")
    bench.add_argument(
        "--output", type=Path, metavar="OUT", help="folder to write (default: bench/BENCHMARK)"
    )
    bench.add_argument(
        "--tiles",
        choices=get_args(Tiles),
        default="large",
        help="pages to cut into tiles (default: %(default)s, which are larger than A4 at 200 dpi)",
    )
    bench.add_argument("--query", help="ask this question instead of the prompt that suits the benchmark")
    add_reading_options(bench)


def bench(options: argparse.Namespace) -> int:
    """Asks the questions of a benchmark, writes what its own scorer takes, and scores."""
    check_reading_options(options)
    from got_train.bench.benchmark import Asking, groups_text
    from got_train.files import write_text
    from got_train.inference.predict import check_parts, predict, read_answers
    from got_train.inference.questions import check_query
    from got_train.run_folders import resolve_checkpoint

    if options.query is not None:
        check_query(options.query)
    benchmark = read_benchmark(options.benchmark, options.folder, Asking(options.query, options.tiles))
    output = options.output or Path("bench") / options.benchmark
    if output.resolve() == options.folder.resolve():
        raise UserError(f"--output {output} is the benchmark's own folder: choose another")
    answers_file, scores_file = output / ANSWERS, output / SCORES
    instead = "give --overwrite, or --resume to continue it"
    check_targets([answers_file, scores_file], [], options.overwrite or options.resume, instead)
    check_parts(answers_file, options.resume, options.overwrite)
    model = resolve_checkpoint(options.model)
    got = reader(model, options)
    predict(got, benchmark.records, answers_file, options.max_new_tokens, options.batch_size, options.resume)
    if rank() != 0:
        return 0
    answers = read_answers(answers_file)
    print(f"{counted(len(answers), 'answer')} written to {printable(str(answers_file))}")
    print(printable(benchmark.write(answers, output)))
    groups = benchmark.score(answers)
    write_text(scores_file, _scores_json(options.benchmark, model, groups, benchmark.notes))
    print(groups_text(groups))
    for note in benchmark.notes:
        print(printable(f"note: {note}"))
    return 0


def read_benchmark(name: str, folder: Path, asking: "Asking") -> "Benchmark":
    """The benchmark of one of `BENCHMARKS` in a folder.

    Raises:
        UserError: if files are missing or damaged, or a package of the extra `bench` is.
    """
    from got_train.bench.fox import Fox
    from got_train.bench.latex_ocr import LatexOcr
    from got_train.bench.olmocr import OlmOcr
    from got_train.bench.omnidocbench import OmniDocBench

    readers: dict[str, type[Benchmark]] = dict(
        zip(BENCHMARKS, (OmniDocBench, OlmOcr, Fox, LatexOcr), strict=True)
    )
    return readers[name](folder, asking)


def _scores_json(name: str, model: str, groups: "Groups", notes: Sequence[str]) -> str:
    scores = {
        group: {score: asdict(value) for score, value in members.items()} for group, members in groups.items()
    }
    content = {"benchmark": name, "model": model, "scores": scores, "notes": list(notes)}
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"
