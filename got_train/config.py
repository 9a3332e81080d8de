"""A run as data: nested dataclasses, which `config_file` fills.

The sections are named like the packages that read them. `train` takes the names of
`transformers.TrainingArguments` unchanged; `TrainConfig` holds what those lack.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from omegaconf import MISSING

from got_train.prompts import TemplateName
from got_train.report import UserError, did_you_mean
from got_train.vocabulary import ENCODER_CHANNELS, MAX_TILES, PATCH_SIZE, TILE_SIZE, tokens_per_tile

Value = int | float | bool | str
Group = Literal["encoder", "connector", "decoder"]
GROUPS: tuple[Group, ...] = ("encoder", "connector", "decoder")
SCORES = ("cer", "edit_distance", "exact_match", "repetition")
"""What `evaluation.metrics.text_metrics` gives for the rows that an evaluation reads."""

MAX_NEW_TOKENS = 4096
"""Longest answer in tokens, as in the authors' demo."""

MAX_PIXELS = 178_956_970
"""Largest image in pixels unless a config says otherwise: the size at which Pillow itself gives alarm."""

CONFIG_FILE = "args.yaml"
"""Name under which a run and each of its checkpoints keep the resolved configuration."""

Range = tuple[Callable[[Any], bool], str]
"""A predicate and its description in words. NaN fails every predicate."""
AT_LEAST_0: Range = (lambda number: number >= 0, "at least 0")
AT_LEAST_1: Range = (lambda number: number >= 1, "at least 1")
ABOVE_0: Range = (lambda number: 0 < number < math.inf, "above 0 and finite")
RATE: Range = (lambda number: 0 <= number < math.inf, "at least 0 and finite")
BELOW_1: Range = (lambda number: 0 <= number < 1, "at least 0 and below 1")
BETWEEN_0_AND_1: Range = (lambda number: 0 < number < 1, "above 0 and below 1")


def check_ranges(section: str, values: Mapping[str, Any], **ranges: Range) -> None:
    """Refuse a value of a section that is out of its range. None and missing values are accepted.

    Raises:
        UserError: names the key, the value and the range.
    """
    for name, (holds, words) in ranges.items():
        value = values.get(name)
        if value is not None and not holds(value):
            raise UserError(f"{section}.{name} {value} must be {words}")


@dataclass
class EncoderConfig:
    """The ViTDet encoder: SAM ViT-B's shape, its neck and two strided convolutions."""

    path: str | None = None
    """Weights to start from: SAM ViT-B, Vary-tiny or a whole GOT; a folder, hub id or `.pth`."""
    image_size: int = TILE_SIZE
    """Side of a tile in pixels."""
    patch_size: int = PATCH_SIZE
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
        check_ranges(
            "model.encoder",
            vars(self),
            image_size=AT_LEAST_1,
            patch_size=AT_LEAST_1,
            hidden_size=AT_LEAST_1,
            num_hidden_layers=AT_LEAST_1,
            num_attention_heads=AT_LEAST_1,
            mlp_dim=AT_LEAST_1,
            window_size=AT_LEAST_0,
            neck_channels=AT_LEAST_1,
            output_channels=AT_LEAST_1,
        )
        try:
            tokens_per_tile(self.image_size, self.patch_size)
        except ValueError as error:
            raise UserError(f"model.encoder.{error}") from None
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
    """A run or checkpoint of the stage before: its encoder is taken, whose shape need not be repeated, and
    its connector where it fits."""
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
    """Which rows are used."""

    train: list[str] = field(default_factory=list)
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
    """Folder in which relative image paths are looked up after the data file's own."""
    on_error: Literal["raise", "skip"] = "raise"
    """What a bad row does: stop before training with all of them listed, or be left out and counted."""

    def __post_init__(self) -> None:
        if self.weights is not None:
            if len(self.weights) != len(self.train):
                raise UserError(
                    f"data.weights has {len(self.weights)} numbers and data.train {len(self.train)} sets: "
                    "give one weight a set"
                )
            if not all(0 <= weight < math.inf for weight in self.weights) or sum(self.weights) == 0:
                raise UserError(f"data.weights {self.weights} must be at least 0 and finite, and not all 0")
        check_ranges("data", vars(self), val_ratio=BELOW_1, replay_ratio=BETWEEN_0_AND_1)


@dataclass
class SampleConfig:
    """How a row becomes a sample: token ids, labels and image tiles."""

    template: TemplateName = "original"
    """The chat template around questions and answers: see got_train/prompts.py."""
    crop: bool = False
    """Cut every image into tiles; a row's own `crop` wins."""
    max_tiles: int = MAX_TILES
    """Most tiles of a cropped image, without its thumbnail."""
    max_length: int = 8192
    """Longest sample in tokens, image tokens included; longer rows are errors."""
    max_pixels: int = MAX_PIXELS
    """Largest image in pixels; larger ones are errors."""

    def __post_init__(self) -> None:
        check_ranges("sample", vars(self), max_length=AT_LEAST_1, max_pixels=AT_LEAST_1, max_tiles=AT_LEAST_1)


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
        check_ranges("lora", vars(self), rank=AT_LEAST_1, alpha=AT_LEAST_1)
        check_ranges("lora", vars(self), dropout=BELOW_1, loraplus_lr_ratio=ABOVE_0)


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

    def __post_init__(self) -> None:
        check_ranges("eval", vars(self), loss_rows=AT_LEAST_1, read_rows=AT_LEAST_0, compare_rows=AT_LEAST_0)
        check_ranges("eval", vars(self), max_new_tokens=AT_LEAST_1, batch_size=AT_LEAST_1)


@dataclass
class LearningRates:
    """Start of each module group's schedule; null follows `learning_rate`, 0 freezes the group."""

    encoder: float | None = None
    connector: float | None = None
    decoder: float | None = None

    def __post_init__(self) -> None:
        check_ranges("train.learning_rates", vars(self), **dict.fromkeys(GROUPS, RATE))


@dataclass
class TrainConfig:
    """`transformers.TrainingArguments`, and what they lack."""

    global_batch_size: int | None = None
    """Samples in one optimizer step over all devices; gradient accumulation is derived from it."""
    tokens_per_batch: int | None = None
    """Most tokens of a batch on a device, padding included, in place of `per_device_train_batch_size`: the
    samples of each step are shared out by length. Every tile counts as the tokens that are as much work to
    the decoder (1,528 at full size if the encoder trains, a third of it if not)."""
    cache_features: bool = False
    """Keeps what a frozen encoder makes of each picture in `output_dir/features`, and reads that from then
    on."""
    cache_gib: float = 100.0
    """Nothing more is kept when those of one encoder have grown to this many GiB (a tile takes 0.5 MiB in
    bf16)."""
    learning_rates: LearningRates = field(default_factory=LearningRates)
    arguments: dict[str, Any] = field(default_factory=dict)
    """Every other key of the `train` section: names and meanings are `TrainingArguments`'s own."""

    def __post_init__(self) -> None:
        check_ranges("train", vars(self), global_batch_size=AT_LEAST_1, tokens_per_batch=AT_LEAST_1)
        check_ranges("train", vars(self), cache_gib=ABOVE_0)
        if self.tokens_per_batch is not None and self.global_batch_size is None:
            raise UserError(
                "train.tokens_per_batch needs train.global_batch_size, the number of samples in a step"
            )


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
    sample: SampleConfig = field(default_factory=SampleConfig)
    lora: LoraSettings = field(default_factory=LoraSettings)
    train: TrainConfig = field(default_factory=TrainConfig)
    eval: EvalConfig = field(default_factory=EvalConfig)

    def __post_init__(self) -> None:
        trains_encoder = (
            "encoder" in self.lora.modules if self.lora.enabled else self.train.learning_rates.encoder != 0
        )
        if self.train.cache_features and trains_encoder:
            raise UserError(
                "train.cache_features keeps what the encoder makes of pictures, but the encoder is trained: "
                "freeze it (train.learning_rates.encoder=0, or lora.modules without it), or leave "
                "cache_features out"
            )
        self._check_best()

    def _check_best(self) -> None:
        """Refuse what cannot choose the best checkpoint, which would show at the first evaluation."""
        arguments = self.train.arguments
        metrics = ["loss", *(SCORES if self.eval.read_rows > 0 else ())]
        metric = arguments.get("metric_for_best_model")
        chosen = metric is not None or arguments.get("load_best_model_at_end")
        evaluates = arguments.get("eval_strategy", "no") != "no"
        if arguments.get("save_strategy") == "best" and not (chosen and evaluates):
            raise UserError(
                "train.save_strategy best needs train.eval_strategy, epoch or steps, and "
                f"train.metric_for_best_model: {', '.join(metrics)}"
            )
        name = (metric or "loss").removeprefix("eval_")
        of_a_kind = name.startswith("loss_")  # which kinds the rows are of is not known here
        if name not in metrics and not of_a_kind:
            raise UserError(f"train.metric_for_best_model {metric}: {did_you_mean(name, metrics)}")

    @property
    def seed(self) -> int:
        """`train.seed`: of weights, of the choice of rows and of their order."""
        return int(self.train.arguments.get("seed", 42))
