"""Boards of runs: whole ones, several, old ones, damaged ones and hostile ones."""

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from got_train.board.page import write_board
from got_train.board.runs import MAX_RUNS, find_runs, read_run
from got_train.cli import main
from got_train.report import UserError
from tests.conftest import draw, write_rows
from tests.pages.browser import DARK, in_browser, looked_at

SCRIPT = "</pre></title><script>document.title='run'</script>"

SETTINGS: dict[str, Any] = {
    "name": "lora",
    "model": {"init": "pretrained", "path": "/models/got", "init_from": None},
    "data": {"train": ["/data/a.jsonl#80%"], "val": ["/data/val.jsonl"]},
    "lora": {"enabled": True, "rank": 8, "modules": ["decoder"]},
    "train": {"learning_rate": 0.001, "per_device_train_batch_size": 4, "hub_token": None},
}

LOG: list[dict[str, Any]] = [
    {"global_step/max_steps": "0/4", "eval_loss": 9.0, "eval_loss_pdf": 9.5, "eval_cer": 1.5},
    {"global_step/max_steps": "2/4", "loss": 2.0, "loss_pdf": 2.5, "loss_scene": 1.0, "learning_rate": 0.001,
     "grad_norm": 1.0, "tokens_per_second": 1234.5, "memory(GiB)": 1.5, "elapsed_time": 30.0},
    {"global_step/max_steps": "2/4", "eval_loss": 1.5, "eval_loss_pdf": 1.6, "eval_cer": 0.5},
    {"global_step/max_steps": "4/4", "loss": 0.5, "loss_pdf": 0.7, "loss_scene": 0.2, "learning_rate": 0.0,
     "grad_norm": 0.5, "grad_norm_decoder": 0.5, "tokens_per_second": 2345.5, "memory(GiB)": 1.75,
     "elapsed_time": 65.0},
    {"global_step/max_steps": "4/4", "eval_loss": 0.4, "eval_loss_pdf": 0.5, "eval_cer": 0.0,
     "eval_picture_gain": 2.5},
    {"global_step/max_steps": "4/4", "train_runtime": 70.0, "train_loss": 1.25},
]  # fmt: skip

MakeRun = Callable[..., Path]


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Makes the folder of a run that has evaluated before its first step and after steps 2 and 4."""

    def make(
        name: str = "lora",
        number: int = 0,
        settings: dict[str, Any] = SETTINGS,
        log: list[Any] = LOG,
        answers: tuple[str, ...] = ("xyz", "abd", "abc"),
    ) -> Path:
        folder = tmp_path / "output" / name / f"v{number}-20260101-00000{number}"
        (folder / "readings").mkdir(parents=True)
        (folder / "args.yaml").write_text(json.dumps(settings))
        write_rows(folder / "logging.jsonl", log)
        if not (tmp_path / "1.png").exists():
            draw(tmp_path / "1.png", "abc")
        row = {"query": "<image>OCR: ", "labels": "abc", "images": [str(tmp_path / "1.png")], "kind": "pdf"}
        for step, answer in zip((0, 2, 4), answers, strict=False):
            write_rows(folder / "readings" / f"step-{step}.jsonl", [row | {"response": answer}])
        return folder

    return make


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    return int(caught.value.code or 0)


def board(tmp_path: Path, *runs: Path) -> str:
    """The page of some runs."""
    page = tmp_path / "board.html"
    assert run("board", *runs, "--output", page, "--overwrite") == 0
    return page.read_text()


def table(page: str, heading: str) -> dict[str, list[str]]:
    """The cells of the first table below a heading, by those of its first column."""
    found = re.search(rf">{heading}</h\d>.*?</table>", page, re.DOTALL)
    assert found
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', found[0], re.DOTALL)
    return {name: re.findall(r"<td>(.*?)</td>", cells, re.DOTALL) for name, cells in rows}


def test_a_run_on_a_page_that_needs_nothing_else(make_run: MakeRun, tmp_path: Path, capsys: Any) -> None:
    page = board(tmp_path, make_run())
    assert capsys.readouterr().out == f"1 run on {tmp_path / 'board.html'}\n"
    assert "<h1>Run lora/v0-20260101-000000</h1>" in page
    assert re.findall(r"(?:src|href)=.(?!data:|#)|<script|<link|url\(", page) == []
    facts = {name: cells[0] for name, cells in table(page, "What was run").items()}
    assert facts["state"] == "finished after 4 steps"
    assert facts["starts from"] == "/models/got"
    assert facts["trains"] == "adapters of rank 8 in decoder"
    assert facts["training rows"] == "/data/a.jsonl#80%"
    assert facts["loss"] == "2 → 0.5, lowest 0.5"
    assert facts["held-out loss"] == "9 → 0.4, lowest 0.4"
    assert facts["CER"] == "1.5 → 0, lowest 0"
    assert (facts["peak memory (GiB)"], facts["time of training"]) == ("1.75", "1 min 5 s")
    assert re.findall(r"<figcaption>([^<]*?)(?: <small>|<)", page) == [
        *("Loss", "Loss of pdf", "Loss of scene", "Character error rate (CER)"),
        *("What the pictures tell (nats a token)", "Learning rate", "Norm of the gradient"),
        *("Norm of the gradient of the decoder", "Tokens a second", "Peak memory (GiB)"),
    ]
    assert "training: 2 at step 2, 0.5 at step 4" in page and "held out: 9 at step 0, 0.4 at step 4" in page
    assert 'class="fault"' not in page


def test_the_same_picture_with_what_was_read_at_each_evaluation(make_run: MakeRun, tmp_path: Path) -> None:
    page = board(tmp_path, make_run())
    assert page.count('<img alt="picture 1.png"') == 1
    assert "<h3>Picture 1: pdf</h3>" in page
    read = re.findall(r'row">(\d)<br><span class="(\w+)">(.*?)</span></th><td><pre>(.*?)</pre>', page)
    assert read == [
        ("0", "wrong", "✗ CER 1", "<ins>xyz</ins>"),
        ("2", "wrong", "✗ CER 0.333", "ab<del>c</del><ins>d</ins>"),
        ("4", "right", "✓ right", "abc"),
    ]


def test_several_runs_share_curves_and_pictures_and_show_what_differs(
    make_run: MakeRun, tmp_path: Path
) -> None:
    other = json.loads(json.dumps(SETTINGS))
    other["name"], other["lora"]["rank"] = "more", 32
    page = board(tmp_path, make_run(), make_run("more", settings=other, answers=("abc",), log=LOG[:2]))
    assert "<h1>2 runs</h1>" in page
    assert table(page, "Those that differ") == {"name": ["lora", "more"], "lora.rank": ["8", "32"]}
    assert table(page, "What was run")["state"] == ["finished after 4 steps", "not finished: step 2 of 4"]
    assert page.count("<img") == page.count("<h3>Picture") == 1  # one picture with the readings of both
    assert page.count("<figcaption>Loss ") == 2 + 1
    assert re.findall(r'<p class="label">([AB]: .*?)</p>', page) == [
        "A: lora/v0-20260101-000000",
        "B: more/v0-20260101-000000",
    ]
    same = board(tmp_path, make_run("a"), make_run("b"))
    assert "<p>The runs have the same settings.</p>" in same


def test_a_step_that_was_logged_twice_counts_once(make_run: MakeRun, tmp_path: Path) -> None:
    again = [{**LOG[2], "eval_cer": 0.25}, {"global_step/max_steps": "3/6", "loss": 1.0, "elapsed_time": 5.0}]
    folder = make_run(log=[*LOG[:3], *again])
    log = read_run(folder, "A").log
    assert log.values["eval_cer"] == {0: 1.5, 2: 0.25}
    assert (log.step, log.max_steps, log.has_ended) == (3, 6, False)
    facts = table(board(tmp_path, folder), "What was run")
    assert facts["time of training"] == ["35.0 s"]  # 30 until it was stopped, 5 since it goes on
    early = make_run("early", log=[*LOG[:3], {"global_step/max_steps": "2/4", "train_runtime": 1.0}])
    assert table(board(tmp_path, early), "What was run")["state"] == ["ended early: step 2 of 4"]


def test_runs_of_earlier_versions_have_no_readings(make_run: MakeRun, tmp_path: Path) -> None:
    folder = make_run()
    shutil.rmtree(folder / "readings")
    page = board(tmp_path, folder)
    assert "lora/v0-20260101-000000 has kept no readings" in page and "<h3>Picture" not in page
    assert 'class="fault"' not in page


def test_what_a_path_stands_for(make_run: MakeRun, tmp_path: Path) -> None:
    old, new = make_run(number=1), make_run(number=2)
    other = make_run("中文 name", number=0)
    for model in (new / "checkpoint-4", tmp_path / "output" / "merged"):
        model.mkdir()
        (model / "args.yaml").write_text("{}")
        (model / "config.json").write_text("{}")
    assert find_runs([str(old), str(old)]) == [old]
    assert find_runs([str(new / "checkpoint-4")]) == [new]
    assert find_runs([str(new.parent)]) == [new]
    assert find_runs([str(tmp_path / "output")]) == [other, new]
    page = board(tmp_path, tmp_path / "output")
    assert "A: 中文 name/v0-20260101-000000" in page and "B: lora/v2-20260101-000002" in page
    for path, message in {
        "none": "run none does not exist",
        str(old / "args.yaml"): f"run {old / 'args.yaml'} is a file: name its folder",
        str(tmp_path / "output" / "merged"): "merged holds no run: no logging.jsonl, no args.yaml, no run",
    }.items():
        with pytest.raises(UserError, match=re.escape(message)):
            find_runs([path])
    many = [str(make_run(f"n{number:02}")) for number in range(MAX_RUNS + 1)]
    with pytest.raises(UserError, match="these are 13 runs, and a page shows at most 12: name fewer"):
        find_runs(many)
    assert board(tmp_path, *map(Path, many[:MAX_RUNS])).count("<img") == 1


def test_nothing_is_written_over(make_run: MakeRun, tmp_path: Path, capsys: Any) -> None:
    folder = make_run()
    page = tmp_path / "with space" / "board.html"
    assert run("board", folder, "--output", page) == 0
    page.write_text("mine")
    assert run("board", folder, "--output", page) == 2
    assert capsys.readouterr().err == (
        f"got-train: error: {page} exists: choose another output, or give --overwrite\n"
    )
    assert page.read_text() == "mine"
    for name in ("logging.jsonl", "readings/step-2.jsonl"):
        before = (folder / name).read_bytes()
        assert run("board", folder, "--output", folder / name, "--overwrite") == 2
        assert "is also an input: choose another output" in capsys.readouterr().err
        assert (folder / name).read_bytes() == before
    assert run("board", folder, "--output", page, "--overwrite") == 0


def damage(folder: Path, name: str, content: str | bytes | None) -> None:
    """Writes over a file of a run; None removes it, `pipe` puts a pipe in its place."""
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.unlink(missing_ok=True)
    if content == "pipe":
        os.mkfifo(file)
    elif content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())


BOMB = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefg", "bcdefgh", strict=True)
)

DAMAGES: list[tuple[str, str | bytes | None, str]] = [
    ("logging.jsonl", '{"global_step/max_steps": "2/4", "loss": 2.0}\n{"global_st', "1 line could not be"),
    ("logging.jsonl", b"\xff\xfe\x00garbage\n[1]\n5\n{}\n" + b"[" * 100_000, "5 lines could not be read"),
    ("logging.jsonl", '{"global_step/max_steps": "2/4", "loss": NaN}\n', "training: 1 not finite"),
    ("logging.jsonl", '{"global_step/max_steps": "2/4", "loss": -Infinity}\n', "training: 1 not finite"),
    ("logging.jsonl", f'{{"global_step/max_steps": "2/4", "loss": {"9" * 4000}}}\n', "1 not finite"),
    ("logging.jsonl", f'{{"global_step/max_steps": "2/4", "loss": {"9" * 9000}}}\n', "1 line could not be"),
    ("logging.jsonl", f'{{"global_step/max_steps": "{"9" * 99}/4", "loss": 1}}\n', "1 line could not be"),
    ("logging.jsonl", '{"global_step/max_steps": "2/4", "loss": [1], "eval_cer": "x"}\n', "not finished"),
    ("logging.jsonl", "", "nothing was logged"),
    ("logging.jsonl", None, "nothing was logged"),
    ("logging.jsonl", "pipe", "nothing was logged"),
    ("args.yaml", None, "args.yaml does not exist"),
    ("args.yaml", "a: [", "args.yaml is not a YAML file"),
    ("args.yaml", "- 1\n", "args.yaml must hold sections"),
    ("args.yaml", BOMB, "it has more than 200,000 values"),
    ("args.yaml", "train: {1: 2, learning_rate: [.nan, {2020-01-01: 3}]}\nlora: 5\ndata: text\n", "train.1"),
    ("readings/step-2.jsonl", '{"query": "x"', "step-2.jsonl:1"),
    ("readings/step-2.jsonl", '{"query": "x"}\n', "step-2.jsonl:1: no response text"),
    ("readings/step-2.jsonl", "", "step-2.jsonl has no rows"),
    ("readings/step-2.jsonl", b"\xff\xff\n", "step-2.jsonl"),
    ("readings/step-2.jsonl", "pipe", "<h3>Picture 1"),
    ("comparison.json", '{"validation": {"cer": 1}, "x": [], "y": {"before": {"a": 1}}}', "finished"),
    ("comparison.json", '{"v": {"before": {"a": 1e999, "b": NaN}, "after": {"a": 1, "b": 2}}}', "v: b"),
    ("comparison.json", "[]", "comparison.json is not a JSON object"),
    ("versions.json", '{"packages": [1], "commit": {"a": 2}}', "made with"),
    ("steps.npz", b"PK\x03\x04 no archive", "steps.npz cannot be read"),
    ("steps.npz", "pipe", "finished"),
    ("checkpoint-4/model.safetensors", b"\xff" * 20, "model.safetensors cannot be read"),
    ("checkpoint-4/model.safetensors", "pipe", "finished"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "said"), DAMAGES)
def test_damaged_runs_have_a_page_that_says_what_is_wrong(
    name: str, content: str | bytes | None, said: str, make_run: MakeRun, tmp_path: Path
) -> None:
    folder = make_run()
    damage(folder, name, content)
    page = board(tmp_path, folder)
    assert said in page
    assert page.count("</html>") == 1


def test_pictures_that_are_gone_are_named(make_run: MakeRun, tmp_path: Path) -> None:
    folder = make_run()
    (tmp_path / "1.png").unlink()
    page = board(tmp_path, folder)
    assert f'<p class="fault">{tmp_path / "1.png"}' in page and "<img" not in page
    assert page.count("✓ right") == 1


def test_all_readings_damaged_leave_the_rest(make_run: MakeRun, tmp_path: Path) -> None:
    folder = make_run()
    for step in (0, 2, 4):
        damage(folder, f"readings/step-{step}.jsonl", "x\n")
    page = board(tmp_path, folder)
    assert page.count('<p class="fault">') == 3 and "<figcaption>Loss" in page


def hostile(make_run: MakeRun, tmp_path: Path) -> Path:
    """A run with a script wherever a text may stand."""
    settings = SETTINGS | {SCRIPT: SCRIPT, "name": SCRIPT, "data": {"train": [SCRIPT]}}
    log = [*LOG, {"global_step/max_steps": "4/4", f"loss_{SCRIPT}": 1.0, f"eval_loss_{SCRIPT}": 2.0}]
    folder = make_run("bad", settings=settings, log=log, answers=())
    row = {"query": SCRIPT, "response": f"a{SCRIPT}\x00\u202e", "labels": SCRIPT, "kind": SCRIPT}
    write_rows(folder / "readings" / "step-1.jsonl", [row | {"images": [f"{tmp_path}/{SCRIPT}.png"]}])
    scores = {SCRIPT: {"before": {SCRIPT: 1}, "after": {SCRIPT: 2}}}
    (folder / "comparison.json").write_text(json.dumps(scores))
    (folder / "versions.json").write_text(json.dumps({"commit": SCRIPT, "packages": {"torch": SCRIPT}}))
    return folder


def test_texts_of_a_stranger_are_shown_not_obeyed(make_run: MakeRun, tmp_path: Path) -> None:
    page = board(tmp_path, hostile(make_run, tmp_path))
    assert "<script" not in page and page.count("</title>") == page.count("</style>") == 1
    assert page.count("&lt;script&gt;") > 10
    assert in_browser(tmp_path / "board.html") == "Run bad/v0-20260101-000000"


def test_secrets_of_settings_are_not_shown(make_run: MakeRun, tmp_path: Path) -> None:
    settings = json.loads(json.dumps(SETTINGS))
    settings["train"] |= {"hub_token": "hf_abcdefghijklmnopqrstuvw", "run_name": "https://me:secret99@host/x"}
    page = board(tmp_path, make_run(settings=settings))
    assert "abcdefghijklm" not in page and "secret99" not in page and "https://***@host/x" in page


def test_a_page_of_many_runs_is_bounded(make_run: MakeRun, tmp_path: Path) -> None:
    kinds = {f"loss_kind{number}": 1.0 for number in range(100)}
    folder = make_run(log=[*LOG, {"global_step/max_steps": "4/4", **kinds}], answers=())
    picture, long = str(tmp_path / "1.png"), "word " * 20_000
    for step in range(40):
        rows = [
            {"query": f"{number}", "response": long, "labels": long + "x", "images": [picture] * 9}
            for number in range(20)
        ]
        write_rows(folder / "readings" / f"step-{step}.jsonl", rows)
    page = board(tmp_path, folder)
    assert page.count("<h3>Picture") == 8 and page.count("<img") == 8 * 4 and page.count("and 5 more") == 8
    assert (
        page.count('class="steps"') == 8
        and page.count('class="right"') + page.count('class="wrong"') == 8 * 12
    )
    assert f"<p>lora/{folder.name}: 12 of 40 evaluations are shown.</p>" in page
    assert "✗ CER 0 of the first 4,000 characters" in page  # and wrong behind them
    assert page.count("<figcaption>Loss") == 25 and "kinds are not drawn" in page
    assert len(page) < 8_000_000


@pytest.mark.parametrize(("width", "options"), [(390, ()), (390, (DARK,)), (1280, ())])
def test_nothing_lies_outside_or_over_another(
    width: int, options: tuple[str, ...], make_run: MakeRun, tmp_path: Path
) -> None:
    long = "a_very_long_name_without_any_end_" * 8
    settings = SETTINGS | {"output_dir": f"/{long}", long: long}
    log = [*LOG, {"global_step/max_steps": "4/4", f"loss_{long}": 123456.0, "eval_exact_match": 1.0}]
    folder = make_run("one", settings=settings, log=log, answers=(long, f"abc{long}", "abc"))
    damage(folder, "args.yaml", json.dumps(settings))
    runs = [folder, *(make_run(f"run{number}") for number in range(4))]
    for some in (runs[:1], runs, [hostile(make_run, tmp_path)]):
        write_board(some, tmp_path / "board.html")
        found = looked_at(tmp_path, (tmp_path / "board.html").read_text(), width, *options)
        assert found.pop("width") <= width
        assert found == {"outside": [], "over": [], "faint": [], "nameless": []}
