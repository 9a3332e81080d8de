"""The command `got-data`: `got-data KIND` draws samples, other words look at what was drawn or mix it."""

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, get_args

from data_engines import options as engine_options
from data_engines.drawing import load_engine
from data_engines.executors import Executor
from data_engines.formats import Format
from data_engines.kinds import KINDS
from data_engines.mix import commands, finish_mix, read_mix
from data_engines.options import Parser
from data_engines.rejects import FEW
from data_engines.run import FEWEST_SHARDS, SHARD_SIZE, WHOLE, Part, generate

COMMANDS = {
    "mix": "the whole data of a stage, several sets in one go",
    "sheet": "a picture and a page of some rows, with their answers drawn again",
    "stats": "tables of what is in a set: kinds, lengths, pictures, characters, repeats",
}
"""The other words."""
SUMMARIES = {name: kind.summary for name, kind in KINDS.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser = Parser(
        prog="got-data",
        description="Draw training samples, and look at them. `got-data WORD --help` says more.",
        epilog="; ".join(f"{word}: {what}" for word, what in (SUMMARIES | COMMANDS).items()),
    )
    parser.add_argument(
        "word",
        metavar="WORD",
        choices=SUMMARIES | COMMANDS,
        help=", ".join(KINDS) + ": what to draw; " + ", ".join(COMMANDS),
    )
    word = parser.parse_args(words[:1]).word
    if word == "mix":
        return _in_one_line("got-data mix", _mix, words[1:])
    if word in COMMANDS:
        # loaded only when it is named, as engines are: stats takes seconds
        module = f"data_engines.{word}"
        return _in_one_line(
            f"got-data {word}", lambda rest: importlib.import_module(module).run(rest), words[1:]
        )
    return _in_one_line(f"got-data {word}", lambda rest: _draw(read_request(word, rest)), words[1:])


def _in_one_line(program: str, command: Callable[[Sequence[str]], object], words: Sequence[str]) -> int:
    """The exit code of a command; what ends it early is told in one line."""
    try:
        command(words)
    except ModuleNotFoundError as error:
        message = f"the package {error.name} is missing; pip install 'got-train[engines]' brings it"
        code = 2
    except (ValueError, OSError) as error:
        message, code = str(error), 2
    except BrokenProcessPool:
        message, code = "a worker died, perhaps for want of memory; try fewer --workers", 1
    except KeyboardInterrupt:
        message, code = "interrupted; the same command goes on where this one stopped", 130
    else:
        return 0
    print(f"{program}: {message}", file=sys.stderr)
    return code


def _mix(words: Sequence[str]) -> None:
    parser = Parser(prog="got-data mix", description=COMMANDS["mix"])
    parser.add_argument("config", metavar="CONFIG.yaml", help="the sets, as in configs/engines/")
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="over what the file says")
    flags = parser.parse_args(words)
    config = read_mix(flags.config, flags.overrides)
    # all are read before any is drawn: a slip in the last set shows at once
    requests = [read_request(*command) for command in commands(config)]
    for request in requests:
        _draw(request)
    finish_mix(config)


@dataclass(frozen=True)
class Request:
    """A set that somebody wants, by the words of a command."""

    kind: str
    options: Any
    flags: argparse.Namespace


def read_request(kind: str, words: Sequence[str]) -> Request:
    """What the words after `got-data KIND` ask for.

    Raises:
        ValueError: the values don't go together. A flag that there isn't ends the program, as argparse does.
    """
    # the engine's module is loaded only when it is named: some are slow to import
    engine = load_engine(kind)
    facts = KINDS[kind]
    needs = f" Needs {' and '.join(facts.needs)}." if facts.needs else ""
    description = f"Draw {facts.summary}.{needs}"
    parser = Parser(prog=f"got-data {kind}", description=description, allow_abbrev=False)
    _add_run_flags(parser, facts.max_rejects)
    engine_options.add_flags(parser.add_argument_group(f"options of {kind}"), engine.Options)
    flags = parser.parse_args(words)
    return Request(kind, engine_options.read_flags(flags, engine.Options), flags)


def _draw(request: Request) -> None:
    flags = request.flags
    manifest = generate(
        request.kind,
        request.options,
        count=flags.count,
        output=flags.output,
        seed=flags.seed,
        degrade=flags.degrade,
        format=flags.format,
        workers=flags.workers,
        executor=flags.executor,
        part=Part.parse(flags.shard) if flags.shard else WHOLE,
        max_rejects=flags.max_rejects,
        shard_size=flags.shard_size,
    )
    print_summary(manifest, flags.output)


def _add_run_flags(parser: argparse.ArgumentParser, max_rejects: float) -> None:
    parser.add_argument("--count", type=int, required=True, metavar="N", help="number of samples")
    parser.add_argument(
        "--output", required=True, metavar="DIR", help="folder to write, or a URL that fsspec knows"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="S", help="other seed, other samples (default: 0)"
    )
    parser.add_argument(
        "--degrade",
        type=float,
        default=0.0,
        metavar="STRENGTH",
        help="skew, blur, shadow, JPEG and the like, from 0 for none to 1 (default: 0)",
    )
    parser.add_argument(
        "--format", choices=get_args(Format), default="files", help="how to keep the samples (default: files)"
    )
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count(), metavar="W", help="processes (default: one a core)"
    )
    parser.add_argument(
        "--executor",
        choices=get_args(Executor),
        default="local",
        help="who draws: processes here, or the Ray cluster at RAY_ADDRESS (default: local)",
    )
    parser.add_argument(
        "--shard-size",
        type=int,
        metavar="N",
        help=f"samples in a shard (default: {SHARD_SIZE}; fewer in sets that then have under"
        f" {FEWEST_SHARDS} shards)",
    )
    parser.add_argument(
        "--shard", metavar="I/N", help="draw one part of N of the run; the last one to end finishes the run"
    )
    parser.add_argument(
        "--max-rejects",
        type=float,
        default=max_rejects,
        metavar="FRACTION",
        help="stop when more of the samples can't be drawn; of a small set up to half may be rejected, but"
        f" {FEW} at most; 0: stop at the first (default: %(default)s)",
    )


def print_summary(manifest: dict[str, Any] | None, output: str) -> None:
    """What a run came to."""
    if manifest is None:
        print(f"{output}: this part is drawn, others are missing")
        return
    print(f"{output}: {manifest['rows']} rows from {manifest['count']} samples")
    for title, counts in (("sources left out", "left_out"), ("samples rejected", "rejects")):
        for cause, number in manifest[counts].items():
            print(f"  {title}: {number} ({cause})")


if __name__ == "__main__":
    sys.exit(main())
