"""The commands of the README, run."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from data_engines import cli as got_data
from got_train.cli import parse
from tests.conftest import draw, small_model_words, write_rows
from tests.documents import ROOT, commands, launched, run

COMMANDS = set(
    "train check-data serve demo label swift merge convert infer eval push board bench curve".split()
)
README = (ROOT / "README.md").read_text(encoding="utf-8")


def of(program: str, command: str | None = None) -> list[list[str]]:
    found = [launched(words) for words in commands(README) if words[0] in program.split("|")]
    return [words for words in found if command is None or words[0] == command]


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the commands name."""
    names = re.findall(r"([\w/]+\.jsonl)", README)
    for name in {"predictions.jsonl", *names}:
        draw(tmp_path / "p.png", "1")
        row = {"query": "<image>OCR: ", "response": "1", "images": ["p.png"], "labels": "1"}
        write_rows(tmp_path / name, [row] * 4)
    for name in ("page.png", "p1.png", "p2.png"):
        draw(tmp_path / name, "1")
    (tmp_path / "scans").mkdir()
    draw(tmp_path / "scans" / "1.png", "1")
    Image.new("RGB", (64, 64), "white").save(tmp_path / "manual.pdf")
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_command_is_known() -> None:
    programs = {words[0] for words in commands(README)}
    assert programs == {"bash", "pip", "got-train", "torchrun", "deepspeed", "got-data"}
    assert {words[0] for words in of("got-train")} == COMMANDS
    for words in of("bash"):
        assert (ROOT / words[0]).is_file()


@pytest.mark.parametrize("words", of("got-train|torchrun|deepspeed", "train"), ids=" ".join)
def test_train_commands_dry_run(words: list[str], workplace: Path, tokenizer_dir: str, capsys: Any) -> None:
    decoder = "opt" if "stage1" in words[1] else "qwen2"
    small = ["model.init=random", *small_model_words(tokenizer_dir, decoder)]
    if "latex_ocr" in words[1]:  # its rows lie on the hub
        small.append("data.train=[rows.jsonl]")
    assert run([*words, *small, *(["--dry-run"] if "--dry-run" not in words else [])]) == 0
    assert re.search(r"[1-3] optimizer steps? of (128|16) samples", capsys.readouterr().out)


def test_merge_infer_and_eval_commands(workplace: Path, tokenizer_dir: str, capsys: Any) -> None:
    for name in ("read.jsonl", "predictions.jsonl"):
        (workplace / name).unlink()
    train = next(words for words in of("got-train", "train") if "finetune_lora" in words[1])
    steps = ["train.max_steps=1", "train.save_steps=1", "train.disable_tqdm=true", "eval.read_rows=0"]
    small = ["model.init=random", *small_model_words(tokenizer_dir)]
    assert run([*train, *steps, *small, "train.dataloader_num_workers=0"]) == 0
    [board] = of("got-train", "board")
    assert run(board) == 0
    assert (workplace / "board.html").is_file()
    [merge] = of("got-train", "merge")
    assert run(merge) == 0
    for words in of("got-train", "infer"):
        given = ["output/finetune_lora" if word == "MODEL" else word for word in words]
        assert run([*given, "--max-new-tokens", "2"]) == 0
    for words in of("got-train", "eval"):
        assert run(words) == 0
    capsys.readouterr()


def test_what_needs_a_full_size_model_or_the_hub_is_understood() -> None:
    """Both are run on small stand-ins by the tests of these commands."""
    [convert] = of("got-train", "convert")
    assert parse(convert).to == "original"
    [bench] = of("got-train", "bench")
    assert parse(bench).benchmark == "omnidocbench"
    [demo], [label] = of("got-train", "demo"), of("got-train", "label")  # run by tests/demo
    assert parse(demo).second is None and parse(label).output == Path("rows.jsonl")
    [swift] = [" ".join(words) for words in commands(README) if words[:2] == ["got-train", "swift"]]
    assert swift in (ROOT / "docs" / "swift.md").read_text()


def test_check_data_command(workplace: Path) -> None:
    for words in of("got-train", "check-data"):
        assert run(words) == 0


PAPER = r"""
\documentclass{article}
\newcommand{\norm}[1]{\lVert #1 \rVert}
\begin{document}
Let $x \in X$ with $\norm{x} = 1$. Then \[ \sum_{k=1}^{n} k = \frac{n(n+1)}{2}. \]
\end{document}
"""


def test_got_data_commands(workplace: Path) -> None:
    pytest.importorskip("jieba", reason="needs the extra engines")
    if not (shutil.which("pdflatex") and shutil.which("xelatex")):
        pytest.skip("needs TeX")
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.figure import Figure

    (workplace / "arxiv").mkdir()
    (workplace / "arxiv" / "paper.tex").write_text(PAPER)
    (workplace / "manuals").mkdir()
    figure = Figure()
    for number in range(12):
        figure.text(0.1, 0.9 - number * 0.06, f"A line of a manual, number {number}.", fontsize=14)
    FigureCanvasPdf(figure).print_figure(workplace / "manuals" / "a.pdf")
    Image.new("RGB", (90, 90)).save(workplace / "1.png")
    box = {"transcription": "a", "points": [[9, 9], [50, 9], [50, 30], [9, 30]]}
    (workplace / "labels.jsonl").unlink()
    (workplace / "Label.txt").write_text(f"1.png\t{json.dumps([box])}\n")
    for words in of("got-data"):
        if "--count" in words:
            words[words.index("--count") + 1] = "1"
            words += ["--workers", "1"]
        if words[0] == "mix":
            words += ["scale=1e-7", "defaults.workers=1"]
        assert got_data.main(words) == 0, words
    for folder in ("pages", "formulas", "boxes"):
        assert (workplace / "data" / folder / "data.jsonl").read_text()
    assert (workplace / "labels.jsonl").read_text()
    assert (workplace / "data" / "formulas-sheet.html").is_file()
    assert (workplace / "output" / "data" / "stage1" / "manifest.json").is_file()
