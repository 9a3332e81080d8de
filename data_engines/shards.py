"""The folder a run writes: shards that appear whole, and the manifest last.

DIR/plan.json              what is being drawn, until the manifest says so
DIR/0-of-1.lock            the process that draws this part of the run, while it does
DIR/shards/*.partial       a shard in the making: its pictures and rows.jsonl
DIR/shards/00000/          a whole shard, as a folder ...
DIR/shards/00000.tar       ... or a WebDataset ...
DIR/shards/00000.parquet   ... or a Parquet file with the pictures inside
DIR/shards/00000.tests.jsonl   with `--tests`: the tests of its pictures
DIR/shards/00000.json      its counts and rejects: there only when the shard is whole
DIR/data.jsonl             of folders: all rows in the order of their samples, as the trainer reads them
DIR/tests.jsonl            with `--tests`: all tests in the same order
DIR/manifest.json          the plan, and what came of it: there only when the rest is complete
"""

import contextlib
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NotRequired, TypedDict

from data_engines.engine import Source
from data_engines.formats import ENDINGS, PACKERS, Format, Sample, json_line, picture_address
from data_engines.rejects import Rejected, RejectLimit
from data_engines.store import PARTIAL, Store
from got_train.files import digest_once

MANIFEST = "manifest.json"
PLAN = "plan.json"
SHARDS = "shards"
LOCK = ".lock"
"""Ending of the files that keep a second process from drawing the same."""
SHARD_DIGITS, SAMPLE_DIGITS = 5, 6
"""Least number of digits in names: those of sets with up to 100,000 shards and 1,000,000 samples."""


class Report(TypedDict):
    """What came of a shard, as its JSON file says."""

    rows: int
    rejects: list[Rejected]
    tests: NotRequired[dict[str, int]]
    """With `--tests`: how many there are, by type."""


@dataclass(frozen=True)
class Shard:
    """The samples `indexes` of a run."""

    number: int
    indexes: range
    format: Format
    digits: int = SHARD_DIGITS
    """In its name."""

    @property
    def name(self) -> str:
        return f"{SHARDS}/{self.number:0{self.digits}d}"

    @property
    def place(self) -> str:
        """Folder or file that holds its samples."""
        return self.name + ENDINGS[self.format]

    @property
    def report(self) -> str:
        return f"{self.name}.json"

    @property
    def tests(self) -> str:
        return f"{self.name}.tests.jsonl"


def split(count: int, shard_size: int, format: Format) -> list[Shard]:
    """The shards of samples 0 to `count` - 1."""
    starts = range(0, count, shard_size)
    digits = digits_for(len(starts), SHARD_DIGITS)
    return [
        Shard(number, range(start, min(start + shard_size, count)), format, digits)
        for number, start in enumerate(starts)
    ]


def whole_shards(store: Store, shards: Sequence[Shard]) -> set[int]:
    """The numbers of the shards that are whole, by one listing: there may be thousands, far away."""
    present = set(store.names(SHARDS))
    return {shard.number for shard in shards if PurePosixPath(shard.report).name in present}


def digits_for(count: int, least: int) -> int:
    """Digits in the names of `count` things, numbered from 0, whose names sort as their numbers do.

    >>> digits_for(1_000_000, SAMPLE_DIGITS), digits_for(1_000_001, SAMPLE_DIGITS)
    (6, 7)
    """
    return max(least, len(str(count - 1)))


def sample_name(index: int, count: int) -> str:
    """Name of a sample, one of `count`."""
    return f"{index:0{digits_for(count, SAMPLE_DIGITS)}d}"


def picture_name(sample: str, position: int, pictures: int, ending: str) -> str:
    """Name of a sample's picture, the only one or one of several; WebDataset cuts keys at the first dot.

    >>> picture_name("000007", 0, 1, "png"), picture_name("000007", 0, 2, "jpg")
    ('000007.png', '000007.0.jpg')
    """
    return f"{sample}.{ending}" if pictures == 1 else f"{sample}.{position}.{ending}"


def check_plan(store: Store, plan: dict[str, Any]) -> bool:
    """Whether the output has a run of `plan` already; otherwise it is a new folder.

    Raises:
        ValueError: the folder holds other files, or a run of another plan.
    """
    present = store.names()
    for name in (MANIFEST, PLAN):
        if name in present:
            found = json.loads(store.read(name))
            keys = dict.fromkeys([*plan, "tests"])  # a plan without tests does not say so
            different = [key for key in keys if json.loads(json.dumps(plan.get(key))) != found.get(key)]
            if different:
                names = ", ".join(different)
                raise ValueError(
                    f"--output {store.url} holds a run with other {names}; choose another --output"
                )
            return True
    if any(not name.endswith((PARTIAL, LOCK)) for name in present):
        raise ValueError(f"--output {store.url} is not empty and holds no run of got-data; choose another")
    return False


@contextlib.contextmanager
def open_run(store: Store, plan: dict[str, Any], number: int, parts: int) -> Iterator[None]:
    """Makes this process the only one that draws a part of `plan`, in a new folder or an unfinished one.

    Args:
        store: the output.
        plan: what is drawn.
        number: of the part.
        parts: how many there are.

    Raises:
        ValueError: the folder holds other files, a run of another plan, or another process draws the part.
    """
    check_plan(store, plan)  # nothing is left in a folder of something else
    with store.only_writer(f"{number}-of-{parts}{LOCK}"):
        if not check_plan(store, plan):
            store.write(PLAN, [json.dumps(plan, indent=2), "\n"])
        store.make_folder(SHARDS)
        yield


def finish_shard(
    store: Store,
    shard: Shard,
    work: Path,
    samples: Sequence[Sample],
    rejects: list[Rejected],
    with_tests: bool = False,
) -> Report:
    """Packs the pictures in `work` with their rows, puts them in their place and reports the shard whole."""
    rows = [sample.row for sample in samples]
    store.publish(PACKERS[shard.format](work, shard.place, rows), shard.place)
    report: Report = {"rows": len(rows), "rejects": rejects}
    if with_tests:
        report["tests"] = _write_tests(store, shard, samples)
    store.write(shard.report, [json.dumps(report), "\n"])
    return report


def _write_tests(store: Store, shard: Shard, samples: Sequence[Sample]) -> dict[str, int]:
    """Writes the tests of a shard with the names of their pages; returns how many there are of each type."""
    tests = [
        {"pdf": picture_address(shard.format, shard.place, sample.row, number), "page": 1, **test}
        for number, sample in enumerate(samples, start=1)
        for test in sample.tests
    ]
    store.write(shard.tests, map(json_line, tests))
    return dict(Counter(test["type"] for test in tests))


def finish_run(
    store: Store, plan: dict[str, Any], shards: Sequence[Shard], limit: RejectLimit
) -> dict[str, Any]:
    """Counts what the shards hold, lists the rows of folders, and writes the manifest, which is returned.

    Raises:
        ValueError: there are more rejects than may be, or not one row.
    """
    num_rows, rejects, tests = 0, [], Counter[str]()
    for text in store.read_all([shard.report for shard in shards]):
        report: Report = json.loads(text)
        num_rows += report["rows"]
        rejects += report["rejects"]
        tests += Counter(report.get("tests", {}))
    limit.check(plan["count"], rejects)
    left_out, rejected = (
        Counter(reject["cause"] for reject in rejects if bool(reject.get("left_out")) is apart)
        for apart in (True, False)
    )
    if not num_rows:
        causes = left_out + rejected
        listed = "; ".join(f"{number} x {cause}" for cause, number in causes.items())
        raise ValueError(f"not one sample could be drawn: {listed}")
    if plan["format"] == "files":
        store.write("data.jsonl", (store.read(f"{shard.place}/rows.jsonl") for shard in shards))
    if plan.get("tests"):
        store.write("tests.jsonl", (store.read(shard.tests) for shard in shards))
    manifest = plan | {"rows": num_rows, "rejects": dict(sorted(rejected.items()))}
    if tests:
        manifest["tests_of_type"] = dict(sorted(tests.items()))
    if left_out:
        manifest["samples_left_out"] = dict(sorted(left_out.items()))
    store.write(MANIFEST, [json.dumps(manifest, indent=2, ensure_ascii=False), "\n"])
    store.remove(PLAN)
    for name in store.names(SHARDS):
        if name.endswith(PARTIAL):
            store.remove(f"{SHARDS}/{name}")
    return manifest


def describe_source(source: Source) -> dict[str, Any]:
    """What the manifest says of a source: a file by its content, a folder by its files' names and sizes."""
    said = {"name": source.name, "licence": source.licence}
    if source.path is None:
        return said
    if source.path.is_file():
        return said | {
            "bytes": source.path.stat().st_size,
            "sha256": digest_once(source.path, hashlib.sha256),
        }
    sizes = {
        file.relative_to(source.path).as_posix(): file.stat().st_size
        for file in source.path.rglob("*")
        if file.is_file()
    }
    listing = json.dumps(sizes, sort_keys=True).encode()
    return said | {
        "files": len(sizes),
        "bytes": sum(sizes.values()),
        "sha256_of_listing": hashlib.sha256(listing).hexdigest(),
    }
