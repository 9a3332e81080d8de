"""A run as data: nested dataclasses, which `config_file` fills.

The sections are named like the packages that read them. `train` takes the names of
`transformers.TrainingArguments` unchanged; `TrainConfig` holds what those lack.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from omegaconf import MISSING

from got_train.prompts import TemplateName
from got_train.typed_values import Range
from got_train.vocabulary import ENCODER_CHANNELS, MAX_TILES, PATCH_SIZE, TILE_SIZE, tokens_per_tile

Value = int | float | bool | str
Group = Literal["encoder", "connector", "decoder"]
GROUPS: tuple[Group, ...] = ("encoder", "connector", "decoder")
SCORES = ("cer", "edit_distance", "exact_match", "repetition")
"""What `evaluation.metrics.text_metrics` gives for the rows that an evaluation reads."""
HIGHER_IS_BETTER = ("exact_match",)
"""Those of `SCORES` of which a higher one is better."""

MAX_NEW_TOKENS = 4096
"""Longest answer in tokens, as in the authors' demo."""

NO_REPEAT_NGRAM_SIZE = 20
"""As in the authors' demo, for single images only: the text of several tiles or pages may repeat itself."""

MUON = "muon"
"""The `train.optim` that transformers does not know: see `training.muon`."""

RUN_ON_TOKENS = 32
"""Tokens past the longest reference that are enough to see that an answer does not stop."""

MAX_PIXELS = 89_478_485
"""Largest image in pixels unless a config says otherwise: the size at which Pillow itself warns."""

AT_LEAST_0: Range = (lambda number: number >= 0, "at least 0")
AT_LEAST_1: Range = (lambda number: number >= 1, "at least 1")
ABOVE_0: Range = (lambda number: 0 < number < math.inf, "above 0 and finite")
RATE: Range = (lambda number: 0 <= number < math.inf, "at least 0 and finite")
BELOW_1: Range = (lambda number: 0 <= number < 1, "at least 0 and below 1")
BETWEEN_0_AND_1: Range = (lambda number: 0 < number < 1, "above 0 and below 1")
UP_TO_1: Range = (lambda number: 0 < number <= 1, "above 0 and at most 1")
SHARES: Range = (
    lambda numbers: all(0 <= number < math.inf for number in numbers) and sum(numbers) > 0,
    "at least 0 and finite, and not all 0",
)

FILLED: Range = (lambda text: text.strip() != "", "a name or null, not an empty text")
OUTPUT: Range = (
    lambda text: text.strip() != "" and not text.startswith("$"),
    "a folder; a variable is written as ${oc.env:NAME}",
)
RUN_NAME: Range = (
    lambda name: name == "." or (name.strip() == name != "" and not {"", ".", ".."} & {*name.split("/")}),
    "the name of a folder below output_dir, or . for itself",
)


@dataclass
class Section:
    """A section of a configuration. `load_config` checks each field by its type and the range beside it."""

    def conflicts(self) -> Iterator[str]:
        """A line for each set of values that cannot be used together. All of them are valid by themselves."""
        yield from ()


@dataclass
class EncoderConfig(Section):
    """The ViTDet encoder: SAM ViT-B's shape, its neck and two strided convolutions."""

    path: Annotated[str | None, FILLED] = None
    """Weights to start from: SAM ViT-B, Vary-tiny or a whole GOT; a folder, hub id or `.pth`."""
    image_size: Annotated[int, AT_LEAST_1] = TILE_SIZE
    """Side of a tile in pixels."""
    patch_size: Annotated[int, AT_LEAST_1] = PATCH_SIZE
    """Side of a patch in pixels."""
    hidden_size: Annotated[int, AT_LEAST_1] = 768
    """Width of the layers, a multiple of `num_attention_heads`."""
    num_hidden_layers: Annotated[int, AT_LEAST_1] = 12
    """Number of layers."""
    num_attention_heads: Annotated[int, AT_LEAST_1] = 12
    """Attention heads of each layer."""
    mlp_dim: Annotated[int, AT_LEAST_1] = 3072
    """Width of the layers' MLPs."""
    window_size: Annotated[int, AT_LEAST_0] = 14
    """Side of an attention window in patches; 0 makes every layer global."""
    global_attn_indexes: list[int] = field(default_factory=lambda: [2, 5, 8, 11])
    """Layers, counted from 0, that attend to the whole tile."""
    neck_channels: Annotated[int, AT_LEAST_1] = 256
    """Width of the neck; the first strided convolution doubles it."""
    output_channels: Annotated[int, AT_LEAST_1] = ENCODER_CHANNELS
    """Width of the encoder's output, whatever the decoder's width is."""

    def conflicts(self) -> Iterator[str]:
        try:
            tokens_per_tile(self.image_size, self.patch_size)
        except ValueError as error:
            yield f"model.encoder.{error}"
        if self.hidden_size % self.num_attention_heads:
            yield (
                f"model.encoder.hidden_size {self.hidden_size} is not a multiple of "
                f"model.encoder.num_attention_heads {self.num_attention_heads}"
            )


@dataclass
class DecoderConfig(Section):
    """The language model."""

    path: Annotated[str | None, FILLED] = None
    """Weights and tokenizer to start from: a folder or hub id of any causal language model."""
    model_type: Annotated[str | None, FILLED] = None
    """Architecture by transformers' name: qwen2, opt, llama, ...; default: that of `path`, or else qwen2."""
    shape: dict[str, Value] = field(default_factory=dict)
    """Fields of that architecture's configuration, over the recipe's own for qwen2 (0.5B) and opt (125M)."""
    tokenizer: Annotated[str | None, FILLED] = None
    """Folder, hub id or `.tiktoken` file; default: the decoder's own, or the vocabulary of its family."""


@dataclass
class ModelConfig(Section):
    """Where the weights come from."""

    init: Literal["pretrained", "random"] = "pretrained"
    """`random` ignores every path below and downloads nothing."""
    path: Annotated[str | None, FILLED] = None
    """A whole GOT checkpoint in either layout: folder or hub id. Excludes the other paths."""
    init_from: Annotated[str | None, FILLED] = None
    """A run or checkpoint of the stage before: its encoder is taken, with its shape, and its connector where
    it fits."""
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    decoder: DecoderConfig = field(default_factory=DecoderConfig)

    @property
    def whole(self) -> str | None:
        """The whole checkpoint that the model starts from; None for one of parts, or of random weights."""
        return self.path if self.init == "pretrained" else None

    def conflicts(self) -> Iterator[str]:
        paths = (self.init_from, self.encoder.path, self.decoder.path)
        names = ("model.init_from", "model.encoder.path", "model.decoder.path")
        others = [name for name, path in zip(names, paths, strict=True) if path is not None]
        if self.whole is not None and others:
            yield (
                f"model.path is a whole checkpoint, so {' and '.join(others)} cannot be used beside it: "
                "set one of them to null"
            )
        if self.init_from is not None and self.encoder.path is not None:
            yield "model.init_from and model.encoder.path both name an encoder: set one to null"


@dataclass
class DataConfig(Section):
    """Which rows are used."""

    train: list[str] = field(default_factory=list)
    """Data sets, as `path`, `path#5000` (rows) or `path#80%`: files, patterns, folders, sets of the hub."""
    weights: Annotated[list[float] | None, SHARES] = None
    """Share of each training set in an epoch, in the order of `train`; default: all rows of each."""
    val: list[str] | None = None
    """Validation sets; default: split off `train`."""
    val_ratio: Annotated[float, BELOW_1] = 0.01
    """Share of the training rows split off when `val` is not given, at least one row; 0 for none."""
    train_ratio: Annotated[float, UP_TO_1] = 1.0
    """Share of the training rows that is used, by chance; a smaller share is a part of each larger one, and
    validation rows stay the same: `got-train curve` trains on four shares."""
    val_run: Annotated[str | None, FILLED] = None
    """A run whose validation rows are used again; those among `train` and `replay` are left out there."""
    replay: list[str] | None = None
    """Sets of the kinds that the model has learnt before, mixed in so that it keeps them."""
    replay_ratio: Annotated[float, BETWEEN_0_AND_1] = 0.2
    """Share of an epoch's rows that come from `replay`; they are repeated or thinned out for it."""
    columns: dict[str, str] = field(default_factory=dict)
    """Keys of rows under other names: theirs to ours, as `text: response`."""
    query: str | None = None
    """Asked by rows that have no query of their own."""
    image_root: Annotated[str | None, FILLED] = None
    """Folder in which relative image paths are looked up after the data file's own."""
    on_error: Literal["raise", "skip"] = "raise"
    """What a bad row does: stop before training with all of them listed, or be left out and counted."""

    def conflicts(self) -> Iterator[str]:
        if self.weights is not None and len(self.weights) != len(self.train):
            yield (
                f"data.weights has {len(self.weights)} numbers and data.train {len(self.train)} sets: "
                "give one weight a set"
            )
        if self.val == []:
            yield "data.val is empty: name a set, or leave it out and set data.val_ratio=0 for no validation"
        if self.val is not None and self.val_run is not None:
            yield "data.val and data.val_run both name validation rows: set one to null"


@dataclass
class SampleConfig(Section):
    """How a row becomes a sample: token ids, labels and image tiles."""

    template: TemplateName = "original"
    """The chat template around questions and answers: see got_train/prompts.py."""
    system: str | None = None
    """System text of rows without one; default: the chat template's own. An empty text is no message."""
    crop: bool = False
    """Cut every image into tiles; a row's own `crop` wins."""
    max_tiles: Annotated[int, AT_LEAST_1] = MAX_TILES
    """Most tiles of a cropped image, without its thumbnail."""
    max_length: Annotated[int, AT_LEAST_1] = 8192
    """Longest sample in tokens, image tokens included; longer rows are errors."""
    max_pixels: Annotated[int, AT_LEAST_1] = MAX_PIXELS
    """Largest image in pixels; larger ones are errors."""


@dataclass
class LoraSettings(Section):
    """Low-rank adapters through peft."""

    enabled: bool = False
    """Train adapters; without them all weights are trained."""
    adapters: str | None = None
    """Adapters to go on training: a checkpoint or a run, which brings its base, modules, rank, alpha and
    kind."""
    modules: list[Group] = field(default_factory=lambda: ["decoder", "connector"])
    """Groups whose linear layers get adapters; everything else is frozen."""
    rank: Annotated[int, AT_LEAST_1] = 8
    """Rank of the adapters: a higher one can learn more and takes more memory."""
    alpha: Annotated[int, AT_LEAST_1] = 32
    """Adapters are scaled by alpha / rank."""
    dropout: Annotated[float, BELOW_1] = 0.05
    """Share of an adapter's inputs that are set to zero in training."""
    use_dora: bool = False
    """Learns the length of each weight vector apart from its direction (DoRA)."""
    use_rslora: bool = False
    """Scales adapters by alpha / sqrt(rank) rather than alpha / rank (rsLoRA)."""
    loraplus_lr_ratio: Annotated[float | None, ABOVE_0] = None
    """Learning rate of the matrices that start at zero, over that of the others (LoRA+; 16 in its paper)."""
    quantization_bits: Literal[4] | None = None
    """Keeps the linear layers below the adapters in 4 bits (QLoRA, bitsandbytes, a GPU)."""

    def conflicts(self) -> Iterator[str]:
        if self.enabled and not self.modules:
            yield f"lora.modules is empty: name at least one of {', '.join(GROUPS)}"
        if self.adapters is not None and not self.enabled:
            yield (
                f"lora.adapters {self.adapters} go on training only with lora.enabled=true; to train all "
                f"weights merge them first with `got-train merge {self.adapters}`"
            )


@dataclass
class EvalConfig(Section):
    """What is done with validation rows during training; of more rows, evenly spread ones are taken."""

    loss_rows: Annotated[int, AT_LEAST_1] = 512
    """Most rows whose loss is computed at an evaluation."""
    read_rows: Annotated[int, AT_LEAST_0] = 16
    """Most rows that are read (generated and scored) at an evaluation; 0 for none. Up to 64 are kept in the
    run's folder, for `got-train board`."""
    max_new_tokens: Annotated[int, AT_LEAST_1] = 1024
    """Longest answer in tokens; none is let run far past the longest reference of its batch."""
    batch_size: Annotated[int, AT_LEAST_1] = 8
    """Rows read at once on each device."""
    compare_rows: Annotated[int, AT_LEAST_0] = 20
    """Most rows of the validation set, and of `ordinary`, that a model from `model.path` reads at the end, as
    it was before training and as it is after; 0 for no comparison."""
    early_stopping_patience: Annotated[int | None, AT_LEAST_1] = None
    """Ends the run after this many evaluations in a row without a better `train.metric_for_best_model`."""
    ordinary: Annotated[str | None, FILLED] = None
    """Rows of what the model could read before, for that comparison; default: lines of text drawn for it."""
    reference_curve: Annotated[str | None, FILLED] = None
    """The losses of good runs, a file of `scripts/write_reference_curve.py`: the run says where its settings
    differ from theirs, and once when its loss leaves their course."""


@dataclass
class LearningRates(Section):
    """Start of each module group's schedule; null follows `learning_rate`, 0 freezes the group."""

    encoder: Annotated[float | None, RATE] = None
    """Of the encoder."""
    connector: Annotated[float | None, RATE] = None
    """Of the layer between encoder and decoder."""
    decoder: Annotated[float | None, RATE] = None
    """Of the language model."""
    convolutions: Annotated[float | None, RATE] = None
    """Of the encoder's two strided convolutions alone, which ms-swift 4 counts to the connector; null follows
    `encoder`."""


@dataclass
class AuxiliaryLosses(Section):
    """Weights of losses beside that of answers, which teach image tokens to carry text, from the texts and
    boxes in `regions`: for small models from random weights, see docs/learning.md. 0 leaves a loss out."""

    slots: Annotated[float, RATE] = 0.0
    """Of the character in each slot of an image token, there where its box says that it stands."""
    ctc: Annotated[float, RATE] = 0.0
    """Of the text along each row of image tokens, wherever its characters stand (CTC)."""
    written: Annotated[float, RATE] = 0.0
    """Of the answer if it is read from image tokens that were written from the text, without the picture."""

    @property
    def weights(self) -> dict[str, float]:
        """The weights of the losses that are asked for."""
        return {name: weight for name, weight in vars(self).items() if weight > 0}


@dataclass
class TrainConfig(Section):
    """`transformers.TrainingArguments`, and what they lack."""

    global_batch_size: Annotated[int | None, AT_LEAST_1] = None
    """Samples in one optimizer step over all devices; gradient accumulation is derived from it."""
    tokens_per_batch: Annotated[int | None, AT_LEAST_1] = None
    """Most tokens of a batch on a device, padding included, in place of `per_device_train_batch_size`: the
    samples of each step are shared out by length. Every tile counts as the tokens that are as much work to
    the decoder (1,528 at full size if the encoder trains, a third of it if not)."""
    cache_features: bool = False
    """Keeps what a frozen encoder makes of each picture in `output_dir/features`, and reads that from then
    on."""
    cache_gib: Annotated[float, ABOVE_0] = 100.0
    """Nothing more is kept when those of one encoder have grown to this many GiB (a tile takes 0.5 MiB in
    bf16)."""
    learning_rates: LearningRates = field(default_factory=LearningRates)
    auxiliary_losses: AuxiliaryLosses = field(default_factory=AuxiliaryLosses)
    preference_beta: Annotated[float | None, ABOVE_0] = None
    """Trains adapters to prefer `response` to each row's `rejected_response`, by DPO with this beta (0.1 is
    usual)."""
    arguments: dict[str, Any] = field(default_factory=dict)
    """Every other key of the `train` section: names and meanings are `TrainingArguments`'s own."""

    def conflicts(self) -> Iterator[str]:
        if self.tokens_per_batch is not None and self.global_batch_size is None:
            yield "train.tokens_per_batch needs train.global_batch_size, the number of samples in a step"


@dataclass
class Config:
    """One run."""

    name: Annotated[str, RUN_NAME] = MISSING
    """Names the run's folder: `output_dir/name/vN-date-time`."""
    output_dir: Annotated[str, OUTPUT] = "output"
    """Folder of all runs."""
    resume: Annotated[str | None, FILLED] = None
    """`auto` goes on from the newest checkpoint of this name, if there is one; a path from that one."""
    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    sample: SampleConfig = field(default_factory=SampleConfig)
    lora: LoraSettings = field(default_factory=LoraSettings)
    train: TrainConfig = field(default_factory=TrainConfig)
    eval: EvalConfig = field(default_factory=EvalConfig)

    @property
    def seed(self) -> int:
        """`train.seed`: of weights, of the choice of rows and of their order."""
        return int(self.train.arguments.get("seed", 42))
