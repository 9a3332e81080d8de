"""The shape of a model: from the `model` section, and from the checkpoint that it names."""

from dataclasses import replace
from typing import Any

import torch
from transformers import CONFIG_MAPPING, AutoConfig, AutoModel, GotOcr2Config, PreTrainedConfig
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from got_train.config import DecoderConfig, EncoderConfig, ModelConfig, Value
from got_train.foreign_files import reading
from got_train.model.config_json import model_config
from got_train.model.got import GotModel, encoder_section
from got_train.model.original import Layout, layout_of_type, original_config
from got_train.report import UserError, did_you_mean, one_line, quoted
from got_train.run_folders import whole_checkpoint
from got_train.vocabulary import TileShape

DECODER_SHAPES: dict[str, dict[str, Value]] = {
    "qwen2": {
        "hidden_size": 1024,
        "intermediate_size": 2816,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "num_key_value_heads": 16,
        "max_position_embeddings": 32768,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1e6,
        "tie_word_embeddings": True,
    },
    "opt": {"dropout": 0.0},
}
"""The recipe's two decoders: Qwen-0.5B, and OPT-125M, whose shape is transformers' default."""

SIZES = (
    *("hidden_size", "word_embed_proj_dim", "intermediate_size", "ffn_dim", "num_hidden_layers"),
    *("num_attention_heads", "num_key_value_heads", "head_dim", "max_position_embeddings"),
)
"""Fields of decoders that are shown of a checkpoint; each architecture has some of them."""


FROM_ELSEWHERE = {
    **dict.fromkeys(("vocab_size", "pad_token_id"), "the tokenizer"),
    "model_type": "model.decoder.model_type",
}
"""Fields of decoders that `model.decoder.shape` cannot give."""


def model_tile_shape(config: ModelConfig) -> TileShape:
    """The tiles that the model of `build_model` takes; no weights are read.

    Raises:
        UserError: for a checkpoint that does not exist.
    """
    encoder = with_shape_of_checkpoint(config).encoder
    return TileShape(encoder.image_size, encoder.patch_size)


def with_shape_of_checkpoint(config: ModelConfig) -> ModelConfig:
    """The `model` section with the shapes and the architecture of what it starts from.

    `path` brings the shapes of encoder and decoder, `init_from` that of the encoder, and `decoder.path` an
    architecture. Beside `init_from`, fields of the encoder at their defaults follow the checkpoint.

    Raises:
        UserError: if the section gives a field another value than the checkpoint has.
    """
    if config.whole is not None:
        whole = read_got_config(whole_checkpoint("model.path", config.whole))
        return replace(config, encoder=encoder_section(whole), decoder=decoder_section(whole.text_config))
    decoder = replace(config.decoder, model_type=_model_type(config))
    if config.init == "random" or config.init_from is None:
        _check_global_layers(config.encoder)
        return replace(config, decoder=decoder)
    source = whole_checkpoint("model.init_from", config.init_from)
    encoder, default = encoder_section(read_got_config(source)), EncoderConfig()
    for name, value in vars(encoder).items():
        given = getattr(config.encoder, name)
        if given not in (value, getattr(default, name)):
            raise UserError(
                f"model.encoder.{name} is {given}, but the encoder of model.init_from {source} has {value}: "
                "leave it out"
            )
    return replace(config, encoder=encoder, decoder=decoder)


def _check_global_layers(encoder: EncoderConfig) -> None:
    """Refuses layers that the encoder lacks. The default list is made for 12 layers."""
    indexes, number = encoder.global_attn_indexes, encoder.num_hidden_layers
    is_given = encoder.window_size > 0 and indexes != EncoderConfig().global_attn_indexes
    if is_given and not all(0 <= index < number for index in indexes):
        raise UserError(
            f"model.encoder.global_attn_indexes {indexes}: with model.encoder.num_hidden_layers={number} "
            f"layers are counted from 0 to {number - 1}"
        )


def _model_type(config: ModelConfig) -> str:
    """The architecture of the decoder; that of `decoder.path` if there is one."""
    given, path = config.decoder.model_type, config.decoder.path
    if config.init == "random" or path is None:
        return given or "qwen2"
    model_type = str(read_decoder_config(path).model_type)
    if given not in (None, model_type):
        raise UserError(
            f"model.decoder.model_type is {given}, but model.decoder.path {path} holds a {model_type}: "
            "leave it out"
        )
    return model_type


def decoder_section(text_config: PreTrainedConfig) -> DecoderConfig:
    """The architecture and sizes of a checkpoint's decoder."""
    sizes = {name: getattr(text_config, name, None) for name in SIZES}
    return DecoderConfig(
        model_type=text_config.model_type,
        shape={name: size for name, size in sizes.items() if size is not None},
    )


def read_got_config(source: str) -> GotOcr2Config:
    """The configuration of a checkpoint of either layout, as transformers'.

    Raises:
        UserError: if there is none.
    """
    return config_and_layout(source)[0]


def config_and_layout(source: str) -> tuple[GotOcr2Config, Layout]:
    """As `read_got_config`, and the layout that its files have."""
    file, given = model_config(source)
    layout = layout_of_type(file.parent, given.get("model_type"))
    with reading(f"{file} does not describe a GOT model: it"):
        config = original_config(given) if layout == "original" else GotOcr2Config.from_dict(given)
        with torch.device("meta"):
            GotModel(config)
    return config, layout


def read_decoder_config(path: str) -> PreTrainedConfig:
    """The configuration of a decoder of a folder or hub id.

    Raises:
        UserError: if there is none.
    """
    file, given = model_config(path)
    model_type = given.pop("model_type", None)
    if not isinstance(model_type, str) or model_type not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        raise UserError(f"model.decoder.path {path} holds a {quoted(model_type)} model, which is no decoder")
    with reading(f"model.decoder.path: {file}"):
        return CONFIG_MAPPING[model_type].from_dict(given)


def decoder_config(
    config: ModelConfig, decoder_path: str | None, vocabulary_size: int, max_length: int
) -> PreTrainedConfig:
    """The decoder's configuration, with room for the vocabulary.

    Raises:
        UserError: for an architecture or a path that does not exist, or a shape that no decoder can have.
    """
    if decoder_path is None:
        kind = config.decoder.model_type or "qwen2"
        architectures = set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)
        if kind not in architectures:
            raise UserError(f"model.decoder.model_type {kind}: {did_you_mean(kind, architectures)}")
        allowed = set(AutoConfig.for_model(kind).to_dict())
        if "rope_parameters" in allowed:
            allowed.add("rope_theta")  # the short way that transformers still takes
        for name in config.decoder.shape:
            if name in FROM_ELSEWHERE:
                raise UserError(
                    f"model.decoder.shape.{name} follows from {FROM_ELSEWHERE[name]}: leave it out"
                )
            if name not in allowed:
                raise UserError(f"model.decoder.shape.{name}: {kind} has none, {did_you_mean(name, allowed)}")
        shape: dict[str, Any] = {**DECODER_SHAPES.get(kind, {}), **config.decoder.shape}
        shape |= {"vocab_size": vocabulary_size, "pad_token_id": 0}  # the tokenizer's own comes later
        given = f"model.decoder.shape {config.decoder.shape}"
        try:
            text_config = AutoConfig.for_model(kind, **shape)
            with torch.device("meta"):
                decoder = AutoModel.from_config(text_config)
        except Exception as error:  # of any kind: each architecture fails at numbers in its own way
            raise UserError(f"{given}: no {kind} can be built of it ({one_line(error)})") from None
        if any(parameter.numel() == 0 for parameter in decoder.parameters()):
            raise UserError(f"{given}: some weights of this {kind} are empty, every size must be at least 1")
        _check_heads(text_config.to_dict(), set(config.decoder.shape))
    else:
        text_config = read_decoder_config(decoder_path)
        text_config.vocab_size = vocabulary_size
    positions = config.decoder.shape.get("max_position_embeddings")
    if isinstance(positions, int) and positions < max_length:
        raise UserError(
            f"model.decoder.shape.max_position_embeddings {positions} is less than sample.max_length, "
            f"{max_length}"
        )
    if text_config.model_type == "opt":
        text_config.max_position_embeddings = positions or max(max_length, 2048)
    return text_config


def _check_heads(shape: dict[str, Any], given: set[str]) -> None:
    """Refuse given numbers of heads that a decoder would fail at in its first batch only.

    Not every architecture has these names, nor keeps to multiples in what it has by default; one whose heads
    have a width of their own does not share out `hidden_size`.
    """
    width, heads = shape.get("hidden_size"), shape.get("num_attention_heads")
    if not (width and heads):
        return
    shared = width // heads
    head = shape.get("head_dim") or shared
    pairs = [("hidden_size", "num_attention_heads")] if head == shared else []
    for whole, part in [*pairs, ("num_attention_heads", "num_key_value_heads")]:
        if {whole, part} & given and shape.get(part) and shape[whole] % shape[part]:
            raise UserError(
                f"model.decoder.shape.{whole} {shape[whole]} is not a multiple of "
                f"model.decoder.shape.{part} {shape[part]}"
            )
    if "rope_parameters" in shape and head % 2:
        raise UserError(
            f"model.decoder.shape.num_attention_heads {heads}: heads would be {head} wide, "
            "and rotary positions need an even width"
        )
