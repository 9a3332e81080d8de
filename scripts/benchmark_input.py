"""How many pictures a second one core prepares for training: opened, decoded, cut or resized, text encoded.

    python scripts/benchmark_input.py [--seconds 3]

The same pictures also with a JPEG decoded whole, and through loader processes with their batches.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from unittest import mock

import benchmark_data
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from torch.utils.data import DataLoader

from got_train.config import SampleConfig
from got_train.data.batching import collate
from got_train.data.record import ReadOptions
from got_train.data.records import parse_row
from got_train.data.samples import SampleEncoder, SampleSet
from got_train.data.sources import select_rows
from got_train.model.tokenizer import load_tokenizer
from got_train.vocabulary import IMAGE_PAD, TileShape

PICTURES = {
    "formula, PNG 640 x 120": ("png", 640, 120, False),
    "page at 100 dpi, PNG 827 x 1170": ("png", 827, 1170, False),
    "page at 150 dpi, PNG 1240 x 1754": ("png", 1240, 1754, False),
    "scan at 300 dpi, JPEG 2480 x 3508": ("jpg", 2480, 3508, False),
    "photograph, JPEG 4000 x 3000": ("jpg", 4000, 3000, False),
    "page in 7 tiles, PNG 1240 x 1754": ("png", 1240, 1754, True),
}
"""Kind of file, width, height, and whether it is cut into tiles."""


def draw(path: Path, width: int, height: int) -> None:
    """A page of text on paper that is not quite white."""
    rng = np.random.default_rng(0)
    paper = rng.normal(244, 2, (height // 4 + 1, width // 4 + 1, 3)).clip(0, 255).astype(np.uint8)
    image = Image.fromarray(paper).resize((width, height), Image.Resampling.BICUBIC)
    size = max(12, height // 70)
    lines = [
        "".join(rng.choice(list("etaoin shrdlu"), width * 2 // size)) for _ in range(height // size // 2)
    ]
    font = ImageFont.load_default(size=size)
    ImageDraw.Draw(image).multiline_text((size, size), "\n".join(lines), fill="black", font=font)
    image.save(path, quality=90)


def rate(work: Callable[[], object], seconds: float) -> float:
    """How often a second."""
    work()
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        work()
        count += 1
    return count / (time.perf_counter() - started)


def loader_rate(encoder: SampleEncoder, row_file: Path, workers: int, seconds: float) -> float:
    """Samples a second that come out of loader processes, as batches of four."""
    rows = select_rows([f"{row_file}#100000"], ReadOptions(), np.random.default_rng(0))
    batches = partial(
        collate,
        pad_id=encoder.tokenizer.pad_token_id,
        image_id=encoder.tokenizer.convert_tokens_to_ids(IMAGE_PAD),
        vocabulary_size=len(encoder.tokenizer),
        tokens_per_tile=encoder.tile.num_tokens,
    )
    samples = SampleSet(rows, encoder)
    loader = iter(DataLoader(samples, batch_size=4, num_workers=workers, collate_fn=batches))
    for _ in range(2 * workers):
        next(loader)
    return 4 * rate(partial(next, loader), seconds)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="for each figure (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="loader processes (default: %(default)s)")
    options = parser.parse_args()
    print(f"| picture | samples/s a core | JPEG decoded whole | {options.workers} loader processes |")
    print("|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for title, (kind, width, height, crop) in PICTURES.items():
            path = folder / f"{width}x{height}.{kind}"
            draw(path, width, height)
            row = {"query": "<image>OCR: ", "response": "words " * 100, "images": [str(path)]}
            encoder = SampleEncoder(load_tokenizer("qwen"), SampleConfig(crop=crop), TileShape())
            sample = partial(encoder.sample, parse_row(row, "row"))
            small = rate(sample, options.seconds)
            with mock.patch("PIL.JpegImagePlugin.JpegImageFile.draft"):
                whole = rate(sample, options.seconds)
            file = benchmark_data.write_rows(folder / "rows.jsonl", [row])
            loaded = loader_rate(encoder, file, options.workers, options.seconds)
            print(f"| {title} | {small:.0f} | {whole:.0f} | {loaded:.0f} |", flush=True)
    print(f"\n{benchmark_data.machine('cpu', 'uint8')}")


if __name__ == "__main__":
    main()
