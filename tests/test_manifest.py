"""Damage of a checkpoint is noticed."""

import json
from pathlib import Path

import pytest

from got_train.manifest import MANIFEST_FILE, damage, write_manifest, wrong_size


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "global_step2").mkdir()
    for name in ("model.safetensors", "optimizer.pt", "global_step2/rank_0.pt"):
        (tmp_path / name).write_bytes(name.encode() * 100)
    write_manifest(tmp_path, devices=1)
    return tmp_path


def test_a_whole_checkpoint_has_no_damage(folder: Path) -> None:
    assert damage(folder) is None


def test_a_checkpoint_without_manifest_cannot_be_compared(folder: Path) -> None:
    (folder / MANIFEST_FILE).unlink()
    assert damage(folder) is None


@pytest.mark.parametrize("name", ["model.safetensors", "global_step2/rank_0.pt"])
def test_every_damage_of_a_file_is_told(folder: Path, name: str) -> None:
    file = folder / name
    content = file.read_bytes()
    flipped = bytes([content[0] ^ 1]) + content[1:]
    damages = {
        b"": f"{name} has 0 bytes and had {len(content):,}",
        content[: len(content) // 2]: f"{name} has {len(content) // 2:,} bytes and had {len(content):,}",
        bytes(len(content)): f"{name} is not what was saved",
        flipped: f"{name} is not what was saved",
    }
    for damaged, told in damages.items():
        file.write_bytes(damaged)
        assert damage(folder) == told
    file.unlink()
    assert damage(folder) == f"{name} is missing"


def test_only_files_that_are_about_to_be_used_are_looked_at(folder: Path) -> None:
    (folder / "optimizer.pt").unlink()
    assert wrong_size(folder, "*.safetensors") is None


@pytest.mark.parametrize(
    "content",
    [
        *(
            "",
            "[]",
            "{}",
            '{"files": 1}',
            '{"files": {"a": 1}}',
            '{"files": {"a": {}}}',
            '{"files":' * 20_000,
        ),
        *(json.dumps({"files": {name: {"bytes": 1, "xxh3_128": "0"}}}) for name in ("../a", "/a", "a\0")),
    ],
)
def test_a_damaged_manifest_is_damage(folder: Path, content: str) -> None:
    (folder / MANIFEST_FILE).write_text(content)
    assert damage(folder) == f"{MANIFEST_FILE} is damaged"
