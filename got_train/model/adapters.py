"""Freezes module groups, adds low-rank adapters, and shows in a table which parameters are trained."""

from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model, set_peft_model_state_dict
from torch import nn

from got_train.config import GROUPS, Group, LearningRates, LoraSettings
from got_train.foreign_files import reading
from got_train.model.adapter_config import adapter_config
from got_train.model.convert import current_name, transformers_name
from got_train.model.got import CONVOLUTIONS, GROUP_PREFIXES, GotModel, group_of
from got_train.model.quantize import quantize
from got_train.model.weights import check_numbers, read_file
from got_train.report import UserError, counted, table
from got_train.run_folders import ADAPTER_FILE

PEFT_PREFIX = "base_model.model."

ADAPTER_WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin")

ORIGINAL_MODULES = ("model.layers.", "model.vision_tower_high.", "model.mm_projector_vary.")
"""Prefixes of layer names in the original layout, which ms-swift trains without conversion."""


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
        UserError: if nothing is left to train, adapters are asked for in a frozen group, or those to go on
            with do not fit.
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
    if lora.adapters is not None:
        return _adapters_to_go_on_with(model, lora, lora.adapters)
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


def _adapters_to_go_on_with(model: GotModel, lora: LoraSettings, folder: str) -> PeftModel:
    """The model with the adapters of `lora.adapters`, which train.

    Raises:
        UserError: if they lie in other module groups than `lora.modules` names.
    """
    adapted = add_adapters(model, folder, lora.dropout)
    trained = (name for name, weights in adapted.named_parameters() if weights.requires_grad)
    groups = {group_of(name.removeprefix(PEFT_PREFIX)) for name in trained}
    if groups != set(lora.modules):
        theirs = ", ".join(group for group in GROUPS if group in groups)
        raise UserError(
            f"lora.modules {lora.modules}, but the adapters of lora.adapters {folder} are those of {theirs}: "
            f"set lora.modules=[{theirs.replace(' ', '')}]"
        )
    return adapted


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


def add_adapters(model: GotModel, folder: str, dropout: float | None = None) -> PeftModel:
    """A base model with the adapters of a folder, whose layers may have the names of another layout.

    peft would ignore, without an error, adapters for whose layers it finds no match.

    Args:
        model: the base model, changed in place.
        folder: the checkpoint of the adapters.
        dropout: of the adapters if they train; without it they do not.

    Raises:
        UserError: if the adapters do not fit.
    """
    saved = _saved_adapters(folder)
    state = {_own_name(name): tensor for name, tensor in saved.items()}
    layers, saved_names = _adapted_layers(saved)
    _check_layers(model, folder, layers)
    ranks = {layer: len(tensor) for layer, tensor in layers.items()}
    config = adapter_config(Path(folder), ranks, saved_names)
    if dropout is not None:
        config.inference_mode, config.lora_dropout = False, dropout
    with reading(f"the adapters of {folder} do not fit their base model: {ADAPTER_FILE}"):
        adapted = get_peft_model(model, config)
        missing, left_over = set_peft_model_state_dict(adapted, state)
    if left_over:
        raise UserError(
            f"the adapters of {folder} do not fit their base model: it has no place for "
            f"{counted(len(left_over), 'tensor')}, the first is {left_over[0]}"
        )
    if lacking := [name for name in missing if ".lora_" in name]:
        raise UserError(f"{folder} lacks {counted(len(lacking), 'tensor')} of adapters: {lacking[0]}")
    return adapted


def check_fit(model: GotModel, folder: str) -> None:
    """Refuses adapters whose layers a model has not, or not as wide; the model may lack memory of its own.

    Raises:
        UserError: names the first of them; or there are no adapters in the folder.
    """
    _check_layers(model, folder, _adapted_layers(_saved_adapters(folder))[0])


def _adapted_layers(saved: dict[str, torch.Tensor]) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """`lora_A`, `(rank, width)`, of each layer under this model's name, and the layer's name in the file."""
    layers, saved_names = {}, {}
    for name, tensor in saved.items():
        saved_layer, is_first, _ = name.removeprefix(PEFT_PREFIX).partition(".lora_A.")
        if is_first:
            layer = _own_name(name).removeprefix(PEFT_PREFIX).partition(".lora_A.")[0]
            layers[layer], saved_names[layer] = tensor, saved_layer
    return layers, saved_names


def _check_layers(model: GotModel, folder: str, layers: dict[str, torch.Tensor]) -> None:
    """Refuses adapters of layers that the model lacks, before peft makes new ones as large as they are.

    Args:
        model: the base model.
        folder: the adapters.
        layers: `lora_A`, `(rank, width)`, of each layer.
    """
    modules = dict(model.named_modules())
    for layer, tensor in layers.items():
        width = getattr(modules.get(layer), "in_features", None)
        if tensor.ndim != 2 or tensor.shape[1] != width or len(tensor) < 1:
            raise UserError(
                f"the adapters of {folder} do not fit their base model: it has no linear layer {layer} of "
                f"which {tuple(tensor.shape)} could be an adapter"
            )


def adapter_state(folder: str) -> dict[str, torch.Tensor]:
    """The tensors of an adapter checkpoint under this model's names, as peft takes them.

    Raises:
        UserError: if there are none, or the file is damaged.
    """
    return {_own_name(name): tensor for name, tensor in _saved_adapters(folder).items()}


def _saved_adapters(folder: str) -> dict[str, torch.Tensor]:
    """As `adapter_state`, under the names in the file."""
    files = [Path(folder) / name for name in ADAPTER_WEIGHTS if (Path(folder) / name).exists()]
    if not files:
        raise UserError(f"{folder} lacks the weights of its adapters, {ADAPTER_WEIGHTS[0]}")
    saved = read_file(files[0])
    check_numbers(files[0], saved)
    return saved


def _own_name(name: str) -> str:
    """This model's name of an adapter that was trained in the original layout, or with older transformers."""
    layer = name.removeprefix(PEFT_PREFIX)
    own = transformers_name(layer) if layer.startswith(ORIGINAL_MODULES) else current_name(layer)
    return PEFT_PREFIX + own
