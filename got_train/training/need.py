"""From the configuration of a run to the memory that it needs: whether it fits, and what to set if not."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedTokenizerFast

from got_train.arguments import accumulation_steps, argument, check_deepspeed, zero_section
from got_train.config import Config
from got_train.config_folder import CONFIGS
from got_train.model.flops import tile_tokens
from got_train.model.got import GotModel, tile_shape
from got_train.model.memory import RESERVE, Batch, Parts, Setting, worst
from got_train.model.size import ModelSize, base_of, meta_model, model_size
from got_train.report import UserError
from got_train.training.plan import LengthBalance

GB = 1e9
"""Sizes are told in 10^9 bytes: a device that is sold with 24 GB has some more."""

Models = Callable[[Config], nn.Module]
"""Gives the model of a configuration without weights; configurations may differ in more than the model."""

ZERO2 = "deepspeed/zero2.json"

MOST_EQUAL_ROWS = 4096
"""Rows of the assumed length that are packed where no data is there."""


DEEPSPEED_BUCKET = 500_000_000
"""Numbers in a bucket of gradients if its configuration does not say."""


@dataclass(frozen=True)
class Need:
    """The memory that a run needs of each device."""

    model: GotModel
    """Without weights, and without adapters around it."""
    size: ModelSize
    setting: Setting
    batch: Batch
    moment: str
    """The moment of a step that needs most."""
    parts: Parts
    """Bytes at that moment."""

    @property
    def gigabytes(self) -> float:
        """All parts together."""
        return sum(self.parts.values()) / GB


def need(config: Config, model: nn.Module, sizes: np.ndarray | None, devices: int) -> Need:
    """What a run needs of each device.

    Args:
        config: of the run.
        model: its model from `meta_model`.
        sizes: int32, `(rows, 2)`: tokens and tiles of rows; None assumes rows of `sample.max_length` tokens.
        devices: number of devices.

    Raises:
        UserError: for settings that do not fit together.
    """
    setting, base = run_setting(config, devices), base_of(model)
    size = model_size(model, config)
    batches = largest_batches(config, base, assumed_sizes(config, base) if sizes is None else sizes)
    found = [(*worst(size, batch, setting), batch) for batch in batches]
    moment, parts, batch = max(found, key=lambda one: sum(one[1].values()))
    return Need(base, size, setting, batch, moment, parts | {"outside tensors": RESERVE})


def run_setting(config: Config, devices: int) -> Setting:
    """How a run computes on a number of devices.

    Raises:
        UserError: if `train.global_batch_size` cannot be divided evenly.
    """
    compute = 2 if argument(config, "bf16") or argument(config, "fp16") else 4
    optimizer = argument(config, "optim")
    evaluates = argument(config, "eval_strategy") != "no"
    setting = Setting(
        compute=compute,
        gpu=not argument(config, "use_cpu"),
        checkpointing=argument(config, "gradient_checkpointing"),
        accumulates=accumulates(config, devices),
        devices=devices,
        cached_features=config.train.cache_features,
        dropout=config.lora.dropout > 0,
        optimizer_copies=1 if optimizer == "adamw_torch" else 0,
        loss_rows=argument(config, "per_device_eval_batch_size") if evaluates else 0,
        read_rows=config.eval.batch_size if evaluates and config.eval.read_rows else 0,
        read_tokens=config.eval.max_new_tokens,
    )
    deepspeed = config.train.arguments.get("deepspeed")
    if deepspeed is None:
        return setting
    check_deepspeed(deepspeed)
    zero = zero_section(deepspeed)
    stage, bucket = zero.get("stage", 0), zero.get("reduce_bucket_size")
    if stage not in (0, 1, 2):
        raise UserError(f"train.deepspeed: zero_optimization.stage {stage}: allowed are 0, 1 and 2")
    offload = zero.get("offload_optimizer")
    bucket = int(bucket) if isinstance(bucket, int | float) else DEEPSPEED_BUCKET
    return replace(
        setting,
        weight=compute,
        zero=stage,
        bucket=bucket * (2 if zero.get("overlap_comm") else 1),
        offloaded=isinstance(offload, dict) and offload.get("device", "none") != "none",
    )


def accumulates(config: Config, devices: int) -> bool:
    """Whether a step has several batches on each device; with `tokens_per_batch` it is taken for granted."""
    number = accumulation_steps(config, devices)
    return number > 1 or (
        config.train.tokens_per_batch is not None and config.train.global_batch_size != devices
    )


def assumed_sizes(config: Config, model: GotModel) -> np.ndarray:
    """Sizes of rows of `sample.max_length` tokens: one tile each, or as many as a cropped image has."""
    length, tokens = config.sample.max_length, tile_shape(model.config).num_tokens
    tiles = min(config.sample.max_tiles + 1 if config.sample.crop else 1, length // tokens)
    return np.tile(np.array([[length, tiles]], dtype=np.int32), (MOST_EQUAL_ROWS, 1))


def largest_batches(config: Config, model: GotModel, sizes: np.ndarray) -> list[Batch]:
    """The batch with most tokens, and that with most tiles, that may come of rows of these sizes."""
    budget = config.train.tokens_per_batch
    lengths, tiles = sizes.T
    if budget is None:
        number = argument(config, "per_device_train_batch_size")
        orders = (np.lexsort((tiles, lengths)), np.lexsort((lengths, tiles)))
        batches = [np.resize(order[::-1][:number], number) for order in orders]
    else:
        balance = LengthBalance(sizes, 0 if config.train.cache_features else tile_tokens(model))
        cut = balance.batches_within(np.arange(len(sizes)), budget)
        batches = [
            max(cut, key=lambda rows: len(rows) * lengths[rows].max()),
            max(cut, key=lambda rows: tiles[rows].sum()),
        ]
    tokens = tile_shape(model.config).num_tokens
    return [
        Batch(
            rows=len(rows),
            length=int(lengths[rows].max()),
            tiles=int(tiles[rows].sum()),
            supervised=int(np.maximum(1, lengths[rows] - tiles[rows] * tokens).sum()),
        )
        for rows in batches
    ]


def models_without_weights(tokenizer: PreTrainedTokenizerFast) -> Models:
    """Makes the model of a configuration; those with and without adapters are made once."""
    made: dict[bool, nn.Module] = {}

    def model(config: Config) -> nn.Module:
        if config.lora.enabled not in made:
            made[config.lora.enabled] = meta_model(config, tokenizer)
        return made[config.lora.enabled]

    return model


def verdict(
    config: Config,
    models: Models,
    sizes: np.ndarray | None,
    devices: int,
    memory: float | None,
) -> tuple[str, bool]:
    """The line that says whether a run fits, with what to set if it does not; and whether it does.

    Args:
        config: of the run.
        models: from `models_without_weights`.
        sizes: see `need`.
        devices: number of devices.
        memory: GB of a device; None if there is none to compare with.
    """
    asked = need(config, models(config), sizes, devices).gigabytes
    if memory is None:
        return f"needs {asked:.1f} GB of each device (computed)", True
    if asked <= memory:
        return f"fits: {asked:.1f} of {memory:g} GB (computed)", True
    head = f"does not fit: {asked:.1f} of {memory:g} GB (computed)"
    tried = []
    for words, changed in changes(config, devices):
        tried = words
        try:
            found = need(changed, models(changed), sizes, devices).gigabytes
        except UserError:
            continue  # such as a batch that does not divide the step, or nothing to adapt
        if found <= memory:
            return f"{head}; set {' '.join(words)} ({found:.1f} GB)", False
    return f"{head}, nor with {' '.join(tried)}: rows are too long, or the device is too small", False


def changes(config: Config, devices: int) -> Iterator[tuple[list[str], Config]]:
    """What needs less, each step over those before: the words to set, and the configuration with them."""
    words: list[str] = []
    if not argument(config, "gradient_checkpointing"):
        words = [*words, "train.gradient_checkpointing=true"]
        config = with_arguments(config, gradient_checkpointing=True)
        yield words, config
    for smaller in (list(_smaller_evaluations(config)), list(_smaller_batches(config))):
        for word, changed in smaller:
            yield [*words, word], changed
        if smaller:
            words, config = [*words, smaller[-1][0]], smaller[-1][1]
    if devices > 1 and config.train.arguments.get("deepspeed") is None:
        words = [*words, f"train.deepspeed=configs/{ZERO2}"]
        config = with_arguments(config, deepspeed=str(CONFIGS / ZERO2))
        yield words, config
    for change in adapter_changes(config):
        words, config = [*words, change[0]], change[1]
        yield words, config


def _smaller_evaluations(config: Config) -> Iterator[tuple[str, Config]]:
    """Fewer rows at a time in evaluations, which may need more than training: as `_smaller_batches`."""
    if argument(config, "eval_strategy") == "no":
        return
    given: list[str] = []
    if argument(config, "per_device_eval_batch_size") > 1:
        given.append("train.per_device_eval_batch_size=1")
        config = with_arguments(config, per_device_eval_batch_size=1)
        yield " ".join(given), config
    if config.eval.read_rows and config.eval.batch_size > 1:
        given.append("eval.batch_size=1")
        yield " ".join(given), replace(config, eval=replace(config.eval, batch_size=1))


def _smaller_batches(config: Config) -> Iterator[tuple[str, Config]]:
    """Half the batch, a quarter of it, and so on: the word to set, and the configuration with it."""
    size, budget = argument(config, "per_device_train_batch_size"), config.train.tokens_per_batch
    while budget is None and size > 1:
        size //= 2
        yield (
            f"train.per_device_train_batch_size={size}",
            with_arguments(config, per_device_train_batch_size=size),
        )
    while budget is not None and budget >= 2 * config.sample.max_length:
        budget //= 2
        yield (
            f"train.tokens_per_batch={budget}",
            replace(config, train=replace(config.train, tokens_per_batch=budget)),
        )


def adapter_changes(config: Config) -> Iterator[tuple[str, Config]]:
    """Adapters in place of all weights, then 4 bits below them."""
    if not config.lora.enabled:
        config = replace(config, lora=replace(config.lora, enabled=True))
        yield "lora.enabled=true", config
    if config.lora.quantization_bits is None:
        yield "lora.quantization_bits=4", replace(config, lora=replace(config.lora, quantization_bits=4))


def with_arguments(config: Config, **given: Any) -> Config:
    """The configuration with other arguments of `train`."""
    return replace(config, train=replace(config.train, arguments=config.train.arguments | given))


def device_gigabytes(config: Config) -> float | None:
    """The memory of this machine's device; None if it has none, or the run does not use it."""
    if argument(config, "use_cpu") or not torch.cuda.is_available():
        return None
    return float(torch.cuda.get_device_properties(0).total_memory) / GB
