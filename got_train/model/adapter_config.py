"""`adapter_config.json` of adapters that a stranger may have made: peft gets only numbers of it."""

import re
from pathlib import Path
from typing import Any

from peft import LoraConfig

from got_train.foreign_files import read_json
from got_train.report import UserError, quoted
from got_train.run_folders import ADAPTER_FILE

NOT_READ = (
    "megatron_config layer_replication target_parameters trainable_token_indices alora_invocation_tokens "
    "use_qalora use_bdlora lora_bias arrow_config velora_config monteclora_config kasa_config"
).split()
"""Settings of peft by which a model computes otherwise, grows or imports code: adapters that have one are
refused."""

BASE_KEPT = (True, False, None, "gaussian", "eva", "orthogonal")
"""Ways to begin adapters that leave the weights of the base model as they are."""


def adapter_config(folder: Path, ranks: dict[str, int], saved_names: dict[str, str]) -> LoraConfig:
    """peft's configuration of a folder's adapters, of which only numbers are taken.

    Args:
        folder: the adapters.
        ranks: of each layer that its weights have.
        saved_names: the name of each layer in the folder, which may be that of another layout.

    Raises:
        UserError: if it is no LoRA, is set to what would change the base model or import code, or has
            other ranks than the weights.
    """
    file = folder / ADAPTER_FILE
    given = read_json(file)
    _check_is_lora(file, given)
    numbers, patterns = _numbers(file, given), _patterns(file, given)
    saved = given.get("modules_to_save")
    if saved is not None and not (isinstance(saved, list) and all(isinstance(name, str) for name in saved)):
        raise UserError(f"{file}: modules_to_save must be a list of names")
    rank = numbers.pop("r", 8)
    said = {layer: _of_layer(patterns["rank"], saved_names[layer], rank) for layer in ranks}
    wrong = next((layer for layer in ranks if said[layer] != ranks[layer]), None)
    if not ranks or wrong is not None:
        of_layer = f" for {wrong}" if patterns["rank"] else ""
        raise UserError(
            f"the adapters of {folder} do not fit their {ADAPTER_FILE}: it says rank "
            f"{rank if wrong is None else f'{said[wrong]:g}{of_layer}'}, the weights have "
            f"{'no adapters' if wrong is None else ranks[wrong]}"
        )
    alphas = {layer: _of_layer(patterns["alpha"], saved_names[layer], None) for layer in ranks}
    return LoraConfig(
        r=rank,
        **numbers,
        use_dora=bool(given.get("use_dora")),
        use_rslora=bool(given.get("use_rslora")),
        target_modules=list(ranks),
        rank_pattern={layer: number for layer, number in ranks.items() if number != rank},
        alpha_pattern={layer: alpha for layer, alpha in alphas.items() if alpha is not None},
        modules_to_save=saved,
        inference_mode=True,
    )


def _check_is_lora(file: Path, given: dict[str, Any]) -> None:
    """Refuses what is no LoRA, or one that would change the base model or import code."""
    if given.get("peft_type") != "LORA":
        raise UserError(f"{file}: peft_type {quoted(given.get('peft_type'))} is not read: LORA is")
    odd = [name for name in NOT_READ if given.get(name)]
    if odd:
        raise UserError(f"{file} sets {', '.join(odd)}, which got-train does not read")
    if given.get("init_lora_weights", True) not in BASE_KEPT:
        raise UserError(
            f"{file}: init_lora_weights {quoted(given['init_lora_weights'])} changes the base model"
        )


def _numbers(file: Path, given: dict[str, Any]) -> dict[str, Any]:
    """Rank, alpha and dropout, those of them that are given."""
    names = ("r", "lora_alpha", "lora_dropout")
    numbers: dict[str, Any] = {name: given[name] for name in names if name in given}
    wrong: list[str] = [
        name
        for name, value in numbers.items()
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e6
    ]
    if wrong or not isinstance(numbers.get("r", 8), int) or not 0 <= numbers.get("lora_dropout", 0) < 1:
        name = wrong[0] if wrong else "r or lora_dropout"
        raise UserError(f"{file}: {name} is not a number that adapters can have")
    return numbers


def _of_layer(pattern: dict[str, float], layer: str, other: Any) -> Any:
    """The number of a layer in a pattern, whose names may be the ends of names, as peft looks them up."""
    return next(
        (number for name, number in pattern.items() if re.fullmatch(rf"(.*\.)?({name})", layer)), other
    )


def _patterns(file: Path, given: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Ranks and alphas of single layers."""
    patterns = {name: given.get(f"{name}_pattern") or {} for name in ("rank", "alpha")}
    for name, pattern in patterns.items():
        plain = isinstance(pattern, dict) and all(
            re.fullmatch(r"[\w.]+", layer) and isinstance(number, int | float) and abs(number) < 1e6
            for layer, number in pattern.items()
        )
        if not plain:
            raise UserError(f"{file}: {name}_pattern must give numbers of layers by their names")
    return patterns
