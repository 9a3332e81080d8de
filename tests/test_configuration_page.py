"""docs/configuration.md, in both languages, has the keys of the code."""

import re
from importlib.metadata import version

import pytest

from scripts import write_configuration_page as script
from tests.documents import ROOT, read

TESTED = re.search(r"^transformers==(.*)$", read(ROOT / "scripts" / "constraints.txt"), re.MULTILINE)


@pytest.mark.parametrize("language", script.PAGES)
def test_the_page_is_up_to_date(language: str) -> None:
    """Other releases of transformers have other names, defaults and words."""
    if TESTED is None or version("transformers") != TESTED[1]:
        pytest.skip("the page is of the transformers in scripts/constraints.txt")
    assert script.renewed(language) == read(script.PAGES[language]), script.RENEW


def test_every_key_has_a_meaning() -> None:
    for name, keys in script.tables():
        lacking = [key.name for key in keys if not key.meaning]
        assert lacking == [] or name == "others"


def test_what_keys_take() -> None:
    keys = {key.name: key for _, keys in script.tables() for key in keys}
    assert keys["name"] == (
        "name",
        ["the name of a folder below output_dir, or . for itself"],
        "",
        "Names the run's folder: `output_dir/name/vN-date-time`.",
    )
    assert keys["lora.modules"].values == ["list of: `encoder` `connector` `decoder`"]
    assert keys["lora.modules"].default == "`[decoder, connector]`"
    assert keys["data.weights"].values == [
        "list of: number",
        "or null",
        "at least 0 and finite, and not all 0",
    ]
    assert keys["train.learning_rate"].default == "`5.0e-05`"


def test_a_changed_sentence_asks_for_its_translation(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = list(script.tables())
    run = [key._replace(meaning="Another sentence.") for key in tables[0][1]]
    monkeypatch.setattr(script, "tables", lambda: [("run", run), *tables[1:]])
    with pytest.raises(
        ValueError, match="name means 'Another sentence.' now, it was .Names the run's folder"
    ):
        script.renewed("zh")
