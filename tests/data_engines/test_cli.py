"""The command `got-data`: its words, flags and complaints."""

from pathlib import Path

import pytest

from data_engines.cli import COMMANDS, main
from data_engines.kinds import KINDS

COMMON = ["--count", "2", "--workers", "1"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["photo"],
            "got-data: argument WORD: invalid choice: 'photo' "
            f"(choose from {str([*KINDS, *COMMANDS])[1:-1]})",
        ),
        (["lines", *COMMON], "got-data lines: the following arguments are required: --output"),
        (["pdf", *COMMON], "got-data pdf: the following arguments are required: --output, --source"),
        (
            ["lines", "--lines", "a"],
            "got-data lines: argument --lines: 'a' is no range; write it as 3 or 2-5",
        ),
        (
            ["lines", "--lines", "2-"],
            "got-data lines: argument --lines: '2-' is no range; write it as 3 or 2-5",
        ),
        (["lines", "--count", "many"], "got-data lines: argument --count: invalid int value: 'many'"),
        (
            ["lines", "--colour"],
            "got-data lines: the following arguments are required: --count, --output",
        ),
    ],
)
def test_a_wrong_flag_is_one_line_and_exit_code_2(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    program = message.split(":")[0]
    assert capsys.readouterr().err == f"{message}; see {program} --help\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--count", "0"], "--count 0: give a whole number of at least 1"),
        (["--workers", "0"], "--workers 0: give a whole number of at least 1"),
        (["--shard-size", "0"], "--shard-size 0: give a whole number of at least 1"),
        (["--seed", "-1"], "--seed -1: give a whole number of at least 0"),
        (["--max-rejects", "5"], "--max-rejects 5.0: give a fraction from 0 to 1"),
        (["--degrade", "-1"], "--degrade -1.0: give a fraction from 0 to 1"),
        (
            ["--degrade-families", "fax"],
            "--degrade-families: pictures stay clean without --degrade; give it too, as in --degrade 0.3",
        ),
        (["--shard", "2/2"], "--shard 2/2: write I/N, I from 0 to N - 1, as in 0/4 for the first of four"),
        (["--source", "none.txt"], "--source none.txt does not exist; give a UTF-8 text file to draw from"),
        (["--source", "empty.txt"], "--source empty.txt holds no text; give a file with a text on each line"),
        (
            ["--source", "latin.txt"],
            "--source latin.txt is not UTF-8 (byte 3), it looks like WINDOWS-1252; "
            "iconv -f WINDOWS-1252 -t UTF-8 latin.txt > latin.utf8.txt mends it",
        ),
        (
            ["--fonts", "none.ttf"],
            "--fonts none.ttf does not exist; give font files or folders of them",
        ),
        (["--fonts", "empty"], "--fonts empty: no .ttf, .otf, .ttc, .otc file there"),
        (["--fonts", "corpus.txt"], "--fonts: none of the 1 font files has a character of corpus.txt"),
        (["--lines", "3-2"], "--lines 3-2: give LOW-HIGH, both at least 1, LOW not above HIGH"),
        (["--text-height", "2"], "--text-height 2: give LOW-HIGH, both at least 6, LOW not above HIGH"),
        (["--ink", "0-200"], "--ink 0-200 on --paper 200-255 can't be read; keep them 64 levels apart"),
        (["--height", "8"], "--width 512 --height 8: too small for --text-height 16-32"),
        (["--frames", "2"], "--frames 2.0: give a fraction from 0 to 1"),
        (["--task", "box"], "--task box asks for one text of several; give --lines 2-4, say"),
        (["--questions", "2"], "--questions 2: with --task plain --lines 1-3 give 1 to 1"),
        (["--output", "taken"], "--output taken is not empty and holds no run of got-data; choose another"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    words: list[str],
    message: str,
    tmp_path: Path,
    font: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("corpus.txt").write_text("alpha\nbeta\n")
    Path("empty.txt").write_text(" \n")
    Path("latin.txt").write_bytes(b"caf\xe9\n")
    Path("empty").mkdir()
    Path("taken").mkdir()
    Path("taken/notes.txt").write_text("mine")
    given = ["lines", *COMMON, "--output", "out", "--source", "corpus.txt", "--fonts", str(font), *words]
    assert main(given) == 2
    assert capsys.readouterr().err == f"got-data lines: {message}\n"


def test_help_lists_the_options_of_an_engine(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["lines", "--help"])
    assert stop.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "--text-height LOW-HIGH size of the font in pixels" in text
    assert "--units {lines,words}" in text
    assert "(default: 16-32)" in text
