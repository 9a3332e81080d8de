"""Rules of the house that a grep can check."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CODE = sorted([*ROOT.glob("got_train/**/*.py"), *ROOT.glob("data_engines/**/*.py")])

FLOORS = [
    ["report", "vocabulary", "ranks", "packages"],
    ["prompts", "markup"],
    ["tex"],
    ["config"],
    ["config_file"],
    ["model"],
    ["data"],
    ["pages"],
    ["inference"],
    ["evaluation"],
    ["training"],
    ["swift"],
    ["quickstart_data"],
    ["quickstart"],
    ["cli"],
    ["__main__"],
]
"""got_train from the ground up: a file imports from its own floor and those below."""

LOOKING = {"sets.py", "sheet.py", "stats.py", "pictures.py"}
"""Files of data_engines that read sets of rows."""


SCRIPTS = sorted(ROOT.glob("scripts/*.py"))


@pytest.mark.parametrize("fact", ["151859", "151857", "<imgpad>", "<|im_start|>"])
def test_facts_stand_in_one_place(fact: str) -> None:
    homes = {"vocabulary.py", "prompts.py"}
    # A docstring may show what a function gives.
    code = {path: re.sub(r'""".*?"""', "", path.read_text(), flags=re.DOTALL) for path in [*CODE, *SCRIPTS]}
    assert [path.name for path, text in code.items() if fact in text and path.name not in homes] == []


def floor_of(module: str) -> int:
    name = module.split(".")[1]
    return next(number for number, names in enumerate(FLOORS) if name in names)


def test_imports_point_downwards() -> None:
    upwards = []
    for path in ROOT.glob("got_train/**/*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if module == "got_train.__init__":
            continue
        for imported in re.findall(r"^\s*from (got_train\.\S+) import", path.read_text(), re.MULTILINE):
            if floor_of(imported) > floor_of(module):
                upwards.append(f"{module} -> {imported}")
    assert upwards == []


def test_training_imports_no_engines() -> None:
    """But for the two that draw a set on the spot."""
    files = {path.name for path in ROOT.glob("got_train/**/*.py") if "from data_engines" in path.read_text()}
    assert files <= {"compare.py", "quickstart_data.py"}


def test_engines_import_nothing_of_training() -> None:
    """Drawing needs the words and rows; looking at sets needs what reads and counts them."""
    markup = {"markup.chart_dictionary", "markup.delimiters", "markup.forms"}
    drawing = markup | {"vocabulary", "prompts", "packages", "data.records"}
    looking = drawing | {
        "report",
        "config",
        "config_file",
        "data.readers",
        "data.images",
        "data.packed",
        "data.encode",
        "data.tiles",
        "pages.template",
    }
    looking |= {"model.tokenizer"}
    beyond = []
    for path in ROOT.glob("data_engines/**/*.py"):
        allowed = looking if path.name in LOOKING else drawing
        for imported in re.findall(r"^\s*from got_train\.(\S*) import", path.read_text(), re.MULTILINE):
            if imported not in allowed and not imported.startswith("tex."):
                beyond.append(f"{path.name} -> {imported}")
    assert beyond == []


def test_files_stay_short() -> None:
    assert [path.name for path in CODE if len(path.read_text().splitlines()) > 420] == []
