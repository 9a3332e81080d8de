"""What an unknown key may stand for: a key of another section, a slip, or the word of another program."""

import dataclasses
import difflib
import typing
from collections.abc import Iterable, Iterator
from typing import Any

from got_train.arguments import argument_types
from got_train.config import Config
from got_train.report import did_you_mean

OTHER_NAMES = {
    **dict.fromkeys(("lr", "learningrate"), "train.learning_rate"),
    **dict.fromkeys(("epochs", "epoch", "num_epochs", "n_epochs"), "train.num_train_epochs"),
    **dict.fromkeys(("steps", "num_steps", "max_train_steps"), "train.max_steps"),
    **dict.fromkeys(
        ("batch_size", "train_batch_size", "micro_batch_size", "per_device_batch_size"),
        "train.per_device_train_batch_size or train.global_batch_size",
    ),
    "eval_batch_size": "train.per_device_eval_batch_size",
    **dict.fromkeys(
        ("gradient_accumulation", "grad_accum", "accumulation_steps"), "train.gradient_accumulation_steps"
    ),
    **dict.fromkeys(("warmup", "warmup_ratio"), "train.warmup_steps (below 1 a share of all steps)"),
    **dict.fromkeys(("scheduler", "lr_scheduler"), "train.lr_scheduler_type"),
    "optimizer": "train.optim",
    "wd": "train.weight_decay",
    **dict.fromkeys(("workers", "num_workers"), "train.dataloader_num_workers"),
    **dict.fromkeys(("r", "lora_r", "lora_rank"), "lora.rank"),
    **{f"lora_{name}": f"lora.{name}" for name in ("alpha", "dropout", "modules")},
    **dict.fromkeys(("target_modules", "lora_target_modules"), "lora.modules"),
    **dict.fromkeys(("quant_bits", "quantization_bit", "load_in_4bit"), "lora.quantization_bits=4"),
    **dict.fromkeys(
        ("train_type", "tuner_type", "sft_type", "finetuning_type", "adapter", "use_lora"),
        "lora.enabled=true",
    ),
    **dict.fromkeys(
        ("freeze_vit", "freeze_vision_tower", "freeze_encoder"), "train.learning_rates.encoder=0"
    ),
    **dict.fromkeys(("freeze_llm", "freeze_language_model"), "train.learning_rates.decoder=0"),
    **dict.fromkeys(("freeze_aligner", "freeze_multi_modal_projector"), "train.learning_rates.connector=0"),
    "vit_lr": "train.learning_rates.encoder",
    "aligner_lr": "train.learning_rates.connector",
    **dict.fromkeys(("dataset", "datasets", "train_file", "train_data"), "data.train"),
    **dict.fromkeys(("val_dataset", "eval_dataset", "validation"), "data.val"),
    **dict.fromkeys(("split_dataset_ratio", "val_size"), "data.val_ratio"),
    **dict.fromkeys(("image_folder", "image_dir", "media_dir"), "data.image_root"),
    **dict.fromkeys(("exp_name", "experiment_name"), "name"),
    **dict.fromkeys(("max_seq_length", "max_seq_len", "cutoff_len", "model_max_length"), "sample.max_length"),
    **dict.fromkeys(("model_name_or_path", "model_id_or_path", "base_model"), "model.path"),
    "resume_from_checkpoint": "resume",
}
"""What other programs call keys, by the last part of the name."""


def meant_key(name: str, section: Iterable[str], prefix: str) -> str:
    """A hint at the key that an unknown name may stand for: by its name elsewhere, or by its spelling."""
    outer, dot, inner = name.partition(".")
    if dot and outer in section:  # a key of the file; of a word it would be split
        return f"write `{inner}:` indented below `{outer}:`, or {prefix}{name}=VALUE on the command line"
    homes: dict[str, str] = {}
    for key in (*_keys(Config), *(f"train.{argument}" for argument in argument_types())):
        last = key.rpartition(".")[2]
        homes[last] = f"{homes[last]} or {key}" if last in homes else key
    homes |= OTHER_NAMES
    plain = name.lower().replace("-", "_")
    near = difflib.get_close_matches(name, section, n=1) or difflib.get_close_matches(
        plain, homes, n=1, cutoff=0.85 if prefix else 0.7
    )
    if plain not in homes and (not near or near[0] in section):
        return did_you_mean(name, section)
    return f"did you mean {homes.get(plain) or homes[near[0]]}?"


def _keys(section: Any, prefix: str = "") -> Iterator[str]:
    """The dotted names of all keys, also those of whole sections."""
    for name, hint in typing.get_type_hints(section).items():
        if name == "arguments":
            continue
        yield f"{prefix}{name}"
        if dataclasses.is_dataclass(hint):
            yield from _keys(hint, f"{prefix}{name}.")
