"""`got-train bench`: what it prints and writes, and how it goes on."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from got_train.bench import command_line
from got_train.cli import main, parse
from got_train.config import DecoderConfig, EncoderConfig, ModelConfig, SampleConfig
from got_train.data.record import Record
from got_train.inference.answer import Answer
from got_train.model.loading import build_model
from got_train.model.processor import build_processor
from tests.bench import folders
from tests.conftest import DECODERS, ENCODER

FORMULAS = {0: "a + b", 1: "c + d"}


PAGE = Path(__file__).parent.parent.parent / "docs" / "benchmarks.md"


class Reader:
    """A model that answers with the label, in which it takes d for e."""

    identity = "a model"
    encoder = SimpleNamespace(config=SampleConfig())

    def answers(self, records: list[Record], *limits: int, log_probs: bool) -> Iterator[Answer]:
        return iter([Answer(record.turns[-1].response.replace("d", "e")) for record in records])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    monkeypatch.setattr(command_line, "reader", lambda model, options: Reader())
    monkeypatch.chdir(tmp_path)
    return folders.pix2tex(tmp_path / "数据 1", FORMULAS)


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["bench", *map(str, words)])
    return int(caught.value.code or 0)


def test_answers_files_and_scores_are_written(folder: Path, tmp_path: Path, capsys: Any) -> None:
    assert run("latex-ocr", folder, tmp_path / "model", "--output", tmp_path / "out") == 0
    printed = capsys.readouterr().out
    assert f"2 answers written to {tmp_path}/out/answers.jsonl" in printed
    assert "test  exact_match    0.5000" in printed and "note: BLEU counts tokens of LaTeX" in printed
    rows = [json.loads(line) for line in (tmp_path / "out" / "answers.jsonl").read_text().splitlines()]
    assert [(row["response"], row["labels"], row["kind"]) for row in rows] == [
        ("a + b", "a + b", "test"),
        ("c + e", "c + d", "test"),
    ]
    scores = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert scores["benchmark"] == "latex-ocr" and scores["scores"]["test"]["exact_match"]["value"] == 0.5
    assert len(scores["notes"]) == 2


def test_nothing_is_overwritten_unasked_and_a_finished_run_is_only_scored(
    folder: Path, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("latex-ocr", folder, tmp_path / "model")
    assert run(*words) == 0
    first = (tmp_path / "bench" / "latex-ocr" / "scores.json").read_text()
    assert run(*words) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        "got-train: error: bench/latex-ocr/answers.jsonl exists: choose another output, or give --overwrite, "
        "or --resume to continue it"
    )
    monkeypatch.setattr(
        Reader, "answers", lambda self, records, *limits, log_probs: iter([Answer("")] * len(records))
    )
    assert run(*words, "--resume") == 0
    assert (tmp_path / "bench" / "latex-ocr" / "scores.json").read_text() == first
    assert run(*words, "--overwrite") == 0
    assert (tmp_path / "bench" / "latex-ocr" / "scores.json").read_text() != first


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing", "nope", "model"], "argument benchmark: invalid choice: 'nothing'"),
        (["olmocr", "nope", "model"], "folder nope does not exist"),
        (["latex-ocr", "model", "model"], "model has neither math.txt nor test-*.parquet"),
        (["latex-ocr", "数据 1", "nope"], "checkpoint nope does not exist"),
        (
            ["latex-ocr", "数据 1", "model", "--output", "数据 1"],
            "is the benchmark's own folder: choose another",
        ),
        (["latex-ocr", "数据 1", "model", "--query", "<image>"], "<image> cannot stand in a query"),
        (
            ["latex-ocr", "数据 1", "model", "--server", "http://x", "--base", "y"],
            "--torch-compile and --base",
        ),
    ],
)
def test_mistakes_end_with_one_line(folder: Path, words: list[str], message: str, capsys: Any) -> None:
    assert run(*words) == 2
    assert message in capsys.readouterr().err.splitlines()[-1]


def test_a_model_reads_the_pages_and_a_second_run_scores_them_only(
    tmp_path: Path, tokenizer_dir: str, capsys: Any
) -> None:
    pytest.importorskip("fuzzysearch", reason="needs the extra bench")
    config = ModelConfig(
        init="random",
        encoder=EncoderConfig(**ENCODER),  # type: ignore[arg-type]
        decoder=DecoderConfig(model_type="qwen2", shape=DECODERS["qwen2"], tokenizer=tokenizer_dir),
    )
    model, tokenizer, _ = build_model(config, 128, seed=0)
    model.save_pretrained(tmp_path / "model")
    build_processor(model.config, tokenizer, SampleConfig()).save_pretrained(tmp_path / "model")
    tests = [{"pdf": "a/b.pdf", "page": 2, "id": "1", "type": "absent", "text": "nowhere to be found"}]
    folder = folders.olmocr(tmp_path / "bench_data", {"old_scans.jsonl": tests})
    words = ("olmocr", folder, tmp_path / "model", "--output", tmp_path / "out", "--max-new-tokens", 4)
    assert run(*words) == 0
    printed = capsys.readouterr().out.partition("2 answers written")[2]
    assert "old_scans.jsonl  passed  1.0000" in printed
    assert sorted(path.name for path in (tmp_path / "out" / "markdown" / "a").iterdir()) == [
        "b_pg1_repeat1.md",
        "b_pg2_repeat1.md",
    ]
    assert run(*words, "--resume") == 0
    again = capsys.readouterr().out
    assert "has all answers already" in again and again.endswith(printed)


def test_the_commands_of_the_page_are_understood() -> None:
    [block] = re.findall(r"```bash\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    words = [shlex.split(line.partition(" # ")[0]) for line in block.splitlines() if line[:3] == "got"]
    options = [parse(line[1:]) for line in words]
    assert [option.benchmark for option in options] == ["omnidocbench", "omnidocbench", "fox"]
