"""A small checkpoint, and command lines turned into configs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DECODERS, ENCODER


@pytest.fixture(scope="session")
def model_dir(tokenizer_dir: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Folder of a small GOT with random weights, named as the released one."""
    from got_train.config import Config, DecoderConfig, EncoderConfig, ModelConfig
    from got_train.model.loading import build_model
    from got_train.model.merge import save_model_folder

    decoder = DecoderConfig(shape=dict(DECODERS["qwen2"]), tokenizer=tokenizer_dir)
    model = ModelConfig(init="random", encoder=EncoderConfig(**ENCODER), decoder=decoder)
    config = Config(name="small", model=model)
    built, tokenizer, _ = build_model(model, max_length=128, seed=0)
    folder = tmp_path_factory.mktemp("models") / "GOT-OCR2_0"
    save_model_folder(built, tokenizer, config, folder)
    (folder / "args.yaml").unlink()  # a released checkpoint has none
    return str(folder)


@pytest.fixture
def keys_of() -> Callable[..., dict[str, Any]]:
    """The sections that words of `swift sft` stand for, by dotted names."""
    from got_train.swift.command_line import read_command_line, remarks
    from got_train.swift.sft import sections
    from got_train.swift.sft_options import sft_options

    def keys(*words: str, world_size: int = 1) -> dict[str, Any]:
        line = read_command_line("sft", words, sft_options())
        remarks(line)
        return flat(sections(line, world_size))

    return keys


def flat(section: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in section.items():
        found |= flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return found


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()
