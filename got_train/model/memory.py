"""The memory of a device in training and in inference, by formula. All values are bytes.

What autograd keeps was read from traces of transformers 5.23, peft 0.21 and torch 2.13, tensor by tensor. The
needed memory is that of the worst of a few moments of a step, each a sum of named parts. Not counted is what
lies outside tensors: the CUDA context and what the allocator cannot use (`RESERVE`, an assumption).

Letters in formulas: `n` patches of a tile, `p` the same with the padding of windows, `w` a width, `m` the
width inside an MLP, `a` bytes of a number in products, `s` bytes of a number between layers.
"""

from dataclasses import dataclass, replace
from typing import Literal

from transformers import GotOcr2Config

from got_train.config import RUN_ON_TOKENS
from got_train.model.attention import SMALL_SQUARE
from got_train.model.got import TILES_WITHOUT_GRAPH, encoder_channels
from got_train.model.loss import CHUNK_LOGITS
from got_train.model.short_rows import SHORT_ROW
from got_train.model.size import ModelSize

RESERVE = 1_000_000_000
"""The CUDA context, workspaces of its libraries, and memory that the allocator cannot use: assumed."""

BYTES_OF_4_BITS = 0.5 + 1 / 64 + 4 / (64 * 256)
"""A weight in NormalFloat: 4 bits, a scale of 8 bits for each 64 weights, and for 256 of these one of 32."""

Parts = dict[str, float]
"""Bytes of each part of the memory."""


@dataclass(frozen=True)
class Batch:
    """A batch of one device."""

    rows: int
    length: int
    """Tokens of the longest row, to which all are padded."""
    tiles: int
    """Of all rows."""
    supervised: int
    """Positions with a label, of all rows."""


@dataclass(frozen=True)
class Setting:
    """How a run computes."""

    compute: int
    """Bytes of a number in products: 2 for bf16 and fp16, 4 for float32."""
    weight: int = 4
    """Bytes of a weight: DeepSpeed casts them to the type of products, nothing else does."""
    gpu: bool = True
    """Which attention the encoder uses: `attend_augmented`, or those of CPUs."""
    checkpointing: bool = False
    """Whether layers keep their input only, and compute the rest again in the backward pass."""
    accumulates: bool = False
    """Whether gradients of earlier batches are there while a batch is computed."""
    devices: int = 1
    zero: Literal[0, 1, 2] | None = None
    """Stage of ZeRO; None without DeepSpeed."""
    bucket: int = 0
    """Numbers in the buckets in which DeepSpeed reduces gradients."""
    cached_features: bool = False
    dropout: bool = True
    """Whether adapters have dropout, which keeps a mask."""
    optimizer_copies: int = 0
    """Temporary copies of the gradients in an optimizer step: 1 if it is not fused."""
    offloaded: bool = False
    """Whether DeepSpeed keeps the optimizer's states in the memory of the host."""
    loss_rows: int = 0
    """Rows whose loss an evaluation computes at once; 0 for no evaluation."""
    read_rows: int = 0
    """Rows that an evaluation reads at once."""
    read_tokens: int = 1024
    """Longest answer that it reads."""

    @property
    def autocast(self) -> bool:
        """Whether each product casts its inputs and weights."""
        return self.compute < self.weight

    @property
    def between(self) -> int:
        """Bytes of a number between layers."""
        return self.weight


def encoder_layer(config: GotOcr2Config, layer: int, tiles: int, setting: Setting, trained: bool) -> int:
    """What a layer of the encoder keeps for its backward pass.

    Args:
        config: of the model.
        layer: its number.
        tiles: number of tiles.
        setting: how the run computes.
        trained: whether its weights are trained; if not, gradients pass through to adapters.
    """
    vision, a = config.vision_config, setting.compute
    w, m, heads = vision.hidden_size, vision.mlp_dim, vision.num_attention_heads
    n, p, side = _patches(config, layer)
    norms = 2 * n * w * setting.between
    mlp = n * m * a
    inputs = (3 * n * w + n * m) * a if trained else 0  # of qkv, proj, lin1 and lin2
    tables = 2 * p * w * a  # the relative positions, repeated for each row of queries
    projected = (
        3 if side < n**0.5 or tiles > 1 else 1
    )  # a single square of patches needs no copy of all three
    if setting.gpu:
        width = _augmented(w // heads, side)
        queries = (1 + projected) * p * w * a if trained else 0
        attention = (
            4 * p * heads * width * a + 4 * p * heads
        )  # queries, keys, values, result; the softmax's sums
    elif side**2 <= SMALL_SQUARE:
        queries = p * w * a if trained else 0
        weights = p * heads * side**2
        attention = (3 * p * w + 2 * p * heads * (w // heads + 2 * side) + weights) * a
    else:
        queries = (1 + (projected == 1)) * p * w * a if trained else 0
        attention = (3 * p * w + 2 * p * heads * side) * a
    return tiles * (norms + mlp + inputs + tables + queries + attention)


def encoder_ends(config: GotOcr2Config, tiles: int, setting: Setting) -> int:
    """What is kept before and after the encoder's layers: pixels, neck, strided convolutions."""
    vision, a = config.vision_config, setting.compute
    n = (vision.image_size // vision.patch_size) ** 2
    pixels = 3 * vision.image_size**2 * (1 + setting.weight + (a if setting.autocast else 0))
    neck = n * (vision.hidden_size + 4 * vision.output_channels) * a
    convolutions = n // 4 * 2 * vision.output_channels * a + n // 16 * encoder_channels(config) * a
    return tiles * (pixels + neck + convolutions)


def encoder_without_graph(config: GotOcr2Config, tiles: int, setting: Setting) -> int:
    """The largest moment of a frozen encoder, which takes few tiles at a time."""
    vision, a = config.vision_config, setting.compute
    w, m, heads = vision.hidden_size, vision.mlp_dim, vision.num_attention_heads
    largest = 0
    for layer in range(vision.num_hidden_layers):
        n, p, side = _patches(config, layer)
        attention = 6 * p * w + 2 * p * heads * side
        if setting.gpu:
            attention = 3 * p * w + 2 * p * heads * side + 4 * p * heads * _augmented(w // heads, side)
        largest = max(largest, 2 * n * w * setting.between + max(attention, 2 * n * m) * a)
    at_once = min(tiles, TILES_WITHOUT_GRAPH if setting.gpu else 1)
    return at_once * largest + tiles * 3 * vision.image_size**2 * (1 + setting.weight)


def _patches(config: GotOcr2Config, layer: int) -> tuple[int, int, int]:
    """Patches of a tile, the same with padding, and the side of a square that attends to itself."""
    vision = config.vision_config
    grid = vision.image_size // vision.patch_size
    if vision.window_size == 0 or layer in vision.global_attn_indexes:
        return grid**2, grid**2, grid
    padded = grid + -grid % vision.window_size
    return grid**2, padded**2, vision.window_size


def _augmented(width: int, side: int) -> int:
    """Width of the queries, keys and values of `attend_augmented`."""
    return width + 2 * side + -(width + 2 * side) % 8


def decoder_layer(size: ModelSize, batch: Batch, setting: Setting) -> int:
    """What a layer of the decoder keeps for its backward pass, without its adapters."""
    a, s, w, m = setting.compute, setting.between, size.width, size.inner
    trained = size.trains_decoder
    copies = 1 if setting.autocast else 0  # autocast casts the input of each product for itself
    # The attention's result is the input of its last product.
    if not setting.gpu and setting.autocast and batch.length <= SHORT_ROW:
        attention = (4 * size.queries + size.heads * batch.length) * a  # by plain products, with the weights
    else:
        attention = (2 * size.queries + 2 * size.keys) * a + 4 * size.heads
    if size.gated:
        norms = (
            2 * w * (4 + (s if trained else 0))
        )  # what comes in, in float32, and what is multiplied by weights
        inputs = (2 + 3 * copies) * w * a if trained else 0
        mlp = (4 if trained else 3) * m * a
    else:
        norms = 2 * w * s
        inputs = (2 + 2 * copies) * w * a if trained else 0
        mlp = m * a
    return batch.rows * batch.length * (norms + inputs + attention + mlp)


def adapter_inputs(numbers: int, setting: Setting) -> int:
    """What adapters keep: for each number of their input the cast one, and a mask of dropout.

    On a CPU the mask has the type of the input.
    """
    mask = (1 if setting.gpu else setting.weight) if setting.dropout else 0
    return numbers * (setting.compute + mask)


def loss(size: ModelSize, batch: Batch, setting: Setting) -> int:
    """The head and its loss, while it is computed: see `model.loss`."""
    a, head = setting.compute, size.vocabulary * size.width
    chunk = min(batch.supervised, max(1, CHUNK_LOGITS // size.vocabulary)) * size.vocabulary
    cast = head * a if setting.autocast else 0
    logits = chunk * (4 + a + (4 if a < 4 else 0))  # their softmax in float32, which converts them before
    # The logits' gradient; the head's in float32, and a product that is added to it.
    gradients = chunk * (4 + a) + head * (4 + (a if a < 4 else 0)) if size.trains_head else 0
    hidden = 2 * batch.supervised * size.width * setting.between  # and their gradient
    return cast + max(logits, gradients) + hidden


@dataclass(frozen=True)
class Kept:
    """What waits for the backward pass."""

    encoder: int
    decoder: int
    encoder_layer: int
    """Of the largest layer of the encoder, without checkpointing."""
    encoder_again: int
    """What gradient checkpointing computes again at a time, as for the decoder."""
    decoder_again: int


def kept(size: ModelSize, batch: Batch, setting: Setting) -> Kept:
    """What the forward pass of a batch keeps."""
    vision, layers = size.config.vision_config, size.config.vision_config.num_hidden_layers
    tokens, between = batch.rows * batch.length, setting.between
    decoder = decoder_layer(size, batch, setting)
    decoder += adapter_inputs(tokens * size.adapted_in_decoder, setting) // size.layers
    ends = 3 * tokens * size.width * between  # embeddings, and what the last norm keeps
    inputs = tokens * size.width * between * size.layers
    decoder_kept = ends + (inputs if setting.checkpointing else decoder * size.layers)
    decoder_again = decoder if setting.checkpointing else 0
    if not size.encoder_has_gradients:
        return Kept(0, decoder_kept, 0, 0, decoder_again)
    tiles = batch.tiles
    adapters = adapter_inputs(tiles * size.adapted_in_encoder, setting) // layers
    encoder = [
        encoder_layer(size.config, layer, tiles, setting, size.trains_encoder) + adapters
        for layer in range(layers)
    ]
    patches = (vision.image_size // vision.patch_size) ** 2
    inputs = tiles * patches * vision.hidden_size * between * layers
    encoder_kept = encoder_ends(size.config, tiles, setting) + (
        inputs if setting.checkpointing else sum(encoder)
    )
    encoder_again = max(encoder) if setting.checkpointing else 0
    return Kept(encoder_kept, decoder_kept, max(encoder), encoder_again, decoder_again)


def moments(size: ModelSize, batch: Batch, setting: Setting) -> dict[str, Parts]:
    """The memory of a device at the moments of a step that may be its worst, part by part."""
    always, waiting = states(size, setting), kept(size, batch, setting)
    gradients = always.pop("gradients")
    before = gradients if setting.accumulates else 0
    after_decoder = gradients if setting.accumulates else gradients * size.decoder_share
    cast_decoder, cast_encoder = casts(size, setting)
    cast_later = not setting.checkpointing  # autocast's cache ends with the forward pass
    head = size.vocabulary * size.width * setting.weight if size.trains_head else 0
    step = 4 * size.trained * setting.optimizer_copies
    found: dict[str, Parts] = {
        "loss": {
            "gradients": before,
            "casts": cast_decoder + cast_encoder,
            "activations": waiting.encoder + waiting.decoder,
            "loss": loss(size, batch, setting),
        },
        "backward pass of the decoder": {
            "gradients": before,
            "casts": cast_later * (cast_decoder + cast_encoder),
            "activations": waiting.encoder + waiting.decoder + waiting.decoder_again,
            "loss": head,
            "workspace": batch.rows * batch.length * (3 * size.inner * setting.compute + 8 * size.width),
        },
        "gradient of the embedding": {
            "gradients": after_decoder,
            "casts": cast_later * cast_encoder,
            "activations": waiting.encoder,
            # Those of the head and of the embedding, which are one table, and their sum.
            "loss": head * (3 if setting.accumulates else 2),
        },
        "backward pass of the encoder": {
            "gradients": after_decoder,
            "casts": cast_later * cast_encoder,
            "activations": waiting.encoder + waiting.encoder_again,
            "workspace": waiting.encoder_layer // 2,
        },
        "optimizer step": {
            "gradients": gradients,
            # DeepSpeed casts the gradients of its share to float32.
            "workspace": step + (4 * size.trained / setting.devices if setting.zero else 0),
        },
    }
    if setting.loss_rows or setting.read_rows:
        found["evaluation"] = evaluation(size, batch, setting)
    if batch.tiles and not size.encoder_has_gradients and not setting.cached_features:
        workspace = encoder_without_graph(size.config, batch.tiles, setting)
        found["encoder without a graph"] = {"gradients": before, "workspace": workspace}
    return {name: always | parts for name, parts in found.items()}


def evaluation(size: ModelSize, batch: Batch, setting: Setting) -> Parts:
    """What an evaluation adds to the states: nothing is kept, but batches are others than in training.

    Rows are as long as those of the batch. A row that is read grows some tokens past its reference, or to the
    longest answer.
    """
    reference = batch.supervised // batch.rows
    read = batch.length - reference + min(reference + RUN_ON_TOKENS, setting.read_tokens)
    tokens = setting.loss_rows * batch.length
    layer = tokens * (3 * size.inner * setting.compute + 6 * size.width * setting.between)
    keys = 2 * size.layers * size.keys * setting.read_rows * read * setting.between
    tiles = max(setting.loss_rows, setting.read_rows) * -(-batch.tiles // batch.rows)
    encoder = encoder_without_graph(size.config, tiles, setting)
    head = size.vocabulary * size.width * setting.compute
    cast = sum(casts(size, replace(setting, checkpointing=True))) + head if setting.autocast else 0
    return {"casts": cast, "workspace": max(layer, keys, encoder)}


def states(size: ModelSize, setting: Setting) -> Parts:
    """What is there in every step: weights, gradients, states of the optimizer, buckets of gradients.

    ZeRO's stage 1 shares out the states, stage 2 the gradients too. DeepSpeed has float32 copies of the
    weights that are trained. `DistributedDataParallel` has the gradients once more, in its buckets.
    """
    weights = (size.total - size.quantized) * setting.weight + size.quantized * BYTES_OF_4_BITS
    gradients: float = size.trained * setting.weight
    optimizer: float = size.optimizer
    buckets: float = gradients if setting.devices > 1 else 0
    if setting.zero is not None:
        optimizer = 0 if setting.offloaded else optimizer + 4 * size.trained
        if setting.zero >= 1:
            optimizer /= setting.devices
        buckets = min(setting.bucket, size.trained) * setting.weight
        if setting.zero == 2:
            gradients /= setting.devices
    return {"weights": weights, "gradients": gradients, "optimizer": optimizer, "buckets": buckets}


def casts(size: ModelSize, setting: Setting) -> tuple[int, int]:
    """The weights that autocast has cast and keeps, of the decoder with the connector, and of the encoder.

    With gradient checkpointing only those of trained weights stay, in autocast's cache, until the loss.
    """
    if not setting.autocast:
        return 0, 0
    decoder = size.products_in_decoder
    if setting.checkpointing and not size.trains_decoder:
        decoder = 0
    encoder = size.products_in_encoder if size.encoder_has_gradients else 0
    if setting.checkpointing and not size.trains_encoder:
        encoder = 0
    return decoder * setting.compute, encoder * setting.compute


def worst(size: ModelSize, batch: Batch, setting: Setting) -> tuple[str, Parts]:
    """The moment of a step that needs most, and its parts."""
    found = moments(size, batch, setting)
    name = max(found, key=lambda moment: sum(found[moment].values()))
    return name, found[name]


def inference(size: ModelSize, rows: int, length: int, compute: int = 2) -> Parts:
    """The memory of reading rows of one tile with all weights in one type, without what autograd keeps.

    Args:
        size: of the model; adapters are merged.
        rows: read at once.
        length: tokens of image, question and answer.
        compute: bytes of a number.
    """
    setting = Setting(compute=compute, weight=compute)
    cache = 2 * size.layers * size.keys * length * rows * compute
    return {
        "weights": size.total * compute,
        "keys and values": cache + cache / size.layers,  # those of a layer are copied when they grow
        "encoder": encoder_without_graph(size.config, rows, setting),
        "logits": rows * size.vocabulary * (compute + 4),
    }
