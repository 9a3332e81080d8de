import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from got_train.model.weights import local_folder, read_tensors
from got_train.report import UserError


def same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    return set(left) == set(right) and all(
        left[name].dtype == tensor.dtype and torch.equal(left[name], tensor) for name, tensor in right.items()
    )


TENSORS = {"a.weight": torch.arange(6.0).view(2, 3), "b": torch.ones(2, dtype=torch.bfloat16)}


@pytest.mark.parametrize("suffix", ["safetensors", "bin"])
def test_whole_and_sharded_folders(suffix: str, tmp_path: Path) -> None:
    name = "model" if suffix == "safetensors" else "pytorch_model"
    save = save_file if suffix == "safetensors" else torch.save
    whole, sharded = tmp_path / "whole", tmp_path / "sharded"
    whole.mkdir()
    sharded.mkdir()
    save(TENSORS, whole / f"{name}.{suffix}")
    places = {}
    for number, (key, tensor) in enumerate(TENSORS.items()):
        places[key] = f"{name}-{number}.{suffix}"
        save({key: tensor}, sharded / places[key])
    index = sharded / f"{name}.{suffix}.index.json"
    index.write_text(json.dumps({"weight_map": places}))
    assert same(read_tensors(str(whole)), TENSORS)
    assert same(read_tensors(str(sharded)), TENSORS)
    index.write_text(json.dumps({"weight_map": {**places, "c": places["b"]}}))
    with pytest.raises(UserError, match="no shard has 1 tensor that it names: c"):
        read_tensors(str(sharded))
    (sharded / places["b"]).unlink()
    with pytest.raises(UserError, match=f"names {name}-1.{suffix}, which does not exist"):
        read_tensors(str(sharded))


@pytest.mark.parametrize("wrapper", [None, "model", "state_dict", "module"])
def test_torch_files_with_and_without_a_wrapper(wrapper: str | None, tmp_path: Path) -> None:
    saved = TENSORS if wrapper is None else {wrapper: TENSORS, "epoch": 3, "optimizer": {"state": {}}}
    torch.save(saved, tmp_path / "x.pth")
    assert same(read_tensors(str(tmp_path / "x.pth")), TENSORS)


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(Path(os.environ["EVIL"]) / "ran"),)


def test_code_in_a_torch_file_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVIL", str(tmp_path))
    torch.save({"model": TENSORS, "config": Evil()}, tmp_path / "x.pth")
    with pytest.raises(UserError, match="x.pth holds more than weights, and reading that could run code"):
        read_tensors(str(tmp_path / "x.pth"))
    assert not (tmp_path / "ran").exists()


def test_sources_that_are_none(tmp_path: Path) -> None:
    for name in ("x.pth", "x.safetensors"):
        with pytest.raises(UserError, match=f"weights .*{name} do not exist"):
            read_tensors(str(tmp_path / name))
        (tmp_path / name).write_bytes(b"not weights at all")
        with pytest.raises(UserError, match=f"{name} (cannot be read|holds more)"):
            read_tensors(str(tmp_path / name))
    with pytest.raises(
        UserError, match="holds no weights: none of model.safetensors, model.safetensors.index"
    ):
        read_tensors(str(tmp_path))
    with pytest.raises(UserError, match="no model at organisation/unknown: "):
        local_folder("organisation/unknown")
