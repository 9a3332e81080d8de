"""One run of any stage, in four steps: prepare, check, assemble, run.

prepare    makes paths absolute, chooses the rows, makes the sample encoder, and tries the settings
check      checks every row, before any weights are loaded
assemble   loads the model, chooses its trained parameters, and plans the steps
run        makes the run's folder and the trainer, trains, and compares the model with the one before
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import torch
from peft import PeftModel
from transformers import EarlyStoppingCallback

from got_train.arguments import argument, is_float32_instead, is_on_cpu, training_arguments
from got_train.config import MUON, Config
from got_train.config_file import to_yaml
from got_train.data.batching import collate
from got_train.data.features import FeatureSamples, FeatureStore, encoder_fingerprint
from got_train.data.samples import SampleEncoder, SampleSet
from got_train.data.sources import ChosenRows, choose_run_rows, look_at_inputs
from got_train.data.workers import naming_worker_faults
from got_train.hubs import hub_model
from got_train.model.adapters import module_table, prepare_for_training
from got_train.model.attention import avoid_cudnn_attention
from got_train.model.card import adapters_card
from got_train.model.compilation import compile_layers
from got_train.model.fingerprint import BASE_FILE, base_file, check_base, weights_fingerprint
from got_train.model.flops import tile_tokens
from got_train.model.got import GotModel, group_of
from got_train.model.loading import LoadReport, build_model, model_tokenizer
from got_train.model.processor import build_processor
from got_train.model.shapes import model_tile_shape, with_shape_of_checkpoint
from got_train.model.short_rows import attend_short_rows
from got_train.model.tokenizer import VOCABULARIES
from got_train.ranks import gather, open_process_group, rank, say, world_size
from got_train.report import StoppedError, UserError
from got_train.run_folders import STEPS_FILE, absolute, resolve_checkpoint, whole_checkpoint
from got_train.training.auxiliary import AuxiliaryTrainer
from got_train.training.callbacks import Changes, FeatureWriter, RunLog
from got_train.training.checked_rows import CheckedRows, check_run_rows, write_rows
from got_train.training.compare import compare, comparison_table, retention_samples, write_comparison
from got_train.training.compiler_locks import wait_for_compilers
from got_train.training.loggers import check_loggers
from got_train.training.need import device_gigabytes, models_without_weights, verdict
from got_train.training.optim import optimizer_and_groups, try_optimizer
from got_train.training.plan import StepPlan, balance_steps, plan_steps, total_steps
from got_train.training.preference import PreferenceTrainer
from got_train.training.reference_curve import (
    OffReferenceCurve,
    ReferenceCurve,
    curve_lines,
    differences,
    read_reference_curve,
)
from got_train.training.resume import check_same_steps, find_resume, has_ended, resume_lines, write_steps
from got_train.training.run_dir import (
    check_output_dir,
    create_run_dir,
    describe_run,
    naming_a_lost_folder,
    only_writer,
)
from got_train.training.stopping import StopSignals, how_to_go_on
from got_train.training.summary import (
    checked_lines,
    data_table,
    devices_advice,
    early_line,
    launcher_advice,
    precision_advice,
    replay_advice,
    saved_line,
    size_advice,
    steps_line,
    template_advice,
)
from got_train.training.trainer import GotTrainer
from got_train.training.unread_pictures import UnreadPictures

DRY_RUN_ROWS = 200
"""Most rows of each set that a dry run checks."""


@dataclass(frozen=True)
class Prepared:
    """A run whose settings have been tried."""

    config: Config
    """The configuration with absolute paths, and checkpoints in place of runs."""
    resume: Path | None
    """The checkpoint to resume from."""
    chosen: ChosenRows
    encoder: SampleEncoder
    curve: ReferenceCurve | None


@dataclass(frozen=True)
class Assembled:
    """A run with everything that the first step needs."""

    prepared: Prepared
    rows: CheckedRows
    loaded: LoadReport
    model: GotModel | PeftModel
    compute_dtype: torch.dtype
    plan: StepPlan
    base: str | None
    """The fingerprint of the weights below adapters; None without adapters."""


def train(config: Config, dry_run: bool = False) -> Path | None:
    """Trains with a configuration.

    Args:
        config: the configuration from `load_config`.
        dry_run: only print the plan of the run; of many rows a part is checked.

    Returns:
        The run's folder; None for a dry run.

    Raises:
        UserError: for anything in the configuration or the data that cannot be used.
    """
    backend = argument(config, "ddp_backend") or ("gloo" if argument(config, "use_cpu") else None)
    open_process_group(backend, timedelta(seconds=argument(config, "ddp_timeout")))
    prepared = prepare(config)
    rows = check(prepared, dry_run)
    assembled = assemble(prepared, rows)
    if dry_run:
        say("\n\n".join([to_yaml(prepared.config).rstrip(), summary(assembled), *dry_run_lines(assembled)]))
        return None
    say(summary(assembled))
    return run(assembled)


def prepare(config: Config) -> Prepared:
    """Chooses the rows, and finds wrong settings now rather than after hours of checking rows.

    Raises:
        UserError: for a path that does not exist, or settings that do not fit together.
    """
    config = with_absolute_paths(config)
    if not config.data.train:
        raise UserError("data.train must be set, in the file or as key=value")
    look_at_inputs(config)
    check_output_dir(config)
    curve = read_reference_curve(config.eval.reference_curve)
    resume = find_resume(config)
    chosen = choose_run_rows(config.data, config.seed, config.train)
    needy = {
        "eval.early_stopping_patience": config.eval.early_stopping_patience is not None,
        "train.save_strategy=best": argument(config, "save_strategy") == "best",
    }
    for key in [key for key, asked in needy.items() if asked and chosen.val is None]:
        raise UserError(f"{key} needs validation rows: set data.val, or data.val_ratio=0.1")
    steps = total_steps(config, plan_steps(config, len(chosen.all_training)))
    arguments = training_arguments(config, 1, Path(config.output_dir), chosen.val is not None)
    try_optimizer(arguments, steps)
    check_loggers(arguments)
    encoder = SampleEncoder(
        model_tokenizer(config.model),
        config.sample,
        model_tile_shape(config.model),
        fills_slots=bool(config.train.auxiliary_losses.weights),
    )
    return Prepared(config, resume, chosen, encoder, curve)


def check(prepared: Prepared, dry_run: bool = False) -> CheckedRows:
    """Checks every row; in a dry run a part of many rows.

    Raises:
        UserError: for bad rows, all of them listed; or for DeepSpeed in a process without a launcher.
    """
    if dry_run:
        return check_run_rows(prepared.config, prepared.chosen, prepared.encoder, DRY_RUN_ROWS)
    for line in launcher_advice(prepared.config):
        raise UserError(line)
    return check_run_rows(prepared.config, prepared.chosen, prepared.encoder)


def assemble(prepared: Prepared, rows: CheckedRows) -> Assembled:
    """Loads the model and plans the steps.

    Raises:
        UserError: for weights that do not fit, if nothing is left to train, or if the run cannot be resumed.
    """
    config = prepared.config
    sizes = rows.train.sizes
    plan = plan_steps(config, len(rows.train.rows))
    # Which bad rows are left out is not known before all are checked.
    if prepared.resume is not None and (sizes is not None or config.data.on_error == "raise"):
        check_same_steps(prepared.resume, config, rows, plan)
    avoid_cudnn_attention()
    tokenizer = prepared.encoder.tokenizer
    weights = config.train.auxiliary_losses.weights
    model, _, loaded = build_model(
        config.model, config.sample.max_length, config.seed, tokenizer, with_alphabet=bool(weights)
    )
    model.auxiliary_weights = weights
    base = weights_fingerprint(model) if config.lora.enabled else None
    for adapters in (config.lora.adapters, prepared.resume):
        if base is not None and adapters is not None:
            check_base(Path(adapters), base, config.model.path)
    bf16, fp16 = argument(config, "bf16"), argument(config, "fp16") and not is_float32_instead(config)
    compute_dtype = torch.bfloat16 if bf16 else torch.float16 if fp16 else torch.float32
    trained = prepare_for_training(model, config.train.learning_rates, config.lora, compute_dtype)
    if bf16 and is_on_cpu(config):
        attend_short_rows(model.model.language_model)
    compile_layers(model, config.train.arguments)
    if config.train.tokens_per_batch is not None and sizes is not None:
        encoder_work = 0 if config.train.cache_features else tile_tokens(model)
        plan = balance_steps(plan, config, sizes, encoder_work)
    return Assembled(prepared, rows, loaded, trained, compute_dtype, plan, base)


def summary(assembled: Assembled) -> str:
    """Tables and advice about the run."""
    config, rows = assembled.prepared.config, assembled.rows
    chosen = assembled.prepared.chosen.kept(rows.train.rows, None if rows.val is None else rows.val.rows)
    facts = [
        str(assembled.loaded),
        module_table(assembled.model, config.train.learning_rates, argument(config, "learning_rate")),
        data_table(config, chosen),
        *replay_advice(config, chosen),
        steps_line(config, assembled.plan),
        *resume_lines(config, assembled.prepared.resume, assembled.plan),
        *size_advice(config, chosen, assembled.plan),
        *template_advice(config),
        *curve_lines(assembled.prepared.curve, differences(assembled.prepared.curve, config, assembled.plan)),
        *devices_advice(),
        *precision_advice(config),
    ]
    return "\n\n".join(facts)


def dry_run_lines(assembled: Assembled) -> list[str]:
    """What a dry run has not found out, and what it reckons."""
    return [
        *launcher_advice(assembled.prepared.config),
        *checked_lines(assembled.prepared.chosen, DRY_RUN_ROWS),
        memory_line(assembled),
    ]


def memory_line(assembled: Assembled) -> str:
    """Whether the run fits into the memory of this machine's device, by the rows that were checked."""
    config, sizes = assembled.prepared.config, assembled.rows.train.seen
    models = models_without_weights(assembled.prepared.encoder.tokenizer)
    known = sizes if len(sizes) else None  # of those that were checked none may be good
    line, _ = verdict(config, models, known, world_size(), device_gigabytes(config))
    return f"memory: {line}"


def run(assembled: Assembled) -> Path:
    """Trains, compares the model with the one before, and returns the run's folder.

    Raises:
        StoppedError: if a signal has ended the run before its last step.
    """
    prepared, rows = assembled.prepared, assembled.rows
    config, resume = prepared.config, prepared.resume
    if resume is not None and has_ended(config, resume, assembled.plan):
        return resume.parent  # as the summary says
    if argument(config, "deepspeed") is not None:
        wait_for_compilers()
    run_dir = shared_run_dir(config, resume)
    with only_writer(run_dir):
        if rank() == 0:
            describe_run(config, run_dir)
            write_rows(run_dir, rows)
            if not (run_dir / STEPS_FILE).is_file():  # of a new run, or one of an earlier version
                write_steps(run_dir, rows, assembled.plan)
        train_and_compare(assembled, run_dir)
    return run_dir


def train_and_compare(assembled: Assembled, run_dir: Path) -> None:
    """Trains in the run's folder, and compares a model that had been trained before with what it was."""
    prepared, rows = assembled.prepared, assembled.rows
    config, resume = prepared.config, prepared.resume
    compared = {}
    if config.eval.compare_rows > 0 and config.model.whole is not None:
        compared["ordinary OCR"] = retention_samples(config, prepared.encoder, run_dir / "ordinary")
        if rows.val is not None:
            compared["validation"] = SampleSet(rows.val.rows, prepared.encoder)
    trainer = build_trainer(assembled, run_dir)
    changes, stop = Changes(), StopSignals()
    for callback in (changes, stop):
        trainer.add_callback(callback)
    lower = "train.dataloader_num_workers, sample.max_pixels or the size of a batch"
    try:
        with naming_worker_faults(lower, partial(how_to_go_on, run_dir)), naming_a_lost_folder(run_dir):
            trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(how_to_go_on(run_dir)) from None
    if stop.has_stopped:
        raise StoppedError(how_to_go_on(run_dir))
    metric = trainer.args.metric_for_best_model
    for line in (*early_line(config, trainer.state, metric), *changes.missing(trainer.state)):
        say(line)
    if compared:
        comparison = compare(trainer, config, compared)
        if rank() == 0:
            write_comparison(comparison, run_dir)
        say(comparison_table(comparison))
    say(saved_line(run_dir, trainer.state, metric))


def build_trainer(assembled: Assembled, run_dir: Path) -> GotTrainer:
    """The trainer with this project's model, step plan, batches and parameter groups."""
    config, encoder = assembled.prepared.config, assembled.prepared.encoder
    model, plan, rows = assembled.model, assembled.plan, assembled.rows
    arguments = training_arguments(config, plan.accumulation, run_dir, rows.val is not None)
    samples = SampleSet(rows.train.rows, encoder)
    val = None if rows.val is None else SampleSet(rows.val.rows.spread(config.eval.loss_rows), encoder)
    features = open_features(config, model, assembled.compute_dtype)
    patience, beta = config.eval.early_stopping_patience, config.train.preference_beta
    curve = assembled.prepared.curve
    trainer: Callable[..., GotTrainer] = GotTrainer
    if beta is not None:
        trainer = partial(PreferenceTrainer, beta=beta)
    elif config.train.auxiliary_losses.weights:
        trainer = AuxiliaryTrainer
    return trainer(
        plan=plan,
        eval_config=config.eval,
        by_kind=beta is None and len(set().union(*(checked.kinds for checked in rows.sets))) > 1,
        features=features,
        beside={}
        if assembled.base is None
        else {BASE_FILE: base_file(assembled.base), "README.md": adapters_card(config)},
        model=model,
        args=arguments,
        data_collator=partial(
            collate,
            pad_id=encoder.tokenizer.pad_token_id,
            image_id=model.config.image_token_id,
            vocabulary_size=model.config.text_config.vocab_size,
            tokens_per_tile=encoder.tile.num_tokens,
        ),
        train_dataset=samples if features is None else FeatureSamples(samples, features),
        eval_dataset=val,
        processing_class=build_processor(model.config, encoder.tokenizer, config.sample),
        callbacks=[
            RunLog(run_dir),
            UnreadPictures(could_read=config.model.whole is not None),
            *([] if features is None else [FeatureWriter(features)]),
            *([] if curve is None else [OffReferenceCurve(curve, differences(curve, config, plan))]),
            *([] if patience is None else [EarlyStoppingCallback(patience)]),
        ],
        optimizer_cls_and_kwargs=optimizer_and_groups(
            model, arguments, config.train.learning_rates, config.lora, argument(config, "optim") == MUON
        ),
    )


def with_absolute_paths(config: Config) -> Config:
    """The configuration with absolute paths, and with the newest checkpoint in place of each run.

    The configuration that is saved in a checkpoint then means the same in any folder.
    """
    model, decoder = config.model, config.model.decoder
    tokenizer = decoder.tokenizer if decoder.tokenizer in VOCABULARIES else _source(decoder.tokenizer)
    model = replace(
        model,
        encoder=replace(model.encoder, path=_source(model.encoder.path)),
        decoder=replace(decoder, path=_source(decoder.path), tokenizer=tokenizer),
    )
    if model.init == "pretrained":
        model = replace(
            model,
            path=_checkpoint("model.path", model.path),
            init_from=_checkpoint("model.init_from", model.init_from),
        )
    model = with_shape_of_checkpoint(model)  # which the saved configuration then has
    val_run, adapters = config.data.val_run, config.lora.adapters
    data = replace(
        config.data,
        image_root=absolute(config.data.image_root),
        val_run=None if val_run is None else absolute(resolve_checkpoint(val_run)),
    )
    lora = replace(config.lora, adapters=None if adapters is None else absolute(resolve_checkpoint(adapters)))
    evaluation = replace(config.eval, reference_curve=absolute(config.eval.reference_curve))
    return replace(config, model=model, data=data, lora=lora, eval=evaluation)


def _checkpoint(key: str, path: str | None) -> str | None:
    return None if path is None else absolute(whole_checkpoint(key, path))


def _source(path: str | None) -> str | None:
    return None if path is None else absolute(hub_model(path))


def open_features(
    config: Config, model: GotModel | PeftModel, compute_dtype: torch.dtype
) -> FeatureStore | None:
    """The feature store of this encoder; None if features are not cached."""
    if not config.train.cache_features:
        return None
    base = model.get_base_model() if isinstance(model, PeftModel) else model
    state = {name: tensor for name, tensor in base.state_dict().items() if group_of(name) == "encoder"}
    fingerprint = encoder_fingerprint(state, base.config.vision_config.image_size, compute_dtype)
    folder = Path(config.output_dir) / "features" / fingerprint
    features = FeatureStore(folder, int(config.train.cache_gib * 2**30), compute_dtype)
    say(f"features of images: {features.num_bytes / 2**30:.2f} GiB in {folder}")
    return features


def shared_run_dir(config: Config, resume: Path | None) -> Path:
    """The run's folder, the same on every rank; a resumed run has the folder of its checkpoint."""
    if resume is not None:
        return resume.parent
    return Path(gather(str(create_run_dir(config)) if rank() == 0 else "")[0])
