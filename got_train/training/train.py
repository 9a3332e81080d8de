"""Assembles a run and runs it. The path of every stage:

load_config -> build_model, build_data -> check -> GotTrainer -> GotModel.forward -> loss
"""

import math
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from peft import PeftModel
from transformers import TrainingArguments

from got_train.config import Config, accumulation_steps
from got_train.config_file import to_yaml
from got_train.data.batching import collate
from got_train.data.encode import Encoding
from got_train.data.features import FeatureStore, encoder_fingerprint
from got_train.data.sources import DatasetSpec, RowDataset, build_data
from got_train.data.steps import Sharing, StepPlan
from got_train.model.adapters import module_table, prepare_for_training
from got_train.model.attention import avoid_cudnn_attention
from got_train.model.compilation import COMPILE_ARGUMENTS, compile_layers
from got_train.model.flops import tile_tokens
from got_train.model.got import GotModel, config_tokens_per_tile, group_of
from got_train.model.loading import build_model, resolve_checkpoint
from got_train.model.processor import build_processor
from got_train.model.tokenizer import VOCABULARY_FILES
from got_train.model.weights import read_json
from got_train.ranks import is_launched, rank, say, world_size
from got_train.report import UserError, table
from got_train.training.callbacks import FeatureWriter, RunLog
from got_train.training.check import CheckedData, check_data, check_set, write_rows
from got_train.training.compare import compare, comparison_table, ordinary_rows, write_comparison
from got_train.training.optim import check_optimizer, optimizer_and_groups
from got_train.training.run_dir import create_run_dir, describe_run, find_resume, trained_steps
from got_train.training.trainer import GotTrainer

DEFAULTS: dict[str, Any] = {
    "remove_unused_columns": False,
    "logging_nan_inf_filter": False,
    "report_to": "none",
    "label_names": ["labels"],
    "prediction_loss_only": True,
    "ddp_find_unused_parameters": False,  # every parameter has a gradient in every batch: GotModel.forward
}
"""TrainingArguments whose own defaults do not fit; a config may set all but the first."""

REPLAY_ADVISED = 0.2
"""Share of ordinary rows in fine-tuning that the authors advise (issue 138 of their repository)."""


def train(config: Config, dry_run: bool = False) -> Path | None:
    """Trains as `config` says.

    Args:
        config: from `load_config`.
        dry_run: print what would be done, and stop before the first step.

    Returns:
        The run's folder; None for a dry run.

    Raises:
        UserError: for anything in the configuration or the data that cannot be used.
    """
    config = with_resolved_paths(config)
    accumulation = accumulation_steps(config, world_size())
    named = [*config.data.train, *(config.data.val or []), *(config.data.replay or [])]
    for spec in [*named, *filter(None, [config.eval.ordinary])]:
        DatasetSpec.parse(spec)  # a misspelt path should not wait for the model
    resume = find_resume(config)
    avoid_cudnn_attention()
    model, tokenizer, loaded = build_model(config.model, config.data.max_length, config.seed)
    encoding = Encoding(
        tokenizer, config.data, model.config.vision_config.image_size, config_tokens_per_tile(model.config)
    )
    train_set, val_set = build_data(config.data, encoding, config.seed)
    arguments = training_arguments(config, accumulation, Path(config.output_dir), val_set is not None)
    compute_dtype = torch.bfloat16 if arguments.bf16 else torch.float16 if arguments.fp16 else torch.float32
    trained = prepare_for_training(model, config.train.learning_rates, config.lora, compute_dtype)
    compile_layers(model, config.train.arguments)
    plan = step_plan(config, arguments, len(train_set))
    steps = total_steps(arguments, plan)
    check_optimizer(trained, arguments, config.train.learning_rates, config.lora, steps)
    facts = [
        str(loaded),
        module_table(trained, config.train.learning_rates, arguments.learning_rate),
        data_table(config, train_set, val_set),
        *replay_advice(config, train_set),
        steps_line(config, arguments, plan),
        *devices_advice(),
    ]
    if dry_run:
        say("\n\n".join([to_yaml(config).rstrip(), *facts]))
        return None
    say("\n\n".join(facts))
    if arguments.deepspeed is not None and not is_launched():
        raise UserError(
            "train.deepspeed needs a launcher, on one device too: deepspeed --module got_train train ..., or "
            "torchrun --nproc_per_node=1 -m got_train train ..."
        )

    data = check_data(config, train_set, val_set)
    plan = step_plan(config, arguments, len(data.train))
    if resume is not None and trained_steps(resume) >= total_steps(arguments, plan):
        say(f"nothing is left to train: {resume} is the end of this run")
        return resume.parent
    if config.train.tokens_per_batch is not None:
        plan = shared_by_length(plan, config, arguments, model, data.train)
    run_dir = shared_run_dir(config, resume)
    arguments = training_arguments(config, plan.accumulation, run_dir, val_set is not None)
    features = open_features(config, model, compute_dtype)
    if rank() == 0:
        describe_run(config, run_dir)
        write_rows(run_dir, data)
    ordinary = None
    if config.eval.compare_rows > 0 and config.model.path is not None and config.model.init == "pretrained":
        ordinary, _ = check_set(config, ordinary_rows(config, encoding, run_dir / "ordinary"), "ordinary")
    trainer = build_trainer(config, trained, arguments, plan, data, encoding, features)
    # First, so that the loggers after it get what it adds.
    trainer.callback_handler.callbacks.insert(0, RunLog(run_dir))
    trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    if ordinary is not None:
        comparison = compare(trainer, config, ordinary, data.val)
        if rank() == 0:
            write_comparison(comparison, run_dir)
        say(comparison_table(comparison))
    say(f"run folder: {run_dir}")
    return run_dir


def build_trainer(
    config: Config,
    model: GotModel | PeftModel,
    arguments: TrainingArguments,
    plan: StepPlan,
    data: CheckedData,
    encoding: Encoding,
    features: FeatureStore | None,
) -> GotTrainer:
    """transformers' trainer with this project's model, steps, batches and parameter groups.

    Raises:
        UserError: for settings that transformers refuses.
    """
    tokenizer = encoding.tokenizer
    try:
        trainer = GotTrainer(
            plan=plan,
            eval_config=config.eval,
            by_kind=len(data.kinds) > 1,
            features=features,
            model=model,
            args=arguments,
            data_collator=partial(
                collate,
                pad_id=tokenizer.pad_token_id,
                image_id=model.config.image_token_id,
                vocabulary_size=model.config.text_config.vocab_size,
                tokens_per_tile=encoding.tokens_per_tile,
            ),
            train_dataset=data.train if features is None else data.train.keeping_features(features),
            eval_dataset=None if data.val is None else data.val.spread(config.eval.loss_rows),
            processing_class=build_processor(model.config, tokenizer),
            optimizer_cls_and_kwargs=optimizer_and_groups(
                model, arguments, config.train.learning_rates, config.lora
            ),
        )
    except (ValueError, ImportError, RuntimeError) as error:  # of settings that only fail together
        raise UserError(f"train: {' '.join(str(error).split())}") from None
    if features is not None:
        trainer.add_callback(FeatureWriter(features))
    return trainer


def with_resolved_paths(config: Config) -> Config:
    """The configuration with runs replaced by their newest checkpoints, by absolute paths.

    What a checkpoint is loaded with later then means the same from anywhere.
    """
    model, decoder = config.model, config.model.decoder
    tokenizer = decoder.tokenizer
    if tokenizer not in VOCABULARY_FILES:
        tokenizer = _absolute(tokenizer)
    model = replace(
        model,
        encoder=replace(model.encoder, path=_absolute(model.encoder.path)),
        decoder=replace(decoder, path=_absolute(decoder.path), tokenizer=tokenizer),
    )
    if model.init == "pretrained":
        model = replace(model, path=_checkpoint(model.path), init_from=_checkpoint(model.init_from))
    data = replace(config.data, image_root=_absolute(config.data.image_root))
    return replace(config, model=model, data=data)


def _checkpoint(path: str | None) -> str | None:
    return None if path is None else _absolute(resolve_checkpoint(path))


def _absolute(path: str | None) -> str | None:
    """The absolute path of what is there; ids of the hub stay as they are."""
    return str(Path(path).resolve()) if path is not None and Path(path).exists() else path


def training_arguments(
    config: Config, accumulation: int, output_dir: Path, has_validation: bool
) -> TrainingArguments:
    """`TrainingArguments` of the `train` section over the defaults here.

    Raises:
        UserError: for a value that transformers refuses.
    """
    given = {name: value for name, value in config.train.arguments.items() if name not in COMPILE_ARGUMENTS}
    given["gradient_accumulation_steps"] = accumulation
    check_deepspeed(given.get("deepspeed"))
    strategy = given.get("train_sampling_strategy", "random")
    if strategy not in ("random", "sequential"):
        raise UserError(
            f"train.train_sampling_strategy {strategy}: rows come random or sequential here; "
            "train.tokens_per_batch shares those of a step out by length"
        )
    if not has_validation:
        given |= {"eval_strategy": "no", "eval_on_start": False}
    if not torch.accelerator.is_available():
        given["use_cpu"] = True  # otherwise transformers refuses bf16, which CPUs can do
    try:
        arguments = TrainingArguments(output_dir=str(output_dir), **{**DEFAULTS, **given})
    except (ValueError, TypeError, ImportError) as error:
        raise UserError(f"train: {' '.join(str(error).split())}") from None
    # A process has one device. On several transformers would use DataParallel, whose copies of the model have
    # no parameters to ask for their type.
    arguments._n_gpu = min(arguments.n_gpu, 1)
    return arguments


def check_deepspeed(config: str | dict[str, Any] | None) -> None:
    """Refuses what DeepSpeed offers and the loss cannot do.

    Raises:
        UserError: for a file that cannot be read, or ZeRO's stage 3.
    """
    if isinstance(config, str):
        try:
            config = read_json(Path(config))
        except UserError as error:
            raise UserError(f"train.deepspeed: {error}") from None
    zero = (config or {}).get("zero_optimization")
    if isinstance(zero, dict) and zero.get("stage") == 3:
        raise UserError(
            "train.deepspeed: ZeRO's stage 3 is not supported, as the loss reads the head's weights outside "
            "of its module: use stage 2, configs/deepspeed/zero2.json"
        )


def data_table(config: Config, train_set: RowDataset, val_set: RowDataset | None) -> str:
    """Rows of each training set in an epoch, and of the validation set."""
    specs = [("train", spec) for spec in config.data.train]
    specs += [("replay", spec) for spec in config.data.replay or []]
    counts = np.bincount(train_set.picks[:, 0], minlength=len(specs))
    rows = [(use, spec, int(count)) for (use, spec), count in zip(specs, counts, strict=True)]
    if val_set is not None:
        source = ", ".join(config.data.val) if config.data.val else "split off the training rows"
        rows.append(("val", source, len(val_set)))
    return table(["data", "source", "rows"], rows)


def replay_advice(config: Config, train_set: RowDataset) -> list[str]:
    """What the authors say of runs from a whole model that mix in too little of what it has learnt from."""
    replayed = int((train_set.picks[:, 0] >= len(config.data.train)).sum())
    share = replayed / len(train_set)
    if config.model.path is None or config.model.init == "random" or share >= REPLAY_ADVISED:
        return []
    return [
        f"replay: {share:.0%} of the rows. The authors of GOT-OCR2.0 advise at least {REPLAY_ADVISED:.0%} "
        "rows of the kinds that the model could read before, or it forgets them: name some in data.replay"
    ]


def step_plan(config: Config, arguments: TrainingArguments, num_rows: int) -> StepPlan:
    """Which rows each step takes; they are shared out as they come."""
    size, accumulation = arguments.per_device_train_batch_size, arguments.gradient_accumulation_steps
    return StepPlan(
        num_rows=num_rows,
        step_rows=config.train.global_batch_size or size * accumulation * world_size(),
        world_size=world_size(),
        seed=arguments.seed if arguments.data_seed is None else arguments.data_seed,
        accumulation=accumulation,
        drop_last=arguments.dataloader_drop_last,
        shuffled=arguments.train_sampling_strategy == "random",
    )


def shared_by_length(
    plan: StepPlan, config: Config, arguments: TrainingArguments, model: GotModel, rows: RowDataset
) -> StepPlan:
    """The plan with the rows of each step, which are sized, in batches within `train.tokens_per_batch`."""
    budget = config.train.tokens_per_batch
    assert budget is not None and rows.sizes is not None
    plan = replace(
        plan, sharing=Sharing(rows.sizes, 0 if config.train.cache_features else tile_tokens(model))
    )
    epochs = arguments.num_train_epochs
    if arguments.max_steps > 0:
        epochs = arguments.max_steps / plan.steps_per_epoch
    accumulation = plan.least_accumulation(budget, epochs)
    say(f"batches of a step: {accumulation} x {plan.world_size}, of about the same work")
    return replace(plan, accumulation=accumulation)


def devices_advice() -> list[str]:
    """What to do where one process sees several devices."""
    count = torch.accelerator.device_count()
    if world_size() > 1 or count < 2:
        return []
    return [f"1 of {count} devices is used: torchrun --nproc_per_node={count} -m got_train uses all of them"]


def total_steps(arguments: TrainingArguments, plan: StepPlan) -> int:
    """Optimizer steps of the run."""
    if arguments.max_steps > 0:
        return arguments.max_steps
    return math.ceil(plan.steps_per_epoch * arguments.num_train_epochs)


def steps_line(config: Config, arguments: TrainingArguments, plan: StepPlan) -> str:
    """The optimizer steps that follow from data and batch sizes."""
    steps = total_steps(arguments, plan)
    devices = f"{plan.world_size} device{'s' if plan.world_size > 1 else ''}"
    size = arguments.per_device_train_batch_size
    batches = f"{size} per device x {plan.accumulation} accumulated x {devices}"
    if config.train.tokens_per_batch is not None:
        batches = f"in batches of at most {config.train.tokens_per_batch:,} tokens on {devices}"
    per_epoch = f"{plan.steps_per_epoch:,} an epoch"
    return f"{steps:,} optimizer steps of {plan.step_rows:,} samples ({batches}), {per_epoch}"


def open_features(config: Config, model: GotModel, compute_dtype: torch.dtype) -> FeatureStore | None:
    """Where what this encoder makes of pictures is kept, if it is."""
    if not config.train.cache_features:
        return None
    state = {name: tensor for name, tensor in model.state_dict().items() if group_of(name) == "encoder"}
    fingerprint = encoder_fingerprint(state, model.config.vision_config.image_size, compute_dtype)
    folder = Path(config.output_dir) / "features" / fingerprint
    features = FeatureStore(folder, int(config.train.cache_gib * 2**30), compute_dtype)
    say(f"features of pictures: {features.num_bytes / 2**30:.2f} GiB in {folder}")
    return features


def shared_run_dir(config: Config, resume: Path | None) -> Path:
    """The run's folder, the same on every rank: the checkpoint's own when resuming."""
    if resume is not None:
        return resume.parent
    if world_size() == 1:
        return create_run_dir(config)
    name = [str(create_run_dir(config)) if rank() == 0 else None]
    dist.broadcast_object_list(name)
    return Path(str(name[0]))
