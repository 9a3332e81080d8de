"""Keys that have no effect in a run because of other keys, so that none is ignored in silence."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

from got_train.config import GROUPS, Config, EncoderConfig


@dataclass(frozen=True)
class Idle:
    """Keys without an effect, and why."""

    keys: tuple[str, ...]
    """Dotted names; one of a section stands for all keys of it."""
    why: str
    contradicts: bool = False
    """Whether the keys ask for another model than the run has: they are refused wherever they are given."""

    def among(self, given: Iterable[str]) -> list[str]:
        """Those of some dotted names that are such keys."""
        return [key for key in given if any(f"{key}.".startswith(f"{name}.") for name in self.keys)]


def idle_keys(config: Config) -> Iterator[Idle]:
    """What has no effect in a run, whatever its value is."""
    yield from _of_model(config)
    yield from _of_data(config)
    yield from _of_adapters(config)
    yield from _of_steps(config)
    yield from _of_evaluations(config)


def _of_model(config: Config) -> Iterator[Idle]:
    model = config.model
    if model.init == "random":
        paths = ("model.path", "model.init_from", "model.encoder.path", "model.decoder.path")
        yield Idle(paths, "model.init is random")
    elif model.path is not None:
        why = "model.path is a whole checkpoint, which has a shape and a tokenizer of its own"
        yield Idle(("model.encoder", "model.decoder"), why, contradicts=True)
    elif model.init_from is not None:
        shape = tuple(
            f"model.encoder.{field.name}" for field in fields(EncoderConfig) if field.name != "path"
        )
        yield Idle(shape, "model.init_from brings the shape of its encoder", contradicts=True)
    if model.init == "pretrained" and model.path is None and model.decoder.path is not None:
        yield Idle(("model.decoder.shape",), "model.decoder.path has a shape of its own", contradicts=True)


def _of_data(config: Config) -> Iterator[Idle]:
    data = config.data
    if len(data.train) == 1:
        yield Idle(("data.weights",), "data.train is a single set")
    for name in ("val", "val_run"):
        if getattr(data, name) is not None:
            yield Idle(("data.val_ratio",), f"data.{name} names the validation rows")
    if not data.replay:
        yield Idle(("data.replay_ratio",), "data.replay names no sets")


def _of_adapters(config: Config) -> Iterator[Idle]:
    lora, rates = config.lora, config.train.learning_rates
    if not lora.enabled:
        yield Idle(("lora",), "lora.enabled is false")
    else:
        frozen = [group for group in GROUPS if group not in lora.modules]
        keys = tuple(f"train.learning_rates.{group}" for group in frozen)
        yield Idle(keys, f"lora.modules are {', '.join(lora.modules)}, everything else is frozen")
    trained = lora.modules if lora.enabled else GROUPS
    if all(getattr(rates, group) is not None for group in trained):
        yield Idle(("train.learning_rate",), "train.learning_rates has a rate for each group that trains")


def _of_steps(config: Config) -> Iterator[Idle]:
    train, given = config.train, config.train.arguments
    if not train.cache_features:
        yield Idle(("train.cache_gib",), "train.cache_features is false")
    if train.tokens_per_batch is not None:
        yield Idle(("train.per_device_train_batch_size",), "train.tokens_per_batch stands in its place")
    if given.get("max_steps", -1) > 0:
        yield Idle(("train.num_train_epochs",), f"train.max_steps is {given['max_steps']}")
    if given.get("train_sampling_strategy") == "sequential":
        yield Idle(("train.data_seed",), "train.train_sampling_strategy is sequential")
    if given.get("lr_scheduler_type") == "constant":
        yield Idle(("train.warmup_steps",), "train.lr_scheduler_type is constant: use constant_with_warmup")
    if not given.get("gradient_checkpointing"):
        why = "train.gradient_checkpointing is false"
        yield Idle(("train.gradient_checkpointing_kwargs",), why)
    if not given.get("use_liger_kernel"):
        yield Idle(("train.liger_kernel_config",), "train.use_liger_kernel is false")
    optim = str(given.get("optim", "adamw_torch_fused"))
    if optim in ("adamw_torch", "adamw_torch_fused"):
        yield Idle(("train.optim_args",), f"train.optim is {optim}, whose settings are train.adam_*")
    if not optim.startswith(("galore", "apollo")):
        yield Idle(("train.optim_target_modules",), f"train.optim is {optim}, which is one for all layers")
    if not given.get("push_to_hub"):
        names = ("token", "private_repo", "model_id", "strategy", "always_push", "revision")
        yield Idle(tuple(f"train.hub_{name}" for name in names), "train.push_to_hub is false")
    for kind, default in (("logging", "steps"), ("save", "steps"), ("eval", "no")):
        strategy = given.get(f"{kind}_strategy", default)
        if strategy != "steps":
            yield Idle((f"train.{kind}_steps",), f"train.{kind}_strategy is {strategy}")
    if given.get("save_strategy") == "no":
        yield Idle(("train.save_total_limit", "train.save_only_model"), "train.save_strategy is no")


def _of_evaluations(config: Config) -> Iterator[Idle]:
    data, evaluation, given = config.data, config.eval, config.train.arguments
    asked = given.get("eval_strategy", "no") != "no" or given.get("eval_on_start", False)
    evaluates, why = asked, "train.eval_strategy is no"
    if not data.val and data.val_run is None and data.val_ratio == 0:
        evaluates, why = False, "there are no validation rows: data.val is not given and data.val_ratio is 0"
        yield Idle(("train.eval_strategy", "train.eval_on_start", "train.load_best_model_at_end"), why)
    if not evaluates:
        of_train = ("per_device_eval_batch_size", "eval_delay", "metric_for_best_model", "greater_is_better")
        yield Idle(("eval.loss_rows", "eval.read_rows", *(f"train.{name}" for name in of_train)), why)
    elif not (
        given.get("load_best_model_at_end")
        or given.get("save_strategy") == "best"
        or given.get("save_total_limit") is not None  # the best one is kept
        or evaluation.early_stopping_patience is not None
    ):
        nobody = (
            "nothing asks for the best checkpoint: neither train.load_best_model_at_end nor "
            "train.save_strategy=best nor eval.early_stopping_patience is set"
        )
        yield Idle(("train.metric_for_best_model", "train.greater_is_better"), nobody)
    is_tuned = config.model.whole is not None
    compares = is_tuned and evaluation.compare_rows > 0
    if not is_tuned:
        yield Idle(("eval.compare_rows", "eval.ordinary"), "a model without model.path is not compared")
    elif not compares:
        yield Idle(("eval.ordinary",), "eval.compare_rows is 0")
    if not compares and not (evaluates and evaluation.read_rows > 0):
        reads = why if not evaluates else "eval.read_rows is 0"
        yield Idle(("eval.max_new_tokens", "eval.batch_size"), reads)
