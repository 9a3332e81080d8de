"""The folder a run writes: shards that appear whole, then `data.jsonl`, and the manifest last.

DIR/plan.json              what is being drawn, until the manifest says so
DIR/shards/00000/          000000.png ... with rows.jsonl and rejects.jsonl
DIR/shards/00001.partial/  a shard in the making; renamed when it is whole
DIR/data.jsonl             all rows in the order of their samples, as the trainer reads them
DIR/manifest.json          the plan, and what came of it: there only when the rest is complete
"""

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Drawn:
    """What came of one sample: rows of the JSONL, or the cause why there are none."""

    index: int
    rows: list[dict[str, Any]] = field(default_factory=list)
    cause: str | None = None


@dataclass(frozen=True)
class Shard:
    """The samples `indexes` of a run and the folder that holds them."""

    output: Path
    number: int
    indexes: range

    @property
    def folder(self) -> Path:
        return self.output / "shards" / f"{self.number:05d}"

    @property
    def partial(self) -> Path:
        return self.folder.with_name(self.folder.name + ".partial")

    def file_name(self, index: int) -> str:
        return f"{index:06d}.png"

    def image_path(self, index: int) -> str:
        """Where sample `index` lies, seen from the folder of `data.jsonl`."""
        return f"shards/{self.folder.name}/{self.file_name(index)}"


def split(output: Path, count: int, shard_size: int) -> list[Shard]:
    """The shards of samples 0 to `count` - 1."""
    starts = range(0, count, shard_size)
    return [
        Shard(output, number, range(start, min(start + shard_size, count)))
        for number, start in enumerate(starts)
    ]


def open_run(output: Path, plan: dict[str, Any]) -> None:
    """Makes `output` ready for `plan`: a new folder, or one in which the same plan was left unfinished.

    Raises:
        ValueError: the folder holds other files, or a run of another plan.
    """
    output.mkdir(parents=True, exist_ok=True)
    for name in ("manifest.json", "plan.json"):
        if (output / name).exists():
            _check_same(plan, json.loads((output / name).read_text(encoding="utf-8")), output)
            break
    else:
        if any(path.suffix != ".partial" for path in output.iterdir()):
            raise ValueError(f"--output {output} is not empty and holds no run of got-data; choose another")
        _write_whole(output / "plan.json", json.dumps(plan, indent=2) + "\n")
    for partial in (output / "shards").glob("*.partial"):
        shutil.rmtree(partial)


def finish_shard(shard: Shard, drawn: Sequence[Drawn]) -> None:
    """Writes the rows and rejects beside the pictures, then gives the shard its name."""
    rows = [row for sample in drawn for row in sample.rows]
    rejects = [{"index": sample.index, "cause": sample.cause} for sample in drawn if sample.cause]
    (shard.partial / "rows.jsonl").write_text(_jsonl(rows), encoding="utf-8")
    (shard.partial / "rejects.jsonl").write_text(_jsonl(rejects), encoding="utf-8")
    shard.partial.rename(shard.folder)


def finish_run(output: Path, plan: dict[str, Any], shards: Sequence[Shard]) -> dict[str, Any]:
    """Joins the shards' rows into `data.jsonl`, counts, and writes the manifest, which is returned.

    Raises:
        ValueError: there is not one row.
    """
    num_rows = 0
    causes: Counter[str] = Counter()
    partial = output / "data.jsonl.partial"
    with partial.open("w", encoding="utf-8") as data:
        for shard in shards:
            rows = (shard.folder / "rows.jsonl").read_text(encoding="utf-8")
            num_rows += rows.count("\n")
            data.write(rows)
            rejects = (shard.folder / "rejects.jsonl").read_text(encoding="utf-8").splitlines()
            causes.update(json.loads(line)["cause"] for line in rejects)
    if not num_rows:
        raise ValueError(
            "not one sample could be drawn: " + "; ".join(f"{n} x {c}" for c, n in causes.items())
        )
    partial.replace(output / "data.jsonl")
    manifest = plan | {"rows": num_rows, "rejects": dict(sorted(causes.items()))}
    _write_whole(output / "manifest.json", json.dumps(manifest, indent=2) + "\n")
    (output / "plan.json").unlink(missing_ok=True)
    return manifest


def fingerprint(path: Path) -> dict[str, Any]:
    """What the manifest says of a source: a file by its content, a folder by its files' names and sizes."""
    if path.is_file():
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
        return {"path": str(path), "bytes": path.stat().st_size, "sha256": digest.hexdigest()}
    sizes = {
        file.relative_to(path).as_posix(): file.stat().st_size for file in path.rglob("*") if file.is_file()
    }
    listing = json.dumps(sizes, sort_keys=True).encode()
    return {
        "path": str(path),
        "files": len(sizes),
        "bytes": sum(sizes.values()),
        "sha256_of_listing": hashlib.sha256(listing).hexdigest(),
    }


def _check_same(plan: dict[str, Any], found: dict[str, Any], output: Path) -> None:
    different = [name for name in plan if json.loads(json.dumps(plan[name])) != found.get(name)]
    if different:
        raise ValueError(
            f"--output {output} holds a run with other {', '.join(different)}; choose another --output"
        )


def _jsonl(rows: Sequence[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _write_whole(path: Path, text: str) -> None:
    """Writes a file that is never seen half written."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)
