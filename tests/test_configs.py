"""Every YAML under configs/, found recursively, dry-runs with the overrides that must work on all of them."""

from pathlib import Path
from typing import Any

import pytest

from got_train.cli import main
from tests.conftest import small_model_words

CONFIGS = [
    path
    for path in sorted((Path(__file__).parent.parent / "configs").glob("**/*.yaml"))
    if path.parent.name != "engines"  # mixes of data, tested with the engines
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: "-".join(path.parts[-2:]))
def test_dry_run(config: Path, rows_file: Path, tokenizer_dir: str, tmp_path: Path, capsys: Any) -> None:
    words = [
        "model.init=random",
        f"data.train=[{rows_file},{rows_file}#5]",
        f"data.val={rows_file}",
        "data.replay=null",
        "train.max_steps=2",
        f"output_dir={tmp_path}/out",
    ]
    decoder = "opt" if "stage1" in config.name else "qwen2"
    with pytest.raises(SystemExit) as caught:
        main(["train", str(config), *words, *small_model_words(tokenizer_dir, decoder), "--dry-run"])
    assert caught.value.code == 0
    out = capsys.readouterr().out
    assert "encoder" in out and "2 optimizer steps of" in out
    # nano's new script needs adapters in the encoder, too
    frozen = "stage3" in config.name or ("lora" in config.name and config.parent.name != "nano")
    row = next(
        line.split() for line in out.splitlines() if line.startswith("encoder   ") and "random" not in line
    )
    assert (row[2] == "0") == frozen
    assert not (tmp_path / "out").exists()
