"""Adapter checkpoints: putting them back on their base model, and merging them into a plain folder."""

from pathlib import Path

import torch
from peft import PeftModel
from transformers import PreTrainedTokenizerFast

from got_train.config import CONFIG_FILE, Config
from got_train.config_file import load_config, to_yaml
from got_train.model.adapters import linear_layers
from got_train.model.got import GotModel, config_tokens_per_tile
from got_train.model.loading import build_model, load_got, resolve_checkpoint
from got_train.model.processor import build_processor
from got_train.model.quantize import round_to_4_bits
from got_train.model.tokenizer import load_tokenizer
from got_train.report import UserError

TOLERANCE = 1e-3
"""Largest difference of logits before and after a merge, relative to the largest logit (float32)."""


def load_checkpoint(path: str) -> tuple[GotModel | PeftModel, PreTrainedTokenizerFast, Config | None]:
    """A model folder or an adapter checkpoint, with its tokenizer and the configuration of its run, if kept.

    Raises:
        UserError: if there is no model at `path`.
    """
    folder = resolve_checkpoint(path)
    config = run_config(Path(folder))
    if not (Path(folder) / "adapter_config.json").is_file():
        return load_got(folder), load_tokenizer(folder), config
    if config is None:
        raise UserError(f"{folder} holds adapters but no {CONFIG_FILE}, which names their base model")
    base, tokenizer, _ = build_model(config.model, config.data.max_length, config.seed)
    if config.lora.quantization_bits is not None:
        round_to_4_bits(base, linear_layers(base, config.lora.modules))
    return PeftModel.from_pretrained(base, folder), tokenizer, config


def run_config(folder: Path) -> Config | None:
    """The resolved configuration that training left in a checkpoint."""
    file = folder / CONFIG_FILE
    return load_config(file) if file.is_file() else None


def merge(checkpoint: str, output: str | None = None) -> tuple[Path, float]:
    """Writes an adapter checkpoint as a plain model folder.

    Args:
        checkpoint: adapter checkpoint, or a run folder with one.
        output: folder to write; default: the checkpoint's path and `-merged`.

    Returns:
        The folder, and the largest difference of logits before and after, relative to the largest logit.

    Raises:
        UserError: if the checkpoint has no adapters, the folder exists, or the logits differ.
    """
    source = resolve_checkpoint(checkpoint)
    target = Path(output or f"{source.rstrip('/')}-merged")
    if target.exists():
        raise UserError(f"{target} exists: remove it or name another folder with --output")
    model, tokenizer, config = load_checkpoint(source)
    if not isinstance(model, PeftModel) or config is None:
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
