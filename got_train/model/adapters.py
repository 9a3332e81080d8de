"""Freezes module groups, adds low-rank adapters, and shows in a table which parameters are trained."""

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import nn

from got_train.config import GROUPS, Group, LearningRates, LoraSettings
from got_train.model.got import CONVOLUTIONS, GROUP_PREFIXES, GotModel, group_of
from got_train.model.quantize import quantize
from got_train.report import UserError, table

PEFT_PREFIX = "base_model.model."


def prepare_for_training(
    model: GotModel, rates: LearningRates, lora: LoraSettings, compute_dtype: torch.dtype = torch.float32
) -> GotModel | PeftModel:
    """Freezes the groups whose learning rate is 0, and adds adapters where the `lora` section asks for them.

    Args:
        model: changed in place.
        rates: learning rates of the module groups.
        lora: settings of the adapters.
        compute_dtype: the type in which layers with 4-bit weights compute.

    Raises:
        UserError: if nothing is left to train, or adapters are asked for in a frozen group.
    """
    frozen = [group for group in GROUPS if getattr(rates, group) == 0]
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(getattr(rates, rate_name(name, rates)) != 0)
    trained = [group for group in lora.modules if group not in frozen]
    if not (trained if lora.enabled else any(weights.requires_grad for weights in model.parameters())):
        raise UserError("nothing to train: train.learning_rates freezes every module group")
    if not lora.enabled:
        return model
    if len(trained) < len(lora.modules):
        raise UserError(
            f"lora.modules {lora.modules} and train.learning_rates disagree: {', '.join(frozen)} has rate 0"
        )
    layers = linear_layers(model, lora.modules)
    if lora.quantization_bits is not None:
        quantize(model, layers, compute_dtype)
    return get_peft_model(
        model,
        LoraConfig(
            r=lora.rank,
            lora_alpha=lora.alpha,
            lora_dropout=lora.dropout,
            use_dora=lora.use_dora,
            use_rslora=lora.use_rslora,
            target_modules=layers,
        ),
    )


def linear_layers(model: GotModel, groups: list[Group]) -> list[str]:
    """Full names of the linear layers of module groups, without the head, which is tied to the embedding.

    Raises:
        UserError: for a group that has no linear layer.
    """
    layers = (name for name, module in model.named_modules() if isinstance(module, nn.Linear))
    names = [name for name in layers if name != "lm_head"]
    found: list[str] = []
    for group in groups:
        inside = [name for name in names if f"{name}.".startswith(GROUP_PREFIXES[group])]
        if not inside:
            raise UserError(f"lora.modules: {group} has no linear layer")
        found += inside
    return found


def rate_name(parameter: str, rates: LearningRates) -> str:
    """The field of `rates` that a parameter follows; an adapter follows the one of its layer."""
    name = parameter.removeprefix(PEFT_PREFIX)
    alone = rates.convolutions is not None and name.startswith(CONVOLUTIONS)
    return "convolutions" if alone else group_of(name)


def module_table(model: nn.Module, rates: LearningRates, learning_rate: float) -> str:
    """Parameters, trainable parameters and learning rate of each module group."""
    rows: list[tuple[str, int, int, float | None]] = []
    names = GROUPS if rates.convolutions is None else (*GROUPS, "convolutions")
    for group in names:
        own = [weights for name, weights in model.named_parameters() if rate_name(name, rates) == group]
        total = sum(weights.numel() for weights in own)
        count = sum(weights.numel() for weights in own if weights.requires_grad)
        rate = getattr(rates, group)
        rows.append((group, total, count, (learning_rate if rate is None else rate) if count else None))
    rows.append(("total", sum(row[1] for row in rows), sum(row[2] for row in rows), None))
    return table(["module", "parameters", "trainable", "learning rate"], rows)
