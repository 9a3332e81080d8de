"""`got-train plan`: whether a run fits into memory and how long it takes, before anything starts."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from torch import nn
from transformers import PreTrainedTokenizerFast

from got_train.arguments import argument, zero_section
from got_train.config import MAX_NEW_TOKENS, Config
from got_train.config_file import load_config
from got_train.config_folder import CONFIGS
from got_train.data.check import check_rows
from got_train.model.flops import training_flops
from got_train.model.got import encoder_channels, tile_shape
from got_train.model.loading import model_tokenizer, shape_of_model
from got_train.model.memory import RESERVE, inference
from got_train.model.size import meta_model, model_size
from got_train.report import UserError, counted, table
from got_train.training.need import (
    GB,
    ZERO2,
    Need,
    adapter_changes,
    assumed_sizes,
    models_without_weights,
    need,
    verdict,
    with_arguments,
)
from got_train.training.plan import StepPlan, plan_steps, total_steps
from got_train.training.train import prepare

MOST_ROWS = 2000
"""Most rows whose lengths are looked at; of more, evenly spread ones."""

ASSUMED_ROWS = 1_000_000
"""Rows of an epoch where neither data nor `train.max_steps` says how long a run is."""

PART_NAMES = {
    "weights": "weights",
    "gradients": "gradients",
    "optimizer": "optimizer states",
    "buckets": "buckets of gradients",
    "casts": "weights cast for products",
    "activations": "activations",
    "loss": "logits and the head's gradient",
    "workspace": "workspace",
    "outside tensors": "outside tensors (assumed)",
}
"""The rows of the table, by the parts of `model.memory`."""


@dataclass(frozen=True)
class Known:
    """What is known of a run before it starts."""

    config: Config
    tokenizer: PreTrainedTokenizerFast
    sizes: np.ndarray | None
    """int32, `(rows, 2)`: tokens and tiles of the rows that were looked at."""
    num_rows: int | None
    notes: list[str]
    """What is assumed."""


def plan(config: Config, devices: int, memory: float, utilization: float, tflops: float) -> bool:
    """Prints memory, disk and time of a run.

    Args:
        config: of the run; without `data.train` rows are assumed.
        devices: number of devices.
        memory: GB of a device.
        utilization: share of the chip's rate that training reaches.
        tflops: the chip's rate, in 10^12 operations a second.

    Returns:
        Whether it fits.

    Raises:
        UserError: for what `got-train train` would refuse.
    """
    known = look_at(config)
    models = models_without_weights(known.tokenizer)
    line, fits = verdict(known.config, models, known.sizes, devices, memory)
    columns = {}
    for name, changed in variants(known.config, devices):
        try:
            columns[name] = need(changed, models(changed), known.sizes, devices)
        except UserError:
            if not columns:  # of the configuration itself; adapters may not go with its frozen groups
                raise
    asked = columns["as configured"]
    batch = asked.batch
    for note in known.notes:
        print(note)
    print(
        f"largest batch of a device: {counted(batch.rows, 'row')} of {counted(batch.length, 'token')}, "
        f"{counted(batch.tiles, 'tile')}\n"
    )
    print(memory_table(columns, devices))
    print()
    if known.sizes is not None:
        longest = need(known.config, models(known.config), None, devices).gigabytes
        length = known.config.sample.max_length
        print(f"with rows of sample.max_length={length} tokens it would be {longest:.1f} GB\n")
    print(time_table(known, asked, devices, utilization, tflops))
    print()
    print(line)
    return fits


def look_at(config: Config) -> Known:
    """Finds the shape of the model and the lengths of the rows, as far as they are there."""
    config, tokenizer, notes = known_model(config)
    if not config.data.train:
        length = config.sample.max_length
        notes.append(f"assumed: every row has sample.max_length={length} tokens, as data.train is not set")
        return Known(config, tokenizer, None, None, notes)
    prepared = prepare(config)
    rows = prepared.chosen.all_training
    part = rows if len(rows) <= MOST_ROWS else rows.spread(MOST_ROWS)
    workers = argument(config, "dataloader_num_workers")
    result = check_rows(part, part.distinct, prepared.encoder, workers, "looking at training rows")
    sizes = result.sizes[result.sizes[:, 0] > 0]
    if len(sizes) == 0:
        raise UserError(f"no training row is good: {result.summary()}; the first: {result.lines()[0]}")
    if len(part) < len(rows):
        notes.append(f"assumed: the other rows are like {len(part):,} of {len(rows):,}, evenly spread")
    return Known(prepared.config, tokenizer, sizes, len(rows), notes)


def known_model(config: Config) -> tuple[Config, PreTrainedTokenizerFast, list[str]]:
    """The configuration and the tokenizer of its model; of the recipe's shape if its source is not there."""
    try:
        tokenizer = model_tokenizer(config.model)
        shape_of_model(config.model, config.sample.max_length, tokenizer)
    except UserError as error:
        config = of_recipes_shape(config)
        notes = [f"assumed: a model of the recipe's shape, as {textwrap.shorten(str(error), 150)}"]
        return config, model_tokenizer(config.model), notes
    return config, tokenizer, []


def of_recipes_shape(config: Config) -> Config:
    """The configuration with random weights in place of sources, which the model then needs not."""
    return replace(config, model=replace(config.model, init="random"))


def variants(config: Config, devices: int) -> Iterator[tuple[str, Config]]:
    """The configuration, and what else could be set, by the name of its column."""
    yield "as configured", config
    flipped = not argument(config, "gradient_checkpointing")
    word = "checkpointing" if flipped else "no checkpointing"
    yield word, with_arguments(config, gradient_checkpointing=flipped)
    if devices > 1 and config.train.arguments.get("deepspeed") is None:
        packaged = zero_section(str(CONFIGS / ZERO2))
        for stage in (1, 2):
            zero = {"zero_optimization": packaged | {"stage": stage}}
            yield f"ZeRO-{stage}", with_arguments(config, deepspeed=zero)
    for word, changed in adapter_changes(config):
        yield "LoRA, 4 bits" if "bits" in word else "LoRA", changed


def memory_table(columns: dict[str, Need], devices: int) -> str:
    """The parts of the memory of a device in GB, at the worst moment of a step, of each variant."""
    rows: list[list[object]] = [
        [title, *(round(found.parts.get(part, 0) / GB, 2) for found in columns.values())]
        for part, title in PART_NAMES.items()
    ]
    rows.append(["together", *(round(found.gigabytes, 1) for found in columns.values())])
    lines = table([f"GB of each of {counted(devices, 'device')}", *columns], rows)
    by_moment: dict[str, list[str]] = {}
    for name, found in columns.items():
        by_moment.setdefault(found.moment, []).append(name)
    moments = "; ".join(f"{moment} ({', '.join(names)})" for moment, names in by_moment.items())
    return f"{lines}\nmost is needed at: {moments}"


def time_table(known: Known, asked: Need, devices: int, utilization: float, tflops: float) -> str:
    """Steps, operations, hours and disk of the run."""
    config = known.config
    steps = plan_steps(config, known.num_rows or ASSUMED_ROWS, devices)
    number = total_steps(config, steps)
    sizes = assumed_sizes(config, asked.model) if known.sizes is None else known.sizes
    length, tiles = (float(mean) for mean in sizes.mean(axis=0))
    supervised = max(1.0, length - tiles * tile_shape(asked.model.config).num_tokens)
    setting = asked.setting
    row = training_flops(
        asked.model, length, supervised, tiles, setting.checkpointing, setting.cached_features
    )
    step = row * steps.step_rows
    hours = step * number / (devices * tflops * 1e12 * utilization) / 3600
    assumed = known.num_rows is None and argument(config, "max_steps") <= 0
    of_rows = f" (assumed: {ASSUMED_ROWS:,} rows an epoch)" if assumed else ""
    facts = [
        ("optimizer steps", f"{number:,} of {counted(steps.step_rows, 'row')}{of_rows}"),
        ("operations a step", f"{step / 1e12:,.1f} TFLOP ({row / 1e12:.2f} a row of {length:,.0f} tokens)"),
        ("hours", f"{hours:,.1f} at {utilization:.0%} of {tflops:g} TFLOP/s on {counted(devices, 'device')}"),
        (
            "a checkpoint",
            f"{checkpoint_bytes(config, asked) / GB:.1f} GB, {kept_checkpoints(config)}",
        ),
    ]
    if config.train.cache_features:
        facts.append(("features", f"{feature_bytes(config, asked, steps, tiles) / GB:.1f} GB"))
    return table(["run", ""], facts)


def checkpoint_bytes(config: Config, asked: Need) -> float:
    """Weights or adapters, and the states of the optimizer."""
    size, setting = asked.size, asked.setting
    weights = (size.trained if config.lora.enabled else size.total) * setting.weight
    masters = 0 if setting.zero is None else 4 * size.trained
    return weights + size.optimizer + masters


def kept_checkpoints(config: Config) -> str:
    """How many checkpoints are there at once."""
    limit = argument(config, "save_total_limit")
    return "each is kept" if limit is None else f"at most {limit} and one that is being saved"


def feature_bytes(config: Config, asked: Need, steps: StepPlan, tiles: float) -> float:
    """The features of all rows, each with pictures of its own; not more than `train.cache_gib` allows."""
    shape = asked.model.config
    tile = tile_shape(shape).num_tokens * encoder_channels(shape) * asked.setting.compute
    return min(steps.num_rows * tiles * tile, config.train.cache_gib * 2**30)


RECIPES = {
    "stage 1": ("stage1_encoder.yaml", []),
    "stage 2": ("stage2_joint.yaml", []),
    "stage 3": ("stage3_posttrain.yaml", []),
    "LoRA": ("finetune_lora.yaml", []),
    "LoRA, 4 bits": ("finetune_lora.yaml", ["lora.quantization_bits=4"]),
}
"""The packaged configurations of the tables in docs/hardware.md, with words over them."""

BATCH_ROWS = (1, 4)
TOKENS = (1000, None)
"""Lengths of rows in the table; None is `sample.max_length`."""


def recipes_table() -> str:
    """The table of docs/hardware.md about training: GB of a device."""
    header = ["run", "rows a batch", "tokens a row", "1 device", "1, checkpointing", "8, ZeRO-2", "8, both"]
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    made: dict[str, nn.Module] = {}
    for name, (file, words) in RECIPES.items():
        config = of_recipes_shape(load_config(CONFIGS / file, ["data.train=[]", *words]))
        if file not in made:
            made[file] = meta_model(config, model_tokenizer(config.model))
        for rows in BATCH_ROWS:
            for tokens in TOKENS:
                length = tokens or config.sample.max_length
                needs = [f"{number:.1f}" for number in _needs(config, made[file], rows, length)]
                lines.append(f"| {' | '.join([name, str(rows), f'{length:,}', *needs])} |")
    return "\n".join(lines)


def _needs(config: Config, model: nn.Module, rows: int, length: int) -> Iterator[float]:
    """GB of a device for the columns of the table, for rows of one tile in two batches a step."""
    sizes = np.tile(np.array([[length, 1]], dtype=np.int32), (rows, 1))
    for devices, deepspeed in ((1, None), (8, str(CONFIGS / ZERO2))):
        for checkpointing in (False, True):
            changed = with_arguments(
                with_step(config, 2 * rows * devices),
                per_device_train_batch_size=rows,
                gradient_checkpointing=checkpointing,
                deepspeed=deepspeed,
            )
            yield need(changed, model, sizes, devices).gigabytes


def with_step(config: Config, rows: int) -> Config:
    """The configuration with so many rows in a step."""
    return replace(config, train=replace(config.train, global_batch_size=rows))


def inference_table() -> str:
    """The table of docs/hardware.md about reading in bfloat16: GB of a device, part by part."""
    config = of_recipes_shape(load_config(CONFIGS / RECIPES["stage 2"][0], ["data.train=[]"]))
    size = model_size(meta_model(config, model_tokenizer(config.model)), config)
    length = tile_shape(size.config).num_tokens + MAX_NEW_TOKENS
    batches = {rows: inference(size, rows, length) | {"outside tensors": RESERVE} for rows in (1, 8)}
    header = ["rows at once", "tokens a row", *batches[1], "together"]
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    for rows, parts in batches.items():
        cells = [f"{value / GB:.1f}" for value in (*parts.values(), sum(parts.values()))]
        lines.append(f"| {' | '.join([str(rows), f'{length:,}', *cells])} |")
    return "\n".join(lines)
