"""What is said of the kinds stands once: the documents say the same."""

import re
import tomllib
from pathlib import Path

from data_engines.kind import Packaged
from data_engines.kinds import KINDS, NAMES, room

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "engines.md").read_text(encoding="utf-8")
NUMBERS = {13: "Thirteen", 14: "Fourteen", 15: "Fifteen", 16: "Sixteen", 17: "Seventeen", 18: "Eighteen"}


def table(*rows: tuple[str, ...]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def test_every_room_is_a_kind() -> None:
    rooms = (ROOT / "data_engines" / "kinds").glob("*/engine.py")
    assert sorted(room(name) for name in NAMES) == sorted(
        f"data_engines.kinds.{path.parent.name}" for path in rooms
    )


def test_the_table_of_kinds_in_the_documents() -> None:
    expected = table(
        ("kind", "drawn from, without and with `--source`", "answer", "prompt", "needs"),
        ("---",) * 5,
        *(
            (f"`{name}`", kind.drawn_from, kind.answer, kind.prompt, ", ".join(kind.needs))
            for name, kind in KINDS.items()
        ),
    ).replace("|  |", "| |")
    assert expected in DOCS, f"docs/engines.md should have\n{expected}"


def test_the_table_of_licences_in_the_documents() -> None:
    users: dict[Packaged, list[str]] = {}
    for name, kind in KINDS.items():
        for source in kind.sources:
            users.setdefault(source, []).append(f"`{name}`")
    expected = table(
        ("kinds", "source", "licence"),
        ("---",) * 3,
        *(
            (", ".join(names), f"{', '.join(source.packages)}: {source.what}", source.licence)
            for source, names in users.items()
        ),
    )
    assert expected in DOCS, f"docs/engines.md should have\n{expected}"


def test_the_kinds_with_regions_in_the_documents() -> None:
    *others, last = (f"`{name}`" for name, kind in KINDS.items() if kind.regions)
    expected = f"{', '.join(others)} and {last} write them."
    assert expected in DOCS, f"docs/engines.md should have\n{expected}"


def test_the_kinds_with_tests_in_the_documents() -> None:
    rows = re.findall(r"^\| `(present|absent|order|table|math)` \| .* \| (`.*`) \|$", DOCS, re.MULTILINE)
    expected = {
        name: ", ".join(f"`{other}`" for other, kind in KINDS.items() if name in kind.tests)
        for name in KINDS["page"].tests
    }
    assert dict(rows) == expected, f"docs/engines.md should have {expected}"


def test_the_readme_counts_them() -> None:
    assert f"{NUMBERS[len(KINDS)]} kinds of synthetic training pictures" in (ROOT / "README.md").read_text()


def test_what_they_need_is_in_the_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = [*project["dependencies"], *project["optional-dependencies"]["engines"]]
    installed = {re.split(r"[<>=!; ]", requirement)[0] for requirement in listed}
    needed = {name for kind in KINDS.values() for name in kind.needs} - {"TeX"}
    needed |= {name for kind in KINDS.values() for source in kind.sources for name in source.packages}
    assert needed <= installed


def test_the_trial_draws_every_kind() -> None:
    mix = (ROOT / "configs" / "engines" / "trial.yaml").read_text()
    assert set(re.findall(r"kind: ([a-z-]+)", mix)) == set(NAMES)
