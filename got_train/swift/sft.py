"""`swift sft`: makes a config of a command line, prints it, and trains with it."""

import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from got_train.config import GROUPS, Config, Group
from got_train.config_file import read_config
from got_train.config_folder import CONFIGS
from got_train.foreign_files import read_json
from got_train.ranks import say, world_size
from got_train.report import StoppedError, UserError
from got_train.run_folders import CONFIG_FILE
from got_train.swift.command_line import (
    CommandLine,
    idle_remarks,
    image_root,
    in_words_of_swift,
    launch_words,
    plain_value,
    read_command_line,
    remarks,
    shown,
    system_text,
)
from got_train.swift.options import MODEL_TYPES, Version
from got_train.swift.sft_options import DEFAULTS, sft_options

Keys = dict[str, Any]
"""Values by the dotted names of a config."""

ZERO2 = CONFIGS / "deepspeed" / "zero2.json"
OTHER_STAGES = ["zero0", "zero1", "zero3", "zero2_offload", "zero3_offload"]
OTHER_STAGES += ["default-zero3", "zero2-offload", "zero3-offload"]  # swift 2's names

FREEZES: dict[Group, str] = {"encoder": "freeze_vit", "connector": "freeze_aligner", "decoder": "freeze_llm"}
FROZEN: dict[Version, tuple[Group, ...]] = {"2": (), "4": ("encoder", "connector")}
"""The groups that each version freezes by default; swift 2 reads these options only without adapters."""
FULL_RATE = 1e-5
"""swift's learning rate for full training."""
RELEASED = {"stepfun-ai/GOT-OCR2_0": "got_ocr2", "stepfun-ai/GOT-OCR-2.0-hf": "got_ocr2_hf"}
"""swift 4's types of the released models."""
RATES: dict[Group, str] = {"encoder": "vit_lr", "connector": "aligner_lr"}

HINTS = "hints name keys of the config, such as data.val, data.val_ratio, train.max_steps, train.eval_steps"

BF16: Keys = {"train.bf16": True}
FP16: Keys = {"train.bf16": False, "train.fp16": True}
LONG_NAMES = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}
DTYPES: dict[Version, dict[str, Keys]] = {
    "2": {"AUTO": BF16, "bf16": BF16, "fp16": FP16, "fp32": {"train.bf16": False}},
    "4": {"bfloat16": BF16, "float16": FP16, "float32": FP16},
}
"""The precision for each type of the weights. swift 4 trains float32 weights in 16-bit mixed precision."""


def sft(words: Sequence[str]) -> int:
    """Trains with the options of a command line; with `NPROC_PER_NODE` set, torchrun starts the processes.

    Raises:
        UserError: for an option that is not supported here, or a value that a config refuses.
    """
    options = sft_options()
    line = read_command_line("sft", words, options)
    notes = remarks(line) + freeze_remarks(line)
    given = sections(line, world_size())
    config = config_of(given, line)
    notes += idle_remarks(line, config)
    launch = launch_words("sft", words, os.environ)
    if launch is not None:
        print(f"swift: starts {' '.join(launch)}", flush=True)
        os.execv(sys.executable, launch)
    from got_train.training.train import train

    head = f"# the config of this command line of swift {line.version}; `got-train train` takes it as a file"
    text = OmegaConf.to_yaml(OmegaConf.create(given))
    notes.append(in_words_of_swift(HINTS, line, options))
    say("\n".join([*(f"swift: {note}" for note in notes), head, text]))
    try:
        train(config, dry_run=line.dry_run)
    except (UserError, StoppedError) as error:
        raise type(error)(in_words_of_swift(str(error), line, options)) from error
    return 0


def config_of(given: dict[str, Any], line: CommandLine) -> Config:
    """The configuration of the sections for a command line; error messages also name swift's options."""
    try:
        return read_config(given)
    except UserError as error:
        mistakes = str(error).splitlines()
    for name, option in line.options.items():
        if option.key:
            origin = f" (it comes from --{shown(name, line.given[name])})"
            mistakes = [mistake + origin * (option.key in mistake) for mistake in mistakes]
    raise UserError("\n".join(mistakes))


def sections(line: CommandLine, world_size: int) -> dict[str, Any]:
    """The sections of the config for a command line.

    Args:
        line: the command line of `swift sft`.
        world_size: number of training processes; swift's default accumulation depends on it.
    """
    direct = direct_keys(line)
    uses_lora = trains_adapters(line)
    given = {
        **model_keys(line, uses_lora),
        **data_keys(line),
        **(lora_keys(line) if uses_lora else full_keys(line)),
        **precision_keys(line, uses_lora),
        **step_keys(line, direct, uses_lora, world_size),
        **deepspeed_keys(line),
        **direct,
    }
    own_lora = not uses_lora or trains_earlier_adapters(line)
    defaults = {
        key: value[line.version]
        for key, value in DEFAULTS.items()
        if key not in given and value[line.version] is not None and not (own_lora and key.startswith("lora."))
    }
    nested = OmegaConf.create()
    for key, value in (given | defaults).items():
        OmegaConf.update(nested, key, value)
    return dict(OmegaConf.to_container(nested))


def direct_keys(line: CommandLine) -> Keys:
    """The keys that are set by a single option each.

    Raises:
        UserError: if two options set the same key.
    """
    keys: Keys = {}
    setters: dict[str, str] = {}
    for name, words in line.given.items():
        key = line.options[name].key
        if not key:
            continue
        if key in setters:
            raise UserError(f"--{setters[key]} and --{name} are the same option: give one of them")
        setters[key] = name
        value = plain_value(words)
        if key == "data.weights" and not isinstance(value, list):
            value = [value]
        if key == "lora.alpha" and isinstance(value, float) and value.is_integer():
            value = int(value)  # swift 4 writes 32.0
        keys[key] = value
    return keys


def model_keys(line: CommandLine, uses_lora: bool) -> Keys:
    """The model, and the name and folder of the run: `output/MODEL/vN-date-time` as in swift.

    swift 4 puts `vN-date-time` directly into a folder that is named: the name of the run is then `.`.
    """
    model_type = line.word("model_type")
    if model_type is not None and model_type not in MODEL_TYPES:
        allowed = ", ".join(MODEL_TYPES)
        raise UserError(f"--model_type {model_type} is not supported here: allowed are {allowed}")
    path = line.word("model", "model_id_or_path")
    if path is None and line.version == "4":
        raise UserError("--model must be given: a folder, or an id such as stepfun-ai/GOT-OCR-2.0-hf")
    path = path or "stepfun-ai/GOT-OCR2_0"
    output = line.word("output_dir")
    if line.version == "2":
        name = "got-ocr2"
    else:
        name = "." if output else Path(path).name
    keys: Keys = {"name": name, "output_dir": output or "output"}
    resume = line.word("resume_from_checkpoint")
    if line.flag("resume_only_model"):
        if resume is None:
            raise UserError("--resume_only_model needs --resume_from_checkpoint")
        if uses_lora:
            keys["lora.adapters"] = resume
        else:
            path = resume
        resume = None
    if resume and Path(resume).is_dir() and not (Path(resume) / CONFIG_FILE).is_file():
        raise UserError(
            f"--resume_from_checkpoint {resume} was not written by got-train (it has no {CONFIG_FILE}): "
            "take its weights alone with --resume_only_model true"
        )
    return keys | ({"resume": resume} if resume else {}) | {"model.path": path}


def data_keys(line: CommandLine) -> Keys:
    """The data sets, and what happens to bad rows."""
    train = data_sets(line, "dataset", "custom_train_dataset_path")
    if not train:
        raise UserError("--dataset must be given, as in --dataset train.jsonl#5000")
    ratio = line.number("split_dataset_ratio", "dataset_test_ratio")
    if line.version == "4" and (line.word("eval_strategy") or line.word("save_strategy")) == "no":
        ratio = 0.0  # the rows would have no use
    length = line.number("max_length")
    strategy = line.word("check_dataset_strategy")
    if strategy not in (None, "none", "discard", "warning", "error"):
        raise UserError(f"--check_dataset_strategy {strategy}: allowed are none, discard, warning, error")
    seed, own_seed = line.number("seed"), line.number("data_seed", "dataset_seed")
    if own_seed not in (None, DEFAULTS["train.seed"][line.version] if seed is None else seed):
        raise UserError(
            f"--seed and a data seed of {own_seed} differ: one seed, --seed, chooses rows and weights"
        )
    keys: Keys = {
        "data.train": train,
        "data.image_root": image_root() or None,
        "data.val": data_sets(line, "val_dataset", "custom_val_dataset_path") or None,
        "data.val_ratio": ratio,
        "sample.max_length": DEFAULTS["sample.max_length"]["4"] if length == -1 else length,
        "sample.system": system_text(line),
        "data.on_error": "raise" if strategy == "error" or line.flag("strict") else None,
    }
    return {key: value for key, value in keys.items() if value is not None}


def data_sets(line: CommandLine, *names: str) -> list[str]:
    """The data sets of some options; swift 2 also separates them by commas."""
    words = line.words(*names)
    if line.version == "2" and len(words) == 1 and not Path(words[0]).exists():
        words = words[0].split(",")
    return words


def trains_adapters(line: CommandLine) -> bool:
    """Whether LoRA is trained rather than all weights.

    Raises:
        UserError: for another method, or options of LoRA with full training.
    """
    kind = line.word("sft_type", "tuner_type", "train_type") or "lora"
    if kind not in ("lora", "full"):
        raise UserError(f"{kind} is not offered: train with lora or full")
    if kind == "full":
        for name, option in line.options.items():
            # Freezing options are not refused: they decide `lora.modules` and a learning rate.
            if option.key.startswith("lora.") or option.decides in ("lora.modules", "lora.quantization_bits"):
                raise UserError(
                    f"--{shown(name, line.given[name])} is not supported here: full trains no adapters"
                )
    return kind == "lora"


def trains_earlier_adapters(line: CommandLine) -> bool:
    """Whether adapters are trained on, which bring their modules, rank and alpha."""
    return "adapters" in line.given or line.flag("resume_only_model")


def frozen_groups(line: CommandLine) -> list[Group]:
    """The module groups that are frozen by options or by the version's defaults."""
    return [group for group in GROUPS if line.flag(FREEZES[group], group in FROZEN[line.version])]


def freeze_remarks(line: CommandLine) -> list[str]:
    """A warning if `--freeze_vit` is given with adapters: swift 2 ignores it there."""
    words = line.given.get("freeze_vit")
    if words is None or line.version == "4" or not trains_adapters(line):
        return []
    return [f"--{shown('freeze_vit', words)} changes nothing here: swift 2 reads it only for full training"]


def lora_keys(line: CommandLine) -> Keys:
    """The settings of adapters, in the module groups of swift's target modules."""
    targets = line.words("target_modules", "lora_target_modules") or ["all-linear", "DEFAULT"]
    by_default = set(targets) <= {"all-linear", "DEFAULT", "AUTO"}
    if not by_default and targets != ["ALL"]:
        raise UserError(
            f"target modules {' '.join(targets)} are not taken here: lora.modules names groups, not layers; "
            f"use {'DEFAULT or ALL' if line.version == '2' else 'all-linear with --freeze_vit and the like'}"
        )
    modules: list[Group] = ["decoder", "connector", "encoder"]
    if line.version == "4":
        modules = [group for group in modules if group not in frozen_groups(line)]
    elif by_default:
        modules = ["decoder", "connector"]
    keys: Keys = {"lora.enabled": True, **rate_keys(line, modules)}
    chosen = {"target_modules", "lora_target_modules", *FREEZES.values()} & line.given.keys()
    if chosen or not trains_earlier_adapters(line):
        keys["lora.modules"] = modules
    bits = line.number("quant_bits", "quantization_bit")
    if bits not in (None, 0, 4):
        raise UserError(f"{bits} bits are not offered: 4 are, with bitsandbytes")
    return keys | ({"lora.quantization_bits": 4} if bits == 4 else {})


def full_keys(line: CommandLine) -> Keys:
    """Learning rates for full training: 0 for groups that swift freezes."""
    frozen = frozen_groups(line)
    trained: list[Group] = [group for group in GROUPS if group not in frozen]
    rates: Keys = {f"train.learning_rates.{group}": 0.0 for group in frozen}
    rates |= rate_keys(line, trained)
    encoder, connector = (rates.get(f"train.learning_rates.{group}") for group in ("encoder", "connector"))
    if encoder != connector and aligner_has_convolutions(line):
        whole = line.number("learning_rate") or FULL_RATE
        rates["train.learning_rates.convolutions"] = whole if connector is None else connector
    return rates


def aligner_has_convolutions(line: CommandLine) -> bool:
    """Whether swift's aligner of this model is the connector and the two convolutions before it.

    So it is in swift 4 for models in the layout of transformers, and not for those in the original layout.

    Raises:
        UserError: if the layout cannot be told.
    """
    model, model_type = str(line.word("model")), line.word("model_type")
    if line.version == "2":
        return False
    if model_type is None and (Path(model) / "config.json").is_file():
        of_transformers = read_json(Path(model) / "config.json").get("model_type") == "got_ocr2"
        model_type = "got_ocr2_hf" if of_transformers else "got_ocr2"
    model_type = model_type or RELEASED.get(model.rpartition("::")[2])
    if model_type is None:
        raise UserError(
            f"--model {model}: add --model_type got_ocr2_hf (or got_ocr2 for the original layout), it says "
            "which weights swift's aligner has"
        )
    return model_type == "got_ocr2_hf"


def rate_keys(line: CommandLine, trained: list[Group]) -> Keys:
    """Learning rates that options set for single groups.

    Raises:
        UserError: for the rate of a group that is frozen.
    """
    keys: Keys = {}
    for group, name in RATES.items():
        rate = line.number(name)
        if rate is None:
            continue
        if group not in trained:
            raise UserError(f"--{name} has no effect without --{FREEZES[group]} false, as in swift")
        keys[f"train.learning_rates.{group}"] = rate
    return keys


def precision_keys(line: CommandLine, uses_lora: bool) -> Keys:
    """Mixed precision, which depends on the type of the weights."""
    name = "dtype" if line.version == "2" else "torch_dtype"
    given = line.word(name)
    allowed = DTYPES[line.version]
    if given is not None and given not in allowed:
        raise UserError(f"--{name} {given}: allowed are {', '.join(allowed)}")
    if given == "fp16" and not uses_lora:
        raise UserError("--dtype fp16 with --sft_type full overflows, as swift 2 says: use bf16")
    keys = dict(allowed[given]) if given else {}
    for half, other in (("bf16", "fp16"), ("fp16", "bf16")):
        if half in line.given:
            on = line.flag(half)
            keys |= {f"train.{half}": on} | ({f"train.{other}": line.flag(other)} if on else {})
    compute = line.word("bnb_4bit_comp_dtype", "bnb_4bit_compute_dtype")
    used = "fp16" if keys.get("train.fp16") else "bf16" if keys.get("train.bf16", True) else "fp32"
    if compute not in (None, "AUTO", used, LONG_NAMES[used]):
        raise UserError(
            f"--bnb_4bit_compute_dtype {compute} is not supported here: layers of 4 bits compute in the "
            f"precision of training, which is {LONG_NAMES[used]}"
        )
    return keys


def step_keys(line: CommandLine, direct: Keys, uses_lora: bool, world_size: int) -> Keys:
    """Batch sizes, steps and learning rates whose defaults depend on other options."""
    batch = direct.get("train.per_device_train_batch_size", 1)
    keys: Keys = {
        "train.learning_rate": 1e-4 if uses_lora else FULL_RATE,
        "train.per_device_eval_batch_size": batch if line.version == "2" else 1,
    }
    if isinstance(batch, int) and batch > 0:  # the config refuses anything else
        keys["train.gradient_accumulation_steps"] = max(1, math.ceil(16 / batch / world_size))
    strategy = "steps"
    if line.version == "2":
        every = direct.get("train.eval_steps", 50 if uses_lora else 200)
    else:
        every = direct.get("train.save_steps", 500)
        strategy = line.word("save_strategy") or strategy
    keys |= {"train.eval_strategy": strategy, "train.eval_steps": every, "train.save_steps": every}
    limit = line.number("save_total_limit")
    if limit is not None:
        keys["train.save_total_limit"] = None if limit == -1 else limit
    steps, ratio = line.number("warmup_steps"), line.number("warmup_ratio")
    if steps and ratio:
        raise UserError("--warmup_steps and --warmup_ratio are both given: choose one")
    if ratio is not None and not 0 <= ratio < 1:
        raise UserError(f"--warmup_ratio {ratio} must be at least 0 and below 1")
    if steps or ratio is not None:
        keys["train.warmup_steps"] = steps or ratio
    if not line.flag("predict_with_generate", True):
        keys["eval.read_rows"] = 0
    return keys


def deepspeed_keys(line: CommandLine) -> Keys:
    """DeepSpeed's configuration: ZeRO-2 under swift's names, or the user's own file or mapping."""
    given = line.word("deepspeed", "deepspeed_config_path")
    if given is None:
        return {}
    if given in OTHER_STAGES:
        raise UserError(f"--deepspeed {given} is not offered: use zero2, or name a JSON file of your own")
    if given in ("zero2", "default-zero2"):
        given = str(ZERO2)
    return {"train.deepspeed": plain_value([given]) if given.startswith("{") else given}
