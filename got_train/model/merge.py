"""Adapter checkpoints: putting them back on their base model, and merging them into a plain folder."""

from dataclasses import replace
from pathlib import Path

import torch
from peft import PeftConfig, PeftModel, get_peft_model, set_peft_model_state_dict
from peft.utils import load_peft_weights
from transformers import PreTrainedTokenizerFast

from got_train.config import CONFIG_FILE, Config, DataConfig, ModelConfig
from got_train.config_file import load_config, to_yaml
from got_train.model.adapters import PEFT_PREFIX, linear_layers
from got_train.model.convert import current_name, transformers_name
from got_train.model.got import GotModel, config_tokens_per_tile
from got_train.model.loading import build_model, load_got, resolve_checkpoint
from got_train.model.processor import build_processor
from got_train.model.quantize import round_to_4_bits
from got_train.model.tokenizer import load_tokenizer
from got_train.model.weights import ADAPTER_FILE, read_json
from got_train.prompts import FrameName
from got_train.report import UserError

SWIFT_FILES = {"args.json": "model", "sft_args.json": "model_id_or_path"}
"""Where ms-swift keeps the options of a run in its checkpoints (swift 3 and 4, swift 2), and the model's."""

ORIGINAL_MODULES = ("model.layers.", "model.vision_tower_high.", "model.mm_projector_vary.")
"""Beginnings of the names of layers in the original layout, which ms-swift trains as it is."""

TOLERANCE = 1e-3
"""Largest difference of logits before and after a merge, relative to the largest logit (float32)."""


def load_checkpoint(
    path: str, base: str | None = None, frame: FrameName = "original"
) -> tuple[GotModel | PeftModel, PreTrainedTokenizerFast, Config]:
    """A model folder or an adapter checkpoint, with its tokenizer and the configuration of its run.

    Args:
        path: as `resolve_checkpoint` takes it.
        base: the model below adapters; default: the one that they were trained on.
        frame: of a model that keeps nothing about its run.

    Raises:
        UserError: if there is no model at `path`, or its adapters fit no model.
    """
    folder = resolve_checkpoint(path)
    config = run_config(Path(folder), base, frame)
    if not holds_adapters(folder):
        return load_got(folder), load_tokenizer(folder), config
    try:
        model, tokenizer, _ = build_model(config.model, config.data.max_length, config.seed)
    except UserError as error:
        raise UserError(f"{folder} holds adapters, and their base model cannot be read: {error}") from None
    if config.lora.quantization_bits is not None:
        round_to_4_bits(model, linear_layers(model, config.lora.modules))
    return add_adapters(model, folder), tokenizer, config


def holds_adapters(folder: str) -> bool:
    """Whether a checkpoint is adapters rather than a whole model."""
    return (Path(folder) / ADAPTER_FILE).is_file()


def run_config(folder: Path, base: str | None, frame: FrameName) -> Config:
    """The resolved configuration that training left in a checkpoint, or the little that is known without it.

    Args:
        folder: the checkpoint, ours or ms-swift's.
        base: as in `load_checkpoint`.
        frame: where neither program left a word.
    """
    if (folder / CONFIG_FILE).is_file():
        config = load_config(folder / CONFIG_FILE)
        return config if base is None else replace(config, model=ModelConfig(path=base))
    trained = swift_model(folder)
    if base is None and holds_adapters(str(folder)):
        base = _base_model(folder, trained)
    data = DataConfig(train=[], frame=frame if trained is None else "swift")
    return Config(name=folder.name, model=ModelConfig(path=base), data=data)


def swift_model(folder: Path) -> str | None:
    """The model that ms-swift trained, by the options in its checkpoint; None for any other folder."""
    files = [(folder / file, key) for file, key in SWIFT_FILES.items() if (folder / file).is_file()]
    return next((read_json(file).get(key) for file, key in files), None)


def _base_model(folder: Path, trained: str | None) -> str:
    """The model that foreign adapters belong to: the folder that they name if it is here, else the hub's id.

    ms-swift trains a copy in its cache, which is no use on another computer.
    """
    named = read_json(folder / ADAPTER_FILE).get("base_model_name_or_path")
    base = named if named is not None and Path(named).is_dir() else trained or named
    if base is None:
        raise UserError(
            f"{folder} holds adapters and does not name their base model: "
            "`got-train swift infer` and `swift export` take it as --model"
        )
    return str(base)


def add_adapters(model: GotModel, folder: str) -> PeftModel:
    """A base model with the adapters of a folder, whatever its layers were called where they were trained.

    peft would leave out, without an error, what it finds no layer for.

    Raises:
        UserError: if the adapters do not fit.
    """
    try:
        saved = load_peft_weights(folder, device="cpu")
        state = {_own_name(name): tensor for name, tensor in saved.items()}
        layers = [name.removeprefix(PEFT_PREFIX).partition(".lora_A.") for name in state]
        config = PeftConfig.from_pretrained(folder)
        config.target_modules = [layer for layer, found, _ in layers if found]
        adapted = get_peft_model(model, config)
        left_over = set_peft_model_state_dict(adapted, state).unexpected_keys
    except (KeyError, OSError, RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"the adapters of {folder} do not fit their base model: {reason}") from None
    if left_over:
        raise UserError(
            f"the adapters of {folder} do not fit their base model: it has no place for {len(left_over)} "
            f"tensors, among them {left_over[0]}"
        )
    return adapted


def _own_name(name: str) -> str:
    """This model's name of an adapter trained on the original layout, or under an older transformers."""
    layer = name.removeprefix(PEFT_PREFIX)
    own = transformers_name(layer) if layer.startswith(ORIGINAL_MODULES) else current_name(layer)
    return PEFT_PREFIX + own


def merged_folder(checkpoint: str) -> Path:
    """The folder beside a checkpoint that it is merged into unless another is named."""
    return Path(f"{checkpoint.rstrip('/')}-merged")


def merge_message(folder: Path, difference: float) -> str:
    """What there is to say after a merge."""
    return f"merged into {folder} (logits before and after differ by {difference:.2g} of the largest)"


def merge(
    checkpoint: str, output: str | None = None, base: str | None = None, frame: FrameName = "original"
) -> tuple[Path, float]:
    """Writes an adapter checkpoint as a plain model folder.

    Args:
        checkpoint: adapter checkpoint, or a run folder with one.
        output: folder to write; default: `merged_folder`.
        base: as in `load_checkpoint`.
        frame: as in `load_checkpoint`.

    Returns:
        The folder, and the largest difference of logits before and after, relative to the largest logit.

    Raises:
        UserError: if the checkpoint has no adapters, the folder exists, or the logits differ.
    """
    source = resolve_checkpoint(checkpoint)
    target = Path(output) if output else merged_folder(source)
    if target.exists():
        raise UserError(f"{target} exists: remove it or name another folder with --output")
    model, tokenizer, config = load_checkpoint(source, base, frame)
    if not isinstance(model, PeftModel):
        raise UserError(f"{source} has no adapters: it is a plain model already")
    model.eval()
    before = probe_logits(model)
    merged = model.merge_and_unload()
    difference = float((probe_logits(merged) - before).abs().max() / before.abs().max())
    if difference > TOLERANCE:
        raise UserError(f"merged and unmerged logits differ by {difference:.2g} of the largest: not written")
    save_model_folder(merged, tokenizer, config, target)
    return target, difference


@torch.no_grad()
def probe_logits(model: GotModel | PeftModel) -> torch.Tensor:
    """Logits `(1, length, vocabulary)` for a random picture and random tokens, always the same ones."""
    config = model.config
    rng = torch.Generator().manual_seed(0)
    size = config.vision_config.image_size
    pixels = torch.randn(1, 3, size, size, generator=rng)
    text = torch.randint(0, min(config.text_config.vocab_size, config.image_token_id), (16,), generator=rng)
    pads = torch.full((config_tokens_per_tile(config),), config.image_token_id)
    logits: torch.Tensor = model(input_ids=torch.cat([pads, text])[None], pixel_values=pixels).logits
    return logits


def save_model_folder(
    model: GotModel, tokenizer: PreTrainedTokenizerFast, config: Config, folder: Path
) -> None:
    """Weights, tokenizer, processor and configuration: all that inference and other programs need."""
    model.save_pretrained(folder)
    build_processor(model.config, tokenizer).save_pretrained(folder)
    (folder / CONFIG_FILE).write_text(to_yaml(config))
