"""The commands."""

import argparse
import io
import os
import shlex
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn, get_args

from got_train.bench.command_line import add_bench_options, bench
from got_train.bitsandbytes_import import hide_bitsandbytes
from got_train.command_examples import epilog
from got_train.command_options import BASE_HELP, OVERWRITE, Engine, above_0, check_folder, positive, share
from got_train.completion import Shell, completion_script
from got_train.config import SampleConfig
from got_train.demo.command_line import add_demo_options, add_label_options, demo, label
from got_train.ending import ended_as_a_whole, run_and_end
from got_train.evaluation.command_line import add_eval_options, score
from got_train.inference.command_line import add_infer_options, infer
from got_train.report import (
    UserError,
    check_new_folder,
    check_targets,
    counted,
    did_you_mean,
    printable,
)
from got_train.secrets import masked, masked_output
from got_train.typed_values import expand_home

# Each command imports its modules when it runs, and what needs torch only after it has looked at what it was
# given: a mistake should not wait for torch.


def main(argv: Sequence[str] | None = None) -> None:
    """Runs one command; a mistake of the user ends with one line and exit code 2."""
    # a shell leaves the ~ of --output=~/a and data.val=~/a as it is
    words = list(map(expand_home, sys.argv[1:] if argv is None else argv))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # a log shows a line when it is written, in its order
    with masked_output(words):
        if argv is None:
            sys.argv[1:] = map(masked, words)  # wandb keeps the command line, and sends it
        _main(words)


def _main(words: list[str]) -> NoReturn:
    options = parse(words)
    # `gradient_checkpointing` has a new name in transformers 6, which our oldest supported release lacks.
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    # Rows are encoded one by one: the tokenizer's threads would only give warnings when the loader forks.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    hide_bitsandbytes()
    if not sys.stderr.isatty():
        os.environ.setdefault("TQDM_DISABLE", "1")  # bars of other packages; `progress` has ours
    run_and_end(partial(options.run, options), options.go_on)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The options of a command line; overrides may be before or after a flag."""
    top = parser()
    options, rest = top.parse_known_args(argv)
    overrides = [word for word in rest if "=" in word and not word.startswith("-") and "overrides" in options]
    if "overrides" in options and not any(word.startswith("-") for word in rest):
        overrides = rest  # `load_config` says what is wrong with a word
    unknown = [word for word in rest if word not in overrides]
    if unknown:
        known = did_you_mean(unknown[0], ["--dry-run"])
        words = f"write settings as {as_override(*unknown[:2])}" if "overrides" in options else ""
        hint = known if known.startswith("did") else words
        top.error(f"unrecognized arguments: {' '.join(unknown)}{hint and f'; {hint}'}")
    if overrides:
        options.overrides += overrides
    for name, value in vars(options).items():
        # as of a variable that is not set; swift's own words may be empty
        if "" in (value if isinstance(value, list) else [value]) and name != "words":
            top.error(f"argument {name.replace('_', '-')}: it is an empty text")
    return options


def as_override(word: str, value: str = "VALUE") -> str:
    """The `key=value` that an option of another program stands for.

    >>> as_override("--train.max_steps", "2"), as_override("--train.seed=1")
    ('train.max_steps=2', 'train.seed=1')
    """
    key = word.strip("-:")
    return key if "=" in key else f"{key}={value}"


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(
        prog="got-train",
        description="Train GOT-OCR2.0-style models.",
        epilog="`got-train COMMAND --help` has the options of a command, with examples.",
    )
    top.add_argument("--version", action="version", version=f"%(prog)s {version('got-train')}")
    # The deepspeed launcher puts this before the command; torch reads the same from the environment.
    top.add_argument("--local_rank", "--local-rank", help=argparse.SUPPRESS)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, run: Callable[[argparse.Namespace], int], help: str, go_on: str = "start again"
    ) -> argparse.ArgumentParser:
        """Adds a command; `go_on` says how it goes on after a signal has ended it."""
        added = commands.add_parser(
            name,
            help=help,
            description=f"{help[0].upper()}{help[1:]}.",
            epilog=epilog(name),
            formatter_class=partial(argparse.RawDescriptionHelpFormatter, max_help_position=36),
        )
        added.set_defaults(run=run, go_on=go_on)
        return added

    again = "the same command with resume=auto goes on; rows that were found good are not read again"
    train = command("train", _train, "train with a config", again)
    train.add_argument("config", help="YAML file")
    train.add_argument("overrides", nargs="*", metavar="key=value", help="for example train.max_steps=2")
    train.add_argument("--dry-run", action="store_true", help="print the plan of the run, and do not train")

    again = "the same command goes on"
    curve = command("curve", _curve, "how many rows are needed: train on shares of them, and compare", again)
    curve.add_argument("config", help="YAML file, as for train")
    curve.add_argument("overrides", nargs="*", metavar="key=value", help="for example data.val_ratio=0.2")

    plan = command("plan", _plan, "whether a run fits into memory, and how long it takes")
    plan.add_argument("config", nargs="?", help="YAML file (default: the packaged ones, as a table)")
    plan.add_argument("overrides", nargs="*", metavar="key=value", help="for example lora.rank=16")
    plan.add_argument("--devices", type=positive, default=1, help="number of devices (default: %(default)s)")
    plan.add_argument(
        "--memory", type=above_0, default=24.0, metavar="GB", help="memory of a device (default: %(default)g)"
    )
    plan.add_argument(
        "--utilization", type=share, default=0.4, help="share of its rate that a device reaches (%(default)g)"
    )
    plan.add_argument(
        "--tflops", type=above_0, default=989.0, help="its rate in bf16 (default: %(default)g, of an H100)"
    )

    again = "with --output, the same command with --resume goes on"
    add_infer_options(command("infer", infer, "read images with a model", again))

    again = "the same command with --resume goes on"
    add_bench_options(command("bench", bench, "ask and score a published benchmark", again))

    serve = command("serve", _serve, "put a model behind an address, with vLLM or transformers")
    serve.add_argument("model", help="model folder, checkpoint, run folder or hub id")
    serve.add_argument(
        "--host", default="127.0.0.1", help="address to listen at (default: this machine's own)"
    )
    serve.add_argument("--port", type=positive, default=8000, help="(default: %(default)s)")
    serve.add_argument("--device", help="such as cpu or cuda:1 (default: the GPU if there is one)")
    serve.add_argument("--engine", choices=get_args(Engine), help="(default: vllm if it is installed)")
    serve.add_argument("--base", help=BASE_HELP)
    serve.add_argument("--engine-options", metavar="='--NAME VALUE ...'", help="more options of the engine")

    add_demo_options(command("demo", demo, "a page in the browser to try a model, or two side by side"))
    again = "the same command goes on after the last accepted row"
    add_label_options(command("label", label, "a page in the browser to make rows of photographs", again))

    merge = command("merge", _merge, "merge LoRA adapters into a plain model folder")
    merge.add_argument("checkpoint", help="adapter checkpoint or run folder")
    merge.add_argument("--output", help="folder to write (default: CHECKPOINT-merged)")
    merge.add_argument("--base", help=BASE_HELP)

    convert = command("convert", _convert, "write a model folder in transformers' or the authors' layout")
    convert.add_argument("source", help="model folder, checkpoint, run folder or hub id")
    convert.add_argument("target", help="folder to write")
    convert.add_argument("--to", required=True, choices=["transformers", "original"], help="its layout")

    again = "the same command with --overwrite goes on"
    push = command("push", _push, "put a model onto Hugging Face or ModelScope", again)
    push.add_argument("model", help="model folder, checkpoint or run folder")
    push.add_argument("repo", help="OWNER/NAME, or MS::OWNER/NAME on ModelScope")
    push.add_argument("--public", action="store_true", help="everybody may read it (default: only you)")
    push.add_argument("--overwrite", action="store_true", help="replace files of the repository")

    add_eval_options(command("eval", score, "score a file of predictions"))

    pairs = command("pairs", _pairs, "make rows for preference training of answers that end in a loop")
    pairs.add_argument("predictions", type=Path, help="output of `infer --data --output`, with references")
    pairs.add_argument("--output", type=Path, required=True, metavar="JSONL", help="rows to write")
    pairs.add_argument("--overwrite", action="store_true", help=OVERWRITE)

    board = command("board", _board, "show runs on one page: curves, settings, readings at each evaluation")
    board.add_argument(
        "runs", nargs="+", metavar="RUN", help="run folder, output/NAME (its newest run), or output (all)"
    )
    board.add_argument(
        "--output", type=Path, default=Path("board.html"), metavar="HTML", help="(default: %(default)s)"
    )
    board.add_argument("--overwrite", action="store_true", help=OVERWRITE)

    check = command("check-data", _check, "find every bad row of data files")
    check.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="files, 'patterns' or folders, as in data.train; or CONFIG.yaml key=value ..., for its rows",
    )
    check.add_argument("--image-root", help="folder in which relative image paths are looked up")
    check.add_argument(
        "--columns",
        nargs="+",
        metavar="THEIRS=OURS",
        help="keys of the rows to rename, such as text=response",
    )
    check.add_argument("--query", help="query of rows that have none of their own")
    check.add_argument(
        "--max-length", type=positive, help=f"longest row in tokens (default: {SampleConfig.max_length})"
    )
    check.add_argument("--tokenizer", help="folder or hub id that counts tokens (default: qwen, GOT's own)")

    swift = command("swift", _swift, "take a command line of ms-swift (docs/swift.md)")
    swift.add_argument("command", metavar="{sft,infer,export}")
    swift.add_argument("words", nargs=argparse.REMAINDER, help="swift's own options; --dry-run")

    configs = command("configs", _configs, "list the packaged configs, or copy them into a folder")
    configs.add_argument("folder", nargs="?", type=Path, help="such as configs: new, or with the same files")

    completion = command("completion", _completion, "print a script that completes commands in a shell")
    completion.add_argument("shell", choices=get_args(Shell))

    again = "the same command goes on"
    for name, help in (
        ("quickstart", "the whole recipe in miniature, on a CPU"),
        ("nano", "the whole recipe on print, in an afternoon on two CPU cores"),
    ):
        recipe = command(name, _recipe, help, again)
        recipe.set_defaults(recipe=name)
        recipe.add_argument(
            "--output", type=Path, default=Path("output", name), help="(default: %(default)s)"
        )
    recipe.add_argument("--seed", type=int, default=42, help="of weights and of order (default: %(default)s)")
    return top


def _train(options: argparse.Namespace) -> int:
    from got_train.config_file import load_config
    from got_train.data.sources import look_at_inputs

    config = load_config(options.config, options.overrides)
    look_at_inputs(config)
    from got_train.training.train import train

    train(config, dry_run=options.dry_run)
    return 0


def _curve(options: argparse.Namespace) -> int:
    from got_train.config_file import load_config
    from got_train.data.sources import look_at_inputs

    config = load_config(options.config, options.overrides)
    look_at_inputs(config)
    from got_train.learning_curve import learning_curve

    with ended_as_a_whole(options.go_on):
        learning_curve(config)
    return 0


def _plan(options: argparse.Namespace) -> int:
    from got_train.config_file import lacks_data, load_config

    if options.config is None:
        from got_train.plan import inference_table, recipes_table

        print(f"{recipes_table()}\n\n{inference_table()}")
        return 0
    rows = ["data.train=[]"] if lacks_data(options.config, options.overrides) else []
    config = load_config(options.config, [*options.overrides, *rows])
    from got_train.plan import plan

    fits = plan(config, options.devices, options.memory, options.utilization, options.tflops)
    return 0 if fits else 1


def _serve(options: argparse.Namespace) -> int:
    from got_train.run_folders import resolve_checkpoint

    model = resolve_checkpoint(options.model)
    from got_train.serving.serve import serve

    more = shlex.split(options.engine_options or "")
    serve(model, options.host, options.port, options.device, options.engine, options.base, more)
    return 0


def _merge(options: argparse.Namespace) -> int:
    from got_train.run_folders import merge_folders

    source, target = merge_folders(options.checkpoint, options.output)
    from got_train.model.merge import merge, merge_message

    print(merge_message(*merge(source, str(target), options.base)))
    return 0


def _convert(options: argparse.Namespace) -> int:
    from got_train.run_folders import resolve_checkpoint

    source = resolve_checkpoint(options.source)
    check_new_folder(Path(options.target))
    from got_train.model.convert import convert
    from got_train.model.original import CODE_NOTE

    number = convert(source, options.target, options.to)
    print(f"{counted(number, 'tensor')} written to {printable(options.target)}, in the {options.to} layout")
    if options.to == "original":
        print(CODE_NOTE)
    return 0


def _push(options: argparse.Namespace) -> int:
    from got_train.push import push

    push(options.model, options.repo, options.public, options.overwrite)
    return 0


def _pairs(options: argparse.Namespace) -> int:
    check_targets([options.output], [options.predictions], options.overwrite)
    from got_train.evaluation.pairs import write_pairs

    print(write_pairs(options.predictions, options.output))
    return 0


def _board(options: argparse.Namespace) -> int:
    from got_train.board.runs import files_of, find_runs

    folders = find_runs(options.runs)
    check_targets(
        [options.output], [file for folder in folders for file in files_of(folder)], options.overwrite
    )
    from got_train.board.page import write_board

    write_board(folders, options.output)
    print(f"{counted(len(folders), 'run')} on {printable(str(options.output))}")
    return 0


def _check(options: argparse.Namespace) -> int:
    from got_train.data.sources import DatasetSpec

    first, *rest = options.files
    if Path(first).suffix in (".yaml", ".yml"):
        asked = ("columns", "query", "image_root", "max_length", "tokenizer")
        given = [f"--{name.replace('_', '-')}" for name in asked if getattr(options, name) is not None]
        if given:
            raise UserError(f"{', '.join(given)} cannot be used with a config, whose keys say the same")
        from got_train.config_file import load_config
        from got_train.data.sources import look_at_inputs

        config = load_config(first, rest)
        look_at_inputs(config)
        from got_train.check_data import check_config

        return 0 if check_config(config) else 1
    check_folder("--image-root", options.image_root)
    for file in options.files:
        DatasetSpec.parse(file)
    for pair in options.columns or []:
        if pair.count("=") != 1:
            raise UserError(f"--columns {pair}: write THEIRS=OURS, as in text=response")
    from got_train.check_data import check_files

    read = (options.columns or [], options.query, options.image_root)
    max_length = options.max_length or SampleConfig.max_length
    return 0 if check_files(options.files, *read, max_length, options.tokenizer or "qwen") else 1


def _swift(options: argparse.Namespace) -> int:
    from got_train.swift import run

    return run(options.command, options.words)


def _configs(options: argparse.Namespace) -> int:
    from got_train.config_folder import copy_configs, listing

    if options.folder is None:
        print(listing())
    else:
        print(f"files written to {printable(str(options.folder))}: {len(copy_configs(options.folder))}")
    return 0


def _completion(options: argparse.Namespace) -> int:
    print(completion_script(parser(), options.shell))
    return 0


def _recipe(options: argparse.Namespace) -> int:
    if (options.output / "summary.json").is_file() or options.output.is_file():
        check_new_folder(options.output, "--output")
    from got_train import nano, quickstart

    with ended_as_a_whole(options.go_on):
        if options.recipe == "nano":
            nano.nano(options.output, options.seed)
        else:
            quickstart.quickstart(options.output)
    return 0
