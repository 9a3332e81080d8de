"""Mixes: several sets by one file."""

import json
from pathlib import Path

import pytest

from data_engines.cli import main, read_request
from data_engines.kinds import KINDS
from data_engines.mix import commands, read_mix

MIX = """
output: out
scale: 0.5
sources: {words: "???", photos: null}
defaults: {degrade: 0.2, workers: 1, width: 320, height: 240}
sets:
  texts: {kind: lines, count: 12, source: "${sources.words}", lines: 3-4, degrade: 0, fonts: ["FONT"]}
  boxes: {kind: fine-grained, count: 4, source: ["${output}/texts"], width: null, height: null}
"""


@pytest.fixture
def mix_file(tmp_path: Path, corpus: Path, font: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("mix.yaml").write_text(MIX.replace("FONT", str(font)))
    return "mix.yaml"


def test_sets_are_commands_with_scaled_counts(mix_file: str, corpus: Path, font: Path) -> None:
    config = read_mix(mix_file, [f"sources.words={corpus}", "scale=0.25"])
    common = "--workers 1".split()
    texts = f"--width 320 --height 240 --source {corpus} --lines 3-4 --fonts {font}"
    assert commands(config) == [
        ("lines", [*"--output out/texts --count 3 --degrade 0".split(), *common, *texts.split()]),
        (
            "fine-grained",
            [*"--output out/boxes --count 1 --degrade 0.2".split(), *common, "--source", "out/texts"],
        ),
    ]


def test_the_home_is_known_in_the_file_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    (tmp_path / "mix.yaml").write_text(
        "output: ~/out\nsources: {words: ~/words.txt}\nsets:\n"
        '  a: {kind: lines, count: 1, source: "${sources.words}", fonts: [~/a.ttf, b.ttf]}\n'
    )
    (_, words), *_ = commands(read_mix(str(tmp_path / "mix.yaml"), []))
    assert " ".join(words) == (
        "--output /home/ann/out/a --count 1 --source /home/ann/words.txt --fonts /home/ann/a.ttf b.ttf"
    )


MIXES = sorted((Path(__file__).parents[2] / "configs" / "engines").glob("*.yaml"))


@pytest.mark.parametrize("path", MIXES, ids=lambda path: path.stem)
def test_every_mix_of_the_recipe_is_understood(path: Path, tmp_path: Path) -> None:
    config = read_mix(str(path), [f"sources.pdf={tmp_path}"])
    requests = [read_request(*command) for command in commands(config)]
    assert len(requests) == len(config.sets)
    numbers = {"stage1": 5_000_000, "stage2": 7_100_000, "stage3": 1_300_000, "trial": 1660}
    assert sum(request.run.count for request in requests) == numbers[path.stem]


def test_a_mix_is_drawn_set_by_set_and_listed(
    mix_file: str, corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["mix", mix_file, f"sources.words={corpus}"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "out/texts: 6 rows from 6 samples",
        "out/boxes: 2 rows from 2 samples",
        "out: 2 sets; train on them with data.train=out",
    ]
    assert json.loads(Path("out/manifest.json").read_text()) == {"sets": ["texts", "boxes"]}
    assert json.loads(Path("out/boxes/manifest.json").read_text())["sources"][0]["name"] == "out/texts"


def test_a_mix_sets_the_size_of_shards(mix_file: str, corpus: Path) -> None:
    words = ["mix", mix_file, f"sources.words={corpus}", "defaults.shard_size=4"]
    assert main(words) == 0
    assert [len(list(Path(f"out/{name}/shards").glob("*.json"))) for name in ("texts", "boxes")] == [2, 1]


def test_parts_of_a_mix_list_nothing_until_all_sets_are_whole(
    mix_file: str, corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["mix", mix_file, f"sources.words={corpus}", "sets.boxes=null", "defaults.shard=1/2"]
    assert main(words) == 0
    assert capsys.readouterr().out.splitlines() == ["out/texts: this part is drawn, others are missing"]
    assert not Path("out/manifest.json").exists()


def test_a_mix_takes_no_rows_out_of_a_folder(
    mix_file: str, corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its manifest would stand in place of that of a single run, or of a mix with more sets."""
    Path("out").mkdir()
    Path("out/manifest.json").write_text('{"format": "files", "rows": 3}')
    assert main(["mix", mix_file, f"sources.words={corpus}"]) == 2
    assert capsys.readouterr().err == (
        "got-data mix: output out holds a run of got-data; choose another output\n"
    )
    Path("out/manifest.json").write_text('{"sets": ["texts", "more"]}')
    assert main(["mix", mix_file, f"sources.words={corpus}"]) == 2
    assert (
        capsys.readouterr().err == "got-data mix: output out holds a mix with more; choose another output\n"
    )
    assert [path.name for path in Path("out").iterdir()] == ["manifest.json"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none.yaml"], "none.yaml can't be read: No such file or directory"),
        (["mix.yaml"], "mix.yaml leaves sources.words open; give sources.words=... after it"),
        (["mix.yaml", "sources.words=x", "scale=0"], "scale 0.0: give a number above 0"),
        (["mix.yaml", "sources.words=x", "scale=inf"], "scale inf: give a number above 0"),
        (
            ["mix.yaml", "sources.words=x", "sets.texts.kind=null"],
            f"sets.texts.kind is missing; give one of {', '.join(KINDS)}",
        ),
        (
            ["mix.yaml", "sources.words=x", "sets.texts.count=many"],
            "sets.texts.count is 'many'; give a whole number of at least 1",
        ),
        (["mix.yaml", "sources.words=x"], "--source x does not exist; give a UTF-8 text file to draw from"),
        (["mix.yaml", "sources.words=x", "sise=2"], "mix.yaml: Key 'sise' not in 'MixConfig'"),
        (
            ["mix.yaml", "sources.words=x", "sets.boxes.kind=box"],
            f"sets.boxes.kind is 'box'; give one of {', '.join(KINDS)}",
        ),
        (["broken.yaml"], "broken.yaml: while parsing a flow mapping"),
        (["empty.yaml"], "empty.yaml names no sets"),
        (["list.yaml"], "list.yaml: Cannot merge incompatible container types"),
        (
            ["latin.yaml"],
            "latin.yaml: 'utf-8' codec can't decode byte 0xe9 in position 0: unexpected end of data",
        ),
    ],
)
def test_a_bad_mix_is_one_line(
    words: list[str], message: str, mix_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("broken.yaml").write_text("sets: {a")
    Path("empty.yaml").write_text("output: out\n")
    Path("list.yaml").write_text("- sets\n")
    Path("latin.yaml").write_bytes(b"\xe9")
    assert main(["mix", *words]) == 2
    assert capsys.readouterr().err == f"got-data mix: {message}\n"


def test_a_flag_that_a_kind_lacks_is_named(
    mix_file: str, corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["mix", mix_file, f"sources.words={corpus}", "sets.texts.colour=red"])
    assert stop.value.code == 2
    assert capsys.readouterr().err == (
        "got-data lines: unrecognized arguments: --colour red; see got-data lines --help\n"
    )
