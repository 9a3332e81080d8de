"""How the error rate of nano's first stage falls with pictures and with parameters.

    got-train nano --output output/nano            # its data are used; it need not have ended
    python scripts/nano_sizes.py output/nano

Trains stage 1 in three sizes on the same rows, at a rate that does not fall, reads held-out rows as it goes,
and fits `CER = c * pictures ^ -a * parameters ^ -b`. The same command goes on after an interruption. Writes
`sizes.md` and `sizes.svg` into the folder.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import numpy as np
from matplotlib import pyplot as plt
from safetensors.torch import load_file

from got_train.config_file import load_config
from got_train.files import write_text
from got_train.nano import STAGE_CONFIGS
from got_train.recipe import precision_words
from got_train.run_folders import LOG_FILE
from got_train.training.callbacks import read_log
from got_train.training.train import train

HEADS = {"half": 3, "nano": 5, "double": 8}
"""Heads of the encoder, of 32 channels each, by the name of the size."""
STEPS = 6000
EVERY = 1000
LEARNT = 0.85
"""Above it a decoder has not found its way to the picture, and the curve has not begun."""


@dataclass(frozen=True)
class Size:
    """A model, and how well it read after so many pictures."""

    name: str
    parameters: int
    points: list[tuple[int, float]]
    """Pictures and CER."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="of a nano that has drawn its data")
    folder: Path = parser.parse_args().folder
    sizes = [_trained(name, heads, folder) for name, heads in HEADS.items()]
    power = _fit(sizes)
    write_text(folder / "sizes.md", _table(sizes, power))
    _draw(sizes, power, folder / "sizes.svg")
    print((folder / "sizes.md").read_text())


def _trained(name: str, heads: int, folder: Path) -> Size:
    width = 32 * heads
    words = [
        f"name=size_{name}",
        f"output_dir={folder}",
        "resume=auto",
        *precision_words(),
        f"data.train={folder}/data/text/data.jsonl#{8 * STEPS}",
        f"data.val={folder}/data/new_words_held_out/data.jsonl",
        f"model.decoder.tokenizer={folder}/tokenizer",
        f"model.encoder.hidden_size={width}",
        f"model.encoder.mlp_dim={4 * width}",
        f"model.encoder.num_attention_heads={heads}",
        f"model.encoder.neck_channels={width}",
        f"train.max_steps={STEPS}",
        f"train.eval_steps={EVERY}",
        "train.lr_scheduler_type=constant_with_warmup",
        "train.lr_scheduler_kwargs=null",
    ]
    run = train(load_config(STAGE_CONFIGS / "stage1.yaml", words))
    assert run is not None
    log = read_log(run / LOG_FILE)
    points = [(8 * row["step"], row["eval_cer"]) for row in log if "eval_cer" in row]
    [checkpoint] = run.glob("checkpoint-*/model.safetensors")
    return Size(name, _parameters(checkpoint), points)


def _parameters(weights: Path) -> int:
    return sum(tensor.numel() for tensor in load_file(weights).values())


def _fit(sizes: list[Size]) -> np.ndarray:
    """Logarithm of the factor, and the powers of pictures and parameters, by least squares of logarithms."""
    rows = [(np.log(n), np.log(size.parameters), np.log(cer)) for size, n, cer in _learnt(sizes)]
    given: np.ndarray = np.array(rows)
    design = np.column_stack([np.ones(len(rows)), given[:, :2]])
    return np.linalg.lstsq(design, given[:, 2], rcond=None)[0]


def _learnt(sizes: list[Size]) -> list[tuple[Size, int, float]]:
    return [(size, n, cer) for size in sizes for n, cer in size.points if cer < LEARNT]


def _foretold(power: np.ndarray, pictures: np.ndarray | int, parameters: int) -> np.ndarray:
    return np.exp(power[0]) * pictures ** power[1] * parameters ** power[2]


def _table(sizes: list[Size], power: np.ndarray) -> str:
    pictures = [n for n, _ in sizes[0].points]
    lines = ["| size | parameters | " + " | ".join(f"{n:,}" for n in pictures) + " |"]
    lines.append("|---" * (2 + len(pictures)) + "|")
    for size in sizes:
        rates = " | ".join(f"{cer:.3f}" for _, cer in size.points)
        lines.append(f"| {size.name} | {size.parameters:,} | {rates} |")
    off = [np.log(cer / _foretold(power, n, size.parameters)) for size, n, cer in _learnt(sizes)]
    lines += [
        "",
        f"CER = {np.exp(power[0]):.4g} * pictures ^ {power[1]:.2f} * parameters ^ {power[2]:.2f}; "
        f"standard deviation of the {len(off)} points from it: a factor of {np.exp(np.std(off)):.2f}",
    ]
    return "\n".join(lines) + "\n"


def _draw(sizes: list[Size], power: np.ndarray, file: Path) -> None:
    figure, axes = plt.subplots(figsize=(6, 4))
    for number, size in enumerate(sizes):
        pictures, rates = zip(*size.points, strict=True)
        axes.loglog(pictures, rates, "o", color=f"C{number}", label=f"{size.parameters / 1e6:.1f} million")
        ahead = np.geomspace(pictures[0], 4 * pictures[-1])
        axes.loglog(ahead, _foretold(power, ahead, size.parameters), "--", color=f"C{number}")
    axes.set_xlabel("pictures")
    axes.set_ylabel("CER of unseen words")
    axes.legend(title="parameters")
    figure.tight_layout()
    figure.savefig(file)


if __name__ == "__main__":
    main()
