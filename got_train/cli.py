"""The commands."""

import argparse
import json
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from got_train.report import UserError, table

# Commands import what they need when they run: an error in the command line should not wait for torch.


def main(argv: Sequence[str] | None = None) -> None:
    """Runs one command; a mistake of the user ends in one line and exit code 2."""
    options = parse(argv)
    # `gradient_checkpointing` has a new name in transformers 6; the oldest release we take lacks it.
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    # Rows are encoded one by one; threads of the tokenizer would only warn about the loader's forks.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        sys.exit(options.run(options))
    except UserError as error:
        print(f"got-train: error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("got-train: interrupted", file=sys.stderr)
        sys.exit(130)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The options of a command line; overrides may stand on either side of a flag."""
    top = parser()
    options, rest = top.parse_known_args(argv)
    overrides = [word for word in rest if "=" in word and not word.startswith("-") and "overrides" in options]
    unknown = [word for word in rest if word not in overrides]
    if unknown:
        top.error(f"unrecognized arguments: {' '.join(unknown)}")
    if overrides:
        options.overrides += overrides
    return options


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(prog="got-train", description="Train GOT-OCR2.0-style models.")
    # The deepspeed launcher puts this before the command; torch reads the same from the environment.
    top.add_argument("--local_rank", "--local-rank", help=argparse.SUPPRESS)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    train = commands.add_parser("train", help="train as a config says")
    train.add_argument("config", help="YAML file")
    train.add_argument("overrides", nargs="*", metavar="key=value", help="for example train.max_steps=2")
    train.add_argument("--dry-run", action="store_true", help="print what would be done, and train nothing")
    train.set_defaults(run=_train)

    infer = commands.add_parser("infer", help="read pictures with a model")
    infer.add_argument("model", help="model folder, checkpoint or run folder")
    what = infer.add_mutually_exclusive_group(required=True)
    what.add_argument("--image", help="picture to read")
    what.add_argument("--pages", nargs="+", metavar="IMAGE", help="pages of one document")
    what.add_argument("--data", help="rows to answer: a file, 'pattern' or folder")
    infer.add_argument("--format", action="store_true", help="ask for formatted text")
    infer.add_argument("--box", type=_box, metavar="x1,y1,x2,y2", help="read this region, in pixels")
    infer.add_argument(
        "--color", choices=["red", "green", "blue"], help="read inside the frame of this colour"
    )
    infer.add_argument("--crop", action="store_true", help="cut the picture into tiles")
    infer.add_argument("--output", type=Path, help="predictions of --data, as JSONL")
    infer.add_argument(
        "--max-new-tokens", type=int, default=4096, help="longest answer (default: %(default)s)"
    )
    infer.add_argument(
        "--batch-size", type=int, default=8, help="rows of --data at once (default: %(default)s)"
    )
    infer.set_defaults(run=_infer)

    merge = commands.add_parser("merge", help="merge LoRA adapters into a plain model folder")
    merge.add_argument("checkpoint", help="adapter checkpoint or run folder")
    merge.add_argument("--output", help="folder to write (default: CHECKPOINT-merged)")
    merge.set_defaults(run=_merge)

    evaluate = commands.add_parser("eval", help="score a file of predictions")
    evaluate.add_argument("predictions", type=Path, help="what `got-train infer --data --output` wrote")
    evaluate.set_defaults(run=_evaluate)

    check = commands.add_parser("check-data", help="find every bad row of data files")
    check.add_argument("files", nargs="+", help="files, 'patterns' or folders, as in data.train")
    check.add_argument("--image-root", help="folder in which relative picture paths are looked up")
    check.add_argument(
        "--max-length", type=int, default=8192, help="longest row in tokens (default: %(default)s)"
    )
    check.add_argument(
        "--tokenizer", default="qwen", help="folder or hub id that counts tokens (default: GOT's)"
    )
    check.set_defaults(run=_check)

    quickstart = commands.add_parser("quickstart", help="the whole recipe in miniature, on a CPU")
    quickstart.add_argument(
        "--output", type=Path, default=Path("output/quickstart"), help="(default: %(default)s)"
    )
    quickstart.set_defaults(run=_quickstart)
    return top


def _box(text: str) -> tuple[float, ...]:
    try:
        box = tuple(float(value) for value in text.split(","))
    except ValueError:
        box = ()
    if len(box) not in (2, 4):
        raise argparse.ArgumentTypeError(f"{text!r} is not x1,y1,x2,y2 (or a point x,y) in pixels")
    return box


def _train(options: argparse.Namespace) -> int:
    from got_train.config import load_config

    config = load_config(options.config, options.overrides)
    from got_train.training.train import train

    train(config, dry_run=options.dry_run)
    return 0


def _infer(options: argparse.Namespace) -> int:
    from got_train.inference.infer import Reader, predict_file, question

    single = [f"--{name}" for name in ("format", "box", "color", "crop") if getattr(options, name)]
    if options.data and single:
        raise UserError(f"{', '.join(single)} cannot be used with --data: its rows say what is asked")
    if options.data and not options.output:
        raise UserError("--data needs --output, the file to write")
    if options.data:
        reader = Reader.load(options.model)
        count = predict_file(reader, options.data, options.output, options.max_new_tokens, options.batch_size)
        print(f"{count} rows written to {options.output}")
        return 0
    pictures = options.pages or [options.image]
    record = question(pictures, options.format, options.box, options.color, options.crop)
    reader = Reader.load(options.model)
    print(next(reader.read([record], options.max_new_tokens)))
    return 0


def _merge(options: argparse.Namespace) -> int:
    from got_train.model.merge import merge

    folder, difference = merge(options.checkpoint, options.output)
    print(f"merged into {folder} (logits before and after differ by {difference:.2g} of the largest)")
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from got_train.evaluation.evaluate import evaluate, score_table

    scores = evaluate(options.predictions)
    print(score_table(scores))
    print(json.dumps(scores))
    return 0


def _check(options: argparse.Namespace) -> int:
    import numpy as np

    from got_train.config import DataConfig
    from got_train.data.check import find_problems
    from got_train.data.encode import Encoding
    from got_train.data.sources import select_rows
    from got_train.model.tokenizer import load_tokenizer
    from got_train.vocabulary import TILE_SIZE, tokens_per_tile

    config = DataConfig(train=options.files, image_root=options.image_root, max_length=options.max_length)
    encoding = Encoding(load_tokenizer(options.tokenizer), config, TILE_SIZE, tokens_per_tile(TILE_SIZE, 16))
    counts = []
    failed = False
    for file in options.files:
        rows = select_rows([file], encoding, np.random.default_rng(0))
        workers = (os.cpu_count() or 1) if len(rows) > 1000 else 0
        problems = find_problems(rows, np.arange(len(rows)), workers, description=file)
        for line in problems.lines():
            print(line)
        counts.append((file, len(rows), len(problems.bad), problems.summary() or "-"))
        failed = failed or bool(problems.bad)
    print(table(["file", "rows", "bad", "causes"], counts))
    return 1 if failed else 0


def _quickstart(options: argparse.Namespace) -> int:
    from got_train.quickstart import quickstart

    quickstart(options.output)
    return 0
