"""The command `got-data`: `got-data KIND` draws samples, other words look at what was drawn or mix it."""

import importlib
import os
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import Any, NamedTuple

from data_engines.drawing import load_engine
from data_engines.kinds import KINDS
from data_engines.mix import check_output, commands, finish_mix, read_mix
from data_engines.options import Parser, add_flags, read_flags
from data_engines.run import RunOptions, generate
from data_engines.tools.pools import GOES_ON
from got_train.drawn_sets import PARENT
from got_train.packages import install_line
from got_train.report import readable
from got_train.secrets import masked_output
from got_train.typed_values import expand_home

COMMANDS = {
    "rows": "rows out of labels of PaddleOCR, Label Studio, IAM, CROHME, donut, or texts beside pictures",
    "tasks": "rows as tasks of Label Studio, with their answers to be corrected there",
    "mix": "the whole data of a stage, several sets in one go",
    "sheet": "a picture and a page of some rows, with their answers drawn again",
    "stats": "tables of what is in a set: kinds, lengths, pictures, characters, repeats",
}
"""The other words."""

PARENT_SECONDS = 0.5
"""Between two looks at whether the parent lives."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code. What ends it early is told in one line."""
    # a shell leaves the ~ of --source=~/a and sources.pdf=~/a as it is
    words = list(map(expand_home, sys.argv[1:] if arguments is None else arguments))
    with masked_output(words):
        return _main(words)


def _main(words: Sequence[str]) -> int:
    summaries = {name: kind.summary for name, kind in KINDS.items()} | COMMANDS
    parser = Parser(
        prog="got-data",
        description="Draw training samples, and look at them. `got-data WORD --help` says more.",
        epilog="; ".join(f"{word}: {what}" for word, what in summaries.items()),
    )
    parser.add_argument(
        "word",
        metavar="WORD",
        choices=summaries,
        help=", ".join(KINDS) + ": what to draw; " + ", ".join(COMMANDS),
    )
    word = parser.parse_args(words[:1]).word
    try:
        return _run(word, words[1:])
    except ModuleNotFoundError as error:
        message = f"the package {error.name} is missing; {install_line('engines')} brings it"
        code = 2
    except (ValueError, OSError) as error:
        message, code = str(error), 2
    except BrokenProcessPool:
        message, code = f"a worker was killed: out of memory? Lower --workers; {GOES_ON}", 2
    except KeyboardInterrupt:
        message, code = f"interrupted; {GOES_ON}", 130
    print(readable(f"got-data {word}: {message}"), file=sys.stderr)
    return code


def _run(word: str, words: Sequence[str]) -> int:
    if word in KINDS:
        _draw(read_request(word, words))
    elif word == "mix":
        _mix(words)
    else:
        # loaded only when it is named, as engines are: stats takes seconds
        return importlib.import_module(f"data_engines.{word}").run(words) or 0
    return 0


def _mix(words: Sequence[str]) -> None:
    parser = Parser(prog="got-data mix", description=COMMANDS["mix"])
    parser.add_argument("config", metavar="CONFIG.yaml", help="the sets, as in configs/engines/")
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="over what the file says")
    flags = parser.parse_args(words)
    config = read_mix(flags.config, flags.overrides)
    check_output(config)
    # all are read before any is drawn: a slip in the last set shows at once
    requests = [read_request(*command) for command in commands(config)]
    for request in requests:
        _draw(request)
    finish_mix(config)


class Request(NamedTuple):
    """A set that somebody wants, by the words of a command."""

    kind: str
    options: Any
    run: RunOptions


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
    add_flags(parser, RunOptions)
    parser.set_defaults(max_rejects=facts.max_rejects)
    add_flags(parser.add_argument_group(f"options of {kind}"), engine.Options)
    flags = parser.parse_args(words)
    if flags.tests and not facts.tests:
        tested = ", ".join(name for name, other in KINDS.items() if other.tests)
        raise ValueError(f"--tests: there are none of {kind}, only of {tested}; leave it out")
    return Request(kind, read_flags(flags, engine.Options), read_flags(flags, RunOptions))


def _draw(request: Request) -> None:
    manifest, output = generate(*request), request.run.output
    if manifest is None:
        print(f"{output}: this part is drawn, others are missing")
        return
    print(f"{output}: {manifest['rows']} rows from {manifest['count']} samples")
    if tests := manifest.get("tests_of_type"):
        counts = ", ".join(f"{number} {name}" for name, number in tests.items())
        print(f"  tests: {sum(tests.values())} ({counts})")
    for title, counts in (
        ("sources left out", "left_out"),
        ("samples left out", "samples_left_out"),
        ("samples rejected", "rejects"),
    ):
        for cause, number in manifest.get(counts, {}).items():
            print(f"  {title}: {number} ({cause})")


def _end_with_parent(parent: int) -> None:
    """Ends this process when the one that has started it was killed."""
    while os.getppid() == parent:
        time.sleep(PARENT_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    if PARENT in os.environ:
        threading.Thread(target=_end_with_parent, args=(int(os.environ[PARENT]),), daemon=True).start()
    sys.exit(main())
