"""Breaks training runs on purpose and counts what is lost.

Every fault is caused in a run of a small model; then the same command is given with `resume=auto`. A run is
lost if that does not end with the weights and losses, bit by bit, of a run that nothing has happened to.
Other commands are broken too, and run again.

    python scripts/torture.py --faults 1000
"""

import argparse
import random
import resource
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path
from tempfile import mkdtemp

from faults.causes import DRAWN, LISTED, Fault, Wholes
from faults.commands import commands, every_change_of_commands, every_full_disk_of_commands
from faults.processes import Lost
from faults.runs import KINDS, Run, warm_up, whole_run, write_data

Plan = list[tuple[str, Fault]]
"""Faults with the sort that each is of."""


def plan_faults(wholes: Wholes, folder: Path, number: int, rng: random.Random) -> Plan:
    """Chooses faults: those that are listed, once each, and then drawn ones of all sorts in turn.

    If there are fewer, they are shared out on all sorts, and spread over the listed ones.
    """
    asked = commands(wholes, folder)
    listed = {name: every(wholes) for name, every in LISTED.items()}
    listed["a command killed before a change of a file, each of them"] = every_change_of_commands(asked)
    listed["disk full for a command, from each change on"] = every_full_disk_of_commands(asked)
    drawn = {name: draw(wholes, rng) for name, draw in DRAWN.items()}
    sorts = len(listed) + len(drawn)
    if number < sum(map(len, listed.values())) + len(drawn):
        share = max(1, number // sorts)
        listed = {name: rng.sample(faults, min(share, len(faults))) for name, faults in listed.items()}
    plan = [(name, fault) for name, faults in listed.items() for fault in faults]
    return [*plan[:number], *islice(in_turn(drawn), max(0, number - len(plan)))]


def in_turn(drawn: dict[str, Iterator[Fault]]) -> Iterator[tuple[str, Fault]]:
    """A fault of each sort, again and again."""
    for name in cycle(drawn):
        yield name, next(drawn[name])


def cause(fault: Fault, folder: Path) -> str | None:
    """Causes a fault in a new folder; returns what was lost, None if nothing was."""
    folder.mkdir()
    try:
        fault(folder)
    except Lost as error:
        return str(error)
    finally:
        shutil.rmtree(folder)
    return None


def main() -> None:
    """Causes the faults, and prints a table of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--faults", type=int, default=60, help="number of faults (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=2, help="faults at a time (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of faults (default: %(default)s)")
    options = parser.parse_args()
    folder = Path(mkdtemp(prefix="torture-"))
    write_data(folder)
    warm_up(folder)
    wholes = {kind: whole_run(Run(kind, folder, folder / f"whole {kind}")) for kind in KINDS}
    plan = plan_faults(wholes, folder / "commands", options.faults, random.Random(options.seed))
    caused, lost, begun = Counter(name for name, _ in plan), Counter[str](), time.monotonic()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    before = used.ru_utime + used.ru_stime
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("fork")) as pool:
        results = {
            pool.submit(cause, fault, folder / f"fault {number}"): (name, fault)
            for number, (name, fault) in enumerate(plan)
        }
        for result in as_completed(results):
            name, fault = results[result]
            try:
                loss = result.result()
            except BaseException:  # a fault of this script: the others would be waited for
                pool.shutdown(wait=False, cancel_futures=True)
                raise
            if loss is not None:
                lost[name] += 1
                print(f"LOST {name}: {fault}: {loss}", flush=True)
    print("| fault | caused | lost |\n|---|---|---|")  # for docs/reliability.md
    for name, number in caused.items():
        print(f"| {name} | {number} | {lost[name]} |")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    times = f"{time.monotonic() - begun:.0f} s, {used.ru_utime + used.ru_stime - before:.0f} s of processors"
    print(f"{len(plan)} faults, {lost.total()} lost, {times}, seed {options.seed}")
    shutil.rmtree(folder)
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()
