"""The inputs of `fuzz.py`: good rows, pictures, configurations and checkpoints with changes in them."""

import csv
import io
import json
import os
import random
import shutil
import struct
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
from pyarrow import parquet

from got_train.cli import main as got_train
from got_train.config_file import load_config, to_yaml
from got_train.data.check import check_rows
from got_train.data.record import ReadOptions
from got_train.data.samples import SampleEncoder, SampleSet
from got_train.data.sources import check_all_columns, select_rows
from got_train.manifest import MANIFEST_FILE, write_manifest
from got_train.model.checkpoints import load_checkpoint
from got_train.run_folders import resolve_checkpoint
from got_train.training.resume import find_resume
from got_train.training.train import prepare, with_absolute_paths

from . import runs
from .mutations import dumped, encoded, mutated_bytes, mutated_text, mutated_value, odd_text, odd_value
from .runs import SAVE_STEPS, STEPS, Run, run_folder
from .seeds import ROWS, RUNS, Seeds


class Refused(Exception):  # noqa: N818
    """An input was refused by a command, or as bad rows."""


Use = Callable[[], object]
"""Reads an input as got-train does."""


@dataclass(frozen=True)
class Family:
    """Inputs of a sort."""

    weight: int
    """Their share among all inputs."""
    make: Callable[[random.Random, Seeds, Path], Use]
    """Writes an input into a folder."""


def rows_input(rng: random.Random, seeds: Seeds, folder: Path) -> Use:
    """A data file with a few rows, and the pictures that they name."""
    for name in ("a.png", "doc.pdf"):
        os.link(seeds.folder / name, folder / name)
    chosen = [rng.choice(seeds.rows) for _ in range(rng.randint(1, 3))]
    rows = [mutated_value(row, rng) if rng.random() < 0.5 else row for row in chosen]
    ending = rng.choice(["jsonl"] * 5 + ["json", "csv", "tsv", "tar", "tar", "parquet", "arrow"])
    file = folder / f"r.{ending}"
    content = DATA_FILES[ending](rows, rng, seeds)
    file.write_bytes(mutated_bytes(content, rng) if rng.random() < 0.2 else content)
    columns = {odd_text(rng)[:30]: "response", "text": "response"} if rng.random() < 0.1 else {}
    query = mutated_text("OCR: ", rng) if rng.random() < 0.1 else None
    spec = f"{file}{rng.choice(['#2', '#50%', '#0', '#-1', '#x'])}" if rng.random() < 0.05 else str(file)
    return lambda: read_rows(spec, ReadOptions(columns, query), seeds.encoder)


def read_rows(spec: str, options: ReadOptions, encoder: SampleEncoder) -> None:
    """Checks all rows of a file as `got-train check-data` does, and makes the samples of the good ones."""
    rows = select_rows([spec], options, np.random.default_rng(0))
    check_all_columns(rows)
    found = check_rows(rows, rows.distinct, encoder, 0, "rows")
    lines = [*found.lines(), *found.doubts.lines()]
    samples = SampleSet(rows, encoder)
    for index in range(len(rows)):
        if index not in found.bad:
            assert samples[index].num_tiles >= 0
            json.loads(rows.portable_row(index))
    if found.bad:
        raise Refused("\n".join(lines))


def _csv(rows: list[Any], rng: random.Random, delimiter: str) -> bytes:
    buffer, objects = io.StringIO(), [row for row in rows if isinstance(row, dict)]
    names = list(dict.fromkeys(key for row in objects for key in row))
    writer = csv.writer(buffer, delimiter=delimiter, quoting=rng.choice([0, 1]), lineterminator="\n")
    writer.writerow(names)
    for row in objects:
        cells = [row.get(name) for name in names]
        writer.writerow([cell if isinstance(cell, str) else dumped(cell, rng) for cell in cells])
    return encoded(buffer.getvalue(), rng)


def _tar(rows: list[Any], rng: random.Random, seeds: Seeds) -> bytes:
    buffer = io.BytesIO()
    kinds = [tarfile.REGTYPE] * 20 + [tarfile.SYMTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.LNKTYPE]
    with tarfile.open(
        fileobj=buffer, mode="w", format=rng.choice([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
    ) as tar:
        for number, row in enumerate(rows):
            key = (
                f"{number:03}"
                if rng.random() < 0.9
                else mutated_text(f"{number:03}", rng).replace("\ud800", "")
            )
            content = encoded(dumped(row, rng), rng)
            picture = rng.choice(list(seeds.pictures))
            for ending, data in (("json", content), (picture.partition(".")[2], seeds.pictures[picture])):
                member = tarfile.TarInfo(f"{key}.{ending}".replace("\0", "0")[:3000])
                member.type, member.size = rng.choice(kinds), len(data)
                tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def _table(rows: list[Any], rng: random.Random, form: str) -> bytes:
    try:
        table = pyarrow.Table.from_pylist([row for row in rows if isinstance(row, dict)])
    except (pyarrow.ArrowException, OverflowError, TypeError, ValueError):  # cells of several types
        table = pyarrow.Table.from_pylist(ROWS[:1])
    if rng.random() < 0.3:
        odd: list[Any] = [
            pyarrow.array([b"\xff" * 3] * len(table)),
            pyarrow.array([2**62] * len(table), pyarrow.timestamp("ns")),
            pyarrow.array([[["a"]]] * len(table)),
            pyarrow.array([{"bytes": b"a", "path": None}] * len(table)),
            pyarrow.nulls(len(table)),
        ]
        name = rng.choice(["response", "images", "image", "messages", "x"])
        table = table.append_column(name, rng.choice(odd))
    buffer = io.BytesIO()
    try:
        if form == "parquet":
            parquet.write_table(table, buffer)
        else:
            new = rng.choice([pyarrow.ipc.new_stream, pyarrow.ipc.new_file])
            with new(buffer, table.schema) as writer:
                writer.write_table(table)
    except pyarrow.ArrowException:  # what the format cannot hold
        return b"PAR1"
    return buffer.getvalue()


DATA_FILES: dict[str, Callable[[list[Any], random.Random, Seeds], bytes]] = {
    "jsonl": lambda rows, rng, seeds: encoded("\n".join(dumped(row, rng) for row in rows) + "\n", rng),
    "json": lambda rows, rng, seeds: encoded(dumped(rows, rng), rng),
    "csv": lambda rows, rng, seeds: _csv(rows, rng, ","),
    "tsv": lambda rows, rng, seeds: _csv(rows, rng, "\t"),
    "tar": _tar,
    "parquet": lambda rows, rng, seeds: _table(rows, rng, "parquet"),
    "arrow": lambda rows, rng, seeds: _table(rows, rng, "arrow"),
}


def picture_input(rng: random.Random, seeds: Seeds, folder: Path) -> Use:
    """A row with a damaged picture."""
    name = rng.choice(list(seeds.pictures))
    content = mutated_bytes(seeds.pictures[name], rng)
    if name.endswith(".png") and rng.random() < 0.3:
        content = with_png_header(seeds.pictures[name], rng)
    if rng.random() < 0.1:
        name = f"x.{rng.choice(list(seeds.pictures)).partition('.')[2]}"
    (folder / name).write_bytes(content)
    image = f"{name}:{rng.choice([1, 1, 2])}" if name.endswith(".pdf") else name
    row = {"query": "<image>OCR: ", "response": "a", "images": [image]}
    (folder / "r.jsonl").write_text(json.dumps(row) + "\n")
    return lambda: read_rows(str(folder / "r.jsonl"), ReadOptions(), seeds.encoder)


def with_png_header(content: bytes, rng: random.Random) -> bytes:
    """A PNG with other numbers in its header, whose checksum is right."""
    sizes = [0, 1, 40, 3000, 60_000, 2**31 - 1, 2**32 - 1]
    numbers = [
        rng.choice(sizes),
        rng.choice(sizes),
        *(rng.choice([0, 1, 2, 3, 4, 6, 8, 16]) for _ in range(5)),
    ]
    header = b"IHDR" + struct.pack(">IIBBBBB", *numbers)
    return content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:]


def config_input(rng: random.Random, seeds: Seeds, folder: Path) -> Use:
    """A configuration, and words of a command line."""
    run = Run(rng.choice(RUNS), seeds.folder, folder)
    text = json.dumps(runs.configuration(run))
    if rng.random() < 0.5:
        text = to_yaml(load_config(write(folder / "good.yaml", text)))
    elif rng.random() < 0.8:
        text = dumped(mutated_value(json.loads(text), rng), rng)
    if rng.random() < 0.5:
        lines = text.split("\n") if "\n" in text else text.split(",")
        place = rng.randrange(len(lines))
        lines[place] = mutated_text(lines[place], rng)
        text = ("\n" if "\n" in text else ",").join(lines)
    content = encoded(text, rng)
    file = folder / "c.yaml"
    file.write_bytes(mutated_bytes(content, rng) if rng.random() < 0.15 else content)
    words = [override(rng) for _ in range(rng.choice([0, 0, 0, 1, 2]))]
    return lambda: read_config(file, words)


def write(file: Path, text: str) -> Path:
    """A file with a text."""
    file.write_text(text)
    return file


KEYS = (
    *("train.max_steps", "train.save_steps", "train.learning_rate", "train.deepspeed", "train.report_to"),
    *("train.lr_scheduler_kwargs", "train.optim_args", "train.learning_rates", "data.columns", "data.train"),
    *("model.encoder.image_size", "model.decoder.shape", "model.path", "lora.modules", "lora.rank", "resume"),
    *("eval.loss_rows", "sample.max_pixels", "name", "seed", "data.val", "data.val_ratio", "data.weights"),
)


def override(rng: random.Random) -> str:
    """A word such as `train.max_steps=2`."""
    value = odd_value(rng)
    text = value[:200] if isinstance(value, str) else json.dumps(value)
    key = rng.choice(KEYS) if rng.random() < 0.8 else mutated_text(rng.choice(KEYS), rng)
    return f"{key}={text}".replace("\0", "")


def read_config(file: Path, words: list[str]) -> None:
    """Reads a configuration, and tries its settings on its rows."""
    config = load_config(file, words)
    assert to_yaml(config)
    prepare(config)


def damaged_run(rng: random.Random, seeds: Seeds, folder: Path, step: int, endings: tuple[str, ...]) -> Run:
    """A copy of a run as it was after a step, in whose newest checkpoint a file was changed."""
    run = Run(rng.choice(RUNS), seeds.folder, folder)
    shutil.copytree(seeds.folder / run.kind / "output", run.output)
    checkpoint = run_folder(run) / f"checkpoint-{step}"
    for later in range(step + 1, STEPS + 1):
        shutil.rmtree(run_folder(run) / f"checkpoint-{later}", ignore_errors=True)
    file = rng.choice(sorted(file for file in checkpoint.iterdir() if file.name.endswith(endings)))
    content = file.read_bytes()
    file.unlink()
    change = rng.random()
    if change < 0.05:
        file.mkdir()
    elif change > 0.1:
        file.write_bytes(changed_file(file.name, content, rng))
    listed = rng.random()
    if listed < 0.85 and file.name != MANIFEST_FILE:
        (checkpoint / MANIFEST_FILE).unlink()
        if listed < 0.5:
            write_manifest(checkpoint, devices=1, packages={})
    return run


def changed_file(name: str, content: bytes, rng: random.Random) -> bytes:
    """A file of a checkpoint with changes in its values, or in its bytes."""
    if rng.random() < 0.3:
        return mutated_bytes(content, rng)
    if name.endswith(".json"):
        return encoded(dumped(mutated_value(json.loads(content), rng), rng), rng)
    if name.endswith(".safetensors"):
        length = struct.unpack("<Q", content[:8])[0]
        header = dumped(mutated_value(json.loads(content[8 : 8 + length]), rng), rng).encode(errors="replace")
        told = len(header) if rng.random() < 0.9 else rng.choice([0, 1, 2**31, 2**63, len(header) * 2])
        return struct.pack("<Q", told) + header + content[8 + length :]
    if name.endswith(".yaml"):
        lines = content.decode().split("\n")
        place = rng.randrange(len(lines))
        lines[place] = mutated_text(lines[place], rng)
        return encoded("\n".join(lines), rng)
    return mutated_bytes(content, rng)


def checkpoint_input(rng: random.Random, seeds: Seeds, folder: Path) -> Use:
    """A checkpoint that is loaded, resolved, or resumed from."""
    run = damaged_run(rng, seeds, folder, STEPS, ("",))
    checkpoint = run_folder(run) / f"checkpoint-{STEPS}"
    config = write(folder / "c.yaml", json.dumps(runs.configuration(run)))
    resumed = f"resume={rng.choice(['auto', str(checkpoint)])}"
    uses: list[Use] = [
        lambda: load_checkpoint(str(checkpoint)),
        lambda: load_checkpoint(resolve_checkpoint(str(run_folder(run)))),
        lambda: find_resume(with_absolute_paths(load_config(config, [resumed]))),
        lambda: prepare(load_config(config, [f"data.val_run={run_folder(run)}", "data.val=null"])),
        lambda: prepare(load_config(config, ["model=null", f"model.path={checkpoint}"])),
    ]
    return rng.choice(uses)


def resumed_input(rng: random.Random, seeds: Seeds, folder: Path) -> Use:
    """A run that goes on from a checkpoint with changes in what only training reads."""
    read = (".pt", ".pth", ".bin", ".npz", ".safetensors", ".yaml", "trainer_state.json")
    run = damaged_run(rng, seeds, folder, STEPS - SAVE_STEPS, read)
    config = write(folder / "c.yaml", json.dumps(runs.configuration(run)))

    def resume() -> None:
        try:
            got_train(["train", str(config), "resume=auto"])
        except SystemExit as end:
            if end.code == 2:
                raise Refused from None
            assert not end.code

    return resume


FAMILIES = {
    "rows": Family(50, rows_input),
    "pictures": Family(25, picture_input),
    "configurations": Family(15, config_input),
    "checkpoints": Family(8, checkpoint_input),
    "resumed runs": Family(2, resumed_input),
}
