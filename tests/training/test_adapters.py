"""Adapters that are trained on in a new run."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file

from got_train.model.checkpoints import load_checkpoint
from got_train.model.merge import probe_logits
from tests.training.runs import WriteConfig, run, run_folder

LORA = {"enabled": True, "rank": 2, "modules": ["decoder"]}


@pytest.fixture
def base(write_config: WriteConfig, tmp_path: Path) -> Path:
    """A whole model."""
    assert run("train", write_config("base", train={"max_steps": 1, "save_steps": 1})) == 0
    return run_folder(tmp_path, "base") / "checkpoint-1"


@pytest.fixture
def tuned(base: Path, write_config: WriteConfig, tmp_path: Path) -> Path:
    """Adapters of two steps above it."""
    config = write_config("tuned", model={"path": str(base)}, lora=LORA, eval={"compare_rows": 0})
    assert run("train", config) == 0
    return run_folder(tmp_path, "tuned") / "checkpoint-2"


@pytest.fixture
def config(write_config: WriteConfig) -> Path:
    """Of a run that says nothing of its model and adapters."""
    path = write_config("on", eval={"compare_rows": 0})
    given = json.loads(path.read_text())
    path.write_text(json.dumps({key: given[key] for key in given if key not in ("model", "lora")}))
    return path


def adapters(checkpoint: Path) -> dict[str, torch.Tensor]:
    return load_file(checkpoint / "adapter_model.safetensors")


def same(one: Path, other: Path) -> set[bool]:
    """Whether the adapters of two checkpoints are equal, each tensor."""
    before, after = adapters(one), adapters(other)
    assert before.keys() == after.keys()
    return {torch.equal(before[name], after[name]) for name in before}


def test_adapters_are_trained_on(base: Path, tuned: Path, config: Path, tmp_path: Path) -> None:
    words = [f"lora.adapters={tuned.parent}", "sample.max_length=400", "eval.compare_rows=2"]
    assert run("train", config, *words, "train.learning_rate=0") == 0
    still = run_folder(tmp_path, "on") / "checkpoint-2"
    assert same(tuned, still) == {True}
    for checkpoint in (tuned, still):  # of another name peft asks the hub at each save
        assert json.loads((checkpoint / "adapter_config.json").read_text())["base_model_name_or_path"] is None
    comparison = json.loads((still.parent / "comparison.json").read_text())
    assert comparison["validation"]["before"] == comparison["validation"]["after"]

    words = [*words, "train.learning_rate=0.01"]
    assert run("train", config, *words) == 0
    on = run_folder(tmp_path, "on", 1) / "checkpoint-2"
    assert same(tuned, on) == {False}
    again = json.loads((on.parent / "comparison.json").read_text())
    assert again["validation"]["before"] == comparison["validation"]["before"]
    saved = yaml.safe_load((on / "args.yaml").read_text())
    assert saved["model"]["path"] == str(base)
    assert saved["lora"] | {"adapters": str(tuned), "rank": 2, "modules": ["decoder"]} == saved["lora"]
    more = ["resume=auto", "train.max_steps=3", "train.save_steps=3"]
    assert run("train", config, *words, *more) == 0
    assert (on.parent / "checkpoint-3").is_dir()

    for file in tuned.iterdir():
        file.unlink()  # merging needs the base and the last adapters only
    unmerged = probe_logits(load_checkpoint(str(on))[0].eval())
    assert run("merge", on) == 0
    merged = probe_logits(load_checkpoint(f"{on}-merged")[0].eval())
    assert float((merged - unmerged).abs().max() / unmerged.abs().max()) < 1e-5
    card = Path(f"{on}-merged", "README.md").read_text()
    assert f"- Base model: `{base}`, with the adapters `{tuned}`, which were trained on" in card


def test_adapters_know_the_weights_below_them(
    base: Path, tuned: Path, write_config: WriteConfig, config: Path, tmp_path: Path, capsys: Any
) -> None:
    """Another base of the same shape would answer rubbish, and a base may be written over in its place."""
    assert run("train", write_config("other", train={"max_steps": 1, "save_steps": 1, "seed": 1})) == 0
    other = run_folder(tmp_path, "other") / "checkpoint-1"
    moved = tmp_path / "moved"
    shutil.copytree(base, moved)
    end = (
        "it is another model, or was written over since. Put the base back, or name where it is (--base, "
        "model.path)\n"
    )
    line = f"got-train: error: the adapters of {tuned} were trained on other weights than those of "
    capsys.readouterr()
    assert run("merge", tuned, "--base", other) == 2
    assert capsys.readouterr().err.endswith(f"{line}{other}: {end}")
    assert run("merge", tuned, "--base", moved, "--output", tmp_path / "merged") == 0
    shutil.copyfile(other / "model.safetensors", base / "model.safetensors")
    shutil.copyfile(other / "manifest.json", base / "manifest.json")
    for words in (["merge", tuned], ["train", config, f"lora.adapters={tuned}"]):
        assert run(*words) == 2
        assert capsys.readouterr().err.endswith(f"{line}{base}: {end}")
    assert run("train", tmp_path / "tuned.yaml", "resume=auto", "train.max_steps=3") == 2
    assert capsys.readouterr().err.endswith(f"{line}{base}: {end}")
    (tuned / "base_model.json").unlink()  # as of earlier versions
    assert run("merge", tuned) == 0
    card = (tuned / "README.md").read_text()
    assert f"- Base model: `{base}`\n- Training data: `{tmp_path / 'rows.jsonl'}`\n" in card


def refusal(capsys: Any, *words: object) -> str:
    assert run("train", *words, "--dry-run") == 2
    return str(capsys.readouterr().err.splitlines()[-1])


def test_what_does_not_fit_the_adapters_is_refused(
    base: Path, tuned: Path, config: Path, tmp_path: Path, capsys: Any
) -> None:
    word = f"lora.adapters={tuned}"
    for key, given, now, was in (
        ("rank", "8", "8", "2"),
        ("alpha", "64", "64", "32"),
        ("use_dora", "true", "True", "False"),
        ("modules", "decoder,connector", "['decoder', 'connector']", "['decoder']"),
    ):
        assert refusal(capsys, config, word, f"lora.{key}={given}") == (
            f"got-train: error: lora.{key}={given}: lora.{key} is {now}, but the adapters of lora.adapters "
            f"{tuned} have {was}: leave it out, or merge them with `got-train merge {tuned}` and train new "
            "ones"
        )
    assert refusal(capsys, config, word, "lora.enabled=false") == (
        f"got-train: error: lora.enabled=false: lora.adapters {tuned} go on training only with "
        f"lora.enabled=true; to train all weights merge them first with `got-train merge {tuned}`"
    )
    (tmp_path / "copy").mkdir()
    for file in base.iterdir():
        (tmp_path / "copy" / file.name).symlink_to(file)
    assert refusal(capsys, config, word, f"model.path={tmp_path / 'copy'}").endswith(
        f"but lora.adapters {tuned} were trained on a model with {base}: leave it out"
    )
    assert refusal(capsys, config, "lora.adapters=./none") == (
        "got-train: error: lora.adapters=./none: lora.adapters: checkpoint ./none does not exist"
    )
    assert refusal(capsys, config, "lora.adapters=organisation/adapters").endswith(
        "lora.adapters organisation/adapters is no folder: fetch it with `hf download`, and name the folder"
    )
    assert refusal(capsys, config, f"lora.adapters={base}").endswith(
        f"lora.adapters {base} holds no adapters: a whole model is named in model.path"
    )
    assert refusal(capsys, config, f"model.path={tuned}", "lora.enabled=true").endswith(
        f"model.path {tuned} holds adapters, not a whole model: merge them first with `got-train merge "
        f"{tuned}`, and name the folder that it writes; or train them on: lora.adapters={tuned} in place of "
        "it"
    )


def test_the_base_of_adapters_may_have_been_moved(
    base: Path, tuned: Path, config: Path, tmp_path: Path, capsys: Any
) -> None:
    moved = base.rename(tmp_path / "moved")
    assert refusal(capsys, config, f"lora.adapters={tuned}").endswith(
        f"lora.adapters {tuned} were trained on {base}, which is gone: name it in model.path"
    )
    assert run("train", config, f"lora.adapters={tuned}", f"model.path={moved}", "--dry-run") == 0
    said = f"lora.adapters {tuned} were trained on {base}: {moved} is taken for the same model"
    assert said in capsys.readouterr().out.splitlines()


def test_adapters_above_random_weights_bring_their_seed(
    write_config: WriteConfig, config: Path, tmp_path: Path, capsys: Any
) -> None:
    assert run("train", write_config(lora=LORA), "train.seed=7") == 0
    words = [config, f"lora.adapters={run_folder(tmp_path) / 'checkpoint-2'}"]
    capsys.readouterr()
    assert run("train", *words, "--dry-run") == 0
    assert "seed: 7" in capsys.readouterr().out
    assert "train.seed is 1, but lora.adapters" in refusal(capsys, *words, "train.seed=1")


def test_adapters_of_other_programs_are_trained_on(
    base: Path, tuned: Path, config: Path, tmp_path: Path, capsys: Any
) -> None:
    (tuned / "args.yaml").unlink()
    file = tuned / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"base_model_name_or_path": None}))
    words = [config, f"lora.adapters={tuned}"]
    assert refusal(capsys, *words).endswith("do not name their base model: name it in model.path")
    words = [*words, f"model.path={base}"]
    assert refusal(capsys, *words).endswith(
        f"lora.modules ['decoder', 'connector'], but the adapters of lora.adapters {tuned} are those of "
        "decoder: set lora.modules=[decoder]"
    )
    assert run("train", *words, "lora.modules=[decoder]", "train.learning_rate=0") == 0
    assert same(tuned, run_folder(tmp_path, "on") / "checkpoint-2") == {True}


def test_adapters_go_on_with_more_rows_by_the_words_of_the_refusal(
    write_config: WriteConfig, rows_file: Path, tmp_path: Path, capsys: Any
) -> None:
    config = write_config(lora=LORA, data={"val": None, "val_ratio": 0.2})
    assert run("train", config) == 0
    rows_file.write_text(rows_file.read_text() + '{"query": "q", "response": "new"}\n')
    capsys.readouterr()
    assert run("train", config, "resume=auto", "train.max_steps=3") == 2
    folder = run_folder(tmp_path)
    words = f"resume=null lora.adapters={folder / 'checkpoint-2'} data.val_run={folder}"
    assert capsys.readouterr().err.rstrip().endswith(f"keeps its validation rows apart: {words}")
    assert run("train", config, "resume=auto", "train.max_steps=3", *words.split()) == 0
