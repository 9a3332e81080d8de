"""From the `model` section to a model and its tokenizer, saying where every weight came from."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import nn
from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, GotOcr2Config, PreTrainedTokenizerFast, set_seed

from got_train.config import GROUPS, Group, ModelConfig
from got_train.foreign_files import reading
from got_train.model.convert import current_name, encoder_state, read_state, transformers_name
from got_train.model.got import GotModel, got_config, group_of
from got_train.model.initialize import initialize
from got_train.model.processor import generation_config
from got_train.model.shapes import (
    config_and_layout,
    decoder_config,
    read_decoder_config,
    read_got_config,
    with_shape_of_checkpoint,
)
from got_train.model.tokenizer import load_tokenizer
from got_train.model.weights import check_numbers, local_folder, read_tensors
from got_train.report import UserError, counted, table
from got_train.run_folders import whole_checkpoint
from got_train.vocabulary import IMAGE_PAD


@dataclass
class LoadReport:
    """Where the weights came from, for the log."""

    rows: list[tuple[str, str, int, int]] = field(default_factory=list)
    """Module group, source, tensors loaded, tensors new (drawn at random)."""
    left_over: dict[str, list[str]] = field(default_factory=dict)
    """Tensors of a source that the model has no place for."""

    def __str__(self) -> str:
        lines = [table(["weights", "source", "tensors loaded", "new"], self.rows)]
        for source, names in self.left_over.items():
            shown = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
            lines.append(f"left over in {source}: {len(names)} tensors ({shown})")
        return "\n".join(lines)


def model_tokenizer(config: ModelConfig) -> PreTrainedTokenizerFast:
    """The tokenizer of the model that `build_model` builds; no weights are read.

    Raises:
        UserError: for a source that does not exist.
    """
    if config.whole is not None:
        return load_tokenizer(whole_checkpoint("model.path", config.whole))
    decoder_path = config.decoder.path if config.init == "pretrained" else None
    own = "gpt2" if config.decoder.model_type == "opt" else "qwen"
    return load_tokenizer(config.decoder.tokenizer or decoder_path or own)


def build_model(
    config: ModelConfig,
    max_length: int,
    seed: int,
    tokenizer: PreTrainedTokenizerFast | None = None,
    with_alphabet: bool = False,
) -> tuple[GotModel, PreTrainedTokenizerFast, LoadReport]:
    """The model of a run in float32, its tokenizer, and where the weights came from.

    Args:
        config: the `model` section.
        max_length: longest sample in tokens; learned position tables are made as long.
        seed: of the random weights.
        tokenizer: what `model_tokenizer` gives, if it has been loaded before.
        with_alphabet: whether the model gets an alphabet for auxiliary losses.

    Raises:
        UserError: for a source that does not exist, that lacks a tensor it should bring, or whose shape the
            section contradicts.
    """
    set_seed(seed)
    config = with_shape_of_checkpoint(config)
    tokenizer = tokenizer or model_tokenizer(config)
    if config.whole is not None:
        model, report = _whole_checkpoint(config.whole, tokenizer)
        model.set_alphabet(with_alphabet)
    else:
        model, report = _from_parts(config, max_length, tokenizer, with_alphabet)
    model.generation_config = generation_config(tokenizer)
    return model, tokenizer, report


def shape_of_model(config: ModelConfig, max_length: int, tokenizer: PreTrainedTokenizerFast) -> GotOcr2Config:
    """The configuration of the model that `build_model` builds; no weights are read.

    Raises:
        UserError: for a source that does not exist, or a shape that no model can have.
    """
    config = with_shape_of_checkpoint(config)
    if config.whole is not None:
        return read_got_config(whole_checkpoint("model.path", config.whole))
    decoder_path = config.decoder.path if config.init == "pretrained" else None
    text_config = decoder_config(config, decoder_path, len(tokenizer), max_length)
    text_config.pad_token_id = tokenizer.pad_token_id
    return got_config(config.encoder, text_config, tokenizer)


def _whole_checkpoint(path: str, tokenizer: PreTrainedTokenizerFast) -> tuple[GotModel, LoadReport]:
    source = whole_checkpoint("model.path", path)
    model = load_got(source)
    check_tokenizer(source, model, tokenizer)
    counts = Counter(group_of(name) for name, _ in model.named_parameters())
    return model, LoadReport([(group, source, counts[group], 0) for group in GROUPS])


def check_tokenizer(source: str, model: GotModel, tokenizer: PreTrainedTokenizerFast) -> None:
    """Refuses a model with the tokenizer of another one.

    Raises:
        UserError: if they have not the same image token, or the model has too few embeddings.
    """
    image, size = tokenizer.convert_tokens_to_ids(IMAGE_PAD), model.config.text_config.vocab_size
    if image != model.config.image_token_id or len(tokenizer) > size:
        raise UserError(
            f"{source} has the tokenizer of another model: {IMAGE_PAD} is {image} of {len(tokenizer)} tokens "
            f"there, the model's image token {model.config.image_token_id} of {size}"
        )


def _from_parts(
    config: ModelConfig, max_length: int, tokenizer: PreTrainedTokenizerFast, with_alphabet: bool
) -> tuple[GotModel, LoadReport]:
    sources = config if config.init == "pretrained" else ModelConfig(init="random")
    decoder_path = sources.decoder.path
    # Before the model is made, which is as large as config.json says: the weights have to be so, too.
    decoder = None if decoder_path is None else _decoder_state(decoder_path)
    model = GotModel(shape_of_model(config, max_length, tokenizer))
    initialize(model)
    model.set_alphabet(with_alphabet)
    report = LoadReport()
    given: dict[Group, tuple[str, dict[str, torch.Tensor]]] = {}
    if sources.encoder.path is not None:
        given["encoder"] = (sources.encoder.path, encoder_state(sources.encoder.path))
    if sources.init_from is not None:
        given |= _previous_stage(sources.init_from, model)
    if decoder_path is not None and decoder is not None:
        given["decoder"] = (decoder_path, _fitted(decoder, model))
    for group in GROUPS:
        _load_group(model, group, given.get(group), report)
    return model, report


def load_got(source: str) -> GotModel:
    """A checkpoint in either layout, in float32.

    Raises:
        UserError: if it is none, or tensors are missing.
    """
    config, layout = config_and_layout(source)
    named = transformers_name if layout == "original" else current_name
    # Names and shapes are compared before anything is as large as config.json says.
    state = read_state(local_folder(source), config, named)
    with reading(source):
        model = GotModel.from_pretrained(None, config=config, state_dict=state, dtype=torch.float32)
        model.name_or_path = ""  # or peft asks the hub, at each save, for a model of the name "None"
        # Not all that is wrong in config.json shows in the weights: two tokens try the numbers of heads.
        with torch.no_grad():
            model.model.language_model(inputs_embeds=torch.zeros(1, 2, config.text_config.hidden_size))
    return model


def _previous_stage(path: str, model: GotModel) -> dict[Group, tuple[str, dict[str, torch.Tensor]]]:
    """Encoder of the stage before, and its connector where it has this model's shape."""
    source = whole_checkpoint("model.init_from", path)
    previous = load_got(source)
    if model.alphabet is None:
        previous.set_alphabet(False)
    state, own = previous.state_dict(), model.state_dict()
    given: dict[Group, tuple[str, dict[str, torch.Tensor]]] = {}
    for group in ("encoder", "connector"):
        tensors = {name: tensor for name, tensor in state.items() if group_of(name) == group}
        if group == "encoder" or all(own[name].shape == tensor.shape for name, tensor in tensors.items()):
            given[group] = (source, tensors)
    return given


def _decoder_state(path: str) -> dict[str, torch.Tensor]:
    """The weights of a decoder under the names of the model that it becomes a part of.

    Args:
        path: folder or hub id.

    Raises:
        UserError: if there is none, or tensors are missing or have another shape than `config.json` says.
    """
    config = read_decoder_config(path)
    kind = MODEL_FOR_CAUSAL_LM_MAPPING[type(config)]  # transformers' own class, never one of the folder
    tensors = read_tensors(path)
    # Older decoders have masks among their weights, which are no such numbers.
    check_numbers(path, {name: tensor for name, tensor in tensors.items() if tensor.dtype.is_floating_point})
    check_size(path, partial(kind, config), tensors)
    with reading(path):
        causal, info = kind.from_pretrained(
            None,
            config=config,
            state_dict=tensors,
            dtype=torch.float32,
            output_loading_info=True,
            ignore_mismatched_sizes=True,
        )
    if missing := sorted(info["missing_keys"]):
        raise UserError(f"{path} lacks {counted(len(missing), 'tensor')}: {', '.join(missing[:4])}")
    for name, shape, wanted in sorted(info["mismatched_keys"]):
        raise UserError(f"{path}: {name} has shape {tuple(shape)}, config.json asks for {tuple(wanted)}")
    prefix = f"{causal.base_model_prefix}."
    return {
        f"model.language_model.{name.removeprefix(prefix)}" if name.startswith(prefix) else name: tensor
        for name, tensor in causal.state_dict().items()
    }


def _fitted(state: dict[str, torch.Tensor], model: GotModel) -> dict[str, torch.Tensor]:
    """A decoder's weights with tables that are cut or grown to a model's sizes."""
    own = model.state_dict()
    for name, tensor in state.items():
        if name.endswith("embed_positions.weight") and tensor.shape != own[name].shape:
            state[name] = stretch_positions(tensor, len(own[name]))
        elif name in (*model._tied_weights_keys, *model._tied_weights_keys.values()):
            state[name] = resize_vocabulary(tensor, len(own[name]))
    if model.config.tie_word_embeddings:
        state.pop("lm_head.weight", None)
    return state


def check_size(source: str, build: Callable[[], nn.Module], tensors: Mapping[str, torch.Tensor]) -> None:
    """Refuses a configuration whose model would be much larger than the weights, before there is one.

    Args:
        source: of both.
        build: makes the model.
        tensors: the weights.

    Raises:
        UserError: if it would be.
    """
    with reading(source), torch.device("meta"):
        wanted = sum(weights.numel() for weights in build().parameters())
    held = sum(tensor.numel() for tensor in tensors.values())
    if wanted > 2 * held:  # a tied head may be missing
        raise UserError(f"{source}: config.json asks for {wanted:,} numbers, the weights are {held:,}")


def stretch_positions(table: torch.Tensor, length: int, offset: int = 2) -> torch.Tensor:
    """OPT's learned positions, linearly interpolated to more positions.

    Args:
        table: `(offset + positions, width)`; OPT keeps its first `offset` rows apart.
        length: rows wanted, `offset` included.
        offset: rows that are not positions.
    """
    positions = table[offset:].T[None]  # (1, width, positions)
    stretched = nn.functional.interpolate(positions, size=length - offset, mode="linear", align_corners=True)
    return torch.cat([table[:offset], stretched[0].T])


def resize_vocabulary(table: torch.Tensor, size: int) -> torch.Tensor:
    """Rows of a token table cut to `size`, or grown with their mean, which predicts new tokens neutrally."""
    if size <= len(table):
        return table[:size]
    return torch.cat([table, table.mean(dim=0, keepdim=True).expand(size - len(table), -1)])


def _load_group(
    model: GotModel, group: Group, given: tuple[str, Mapping[str, torch.Tensor]] | None, report: LoadReport
) -> None:
    """Copies one group's tensors into the model; what a source should bring and does not is an error."""
    own = {name: parameter for name, parameter in model.named_parameters() if group_of(name) == group}
    if given is None:
        report.rows.append((group, "random", 0, len(own)))
        return
    source, state = given
    new = sorted(set(own) - set(state))
    # SAM has no strided convolutions, and runs without auxiliary losses have no alphabet.
    lacking = [name for name in new if "conv_upsampler" not in name and not name.startswith("alphabet.")]
    if lacking:
        raise UserError(
            f"{source} lacks {counted(len(lacking), f'{group} tensor')}: {', '.join(lacking[:4])}"
        )
    for name in sorted(set(own) & set(state)):
        if own[name].shape != state[name].shape:
            raise UserError(
                f"{source}: {name} has shape {tuple(state[name].shape)}, "
                f"this model's is {tuple(own[name].shape)}: make the {group} sections of the configs agree"
            )
        own[name].data.copy_(state[name])
    report.rows.append((group, source, len(own) - len(new), len(new)))
    left_over = sorted(set(state) - set(own))
    if left_over:
        report.left_over[source] = left_over
