"""Merges adapters into a plain model folder."""

from pathlib import Path

import torch
from peft import PeftModel
from transformers import PreTrainedTokenizerFast

from got_train.config import Config
from got_train.config_file import to_yaml
from got_train.files import atomic_folder
from got_train.model.card import model_card
from got_train.model.checkpoints import load_checkpoint
from got_train.model.got import GotModel, tile_shape
from got_train.model.processor import build_processor, save_processor
from got_train.model.weights import not_finite
from got_train.prompts import TemplateName
from got_train.report import UserError, printable
from got_train.run_folders import CONFIG_FILE, merge_folders
from got_train.shortages import naming_memory

TOLERANCE = 1e-3
"""Largest difference of logits before and after a merge, relative to the largest logit (float32)."""


def merge_message(folder: Path, difference: float) -> str:
    """The line that is printed after a merge."""
    place = printable(str(folder))
    return f"merged into {place} (logits before and after differ by {difference:.2g} of the largest)"


def merge(
    checkpoint: str, output: str | None = None, base: str | None = None, template: TemplateName = "original"
) -> tuple[Path, float]:
    """Writes an adapter checkpoint as a plain model folder.

    Args:
        checkpoint: an adapter checkpoint, or a run folder with one.
        output: folder to write; default: `merged_folder`.
        base: as in `load_checkpoint`.
        template: as in `load_checkpoint`.

    Returns:
        The folder, and the largest difference of logits before and after, relative to the largest logit.

    Raises:
        UserError: if the checkpoint has no adapters, the folder exists, weights are not finite, or the
            logits differ.
    """
    source, target = merge_folders(checkpoint, output)
    with naming_memory(lambda: f"merging {source}", "its weights are held in memory: end other programs"):
        return target, _write_merged(source, target, base, template)


def _write_merged(source: str, target: Path, base: str | None, template: TemplateName) -> float:
    """Writes the merged model; returns the largest difference of logits."""
    model, tokenizer, config = load_checkpoint(source, base, template)
    if not isinstance(model, PeftModel):
        raise UserError(f"{source} has no adapters: it is a plain model already")
    model.eval()
    before = probe_logits(model)
    merged = model.merge_and_unload()
    difference = float((probe_logits(merged) - before).abs().max() / before.abs().max())
    bad = not_finite(merged.named_parameters())
    if bad is not None:
        raise UserError(f"{source}: {bad} is not finite after the merge: not written")
    if not difference <= TOLERANCE:  # nan too
        raise UserError(f"merged and unmerged logits differ by {difference:.2g} of the largest: not written")
    with atomic_folder(target) as folder:
        save_model_folder(merged, tokenizer, config, folder)
        card = model_card(config, Path(source), merged.is_stock)
        (folder / "README.md").write_text(card, encoding="utf-8")
    return difference


@torch.no_grad()
def probe_logits(model: GotModel | PeftModel) -> torch.Tensor:
    """Logits `(1, length, vocabulary)` for a random image and random tokens, the same in every call."""
    config = model.config
    rng = torch.Generator().manual_seed(0)
    size = config.vision_config.image_size
    pixels = torch.randn(1, 3, size, size, generator=rng)
    text = torch.randint(0, min(config.text_config.vocab_size, config.image_token_id), (16,), generator=rng)
    pads = torch.full((tile_shape(config).num_tokens,), config.image_token_id)
    return model(input_ids=torch.cat([pads, text])[None], pixel_values=pixels).logits


def save_model_folder(
    model: GotModel, tokenizer: PreTrainedTokenizerFast, config: Config, folder: Path
) -> None:
    """Saves weights, tokenizer, processor and configuration: all that inference and other programs need."""
    model.save_pretrained(folder)
    save_processor(build_processor(model.config, tokenizer, config.sample), folder)
    (folder / CONFIG_FILE).write_text(to_yaml(config), encoding="utf-8")
