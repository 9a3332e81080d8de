"""A run as data: nested dataclasses, filled from defaults, then a YAML file, then `key=value` words.

The sections are named like the packages that read them. `train` takes the names of
`transformers.TrainingArguments` unchanged; `TrainConfig` holds what those lack.
"""

import dataclasses
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml
from omegaconf import MISSING, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from got_train.prompts import FrameName
from got_train.report import UserError, did_you_mean
from got_train.vocabulary import ENCODER_CHANNELS, MAX_TILES, TILE_SIZE, tokens_per_tile

Value = int | float | bool | str
Group = Literal["encoder", "connector", "decoder"]
GROUPS: tuple[Group, ...] = ("encoder", "connector", "decoder")

CONFIG_FILE = "args.yaml"
"""Name under which a run and each of its checkpoints keep the resolved configuration."""


@dataclass
class EncoderConfig:
    """The ViTDet encoder: SAM ViT-B's shape, its neck and two strided convolutions."""

    path: str | None = None
    """Weights to start from: SAM ViT-B, Vary-tiny or a whole GOT; a folder, hub id or `.pth`."""
    image_size: int = TILE_SIZE
    """Side of a tile in pixels."""
    patch_size: int = 16
    """Side of a patch in pixels."""
    hidden_size: int = 768
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    mlp_dim: int = 3072
    window_size: int = 14
    """Side of an attention window in patches; 0 makes every layer global."""
    global_attn_indexes: list[int] = field(default_factory=lambda: [2, 5, 8, 11])
    """Layers, counted from 0, that attend to the whole tile."""
    neck_channels: int = 256
    """Width of the neck; the first strided convolution doubles it."""
    output_channels: int = ENCODER_CHANNELS
    """Width of the encoder's output, whatever the decoder's width is."""

    def __post_init__(self) -> None:
        tokens_per_tile(self.image_size, self.patch_size)
        if self.hidden_size % self.num_attention_heads:
            raise UserError(
                f"model.encoder.hidden_size {self.hidden_size} is not a multiple of "
                f"model.encoder.num_attention_heads {self.num_attention_heads}"
            )


@dataclass
class DecoderConfig:
    """The language model."""

    path: str | None = None
    """Weights and tokenizer to start from: a folder or hub id of any causal language model."""
    model_type: str = "qwen2"
    """Architecture of a random decoder, by transformers' name: qwen2, opt, llama, ..."""
    shape: dict[str, Value] = field(default_factory=dict)
    """Fields of that architecture's configuration, over the recipe's own for qwen2 (0.5B) and opt (125M)."""
    tokenizer: str | None = None
    """Folder, hub id or `.tiktoken` file; default: the decoder's own, or the vocabulary of its family."""


@dataclass
class ModelConfig:
    """Where the weights come from."""

    init: Literal["pretrained", "random"] = "pretrained"
    """`random` ignores every path below and downloads nothing."""
    path: str | None = None
    """A whole GOT checkpoint in either layout: folder or hub id. Excludes the other paths."""
    init_from: str | None = None
    """A run or checkpoint of the stage before: its encoder is taken, and its connector where it fits."""
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    decoder: DecoderConfig = field(default_factory=DecoderConfig)

    def __post_init__(self) -> None:
        others = [
            name
            for name, value in (
                ("model.init_from", self.init_from),
                ("model.encoder.path", self.encoder.path),
                ("model.decoder.path", self.decoder.path),
            )
            if value is not None
        ]
        if self.init == "pretrained" and self.path is not None and others:
            raise UserError(
                f"model.path is a whole checkpoint, so {' and '.join(others)} cannot be used beside it: "
                "set one of them to null"
            )
        if self.init_from is not None and self.encoder.path is not None:
            raise UserError("model.init_from and model.encoder.path both name an encoder: set one to null")


@dataclass
class DataConfig:
    """What is read, and how rows become samples."""

    train: list[str] = MISSING
    """Data sets, as `path`, `path#5000` (rows) or `path#80%`: files, patterns, folders, sets of the hub."""
    weights: list[float] | None = None
    """Share of each training set in an epoch, in the order of `train`; default: all rows of each."""
    val: list[str] | None = None
    """Validation sets; default: split off `train`."""
    val_ratio: float = 0.01
    """Share of the training rows split off when `val` is not given, at least one row; 0 for none."""
    replay: list[str] | None = None
    """Sets of the kinds that the model has learnt before, mixed in so that it keeps them."""
    replay_ratio: float = 0.2
    """Share of an epoch's rows that come from `replay`; they are repeated or thinned out for it."""
    columns: dict[str, str] = field(default_factory=dict)
    """Keys of rows under other names: theirs to ours, as `text: response`."""
    query: str | None = None
    """Asked by rows that have no query of their own."""
    image_root: str | None = None
    """Folder in which relative picture paths are looked up after the data file's own."""
    frame: FrameName = "original"
    """How a conversation is framed: see got_train/prompts.py."""
    crop: bool = False
    """Cut every picture into tiles; a row's own `crop` wins."""
    max_tiles: int = MAX_TILES
    """Most tiles of a cropped picture, without its thumbnail."""
    max_length: int = 8192
    """Longest sample in tokens, image tokens included; longer rows are errors."""
    max_pixels: int = 178_956_970
    """Largest picture in pixels; larger ones are errors (the default is Pillow's own alarm)."""
    on_error: Literal["raise", "skip"] = "raise"
    """What a bad row does: stop before training with all of them listed, or be left out and counted."""

    def __post_init__(self) -> None:
        if self.weights is not None:
            if len(self.weights) != len(self.train):
                raise UserError(
                    f"data.weights has {len(self.weights)} numbers and data.train {len(self.train)} sets: "
                    "give one weight a set"
                )
            if min(self.weights) < 0 or sum(self.weights) == 0:
                raise UserError(f"data.weights {self.weights} must not be negative, nor all 0")
        if not 0 <= self.val_ratio < 1:
            raise UserError(f"data.val_ratio {self.val_ratio} must be at least 0 and below 1")
        if not 0 < self.replay_ratio < 1:
            raise UserError(f"data.replay_ratio {self.replay_ratio} must lie between 0 and 1")
        for name in ("max_length", "max_pixels", "max_tiles"):
            if getattr(self, name) < 1:
                raise UserError(f"data.{name} {getattr(self, name)} must be at least 1")


@dataclass
class LoraSettings:
    """Low-rank adapters through peft."""

    enabled: bool = False
    modules: list[Group] = field(default_factory=lambda: ["decoder", "connector"])
    """Groups whose linear layers get adapters; everything else is frozen."""
    rank: int = 8
    alpha: int = 32
    dropout: float = 0.05
    use_dora: bool = False
    """Learns the length of each weight vector apart from its direction (DoRA)."""
    use_rslora: bool = False
    """Scales adapters by alpha / sqrt(rank) rather than alpha / rank (rsLoRA)."""
    loraplus_lr_ratio: float | None = None
    """Learning rate of the matrices that start at zero, over that of the others (LoRA+; 16 in its paper)."""
    quantization_bits: Literal[4] | None = None
    """Keeps the linear layers below the adapters in 4 bits (QLoRA, bitsandbytes, a GPU)."""

    def __post_init__(self) -> None:
        if self.enabled and not self.modules:
            raise UserError(f"lora.modules is empty: name at least one of {', '.join(GROUPS)}")
        if self.rank < 1:
            raise UserError(f"lora.rank {self.rank} must be at least 1")
        if self.loraplus_lr_ratio is not None and self.loraplus_lr_ratio <= 0:
            raise UserError(f"lora.loraplus_lr_ratio {self.loraplus_lr_ratio} must be above 0")


@dataclass
class EvalConfig:
    """What is done with validation rows during training; of more rows, evenly spread ones are taken."""

    loss_rows: int = 512
    """Most rows whose loss is computed at an evaluation."""
    read_rows: int = 16
    """Most rows that are read (generated and scored) at an evaluation; 0 for none."""
    max_new_tokens: int = 1024
    """Longest answer in tokens; none is let run far past the longest reference of its batch."""
    batch_size: int = 8
    """Rows read at once on each device."""
    compare_rows: int = 20
    """Most rows of the validation set, and of `ordinary`, that a model from `model.path` reads at the end, as
    it was before training and as it is after; 0 for no comparison."""
    ordinary: str | None = None
    """Rows of what the model could read before, for that comparison; default: lines of text drawn for it."""


@dataclass
class LearningRates:
    """Start of each module group's schedule; null follows `learning_rate`, 0 freezes the group."""

    encoder: float | None = None
    connector: float | None = None
    decoder: float | None = None


@dataclass
class TrainConfig:
    """`transformers.TrainingArguments`, and what they lack."""

    global_batch_size: int | None = None
    """Samples in one optimizer step over all devices; gradient accumulation is derived from it."""
    learning_rates: LearningRates = field(default_factory=LearningRates)
    arguments: dict[str, Any] = field(default_factory=dict)
    """Every other key of the `train` section: names and meanings are `TrainingArguments`'s own."""


@dataclass
class Config:
    """One run."""

    name: str = MISSING
    """Names the run's folder: `output_dir/name/vN-date-time`."""
    output_dir: str = "output"
    resume: str | None = None
    """`auto` goes on from the newest checkpoint of this name, if there is one; a path from that one."""
    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    lora: LoraSettings = field(default_factory=LoraSettings)
    train: TrainConfig = field(default_factory=TrainConfig)
    eval: EvalConfig = field(default_factory=EvalConfig)

    @property
    def seed(self) -> int:
        """`train.seed`: of weights, of the choice of rows and of their order."""
        return int(self.train.arguments.get("seed", 42))


def load_config(path: str | Path, overrides: list[str] = []) -> Config:  # noqa: B006 (never changed)
    """Read a YAML file and `key=value` words over the defaults.

    Raises:
        UserError: for a missing file, a key that does not exist or a value of the wrong type or range.
    """
    if not Path(path).is_file():
        raise UserError(f"config file {path} does not exist")
    try:
        file = OmegaConf.load(path)
    except (yaml.YAMLError, UnicodeDecodeError, OmegaConfBaseException) as error:
        raise UserError(f"{path} is not a YAML file: {_one_line(error)}") from None
    for word in overrides:
        if "=" not in word or word.startswith("-"):
            raise UserError(f"{word!r} is not an override: write key=value, for example train.max_steps=2")
    try:
        words = OmegaConf.from_dotlist(overrides)
        given = OmegaConf.to_container(OmegaConf.merge(file, words))
        if not isinstance(given, dict):
            raise UserError(f"{path} must hold sections such as `model:` and `train:`, not a list or a word")
        return _structured(typing.cast(dict[str, Any], given))
    except (OmegaConfBaseException, yaml.YAMLError) as error:
        raise UserError(f"{path}: {_one_line(error)}") from None
    except ValueError as error:
        raise UserError(f"{path}: {error}") from None


def _structured(given: dict[str, Any]) -> Config:
    """`given` checked against the dataclasses; the `train` section is split into ours and transformers'."""
    train = given.get("train") or {}
    if not isinstance(train, dict):
        raise UserError("train must be a section of keys")
    ours = {f.name for f in dataclasses.fields(TrainConfig)} - {"arguments"}
    # YAML reads a bare `no` as false; as a strategy it is a word.
    strategies = ("save_strategy", "eval_strategy", "logging_strategy")
    arguments = {
        name: "no" if value is False and name in strategies else value
        for name, value in train.items()
        if name not in ours
    }
    check_training_arguments(arguments, also_allowed=ours)
    given["train"] = {name: value for name, value in train.items() if name in ours} | {"arguments": arguments}
    data = given.get("data")
    for name in ("train", "val"):
        if isinstance(data, dict) and isinstance(data.get(name), str) and data[name] != MISSING:
            data[name] = [data[name]]
    merged = OmegaConf.merge(OmegaConf.structured(Config), given)
    missing = sorted(OmegaConf.missing_keys(merged))
    if missing:
        raise UserError(f"{', '.join(missing)} must be set, in the file or as key=value")
    config = OmegaConf.to_object(merged)
    assert isinstance(config, Config)
    return config


OWN_ARGUMENTS = {
    "output_dir": "use output_dir at the top level",
    "resume_from_checkpoint": "use resume at the top level",
    "remove_unused_columns": "samples are made by got-train, no column is unused",
    "do_train": "the command decides",
    "do_eval": "use eval_strategy",
    "do_predict": "use got-train infer",
    "per_gpu_train_batch_size": "use per_device_train_batch_size",
    "label_smoothing_factor": "the loss is computed without logits of the whole vocabulary at hand",
}
"""TrainingArguments that would have no effect here, and what to use instead."""


def check_training_arguments(arguments: dict[str, Any], also_allowed: set[str]) -> None:
    """Refuse names that TrainingArguments does not have, and values of a type it does not take.

    Raises:
        UserError: names the key, and the nearest one that exists or the type it takes.
    """
    from transformers import TrainingArguments

    hints = typing.get_type_hints(TrainingArguments)
    allowed = {f.name for f in dataclasses.fields(TrainingArguments) if f.init} - set(OWN_ARGUMENTS)
    for name, value in arguments.items():
        if name in OWN_ARGUMENTS:
            raise UserError(f"train.{name} is not taken here: {OWN_ARGUMENTS[name]}")
        if name not in allowed:
            raise UserError(
                f"train.{name} is not a TrainingArguments name: {did_you_mean(name, allowed | also_allowed)}"
            )
        if not _fits(value, hints[name]):
            raise UserError(f"train.{name}={value!r} has the wrong type: {_type_name(hints[name])} is taken")


def _fits(value: object, hint: Any) -> bool:
    """Whether a YAML value is of a type hint; enumerations are written as their string values."""
    origin = typing.get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        return any(_fits(value, part) for part in typing.get_args(hint))
    if hint is Any:
        return True
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if origin is Literal:
        return value in typing.get_args(hint)
    kind = origin or hint
    if isinstance(kind, type) and kind not in (bool, str, list, dict, type(None)):
        return isinstance(value, str | dict)
    return isinstance(value, kind)


def _type_name(hint: Any) -> str:
    parts = typing.get_args(hint) if typing.get_origin(hint) in (types.UnionType, typing.Union) else (hint,)
    return " or ".join(
        "null" if part is type(None) else getattr(part, "__name__", str(part)) for part in parts
    )


def _one_line(error: Exception) -> str:
    """The message of a YAML or OmegaConf error in one line that starts with the key."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    kept = [line for line in lines if not line.startswith(("full_key:", "object_type=", "reference_type="))]
    key = getattr(error, "full_key", None)
    return " ".join([f"{key}:"] * bool(key) + kept)


def to_yaml(config: Config) -> str:
    """The resolved configuration in the shape of the files under `configs/`: what `load_config` reads."""
    given = dataclasses.asdict(config)
    given["train"] |= given["train"].pop("arguments")
    return OmegaConf.to_yaml(OmegaConf.create(given))


def accumulation_steps(config: Config, world_size: int) -> int:
    """Batches whose gradients are added up before an optimizer step.

    Raises:
        UserError: if `global_batch_size` cannot be divided evenly.
    """
    arguments = config.train.arguments
    total = config.train.global_batch_size
    if total is None:
        return int(arguments.get("gradient_accumulation_steps", 1))
    if "gradient_accumulation_steps" in arguments:
        raise UserError(
            "train.gradient_accumulation_steps is derived from train.global_batch_size: set one of them only"
        )
    per_step = int(arguments.get("per_device_train_batch_size", 8)) * world_size
    if total < 1 or total % per_step:
        raise UserError(
            f"train.global_batch_size {total} is not a multiple of {per_step} "
            f"(train.per_device_train_batch_size {per_step // world_size} x {world_size} "
            f"device{'s' if world_size > 1 else ''}): change one of them"
        )
    return total // per_step
