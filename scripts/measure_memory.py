"""The memory of training steps on a CPU beside the formula of `got-train plan`, for models of three sizes.

    python scripts/measure_memory.py [small middle large] [--bf16] [--checkpointing] [--lora]

Each figure is of a process of its own. `tensors` counts the bytes of all live tensors at each operation
(torch's MemTracker: exact, without what an operation allocates inside). `process` is the peak of resident
memory over what the process had before the model.
"""

import argparse
import json
import resource
import subprocess
import sys
from contextlib import nullcontext
from typing import Any

import torch
from torch.distributed._tools.mem_tracker import MemTracker

from got_train.config import Config, DecoderConfig, EncoderConfig, LoraSettings, ModelConfig
from got_train.model.adapters import prepare_for_training
from got_train.model.got import GotModel, got_config
from got_train.model.memory import Batch, Setting, worst
from got_train.model.shapes import decoder_config
from got_train.model.size import model_size

SIZES: dict[str, dict[str, Any]] = {
    "small": {"layers": 2, "width": 128, "tile": 512, "vocabulary": 4_000, "text": 300},
    "middle": {"layers": 4, "width": 256, "tile": 512, "vocabulary": 16_000, "text": 1_000},
    "large": {"layers": 2, "width": 768, "tile": 1024, "vocabulary": 50_000, "text": 600},
}
"""`width` is of the encoder and of the decoder; the encoder's last layer is global."""


class Tracker(MemTracker):
    """Tracks tensors alone: its statistics of modules know no frozen weights and no module called twice."""

    def _nothing(self, *given: Any) -> None:
        pass

    _pre_fw_hook = _post_fw_hook = _pre_bw_hook = _post_bw_hook = _nothing

    @property
    def peak(self) -> float:
        """The most bytes so far."""
        return float(sum(kinds["Total"] for kinds in self.get_tracker_snapshot("peak").values()))


class Tokenizer:
    """What `got_config` asks of one."""

    def __init__(self, size: int) -> None:
        self.image = size - 1

    def convert_tokens_to_ids(self, token: str) -> int:
        """The id of the image token."""
        return self.image


def model_of(size: dict[str, Any], config: Config) -> Any:
    """A model without weights."""
    width, layers = size["width"], size["layers"]
    config.model = ModelConfig(
        init="random",
        encoder=EncoderConfig(
            image_size=size["tile"],
            hidden_size=width,
            num_hidden_layers=layers,
            num_attention_heads=width // 64,
            mlp_dim=4 * width,
            global_attn_indexes=[layers - 1],
            output_channels=width,
        ),
        decoder=DecoderConfig(
            model_type="qwen2",
            shape={
                "hidden_size": width,
                "intermediate_size": 3 * width,
                "num_hidden_layers": layers,
                "num_attention_heads": width // 64,
                "num_key_value_heads": width // 64,
            },
        ),
    )
    text = decoder_config(config.model, None, size["vocabulary"], 8192)
    shape = got_config(config.model.encoder, text, Tokenizer(size["vocabulary"]))  # type: ignore[arg-type]
    return GotModel(shape)


def settings(words: argparse.Namespace) -> tuple[Config, Setting]:
    """What the options stand for."""
    config = Config(name="memory", lora=LoraSettings(enabled=words.lora))
    setting = Setting(compute=2 if words.bf16 else 4, gpu=False, checkpointing=words.checkpointing)
    return config, setting


def measure(words: argparse.Namespace) -> dict[str, float]:
    """Two steps in this process: bytes by formula, and of tensors or of the process."""
    config, setting = settings(words)
    size = SIZES[words.sizes[0]]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    model = prepare_for_training(model_of(size, config), config.train.learning_rates, config.lora).train()
    if setting.checkpointing:
        model.gradient_checkpointing_enable()
    tokens = (size["tile"] // 64) ** 2
    ids = torch.full((1, tokens + size["text"]), 5)
    ids[0, :tokens] = size["vocabulary"] - 1
    labels = ids.clone()
    labels[0, :tokens] = -100
    given = {
        "input_ids": ids,
        "labels": labels,
        "tiles": torch.zeros(1, size["tile"], size["tile"], 3, dtype=torch.uint8),
    }
    batch = Batch(1, ids.shape[1], 1, size["text"])
    formula = sum(worst(model_size(model, config), batch, setting)[1].values())
    trained = [weights for weights in model.parameters() if weights.requires_grad]
    optimizer = torch.optim.AdamW(trained, fused=True)
    tracker = Tracker()
    for number in range(2):
        tracked = number == 1 and words.child == "tensors"
        if tracked:
            tracker.track_external(model, optimizer)  # which has its states now
        with tracker if tracked else nullcontext():
            with torch.autocast("cpu", torch.bfloat16, enabled=words.bf16):
                loss = model(**given).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
    if words.child == "tensors":
        found = tracker.peak
    else:
        found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    return {"formula": formula, "measured": found}


def options(given: list[str] | None = None) -> argparse.Namespace:
    """The words of the command line."""
    parser = argparse.ArgumentParser(description="Memory of training steps on a CPU beside the formula.")
    parser.add_argument("sizes", nargs="*", default=list(SIZES), metavar="SIZE", help=", ".join(SIZES))
    for name in ("bf16", "checkpointing", "lora"):
        parser.add_argument(f"--{name}", action="store_true")
    parser.add_argument("--child", choices=("tensors", "process"), help=argparse.SUPPRESS)
    return parser.parse_args(given)


def main() -> None:
    """Prints a table, or measures as a child."""
    words = options()
    if words.child:
        print(json.dumps(measure(words)))
        return
    print("| size | formula, MB | tensors | formula / tensors | process | formula / process |")
    print("|---|---|---|---|---|---|")
    given = [word for word in sys.argv[1:] if word.startswith("--")]
    for name in words.sizes:
        found = {}
        for child in ("tensors", "process"):
            command = [sys.executable, __file__, name, *given, "--child", child]
            output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            found[child] = json.loads(output.splitlines()[-1])
        formula = found["tensors"]["formula"]
        cells = [f"{formula / 1e6:,.0f}"]
        for child in found.values():
            cells += [f"{child['measured'] / 1e6:,.0f}", f"{formula / child['measured']:.2f}"]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
