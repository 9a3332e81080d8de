"""When a run says that it has left the course of good runs, and which files are no reference curve."""

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import TrainerState

from got_train.config_folder import CONFIGS
from got_train.training import reference_curve
from got_train.training.reference_curve import (
    OffReferenceCurve,
    ReferenceCurve,
    compare_losses,
    different,
    first_off,
    read_reference_curve,
)
from scripts.write_reference_curve import main
from tests.conftest import write_rows
from tests.training.runs import WriteConfig, run, run_folder

CURVE = ReferenceCurve(
    Path("good.json"),
    {"train.learning_rate": 0.001},
    [42, 43],
    [(20 * number, 10 / number, 12 / number) for number in range(1, 11)],
)
"""Losses of 10 to 12 at step 20, and 1 to 1.2 at step 200."""

Row = dict[str, Any]


def log_of(factor: float, every: int = 20, last: int = 200) -> list[Row]:
    """The losses of a run, over the middle of the good ones."""
    return [{"step": step, "loss": factor * 220 / step} for step in range(every, last + 1, every)]


def test_a_run_on_the_curve() -> None:
    for factor in (1.0, 1.3, 0.75):  # up to a quarter of the steps ahead or behind
        assert first_off(CURVE, log_of(factor)) is None
    assert [compared.side for compared in compare_losses(CURVE, log_of(1.0))] == [0] * 8
    assert first_off(CURVE, []) is None and first_off(CURVE, [{"step": 20, "eval_loss": 99.0}]) is None


def test_a_run_that_is_stuck_or_knows_the_answers() -> None:
    stuck = [row | {"loss": 6.0} for row in log_of(1.0)]
    off = first_off(CURVE, stuck)
    # off at step 60, where good runs have at most 4, and at 80 and 100, where they had at most 3 a bit before
    assert off is not None
    assert (off.step, off.loss, off.lowest, off.highest, off.side) == (100, 6.0, 2.0, 2.4, 1)
    knowing = first_off(CURVE, log_of(0.3))
    assert knowing is not None and (knowing.step, knowing.side) == (60, -1)


def test_single_losses_off_the_curve_are_chance() -> None:
    log = log_of(1.0)
    for number in (3, 4, 6, 7, 9):
        log[number]["loss"] = 99.0
    assert first_off(CURVE, log) is None
    log[8]["loss"] = 0.001
    assert first_off(CURVE, log) is None  # the other side
    log[5]["loss"] = 99.0
    off = first_off(CURVE, log)
    assert off is not None and off.step == 120


def test_a_run_that_logs_more_or_less_often() -> None:
    often = [
        {"step": step, "loss": 220 / (20 * ((step + 19) // 20)) + (-1) ** step} for step in range(1, 201)
    ]
    found = compare_losses(CURVE, often)
    assert [compared.step for compared in found] == list(range(20, 161, 20))
    assert found[4].loss == pytest.approx(2.2) and first_off(CURVE, often) is None
    assert first_off(CURVE, [row | {"loss": 6.0} for row in often]) is not None
    # The loss of step 150 is a mean from step 101 on, where good runs still had 2.
    rarely = compare_losses(CURVE, [{"step": step, "loss": 2.0} for step in (50, 100, 150)])
    assert [(compared.step, compared.side) for compared in rarely] == [(50, -1), (100, 0), (150, 0)]


def test_nothing_is_said_near_the_end_of_the_curve() -> None:
    """Of good runs that are ahead it has nothing there."""
    log = log_of(1.0, last=160) + [{"step": step, "loss": 0.001} for step in range(180, 400, 20)]
    assert first_off(CURVE, log) is None


def lines(log: list[Row], different: list[str], resumed_after: int = 0) -> list[str]:
    """What is said while a log is written; a part of it was written before the run went on."""
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reference_curve, "say", said.append)
        callback, state = OffReferenceCurve(CURVE, different), TrainerState(log_history=log[:resumed_after])
        callback.on_train_begin(None, state, None)
        for row in log[resumed_after:]:
            state.log_history.append(row)
            callback.on_log(None, state, None)
    return said


def test_it_is_said_once_with_where_to_look() -> None:
    stuck = [row | {"loss": 6.0} for row in log_of(1.0)]
    high = "step 100: the loss is too high: 6, where good runs had 2 to 2.4 (good.json). "
    rate = "train.learning_rate=0.01 (there 0.001)"
    assert lines(stuck, [rate]) == [f"{high}Settings that differ: {rate}"]
    nothing_differs = (
        f"{high}No setting differs, so rows or code do: look whether the answers belong to the pictures "
        "(got-data sheet), and at eval_picture_gain"
    )
    assert lines(stuck, []) == [nothing_differs]
    assert lines(stuck, [], resumed_after=4) == [nothing_differs]
    assert lines(stuck, [], resumed_after=5) == []
    assert lines(log_of(0.3), []) == [
        "step 60: the loss is too low: 1.1, where good runs had 3.333 to 4 (good.json). No setting differs, "
        "so rows or code do: look whether the queries tell the answers (got-data sheet), and at "
        "eval_picture_gain"
    ]


def test_settings_that_differ() -> None:
    there = {"train.learning_rate": 0.001, "lora.enabled": False, "lora.rank": 8, "sample.new": 1}
    assert different(there, there) == []
    assert different({**there, "train.learning_rate": 1e-3}, there) == []
    assert different({**there, "lora.rank": 4}, there) == []  # without adapters it changes nothing
    assert different({**there, "lora.enabled": True, "lora.rank": 4}, there) == ["lora.enabled"]
    with_lora = {**there, "lora.enabled": True}
    assert different({**with_lora, "lora.rank": 4}, with_lora) == ["lora.rank"]
    # a key of a later version, and one that a decoder of another kind has
    here = {**there, "sample.later": 2, "model.decoder.shape.rope_theta": 1e4}
    assert different(here, there) == ["model.decoder.shape.rope_theta"]
    assert different(there, here) == ["sample.later", "model.decoder.shape.rope_theta"]


GOOD = {"settings": {"lora.enabled": False}, "seeds": [42], "loss": [[1, 2, 2.5]]}


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"settings": None}, "settings must be values by their dotted keys"),
        ({"settings": {}}, "settings must be values by their dotted keys"),
        ({"seeds": 42}, "seeds must be a list of whole numbers"),
        ({"seeds": [True]}, "seeds must be a list of whole numbers"),
        ({"loss": []}, "loss must be a list of [step, lowest, highest]"),
        ({"loss": {"1": 2}}, "loss must be a list of [step, lowest, highest]"),
        *(
            ({"loss": [[1, 2, 2], row]}, "loss[1] must be [step, lowest, highest], numbers from 0 to 1e+09")
            for row in (
                *(3, [2, 2], [2, 2, 2, 2], [2.5, 2, 2], [2, "2", 2], [2, None, 2], [2, True, 2], [2, 3, 2]),
                *([2, -1, 2], [2, 2, float("inf")], [2, float("nan"), 2], [2, 2, 10**400], [10**400, 2, 2]),
            )
        ),
        ({"loss": [[2, 2, 2], [2, 2, 2]]}, "loss[1] has step 2 after step 2: steps must rise from 1"),
        ({"loss": [[0, 2, 2]]}, "loss[0] has step 0 after step 0: steps must rise from 1"),
    ],
)
def test_a_file_that_is_no_curve(
    given: Row, fault: str, write_config: WriteConfig, tmp_path: Path, capsys: Any
) -> None:
    file = tmp_path / "curve.json"
    file.write_text(json.dumps(GOOD | given))
    assert run("train", write_config(eval={"reference_curve": str(file)}), "--dry-run") == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"got-train: error: eval.reference_curve: {file} is no reference curve: {fault}. "
        "scripts/write_reference_curve.py makes one of runs"
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (None, "{file} does not exist"),
        ("[]", "{file} is not a JSON object"),
        ("no", "{file} is not JSON: Expecting value: line 1 column 1 (char 0)"),
        (
            '{"settings": ' + "[" * 40 + "]" * 40 + "}",
            "{file} is nested too deeply: at most 30 levels are read",
        ),
    ],
)
def test_a_file_that_cannot_be_read(
    text: str | None, fault: str, write_config: WriteConfig, tmp_path: Path, capsys: Any
) -> None:
    file = tmp_path / "curve.json"
    if text is not None:
        file.write_text(text)
    assert run("train", write_config(eval={"reference_curve": str(file)}), "--dry-run") == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said == f"got-train: error: eval.reference_curve: {fault.format(file=file)}"


def test_a_curve_that_was_read(tmp_path: Path) -> None:
    file = tmp_path / "curve.json"
    file.write_text(json.dumps(GOOD))
    assert read_reference_curve(str(file)) == ReferenceCurve(
        file, {"lora.enabled": False}, [42], [(1, 2.0, 2.5)]
    )
    assert read_reference_curve(None) is None


def test_a_curve_is_made_of_runs(write_config: WriteConfig, tmp_path: Path, capsys: Any) -> None:
    config = write_config(train={"max_steps": 4, "save_strategy": "no"}, eval={"read_rows": 0})
    assert run("train", config) == 0
    assert run("train", config, "train.seed=7", "output_dir=" + str(tmp_path / "other")) == 0
    first = run_folder(tmp_path)
    second = next((tmp_path / "other" / "run").glob("v0-*"))
    log = (second / "logging.jsonl").read_text().splitlines()
    write_rows(second / "logging.jsonl", log[:3])  # it was stopped
    file = tmp_path / "curve.json"
    main([str(first), str(second), "--output", str(file)])
    curve = json.loads(file.read_text())
    assert curve["seeds"] == [42, 7] and [row[0] for row in curve["loss"]] == [1, 2, 3]
    assert all(low <= high for _, low, high in curve["loss"])
    settings = curve["settings"]
    assert len(settings) == 63
    assert (settings["train.max_steps"], settings["train.global_batch_size"]) == (4, 4)
    assert (settings["model.path"], settings["train.learning_rates.encoder"]) == (None, None)
    # a run of the same settings has nothing to say of them
    capsys.readouterr()
    words = [config, f"eval.reference_curve={file}", "--dry-run"]
    assert run("train", *words) == 0
    assert "reference curve" not in capsys.readouterr().out
    assert run("train", *words, "train.max_steps=5", "sample.crop=true") == 0
    assert (
        f"\n\nreference curve {file}: settings that differ: sample.crop=true (there false), "
        "train.max_steps=5 (there 4)\n\n"
    ) in capsys.readouterr().out


def test_runs_that_make_no_curve(write_config: WriteConfig, tmp_path: Path, capsys: Any) -> None:
    config = write_config(train={"save_strategy": "no"}, eval={"read_rows": 0}, data={"val": None})
    for name, *words in (
        ["one"],
        ["rate", "train.seed=7", "train.learning_rate=0.01", "train.max_steps=3"],
        ["rarely", "train.seed=8", "train.logging_steps=2", "train.logging_first_step=false"],
        ["never", "train.seed=9", "train.logging_steps=3", "train.logging_first_step=false"],
    ):
        assert run("train", config, f"name={name}", "data.val_ratio=0", *words) == 0
    one, rate, rarely, never = (run_folder(tmp_path, name) for name in ("one", "rate", "rarely", "never"))
    none_alike = "the runs have logged no loss, or at other steps: set train.logging_steps alike"
    for runs, fault in (
        (
            [one, rate],
            f"{rate} differs from {one} in train.learning_rate, train.max_steps: give runs that do not",
        ),
        ([one, one], "the seeds of the runs are 42, 42: give each another train.seed"),
        ([one, rarely], none_alike),
        ([rarely, one], none_alike),
        ([never], none_alike),
        ([one, tmp_path], f"{tmp_path} is not the folder of a run: it has no args.yaml"),
    ):
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main([*map(str, runs), "--output", str(tmp_path / "curve.json")])
        assert caught.value.code == 2
        assert capsys.readouterr().err.endswith(f": error: {fault}\n")
    assert not (tmp_path / "curve.json").exists()


@pytest.mark.parametrize(
    ("stage", "level", "step"), [("stage1", 2.07, 80), ("stage1", 1.2, 160), ("stage2", 2.07, 100)]
)
def test_the_curves_of_the_quickstart_find_a_flat_loss(stage: str, level: float, step: int) -> None:
    """2.07 nats a token are what is left without pictures; 1.2 is the plateau before reading begins."""
    curve = read_reference_curve(str(CONFIGS / "quickstart" / "curves" / f"{stage}.json"))
    assert curve is not None and curve.seeds == [42, 43, 44] and curve.steps[-1] == 400
    off = first_off(curve, [{"step": step, "loss": level} for step in [1, *range(20, 420, 20)]])
    assert off is not None and off.step == step
