"""What loads bitsandbytes, in processes of their own: other tests may have loaded it in this one."""

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("bitsandbytes") is None, reason="the extra quantization is not installed"),
]

RUN = """
import sys
from got_train.cli import main
try:
    main(sys.argv[1:])
finally:
    print("loaded" if sys.modules.get("bitsandbytes") else "not loaded")
"""


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", RUN, *map(str, words)]
    result = subprocess.run(command, capture_output=True, text=True, env=os.environ)
    assert result.returncode == 0, result.stderr[-3000:]
    return result


IN_PYTHON = """
import sys
from got_train import Got
assert Got.__name__ == "Got" and "bitsandbytes" not in sys.modules
import bitsandbytes
"""


def test_a_model_in_python_does_not_load_it_and_leaves_it_to_others() -> None:
    result = subprocess.run([sys.executable, "-c", IN_PYTHON], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    "lora, train, loaded",
    [
        ({}, {}, False),
        ({"enabled": True, "rank": 4}, {}, False),
        ({"enabled": True, "rank": 4, "quantization_bits": 4}, {}, True),
        ({}, {"optim": "adamw_bnb_8bit"}, True),
    ],
    ids=["all weights", "lora", "4 bits", "optimizer"],
)
def test_only_what_needs_it_loads_it(
    lora: dict[str, object], train: dict[str, object], loaded: bool, write_config: Callable[..., Path]
) -> None:
    result = run("train", write_config(lora=lora, train=train))
    assert result.stdout.splitlines()[-1] == ("loaded" if loaded else "not loaded")
    if not loaded:
        assert "gemm_4bit" not in result.stderr + result.stdout  # on CPUs with bf16 instructions
