"""Parts of a run, places other than this machine's disk, and Ray: the same bytes in the end."""

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from data_engines import executors
from data_engines.cli import main
from data_engines.executors import draw_shard
from data_engines.kinds import NAMES
from data_engines.kinds.lines import engine as lines
from data_engines.store import Store
from data_engines.tools import pools
from tests.data_engines.conftest import files_of, generate


def test_parts_of_a_run_make_the_whole(tmp_path: Path, small_lines: lines.Options) -> None:
    plan = {"count": 100, "seed": 3, "shard_size": 20}
    whole = generate("lines", small_lines, output=tmp_path / "whole", **plan)
    parts = tmp_path / "parts"
    assert generate("lines", small_lines, output=parts, shard="1/3", **plan) is None
    assert sorted(path.name for path in (parts / "shards").glob("*.json")) == ["00001.json", "00004.json"]
    assert generate("lines", small_lines, output=parts, shard="0/3", **plan) is None
    assert not (parts / "manifest.json").exists()
    assert generate("lines", small_lines, output=parts, shard="2/3", **plan) == whole
    assert files_of(parts) == files_of(tmp_path / "whole")


@pytest.mark.parametrize("format", ["files", "webdataset"])
def test_a_run_is_written_to_any_place_that_fsspec_knows(
    tmp_path: Path, small_lines: lines.Options, format: str
) -> None:
    plan = {"count": 25, "seed": 3, "shard_size": 10, "format": format}
    generate("lines", small_lines, output=tmp_path / "local", **plan)
    url = f"memory://{tmp_path.name}/{format}"
    generate("lines", small_lines, output=url, **plan)
    store = fsspec.filesystem("memory")
    root = f"/{tmp_path.name}/{format}"
    written = {name.removeprefix(root + "/"): store.cat(name) for name in store.find(root)}
    assert written == files_of(tmp_path / "local")
    # a finished run is known as such there too
    before = store.modified(f"{root}/shards/00000.json")
    generate("lines", small_lines, output=url, **plan)
    assert store.modified(f"{root}/shards/00000.json") == before


@pytest.mark.parametrize("format", ["files", "webdataset"])
def test_workers_put_shards_into_such_a_place_themselves(
    tmp_path: Path, small_lines: lines.Options, format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = {"count": 25, "seed": 3, "shard_size": 10, "format": format}
    generate("lines", small_lines, output=tmp_path / "local", **plan)
    # a file system that is not taken for this machine's, but lies where every process finds it
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    url = f"dir::file://{tmp_path}/far"
    assert not Store(url).is_local
    generate("lines", small_lines, output=url, workers=2, **plan)
    written = tmp_path / "far" / (tmp_path / "far").relative_to("/")  # it goes down its own path twice
    assert files_of(written) == files_of(tmp_path / "local")
    assert list((tmp_path / "temporary").glob("got-data-*")) == []


class CountedFiles(MemoryFileSystem):
    """An object store as far as requests go: counts what a client asks for."""

    protocol = "counted"
    store: ClassVar[dict[str, Any]] = {}
    asked: ClassVar[Counter[str]] = Counter()
    within: ClassVar[list[str]] = []
    """Methods that call others, which are no requests of their own."""


def _counted(name: str) -> Callable[..., Any]:
    def ask(self: CountedFiles, *arguments: Any, **more: Any) -> Any:
        if not self.within:
            self.asked[name] += 1
        self.within.append(name)
        try:
            return getattr(MemoryFileSystem, name)(self, *arguments, **more)
        finally:
            self.within.pop()

    return ask


for name in ("ls", "info", "exists", "isdir", "makedirs", "rm", "put", "put_file", "open", "cat_file"):
    setattr(CountedFiles, name, _counted(name))


def test_an_object_store_is_listed_once_and_gets_two_requests_a_shard(
    tmp_path: Path, small_lines: lines.Options
) -> None:
    fsspec.register_implementation("counted", CountedFiles, clobber=True)
    asked = []
    for count in (20, 120):
        CountedFiles.asked.clear()
        url = f"counted://{tmp_path.name}/{count}"
        generate("lines", small_lines, output=url, count=count, shard_size=20, format="webdataset")
        asked.append(Counter(CountedFiles.asked))
    # five shards more: each is put and reported, and its report is read once at the end
    assert asked[1] - asked[0] == {"put_file": 5, "open": 5, "cat_file": 5}
    # the folder twice and its shards three times: at the start, at the end, and for what is half made
    assert asked[1]["ls"] == 5 and asked[1]["exists"] == 0


def test_small_sets_are_shared_out_among_the_workers(
    tmp_path: Path, small_lines: lines.Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []

    def draw(job, store, shard):
        drawn.append(len(shard.indexes))
        return draw_shard(job, store, shard)

    monkeypatch.setattr("data_engines.executors.draw_shard", draw)
    generate("lines", small_lines, output=tmp_path / "out", count=110)
    assert drawn == [20, 20, 20, 20, 20, 10]


TEX_KINDS = {"formula", "table", "page", "geometry", "multi-crop", "multi-page"}
"""Kinds that TeX draws, or whose sets it draws here."""
SETS = {"fine-grained": "lines", "text-with-boxes": "lines", "multi-crop": "page", "multi-page": "page"}
"""What composed kinds draw from here."""


@pytest.mark.parametrize(
    "kind", [kind if kind == "scene" else pytest.param(kind, marks=pytest.mark.slow) for kind in NAMES]
)
def test_a_worker_takes_less_than_600_megabytes(
    kind: str, tmp_path: Path, make_pdf: Callable[..., Path]
) -> None:
    if kind in TEX_KINDS and shutil.which("xelatex") is None:
        pytest.skip("needs xelatex")
    words = [kind, "--count", "160", "--workers", "1", "--output", str(tmp_path / "out")]
    if kind == "pdf":
        lines_of_page = [(0.1, 0.9 - 0.02 * i, f"line {i} of a page with some words") for i in range(30)]
        words += ["--units", "mixed", "--source", str(make_pdf([lines_of_page] * 160))]
    if kind in SETS:
        drawn_before = str(tmp_path / "set")
        assert main([SETS[kind], "--count", "48", "--workers", "1", "--output", drawn_before]) == 0
        words += ["--source", drawn_before]
    # not ru_maxrss of the process, which begins with what the one that started it has
    code = (
        "import re, resource, sys; from data_engines.cli import main; code = main(sys.argv[1:]); "
        "own = re.search(r'VmHWM:\\s*(\\d+) kB', open('/proc/self/status').read())[1]; "
        "programs = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss; "
        "print(code, int(own) // 1024, programs // 1024)"
    )
    # the main process is the only worker here: it reads the sources and draws
    drawn = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    ended, own, programs = map(int, drawn.stdout.splitlines()[-1].split())
    assert ended == 0 and own < 600 and programs < 600, drawn.stderr


def test_an_unknown_place_is_one_line(tmp_path: Path, small_lines: lines.Options) -> None:
    with pytest.raises(ValueError, match=r"^--output nowhere://x: Protocol not known: nowhere$"):
        generate("lines", small_lines, output="nowhere://x", count=1)


@pytest.mark.slow
def test_ray_gives_the_same_bytes_although_a_worker_is_killed(
    tmp_path: Path, small_lines: lines.Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray")
    plan = {"count": 120, "seed": 3, "shard_size": 20}
    generate("lines", small_lines, output=tmp_path / "whole", **plan)
    killed = tmp_path / "killed"

    def die_once(job, store, shard):
        # the third shard takes its worker with it, half drawn, the first time it is tried
        if shard.number == 2 and not killed.exists():
            killed.write_text(str(os.getpid()))
            with store.work_place(shard.name) as folder:
                (folder / "000040.png").write_bytes(b"half a picture")
                os.kill(os.getpid(), signal.SIGKILL)
                time.sleep(60)
        return draw_shard(job, store, shard)

    monkeypatch.setattr("data_engines.executors.draw_shard", die_once)
    try:
        generate("lines", small_lines, output=tmp_path / "ray", executor="ray", workers=2, **plan)
    finally:
        ray.shutdown()
    assert killed.exists()
    assert files_of(tmp_path / "ray") == files_of(tmp_path / "whole")


@pytest.mark.slow
def test_too_many_rejects_on_ray_are_the_same_one_line(
    tmp_path: Path, corpus: Path, small_lines: lines.Options
) -> None:
    ray = pytest.importorskip("ray")
    corpus.write_text("plain\n" + "\U000130b8\n" * 3)
    try:
        with pytest.raises(ValueError, match=r"of \d+ samples can't be drawn \(no font has U\+130B8") as stop:
            generate("lines", small_lines, output=tmp_path / "ray", executor="ray", workers=1, count=100)
    finally:
        ray.shutdown()
    assert "\n" not in str(stop.value)


def test_a_worker_that_hangs_is_noticed(
    tmp_path: Path, small_lines: lines.Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "POLL_SECONDS", 0.5)
    stopped: list[int] = []

    def progress_and_stop(futures, progress):
        # once all workers draw, one of them is stopped
        def now():
            children = [child.pid for child in multiprocessing.active_children() if child.pid]
            if progress() > 1 and not stopped and children:
                stopped.append(children[0])
                monkeypatch.setattr(pools, "HANG_SECONDS", 3.0)
                os.kill(children[0], signal.SIGSTOP)
            return progress()

        return pools.as_ended(futures, now)

    monkeypatch.setattr(executors, "as_ended", progress_and_stop)
    run = {"count": 4000, "shard_size": 1000, "workers": 2, "output": tmp_path / "out"}
    with pytest.raises(ValueError, match=r"^no worker has got on for 3 seconds: one is stopped"):
        generate("lines", small_lines, **run)
    assert stopped and not multiprocessing.active_children()


def test_a_killed_worker_is_one_line(
    tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    killed: list[int] = []

    def kill(futures, progress):
        def now():
            if progress() > 1 and not killed:
                killed.append(multiprocessing.active_children()[0].pid)
                os.kill(killed[0], signal.SIGKILL)
            return progress()

        return pools.as_ended(futures, now)

    monkeypatch.setattr(pools, "POLL_SECONDS", 0.2)
    monkeypatch.setattr(executors, "as_ended", kill)
    words = ["lines", "--count", "4000", "--shard-size", "1000", "--workers", "2", "--source", str(corpus)]
    assert main([*words, "--output", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"got-data lines: a worker was killed: out of memory? Lower --workers; {pools.GOES_ON}"
    )
