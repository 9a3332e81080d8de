"""Parameter groups: each module group at its own learning rate."""

from typing import Any

from torch import nn
from transformers import Trainer, TrainingArguments

from got_train.config import GROUPS, LearningRates
from got_train.model.adapters import trainable_by_group


def optimizer_and_groups(
    model: nn.Module, arguments: TrainingArguments, rates: LearningRates
) -> tuple[Any, dict[str, Any]]:
    """The optimizer class that `arguments.optim` names, and its settings with parameter groups.

    Every trainable parameter lies in exactly one group; vectors (norms, biases) and position tables get no
    weight decay.
    """
    optimizer_class, settings = Trainer.get_optimizer_cls_and_kwargs(arguments, model)
    groups = []
    for group, named in trainable_by_group(model).items():
        rate = getattr(rates, group)
        for decay in (True, False):
            parameters = [parameter for name, parameter in named if _decays(name, parameter) == decay]
            if parameters:
                groups.append(
                    {
                        "params": parameters,
                        "lr": arguments.learning_rate if rate is None else rate,
                        "weight_decay": arguments.weight_decay if decay else 0.0,
                    }
                )
    grouped = sum(len(group["params"]) for group in groups)
    trainable = sum(parameter.requires_grad for parameter in model.parameters())
    assert grouped == trainable, f"{grouped} of {trainable} trainable parameters are in {GROUPS}"
    return optimizer_class, {**settings, "params": groups}


def _decays(name: str, parameter: nn.Parameter) -> bool:
    return parameter.ndim >= 2 and not any(
        table in name for table in ("pos_embed", "rel_pos", "embed_positions")
    )
