"""`swift sft`: exactly the config that a command line stands for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from got_train.report import UserError
from got_train.swift.command_line import idle_remarks, read_command_line
from got_train.swift.sft import ZERO2, config_of, sections
from got_train.swift.sft_options import sft_options

Keys = Callable[..., dict[str, Any]]

V2 = ["--model_type", "got-ocr2", "--model_id_or_path", "stepfun-ai/GOT-OCR2_0", "--sft_type", "lora"]
V2 += ["--dataset", "latex-ocr-print#5000"]
V4 = ["--model", "stepfun-ai/GOT-OCR2_0", "--train_type", "lora", "--dataset", "AI-ModelScope/LaTeX_OCR#5000"]

V2_KEYS = {
    "name": "got-ocr2",
    "output_dir": "output",
    "model.path": "stepfun-ai/GOT-OCR2_0",
    "data.train": ["latex-ocr-print#5000"],
    "sample.template": "swift",
    "data.on_error": "skip",
    "sample.max_length": 2048,
    "data.val_ratio": 0.01,
    "lora.enabled": True,
    "lora.modules": ["decoder", "connector"],
    "lora.rank": 8,
    "lora.alpha": 32,
    "lora.dropout": 0.05,
    "train.learning_rate": 1e-4,
    "train.per_device_train_batch_size": 1,
    "train.per_device_eval_batch_size": 1,
    "train.gradient_accumulation_steps": 16,
    "train.num_train_epochs": 1,
    "train.lr_scheduler_type": "cosine",
    "train.warmup_steps": 0.05,
    "train.weight_decay": 0.1,
    "train.adam_beta2": 0.95,
    "train.max_grad_norm": 1.0,
    "train.bf16": True,
    "train.gradient_checkpointing": True,
    "train.logging_steps": 5,
    "train.logging_first_step": True,
    "train.eval_strategy": "steps",
    "train.eval_steps": 50,
    "train.save_steps": 50,
    "train.save_total_limit": 2,
    "train.metric_for_best_model": "loss",
    "train.dataloader_num_workers": 1,
    "train.report_to": "tensorboard",
    "train.seed": 42,
}
V4_KEYS = V2_KEYS | {
    "name": "GOT-OCR2_0",
    "data.train": ["AI-ModelScope/LaTeX_OCR#5000"],
    "sample.max_length": 32768,
    "data.val_ratio": 0.0,
    "lora.modules": ["decoder"],
    "train.num_train_epochs": 3,
    "train.warmup_steps": 0.0,
    "train.eval_steps": 500,
    "train.save_steps": 500,
}
del V4_KEYS["train.save_total_limit"]


def test_the_announcements_command(keys_of: Keys) -> None:
    assert keys_of(*V2) == V2_KEYS


def test_the_same_in_swift_4s_spelling(keys_of: Keys) -> None:
    assert keys_of(*V4) == V4_KEYS


def test_four_gpus_with_zero2(keys_of: Keys) -> None:
    more = {"train.deepspeed": str(ZERO2), "train.gradient_accumulation_steps": 4}
    assert keys_of(*V2, "--deepspeed", "default-zero2", world_size=4) == V2_KEYS | more
    assert keys_of(*V4, "--deepspeed", "zero2", world_size=4) == V4_KEYS | more
    assert ZERO2.is_file()


def test_own_data(keys_of: Keys) -> None:
    words = [*V2[:-2], "--dataset", "train.jsonl", "--val_dataset", "val.jsonl"]
    assert keys_of(*words) == V2_KEYS | {"data.train": ["train.jsonl"], "data.val": ["val.jsonl"]}


def batches(size: int, accumulation: int) -> dict[str, int]:
    both = {"per_device_train_batch_size": size, "per_device_eval_batch_size": size}
    return both | {"gradient_accumulation_steps": accumulation}


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        ("--batch_size 3", batches(3, 6)),
        ("--batch_size 32", batches(32, 1)),
        ("--eval_steps 20", {"eval_steps": 20, "save_steps": 20}),
        ("--save_steps 100", {"save_steps": 100}),
        ("--save_total_limit -1", {"save_total_limit": None}),
        ("--warmup_steps 10", {"warmup_steps": 10}),
        ("--warmup_ratio 0.1", {"warmup_steps": 0.1}),
        ("--warmup_ratio 0", {"warmup_steps": 0}),
        ("--dtype fp16", {"bf16": False, "fp16": True}),
        ("--dtype fp32", {"bf16": False}),
        ("--evaluation_strategy epoch", {"eval_strategy": "epoch"}),
        ("--dataset_test_ratio 0.2", {"data.val_ratio": 0.2}),
        ("--max_length -1", {"sample.max_length": 32768}),
        ("--max_length 1024", {"sample.max_length": 1024}),
        ("--check_dataset_strategy error", {"data.on_error": "raise"}),
        ("--lora_target_modules ALL", {"lora.modules": ["decoder", "connector", "encoder"]}),
        ("--target_modules DEFAULT --lora_rank 16", {"lora.rank": 16}),
        ("--lora_dropout_p 0 --lora_lr_ratio 16", {"lora.dropout": 0, "lora.loraplus_lr_ratio": 16}),
        ("--quantization_bit 4", {"lora.quantization_bits": 4}),
        ("--use_dora true --use_rslora", {"lora.use_dora": True, "lora.use_rslora": True}),
        ("--output_dir runs", {"output_dir": "runs"}),
        ("--resume_from_checkpoint output/a", {"resume": "output/a"}),
        ("--predict_with_generate false", {"eval.read_rows": 0}),
        ("--custom_train_dataset_path a.jsonl", {"data.train": ["latex-ocr-print#5000", "a.jsonl"]}),
        ("--neftune_alpha 5 --optim adamw_torch", {"neftune_noise_alpha": 5, "optim": "adamw_torch"}),
    ],
)
def test_options_of_swift_2(words: str, changed: dict[str, Any], keys_of: Keys) -> None:
    named = {
        key if "." in key or key in ("output_dir", "resume") else f"train.{key}": value
        for key, value in changed.items()
    }
    assert keys_of(*V2, *words.split()) == V2_KEYS | named


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        ("--split_dataset_ratio 0.01", {"data.val_ratio": 0.01}),
        ("--split_dataset_ratio 0.01 --eval_strategy no", {"train.eval_strategy": "no"}),
        ("--save_steps 50", {"train.save_steps": 50, "train.eval_steps": 50}),
        ("--save_strategy epoch", {"train.save_strategy": "epoch", "train.eval_strategy": "epoch"}),
        (
            "--freeze_vit false --vit_lr 1e-5",
            {"lora.modules": ["decoder", "encoder"], "train.learning_rates.encoder": 1e-5},
        ),
        (
            "--freeze_aligner false --aligner_lr 2e-5",
            {"lora.modules": ["decoder", "connector"], "train.learning_rates.connector": 2e-5},
        ),
        ("--freeze_aligner false --freeze_llm true", {"lora.modules": ["connector"]}),
        ("--target_modules all-linear --lorap_lr_ratio 4", {"lora.loraplus_lr_ratio": 4}),
        ("--lora_alpha 64.0 --lora_dropout 0.1", {"lora.alpha": 64, "lora.dropout": 0.1}),
        ("--torch_dtype float16", {"train.bf16": False, "train.fp16": True}),
        ("--fp16 true", {"train.bf16": False, "train.fp16": True}),
        ("--torch_dtype float32 --bf16 true", {"train.bf16": True, "train.fp16": False}),
        ("--quant_method bnb --quant_bits 4", {"lora.quantization_bits": 4}),
        ("--interleave_prob 0.5 0.5", {"data.weights": [0.5, 0.5]}),
        ("--interleave_prob 1", {"data.weights": [1]}),
        ("--output_dir runs/print", {"output_dir": "runs/print", "name": "."}),
        ("--model_author swift --model_name swift-robot", {}),
        ("--strict true", {"data.on_error": "raise"}),
        ("--seed 7 --data_seed 7", {"train.seed": 7}),
        ("--eval_on_start true --use_cpu", {"train.eval_on_start": True, "train.use_cpu": True}),
        ("--deepspeed my.json", {"train.deepspeed": "my.json"}),
        ("--early_stop_interval 3", {"eval.early_stopping_patience": 3}),
    ],
)
def test_options_of_swift_4(words: str, changed: dict[str, Any], keys_of: Keys) -> None:
    assert keys_of(*V4, *words.split()) == V4_KEYS | changed


def test_where_sets_and_pictures_come_from(keys_of: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROOT_IMAGE_DIR", "pictures")
    keys = keys_of(*V4[:-1], "HF::linxy/LaTeX_OCR:small#20", "--val_dataset", "hf::a/b")
    assert keys["data.train"] == ["HF::linxy/LaTeX_OCR:small#20"]
    assert keys["data.val"] == ["hf::a/b"]
    assert keys["data.image_root"] == "pictures"


def test_columns_are_json(keys_of: Keys) -> None:
    keys = keys_of(*V4, "--columns", '{"text": "response"}')
    assert keys == V4_KEYS | {"data.columns.text": "response"}


def test_a_system_text_may_be_in_a_file(tmp_path: Path, keys_of: Keys) -> None:
    (tmp_path / "s.txt").write_text("Read all.")
    assert keys_of(*V4, "--system", "You are a helpful assistant.")["sample.system"] == (
        "You are a helpful assistant."
    )
    assert keys_of(*V2, "--system", "a\\nb: 5")["sample.system"] == "a\nb: 5"
    assert keys_of(*V4, "--system", str(tmp_path / "s.txt"))["sample.system"] == "Read all."
    with pytest.raises(UserError, match="no.txt does not exist"):
        keys_of(*V4, "--system", "no.txt")


def test_layers_of_4_bits_compute_as_training_does(keys_of: Keys) -> None:
    assert keys_of(*V4, "--bnb_4bit_compute_dtype", "bfloat16") == V4_KEYS
    assert keys_of(*V2, "--bnb_4bit_comp_dtype", "fp16", "--dtype", "fp16")["train.fp16"]
    with pytest.raises(UserError, match="float16 is not supported here: .* training, which is bfloat16$"):
        keys_of(*V4, "--bnb_4bit_compute_dtype", "float16")


@pytest.mark.parametrize(
    ("words", "encoder", "connector", "convolutions"),
    [
        ("", 0.0, 0.0, None),
        ("--freeze_aligner false", 0.0, None, 1e-5),
        ("--freeze_aligner false --aligner_lr 2e-6", 0.0, 2e-6, 2e-6),
        ("--freeze_vit false", None, 0.0, 0.0),
        ("--freeze_vit false --freeze_aligner false", None, None, None),
        ("--freeze_vit false --vit_lr 3e-6 --freeze_aligner false", 3e-6, None, 1e-5),
        ("--freeze_vit false --vit_lr 3e-6 --freeze_aligner false --learning_rate 2e-5", 3e-6, None, 2e-5),
        ("--freeze_vit false --freeze_aligner false --aligner_lr 2e-6", None, 2e-6, 2e-6),
    ],
)
def test_swift_4s_aligner_has_the_convolutions_in_transformers_layout(
    words: str, encoder: float | None, connector: float | None, convolutions: float | None, keys_of: Keys
) -> None:
    for model, given in (("HF::stepfun-ai/GOT-OCR-2.0-hf", ""), ("m", " --model_type got_ocr2_hf")):
        full = f"--model {model}{given} --tuner_type full --dataset a.jsonl {words}"
        keys = keys_of(*full.split())
        found = [
            keys.get(f"train.learning_rates.{name}") for name in ("encoder", "connector", "convolutions")
        ]
        assert found == [encoder, connector, convolutions]


def test_the_layout_tells_swift_4s_aligner(model_dir: str, tmp_path: Path, keys_of: Keys) -> None:
    words = ["--tuner_type", "full", "--dataset", "a.jsonl", "--freeze_aligner", "false"]
    assert keys_of("--model", model_dir, *words)["train.learning_rates.convolutions"] == 1e-5
    (tmp_path / "config.json").write_text('{"model_type": "GOT"}')
    for model in (str(tmp_path), "stepfun-ai/GOT-OCR2_0"):
        assert "train.learning_rates.convolutions" not in keys_of("--model", model, *words)
    with pytest.raises(UserError, match="--model some/model: add --model_type got_ocr2_hf "):
        keys_of("--model", "some/model", *words)


def test_all_weights(keys_of: Keys) -> None:
    """swift 2 trains everything unless told otherwise; swift 4 freezes encoder and connector."""
    full2 = keys_of(*V2[:4], "--sft_type", "full", "--dataset", "a.jsonl")
    full4 = keys_of(
        *V4[:2],
        "--tuner_type",
        "full",
        "--dataset",
        "a.jsonl",
        "--aligner_lr",
        "1e-6",
        "--freeze_aligner=false",
    )
    assert not any(key.startswith("lora") for key in [*full2, *full4])
    assert {key: value for key, value in full2.items() if "learning_rate" in key} == {
        "train.learning_rate": 1e-5
    }
    assert full2["train.eval_steps"] == full2["train.save_steps"] == 200
    assert {key: value for key, value in full4.items() if "learning_rate" in key} == {
        "train.learning_rate": 1e-5,
        "train.learning_rates.encoder": 0.0,
        "train.learning_rates.connector": 1e-6,
    }
    frozen = keys_of(*V2[:4], "--sft_type", "full", "--dataset", "a.jsonl", "--freeze_vit", "true")
    assert frozen["train.learning_rates.encoder"] == 0.0
    resumed = keys_of(
        "--model",
        "m",
        "--tuner_type",
        "full",
        "--dataset",
        "a",
        "--resume_from_checkpoint",
        "c",
        "--resume_only_model",
    )
    assert (resumed["model.path"], "resume" in resumed, resumed["name"]) == ("c", False, "m")


def test_what_another_option_leaves_without_effect_is_said() -> None:
    words = [*V4, "--max_steps", "9", "--num_train_epochs", "2", "--lr_scheduler_type", "constant"]
    words += [
        "--warmup_steps",
        "0",
        "--eval_strategy",
        "epoch",
        "--eval_steps",
        "3",
        "--save_total_limit",
        "2",
    ]
    line = read_command_line("sft", words, sft_options())
    assert idle_remarks(line, config_of(sections(line, 1), line)) == [
        "--num_train_epochs 2 changes nothing here: train.max_steps is 9",
        "--eval_steps 3 changes nothing here: train.eval_strategy is epoch",
        "--eval_strategy epoch changes nothing here: there are no validation rows: data.val is not given and "
        "data.val_ratio is 0",
    ]


@pytest.mark.parametrize(
    "words", [["--adapters", "c"], ["--resume_from_checkpoint", "c", "--resume_only_model", "true"]]
)
def test_adapters_are_trained_on_as_they_are(words: list[str], keys_of: Keys) -> None:
    keys = keys_of(*V4, *words)
    assert {key: value for key, value in keys.items() if key.startswith(("lora.", "model.", "resume"))} == {
        "model.path": "stepfun-ai/GOT-OCR2_0",
        "lora.enabled": True,
        "lora.adapters": "c",
    }
    more = keys_of(*V4, *words, "--lora_rank", "4", "--freeze_aligner", "false")
    assert (more["lora.rank"], more["lora.modules"]) == (4, ["decoder", "connector"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([*V2, "--sft_type=full"], "--sft_type is given twice"),
        (
            ["--model", "m", "--dataset", "a", "--tuner_type", "full", "--adapters", "c"],
            "--adapters c is not supported here: full trains no adapters",
        ),
        (
            [*V2, "--lora_target_modules", "q_proj"],
            "target modules q_proj are not taken here: lora.modules names groups, not layers; "
            "use DEFAULT or ALL",
        ),
        ([*V4, "--vit_lr", "1e-5"], "--vit_lr has no effect without --freeze_vit false, as in swift"),
        ([*V4, "--quant_bits", "8"], "8 bits are not offered: 4 are, with bitsandbytes"),
        (
            [*V4, "--deepspeed", "zero3"],
            "--deepspeed zero3 is not offered: use zero2, or name a JSON file of your own",
        ),
        (
            [*V4, "--data_seed", "1"],
            "--seed and a data seed of 1 differ: one seed, --seed, chooses rows and weights",
        ),
        (
            [*V2, "--batch_size", "1", "--per_device_train_batch_size", "1"],
            "--batch_size and --per_device_train_batch_size are the same option: give one of them",
        ),
        (
            [*V2, "--warmup_steps", "5", "--warmup_ratio", "0.1"],
            "--warmup_steps and --warmup_ratio are both given: choose one",
        ),
        ([*V2, "--resume_only_model", "true"], "--resume_only_model needs --resume_from_checkpoint"),
        (
            ["--dataset", "a.jsonl"],
            "--model must be given: a folder, or an id such as stepfun-ai/GOT-OCR-2.0-hf",
        ),
        (["--model", "m"], "--dataset must be given, as in --dataset train.jsonl#5000"),
        (
            ["--model", "m", "--dataset", "a", "--tuner_type", "dora"],
            "dora is not offered: train with lora or full",
        ),
        (
            ["--model", "m", "--dataset", "a", "--tuner_type", "full", "--lora_rank", "8"],
            "--lora_rank 8 is not supported here: full trains no adapters",
        ),
        (
            ["--model", "m", "--dataset", "a", "--model_type", "qwen2_vl"],
            "--model_type qwen2_vl is not supported here: allowed are got-ocr2, got_ocr2, got_ocr2_hf",
        ),
        ([*V2, "--max_length", "long"], "--max_length long: the option is a number"),
        ([*V4, "--freeze_vit", "2"], "--freeze_vit 2: the option is true or false"),
    ],
)
def test_what_cannot_be_had(words: list[str], message: str, keys_of: Keys) -> None:
    with pytest.raises(UserError) as caught:
        keys_of(*words)
    assert str(caught.value) == message


def test_a_checkpoint_of_swift_is_not_resumed(keys_of: Keys, tmp_path: Path) -> None:
    words = [
        "--model",
        "m",
        "--tuner_type",
        "full",
        "--dataset",
        "a",
        "--resume_from_checkpoint",
        str(tmp_path),
    ]
    with pytest.raises(UserError) as caught:
        keys_of(*words)
    assert str(caught.value) == (
        f"--resume_from_checkpoint {tmp_path} was not written by got-train (it has no args.yaml): take its "
        "weights alone with --resume_only_model true"
    )
    assert keys_of(*words, "--resume_only_model", "true")["model.path"] == str(tmp_path)
    (tmp_path / "args.yaml").touch()
    assert keys_of(*words)["resume"] == str(tmp_path)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--learning_rate", "high"],
            "train.learning_rate='high' has the wrong type: expected float "
            "(it comes from --learning_rate high)",
        ),
        (
            ["--lora_rank", "0"],
            "lora.rank 0 must be at least 1 (it comes from --lora_rank 0)",
        ),
        (
            ["--label_smoothing_factor", "0.1"],
            "train.label_smoothing_factor is not supported here: the loss is computed without logits of the "
            "whole vocabulary at hand (it comes from --label_smoothing_factor 0.1)",
        ),
        (
            ["--lora_rank", "0", "--learning_rate", "high"],
            "2 errors:\n"
            "lora.rank 0 must be at least 1 (it comes from --lora_rank 0)\n"
            "train.learning_rate='high' has the wrong type: expected float "
            "(it comes from --learning_rate high)",
        ),
    ],
)
def test_values_are_checked_as_a_configs(words: list[str], message: str) -> None:
    from got_train.swift.sft import sections

    line = read_command_line("sft", [*V4, *words], sft_options())
    with pytest.raises(UserError) as caught:
        config_of(sections(line, 1), line)
    assert str(caught.value) == message
