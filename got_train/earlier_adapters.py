"""Adapters that a run goes on training (`lora.adapters`): what they bring, and what may not differ."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from got_train.config import Config
from got_train.foreign_files import read_json, read_yaml
from got_train.ranks import say
from got_train.report import UserError
from got_train.run_folders import (
    ADAPTER_FILE,
    CONFIG_FILE,
    absolute,
    holds_adapters,
    resolve_checkpoint,
)
from got_train.swift_runs import base_of_adapters
from got_train.typed_values import flat

KEPT = ("modules", "rank", "alpha", "use_dora", "use_rslora", "quantization_bits")
"""Keys of `lora` that follow from the adapters. The others may be what they like."""

PEFT_NAMES = {"rank": "r", "alpha": "lora_alpha", "dropout": "lora_dropout"}
"""What peft calls keys of `lora`; the others have the same names."""


def sections_of_adapters(path: str) -> dict[str, Any]:
    """What adapters bring, in the shape of the files: their base as `model`, their settings as `lora`.

    A base with random weights, which the seed makes, brings the seed, too. The adapters of another program do
    not tell their module groups: `model.adapters` looks at their layers.

    Raises:
        UserError: if there are no adapters at `path`.
    """
    try:
        folder = Path(resolve_checkpoint(path))
    except UserError as error:
        raise UserError(f"lora.adapters: {error}") from None
    if not folder.is_dir():
        raise UserError(
            f"lora.adapters {path} is no folder: fetch it with `hf download`, and name the folder"
        )
    if not holds_adapters(str(folder)):
        raise UserError(f"lora.adapters {path} holds no adapters: a whole model is named in model.path")
    if (folder / CONFIG_FILE).is_file():
        run = read_yaml(folder / CONFIG_FILE)
        if not all(isinstance(run.get(name), dict) for name in ("model", "lora", "train")):
            raise UserError(f"lora.adapters: {folder / CONFIG_FILE} is not what a run writes")
        brought = {"model": run["model"], "lora": run["lora"]}
        seed = {"train": {"seed": run["train"].get("seed", 42)}}
        return brought if run["model"].get("path") else brought | seed
    given = read_json(folder / ADAPTER_FILE)
    keys = ("rank", "alpha", "dropout", "use_dora", "use_rslora")
    lora = {key: given[PEFT_NAMES.get(key, key)] for key in keys if PEFT_NAMES.get(key, key) in given}
    base = base_of_adapters(folder)
    return {"lora": {"enabled": True, **lora}} | ({"model": {"path": base}} if base else {})


def contradictions(config: Config, brought: dict[str, Any]) -> Iterator[str]:
    """A line for each setting that is not the one of the adapters.

    Args:
        config: of the run, in which what is not given is what the adapters bring.
        brought: what `sections_of_adapters` gives.
    """
    adapters = config.lora.adapters
    new_ones = f"leave it out, or merge them with `got-train merge {adapters}` and train new ones"
    for key in KEPT:
        now, was = getattr(config.lora, key), brought["lora"].get(key)
        if key in brought["lora"] and now != was and not (key == "modules" and {*now} == {*was}):
            yield f"lora.{key} is {now}, but the adapters of lora.adapters {adapters} have {was}: {new_ones}"
    if "model" not in brought and config.model.path is None:
        yield f"lora.adapters {adapters} do not name their base model: name it in model.path"
    given = {**dict(flat({"model": dataclasses.asdict(config.model)})), "train.seed": config.seed}
    for key, was in flat({name: brought[name] for name in ("model", "train") if name in brought}):
        now = given.get(key)
        if isinstance(now, str) and now != was:
            now = absolute(resolve_checkpoint(now) if key in ("model.path", "model.init_from") else now)
        is_gone = key == "model.path" and was is not None and not Path(was).exists()
        if now == was:
            if is_gone and Path(was).is_absolute():
                yield f"lora.adapters {adapters} were trained on {was}, which is gone: name it in model.path"
            continue
        if is_gone:
            say(f"lora.adapters {adapters} were trained on {was}: {now} is taken for the same model")
            return
        yield f"{key} is {now}, but lora.adapters {adapters} were trained on a model with {was}: leave it out"
