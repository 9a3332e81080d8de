"""The one model of all stages: transformers' GOT-OCR2 with any decoder behind the same encoder.

This class adds to transformers' own class:

- The encoder's output has the same width in every stage (1024 channels), so that each stage can start from
  the encoder of the one before. Only the connector, `Linear(channels, decoder width)`, changes the width.
- The tied embedding of any decoder (OPT and Qwen have different names for it).
- A fused attention of the encoder (`attention`), and in training a loss that needs few logits (`loss`).

If the decoder is Qwen2 and as wide as the encoder's output, the saved folder is a stock transformers
checkpoint.
"""

import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from transformers import (
    AutoModel,
    GotOcr2Config,
    GotOcr2ForConditionalGeneration,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
)
from transformers.models.got_ocr2.modeling_got_ocr2 import GotOcr2CausalLMOutputWithPast

from got_train.config import EncoderConfig, Group
from got_train.files import permit_as_umask
from got_train.model.alphabet import Alphabet, ctc_loss, slot_loss
from got_train.model.attention import fuse_attention
from got_train.model.loss import head_loss
from got_train.vocabulary import IGNORE_INDEX, IMAGE_MEAN, IMAGE_PAD, IMAGE_STD, TileShape, tokens_per_tile

CONVOLUTIONS = "model.multi_modal_projector.conv_upsampler"
"""Prefix of the parameter names of the two strided convolutions."""

GROUP_PREFIXES: dict[Group, tuple[str, ...]] = {
    "encoder": ("model.vision_tower.", CONVOLUTIONS),
    "connector": ("model.multi_modal_projector.multimodal_projector.", "alphabet."),
    "decoder": ("model.language_model.", "lm_head."),
}
"""Prefixes of the parameter names of each module group. The two strided convolutions are in transformers'
projector, but they belong to the encoder: the original weights call them `vision_tower_high.net_2` and
`net_3`. The alphabet, which only auxiliary losses need, is trained with the connector."""

TILES_WITHOUT_GRAPH = 4
"""Tiles that a GPU encodes at once if there is no backward pass: their 16,384 patches at full size keep it
busy, and more would only take memory. A CPU encodes tiles one by one: tensors between layers are then small
enough for the allocator to use the same memory again, without the system clearing its pages first."""

ENCODER_FIELDS = tuple(
    field.name
    for field in fields(EncoderConfig)
    if field.name not in ("path", "neck_channels", "output_channels")
)
"""Fields of our encoder configuration that transformers' configuration has too. (What it calls
`output_channels` is the width of the neck.)"""


def group_of(parameter: str) -> Group:
    """The module group of a parameter, by its name."""
    found = [group for group, prefixes in GROUP_PREFIXES.items() if parameter.startswith(prefixes)]
    assert len(found) == 1, f"{parameter} belongs to {found or 'no module group'}"
    return found[0]


def is_hidden_matrix(name: str, weights: torch.Tensor) -> bool:
    """Whether weights are a matrix inside a layer: no table, no head, no kernel of a convolution."""
    return weights.ndim == 2 and not any(part in name for part in ("embed", "rel_pos", "lm_head", "alphabet"))


@dataclass
class GotOutput(GotOcr2CausalLMOutputWithPast):
    """The loss of a batch and its parts."""

    sample_losses: torch.Tensor | None = None
    """float32, `(batch,)`: the summed loss of the supervised tokens of each row; it has a gradient if the
    head has none."""
    sample_tokens: torch.Tensor | None = None
    """int64, `(batch,)`: the number of supervised tokens of each row."""
    encoded: torch.Tensor | None = None
    """`(tiles, tokens of a tile, channels)`: the encoder's output for the tiles of this batch."""
    auxiliary: dict[str, torch.Tensor] | None = None
    """The auxiliary losses of the batch by their names, divided as `loss` is, without their weights;
    None if there are none."""


class GotModel(GotOcr2ForConditionalGeneration):
    """Encoder, connector and decoder, with transformers' own parameter names."""

    def __init__(self, config: GotOcr2Config) -> None:
        embedding = f"model.language_model.{_embedding_name(config.text_config)}"
        self._tied_weights_keys = {"lm_head.weight": embedding}
        if config.tie_word_embeddings:
            # The Trainer, which loads the best checkpoint itself, would miss a head that was saved once.
            self._keys_to_ignore_on_save = {"lm_head.weight"}
        rope = getattr(config.text_config, "rope_parameters", None)
        if rope is not None and "rope_theta" in rope:
            # transformers 4 does not know rope_parameters, and would go by 10,000 without a word.
            config.text_config.rope_theta = rope["rope_theta"]
        super().__init__(config)
        fuse_attention(self.model.vision_tower)
        channels = encoder_channels(config)
        if channels != config.text_config.hidden_size:
            projector = self.model.multi_modal_projector
            width = projector.conv_upsampler1.out_channels
            projector.conv_upsampler2 = nn.Conv2d(width, channels, 3, stride=2, padding=1, bias=False)
            projector.multimodal_projector = nn.Linear(channels, config.text_config.hidden_size)
        has_alphabet = config.to_dict().get("image_alphabet", False)  # in checkpoints of auxiliary losses
        self.alphabet = Alphabet(config.text_config.hidden_size) if has_alphabet else None
        self.auxiliary_weights: dict[str, float] = {}
        """The weights of the auxiliary losses that training asks for, by their names."""

    def set_alphabet(self, wanted: bool) -> None:
        """Takes the alphabet away, or gives a new one of random vectors where there is none."""
        if wanted != (self.alphabet is not None):
            self.alphabet = Alphabet(self.config.text_config.hidden_size) if wanted else None
            self.config.image_alphabet = wanted

    @property
    def is_stock(self) -> bool:
        """Whether transformers' own class has the same parameters, and so can load what this class saves."""
        same_width = encoder_channels(self.config) == self.config.text_config.hidden_size
        return (
            same_width
            and self.alphabet is None
            and self._tied_weights_keys == GotOcr2ForConditionalGeneration._tied_weights_keys
        )

    def save_pretrained(self, save_directory: str | Path, **kwargs: Any) -> None:
        """Saves as transformers does; a stock checkpoint names transformers' class in `architectures`.

        Tensors keep their names in the model. In transformers' "original format" they would be saved as
        `model.language_model.model.*`, from which `Trainer` cannot resume.
        """
        super().save_pretrained(save_directory, **{"save_original_format": False, **kwargs})
        permit_as_umask(Path(save_directory))
        if self.is_stock:
            self.config.architectures = [GotOcr2ForConditionalGeneration.__name__]
            self.config.save_pretrained(save_directory)

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        pixel_values: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        num_items_in_batch: torch.Tensor | int | None = None,
        tiles: torch.Tensor | None = None,
        features: torch.Tensor | None = None,
        tile_order: torch.Tensor | None = None,
        slots: torch.Tensor | None = None,
        slot_rows: torch.Tensor | None = None,
        slot_tiles: torch.Tensor | None = None,
        logits_to_keep: int | torch.Tensor = 0,
        **kwargs: Any,
    ) -> GotOcr2CausalLMOutputWithPast:
        """Transformers' own forward pass; but with `labels` only the loss is computed.

        Args:
            input_ids: `(batch, length)`.
            pixel_values: float, `(tiles, 3, image_size, image_size)`, normalised. With `labels`, `tiles` can
                be given in their place.
            attention_mask: `(batch, length)`. Training batches are padded on the right and need no mask,
                because no supervised position comes after the padding.
            labels: `(batch, length)`, unshifted, `IGNORE_INDEX` at positions that are not supervised.
            num_items_in_batch: number of supervised tokens of the whole optimizer step: the summed loss is
                divided by it. Default: the number in this batch.
            tiles: uint8, `(tiles, image_size, image_size, 3)`, in the order of the rows.
            features: `(tiles, tokens of a tile, channels)`: earlier output of `encode` for the tiles of the
                rows that are not in `tiles`.
            tile_order: int64, `(all tiles,)`, needed if both are given: the place of each tile of the rows in
                the concatenation of `features` and `tiles`.
            slots: int64, `(rows with slots, slots of a tile)`: what auxiliary losses read off image tokens.
            slot_rows: int64, `(rows with slots,)`: the row of each.
            slot_tiles: int64, `(rows with slots,)`: the place of its tile among all tiles of the rows.
            logits_to_keep: without `labels`, the number of last positions that get logits; 0 for all.
                Generation passes it only if the signature names it.
            kwargs: passed to transformers.
        """
        if labels is None:
            return super().forward(
                input_ids=input_ids,
                pixel_values=pixel_values,
                attention_mask=attention_mask,
                logits_to_keep=logits_to_keep,
                **kwargs,
            )
        assert input_ids is not None
        if tiles is not None:
            pixel_values = normalized(tiles, self.dtype)
        encoded = None if pixel_values is None else self.encode(pixel_values)
        parts = [part for part in (features, encoded) if part is not None]
        all_features = torch.cat(parts) if parts else None
        if all_features is not None and tile_order is not None:
            all_features = all_features.index_select(0, tile_order)
        connected = None if all_features is None else self.connect(all_features)
        loss, losses = self._answer_loss(input_ids, connected, labels, attention_mask, **kwargs)
        is_supervised = labels[:, 1:] != IGNORE_INDEX
        count = is_supervised.sum().clamp(min=1) if num_items_in_batch is None else num_items_in_batch
        auxiliary = {}
        if slots is not None and connected is not None and self.training:
            auxiliary = self._auxiliary_losses(
                input_ids[slot_rows], connected[slot_tiles], labels[slot_rows], slots
            )
            loss = loss + sum(self.auxiliary_weights[name] * part for name, part in auxiliary.items())
        if self.training and torch.distributed.is_initialized():
            loss = loss + 0.0 * self._unused(all_features)
        return GotOutput(
            loss=loss / count,
            sample_losses=losses.sum(1),
            sample_tokens=is_supervised.sum(1),
            encoded=None if encoded is None else encoded.detach(),
            auxiliary={name: part.detach() / count for name, part in auxiliary.items()} or None,
        )

    def _answer_loss(
        self,
        input_ids: torch.Tensor,
        connected: torch.Tensor | None,
        labels: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The summed loss of all answers, and the loss of each supervised token `(batch, length)`."""
        hidden = self.model.language_model(
            inputs_embeds=self.embed(input_ids, connected),
            attention_mask=attention_mask,
            use_cache=False,
            **kwargs,
        ).last_hidden_state
        targets = functional.pad(labels[:, 1:], (0, 1), value=IGNORE_INDEX).flatten()
        # An image takes hundreds of positions without labels. `nonzero` finds the others and waits for the
        # device once; indexing with a mask would wait each time.
        supervised = (targets != IGNORE_INDEX).nonzero().squeeze(1)
        chosen = hidden.flatten(0, 1).index_select(0, supervised)
        loss, token_losses = head_loss(chosen, self.lm_head.weight, targets[supervised])
        losses = torch.zeros_like(targets, dtype=torch.float32).index_copy(0, supervised, token_losses)
        return loss, losses.view_as(labels)

    def _auxiliary_losses(
        self, input_ids: torch.Tensor, connected: torch.Tensor, labels: torch.Tensor, slots: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """The summed auxiliary losses of rows with slots, by their names.

        Args:
            input_ids: `(rows, length)`.
            connected: `(rows, tokens of a tile, width)`.
            labels: `(rows, length)`.
            slots: `(rows, slots of a tile)`.
        """
        assert self.alphabet is not None
        losses = {}
        logits = self.alphabet.read(connected)
        if "slots" in self.auxiliary_weights:
            losses["slots"] = slot_loss(logits, slots)
        if "ctc" in self.auxiliary_weights:
            losses["ctc"] = ctc_loss(logits, slots, rows=math.isqrt(connected.shape[1]))
        if "written" in self.auxiliary_weights:
            losses["written"], _ = self._answer_loss(input_ids, self.alphabet.write(slots), labels)
        return losses

    def encode(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """The encoder's output for tiles; a frozen encoder keeps no autograd graph.

        Args:
            pixel_values: `(tiles, 3, image_size, image_size)`, normalised.

        Returns:
            `(tiles, tokens of a tile, channels)`.
        """
        if torch.is_grad_enabled() and self.trains_encoder:
            return self._encode(pixel_values)
        at_once = 1 if pixel_values.device.type == "cpu" else TILES_WITHOUT_GRAPH
        with torch.no_grad():
            return torch.cat([self._encode(part) for part in pixel_values.split(at_once)])

    def _encode(self, pixel_values: torch.Tensor) -> torch.Tensor:
        projector = self.model.multi_modal_projector
        features = self.model.vision_tower(pixel_values).last_hidden_state
        features = projector.conv_upsampler2(projector.conv_upsampler1(features))
        return features.flatten(2).transpose(1, 2)

    def connect(self, features: torch.Tensor) -> torch.Tensor:
        """Image tokens `(tiles, tokens of a tile, decoder width)` of what `encode` gives."""
        connected: torch.Tensor = self.model.multi_modal_projector.multimodal_projector(features)
        return connected

    def embed(self, input_ids: torch.Tensor, connected: torch.Tensor | None) -> torch.Tensor:
        """The decoder's input: embeddings of tokens, and at image tokens the connected features of tiles.

        Args:
            input_ids: `(batch, length)`.
            connected: output of `connect` for all tiles in their order; None if there are no tiles.

        Returns:
            `(batch, length, width)`.
        """
        embeddings = self.get_input_embeddings()(input_ids)
        if connected is None:
            return embeddings
        places = (input_ids == self.config.image_token_id)[..., None]
        return embeddings.masked_scatter(places, connected.to(embeddings.dtype))

    @property
    def trains_encoder(self) -> bool:
        """Whether any parameter of the encoder is trained, including adapters."""
        projector = self.model.multi_modal_projector
        parts = (self.model.vision_tower, projector.conv_upsampler1, projector.conv_upsampler2)
        return any(parameter.requires_grad for part in parts for parameter in part.parameters())

    def _unused(self, features: torch.Tensor | None) -> torch.Tensor:
        """A sum of what a batch without images, or without slots, leaves unused.

        The ranks of a run sum their gradients parameter by parameter: a rank with only text rows must also
        have gradients, of zero, for the encoder and the connector.
        """
        unused = [] if self.alphabet is None else [part.sum() for part in self.alphabet.parameters()]
        if features is None:
            size = self.config.vision_config.image_size
            blank = torch.zeros(1, 3, size, size, device=self.device, dtype=self.dtype)
            unused.append(self.connect(self.encode(blank)).sum())
        return sum(unused, torch.zeros((), device=self.device))


def cast_weights(model: nn.Module, dtype: torch.dtype) -> None:
    """Casts only parameters: `model.to(dtype)` would also round the frequencies of rotary positions.

    With frequencies in bfloat16, the angle of position 1,000 is wrong by nearly a radian.
    """
    for parameter in model.parameters():
        if parameter.is_floating_point():
            parameter.data = parameter.data.to(dtype)


def normalized(tiles: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """The encoder's input `(tiles, 3, size, size)` for uint8 tiles `(tiles, size, size, 3)`."""
    mean, std = (
        (torch.tensor(values) * 255).to(tiles.device, non_blocking=True) for values in (IMAGE_MEAN, IMAGE_STD)
    )
    return ((tiles - mean) / std).permute(0, 3, 1, 2).to(dtype)


def got_config(
    encoder: EncoderConfig, text_config: PreTrainedConfig, tokenizer: PreTrainedTokenizerFast
) -> GotOcr2Config:
    """The configuration of a model with an encoder of the given shape and the given decoder."""
    shape = {name: getattr(encoder, name) for name in ENCODER_FIELDS}
    if encoder.window_size == 0:
        shape["global_attn_indexes"] = list(range(encoder.num_hidden_layers))
    return GotOcr2Config(
        vision_config={**shape, "output_channels": encoder.neck_channels},
        text_config=text_config,
        image_token_index=tokenizer.convert_tokens_to_ids(IMAGE_PAD),
        image_seq_length=tokens_per_tile(encoder.image_size, encoder.patch_size),
        tie_word_embeddings=text_config.tie_word_embeddings,
        encoder_channels=encoder.output_channels,
    )


def encoder_section(config: GotOcr2Config) -> EncoderConfig:
    """The section `model.encoder` from which `got_config` makes the encoder of this model."""
    vision = config.vision_config
    shape = {name: getattr(vision, name) for name in ENCODER_FIELDS}
    shape["global_attn_indexes"] = list(vision.global_attn_indexes)
    return EncoderConfig(
        **shape, neck_channels=vision.output_channels, output_channels=encoder_channels(config)
    )


def encoder_channels(config: GotOcr2Config) -> int:
    """Width of the encoder's output; stock checkpoints do not name it: there it is the decoder's width."""
    return config.to_dict().get("encoder_channels", config.text_config.hidden_size)


def tile_shape(config: GotOcr2Config) -> TileShape:
    """The shape of tiles, from the encoder's own configuration (`image_seq_length` is often wrong)."""
    return TileShape(config.vision_config.image_size, config.vision_config.patch_size)


def _embedding_name(text_config: PreTrainedConfig) -> str:
    """Name of the input embedding inside the decoder, found in a model of the same class without weights."""
    with torch.device("meta"):
        decoder = AutoModel.from_config(text_config)
    embedding = decoder.get_input_embeddings().weight
    return next(name for name, parameter in decoder.named_parameters() if parameter is embedding)
