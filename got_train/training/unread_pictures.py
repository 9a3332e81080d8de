"""Says, once a run, that its pictures are not read: they tell nothing while the loss is flat.

Runs from random weights have a plateau before they begin to read, on which pictures tell little, too. The
limits lie between such a plateau and an encoder that was switched off. Shares of the held-out loss and of the
gradient's norm, in the quickstart's first stage on digits:

                                              what pictures tell     the encoder's gradient
rate of 1e-3, steps 30 to 80                  0.12 to 0.38 %         3 to 16 %
rate of 1e-2, steps 30 to 160                 0.0001 to 0.0004 %     0.02 to 0.14 %
rate of 1e-2, steps 40 to 120, in bfloat16    0 to 0.04 %            0.03 to 0.07 %

The first begins to read at step 90. A model that could read, trained on pictures of other rows, has 0.04 to
0.15 % left from step 10 on.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from transformers import TrainerCallback, TrainerState, TrainingArguments

from got_train.ranks import say

EVALUATIONS = 3
"""In as many evaluations one after the other the pictures must tell nothing."""

LITTLE = 0.01
"""Share of the held-out loss that pictures tell on a plateau, or less."""

NOTHING = 0.001
"""Share of it that they tell without an encoder, or less: asked for where no gradient tells the two apart."""

READ = 0.1
"""Share of it that they tell once they are read, or more."""

ENOUGH_STEPS = 1000
"""Steps from the first to the last of these evaluations that are too many for a plateau."""

ENCODER_SHARE = 0.01
"""Share of the gradient's norm: an encoder that has less was switched off."""

FLAT = 0.1
"""Share by which the held-out loss falls, from the first of these evaluations to the last, if not flat."""

KNOWN = 0.1
"""Below this held-out loss, in nats a token, there is little left that pictures could tell."""

Log = Sequence[Mapping[str, Any]]
"""The rows of `TrainerState.log_history`."""


class UnreadPictures(TrainerCallback):
    """Looks at the log at every evaluation."""

    def __init__(self, could_read: bool) -> None:
        """Makes a callback for one run.

        Args:
            could_read: whether the run started from a whole model, which had been trained to read.
        """
        self.could_read = could_read
        self._has_said = False

    def on_train_begin(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        """Finds out whether a run that goes on has said it."""
        log = state.log_history
        ends = [end for end, row in enumerate(log, 1) if evaluations([row])]
        self._has_said = any(are_unread(log[:end], self.could_read) for end in ends)

    def on_evaluate(self, args: Any, state: TrainerState, control: Any, **kwargs: Any) -> None:
        """Says it at the first evaluation at which it holds."""
        if self._has_said or not are_unread(state.log_history, self.could_read):
            return
        self._has_said = True
        say(unread_line(evaluations(state.log_history)[-1], args, state.max_steps, self.could_read))


def unread_line(last: Mapping[str, Any], args: TrainingArguments, max_steps: int, could_read: bool) -> str:
    """What is wrong, and the cure.

    Args:
        last: the row of the newest evaluation.
        args: with the rate and the warm-up that were too much.
        max_steps: steps of the run.
        could_read: whether the model could read when the run began.
    """
    cure = f"a lower train.learning_rate than {args.learning_rate:g}"
    if could_read:
        cure = f"The model has learnt to ignore them: look whether they belong to the answers, and set {cure}"
    else:
        warmup = f"more than train.warmup_steps={args.get_warmup_steps(max_steps)}"
        cure = f"Start again with {warmup}, {cure}, or easier rows first"
    return (
        f"step {last['step']:,}: the pictures are not read. The held-out loss stays at "
        f"{last['eval_loss']:.4g}, and those of other rows change it by {last['eval_picture_gain']:.2g} "
        f"(eval_picture_gain). {cure}"
    )


def are_unread(log: Log, could_read: bool) -> bool:
    """Whether the pictures tell nothing, and not only because the reading has not begun yet.

    Args:
        log: up to an evaluation.
        could_read: whether the model could read when the run began.
    """
    found = evaluations(log)
    newest = found[-EVALUATIONS:]
    steps = [row for row in log if "learning_rate" in row]
    if len(newest) < EVALUATIONS or not steps:
        return False
    first, last = newest[0], newest[-1]
    if last["eval_loss"] < max(KNOWN, (1 - FLAT) * first["eval_loss"]):
        return False
    if max(steps, key=lambda row: float(row["learning_rate"]))["step"] > first["step"]:
        return False  # the warm-up is not over
    has_read = could_read or any(row["eval_picture_gain"] > READ * row["eval_loss"] for row in found)
    may_be_plateau = not has_read and last["step"] - first["step"] < ENOUGH_STEPS
    norms = [row for row in steps if row["step"] > first["step"] and "grad_norm_encoder" in row]
    if may_be_plateau and any(row["grad_norm_encoder"] > ENCODER_SHARE * row["grad_norm"] for row in norms):
        return False
    share = NOTHING if may_be_plateau and not norms else LITTLE
    return all(abs(row["eval_picture_gain"]) < share * row["eval_loss"] for row in newest)


def evaluations(log: Log) -> Log:
    """The rows of evaluations that say what the pictures tell."""
    return [row for row in log if "eval_picture_gain" in row]
