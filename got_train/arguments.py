"""What is known here of `transformers.TrainingArguments`, whose names the `train` section takes.

torch and transformers are imported when they are needed: what only imports this should not wait for them.
"""

import ast
import builtins
import functools
import os
import types
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from got_train.config import ABOVE_0, AT_LEAST_0, AT_LEAST_1, HIGHER_IS_BETTER, MUON, RATE, Config
from got_train.foreign_files import read_json
from got_train.packages import package_folder
from got_train.report import UserError, one_line
from got_train.secrets import masked_values
from got_train.typed_values import Range

if TYPE_CHECKING:
    from transformers import TrainingArguments

DEFAULTS: dict[str, Any] = {
    "remove_unused_columns": False,
    "logging_first_step": True,  # so that every run has a curve
    "logging_nan_inf_filter": False,
    "optim": "adamw_torch_fused",  # transformers' own; its file computes it from the version of torch
    "report_to": "none",
    "label_names": ["labels"],
    "prediction_loss_only": True,
    "ddp_find_unused_parameters": False,  # every parameter has a gradient in every batch: GotModel.forward
}
"""Arguments whose own defaults do not fit, or do not stand in transformers' file; a config may set all of
them except the first."""

LOG_LEVELS = ("detail", "debug", "info", "warning", "error", "critical", "passive")
"""What `log_level` takes."""

COMPILE_ARGUMENTS = {"torch_compile": None, "torch_compile_backend": "backend", "torch_compile_mode": "mode"}
"""Arguments by which transformers would compile the model as a whole, and what `torch.compile` calls them.
Any of them asks for compilation, which is done layer by layer here."""

RESUMED_AS_BEFORE = (
    "learning_rate learning_rates lr_scheduler_type lr_scheduler_kwargs warmup_steps optim optim_args "
    "optim_target_modules weight_decay adam_beta1 adam_beta2 adam_epsilon max_grad_norm neftune_noise_alpha "
    "bf16 fp16 use_liger_kernel seed data_seed train_sampling_strategy dataloader_drop_last"
).split()
"""Keys of `train` that must stay when a run is resumed, since what a step does follows from them.
`training.resume` compares the number of samples in a step, the schedule, and how the best step is chosen."""


OWN_ARGUMENTS = {
    "output_dir": "use output_dir at the top level",
    "resume_from_checkpoint": "use resume at the top level",
    "remove_unused_columns": "samples are made by got-train, no column is unused",
    "do_train": "the command decides",
    "do_eval": "use eval_strategy",
    "do_predict": "use got-train infer",
    "per_gpu_train_batch_size": "use per_device_train_batch_size",
    "fsdp": "use train.deepspeed=configs/deepspeed/zero2.json",
    "fsdp_config": "use train.deepspeed=configs/deepspeed/zero2.json",
    "parallelism_config": "use torchrun, and train.deepspeed=configs/deepspeed/zero2.json",
    "accelerator_config": "batches and their accumulation follow from global_batch_size",
    "label_smoothing_factor": "the loss is computed without logits of the whole vocabulary at hand",
}
"""Arguments that would have no effect here, and what to use instead."""

ARGUMENT_RANGES: dict[str, Range] = {
    **dict.fromkeys(("per_device_train_batch_size", "per_device_eval_batch_size"), AT_LEAST_1),
    **dict.fromkeys(("gradient_accumulation_steps", "eval_accumulation_steps"), AT_LEAST_1),
    "dataloader_prefetch_factor": AT_LEAST_1,
    **dict.fromkeys(("dataloader_num_workers", "data_seed"), AT_LEAST_0),
    **dict.fromkeys(("learning_rate", "weight_decay", "max_grad_norm"), RATE),
    "adam_epsilon": ABOVE_0,  # a weight without a gradient would become 0 / 0
    **dict.fromkeys(("warmup_steps", "neftune_noise_alpha"), RATE),
    # torch takes no betas that are whole numbers
    **dict.fromkeys(
        ("adam_beta1", "adam_beta2"),
        (lambda beta: isinstance(beta, float) and 0 <= beta < 1, "at least 0.0 and below 1.0"),
    ),
    **dict.fromkeys(("num_train_epochs", "logging_steps", "save_steps", "eval_steps"), ABOVE_0),
    "max_steps": (lambda steps: steps >= 1 or steps == -1, "at least 1, or -1 to train for num_train_epochs"),
    "seed": (lambda seed: 0 <= seed < 2**32, "at least 0 and below 2**32"),
}
"""Ranges of arguments that are used here, or that nobody checks before they fail in the run."""


def argument_types() -> dict[str, Any]:
    """The type of each argument that a config may set, by its name, with its range where it has one."""
    hints = _types_in_source()
    literal: Any = Literal  # mypy takes no names that are only known here
    logger, level = literal["all", "none", *_loggers_in_source()], literal[*LOG_LEVELS]
    loggers = types.GenericAlias(list, logger)
    hints |= {"report_to": logger | loggers | None, "log_level": level, "log_level_replica": level}
    hints |= {"lr_scheduler_kwargs": dict[str, Any] | None}  # a text is not read there as one would think
    hints |= {name: Annotated[hints[name], range] for name, range in ARGUMENT_RANGES.items()}
    return {name: hints[name] for name in sorted(set(hints) - set(OWN_ARGUMENTS))}


class _Names(dict[str, Any]):
    """What annotations name; enumerations are written as texts."""

    def __missing__(self, name: str) -> Any:
        return getattr(builtins, name, str)


@functools.cache
def _fields_in_source() -> list[ast.AnnAssign]:
    """The fields of `TrainingArguments`, as its file has them: importing it takes seconds."""
    file = package_folder("transformers") / "training_args.py"
    [arguments] = [
        node
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and node.name == "TrainingArguments"
    ]
    fields = [field for field in arguments.body if isinstance(field, ast.AnnAssign)]
    return [field for field in fields if "init=False" not in ast.unparse(field)]


def _types_in_source() -> dict[str, Any]:
    names = _Names(Any=Any, Literal=Literal)
    return {
        ast.unparse(field.target): eval(ast.unparse(field.annotation), {"__builtins__": {}}, names)
        for field in _fields_in_source()
    }


@functools.cache
def _loggers_in_source() -> tuple[str, ...]:
    """The names that `report_to` takes, as they stand in transformers' file."""
    file = package_folder("transformers") / "integrations" / "integration_utils.py"
    [table] = [
        node.value
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "INTEGRATION_TO_CALLBACK"
    ]
    assert isinstance(table, ast.Dict)
    return tuple(ast.literal_eval(key) for key in table.keys if key is not None)


@functools.cache
def argument_defaults() -> dict[str, Any]:
    """The value of each argument that a config does not set."""
    defaults = {}
    for field in _fields_in_source():
        default = field.value
        if isinstance(default, ast.Call):  # field(default=...), or field(default_factory=...)
            default = next((word.value for word in default.keywords if word.arg == "default"), None)
        if default is not None and not isinstance(default, ast.Name):
            defaults[ast.unparse(field.target)] = ast.literal_eval(default)
    return defaults | DEFAULTS


def argument(config: Config, name: str) -> Any:
    """The value of an argument: the config's, or the default."""
    return config.train.arguments.get(name, argument_defaults()[name])


def accumulation_steps(config: Config, world_size: int) -> int:
    """Batches whose gradients are added up before an optimizer step.

    With `tokens_per_batch` they follow from the lengths of the rows: see `StepPlan.least_accumulation`.

    Raises:
        UserError: if `global_batch_size` cannot be divided evenly.
    """
    total = config.train.global_batch_size
    if total is None:
        return int(argument(config, "gradient_accumulation_steps"))
    if "gradient_accumulation_steps" in config.train.arguments:
        raise UserError(
            "train.gradient_accumulation_steps is derived from train.global_batch_size: set one of them only"
        )
    if config.train.tokens_per_batch is not None:
        if total < world_size:
            raise UserError(
                f"train.global_batch_size {total} is less than one sample on each of {world_size} devices"
            )
        return 1
    per_step = int(argument(config, "per_device_train_batch_size")) * world_size
    if total % per_step:
        raise UserError(
            f"train.global_batch_size {total} is not a multiple of {per_step} "
            f"(train.per_device_train_batch_size {per_step // world_size} x {world_size} "
            f"device{'s' if world_size > 1 else ''}): change one of them"
        )
    return total // per_step


def training_arguments(
    config: Config, accumulation: int, output_dir: Path, has_validation: bool
) -> "TrainingArguments":
    """`TrainingArguments` of the `train` section over the defaults here.

    Args:
        config: of the run.
        accumulation: batches of an optimizer step on each device.
        output_dir: the run's folder.
        has_validation: whether there is anything to evaluate on.

    Raises:
        UserError: for a value that transformers refuses.
    """
    import torch
    from transformers import TrainingArguments

    given = {name: value for name, value in config.train.arguments.items() if name not in COMPILE_ARGUMENTS}
    # These arguments are logged, some of them saved: huggingface_hub finds its token here, too.
    if given.get("hub_token"):
        os.environ["HF_TOKEN"] = given["hub_token"]
    given = masked_values(given)
    given["gradient_accumulation_steps"] = accumulation
    if config.eval.early_stopping_patience is not None:
        given["restore_callback_states_from_checkpoint"] = True  # it goes on counting where it was
    check_deepspeed(given.get("deepspeed"))
    strategy = given.get("train_sampling_strategy", "random")
    if strategy not in ("random", "sequential"):
        raise UserError(
            f"train.train_sampling_strategy {strategy}: rows come random or sequential here; "
            "train.tokens_per_batch shares those of a step out by length"
        )
    if not has_validation:
        given |= {"eval_strategy": "no", "eval_on_start": False, "load_best_model_at_end": False}
    metric = given.get("metric_for_best_model")
    if metric is not None:  # transformers takes any that does not end with `loss` for one that should be high
        given["greater_is_better"] = metric.removeprefix("eval_") in HIGHER_IS_BETTER
    if given.get("optim") == MUON:
        given["optim"] = DEFAULTS["optim"]  # of the weights that Muon leaves to AdamW
    if not torch.accelerator.is_available():
        given["use_cpu"] = True  # otherwise transformers refuses bf16, which CPUs can do
    if is_float32_instead(config):
        given["fp16"] = False
    if argument(config, "adam_epsilon") < torch.finfo(torch.float32).tiny:
        raise UserError(f"train.adam_epsilon {given['adam_epsilon']} is 0 in float32: give at least 1.2e-38")
    for pair in str(given.get("optim_args") or "").replace(" ", "").split(","):
        if pair and pair.count("=") != 1:
            raise UserError(f"train.optim_args {given['optim_args']}: write NAME=VALUE, NAME=VALUE")

    def made(chosen: dict[str, Any]) -> TrainingArguments:
        return TrainingArguments(output_dir=str(output_dir), **{**DEFAULTS, **chosen})

    try:
        arguments = made(given)
    except Exception as error:  # accelerate and DeepSpeed, too, raise errors of any kind at odd values
        key = _wrong_alone(made, given)
        own = isinstance(error, ValueError | TypeError | ImportError)  # of transformers' own checks
        said = " ".join(str(error).split()) if own else one_line(error)
        raise UserError(f"{f'train.{key}' if key else 'train'}: {said}") from error
    # A process has one device. On several transformers would use DataParallel, whose copies of the model have
    # no parameters to ask for their type.
    arguments._n_gpu = min(arguments.n_gpu, 1)
    return arguments


def _wrong_alone(make: Callable[[dict[str, Any]], object], given: dict[str, Any]) -> str | None:
    """The first of some arguments that cannot even be given alone, on a CPU; None if each of them can."""
    for name, value in given.items():
        try:
            make({"use_cpu": True, name: value})
        except Exception:  # as above: any kind
            return name
    return None


def is_on_cpu(config: Config) -> bool:
    """Whether a run computes on a CPU."""
    import torch

    return argument(config, "use_cpu") or not torch.accelerator.is_available()


def is_float32_instead(config: Config) -> bool:
    """Whether float16 is asked for on a CPU, where only DeepSpeed computes in it.

    accelerate computes in float32 there, without the scale of the loss that skips steps which overflow.
    """
    return is_on_cpu(config) and argument(config, "fp16") and argument(config, "deepspeed") is None


def zero_section(config: str | dict[str, Any] | None) -> dict[str, Any]:
    """The section `zero_optimization` of a configuration of DeepSpeed, or of its file; empty if it has none.

    Raises:
        UserError: for a file that cannot be read, or something else in place of the section.
    """
    if isinstance(config, str):
        try:
            config = read_json(Path(config))
        except UserError as error:
            raise UserError(f"train.deepspeed: {error}") from error
    zero = (config or {}).get("zero_optimization") or {}
    if not isinstance(zero, dict):
        raise UserError(
            f"train.deepspeed: zero_optimization must be a section such as {{stage: 2}}, not {zero!r}"
        )
    if zero.get("stage") not in (None, 0, 1, 2, 3):
        raise UserError(f"train.deepspeed: zero_optimization.stage {zero['stage']!r}: allowed are 0, 1 and 2")
    return zero


def check_deepspeed(config: str | dict[str, Any] | None) -> None:
    """Refuses what DeepSpeed offers and the loss cannot do.

    Raises:
        UserError: for a file that cannot be read, or ZeRO's stage 3.
    """
    if zero_section(config).get("stage") == 3:
        raise UserError(
            "train.deepspeed: ZeRO's stage 3 is not supported, as the loss reads the head's weights outside "
            "of its module: use stage 2, configs/deepspeed/zero2.json"
        )
