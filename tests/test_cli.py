"""Commands as users type them: what they print, and how their mistakes end."""

import json
import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf

from got_train.cli import main, parse
from got_train.command_examples import EXAMPLES
from tests.conftest import draw, write_rows
from tests.test_house import MODULES

ROOT = Path(__file__).parent.parent
WriteConfig = Callable[..., Path]


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    return int(caught.value.code or 0)


def last_line(capsys: Any) -> str:
    return str(capsys.readouterr().err.splitlines()[-1])


@pytest.mark.parametrize("command", EXAMPLES)
def test_help_has_examples_and_fits_on_a_screen(
    command: str, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert run(command, "--help") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[lines.index("examples:") + 1 :] == [f"  {line}" for line in EXAMPLES[command]]
    assert len(lines) <= 50


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "nope.yaml"], "got-train: error: config file nope.yaml does not exist"),
        (
            ["train", "{config}", "data.trian=x"],
            "data.trian is not a config key: did you mean train?",
        ),
        (
            ["train", "{config}", "data.train=[nope.jsonl]"],
            "got-train: error: data.train: data file nope.jsonl does not exist",
        ),
        (["train", "{config}", "train.warmup=1"], "train.warmup is not a TrainingArguments name"),
        (
            ["train", "{config}", "train.lr_scheduler_type=cosin"],
            "train.lr_scheduler_type: cosin is not a valid SchedulerType",
        ),
        (["train", "{config}", "train.deepspeed=nope.json"], "train.deepspeed: nope.json does not exist"),
        (
            ["train", "{config}", "train.deepspeed.zero_optimization.stage=3"],
            "train.deepspeed: ZeRO's stage 3 is not supported",
        ),
        (
            ["train", "{config}", "train.deepspeed.zero_optimization.stage=2"],
            "train.deepspeed needs a launcher, on one device too: deepspeed --module got_train train ...",
        ),
        (["train", "{config}", "train.report_to=wandb2"], "train.report_to wandb2: did you mean wandb?"),
        (
            ["train", "{config}", "train.lr_scheduler_type=cosine_with_min_lr"],
            "train: One of min_lr or",
        ),
        (
            ["train", "{config}", "train.optim=galore_adamw"],
            "train: You need to install `galore_torch`",
        ),
        (
            "train {config} train.eval_strategy=steps train.eval_steps=1 train.save_steps=1 "
            "train.load_best_model_at_end=true train.metric_for_best_model=loss_foo".split(),
            "train: The `metric_for_best_model` training argument is set to 'eval_loss_foo'",
        ),
        (
            ["train", "{config}", "train.parallelism_config=5"],
            "train.parallelism_config is not supported here",
        ),
        (
            ["train", "{config}", "train.accelerator_config={{a: 1}}"],
            "train.accelerator_config is not supported",
        ),
        (
            ["train", "{config}", "train.optim_args=a=b"],
            "train.optim_args would have no effect, as train.optim",
        ),
        (
            ["train", "{config}", "train.optim_target_modules=all-linear"],
            "train.optim_target_modules would have no effect, as train.optim is adamw_torch_fused",
        ),
        (
            ["train", "{config}", "train.liger_kernel_config={{rope: true}}"],
            "train.liger_kernel_config.rope would have no effect, as train.use_liger_kernel is false",
        ),
        (["train", "{config}", "train.fsdp=full_shard"], "train.fsdp is not supported here: use train.deep"),
        (["train", "{config}", "train.global_batch_size=6"], "global_batch_size 6 is not a multiple of 4"),
        (["train", "{config}", "resume=nowhere"], "resume: nowhere does not exist"),
        (
            "train {config} model.encoder=null model.decoder=null model.init=pretrained "
            "model.path=./nowhere".split(),
            "checkpoint ./nowhere does not exist",
        ),
        (["train", "{config}", "model.decoder.tokenizer=./nowhere"], "no tokenizer at ./nowhere"),
        (["train", "{config}", "model.decoder.model_type=lama"], "model_type lama: did you mean llama?"),
        (
            ["infer", "./nowhere", "--image", "{picture}", "--query", "What?", "--format", "--crop"],
            "--query is asked instead of the recipe's tasks: leave out --format",
        ),
        (["infer", "./nowhere", "--image", "{picture}"], "checkpoint ./nowhere does not exist"),
        (["infer", "./nowhere", "--image", "nope.png"], "no image at nope.png (looked in"),
        (["infer", "./nowhere", "--image", "{picture}", "--box", "1"], "box '1' is not x1,y1,x2,y2"),
        (
            ["infer", "./nowhere", "--image", "{picture}", "--box", "1,2,300,4"],
            "inside the image of 32 x 32 pixels",
        ),
        pytest.param(
            ["infer", "{folder}", "--image", "{picture}", "--torch-compile"],
            "torch_compile: transformers compiles decoding for GPUs only",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU to compile for"),
        ),
        (["infer", "./n", "--image", "{picture}", "--resume"], "--resume continues a file of answers"),
        (
            ["infer", "./n", "--image", "{picture}", "--output", "{picture}"],
            "picture.png is also an input: choose another",
        ),
        (
            ["infer", "./n", "--image", "{picture}", "--output", "{folder}"],
            "cannot be written: it is a folder",
        ),
        (
            ["infer", "./n", "--image", "{picture}", "--render", "{picture}/a.html"],
            "a.html cannot be written: ",
        ),
        (
            ["infer", "./n", "--image", "{picture}", "--output", "{config}"],
            "run.yaml exists: choose another output, or give --overwrite, or --resume to continue it",
        ),
        (
            ["infer", "./n", "--image", "{picture}", "--render", "{config}"],
            "run.yaml exists: choose another output, or give --overwrite",
        ),
        (
            ["infer", "./n", "--image", "{picture}", "--output", "{folder}/cut", "--resume"],
            "cut.part-1-of-2 exists, of an interrupted run of several processes: continue it with --resume "
            "and as many processes, or give --overwrite",
        ),
        (
            ["infer", "./n", "--image", "{picture}", "--output", "{folder}/x", "--render", "{folder}/./x"],
            "x is named for two outputs: choose another for one of them",
        ),
        (
            ["infer", "./n", "--image", "{picture}", "--image-root", "{folder}"],
            "--image-root is of the rows of --data: name images by their whole paths",
        ),
        (
            ["infer", "./n", "--data", "{rows}", "--output", "{folder}/x", "--image-root", "{folder}/none"],
            "none is not a folder",
        ),
        (
            ["infer", "./n", "--data", "{rows}#3", "--output", "{rows}", "--overwrite"],
            "rows.jsonl is also an input: choose another output",
        ),
        (
            ["eval", "{config}", "--report", "{picture}"],
            "picture.png exists: choose another output, or give --overwrite",
        ),
        (["configs", "{picture}"], "picture.png is a file: name a folder for the configs"),
        (
            ["quickstart", "--output", "{folder}"],
            "exists: remove it or name another folder with --output",
        ),
        (
            ["convert", "{folder}", "{picture}", "--to", "original"],
            "picture.png exists: remove it or name another folder",
        ),
        (["infer", "./nowhere", "--data", "a.jsonl"], "--data needs --output, the file to write"),
        (["infer", "./n", "--data", "a", "--output", "b", "--crop"], "--crop cannot be used with --data"),
        (["merge", "./nowhere"], "checkpoint ./nowhere does not exist"),
        (["eval", "nope.jsonl"], "predictions file nope.jsonl does not exist"),
        (["check-data", "nope.jsonl"], "data file nope.jsonl does not exist"),
    ],
)
def test_mistakes_end_in_one_line_and_exit_code_2(
    words: list[str], message: str, write_config: WriteConfig, tmp_path: Path, capsys: Any
) -> None:
    draw(tmp_path / "picture.png", "x")
    (tmp_path / "cut.part-1-of-2").touch()
    (tmp_path / "config.json").touch()
    given = {"config": str(write_config()), "picture": str(tmp_path / "picture.png"), "folder": str(tmp_path)}
    given["rows"] = str(tmp_path / "rows.jsonl")
    assert run(*(word.format(**given) for word in words)) == 2
    error = last_line(capsys)
    assert error.startswith("got-train: error: ")
    assert message in error


def test_all_mistakes_of_a_config_are_shown(write_config: WriteConfig, capsys: Any) -> None:
    config = write_config()
    assert run("train", config, "data.trian=x", "sample.max_length=0", "train.warmup=1", "--dry-run") == 2
    assert capsys.readouterr().err.splitlines()[-4:-1] == [
        "got-train: error: 3 errors:",
        "data.trian=x: data.trian is not a config key: did you mean train?",
        "sample.max_length=0: sample.max_length 0 must be at least 1",
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trian"], "invalid choice: 'trian'"),
        (["infer", "m", "--image", "a", "--color", "pink"], "invalid choice: 'pink'"),
        (["train", "a.yaml", "--dryrun"], "unrecognized arguments: --dryrun; did you mean --dry-run?"),
        (["train", "a.yaml", "--lr", "1e-4"], "arguments: --lr 1e-4; write settings as lr=1e-4"),
        (["train", "a.yaml", "--train.seed=1"], "--train.seed=1; write settings as train.seed=1"),
        (["infer", "m"], "one of the arguments --image --pages --data is required"),
        (["infer", "m", "--image", "a", "--batch-size", "0"], "argument --batch-size: 0 must be 1 or more"),
        (["infer", "m", "--image", "a", "--max-new-tokens", "x"], "invalid positive value: 'x'"),
    ],
)
def test_wrong_words_are_refused_by_the_parser(words: list[str], message: str, capsys: Any) -> None:
    assert run(*words) == 2
    assert message in last_line(capsys)


def test_the_version(capsys: Any) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"got-train {version('got-train')}\n"


def test_deepspeeds_rank_may_stand_before_the_command() -> None:
    options = parse(["--local_rank=1", "train", "a.yaml", "train.max_steps=2", "--dry-run"])
    assert (options.config, options.overrides, options.dry_run) == ("a.yaml", ["train.max_steps=2"], True)


def test_overrides_may_stand_on_either_side_of_a_flag() -> None:
    options = parse(["train", "a.yaml", "a=1", "--dry-run", "b=2"])
    assert (options.overrides, options.dry_run) == (["a=1", "b=2"], True)


def test_check_data_names_every_problem_and_counts(tmp_path: Path, capsys: Any) -> None:
    draw(tmp_path / "a.png", "x")
    good = {"query": "<image>OCR: ", "response": "x", "images": ["a.png"]}
    path = write_rows(tmp_path / "rows.jsonl", [good, "not json", good | {"images": []}])
    assert run("check-data", path) == 1
    out = capsys.readouterr().out
    assert f"{path}:2: not JSON: " in out
    assert f"{path}:3: tag mismatch: 1 <image> tag for 0 images" in out
    assert re.search(r"rows.jsonl\s+3\s+2\s+not JSON: 1, tag mismatch: 1", out)
    write_rows(path, [good])
    assert run("check-data", path) == 0


def test_check_data_counts_what_is_probably_not_meant(tmp_path: Path, capsys: Any) -> None:
    draw(tmp_path / "a.png", "x")
    good = {"query": "<image>OCR: ", "response": "x", "images": ["a.png"]}
    path = write_rows(
        tmp_path / "rows.jsonl", [good, *[good | {"query": "[orange] OCR: ", "caption": "x"}] * 4]
    )
    assert run("check-data", path) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        f"warning: key caption is not read: 4 rows ({path}:2, {path}:3, {path}:4, ...)",
        "warning: a query that is nearly one of GOT's tasks, and is read as another text: 4 rows "
        f"({path}:2 '[orange] OCR: ', {path}:3 '[orange] OCR: ', {path}:4 '[orange] OCR: ', ...)",
    ]


def test_check_data_of_a_config_checks_what_it_trains_on(
    write_config: WriteConfig, tmp_path: Path, capsys: Any
) -> None:
    """Rows that train fine under a config's columns, query and limits are good, and others are not."""
    (tmp_path / "images").mkdir()
    draw(tmp_path / "images" / "a.png", "7", size=(200, 50))
    rows = [{"picture": "a.png", "truth": "text " * length} for length in (1, 1, 40)]
    path = write_rows(tmp_path / "own.jsonl", rows)
    data = {
        "train": [str(path)],
        "val": None,
        "val_ratio": 0.4,
        "columns": {"picture": "images", "truth": "response"},
        "query": "OCR: ",
        "image_root": str(tmp_path / "images"),
    }
    config = write_config(data=data)
    assert run("check-data", path) == 1
    assert re.search(r"own.jsonl +3 +3 +missing key: 3", capsys.readouterr().out)
    assert run("check-data", config, "sample.max_length=4000") == 0
    out = capsys.readouterr().out
    assert re.search(r"data.train +2 +0 +-", out) and re.search(r"data.val +1 +0 +-", out)
    assert run("check-data", config, "sample.max_length=200") == 1
    assert f"{path}:3: too long: " in capsys.readouterr().out
    assert run("check-data", config, "sample.max_length=200", "--query", "What?") == 2
    assert "--query cannot be used with a config, whose keys say the same" in last_line(capsys)
    words = ("--columns", "picture=images", "truth=response", "--query", "OCR: ")
    assert run("check-data", path, *words, "--image-root", tmp_path / "images") == 0
    assert run("check-data", path, "--columns", "picture") == 2
    assert "--columns picture: write THEIRS=OURS, as in text=response" in last_line(capsys)


def test_validation_rows_that_are_trained_on_are_said(
    write_config: WriteConfig, tmp_path: Path, capsys: Any
) -> None:
    draw(tmp_path / "a.png", "x")
    rows = [{"query": "OCR: ", "response": text, "images": ["a.png"]} for text in "abcd"]
    path, other = (
        write_rows(tmp_path / f"{name}.jsonl", rows[start:]) for name, start in (("a", 0), ("b", 2))
    )
    line = "rows are training rows too: name others in data.val, or set data.val_ratio\n"
    config = write_config(data={"train": [str(path)], "val": [str(path)]})
    assert run("check-data", config) == 0
    assert f"warning: 4 of 4 validation {line}" in capsys.readouterr().out
    assert run("train", config, "--dry-run", f"data.val={other}", "data.on_error=raise") == 0
    assert f"warning: 2 of 2 validation {line}" in capsys.readouterr().out
    assert run("check-data", config, "data.val=null", "data.val_ratio=0.5") == 0
    assert "training rows too" not in capsys.readouterr().out


def test_check_data_says_a_doubt_about_several_files_once(tmp_path: Path, capsys: Any) -> None:
    row = {"query": "What?", "response": "x", "caption": "x"}
    first, second = (write_rows(tmp_path / f"{name}.jsonl", [row] * 2) for name in "ab")
    assert run("check-data", first, second) == 0
    places = f"{first}:1, {first}:2, {second}:1, ..."
    assert capsys.readouterr().out.startswith(f"warning: key caption is not read: 4 rows ({places})\n")


def test_an_existing_file_is_written_over_if_asked(tmp_path: Path) -> None:
    predictions = write_rows(tmp_path / "predictions.jsonl", [{"response": "a", "labels": "a"}])
    for name in ("scores.json", "report.html"):
        (tmp_path / name).write_text("mine")
    words = ("eval", predictions, "--output", tmp_path / "scores.json", "--report", tmp_path / "report.html")
    assert run(*words) == 2
    assert (tmp_path / "scores.json").read_text() == (tmp_path / "report.html").read_text() == "mine"
    assert run(*words, "--overwrite") == 0
    assert json.loads((tmp_path / "scores.json").read_text())["groups"][0]["rows"] == 1
    assert "<table" in (tmp_path / "report.html").read_text()


def test_renamed_keys_are_read_and_said(write_config: WriteConfig, capsys: Any) -> None:
    config = write_config(data={"frame": "swift", "max_length": 900})
    assert run("train", config, "data.crop=true", "--dry-run") == 0
    out = capsys.readouterr().out
    for old, new in (("frame", "template"), ("max_length", "max_length"), ("crop", "crop")):
        assert f"data.{old} is called sample.{new} now\n" in out
    assert "\nsample:\n  template: swift\n  system: null\n  crop: true\n" in out
    assert "\n  max_tiles: 12\n  max_length: 900\n" in out
    assert run("train", config, "sample.template=original", "--dry-run") == 0
    assert "  template: original\n" in capsys.readouterr().out
    assert run("train", write_config(data={"frame": "swift"}, sample={"template": "swift"}), "--dry-run") == 2
    assert "data.frame is called sample.template now, and both are given: keep sample" in last_line(capsys)


def test_a_fault_of_ours_keeps_its_traceback(
    write_config: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("got_train.training.train.optimizer_and_groups", fail)
    with pytest.raises(RuntimeError, match="a fault of ours"):
        main(["train", str(write_config())])


def test_what_the_system_refuses_is_a_line(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def fill_disk(options: Any) -> None:
        raise OSError(28, "No space left on device", "out.jsonl")

    monkeypatch.setattr("got_train.cli._merge", fill_disk)
    assert run("merge", "x") == 2
    assert last_line(capsys) == "got-train: error: [Errno 28] No space left on device: 'out.jsonl'"


def test_a_user_s_mistake_shows_where_it_was_found_if_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    assert run("train", "nope.yaml") == 2
    assert "Traceback" not in capsys.readouterr().err
    monkeypatch.setenv("GOT_TRAIN_TRACEBACK", "1")
    assert run("train", "nope.yaml") == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(("row", "code"), [({"query": "What?", "response": "That."}, 0), ("not json", 1)])
def test_a_rank_ends_before_python_takes_itself_apart(tmp_path: Path, row: Any, code: int) -> None:
    # Threads of a process group that outlive it sometimes abort a run that has ended well.
    write_rows(tmp_path / "rows.jsonl", [row])
    script = """if True:
        import atexit, sys
        import torch
        from got_train.cli import main

        class Last:
            def __del__(self):
                print("Python has taken itself apart", flush=True)

        last = Last()
        atexit.register(print, "exit functions have run")
        store = f"file://{sys.argv[1]}/store"
        torch.distributed.init_process_group("gloo", init_method=store, rank=0, world_size=1)
        main(["check-data", f"{sys.argv[1]}/rows.jsonl"])
    """
    result = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True)
    assert result.returncode == code
    assert "rows.jsonl" in result.stdout and result.stdout.endswith("exit functions have run\n")


def test_lora_merge_infer_eval(
    write_config: WriteConfig, rows_file: Path, tmp_path: Path, capsys: Any
) -> None:
    assert run("train", write_config("base", train={"max_steps": 20, "save_steps": 20})) == 0
    model = {"init": "pretrained", "path": str(tmp_path / "output" / "base")}
    lora = write_config(
        "lora", lora={"enabled": True}, train={"learning_rate": 1e-2, "max_steps": 8, "save_steps": 8}
    )
    given = json.loads(lora.read_text()) | {"model": model}
    lora.write_text(json.dumps(given))
    assert run("train", lora) == 0
    capsys.readouterr()

    checkpoint = next((tmp_path / "output" / "lora").glob("v0-*")) / "checkpoint-8"
    assert run("merge", checkpoint) == 0
    merged = Path(f"{checkpoint}-merged")
    assert f"merged into {merged}" in capsys.readouterr().out
    assert {path.name for path in merged.iterdir()} >= {
        "model.safetensors",
        "config.json",
        "tokenizer.json",
        "processor_config.json",
        "generation_config.json",
        "args.yaml",
        "README.md",
    }
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {oct(path.stat().st_mode & 0o777) for path in written} == {"0o644"}
    assert "- Base model: `" + model["path"] in (merged / "README.md").read_text()
    for path in (checkpoint, tmp_path / "output" / "lora"):
        words = ["model.encoder=null", "model.decoder=null", f"model.path={path}"]
        assert run("train", lora, *words, "--dry-run") == 2
        error = f"model.path {checkpoint} holds adapters, not a whole model: merge them first with `got-train"
        assert error in last_line(capsys)
    base = next((tmp_path / "output" / "base").glob("v0-*")) / "checkpoint-20"
    assert run("merge", checkpoint, "--base", base, "--output", tmp_path / "again") == 0
    assert (tmp_path / "again" / "model.safetensors").read_bytes() == (
        merged / "model.safetensors"
    ).read_bytes()
    assert run("merge", checkpoint, "--base", checkpoint, "--output", tmp_path / "other") == 2
    assert f"model.path {checkpoint} holds adapters, not a whole model" in last_line(capsys)
    saved = OmegaConf.load(checkpoint / "args.yaml").model
    assert (saved.encoder.image_size, saved.decoder.shape.hidden_size) == (32, 48)
    assert run("merge", checkpoint) == 2
    assert "exists: remove it or name another folder with --output" in last_line(capsys)
    assert run("merge", merged) == 2
    assert "has no adapters: it is a plain model already" in last_line(capsys)

    texts = []
    for number, source in enumerate((checkpoint, merged)):
        output = tmp_path / f"{number}.jsonl"
        words = ("--max-new-tokens", 8, "--batch-size", 5)
        assert run("infer", source, "--data", rows_file, "--output", output, *words) == 0
        rows = [json.loads(line) for line in output.read_text().splitlines()]
        texts.append([row["response"] for row in rows])
        assert len(rows) == 17
        assert rows[3]["labels"] == "003"
        assert rows[3]["images"] == [str(rows_file.parent / "3.png")]
        assert rows[3]["query"] == "<image>OCR: "
    assert texts[0] == texts[1]

    capsys.readouterr()
    assert run("eval", tmp_path / "1.jsonl", "--output", tmp_path / "scores.json") == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["score", "all", "(17", "rows)"]
    assert json.loads((tmp_path / "scores.json").read_text())["groups"][0]["rows"] == 17

    for words in ([], ["--format"], ["--box", "1,2,30,30"], ["--color", "red"], ["--crop"]):
        picture = rows_file.parent / "1.png"
        assert run("infer", merged, "--image", picture, "--max-new-tokens", 4, *words) == 0
    pages = [rows_file.parent / "1.png", rows_file.parent / "2.png"]
    assert run("infer", merged, "--max-new-tokens", 4, "--pages", *pages) == 0
    capsys.readouterr()
    assert run("infer", merged, "--max-new-tokens", 4, "--image", *pages) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[::2] == [f"== {page}" for page in pages]
    assert run("infer", merged, "--max-new-tokens", 4, "--image", pages[1], "--stream") == 0
    assert capsys.readouterr().out.splitlines() == [said[3]]
    output, page = tmp_path / "pages.jsonl", tmp_path / "pages.html"
    words = ("--max-new-tokens", 4, "--output", output, "--render", page)
    assert run("infer", merged, "--image", f"{rows_file.parent}/*.png", *words) == 0
    assert len(output.read_text().splitlines()) == 16
    assert page.read_text().count("<img") == 16
    assert run("infer", merged, "--image", *pages, "--stream") == 2
    assert last_line(capsys).endswith("--stream prints one answer, these are 2 images")


def test_a_merged_folder_reads_the_same_in_stock_transformers(
    write_config: WriteConfig, rows_file: Path, tmp_path: Path
) -> None:
    """The text of a picture equals what transformers' own processor and generate give."""
    from PIL import Image
    from transformers import AutoModelForImageTextToText, AutoProcessor

    from got_train import Got

    config = write_config(data={"frame": "transformers"}, train={"max_steps": 30, "save_steps": 30})
    assert run("train", config) == 0
    folder = next((tmp_path / "output" / "run").glob("v0-*")) / "checkpoint-30"
    picture = rows_file.parent / "7.png"
    ours = Got.from_pretrained(folder).chat(picture, max_new_tokens=12)

    processor = AutoProcessor.from_pretrained(folder)
    stock = AutoModelForImageTextToText.from_pretrained(folder)
    inputs = processor(Image.open(picture), num_image_tokens=4, return_tensors="pt")
    output = stock.generate(**inputs, do_sample=False, max_new_tokens=12, no_repeat_ngram_size=20)
    theirs = processor.decode(output[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    assert ours == theirs
    assert ours


def test_a_log_has_lines_and_no_bars(write_config: WriteConfig, rows_file: Path, tmp_path: Path) -> None:
    """Bars are redrawn with a carriage return: thousands of them are one line of a log."""
    config = write_config(train={"disable_tqdm": False})

    def log(*words: object) -> str:
        result = subprocess.run(
            [sys.executable, "-m", "got_train", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
        )
        assert result.returncode == 0, result.stdout
        return result.stdout

    trained = log("train", config)
    assert "\r" not in trained and "it/s" not in trained and "Warning" not in trained
    assert len([line for line in trained.splitlines() if line.startswith("{'loss': ")]) == 2
    model, answers = tmp_path / "output" / "run", tmp_path / "answers.jsonl"
    words = ("--data", rows_file, "--output", answers, "--max-new-tokens", 2)
    assert log("infer", model, *words) == f"17 rows written to {answers}\n"


LOOKS_FIRST = """
import sys
from got_train.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    loaded = {"torch", "transformers"} & {*sys.modules}
    sys.exit(f"loaded: {loaded}" if loaded else end.code)
"""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("train none.yaml", "config file none.yaml does not exist"),
        ("train {config} data.train=[none.jsonl]", "data file none.jsonl does not exist"),
        ("train {config} data.val=[none.jsonl]", "data file none.jsonl does not exist"),
        ("train {config} data.image_root=none", "data.image_root none is not a folder"),
        ("train configs/finetune_lora.yaml data.train={rows} model.path=./none", "checkpoint ./none does"),
        ("train {config} data.trian=x train.warmpu_steps=1", "train.warmpu_steps is not a TrainingArg"),
        ("train {config} train.max_steps=many", "train.max_steps='many' has the wrong type: expected int"),
        ("train {config} train.report_to=wandb2", "train.report_to wandb2: did you mean wandb?"),
        ("train {config} train.deepspeed=none.json", "train.deepspeed: none.json does not exist"),
        ("train {config} resume=none", "resume: none does not exist"),
        ("check-data {config} data.train=[none.jsonl]", "data file none.jsonl does not exist"),
        ("check-data none.jsonl", "data file none.jsonl does not exist"),
        ("infer ./none --image {picture}", "checkpoint ./none does not exist"),
        ("infer ./none --image none.png", "no image at none.png"),
        ("infer ./none --data none.jsonl --output x", "data file none.jsonl does not exist"),
        ("infer ./none --image {picture} --output {config}", "run.yaml exists: choose another output"),
        ("merge ./none", "checkpoint ./none does not exist"),
        ("convert ./none x --to original", "checkpoint ./none does not exist"),
        ("eval none.jsonl", "predictions file none.jsonl does not exist"),
        ("quickstart --output {config}", "run.yaml exists: remove it or name another folder with --output"),
        ("swift export --adapters ./none --merge_lora true", "checkpoint ./none does not exist"),
        ("swift infer --adapters ./none --load_data_args true", "checkpoint ./none does not exist"),
    ],
)
def test_what_is_given_is_looked_at_before_torch_is_loaded(
    words: str, message: str, write_config: WriteConfig, tmp_path: Path
) -> None:
    draw(tmp_path / "picture.png", "x")
    places = {"picture": tmp_path / "picture.png", "rows": tmp_path / "rows.jsonl"}
    given = words.format(config=write_config(), **places).split()
    command = [sys.executable, "-c", LOOKS_FIRST, *given]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 2, result.stderr
    assert message in result.stderr


WITHOUT_UNIX = """
import builtins, importlib, sys
found = builtins.__import__

def without_unix(name, scope=None, *rest, **named):
    ours = ((scope or {}).get("__name__") or "").startswith(("got_train", "data_engines"))
    if ours and name in ("resource", "fcntl", "pwd", "grp", "termios"):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return found(name, scope, *rest, **named)

builtins.__import__ = without_unix
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


def test_every_module_imports_where_unix_s_own_modules_are_missing() -> None:
    names = [name for name in MODULES if name.startswith(("got_train", "data_engines"))]
    apart = ("got_train.__main__", "data_engines.__main__", "got_train.serving.vllm_")  # vLLM imports these
    names = [name for name in names if not name.startswith(apart)]
    command = [sys.executable, "-c", WITHOUT_UNIX, *names]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 0, result.stderr


def test_the_module_runs_and_a_mistake_needs_no_torch() -> None:
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "got_train", "train"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=dict(os.environ),
    )
    assert result.returncode == 2
    assert "the following arguments are required: config" in result.stderr
    assert " torch\n" not in result.stderr


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="the system limits no sizes of files")
def test_a_limit_of_files_names_the_file(tmp_path: Path, write_config: WriteConfig, rows_file: Path) -> None:
    assert run("train", write_config("base")) == 0
    output = tmp_path / "answers.jsonl"
    words = ["infer", str(tmp_path / "output" / "base"), "--data", str(rows_file), "--output", str(output)]
    limited = "import resource, sys; from got_train.cli import main; "
    limited += "resource.setrlimit(resource.RLIMIT_FSIZE, (400, 400)); main(sys.argv[1:])"
    ended = subprocess.run([sys.executable, "-c", limited, *words], capture_output=True, text=True)
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1] == f"got-train: error: {output} cannot be written: File too large"
