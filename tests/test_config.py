import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from got_train.arguments import accumulation_steps, training_arguments
from got_train.config import SCORES, Config, EncoderConfig, EvalConfig, ModelConfig
from got_train.config_file import load_config, to_yaml
from got_train.evaluation.metrics import text_metrics
from got_train.report import MAX_LINE_CHARACTERS, UserError
from got_train.training.train import train

CONFIGS = [
    path
    for path in sorted((Path(__file__).parent.parent / "configs").glob("**/*.yaml"))
    if path.parent.name != "engines"  # mixes of data, tested with the engines
]


def test_defaults_file_and_words_merge_in_this_order(write_config: Callable[..., Path]) -> None:
    config = load_config(write_config(train={"warmup_steps": 5}), ["train.learning_rate=2e-5", "name=other"])
    assert config.name == "other"
    assert config.train.arguments["learning_rate"] == 2e-5
    assert config.train.arguments["warmup_steps"] == 5
    assert config.data.val_ratio == 0.01


def test_lists_and_single_files_can_be_given_as_words(write_config: Callable[..., Path]) -> None:
    config = load_config(write_config(), ["data.train=[a.jsonl,b.jsonl#100]", "data.val=c.jsonl#80%"])
    assert config.data.train == ["a.jsonl", "b.jsonl#100"]
    assert config.data.val == ["c.jsonl#80%"]


def test_yaml_words_that_yaml_itself_misreads(write_config: Callable[..., Path], tmp_path: Path) -> None:
    path = tmp_path / "plain.yaml"
    path.write_text("name: a\ndata: {train: x.jsonl}\ntrain:\n  learning_rate: 2e-5\n  save_strategy: no\n")
    arguments = load_config(path).train.arguments
    assert arguments == {"learning_rate": 2e-5, "save_strategy": "no"}


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("data.trian=x", "data.trian is not a config key: did you mean train?"),
        (
            "train.lerning_rate=1",
            "train.lerning_rate is not a TrainingArguments name: did you mean learning_rate?",
        ),
        ("train.global_batchsize=1", "did you mean global_batch_size?"),
        ("train.learning_rate=fast", "train.learning_rate='fast' has the wrong type: expected float"),
        ("train.max_steps=2.5", "train.max_steps=2.5 has the wrong type: expected int"),
        ("train.label_smoothing_factor=0.1", "train.label_smoothing_factor is not supported here: the loss"),
        ("train.output_dir=x", "train.output_dir is not supported here: use output_dir at the top level"),
        ("train.learning_rates.encodr=0", "train.learning_rates.encodr"),
        ("model.init=foo", "model.init foo: allowed: pretrained, random"),
        ("sample.max_length=abc", "sample.max_length='abc' has the wrong type: expected int"),
        ("sample.max_length=2.0", "sample.max_length=2.0 has the wrong type: expected int"),
        ("sample.max_length=true", "sample.max_length=True has the wrong type: expected int"),
        ("sample.max_length=null", "sample.max_length must not be null: expected int"),
        ("sample.max_length=???", "sample.max_length must be set, in the file or as key=value"),
        ("sample.max_length=${nope}", "sample.max_length: Interpolation key 'nope' not found"),
        (
            "sample.max_length=[1",
            "sample.max_length=[1: the value is not YAML (did not find expected ',' or ']'): close brackets",
        ),
        ("sample.crop=2", "sample.crop=2 has the wrong type: expected bool"),
        ("model.init=null", "model.init must not be null: expected pretrained or random"),
        ("model.decoder.shape.hidden_size=null", "model.decoder.shape.hidden_size must not be null"),
        ("data.columns.text=null", "data.columns.text must not be null: expected str"),
        ("data.train=[a,true]", "data.train[1]=True has the wrong type: expected str"),
        ("data.train=[a,'${nope}']", "data.train[1]: Interpolation key 'nope' not found"),
        ("train.deepspeed.a=${nope}", "train.deepspeed.a: Interpolation key 'nope' not found"),
        ("lora.quantization_bits=8", "lora.quantization_bits 8: allowed: 4"),
        ("nmae=x", "nmae is not a config key: did you mean name?"),
        ("sample.max_length=0", "sample.max_length 0 must be at least 1"),
        ("data.val_ratio=1", "data.val_ratio 1 must be at least 0 and below 1"),
        ("data.weights=[1,2]", "data.weights has 2 numbers and data.train 1 sets"),
        ("sample.template=mpt", "sample.template mpt: allowed: original, swift, transformers"),
        ("lora.modules=[vision]", "lora.modules[0] vision: allowed: connector, decoder, encoder"),
        ("model.encoder.image_size=1000", "image_size 1000 is not a multiple of 16"),
        ("model.encoder.num_attention_heads=5", "is not a multiple of model.encoder.num_attention_heads 5"),
        ("no-equals-sign", "'no-equals-sign' is not an override"),
    ],
)
def test_mistakes_are_named(write_config: Callable[..., Path], word: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        load_config(write_config(), [word])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        (
            "train.learning_rates.encoder=-1",
            "train.learning_rates.encoder -1 must be at least 0 and finite",
        ),
        (
            "train.learning_rates.decoder=.inf",
            "train.learning_rates.decoder inf must be at least 0 and finite",
        ),
        ("train.cache_gib=.nan", "train.cache_gib nan must be above 0 and finite"),
        ("train.global_batch_size=0", "train.global_batch_size 0 must be at least 1"),
        ("train.max_grad_norm=.nan", "train.max_grad_norm nan must be at least 0 and finite"),
        ("train.max_grad_norm=-1", "train.max_grad_norm -1 must be at least 0 and finite"),
        ("train.adam_epsilon=0", "train.adam_epsilon 0 must be above 0 and finite"),
        ("lora.dropout=-1", "lora.dropout -1 must be at least 0 and below 1"),
        ("lora.dropout=1", "lora.dropout 1 must be at least 0 and below 1"),
        ("lora.dropout=.nan", "lora.dropout nan must be at least 0 and below 1"),
        ("lora.alpha=0", "lora.alpha 0 must be at least 1"),
        ("lora.loraplus_lr_ratio=.nan", "lora.loraplus_lr_ratio nan must be above 0 and finite"),
        ("data.weights=[.nan]", "data.weights [nan] must be at least 0 and finite, and not all 0"),
        ("data.weights=[-1]", "data.weights [-1] must be at least 0 and finite, and not all 0"),
        ("data.weights=[0]", "data.weights [0] must be at least 0 and finite, and not all 0"),
        ("data.replay_ratio=1", "data.replay_ratio 1 must be above 0 and below 1"),
        ("eval.loss_rows=0", "eval.loss_rows 0 must be at least 1"),
        ("eval.read_rows=-1", "eval.read_rows -1 must be at least 0"),
        ("eval.compare_rows=-1", "eval.compare_rows -1 must be at least 0"),
        ("eval.batch_size=0", "eval.batch_size 0 must be at least 1"),
        ("eval.max_new_tokens=0", "eval.max_new_tokens 0 must be at least 1"),
        ("model.encoder.num_attention_heads=0", "model.encoder.num_attention_heads 0 must be at least 1"),
        ("model.encoder.patch_size=0", "model.encoder.patch_size 0 must be at least 1"),
        ("model.encoder.image_size=0", "model.encoder.image_size 0 must be at least 1"),
        ("model.encoder.window_size=-1", "model.encoder.window_size -1 must be at least 0"),
        ("model.encoder.num_hidden_layers=0", "model.encoder.num_hidden_layers 0 must be at least 1"),
    ],
)
def test_numbers_out_of_range_are_refused(write_config: Callable[..., Path], word: str, message: str) -> None:
    assert refusal(write_config(), word) == message


def refusal(path: Path, *words: str) -> str:
    with pytest.raises(UserError) as caught:
        load_config(path, list(words))
    places = "|".join(re.escape(f"{place}: ") for place in (path, *words))
    return re.sub(rf"^({places})", "", str(caught.value), flags=re.MULTILINE)


METRICS = "loss, cer, edit_distance, exact_match, repetition"


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("per_device_train_batch_size=0", "train.per_device_train_batch_size 0 must be at least 1"),
        ("per_device_eval_batch_size=0", "train.per_device_eval_batch_size 0 must be at least 1"),
        ("gradient_accumulation_steps=0", "train.gradient_accumulation_steps 0 must be at least 1"),
        ("eval_accumulation_steps=0", "train.eval_accumulation_steps 0 must be at least 1"),
        ("seed=-1", "train.seed -1 must be at least 0 and below 2**32"),
        ("data_seed=-1", "train.data_seed -1 must be at least 0"),
        ("num_train_epochs=.nan", "train.num_train_epochs nan must be above 0 and finite"),
        ("num_train_epochs=0", "train.num_train_epochs 0 must be above 0 and finite"),
        ("max_steps=0", "train.max_steps 0 must be at least 1, or -1 to train for num_train_epochs"),
        ("dataloader_num_workers=-1", "train.dataloader_num_workers -1 must be at least 0"),
        ("learning_rate=-1", "train.learning_rate -1 must be at least 0 and finite"),
        ("warmup_steps=.nan", "train.warmup_steps nan must be at least 0 and finite"),
        ("adam_beta1=2", "train.adam_beta1 2 must be at least 0.0 and below 1.0"),
        ("adam_beta2=0", "train.adam_beta2 0 must be at least 0.0 and below 1.0"),
        ("report_to=wandbb", "train.report_to wandbb: did you mean wandb?"),
        ("report_to=[tensorboard,wandbb]", "train.report_to[1] wandbb: did you mean wandb?"),
        (
            "log_level=foo",
            "train.log_level foo: allowed: critical, debug, detail, error, info, passive, warning",
        ),
        ("log_level_replica=warn", "train.log_level_replica warn: did you mean warning?"),
        (
            "save_strategy=best",
            "train.save_strategy best needs train.eval_strategy, epoch or steps, and "
            f"train.metric_for_best_model: {METRICS}",
        ),
        ("metric_for_best_model=eval_cr", "train.metric_for_best_model eval_cr: did you mean cer?"),
    ],
)
def test_training_arguments_that_would_fail_in_the_run_are_refused(
    write_config: Callable[..., Path], word: str, message: str
) -> None:
    assert refusal(write_config(), f"train.{word}") == message


def test_training_arguments_at_the_ends_of_their_ranges(write_config: Callable[..., Path]) -> None:
    words = ["max_steps=-1", "num_train_epochs=0.1", "learning_rate=0", "adam_beta1=0.0", "seed=4294967295"]
    words += ["report_to=[tensorboard,wandb]", "log_level=passive", "warmup_steps=0"]
    load_config(write_config(), [f"train.{word}" for word in words])


def test_the_best_checkpoint_is_chosen_by_what_an_evaluation_gives(
    write_config: Callable[..., Path],
) -> None:
    best = ["train.save_strategy=best", "train.eval_strategy=steps"]
    for metric in ("loss", "eval_cer", "loss_pdf"):
        load_config(write_config(), [*best, f"train.metric_for_best_model={metric}"])
    load_config(write_config(), [*best, "train.load_best_model_at_end=true"])
    unread = [*best, "train.metric_for_best_model=cer", "eval.read_rows=0"]
    assert refusal(write_config(), *unread) == "train.metric_for_best_model cer: allowed: loss"
    assert tuple(text_metrics(["a"], ["b"])) == SCORES


@pytest.mark.parametrize(
    ("metric", "higher"),
    [("cer", False), ("eval_edit_distance", False), ("repetition", False), ("exact_match", True)]
    + [("loss", False), ("loss_pdf", False), (None, False)],
)
def test_the_best_of_a_metric_is_known(
    write_config: Callable[..., Path], tmp_path: Path, metric: str | None, higher: bool
) -> None:
    """transformers would take the highest of whatever does not end with `loss`."""
    words = ["load_best_model_at_end=true", "eval_strategy=steps", "eval_steps=2", "save_steps=2"]
    words = [f"train.{word}" for word in [*words, f"metric_for_best_model={metric or 'null'}"]]
    config = load_config(write_config(), words)
    assert training_arguments(config, 1, tmp_path, True).greater_is_better == higher
    load_config(write_config(), [*words, f"train.greater_is_better={higher}"])
    name, better = (metric or "loss").removeprefix("eval_"), "higher" if higher else "lower"
    wrong = str(not higher).lower()
    assert refusal(write_config(), *words, f"train.greater_is_better={wrong}") == (
        f"train.greater_is_better={wrong} would choose the worst checkpoint, as a {better} {name} is better: "
        "leave it out"
    )


CHOOSES = "train.load_best_model_at_end chooses among checkpoints that were evaluated, but "


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["save_steps=2"],
            "train.save_strategy is steps and train.eval_strategy is no: set train.eval_strategy=steps",
        ),
        (
            ["eval_strategy=epoch"],
            "train.save_strategy is steps and train.eval_strategy is epoch: set train.eval_strategy=steps",
        ),
        (
            ["save_strategy=epoch", "eval_strategy=steps"],
            "train.save_strategy is epoch and train.eval_strategy is steps: set train.eval_strategy=epoch",
        ),
        (
            ["save_strategy=no", "eval_strategy=steps"],
            "train.save_strategy is no and train.eval_strategy is steps: set train.eval_strategy=steps "
            "train.save_strategy=steps",
        ),
        (
            ["save_steps=2", "eval_strategy=steps", "eval_steps=3"],
            "train.save_steps 2 is no multiple of train.eval_steps 3: set train.eval_steps=2",
        ),
        (
            ["save_steps=0.2", "eval_strategy=steps", "eval_steps=3"],
            "train.save_steps 0.2 is no multiple of train.eval_steps 3: set train.eval_steps=0.2",
        ),
        (
            ["save_steps=3", "eval_strategy=steps", "logging_steps=2"],
            "train.save_steps 3 is no multiple of train.eval_steps 2: set train.eval_steps=3",
        ),
    ],
)
def test_checkpoints_are_evaluated_where_the_best_is_chosen(
    write_config: Callable[..., Path], words: list[str], message: str
) -> None:
    given = [f"train.{word}" for word in ["load_best_model_at_end=true", *words]]
    assert refusal(write_config(), *given) == f"{CHOOSES}{message}"


def test_a_metric_that_chooses_nothing_is_idle(write_config: Callable[..., Path]) -> None:
    words = ["train.eval_strategy=steps", "train.metric_for_best_model=cer"]
    assert refusal(write_config(), *words) == (
        "train.metric_for_best_model would have no effect, as nothing asks for the best checkpoint: neither "
        "train.load_best_model_at_end nor train.save_strategy=best nor eval.early_stopping_patience is set: "
        "leave it out, or change that"
    )
    for asks in ("eval.early_stopping_patience=2", "train.save_total_limit=2", "train.save_strategy=best"):
        load_config(write_config(), [*words, asks])


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("data=3", "data must be a section of keys, not a single value: 3"),
        ("eval=[]", "eval must be a section of keys, not a list: []"),
        ("train=[]", "train must be a section of keys, not a list: []"),
        ("train=???", "train must be a section of keys, not a single value: ???"),
        ("model.decoder.shape=[]", "model.decoder.shape must be a section of keys, not a list: []"),
        ("data.columns=[a]", "data.columns must be a section of keys, not a list: ['a']"),
        ("data.columns={a: [b]}", "data.columns.a must be a single value, not a list: ['b']"),
        ("data.val={a: 1}", "data.val must be a list, not a section of keys: {'a': 1}"),
        ("data.train=[[a]]", "data.train[0] must be a single value, not a list: ['a']"),
        ("data.weights={a: 3}", "data.weights must be a list, not a section of keys: {'a': 3}"),
        ("lora.rank=[1]", "lora.rank must be a single value, not a list: [1]"),
    ],
)
def test_values_of_another_kind_are_refused_in_words_and_in_files(
    write_config: Callable[..., Path], tmp_path: Path, word: str, message: str
) -> None:
    assert refusal(write_config(), word) == message
    path = tmp_path / "kinds.yaml"
    path.write_text(OmegaConf.to_yaml(OmegaConf.from_dotlist(["name=kinds", word])))
    assert refusal(path) == message


EVERY_MISTAKE = """
nmae: x
output_dir: ${nowhere}
model:
  init: foo
  encoder: {image_size: 1000, num_attention_heads: 5}
  decoder: {shape: null}
data:
  train: [a, [b], true]
  trian: b
  val: {a: 1}
  weights: [-1]
  columns: {a: [b]}
  frame: swift
sample: {template: swift, max_length: long, max_tiles: 0}
lora: {enabled: true, modules: []}
train:
  lerning_rate: 1
  fsdp: full_shard
  max_steps: 2.5
  seed: -1
  report_to: wandbb
  learning_rates: {encoder: fast, decodr: 0}
eval: 3
"""


def test_all_mistakes_are_reported_together(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(EVERY_MISTAKE)
    cure = "close brackets, braces and quotes, and put the whole word in quotes, or write a list as a,b"
    assert refusal(path, "train.cache_gib=0", "data.replay=[a", "sample.crop=[]").splitlines() == [
        "28 errors:",
        "data.frame is called sample.template now, and both are given: keep sample.template",
        f"the value is not YAML (did not find expected ',' or ']'): {cure}",
        "name must be set, in the file or as key=value",
        "output_dir: Interpolation key 'nowhere' not found",
        "model.init foo: allowed: pretrained, random",
        "model.encoder.image_size 1000 is not a multiple of 64 (patch_size 16 x 4)",
        "model.encoder.hidden_size 768 is not a multiple of model.encoder.num_attention_heads 5",
        "model.decoder.shape must not be null: expected dict",
        "data.train[1] must be a single value, not a list: ['b']",
        "data.train[2]=True has the wrong type: expected str",
        "data.weights [-1] must be at least 0 and finite, and not all 0",
        "data.val must be a list, not a section of keys: {'a': 1}",
        "data.columns.a must be a single value, not a list: ['b']",
        "data.trian is not a config key: did you mean train?",
        "sample.crop must be a single value, not a list: []",
        "sample.max_tiles 0 must be at least 1",
        "sample.max_length='long' has the wrong type: expected int",
        "lora.modules is empty: name at least one of encoder, connector, decoder",
        "train.fsdp is not supported here: use train.deepspeed=configs/deepspeed/zero2.json",
        "train.cache_gib 0 must be above 0 and finite",
        "train.learning_rates.encoder='fast' has the wrong type: expected float",
        "train.learning_rates.decodr is not a config key: did you mean decoder?",
        "train.lerning_rate is not a TrainingArguments name: did you mean learning_rate?",
        "train.max_steps=2.5 has the wrong type: expected int",
        "train.seed -1 must be at least 0 and below 2**32",
        "train.report_to wandbb: did you mean wandb?",
        "eval must be a section of keys, not a single value: 3",
        "nmae is not a config key: did you mean name?",
    ]


def test_sections_are_checked_against_each_other_where_both_are_right(
    write_config: Callable[..., Path],
) -> None:
    """What does not depend on a mistake is checked, and what does is not."""
    across = ["train.cache_features=true", "train.save_strategy=best", "train.eval_strategy=no"]
    both = refusal(write_config(), *across).splitlines()
    assert [line.split(" ")[0] for line in both] == ["2", "train.cache_features", "train.save_strategy"]
    aside = refusal(write_config(), *across, "data.trian=a", "sample.crop=7").splitlines()
    assert aside == ["4 errors:", *aside[1:3], *both[1:]]
    assert refusal(write_config(), *across, "eval.loss_rows=0").splitlines() == [
        "2 errors:",
        "eval.loss_rows 0 must be at least 1",
        both[1],
    ]
    assert refusal(write_config(), *across, "train.seed=-1") == (
        "train.seed -1 must be at least 0 and below 2**32"
    )


def test_values_in_the_spelling_of_another_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPS", "7")
    path = tmp_path / "a.yaml"
    path.write_text("""
name: 2024
output_dir: runs/${name}/${sample.max_length}
data: {train: a, replay: b, columns: {1: response}}
sample: {max_length: '4096', crop: 'yes'}
lora: {modules: decoder, dropout: 0}
eval:
train:
  {learning_rate: '1e-4', run_name: 7, max_steps: '${oc.env:STEPS}', save_steps: 500, seed: '${lora.rank}'}
""")
    config = load_config(path)
    assert (config.name, config.output_dir) == ("2024", "runs/2024/4096")
    assert (config.data.train, config.data.replay, config.data.columns) == (["a"], ["b"], {"1": "response"})
    assert (config.sample.max_length, config.sample.crop, config.lora.modules) == (4096, True, ["decoder"])
    assert config.eval == EvalConfig()
    arguments = config.train.arguments
    expected = {"learning_rate": 1e-4, "run_name": "7", "max_steps": 7, "save_steps": 500, "seed": 8}
    assert arguments == expected
    assert isinstance(arguments["save_steps"], int)  # as it was written, in args.yaml too
    assert load_config(path, ["data.train=${data.replay}"]).data.train == ["b"]


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("learning_rate", "train.learning_rate"),
        ("bf16", "train.bf16"),
        ("lr", "train.learning_rate"),
        ("train.lr", "train.learning_rate"),
        ("epochs", "train.num_train_epochs"),
        ("train.num_epochs", "train.num_train_epochs"),
        ("batch_size", "train.per_device_train_batch_size or train.global_batch_size"),
        ("train.batch_size", "train.per_device_train_batch_size or train.global_batch_size"),
        ("max_steps", "train.max_steps"),
        ("warmup_ratio", "train.warmup_steps (below 1 a share of all steps)"),
        ("gradient_accumulation", "train.gradient_accumulation_steps"),
        ("lora.r", "lora.rank"),
        ("lora_rank", "lora.rank"),
        ("lora.lora_alpha", "lora.alpha"),
        ("model.lora", "lora"),
        ("train.max_length", "sample.max_length"),
        ("data.template", "sample.template"),
        ("data.learning-rate", "train.learning_rate"),
        ("data.path", "model.path or model.encoder.path or model.decoder.path"),
        ("lerning_rate", "train.learning_rate"),
        ("resume_from_checkpoint", "resume"),
    ],
)
def test_a_key_under_another_name_or_in_another_section_is_known(
    write_config: Callable[..., Path], key: str, meant: str
) -> None:
    noun = "TrainingArguments name" if key.startswith("train.") else "config key"
    assert refusal(write_config(), f"{key}=1") == f"{key} is not a {noun}: did you mean {meant}?"


def test_mistakes_are_said_where_they_stand(write_config: Callable[..., Path]) -> None:
    path = write_config(eval={"loss_rows": 0})
    words = ["name=other", "sample.max_length=0", "lr=1", "data.max_pixels=0"]
    with pytest.raises(UserError) as caught:
        load_config(path, words)
    assert str(caught.value).splitlines() == [
        "4 errors:",
        "sample.max_length=0: sample.max_length 0 must be at least 1",
        "data.max_pixels=0: sample.max_pixels 0 must be at least 1",
        f"{path}: eval.loss_rows 0 must be at least 1",
        "lr=1: lr is not a config key: did you mean train.learning_rate?",
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train.max_steps", "2"], "write train.max_steps=2"),
        (["train.max_steps", "=", "2"], "write train.max_steps=2"),
        (["sample.max_length:", "2"], "write sample.max_length=2"),
        (["--sample.max_length=2"], "write sample.max_length=2"),
        (["--sample.max_length", "2"], "write sample.max_length=2"),
        (
            ["data.train=a.jsonl", "b.jsonl"],
            "write key=value, for example train.max_steps=2; values of a list are separated by commas: "
            "data.train=a.jsonl,b.jsonl",
        ),
        (["=2"], "write key=value, for example train.max_steps=2"),
    ],
)
def test_words_in_another_spelling(write_config: Callable[..., Path], words: list[str], message: str) -> None:
    assert refusal(write_config(), *words).endswith(f" is not an override: {message}")


def test_texts_with_marks_of_yaml_in_lists(write_config: Callable[..., Path]) -> None:
    words = ["data.train=*.jsonl,b: c.jsonl#5", "lora.modules=decoder, connector", "data.weights=1,2"]
    config = load_config(write_config(), [*words, "lora.enabled=true", "train.report_to=tensorboard,wandb"])
    assert config.data.train == ["*.jsonl", "b: c.jsonl#5"]
    assert config.lora.modules == ["decoder", "connector"]
    assert config.data.weights == [1, 2]
    assert config.train.arguments["report_to"] == ["tensorboard", "wandb"]


TUNED = {"model": {"path": "a", "init": "pretrained"}}
EVALUATED = {"train": {"eval_strategy": "steps"}}


@pytest.mark.parametrize(
    ("sections", "word", "why"),
    [
        ({}, "model.path=a", "model.init is random"),
        ({}, "data.replay_ratio=0.2", "data.replay names no sets"),
        ({}, "data.weights=2", "data.train is a single set"),
        ({}, "data.val_ratio=0.1", "data.val names the validation rows"),
        ({}, "lora.rank=8", "lora.enabled is false"),
        ({}, "lora.quantization_bits=4", "lora.enabled is false"),
        (
            {"lora": {"enabled": True}},
            "train.learning_rates.encoder=1e-5",
            "lora.modules are decoder, connector, everything else is frozen",
        ),
        (
            {"train": {"learning_rates": {"encoder": 0, "connector": 1, "decoder": 1}}},
            "train.learning_rate=1",
            "train.learning_rates has a rate for each group that trains",
        ),
        ({}, "train.cache_gib=5", "train.cache_features is false"),
        (
            {"train": {"tokens_per_batch": 99, "global_batch_size": 4}},
            "train.per_device_train_batch_size=1",
            "train.tokens_per_batch stands in its place",
        ),
        ({}, "train.num_train_epochs=3", "train.max_steps is 2"),
        ({}, "train.warmup_steps=3", "train.lr_scheduler_type is constant: use constant_with_warmup"),
        ({}, "train.eval_steps=3", "train.eval_strategy is no"),
        ({}, "train.hub_model_id=a", "train.push_to_hub is false"),
        ({"train": {"save_strategy": "epoch"}}, "train.save_steps=7", "train.save_strategy is epoch"),
        (
            {"data": {"val": None, "val_ratio": 0}},
            "train.eval_strategy=steps",
            "there are no validation rows: data.val is not given and data.val_ratio is 0",
        ),
        ({}, "eval.loss_rows=9", "train.eval_strategy is no"),
        ({}, "eval.batch_size=9", "train.eval_strategy is no"),
        ({**EVALUATED, "eval": {"read_rows": 0}}, "eval.batch_size=9", "eval.read_rows is 0"),
        ({}, "eval.ordinary=a", "a model without model.path is not compared"),
        ({**TUNED, "eval": {"compare_rows": 0}}, "eval.ordinary=a", "eval.compare_rows is 0"),
    ],
)
def test_a_word_without_effect_is_refused(
    write_config: Callable[..., Path], sections: dict[str, Any], word: str, why: str
) -> None:
    key = word.partition("=")[0]
    path = write_config(**sections)
    expected = f"{key} would have no effect, as {why}: leave it out, or change that"
    assert refusal(path, word) == expected


def test_keys_of_a_file_without_effect_are_said(
    write_config: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """A file may serve several runs, and a word may overrule it."""
    path = write_config(data={"replay_ratio": 0.3, "val_ratio": 0.01}, lora={"rank": 9, "alpha": 3}, eval={})
    load_config(path, ["train.eval_strategy=steps", "lora.dropout=0", "train.max_steps=3"])
    assert capsys.readouterr().out.splitlines()[1:] == [
        f"{path}: without effect, as data.replay names no sets: data.replay_ratio",
        f"{path}: without effect, as lora.enabled is false: lora.rank, lora.alpha",
    ]
    run = path.rename(path.with_name("args.yaml"))
    load_config(run)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "words",
    [["model.encoder.image_size=1024"], ["model.decoder.shape.hidden_size=8", "model.decoder.tokenizer=a"]],
)
def test_a_whole_checkpoint_has_a_shape_and_a_tokenizer(
    write_config: Callable[..., Path], words: list[str]
) -> None:
    keys = ", ".join(word.partition("=")[0] for word in words)
    why = "model.path is a whole checkpoint, which has a shape and a tokenizer of its own"
    assert refusal(write_config(**TUNED), *words) == (
        f"{keys} would have no effect, as {why}: leave it out, or change that"
    )
    both = write_config(model={"encoder": {}, "decoder": {"model_type": "qwen2"}})
    assert refusal(both, "model.init=pretrained", "model.path=a").startswith("model.decoder.")


def test_the_file_of_an_old_run_loads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "args.yaml"
    path.write_text("""
name: old
model: {init: pretrained, path: null}
data: {train: [], weights: null, frame: swift, crop: true, max_length: 900, max_tiles: 6, max_pixels: 1000}
train: {learning_rates: {encoder: 0.0, connector: null, decoder: null}, save_strategy: 'no'}
""")
    config = load_config(path)
    sample = config.sample
    assert (sample.template, sample.crop, sample.max_length, sample.max_tiles) == ("swift", True, 900, 6)
    assert config.data.train == [] and config.train.learning_rates.encoder == 0
    assert capsys.readouterr().out == ""


def test_names_of_training_arguments_that_are_numbers(write_config: Callable[..., Path]) -> None:
    assert refusal(write_config(), "train={1: 2}").startswith("train.1 is not a TrainingArguments name: ")


def test_a_file_that_is_no_section(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("- a\n- b\n")
    for words in ([], ["name=b"]):
        assert refusal(path, *words) == f"{path} must hold sections such as `model:` and `train:`, not a list"
    path.write_text("3\n")
    assert refusal(path) == f"{path} is not a YAML file: Invalid loaded object type: int"


@pytest.mark.parametrize(
    ("value", "query"),
    [
        ("OCR: ", "OCR: "),
        ('"OCR: "', "OCR: "),
        ("'it''s'", "it's"),
        ("[x1, y1, x2, y2] OCR: ", "[x1, y1, x2, y2] OCR: "),
        ("a # b=c", "a # b=c"),
        ('"a" and b', '"a" and b'),
        ("007", "007"),
        ("true", "true"),
        ("\U0001f600 \\", "\U0001f600 \\"),
        ("null", None),
        ("", None),
    ],
)
def test_words_of_text_are_taken_as_they_are_typed(
    write_config: Callable[..., Path], value: str, query: str | None
) -> None:
    assert load_config(write_config(), [f"data.query={value}"]).data.query == query


def test_a_whole_checkpoint_excludes_other_sources(write_config: Callable[..., Path]) -> None:
    with pytest.raises(
        UserError, match="model.path is a whole checkpoint, so model.init_from cannot be used"
    ):
        load_config(write_config(), ["model.init=pretrained", "model.path=a", "model.init_from=b"])


def test_missing_keys_and_files(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    for text in ("name: x\n", 'name: x\ndata: {train: "???"}\n'):
        path.write_text(text)
        with pytest.raises(UserError, match="data.train must be set, in the file or as key=value"):
            train(load_config(path))
    path.write_text("data: {train: a.jsonl}\n")
    with pytest.raises(UserError, match="name must be set, in the file or as key=value"):
        load_config(path)
    with pytest.raises(UserError, match="config file .*b.yaml does not exist"):
        load_config(tmp_path / "b.yaml")
    path.write_text("a: [1, 2")
    with pytest.raises(UserError, match="is not a YAML file"):
        load_config(path)


def test_resolved_yaml_reads_back_as_the_same(write_config: Callable[..., Path], tmp_path: Path) -> None:
    config = load_config(write_config(), ["train.learning_rates.encoder=0", "train.global_batch_size=8"])
    path = tmp_path / "resolved.yaml"
    path.write_text(to_yaml(config))
    assert load_config(path) == config


def steps(config: Config, world_size: int) -> int:
    return accumulation_steps(config, world_size)


def test_accumulation_follows_from_the_global_batch(write_config: Callable[..., Path]) -> None:
    config = load_config(write_config(), ["train.global_batch_size=32"])
    assert steps(config, world_size=1) == 8
    assert steps(config, world_size=4) == 2
    with pytest.raises(UserError, match="global_batch_size 32 is not a multiple of 12"):
        steps(config, world_size=3)
    both = load_config(write_config(), ["train.global_batch_size=8", "train.gradient_accumulation_steps=2"])
    with pytest.raises(UserError, match="set one of them only"):
        steps(both, world_size=1)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_config_loads(path: Path) -> None:
    assert load_config(path, ["data.train=[a.jsonl]"]).name


def test_stages_carry_the_papers_numbers() -> None:
    by_name = {path.stem: load_config(path, ["data.train=[a.jsonl]"]) for path in CONFIGS}
    expected = {
        "stage1_encoder": (1e-4, 3, 4096),
        "stage2_joint": (1e-4, 1, 6000),
        "stage3_posttrain": (2e-5, 1, 8192),
    }
    for name, (rate, epochs, length) in expected.items():
        config = by_name[name]
        assert config.train.arguments["learning_rate"] == rate
        assert config.train.arguments["num_train_epochs"] == epochs
        assert config.sample.max_length == length
        assert config.train.global_batch_size == 128
        assert config.train.arguments["lr_scheduler_type"] == "cosine"
    assert by_name["stage3_posttrain"].train.learning_rates.encoder == 0
    assert by_name["stage2_joint"].train.learning_rates.encoder is None


def test_null_takes_back_what_was_said_before(write_config: Callable[..., Path]) -> None:
    path = write_config()
    config = load_config(path, ["model=null", "model.path=organisation/model"])
    assert config.model == ModelConfig(path="organisation/model")
    config = load_config(path, ["model.path=organisation/model", "model=null"])
    assert config.model == ModelConfig()
    config = load_config(path, ["model.encoder=null", "model.encoder.image_size=512"])
    assert config.model.encoder == EncoderConfig(image_size=512)
    assert config.model.decoder == load_config(path).model.decoder
    assert load_config(path, ["train.max_steps=null", "train.max_steps=9"]).train.arguments["max_steps"] == 9


def test_a_word_in_another_encoding_is_a_mistake(write_config: Callable[..., Path]) -> None:
    word = b"data.query=\xc4\xe3".decode("utf-8", "surrogateescape")  # of a terminal in GBK
    with pytest.raises(UserError, match=r"is not UTF-8: type it again, in a terminal that writes UTF-8$"):
        load_config(write_config(), [word])


def test_a_key_of_any_length_is_told_in_a_line_that_can_be_read(write_config: Callable[..., Path]) -> None:
    with pytest.raises(UserError) as caught:
        load_config(write_config(), [f"model.{'<table>' * 9000}=1"])
    line = str(caught.value)
    assert line.startswith("model.<table><table>") and " ... " in line and len(line) <= MAX_LINE_CHARACTERS
