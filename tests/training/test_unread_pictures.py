"""When a run says that its pictures are not read, from the log alone, and what it says."""

from types import SimpleNamespace
from typing import Any

import pytest
from transformers import TrainerState

from got_train.model.got import GotModel
from got_train.training import unread_pictures
from got_train.training.unread_pictures import UnreadPictures, are_unread
from tests.training.runs import WriteConfig, run

Row = dict[str, Any]


def log_of(
    gains: list[float],
    losses: list[float] | float = 2.07,
    encoder: float | None = 0.0004,
    every: int = 50,
    rates: list[float] | float = 1e-3,
) -> list[Row]:
    """A log with an evaluation each so many steps, after a row of training."""
    rows: list[Row] = []
    for number, gain in enumerate(gains):
        step = every * (number + 1)
        rate = rates if isinstance(rates, float) else rates[number]
        loss = losses if isinstance(losses, float) else losses[number]
        row = {"step": step, "loss": loss, "grad_norm": 1.0, "learning_rate": rate}
        rows.append(row if encoder is None else row | {"grad_norm_encoder": encoder})
        rows.append({"step": step, "eval_loss": loss, "eval_picture_gain": gain})
    return rows


def test_an_encoder_that_was_switched_off() -> None:
    assert are_unread(log_of([0.0, 0.0, 0.0]), could_read=False)
    assert are_unread(log_of([0.05, 0.001, -0.002, 0.0]), could_read=False)
    assert are_unread(
        log_of([0.0] * 3, encoder=None), could_read=False
    )  # with DeepSpeed, or a frozen encoder
    assert not are_unread(log_of([0.0, 0.0]), could_read=False)
    for gain in (0.03, -0.03, float("nan")):
        assert not are_unread(log_of([0.0, gain, 0.0]), could_read=False)


def test_a_loss_that_falls_or_is_low() -> None:
    assert not are_unread(log_of([0.0] * 3, [2.5, 2.3, 2.1]), could_read=False)
    assert are_unread(log_of([0.0] * 3, [2.07, 2.0, 1.9]), could_read=False)
    assert are_unread(log_of([0.0] * 3, [2.07, 2.3, 2.5]), could_read=False)  # it learns texts by heart
    # answers that follow from the queries need no pictures
    assert not are_unread(log_of([0.0] * 3, 0.05), could_read=True)


def test_a_plateau_before_the_reading_begins() -> None:
    # Measured: the quickstart's first stage at steps 60 to 80.
    log = log_of([0.00245, 0.00249, 0.00345], [1.196, 1.210, 1.182], encoder=0.03)
    assert not are_unread(log, could_read=False)
    assert not are_unread(log_of([0.0] * 3, encoder=0.03), could_read=False)
    assert not are_unread(log_of([0.004] * 3, encoder=None), could_read=False)
    # of a thousand steps it is none
    assert are_unread(log_of([0.004] * 3, encoder=0.03, every=500), could_read=False)
    assert are_unread(log_of([0.004] * 3, encoder=None, every=500), could_read=False)


def test_a_warmup_that_is_not_over() -> None:
    rising = [1e-4, 2e-4, 3e-4, 4e-4]
    assert not are_unread(log_of([0.0] * 4, rates=rising), could_read=False)
    over = [1e-4, 3e-4, 2e-4, 1e-4]
    assert are_unread(log_of([0.0] * 4, rates=over), could_read=False)
    before = {"step": 0, "eval_loss": 2.07, "eval_picture_gain": 0.0}  # train.eval_on_start
    assert not are_unread([before, *log_of([0.0] * 2)], could_read=False)


def test_a_model_that_could_read() -> None:
    ignoring = log_of([0.01, -0.01, 0.005], encoder=None)
    assert are_unread(ignoring, could_read=True)
    assert not are_unread(ignoring, could_read=False)
    before = {"step": 0, "eval_loss": 1.0, "eval_picture_gain": 3.0}
    assert are_unread([before, *ignoring], could_read=False)
    assert not are_unread(log_of([0.01, 0.5, 0.005], encoder=None), could_read=True)


def test_a_log_without_gains() -> None:
    assert not are_unread([], could_read=True)
    assert not are_unread([{"step": 1, "eval_loss": 2.0}] * 5, could_read=True)
    assert not are_unread([row for row in log_of([0.0] * 3) if "eval_loss" in row], could_read=True)


def lines(could_read: bool, log: list[Row], resumed_after: int = 0) -> list[str]:
    """What is said while a log is written; a part of it was written before the run went on."""
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unread_pictures, "say", said.append)
        callback, state = UnreadPictures(could_read), TrainerState(log_history=log[:resumed_after])
        state.max_steps = 1000
        args: Any = SimpleNamespace(learning_rate=1e-3, get_warmup_steps=lambda steps: 30)
        callback.on_train_begin(args, state, None)
        for row in log[resumed_after:]:
            state.log_history.append(row)
            if "eval_loss" in row:
                callback.on_evaluate(args, state, None)
    return said


def test_it_is_said_once_with_the_cure() -> None:
    log = log_of([0.0004] * 6)
    line = (
        "step 150: the pictures are not read. The held-out loss stays at 2.07, and those of other rows "
        "change it by 0.0004 (eval_picture_gain). Start again with more than train.warmup_steps=30, a lower "
        "train.learning_rate than 0.001, or easier rows first"
    )
    assert lines(False, log) == [line]
    assert lines(False, log, resumed_after=4) == [line]
    assert lines(False, log, resumed_after=6) == []
    assert lines(True, log) == [
        line.split(" Start")[0] + " The model has learnt to ignore them: look whether they belong to the "
        "answers, and set a lower train.learning_rate than 0.001"
    ]


def test_a_run_whose_encoder_is_switched_off_says_so(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    encode = GotModel._encode
    monkeypatch.setattr(GotModel, "_encode", lambda model, pixels: encode(model, pixels) * 0)
    # A loss that is flat at once: nothing is learnt at a rate of 0.
    train = {"max_steps": 5, "save_steps": 5, "eval_strategy": "steps", "eval_steps": 1, "learning_rate": 0.0}
    assert run("train", write_config(train=train)) == 0
    said = [line for line in capsys.readouterr().out.splitlines() if "the pictures are not read" in line]
    assert len(said) == 1
    assert said[0].startswith("step 3: the pictures are not read. ") and "change it by 0 (eval" in said[0]
