"""Runs and what they leave behind."""

import dataclasses
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_engines.cli import main
from data_engines.drawing import Job, draw_batch
from data_engines.executors import draw_shard
from data_engines.kinds.lines import engine as lines
from data_engines.options import Range
from data_engines.shards import Shard, sample_name, split
from data_engines.store import Store
from got_train.data.records import parse_row
from got_train.files import only_writer
from tests.conftest import HANG_SECONDS
from tests.data_engines.conftest import files_of, generate


def rows_of(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "data.jsonl").read_text().splitlines()]


def test_a_run_leaves_shards_rows_and_a_manifest(
    tmp_path: Path, corpus: Path, small_lines: lines.Options
) -> None:
    output = tmp_path / "out"
    manifest = generate("lines", small_lines, count=5, output=output, seed=1, shard_size=3)
    assert sorted(files_of(output)) == [
        "data.jsonl",
        "manifest.json",
        "shards/00000.json",
        "shards/00000/000000.png",
        "shards/00000/000001.png",
        "shards/00000/000002.png",
        "shards/00000/rows.jsonl",
        "shards/00001.json",
        "shards/00001/000003.png",
        "shards/00001/000004.png",
        "shards/00001/rows.jsonl",
    ]
    assert manifest == json.loads((output / "manifest.json").read_text())
    assert (manifest["engine"], manifest["seed"], manifest["count"]) == ("lines", 1, 5)
    assert (manifest["rows"], manifest["rejects"], manifest["left_out"]) == (5, {}, {})
    assert manifest["options"]["text_height"] == "10-12"
    assert [source["name"] for source in manifest["sources"]] == [str(corpus), "DejaVuSans.ttf"]
    assert {source["licence"] for source in manifest["sources"]} == {"its owner's terms"}
    assert set(manifest["versions"]) == {"python", "pillow", "numpy", "got-train"}


def test_rows_are_what_the_trainer_reads(tmp_path: Path, corpus: Path, small_lines: lines.Options) -> None:
    generate("lines", small_lines, count=4, output=tmp_path / "out", seed=1, shard_size=2)
    rows = rows_of(tmp_path / "out")
    assert [row["images"] for row in rows] == [
        ["shards/00000/000000.png"],
        ["shards/00000/000001.png"],
        ["shards/00001/000002.png"],
        ["shards/00001/000003.png"],
    ]
    for row in rows:
        record = parse_row(row, location="row")
        assert (record.turns[0].query, record.kind) == ("<image>OCR: ", "lines")
        assert set(record.turns[0].response.split("\n")) <= set(corpus.read_text().splitlines())
        assert Image.open(tmp_path / "out" / record.images[0]).size == (96, 64)


def test_names_sort_as_samples_do_in_sets_of_any_size() -> None:
    # as many digits as sets had before that are no larger
    assert [shard.name for shard in split(30, 20, "webdataset")] == ["shards/00000", "shards/00001"]
    assert split(100_000, 1, "files")[-1].name == "shards/99999"
    assert (sample_name(7, 1_000_000), sample_name(7, 10_000_000)) == ("000007", "0000007")
    names = [shard.place for shard in split(100_001, 1, "webdataset")]
    assert names == sorted(names)
    assert (names[0], names[-1]) == ("shards/000000.tar", "shards/100000.tar")


def test_samples_of_a_large_set_have_longer_names(
    tmp_path: Path, small_lines: lines.Options, corpus: Path
) -> None:
    stock = lines.load(small_lines, np.random.default_rng(0))
    job = Job("lines", 3, 10_000_000, stock, 0.0, 1, tests=True)
    drawn = dict(draw_batch(job, range(999_999, 1_000_001), tmp_path))
    assert sorted(file.name for file in tmp_path.glob("*.png")) == ["0999999.png", "1000000.png"]
    assert all(
        sample.row["images"] == [f"{index:07d}.png"] for index, some in drawn.items() for sample in some
    )


def test_workers_do_not_change_a_byte(tmp_path: Path, small_lines: lines.Options) -> None:
    for workers in (1, 4):
        output = tmp_path / str(workers)
        generate("lines", small_lines, count=90, output=output, seed=3, workers=workers, shard_size=50)
    assert files_of(tmp_path / "1") == files_of(tmp_path / "4")


def test_a_sample_depends_on_seed_and_index_alone(tmp_path: Path, small_lines: lines.Options) -> None:
    for name, seed, count in (("few", 3, 2), ("many", 3, 30), ("other", 4, 2)):
        generate("lines", small_lines, count=count, output=tmp_path / name, seed=seed)
    few, many, other = (files_of(tmp_path / name) for name in ("few", "many", "other"))
    picture = "shards/00000/000001.png"
    assert few[picture] == many[picture]
    assert few[picture] != other[picture]


def test_an_unfinished_run_goes_on_to_the_same_bytes(tmp_path: Path, small_lines: lines.Options) -> None:
    plan = {"count": 60, "seed": 3, "shard_size": 20}
    generate("lines", small_lines, output=tmp_path / "whole", **plan)
    cut = tmp_path / "cut"
    generate("lines", small_lines, output=cut, **plan)
    # as if it had been killed in the middle shard: one shard is missing, another half done
    plan_of_run = json.loads((cut / "manifest.json").read_text())
    for result in ("rows", "rejects"):
        del plan_of_run[result]
    (cut / "plan.json").write_text(json.dumps(plan_of_run))
    (cut / "manifest.json").unlink()
    (cut / "data.jsonl").unlink()
    (cut / "shards/00001").rename(cut / "shards/00001.partial")
    (cut / "shards/00001.partial/000020.png").write_bytes(b"half a picture")
    (cut / "shards/00001.json").unlink()
    # killed between the two steps of finishing a shard
    (cut / "shards/00002.json").unlink()
    (cut / "shards/00002/000040.png").write_bytes(b"not to be trusted")
    kept = (cut / "shards/00000/000000.png").stat().st_mtime_ns
    generate("lines", small_lines, output=cut, **plan)
    assert files_of(cut) == files_of(tmp_path / "whole")
    assert (cut / "shards/00000/000000.png").stat().st_mtime_ns == kept


def test_a_run_killed_three_times_leaves_no_worker_and_ends_with_the_same_bytes(
    tmp_path: Path, corpus: Path, font: Path, small_lines: lines.Options
) -> None:
    script = tmp_path / "draw.py"
    script.write_text(
        f"""
from pathlib import Path
from data_engines.kinds.lines import engine as lines
from data_engines.options import Range
from data_engines.run import RunOptions, generate
if __name__ == "__main__":
    options = lines.Options(source=Path({str(corpus)!r}), fonts=(Path({str(font)!r}),), units="lines",
                            width=96, height=64, text_height=Range(10, 12))
    output = {str(tmp_path / "cut")!r}
    generate("lines", options, RunOptions(count=20000, output=output, seed=3, workers=2, shard_size=40))
"""
    )

    def whole_shards() -> int:
        return len(list((tmp_path / "cut" / "shards").glob("*.json")))

    for _ in range(3):
        deadline = time.monotonic() + HANG_SECONDS
        before = whole_shards()
        process = subprocess.Popen([sys.executable, script], start_new_session=True)
        while whole_shards() < before + 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)  # the main process alone
        process.wait()
        assert whole_shards() >= before + 2
        assert not (tmp_path / "cut/manifest.json").exists()
        while time.monotonic() < deadline and _group_lives(process.pid):
            time.sleep(0.02)
        assert not _group_lives(process.pid)

    # the rest of 20,000 would take long: let the plan end after the shards that are there, and one more
    plan = json.loads((tmp_path / "cut/plan.json").read_text())
    count = 40 * (whole_shards() + 1)
    (tmp_path / "cut/plan.json").write_text(json.dumps(plan | {"count": count}))
    for output in (tmp_path / "cut", tmp_path / "whole"):
        generate("lines", small_lines, count=count, output=output, seed=3, shard_size=40)
    assert files_of(tmp_path / "cut") == files_of(tmp_path / "whole")


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_finished_run_is_not_drawn_again(tmp_path: Path, small_lines: lines.Options) -> None:
    first = generate("lines", small_lines, count=3, output=tmp_path / "out")
    before = {
        file: (tmp_path / "out" / file).stat().st_mtime_ns
        for file in files_of(tmp_path / "out")
        if "png" in file
    }
    assert generate("lines", small_lines, count=3, output=tmp_path / "out") == first
    assert before == {file: (tmp_path / "out" / file).stat().st_mtime_ns for file in before}


def test_rejects_are_missing_from_the_rows_and_counted(
    tmp_path: Path, corpus: Path, small_lines: lines.Options
) -> None:
    corpus.write_text("plain\n" * 19 + "\U000130b8\n")
    manifest = generate("lines", small_lines, count=40, output=tmp_path / "out", seed=1)
    rejected = json.loads((tmp_path / "out/shards/00000.json").read_text())["rejects"]
    assert manifest["rejects"] == {"no font has U+130B8": len(rejected)}
    assert [row["index"] for row in rejected] == [11, 12, 19]
    assert manifest["rows"] == 37
    assert not (tmp_path / "out/shards/00000/000011.png").exists()


def test_too_many_rejects_stop_the_run_with_the_causes(
    tmp_path: Path, corpus: Path, font: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus.write_text("plain\n" + "\U000130b8\n" * 3)
    words = ["lines", "--count", "100", "--seed", "1", "--workers", "1", "--output", str(tmp_path / "out")]
    words += ["--source", str(corpus), "--fonts", str(font), "--units", "lines", "--lines", "1"]
    assert main(words) == 2
    assert capsys.readouterr().err == (
        "got-data lines: 16 of 20 samples can't be drawn (no font has U+130B8: 16; first: sample 0); "
        "mend the sources or options, or let more pass by --max-rejects\n"
    )
    assert not (tmp_path / "out/manifest.json").exists()
    assert main([*words, "--max-rejects", "0"]) == 2
    assert capsys.readouterr().err.endswith("by --max-rejects\n")
    assert main([*words, "--max-rejects", "1"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{tmp_path / 'out'}: 28 rows from 100 samples",
        "  samples rejected: 72 (no font has U+130B8)",
    ]


def test_not_one_reject_is_let_pass_where_none_may_be(
    tmp_path: Path, corpus: Path, small_lines: lines.Options
) -> None:
    corpus.write_text("plain\n" * 19 + "\U000130b8\n")
    with pytest.raises(ValueError, match=r"^3 of 20 samples can't be drawn \(no font has U\+130B8: 3;"):
        generate("lines", small_lines, count=40, output=tmp_path / "out", seed=1, max_rejects=0)


def test_a_full_disk_ends_the_run_and_is_no_reject(
    tmp_path: Path, small_lines: lines.Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(path: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device", str(path))

    with monkeypatch.context() as full:
        full.setattr(Path, "write_bytes", write)
        with pytest.raises(OSError, match="No space left on device"):
            generate("lines", small_lines, count=3, output=tmp_path / "out")
    assert list((tmp_path / "out/shards").glob("*.json")) == []
    assert generate("lines", small_lines, count=3, output=tmp_path / "out")["rejects"] == {}


def test_a_second_process_that_draws_the_same_is_refused(tmp_path: Path, small_lines: lines.Options) -> None:
    output = tmp_path / "out"
    output.mkdir()
    with only_writer(output / "0-of-1.lock", output):
        with pytest.raises(ValueError) as caught:
            generate("lines", small_lines, count=3, output=output)
        assert str(caught.value) == (
            f"{output} is being written by process {os.getpid()} on {platform.node()}"
        )
        assert [path.name for path in output.iterdir()] == ["0-of-1.lock"]
    # the lock of a process that was killed is a file that nobody holds
    generate("lines", small_lines, count=3, output=output)
    assert sorted(path.name for path in output.iterdir()) == ["data.jsonl", "manifest.json", "shards"]


def test_parts_of_a_run_are_drawn_at_once(tmp_path: Path, small_lines: lines.Options) -> None:
    output = tmp_path / "out"
    whole = generate("lines", small_lines, count=3, output=tmp_path / "whole", shard_size=1)
    store = Store(str(output))
    with store.only_writer("1-of-2.lock"):
        assert generate("lines", small_lines, count=3, output=output, shard_size=1, shard="0/2") is None
        with pytest.raises(ValueError, match="is being written by process"):
            generate("lines", small_lines, count=3, output=output, shard_size=1, shard="1/2")
    assert generate("lines", small_lines, count=3, output=output, shard_size=1, shard="1/2") == whole
    assert files_of(output) == files_of(tmp_path / "whole")


def test_a_folder_of_something_else_has_nothing_new_in_it(tmp_path: Path, small_lines: lines.Options) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="is not empty and holds no run"):
        generate("lines", small_lines, count=3, output=tmp_path)
    assert "0-of-1.lock" not in {path.name for path in tmp_path.iterdir()}


def test_two_that_make_the_same_shard_have_places_of_their_own(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "out"))
    with store.work_place("shards/00000") as one, store.work_place("shards/00000") as other:
        (one / "000000.png").write_bytes(b"a picture")
        assert list(other.iterdir()) == []


def test_a_full_disk_is_named_and_leaves_nothing_half(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "out"))

    def texts() -> Iterator[str]:
        yield "a"
        raise OSError(28, "No space left on device")

    with pytest.raises(ValueError, match=r"out/data\.jsonl cannot be written: No space left on device$"):
        store.write("data.jsonl", texts())
    assert list((tmp_path / "out").iterdir()) == []
    with pytest.raises(OSError, match="out/shards/00000"), store.work_place("shards/00000"):
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("url", ["memory://out", "local"])
def test_what_was_begun_is_removed_when_drawing_fails(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OSError, match="full"), Store(url).work_place("shards/00000") as folder:
        (folder / "000000.png").write_bytes(b"half a picture")
        raise OSError("full")
    assert not folder.exists()


def test_an_interrupted_run_waits_for_batches_not_for_shards(
    tmp_path: Path, small_lines: lines.Options
) -> None:
    stopped = [1, 0]
    store = Store(str(tmp_path / "out"))
    job = Job("lines", 3, 1_000_000, lines.load(small_lines, np.random.default_rng(0)), 0.0, 0.1)
    with pytest.raises(InterruptedError):
        draw_shard(job, store, Shard(0, range(1_000_000), "files"), stopped)
    assert list((tmp_path / "out/shards").iterdir()) == []


def test_a_run_of_nothing_but_rejects_fails_however_small(
    tmp_path: Path, corpus: Path, small_lines: lines.Options
) -> None:
    corpus.write_text("x \U000130b8\n")
    plan = {"output": tmp_path / "out", "count": 8}
    with pytest.raises(ValueError, match=r"^8 of 8 samples can't be drawn \(no font has U\+130B8: 8; first"):
        generate("lines", small_lines, **plan)
    with pytest.raises(ValueError, match=r"^not one sample could be drawn: 8 x no font has U\+130B8$"):
        generate("lines", small_lines, max_rejects=1, **plan)
    assert not (tmp_path / "out/manifest.json").exists()


def test_more_than_half_of_a_small_set_may_not_be_rejected(
    tmp_path: Path, corpus: Path, small_lines: lines.Options
) -> None:
    corpus.write_text("plain\n\U000130b8\n")
    options = dataclasses.replace(small_lines, lines=Range(1, 1))
    assert generate("lines", options, output=tmp_path / "3", count=8, seed=4)["rows"] == 5
    with pytest.raises(ValueError, match="^5 of 8 samples can't be drawn"):
        generate("lines", options, output=tmp_path / "5", count=8, seed=5)


def test_rejects_are_counted_over_all_shards_and_by_their_share(
    tmp_path: Path, corpus: Path, small_lines: lines.Options
) -> None:
    corpus.write_text("plain\n" * 3 + "\U000130b8\n" * 2)
    options = dataclasses.replace(small_lines, lines=Range(1, 1))
    # no shard has more than 10 rejects, but all together do
    plan = {"count": 60, "shard_size": 10, "seed": 3}
    with pytest.raises(ValueError, match="^18 of 40 samples can't be drawn"):
        generate("lines", options, output=tmp_path / "out", max_rejects=0.2, **plan)
    # parts don't know of each other's: the last one finds that the whole has too many
    for number in range(5):
        assert generate("lines", options, output=tmp_path / "parts", shard=f"{number}/6", **plan) is None
    with pytest.raises(ValueError, match="^25 of 60 samples can't be drawn"):
        generate("lines", options, output=tmp_path / "parts", shard="5/6", **plan)
    # they are drawn already: more may pass now
    manifest = generate("lines", options, output=tmp_path / "parts", max_rejects=0.6, **plan)
    assert manifest["rows"] == 35


def test_a_text_that_training_refuses_is_a_reject(
    tmp_path: Path, corpus: Path, small_lines: lines.Options
) -> None:
    corpus.write_text("plain\n" * 9 + "<|im_end|>\n")
    manifest = generate("lines", small_lines, count=20, output=tmp_path / "out", seed=1)
    assert list(manifest["rejects"]) == ["reserved token"]


def test_another_run_in_the_same_folder_is_refused(
    tmp_path: Path, corpus: Path, small_lines: lines.Options
) -> None:
    generate("lines", small_lines, count=2, output=tmp_path / "out", seed=1)
    with pytest.raises(ValueError, match="holds a run with other seed, count; choose another --output"):
        generate("lines", small_lines, count=3, output=tmp_path / "out", seed=2)
    with pytest.raises(ValueError, match="holds a run with other shard_size; choose another --output"):
        generate("lines", small_lines, count=2, output=tmp_path / "out", seed=1, shard_size=7)
    corpus.write_text("other\n")
    with pytest.raises(ValueError, match="holds a run with other sources; choose another --output"):
        generate("lines", small_lines, count=2, output=tmp_path / "out", seed=1)
