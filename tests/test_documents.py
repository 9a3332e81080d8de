"""The pages of the documents: commands, rows and code are understood, and those of a first model run."""

import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from data_engines import cli as got_data
from data_engines.kinds import NAMES
from data_engines.mix import commands as mix_commands
from data_engines.mix import read_mix
from got_train.cli import parse
from got_train.command_examples import EXAMPLES
from got_train.config_file import load_config
from scripts.write_configuration_page import SECTIONS, tables
from tests.conftest import draw, small_model_words, write_rows
from tests.documents import (
    CHINESE,
    ENGLISH,
    PAGES,
    ROOT,
    blocks,
    commands,
    launched,
    read,
    run,
    without_variables,
)
from tests.serving.servers import save_small_model

FIRST_MODEL = ROOT / "docs" / "first-model.md"
TASKS = sorted(ROOT.glob("docs/tasks/*.md"))
RELEASED = "stepfun-ai/GOT-OCR-2.0-hf"
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "optional-dependencies"
]

LAUNCHERS = ("got-train", "torchrun", "deepspeed", "sbatch")
OTHERS = {
    "swift": "ms-swift's own: tests/swift/test_interoperation.py",
    "head": "run with the page of a first model",
    "tail": "run with the page of a first model",
}
"""Programs that are not of this project, and why that will do."""

HELP = [shlex.split(line) for lines in EXAMPLES.values() for line in lines]
UNIQUE = {
    " ".join(words): without_variables(words)
    for words in [*(words for page in ENGLISH for words in commands(read(page))), *HELP]
}
"""The commands of all pages, and the examples of `--help`; Chinese pages have those of their English ones
(test_translations.py)."""


def of(*programs: str) -> dict[str, list[str]]:
    return {line: words for line, words in UNIQUE.items() if words[0] in programs}


SLURM_DATA = "scripts/slurm_data.sh"
STARTED = {line: launched(words) for line, words in of(*LAUNCHERS).items() if SLURM_DATA not in words}
TRAINING = {line: words for line, words in STARTED.items() if words[0] in ("train", "plan")}
ASKING = {line: words for line, words in STARTED.items() if line not in TRAINING}


@pytest.fixture
def workplace(tmp_path: Path, tokenizer_dir: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files and the small models that the commands name."""
    draw(tmp_path / "p.png", "1")
    row = {"query": "<image>OCR: ", "response": "1", "images": ["p.png"]}
    for name in {name for page in ENGLISH for name in re.findall(r"([\w/]+\.jsonl)", read(page))}:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        if "/" not in name:
            write_rows(tmp_path / name, [row] * 20)
    write_rows(tmp_path / "pairs.jsonl", [row | {"rejected_response": "2"}] * 20)
    for name in ("boxes", "formulas", "lines", "formula", "hindi", "blocks"):
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True)
        draw(folder / "p.png", "1")
        write_rows(folder / "metadata.jsonl", [row | {"images": None, "file_name": "p.png"}] * 20)
    for name in ("manuals", "arxiv", "fonts", "FOLDER"):
        (tmp_path / name).mkdir()
    for name in ("hindi.txt", "nepali.txt"):
        (tmp_path / name).write_text("रसीद\n", encoding="utf-8")
    save_small_model(tmp_path / "small", tokenizer_dir)
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WANDB_MODE", "offline")
    return tmp_path


def on_small_models(words: list[str], tokenizer: str) -> list[str]:
    """The words of a run, with a small model in place of the one that they name."""
    if "stage1" in words[1] or "stage2" in words[1]:
        given = {word.partition("=")[0] for word in words}
        small = small_model_words(tokenizer, "opt" if "stage1" in words[1] else "qwen2")
        small = [word for word in small if word.partition("=")[0] not in given]
        return [*words, *small, *(["model.init=random"] if "model.init=random" not in words else [])]
    others = [word for word in words if not word.startswith("model.path=")]
    return [*others, "model.path=small"]


@pytest.mark.parametrize("words", TRAINING.values(), ids=TRAINING)
def test_runs_are_planned(words: list[str], workplace: Path, tokenizer_dir: str, capsys: Any) -> None:
    if words[1:] == [] or words == ["plan"]:
        return  # the packaged configs: test_plan_command.py
    if any(word.startswith("model.decoder.path") for word in words):
        load_config(words[1], [word for word in words[2:] if "=" in word])  # its weights lie on the hub
        return
    if "latex_ocr" in words[1]:
        words = [*words, "data.train=rows.jsonl"]
    small = on_small_models(words, tokenizer_dir)
    small = [word.replace("/shared/", "shared/") for word in small]
    dry = ["--dry-run"] if words[0] == "train" and "--dry-run" not in words else []
    assert run([*small, *dry]) == 0
    assert "optimizer step" in capsys.readouterr().out or words[0] == "plan"


@pytest.mark.parametrize("words", ASKING.values(), ids=ASKING)
def test_other_commands_are_understood(words: list[str]) -> None:
    assert parse(words).run is not None


ENGINES = {
    line: words[words.index(SLURM_DATA) + 1 if SLURM_DATA in words else 1 :]
    for line, words in of("got-data", "sbatch").items()
    if words[0] == "got-data" or SLURM_DATA in words
}


@pytest.mark.parametrize("words", ENGINES.values(), ids=ENGINES)
def test_commands_of_the_engines_are_understood(words: list[str], workplace: Path) -> None:
    pytest.importorskip("rdkit", reason="needs the extra engines")
    word, *flags = words
    if word == "mix":
        requests = mix_commands(read_mix(str(ROOT / flags[0]), flags[1:]))
    elif word in NAMES:
        requests = [(word, flags)]
    else:
        assert word in got_data.COMMANDS  # the README's are run
        return
    for kind, options in requests:
        assert got_data.read_request(kind, options).kind == kind


def test_every_program_is_known() -> None:
    known = {*LAUNCHERS, *OTHERS, "got-data", "bash", "python", "pip"}
    assert {words[0] for words in UNIQUE.values()} <= known


def test_scripts_and_extras_exist() -> None:
    for words in of("bash", "python").values():
        assert (ROOT / words[1]).is_file()
    for words in of("pip").values():
        [extras] = re.findall(r"\[(.*)\]", " ".join(words))
        assert set(extras.split(",")) <= set(EXTRAS)


@pytest.mark.parametrize("page", [*PAGES, *CHINESE[:1]], ids=lambda page: page.name)
def test_what_is_not_run_says_why(page: Path) -> None:
    """`sh` in place of `bash` needs a comment `<!-- not run: REASON -->` above it."""
    lines = [line for line in read(page).splitlines() if line]
    places = [number for number, line in enumerate(lines) if line == "```sh"]
    assert [lines[place - 1] for place in places if not lines[place - 1].startswith("<!-- not run: ")] == []


@pytest.mark.parametrize("page", [*PAGES, *CHINESE[:1]], ids=lambda page: page.name)
def test_code_compiles(page: Path) -> None:
    for block in blocks(read(page), "python"):
        compile(block, page.name, "exec")


def test_no_shell_expands_a_word_of_the_commands() -> None:
    """zsh takes unquoted brackets for a pattern and stops where no file matches."""
    expanded = []
    for page in [*PAGES, *CHINESE, *ROOT.glob("configs/**/*.yaml")]:
        text = read(page)
        lines = "\n".join(blocks(text, "bash")).splitlines()
        lines += re.findall(r"^# +((?:got-|pip ).*)", text, flags=re.MULTILINE)
        prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        lines += re.findall(r"(?<!`)`((?:got-\w+ |pip |[a-z.]+[a-z_]=)[^`\n]*)`", prose)
        for line in lines:
            bare = re.sub(r"\s#\s.*|'[^']*'|\"[^\"]*\"|\s>\s\S+$", "", line)
            expanded += [f"{page.name}: {line}"] * bool(re.search(r"[][{}*?()!~;<>|]", bare))
    assert expanded == []


@pytest.mark.parametrize("page", TASKS, ids=lambda page: page.stem)
def test_the_rows_of_a_task_are_good(page: Path, tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    [block] = blocks(read(page), "json")
    rows = [json.loads(line) for line in block.splitlines()]
    assert len(rows) == 5
    for row in rows:
        picture = tmp_path / row["images"][0]
        picture.parent.mkdir(exist_ok=True)
        Image.new("RGB", (160, 120), "white").save(picture)
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "rows.jsonl", rows)
    assert run(["check-data", "rows.jsonl"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"rows.jsonl +5 +0 ", out) and "warning" not in out


NAMED_KEY = re.compile(r"(?<![\w./-])((?:train|data|model|sample|lora|eval)(?:\.[a-z_]+)+)(?![\w/(.])")
FREE = ("data.columns.", "model.decoder.shape.")
"""Sections whose keys are free."""


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.zh.md"], ids=lambda page: page.name)
def test_keys_that_are_named_exist(page: Path) -> None:
    known = {key.name for _, keys in tables() for key in keys} | set(SECTIONS)
    named = [name for name in NAMED_KEY.findall(read(page)) if not name.startswith(FREE)]
    files = (".py", ".json", ".jsonl", ".yaml", ".md", ".csv", ".tar", ".tsv", ".parquet")
    assert [name for name in named if name not in known and not name.endswith(files)] == []


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load(read(ROOT / "CITATION.cff"))
    project = tomllib.loads(read(ROOT / "pyproject.toml"))["project"]
    assert (citation["version"], citation["license"]) == (project["version"], project["license"])


def test_links_of_the_readme_lead_somewhere() -> None:
    """Those of the site's pages are checked where it is built (test_site.py)."""
    for page in (ROOT / "README.md", ROOT / "README.zh.md", ROOT / "CONTRIBUTING.md"):
        targets = re.findall(r"\]\((?!https?:)([^)#]+)", read(page))
        assert [target for target in targets if not (ROOT / target).exists()] == []


@pytest.mark.slow
def test_the_first_model(
    tmp_path: Path, tokenizer_dir: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """The whole page, on small pictures and a small model: what a step writes, the next one reads."""
    pytest.importorskip("nltk", reason="needs the extra eval")
    monkeypatch.chdir(tmp_path)
    save_small_model(tmp_path / "small", tokenizer_dir)
    (tmp_path / "photos").mkdir()
    for number in range(200):
        draw(tmp_path / "photos" / f"{number:03}.png", str(number))
    for words in commands(read(FIRST_MODEL)):
        words = ["small" if word == RELEASED else word for word in words]
        if words[0] == "pip" or words[1] == "serve":  # a server: tests/serving
            continue
        if words[0] in ("head", "tail"):
            program, _, number, source, _, target = words
            lines = Path(source).read_text(encoding="utf-8").splitlines(keepends=True)
            part = lines[: int(number)] if program == "head" else lines[-int(number) :]
            Path(target).write_text("".join(part), encoding="utf-8")
        elif words[0] == "got-data":
            assert got_data.main(words[1:]) == 0
        else:
            few = ["--max-new-tokens", "2"] if words[1] == "infer" else []
            assert run([*words[1:], *small_run(words), *few]) == 0, words
        if "draft.jsonl" in words and words[1] == "infer":
            correct(Path("draft.jsonl"), Path("rows.jsonl"))
    assert Path("report.html").is_file() and Path("draft-sheet.html").is_file()
    assert list(Path("output/first").glob("v0-*/checkpoint-*-merged"))
    capsys.readouterr()


def small_run(words: list[str]) -> list[str]:
    """What a run of the page needs besides on a small model."""
    if words[1] not in ("train", "plan"):
        return []
    quick = ["eval.max_new_tokens=2", "train.disable_tqdm=true", "train.dataloader_num_workers=0"]
    return ["model.path=small", *(quick if words[1] == "train" else [])]


def correct(draft: Path, rows: Path) -> None:
    """Corrects answers: each picture shows its own number."""
    answers = [json.loads(line) for line in draft.read_text(encoding="utf-8").splitlines()]
    assert len(answers) == 200
    write_rows(rows, [row | {"response": str(int(Path(row["images"][0]).stem))} for row in answers])
