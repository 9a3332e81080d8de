"""Gives got-train thousands of odd inputs, and looks for what it does not expect.

Each input is a good one with mutations: rows, pictures, configurations, checkpoints. It is read, or refused
with one line. A traceback, a crash, a hang, or memory without bound is a fault; the input is kept then.

    python scripts/fuzz.py --inputs 10000 --seed 0
"""

import argparse
import json
import logging
import os
import random
import resource
import select
import shutil
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import mkdtemp

from faults.inputs import FAMILIES, Refused
from faults.seeds import Seeds, make_seeds

from got_train.files import REFUSED
from got_train.report import UserError

MAX_SECONDS = 60
"""Most processor seconds of an input; a wait may take five times as long."""
MAX_BYTES = 2 * 2**30
"""Most memory of an input, beside what the process has before."""
BATCH = 200
"""Inputs to a process."""
MAX_LINE = 4000
"""Most characters of a line that refuses an input."""


@dataclass(frozen=True)
class Found:
    """What came of an input."""

    family: str
    number: int
    what: str
    """`read`, `refused`, or the fault."""
    detail: str = ""


def outcome(family: str, number: int, seed: int, seeds: Seeds, folder: Path) -> Found:
    """Makes an input in a folder, and reads it."""
    rng = random.Random(f"{seed} {family} {number}")
    use = FAMILIES[family].make(rng, seeds, folder)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        use()
    except (UserError, Refused) as error:
        line = max(str(error).splitlines() or [""], key=len)
        if len(line) > MAX_LINE:
            return Found(family, number, f"a line of more than {MAX_LINE} characters: {line[:200]}")
        what = "refused"
    except Exception as error:
        if isinstance(error, OSError) and error.errno in REFUSED:  # of which the command line makes a line
            return Found(family, number, "refused")
        ours = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if "site-packages" not in frame.filename
        ]
        place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}"
        return Found(family, number, f"{type(error).__name__} at {place}", traceback.format_exc())
    else:
        what = "read"
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    if grown > MAX_BYTES // 2:
        return Found(family, number, "memory", f"{grown / 2**30:.1f} GiB")
    return Found(family, number, what)


def read_batch(inputs: Sequence[tuple[str, int]], seed: int, seeds: Seeds, folder: Path, pipe: int) -> None:
    """Reads inputs in this process, which has limits, and writes what came of them into a pipe."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    logging.disable()
    warnings.simplefilter("ignore")
    os.chdir(folder)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MAX_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for family, number in inputs:
        own = folder / f"{family}-{number}"
        own.mkdir()
        os.write(pipe, b"begun\n")
        signal.setitimer(signal.ITIMER_PROF, MAX_SECONDS)  # ends the process
        found = outcome(family, number, seed, seeds, own)
        if found.what in ("read", "refused"):
            shutil.rmtree(own, ignore_errors=True)
        os.write(pipe, json.dumps([found.what, found.detail]).encode() + b"\n")


def drive(inputs: Sequence[tuple[str, int]], seed: int, seeds: Seeds, folder: Path) -> list[Found]:
    """Reads inputs in processes that may end as they like."""
    found: list[Found] = []
    while len(found) < len(inputs):
        reading, writing = os.pipe()
        process = os.fork()
        if process == 0:
            os.close(reading)
            try:
                read_batch(inputs[len(found) : len(found) + BATCH], seed, seeds, folder, writing)
            except BaseException:  # of this script: the process must end here
                os.write(writing, json.dumps(["a fault of fuzz.py", traceback.format_exc()]).encode() + b"\n")
            os._exit(0)
        os.close(writing)
        batch = _watched(process, reading, inputs[len(found) : len(found) + BATCH])
        for one in batch:
            if one.what not in ("read", "refused"):
                print(f"{one.family}:{one.number}: {one.what}", flush=True)
        found += batch
    return found


def _watched(process: int, reading: int, inputs: Sequence[tuple[str, int]]) -> list[Found]:
    """What a process tells of its inputs; the last one may have ended it."""
    found: list[Found] = []
    is_reading = hangs = False
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        rest = b""
        while True:
            if not select.select([pipe], [], [], 5 * MAX_SECONDS)[0]:
                os.kill(process, signal.SIGKILL)
                hangs = True
            part = pipe.read(2**16)
            if not part:
                break
            *lines, rest = (rest + part).split(b"\n")
            for line in lines:
                is_reading = line == b"begun"
                if not is_reading:
                    found.append(Found(*inputs[len(found)], *json.loads(line)))
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    if is_reading:
        ended = "hang" if hangs or status == -signal.SIGPROF else f"the process ended with {status}"
        found.append(Found(*inputs[len(found)], ended))
    return found


def main() -> None:
    """Makes the inputs, and prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=1000, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the chance (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time (default: %(default)s)")
    parser.add_argument("--only", metavar="FAMILY:NUMBER", help="one input again, whose traceback is printed")
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    options = parser.parse_args()
    folder = Path(mkdtemp(prefix="fuzz-"))
    seeds = make_seeds(folder / "seeds", options.families)
    if options.only:
        family, _, number = options.only.partition(":")
        (folder / "one").mkdir()
        os.chdir(folder)
        print(outcome(family, int(number), options.seed, seeds, folder / "one"))
        return
    weights = {family: FAMILIES[family].weight for family in options.families}
    numbers = {
        family: max(1, options.inputs * weight // sum(weights.values())) for family, weight in weights.items()
    }
    inputs = [(family, number) for family in numbers for number in range(numbers[family])]
    random.Random(0).shuffle(inputs)
    begun = time.monotonic()
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("fork")) as pool:
        size = -(-len(inputs) // options.jobs)
        parts = [inputs[first : first + size] for first in range(0, len(inputs), size)]
        jobs = [pool.submit(drive, part, options.seed, seeds, folder) for part in parts]
        found = [one for job in jobs for one in job.result()]
    faults = [one for one in found if one.what not in ("read", "refused")]
    for what, number in Counter((one.family, one.what) for one in faults).most_common():
        first = next(one for one in faults if (one.family, one.what) == what)
        print(f"FAULT {number} x {first.family}:{first.number}: {first.what}\n{first.detail}")
    print("| inputs | number | read | refused | faults |\n|---|---|---|---|---|")  # for docs/reliability.md
    for family in numbers:
        counts = Counter(one.what for one in found if one.family == family)
        total, read, refused = counts.total(), counts["read"], counts["refused"]
        print(f"| {family} | {total} | {read} | {refused} | {total - read - refused} |")
    seconds = time.monotonic() - begun
    print(f"{len(found)} inputs, {len(faults)} faults, {seconds:.0f} s, seed {options.seed}")
    if faults:
        print(f"their inputs are kept in {folder}")
    else:
        shutil.rmtree(folder)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
