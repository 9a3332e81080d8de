"""docs/swift.md: its tables are those of the code, and its commands run."""

import os
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from got_train.cli import main
from got_train.config_file import load_config
from got_train.swift.checkpoint_options import EXPORT, INFER
from got_train.swift.command_line import read_command_line
from got_train.swift.options import FAMILIES, Option, Options
from got_train.swift.sft import sections
from got_train.swift.sft_options import SFT, sft_options
from tests.conftest import draw, write_rows
from tests.swift.conftest import flat

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "swift.md").read_text(encoding="utf-8")


def rows(options: Options, *cells: Any) -> list[str]:
    """Rows of a Markdown table: names by version for each distinct effect, and the effect."""
    effects: dict[tuple[str, ...], list[tuple[str, Option]]] = {}
    for name, option in options.items():
        effects.setdefault(tuple(cell(option) for cell in cells), []).append((name, option))
    lines = []
    for effect, named in effects.items():
        columns = [
            ", ".join(f"`{name}`" for name, option in named if version in option.versions) for version in "24"
        ]
        lines.append(f"| {' | '.join([*columns, *effect])} |")
    return lines


def setting(options: Options) -> list[str]:
    found = {name: option for name, option in options.items() if not option.reason}
    return rows(found, lambda option: f"`{option.key or option.decides}`".replace(", ", "`, `"))


def unchanged(options: Options) -> list[str]:
    found = {name: option for name, option in options.items() if option.reason and option.accepted != ()}
    return rows(
        found,
        lambda option: (
            "any" if option.accepted is None else ", ".join(f"`{value}`" for value in option.accepted)
        ),
        lambda option: option.reason,
    )


def refused(options: Options) -> list[str]:
    found = {name: option for name, option in options.items() if option.reason and option.accepted == ()}
    families = [
        f"| `{beginning}...` | `{beginning}...` | {reason} |" for beginning, reason in FAMILIES.items()
    ]
    return rows(found, lambda option: option.reason) + families


def defaults() -> list[str]:
    """What a command line without options stands for, beside the configuration for fine-tuning."""
    lines = (["--model_type", "got-ocr2"], ["--model", "m"])
    swift = [
        flat(sections(read_command_line("sft", [*words, "--dataset", "a"], sft_options()), 1))
        for words in lines
    ]
    config = load_config(ROOT / "configs" / "finetune_lora.yaml", ["data.train=[a]"])
    ours = {
        f"{part}.{name}": value
        for part in ("data", "lora", "eval")
        for name, value in vars(getattr(config, part)).items()
    }
    ours |= {f"train.{name}": value for name, value in config.train.arguments.items()}
    ours |= {"train.gradient_accumulation_steps": config.train.global_batch_size}
    keys = [key for key in swift[0] | swift[1] if "." in key and key not in ("model.path", "data.train")]
    return [
        f"| `{key}` | {' | '.join(shown(values.get(key)) for values in (*swift, ours))} |" for key in keys
    ]


def shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


TABLES = {
    "defaults": (["key", "swift 2", "swift 4", "`finetune_lora.yaml`"], defaults),
    "sft": (["swift 2", "swift 4", "sets"], lambda: setting(SFT)),
    "unchanged": (["swift 2", "swift 4", "values", "because"], lambda: unchanged(SFT)),
    "refused": (["swift 2", "swift 4", "because"], lambda: refused(SFT)),
    "infer": (["swift 2", "swift 4", "says"], lambda: setting(INFER)),
    "export": (["swift 2", "swift 4", "says"], lambda: setting(EXPORT)),
}


def table(name: str) -> str:
    header, lines = TABLES[name]
    return "\n".join([f"| {' | '.join(header)} |", f"|{'---|' * len(header)}", *lines()])


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_those_of_the_code(name: str) -> None:
    match = re.search(rf"<!-- table {name} -->\n(.*?)\n<!-- end -->", DOCS, flags=re.DOTALL)
    assert match is not None
    assert match[1] == table(name)


def commands() -> list[str]:
    [block] = re.findall(r"```bash\n(.*?)```", DOCS, flags=re.DOTALL)[:1]
    return [line for line in block.splitlines() if line.startswith(("got-train", "NPROC", "CUDA"))]


@pytest.mark.parametrize("command", commands())
def test_the_announcements_commands(
    command: str, model_dir: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Each is a dry run on small stand-ins for the model and the data."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NPROC_PER_NODE", raising=False)
    draw(tmp_path / "1.png", "1")
    for name in ("train.jsonl", "val.jsonl", "latex.jsonl"):
        write_rows(tmp_path / name, [{"query": "OCR: ", "response": "1", "images": ["1.png"]}] * 4)
    checkpoint = Path("output/got-ocr2/v0-20260101-120000/checkpoint-311")
    checkpoint.mkdir(parents=True)
    (checkpoint / "adapter_config.json").write_text("{}")
    (checkpoint.parent / "val_dataset.jsonl").write_text("{}\n")

    started: list[list[str]] = []

    def start(program: str, words: list[str]) -> None:
        started.append(words)
        sys.exit(0)

    monkeypatch.setattr(os, "execv", start)
    command = command.replace("stepfun-ai/GOT-OCR2_0", model_dir).replace(
        "latex-ocr-print#5000", "latex.jsonl"
    )
    words = shlex.split(command)
    while "=" in words[0]:
        name, value = words.pop(0).split("=")
        if name != "CUDA_VISIBLE_DEVICES":
            monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as caught:
        main([*words[1:], "--dry-run"])
    assert caught.value.code == 0
    out = capsys.readouterr().out
    if "NPROC_PER_NODE" in os.environ:
        assert started[0][2:5] == ["torch.distributed.run", "--nproc_per_node", "4"]
    elif words[2] == "sft":
        assert re.search(r"optimizer steps? of 16 samples", out)
    else:
        assert str(checkpoint) in out
