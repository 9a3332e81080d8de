"""The shell scripts do what they say, and the benchmarks use names that exist."""

import ast
import importlib.util
import os
import re
import runpy
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from data_engines.cli import read_request
from data_engines.kinds import NAMES
from got_train.tex import latex

SCRIPTS = Path(__file__).parent.parent / "scripts"
SCRIPT = SCRIPTS / "slurm_data.sh"


@pytest.fixture
def said(tmp_path: Path) -> Path:
    """Puts a `got-data` first on the path that writes down what it was told."""
    program = tmp_path / "got-data"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/said\n')
    program.chmod(0o755)
    return tmp_path / "said"


def run(said: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": f"{said.parent}:{os.environ['PATH']}", **variables}
    return subprocess.run(["bash", SCRIPT, *words], env=environment, capture_output=True, text=True)


ARRAY = {"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_COUNT": "8"}


def test_the_image_has_what_the_package_is_made_of() -> None:
    root = SCRIPTS.parent
    lines = (root / "Dockerfile").read_text().splitlines()
    copied = [name for line in lines if line.startswith("COPY") for name in line.split()[1:-1]]
    assert [name for name in copied if not (root / name).exists()] == []
    ignored = (root / ".dockerignore").read_text().splitlines()
    assert sorted(copied) == sorted(line[1:] for line in ignored if line.startswith("!"))
    [install] = [line for line in lines if line.startswith("RUN pip")]
    extras = tomllib.loads((root / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(install.split("[")[1].split("]")[0].split(",")) <= set(extras)


def test_a_slurm_task_draws_its_part(said: Path) -> None:
    result = run(said, "lines", "--count", "9", "--output", "out", SLURM_CPUS_PER_TASK="16", **ARRAY)
    assert (result.returncode, result.stderr) == (0, "")
    assert said.read_text() == "lines --count 9 --output out --shard 2/8 --workers 16\n"


def test_a_slurm_task_draws_its_part_of_a_mix(said: Path) -> None:
    assert run(said, "mix", "a.yaml", "scale=2", **ARRAY).returncode == 0
    assert said.read_text() == "mix a.yaml scale=2 defaults.shard=2/8 defaults.workers=1\n"


def test_outside_an_array_it_says_how_it_is_used(said: Path) -> None:
    result = run(said, "lines")
    assert result.returncode == 2
    assert result.stderr.startswith("usage: sbatch --array=0-N ")
    assert not said.exists()


def test_the_error_without_tex_names_what_the_script_installs() -> None:
    script = (SCRIPTS / "install_tex.sh").read_text()
    packages = re.compile(r"\b(?:texlive-[a-z-]+|lmodern|fonts-texgyre)")
    installed = script[script.index("--no-install-recommends") :]
    assert packages.findall(latex._INSTALL) == packages.findall(installed)


def is_module(name: str) -> bool:
    """Whether a module that may not have been imported yet exists."""
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # what should hold it is no package
        return False


@pytest.mark.parametrize("path", sorted(SCRIPTS.glob("*.py")), ids=lambda path: path.stem)
def test_what_a_benchmark_imports_of_the_packages_exists(path: Path) -> None:
    missing = [
        f"{node.module}.{name.name}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("got_train", "data_engines"))
        for name in node.names
        if not hasattr(importlib.import_module(str(node.module)), name.name)
        and not is_module(f"{node.module}.{name.name}")
    ]
    assert missing == []


@pytest.mark.parametrize("kind", NAMES)
def test_the_benchmark_of_engines_gives_each_kind_what_it_asks_for(kind: str, tmp_path: Path) -> None:
    benchmark = runpy.run_path(str(SCRIPTS / "benchmark_engines.py"))
    for case in benchmark["cases_of"](kind):
        words = case.flags.format(pdf=tmp_path, sets=tmp_path).split()
        request = read_request(kind, [*words, "--count", "1", "--output", str(tmp_path / "out")])
        assert request.kind == kind


def test_only_packages_without_a_final_release_are_pinned_to_another() -> None:
    """A release candidate in a requirement lets pip take every later one as well."""
    root = SCRIPTS.parent
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    pins = (SCRIPTS / "constraints.txt").read_text().splitlines()
    asked = [Requirement(line) for line in [*project["dependencies"], *sum(extras, []), *pins]]
    early = {requirement.name for requirement in asked if requirement.specifier.prereleases}
    # Both have been at betas from their first release on; wandb asks for them.
    assert {name for name in early if not name.startswith("opentelemetry-")} == {"cwevals"}
