"""The optimizer's parameter groups, which give each module group its own learning rate."""

from collections import defaultdict
from typing import Any

from torch import nn
from torch.optim import SGD, Optimizer
from torch.optim.lr_scheduler import LambdaLR
from transformers import Trainer, TrainingArguments, get_scheduler
from transformers.integrations import get_reporting_integration_callbacks

from got_train.bitsandbytes_import import show_bitsandbytes
from got_train.config import LearningRates, LoraSettings
from got_train.model.adapters import rate_name
from got_train.model.got import is_hidden_matrix
from got_train.report import UserError
from got_train.training.muon import MATRICES, MuonWithAdamW


def optimizer_and_groups(
    model: nn.Module,
    arguments: TrainingArguments,
    rates: LearningRates,
    lora: LoraSettings,
    muon: bool = False,
) -> tuple[Any, dict[str, Any]]:
    """The optimizer class that `arguments.optim` names, and its settings with parameter groups.

    With `muon` the class is `MuonWithAdamW`, and `arguments` name the AdamW in it. Every trainable parameter
    is in exactly one group. Vectors (norms, biases) and position tables have no weight decay. With LoRA+
    (arXiv 2402.12354) the matrices B of adapters have a higher learning rate.
    """
    optimizer_class, settings = _optimizer(arguments, model)
    groups: dict[tuple[float, float, bool], list[nn.Parameter]] = defaultdict(list)
    """Parameters by learning rate and weight decay, and whether Muon has them."""
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            given = getattr(rates, rate_name(name, rates))
            rate = arguments.learning_rate if given is None else given
            faster = lora.loraplus_lr_ratio if lora.loraplus_lr_ratio and ".lora_B." in name else 1.0
            decay = arguments.weight_decay if _decays(name, parameter) else 0.0
            groups[rate * faster, decay, muon and is_hidden_matrix(name, parameter)].append(parameter)
    grouped = [id(parameter) for parameters in groups.values() for parameter in parameters]
    trainable = [id(parameter) for parameter in model.parameters() if parameter.requires_grad]
    assert sorted(grouped) == sorted(trainable), "each trainable parameter must be in exactly one group"
    listed = [
        {"params": parameters, "lr": rate, "weight_decay": decay} | ({MATRICES: matrices} if muon else {})
        for (rate, decay, matrices), parameters in groups.items()
    ]
    return MuonWithAdamW if muon else optimizer_class, {**settings, "params": listed}


def try_optimizer(arguments: TrainingArguments, steps: int) -> None:
    """Creates optimizer, scheduler and loggers for a single weight, to find wrong settings early.

    The trainer creates them only after all rows have been checked and all weights loaded.

    Args:
        arguments: settings of optimizer, scheduler and loggers.
        steps: number of optimizer steps of the run.

    Raises:
        UserError: for settings that one of them refuses, or a package that is not installed.
    """
    weight = nn.Linear(1, 1, bias=False)
    try:
        optimizer_class, settings = _optimizer(arguments, weight)
        _scheduler(arguments, optimizer_class(weight.parameters(), **settings), steps)
        get_reporting_integration_callbacks(arguments.report_to)
    except (ValueError, TypeError, ImportError, RuntimeError) as error:
        raise UserError(f"train: {' '.join(str(error).split())}") from error


def learning_rates(arguments: TrainingArguments, steps: int, done: int) -> list[float]:
    """The learning rates of the first `done` steps, and of the one after, in a run of so many steps."""
    optimizer = SGD(nn.Linear(1, 1).parameters(), lr=arguments.learning_rate or 1.0)
    scheduler = _scheduler(arguments, optimizer, steps)
    if not isinstance(scheduler, LambdaLR):  # those that follow a score know no number of steps
        return []
    rates = scheduler.get_last_lr()
    for _ in range(done):
        optimizer.step()  # torch warns if it is left out
        scheduler.step()
        rates += scheduler.get_last_lr()
    return [float(rate) for rate in rates]


def _scheduler(arguments: TrainingArguments, optimizer: Optimizer, steps: int) -> Any:
    try:
        return get_scheduler(
            arguments.lr_scheduler_type,
            optimizer,
            num_warmup_steps=arguments.get_warmup_steps(steps),
            num_training_steps=steps,
            scheduler_specific_kwargs=arguments.lr_scheduler_kwargs,
        )
    except TypeError as error:
        raise UserError(f"train.lr_scheduler_kwargs: {error}") from error


def _optimizer(arguments: TrainingArguments, model: nn.Module) -> tuple[Any, dict[str, Any]]:
    """The class that `arguments.optim` names, and its settings."""
    if not arguments.optim.startswith("adamw_torch"):
        show_bitsandbytes()  # some of the other optimizers are bitsandbytes'
    optimizer_class, settings = Trainer.get_optimizer_cls_and_kwargs(arguments, model)
    return optimizer_class, settings


def _decays(name: str, parameter: nn.Parameter) -> bool:
    tables = ("pos_embed", "rel_pos", "embed_positions")
    return parameter.ndim >= 2 and not any(table in name for table in tables)
