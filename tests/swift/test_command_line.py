"""Words of swift: how they are read, which version they are, and that none is forgotten."""

import os
import re
import sys
from pathlib import Path

import pytest

from got_train.report import UserError
from got_train.swift.checkpoint_options import EXPORT, INFER
from got_train.swift.command_line import (
    launch_words,
    plain_value,
    read_command_line,
    remarks,
    split_options,
    yaml_file,
)
from got_train.swift.options import Options, find_option
from got_train.swift.sft_options import SFT, sft_options

TABLES = {"sft": sft_options, "infer": lambda: INFER, "export": lambda: EXPORT}


def swift_options() -> list[tuple[str, str, list[str]]]:
    """Command, version and names of every option that swift has."""
    text = (Path(__file__).parent / "swift_options.txt").read_text()
    blocks = re.findall(r"\[(\w+) (\d)\]\n(.*?)(?:\n\n|\Z)", text, flags=re.DOTALL)
    return [(command, version, names.split()) for command, version, names in blocks]


@pytest.mark.parametrize(("command", "version", "names"), swift_options(), ids=lambda value: str(value)[:6])
def test_every_option_of_swift_is_known(command: str, version: str, names: list[str]) -> None:
    table = TABLES[command]()
    found = {name: find_option(name, table) for name in names}
    assert [name for name, option in found.items() if option is None or version not in option.versions] == []
    assert len(names) > 80


@pytest.mark.parametrize("command", TABLES)
def test_no_option_is_listed_that_swift_does_not_have(command: str) -> None:
    known = {name for other, _, names in swift_options() if other == command for name in names}
    table: Options = SFT if command == "sft" else TABLES[command]()
    of_transformers = set(sft_options()) - set(SFT) | {"train_type"}
    beyond = {name for name in table if name not in known and f"train.{name}" != table[name].key}
    if command == "sft":  # swift 4 has all names of transformers' Seq2SeqTrainingArguments too
        from transformers import Seq2SeqTrainingArguments

        of_transformers |= set(Seq2SeqTrainingArguments.__dataclass_fields__)
    assert beyond - of_transformers == set()


def test_every_reason_is_given() -> None:
    for table in (SFT, INFER, EXPORT):
        for name, option in table.items():
            assert sum([bool(option.key), bool(option.decides), bool(option.reason)]) == 1, name


def test_words_become_values() -> None:
    words = [
        "--lr_scheduler_kwargs",
        '{"min_lr": 1e-6}',
        "--max-steps=-1",
        "--use_dora",
        "--report_to",
        "a",
        "b",
    ]
    given = split_options(words)
    assert {name: plain_value(values) for name, values in given.items()} == {
        "lr_scheduler_kwargs": {"min_lr": 1e-6},
        "max_steps": -1,
        "use_dora": True,
        "report_to": ["a", "b"],
    }
    assert plain_value(["[unclosed"]) == "[unclosed"


@pytest.mark.parametrize(
    ("words", "version"),
    [
        (["--sft_type", "lora"], "2"),
        (["--train_type", "lora"], "4"),
        (["--model_type", "got-ocr2"], "2"),
        (["--model_type", "got_ocr2_hf"], "4"),
        (["--dataset", "a.jsonl"], "4"),
        (["--warmup_steps", "3", "--vit_lr", "1e-5"], "4"),
    ],
)
def test_the_spelling_tells_the_version(words: list[str], version: str) -> None:
    assert read_command_line("sft", words, sft_options()).version == version


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--sft_type", "lora", "--vit_lr", "1e-5"],
            "--sft_type lora is swift 2's and --vit_lr 1e-5 is swift 4's: spell all options as one of them",
        ),
        (
            ["--model_type", "got-ocr2", "--split_dataset_ratio", "0"],
            "--model_type got-ocr2 is swift 2's and --split_dataset_ratio 0 is swift 4's: "
            "spell all options as one of them",
        ),
        (["--lerning_rate", "1"], "swift sft has no option --lerning_rate: did you mean --learning_rate?"),
        (["--xyzzy"], "swift sft has no option --xyzzy: docs/swift.md lists its options"),
        (["--seed", "1", "--seed", "2"], "--seed is given twice"),
        (["a.jsonl", "--seed", "1"], "'a.jsonl' stands before any option: write --name value"),
        (["nope.yaml"], "config file nope.yaml does not exist"),
    ],
)
def test_mistakes(words: list[str], message: str) -> None:
    with pytest.raises(UserError) as caught:
        read_command_line("sft", words, sft_options())
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--galore_rank", "8"], "--galore_rank 8 is not supported here: GaLore is not offered"),
        (
            ["--truncation_strategy", "left"],
            "--truncation_strategy left is not supported here: a cut text teaches the model to stop early",
        ),
        (["--device_groups", "a"], "--device_groups a is not supported here: Ray is not offered"),
        (["--fsdp", "full_shard"], "--fsdp full_shard is not supported here: use --deepspeed zero2"),
        (["--push_to_hub"], "--push_to_hub is not supported here: merge, and push the folder with"),
        (
            ["--external_plugins", "a.py"],
            "--external_plugins a.py is not supported here: no code outside got-train",
        ),
    ],
)
def test_what_has_no_meaning_is_named_and_refused(words: list[str], message: str) -> None:
    with pytest.raises(UserError) as caught:
        remarks(read_command_line("sft", words, sft_options()))
    assert str(caught.value).startswith(message)


def test_what_changes_nothing_is_said() -> None:
    words = ["--lazy_tokenize", "true", "--packing", "true", "--seed", "1"]
    assert remarks(read_command_line("sft", words, sft_options())) == [
        "--lazy_tokenize true changes nothing here: rows are encoded as they are read, and nothing is kept",
        "--packing true changes nothing here: rows are padded to the longest of a batch; "
        "train.tokens_per_batch of a config fills batches",
    ]


@pytest.mark.parametrize(
    "words",
    [
        ["--padding_free", "true"],
        ["--use_liger_kernel", "true"],
        ["--vit_gradient_checkpointing", "false"],
        ["--packing"],
        ["--use_ray", "false"],
    ],
)
def test_what_makes_no_difference_to_the_result_is_not_refused(words: list[str]) -> None:
    [said] = remarks(read_command_line("sft", words, sft_options()))
    assert said.startswith(f"{' '.join(words)} changes nothing here: ")


def test_a_yaml_file_may_stand_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASTER_PORT", "1")
    monkeypatch.delenv("NPROC_PER_NODE", raising=False)
    file = tmp_path / "a.yaml"
    file.write_text(
        "ENV: {NPROC_PER_NODE: 4, MASTER_PORT: 2}\nmodel: m\ndataset: [a.jsonl, b.jsonl#5]\n"
        "freeze_vit: false\ncolumns: {text: response}\nsystem: null\nseed: 1\n"
    )
    line = read_command_line("sft", [str(file), "--seed", "2"], sft_options())
    assert line.given == {
        "model": ("m",),
        "dataset": ("a.jsonl", "b.jsonl#5"),
        "freeze_vit": ("false",),
        "columns": ('{"text": "response"}',),
        "seed": ("2",),
    }
    assert (os.environ["NPROC_PER_NODE"], os.environ["MASTER_PORT"]) == ("4", "1")


def test_torchrun_starts_what_swift_would_start() -> None:
    words = ["--dataset", "a.jsonl"]
    environment = {"NPROC_PER_NODE": "4", "MASTER_PORT": "29501", "CUDA_VISIBLE_DEVICES": "0,1,2,3"}
    assert launch_words("sft", words, environment) == [
        *(sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "4", "--master_port", "29501"),
        *("-m", "got_train", "swift", "sft", "--dataset", "a.jsonl"),
    ]
    assert launch_words("sft", words, {"CUDA_VISIBLE_DEVICES": "0"}) is None
    assert launch_words("sft", words, environment | {"LOCAL_RANK": "3"}) is None


def test_a_file_sets_no_variable_that_could_run_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NPROC_PER_NODE", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "a.yaml").write_text("ENV: {NPROC_PER_NODE: 1, PYTHONPATH: /tmp/evil}\nmodel: m\n")
    with pytest.raises(UserError, match="PYTHONPATH of ENV is not taken from a file, .* set it in the shell"):
        yaml_file([str(tmp_path / "a.yaml")])
    assert not {"NPROC_PER_NODE", "PYTHONPATH"} & os.environ.keys()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: " + "[" * 20000, "more than 30 sections"),
        ("dataset: &a [*a]", "stands inside of what it stands for"),
    ],
)
def test_a_file_that_nests_without_end_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(UserError, match=message):
        yaml_file([str(tmp_path / "a.yaml")])
