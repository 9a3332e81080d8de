"""`got-train plan`: what it prints, and the tables of docs/hardware.md, which it prints too."""

from pathlib import Path
from typing import Any

from got_train.config_file import load_config
from got_train.config_folder import CONFIGS
from got_train.model.loading import model_tokenizer
from got_train.model.size import meta_model
from got_train.plan import RECIPES, inference_table, look_at, of_recipes_shape, recipes_table
from got_train.training.need import changes, need, run_setting, with_arguments
from tests.training.runs import WriteConfig, run

ROOT = Path(__file__).parent.parent


def test_a_small_run_fits(write_config: WriteConfig, tmp_path: Path, capsys: Any) -> None:
    assert run("plan", write_config(), "--devices", 2) == 0
    out = capsys.readouterr().out
    # The rows of the file are read: the longest has 2 turns of text, others an image of 4 tokens.
    assert "largest batch of a device: 4 rows of" in out
    assert "2 of 8 rows" in out  # max_steps of 4 rows on each of 2 devices
    assert "ZeRO-2" in out and "LoRA, 4 bits" in out and "assumed: every row" not in out
    assert out.splitlines()[-1].startswith("fits: 1.0 of 24 GB")
    assert not (tmp_path / "output").exists()


def test_one_that_does_not_fit_says_what_to_set(write_config: WriteConfig, capsys: Any) -> None:
    assert run("plan", write_config(), "--memory", 0.5) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(
        "does not fit: 1.0 of 0.5 GB (computed), nor with train.gradient_checkpointing=true "
    )
    assert last.endswith("rows are too long, or the device is too small")


def test_what_a_run_would_need_less_with(write_config: WriteConfig) -> None:
    config = load_config(write_config())
    words = [" ".join(words) for words, _ in changes(config, devices=2)]
    assert words == [
        "train.gradient_checkpointing=true",
        "train.gradient_checkpointing=true train.per_device_train_batch_size=2",
        "train.gradient_checkpointing=true train.per_device_train_batch_size=1",
        f"{words[2]} train.deepspeed=configs/deepspeed/zero2.json",
        f"{words[3]} lora.enabled=true",
        f"{words[4]} lora.quantization_bits=4",
    ]


def test_the_smallest_change_that_fits_is_named(capsys: Any) -> None:
    stage = str(CONFIGS / "stage2_joint.yaml")
    words = [stage, "model.init=random", "train.gradient_checkpointing=false"]
    assert run("plan", *words, "--memory", 24) == 1
    out = capsys.readouterr().out
    assert "assumed: every row has sample.max_length=6000 tokens" in out
    assert "assumed: 1,000,000 rows an epoch" in out
    assert "; set train.gradient_checkpointing=true" in out.splitlines()[-1]


def test_mistakes_end_in_one_line(write_config: WriteConfig, capsys: Any) -> None:
    assert run("plan", "nothing.yaml") == 2
    assert capsys.readouterr().err.startswith("got-train: error: config file nothing.yaml does not exist")
    assert run("plan", write_config(train={"global_batch_size": 4}), "--devices", 4) == 2
    assert "train.global_batch_size 4 is not a multiple of 16" in capsys.readouterr().err
    assert run("plan", write_config(), "--utilization", 2) == 2
    assert "2 is above 1" in capsys.readouterr().err


def test_a_dry_run_ends_with_the_same_line(write_config: WriteConfig, capsys: Any) -> None:
    assert run("train", write_config(), "--dry-run") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "memory: needs 1.0 GB of each device (computed)"


def test_settings_of_deepspeed(write_config: WriteConfig) -> None:
    config = load_config(write_config(), ["train.bf16=true"])
    assert run_setting(config, 2).zero is None and run_setting(config, 2).weight == 4
    zero = with_arguments(config, deepspeed=str(CONFIGS / "deepspeed/zero2.json"))
    found = run_setting(zero, 2)
    assert (found.zero, found.weight, found.compute, found.bucket) == (2, 2, 2, 200_000_000)
    assert not found.autocast
    offloaded = {
        "zero_optimization": {"stage": 1, "offload_optimizer": {"device": "cpu"}, "overlap_comm": True}
    }
    found = run_setting(with_arguments(config, deepspeed=offloaded), 2)
    assert (found.zero, found.offloaded, found.bucket) == (1, True, 1_000_000_000)


def test_batches_within_tokens(write_config: WriteConfig) -> None:
    config = load_config(write_config(), ["train.tokens_per_batch=300", "train.global_batch_size=8"])
    known = look_at(config)
    found = need(known.config, meta_model(known.config, known.tokenizer), known.sizes, 1)
    assert found.batch.rows * found.batch.length <= 300
    assert found.setting.accumulates


def test_the_tables_of_the_document() -> None:
    text = (ROOT / "docs" / "hardware.md").read_text(encoding="utf-8")
    assert recipes_table() in text
    assert inference_table() in text


def test_a_model_that_is_not_there_is_assumed() -> None:
    config = load_config(CONFIGS / RECIPES["stage 1"][0], ["data.train=[]"])
    known = look_at(config)
    assert known.notes[0].startswith("assumed: a model of the recipe's shape, as ")
    assert of_recipes_shape(config).model.init == "random"
    assert len(model_tokenizer(known.config.model)) == len(known.tokenizer)
