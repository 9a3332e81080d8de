"""The commands of the README, run."""

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from data_engines import cli as got_data
from data_engines.mix import commands as mix_commands
from data_engines.mix import read_mix
from got_train.cli import main, parse
from tests.conftest import draw, small_model_words, write_rows

ROOT = Path(__file__).parent.parent
COMMANDS = set("train check-data serve demo label swift merge convert infer eval push board bench".split())
README = (ROOT / "README.md").read_text()
ENGINES = (ROOT / "docs" / "engines.md").read_text()


def commands(text: str = README) -> list[list[str]]:
    """The lines of a text's bash blocks, split into words, comments left out."""
    blocks = re.findall(r"```bash\n(.*?)```", text, flags=re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.strip()]
    return [shlex.split(re.sub(r"\s#\s.*", "", line)) for line in lines]


def launched(words: list[str]) -> list[str]:
    """What a launcher starts: the words behind the module's name."""
    return words[words.index("got_train") + 1 :] if "got_train" in words else words[1:]


def of(program: str, command: str | None = None) -> list[list[str]]:
    found = [launched(words) for words in commands() if words[0] in program.split("|")]
    return [words for words in found if command is None or words[0] == command]


def run(words: list[str]) -> int:
    with pytest.raises(SystemExit) as caught:
        main(words)
    return int(caught.value.code or 0)


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
    programs = {words[0] for words in commands()}
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


def test_no_shell_expands_a_word_of_the_commands() -> None:
    """zsh takes unquoted brackets for a pattern and stops where no file matches."""
    pages = [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("configs/**/*.yaml")]
    expanded = []
    for page in pages:
        text = page.read_text()
        blocks = "\n".join(re.findall(r"```bash\n(.*?)```", text, flags=re.DOTALL))
        lines = blocks.splitlines() + re.findall(r"^# +((?:got-|pip ).*)", text, flags=re.MULTILINE)
        prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        lines += re.findall(r"(?<!`)`((?:got-\w+ |pip |[a-z.]+[a-z_]=)[^`\n]*)`", prose)
        for line in lines:
            bare = re.sub(r"\s#\s.*|'[^']*'|\"[^\"]*\"", "", line)
            expanded += [f"{page.name}: {line}"] * bool(re.search(r"[][{}*?()!~;<>|]", bare))
    assert expanded == []


def test_what_needs_a_full_size_model_or_the_hub_is_understood() -> None:
    """Both are run on small stand-ins by the tests of these commands."""
    [convert] = of("got-train", "convert")
    assert parse(convert).to == "original"
    [bench] = of("got-train", "bench")
    assert parse(bench).benchmark == "omnidocbench"
    [demo], [label] = of("got-train", "demo"), of("got-train", "label")  # run by tests/demo
    assert parse(demo).second is None and parse(label).output == Path("rows.jsonl")
    [swift] = [" ".join(words) for words in commands() if words[:2] == ["got-train", "swift"]]
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


@pytest.mark.parametrize("words", [w[1:] for w in commands(ENGINES) if w[0] == "got-data"], ids=" ".join)
def test_commands_of_the_engines_page_are_understood(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("rdkit", reason="needs the extra engines")
    monkeypatch.chdir(tmp_path)
    Path("FOLDER").mkdir()
    if words[0] == "mix":
        requests = mix_commands(read_mix(str(ROOT / words[1]), words[2:]))
    elif words[0] in got_data.COMMANDS:
        return  # the README's are run
    else:
        requests = [(words[0], words[1:])]
    for kind, flags in requests:
        assert got_data.read_request(kind, flags).kind == kind
