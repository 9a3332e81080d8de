"""Rules of the house that a grep can check."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CODE = sorted([*ROOT.glob("got_train/**/*.py"), *ROOT.glob("data_engines/**/*.py")])

FLOORS = [
    [
        *("report", "vocabulary", "secrets", "ranks", "packages", "characters", "bitsandbytes_import"),
        *("progress", "stop_signals"),
    ],
    ["hubs", "files", "foreign_files", "processes", "shortages"],
    ["manifest", "command_options", "command_examples", "completion", "ending"],
    ["run_folders", "prompts", "markup", "typed_values", "interpolations"],
    ["tex", "swift_runs", "drawn_sets"],
    ["page_tests"],
    ["config"],
    ["arguments", "idle_keys", "config_conflicts", "earlier_adapters", "key_hints"],
    ["config_file", "config_folder"],
    ["model"],
    ["data"],
    ["pages"],
    ["inference"],
    ["evaluation"],
    ["training"],
    [
        *(
            "check_data",
            "plan",
            "push",
            "swift",
            "serving",
            "board",
            "bench",
            "quickstart_data",
            "nano_data",
            "nano_release",
            "demo",
        ),
        "learning_curve",
    ],
    ["recipe"],
    ["quickstart", "nano"],
    ["cli"],
    ["__main__"],
]
"""got_train from the ground up: a file imports from its own floor and those below."""

ENGINE_FLOORS = [
    ["options", "kind", "store", "formats", "rejects"],
    ["engine"],
    ["tools"],
    ["kinds"],
    ["shards"],
    ["drawing"],
    ["executors"],
    ["run", "mix"],
    ["sheet", "stats", "rows", "tasks"],
    ["cli"],
]
"""data_engines in the same order."""

LOOKING = {"sets.py", "sheet.py", "stats.py", "pictures.py", "rows.py", "targets.py", "tasks.py"}
"""Files of data_engines that read sets of rows."""


SCRIPTS = sorted(ROOT.glob("scripts/**/*.py"))


@pytest.mark.parametrize("fact", ["151859", "151857", "<imgpad>", "<|im_start|>"])
def test_facts_stand_in_one_place(fact: str) -> None:
    homes = {"vocabulary.py", "prompts.py"}
    # A docstring may show what a function gives.
    code = {path: re.sub(r'""".*?"""', "", path.read_text(), flags=re.DOTALL) for path in [*CODE, *SCRIPTS]}
    assert [path.name for path, text in code.items() if fact in text and path.name not in homes] == []


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path): path for path in [*CODE, *SCRIPTS]}


def imports(path: Path) -> set[str]:
    """The project's own modules that a file imports, at its top or inside a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{name.name}" for name in node.names} & set(MODULES)
            found |= names or {node.module}
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
    return found & set(MODULES)


def floor_of(module: str, floors: list[list[str]]) -> int:
    """The floor with the longest name that the module, without its package, is or lies in."""
    inside = module.partition(".")[2]
    found = {
        name: number
        for number, names in enumerate(floors)
        for name in names
        if f"{inside}.".startswith(f"{name}.")
    }
    return found[max(found, key=len)]


@pytest.mark.parametrize(("package", "floors"), [("got_train", FLOORS), ("data_engines", ENGINE_FLOORS)])
def test_imports_point_downwards(package: str, floors: list[list[str]]) -> None:
    upwards = [
        f"{module} -> {imported}"
        for module, path in MODULES.items()
        if module.startswith(f"{package}.")
        for imported in imports(path)
        if imported.startswith(f"{package}.") and floor_of(imported, floors) > floor_of(module, floors)
    ]
    assert upwards == []


def test_no_kind_imports_from_the_room_of_another() -> None:
    rooms = {module: module.split(".")[2] for module in MODULES if module.startswith("data_engines.kinds.")}
    arrows = [
        f"{module} -> {imported}"
        for module, room in rooms.items()
        for imported in imports(MODULES[module])
        if rooms.get(imported, room) != room
    ]
    assert arrows == []


def test_no_files_import_each_other_in_a_circle() -> None:
    arrows = {module: imports(path) for module, path in MODULES.items()}
    TopologicalSorter(arrows).prepare()  # a CycleError names the circle


def test_training_imports_no_engines() -> None:
    files = [
        f"{module} -> {imported}"
        for module, path in MODULES.items()
        if module.startswith("got_train")
        for imported in imports(path)
        if not imported.startswith("got_train")
    ]
    assert files == []


def test_engines_import_nothing_of_training() -> None:
    """Drawing needs the words and rows; looking at sets needs what reads and counts them."""
    markup = {f"markup.{name}" for name in ("boxes", "chart_dictionary", "delimiters", "forms")}
    markup |= {"markup.html_tables", "markup.tables", "markup.tabular", "markup.written_tables"}
    markup |= {"page_tests.runner"}
    drawing = markup | {
        "vocabulary",
        "prompts",
        "packages",
        "characters",
        "processes",
        "progress",
        "report",
        "data.records",
        "data.errors",
    }
    drawing |= {
        "data.foreign",
        "data.file_heads",
        "data.picture_names",
        "data.utf8",
        "typed_values",
        "drawn_sets",
        "files",
        "secrets",
    }
    looking = drawing | {
        "report",
        "bitsandbytes_import",
        "config",
        "config_file",
        "config_folder",
        "data.readers",
        "data.record",
        "data.rows",
        "data.images",
        "data.packed",
        "data.encode",
        "data.tiles",
        "pages.template",
        "pages.engraving",
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


def test_no_test_assumes_a_fast_machine() -> None:
    """Waits take `HANG_SECONDS` of tests/conftest.py; limits are of processor time (`within_seconds`)."""
    hurried = re.compile(r"timeout=\d|monotonic\(\) (?:- \w+ <|\+ \d)|(?:time|perf_counter)\(\) - \w+ <")
    tests = [path for path in ROOT.glob("tests/**/*.py") if path.name != "conftest.py"]
    assert [path.name for path in tests if hurried.search(path.read_text())] == []
