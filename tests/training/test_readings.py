"""What an evaluation has read is kept: whole, once, and in a bounded number of files."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from got_train.data.record import Record, Turn
from got_train.evaluation.metrics import text_metrics
from got_train.evaluation.predictions import read_predictions
from got_train.run_folders import readings_of
from got_train.training import trainer
from got_train.training.callbacks import read_log
from got_train.training.readings import KEPT_EVALUATIONS, KEPT_ROWS, cut_readings, keep_readings
from tests.training.runs import WriteConfig, run, run_folder

TRAIN = {"max_steps": 4, "save_steps": 2, "eval_strategy": "steps", "eval_steps": 1, "eval_on_start": True}


def record(number: int) -> Record:
    image = Path(f"/pictures/{number}.png")
    return Record((Turn("<image>OCR: ", str(number)),), (image,), None, None, "pdf", f"a.jsonl:{number}")


def test_every_evaluation_leaves_a_file_of_answers(
    write_config: WriteConfig, tmp_path: Path, capsys: Any
) -> None:
    assert run("train", write_config(train=TRAIN)) == 0
    folder = run_folder(tmp_path)
    files = readings_of(folder)
    assert list(files) == [0, 1, 2, 3, 4]
    logged = {row["step"]: row["eval_cer"] for row in read_log(folder / "logging.jsonl") if "eval_cer" in row}
    for step, file in files.items():
        rows = read_predictions(file)
        assert [(row.query, len(row.images)) for row in rows] == [("OCR:", 1)] * 2
        texts = [row.answer for row in rows], [row.reference for row in rows]
        assert text_metrics(*texts)["cer"] == pytest.approx(logged[step])
    capsys.readouterr()
    assert run("eval", files[4], "--suite", "plain") == 0
    assert "cer" in capsys.readouterr().out


def test_a_run_that_goes_on_neither_doubles_nor_loses_readings(
    write_config: WriteConfig, tmp_path: Path
) -> None:
    config = write_config(train=TRAIN)
    assert run("train", config) == 0
    folder = run_folder(tmp_path)
    before = {file.name: file.read_bytes() for file in readings_of(folder).values()}
    shutil.rmtree(folder / "checkpoint-4")  # as if it were killed after its last evaluation
    (folder / "readings" / "step-3.jsonl").write_text('{"query": "cut o')
    (folder / "readings" / "step-9.jsonl").write_text("of a step that the run has not come to\n")
    assert run("train", config, "resume=auto") == 0
    assert {file.name: file.read_bytes() for file in readings_of(folder).values()} == before


def test_rows_are_read_in_the_precision_of_the_run(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate, seen = trainer.generate, []

    def watched(*given: Any, **named: Any) -> Iterator[str]:
        for answer in generate(*given, **named):
            enabled = torch.is_autocast_enabled("cpu")
            seen.append(torch.get_autocast_dtype("cpu") if enabled else torch.float32)
            yield answer

    monkeypatch.setattr(trainer, "generate", watched)
    config = write_config(train=TRAIN | {"max_steps": 1, "eval_on_start": False})
    for bf16, dtype in (("true", torch.bfloat16), ("false", torch.float32)):
        assert run("train", config, f"train.bf16={bf16}") == 0
        assert seen == [dtype] * 2
        seen.clear()


def test_evenly_spread_rows_are_kept_and_names_of_any_bytes(tmp_path: Path) -> None:
    keep_readings(tmp_path, 7, [(record(number), "x") for number in range(2 * KEPT_ROWS)])
    rows = [json.loads(line) for line in readings_of(tmp_path)[7].read_text().splitlines()]
    assert [row["labels"] for row in rows] == [str(number) for number in range(0, 2 * KEPT_ROWS, 2)]
    odd = Record((Turn("<image>OCR: ", ""),), (Path("/p/\udcff.png"),), None, None, "pdf", "a.jsonl:1")
    keep_readings(tmp_path, 8, [(odd, "\u2028")])
    [row] = read_predictions(readings_of(tmp_path)[8])
    assert (row.answer, row.reference, row.images) == ("\u2028", "", ("/p/\udcff.png",))


def test_of_many_evaluations_the_first_and_the_newest_are_kept(tmp_path: Path) -> None:
    for step in range(0, 10 * KEPT_EVALUATIONS, 5):
        keep_readings(tmp_path, step, [(record(1), "x")])
        kept = list(readings_of(tmp_path))
        assert kept[0] == 0 and kept[-1] == step and len(kept) <= KEPT_EVALUATIONS
    assert len(kept) > KEPT_EVALUATIONS / 4
    cut_readings(tmp_path, kept[2])
    assert list(readings_of(tmp_path)) == kept[:3]


def test_other_files_are_no_readings(tmp_path: Path) -> None:
    (tmp_path / "readings").mkdir()
    for name in ("step-3.jsonl.part", "step-x.jsonl", f"step-{'9' * 40}.jsonl", "step-1.json"):
        (tmp_path / "readings" / name).write_text("")
    (tmp_path / "readings" / "step-2.jsonl").mkdir()
    assert readings_of(tmp_path) == readings_of(tmp_path / "none") == {}
