"""`got-train configs`, in a checkout and from a wheel."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from got_train.cli import main
from got_train.config_folder import CONFIGS
from tests.conftest import small_model_words

ROOT = Path(__file__).parent.parent
FILES = {path.relative_to(CONFIGS) for pattern in ("*.yaml", "*.json") for path in CONFIGS.rglob(pattern)}


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(["configs", *words])
    return int(caught.value.code or 0)


def test_the_listing_names_every_file_and_its_first_line(capsys: Any) -> None:
    assert run() == 0
    lines = capsys.readouterr().out.splitlines()
    assert {Path(line.split()[0]) for line in lines[1:]} == FILES
    assert any(
        line.startswith("stage1_encoder.yaml") and "Stage 1: pre-train the encoder" in line for line in lines
    )


def test_files_are_copied_and_those_of_the_user_are_kept(tmp_path: Path, capsys: Any) -> None:
    folder = tmp_path / "mine" / "configs"
    assert run(str(folder)) == 0
    assert {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()} == FILES
    for file in FILES:
        assert (folder / file).read_bytes() == (CONFIGS / file).read_bytes()

    (folder / "trial.yaml").unlink()
    assert run(str(folder)) == 0
    assert f"files written to {folder}: 1\n" in capsys.readouterr().out

    (folder / "trial.yaml").unlink()
    (folder / "finetune_lora.yaml").write_text("name: mine\n")
    assert run(str(folder)) == 2
    assert f"{folder / 'finetune_lora.yaml'}: there already" in capsys.readouterr().err
    assert (folder / "finetune_lora.yaml").read_text() == "name: mine\n"
    assert not (folder / "trial.yaml").exists()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an unpacked wheel, built of a copy: a build leaves folders in its source."""
    pytest.importorskip("setuptools", minversion="77", reason="the extra dev is not installed")
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for folder in ("configs", "data_engines", "got_train"):
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    built = subprocess.run([*command, "--wheel-dir", target, source], capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    [file] = target.glob("got_train-*.whl")
    with zipfile.ZipFile(file) as archive:
        archive.extractall(target / "unpacked")
    return target / "unpacked"


def test_a_wheel_holds_every_file(wheel: Path) -> None:
    def files(folder: Path) -> set[Path]:
        paths = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
        return {path for path in paths if "__pycache__" not in path.parts}

    expected = {Path("configs") / file for file in FILES} | files(ROOT / "got_train")
    assert files(wheel / "got_train") == expected
    assert files(wheel / "data_engines") == files(ROOT / "data_engines")


FROM_WHEEL = """
import sys
from pathlib import Path
import got_train, got_train.quickstart
from data_engines.mix import read_mix
from got_train.cli import main
from got_train.config_file import load_config

def run(words):
    try:
        main(words)
    except SystemExit as end:
        assert end.code == 0, words

assert Path(got_train.__file__).is_relative_to(sys.argv[1]), got_train.__file__
run(["configs"])
run(["configs", "configs"])
for name in got_train.quickstart.STAGES:
    load_config(got_train.quickstart.STAGE_CONFIGS / f"{name}.yaml")
for name in ("stage1", "stage2", "stage3", "trial"):
    read_mix(f"configs/engines/{name}.yaml", ["sources.pdf=pdfs"] if name in ("stage1", "trial") else [])
for config in sorted(Path("configs").glob("*.yaml")):
    zero2 = ["train.deepspeed=configs/deepspeed/zero2.json"] if "stage" in config.name else []
    run(["train", str(config), *sys.argv[2:], *zero2, "--dry-run"])
"""


@pytest.mark.slow
def test_a_wheel_runs_the_documented_commands(
    wheel: Path, rows_file: Path, tokenizer_dir: str, tmp_path: Path
) -> None:
    words = ["model.init=random", f"data.train=[{rows_file}]", "train.max_steps=2"]
    result = subprocess.run(
        [sys.executable, "-c", FROM_WHEEL, wheel, *words, *small_model_words(tokenizer_dir, "qwen2")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(wheel)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    assert result.stdout.count("2 optimizer steps of") == len(list(CONFIGS.glob("*.yaml")))
    assert {path.relative_to(tmp_path / "configs") for path in (tmp_path / "configs").rglob("*.*")} == FILES
