"""The good inputs of `fuzz.py`, which it changes."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
from PIL import Image

from got_train.config import SampleConfig
from got_train.data.samples import SampleEncoder
from got_train.model.tokenizer import small_tokenizer
from got_train.vocabulary import TileShape

from .runs import Run, warm_up, whole_run, write_data

RUNS = ("one process", "adapters")
"""The runs whose checkpoints are changed, by their kinds in `runs`."""


@dataclass(frozen=True)
class Seeds:
    """Good inputs."""

    folder: Path
    """Has `a.png`, `doc.pdf`, and, if checkpoints are asked for, whole runs of both `RUNS`."""
    rows: list[Any]
    pictures: dict[str, bytes]
    """Pictures by the names of their files."""
    encoder: SampleEncoder


ROWS: list[Any] = [
    {"query": "<image>OCR: ", "response": "abc", "images": ["a.png"]},
    {"query": "OCR with format: ", "response": "$x^2$", "images": "a.png", "kind": "formula", "crop": True},
    {"query": "<image>OCR: ", "response": "b", "images": ["a.png"], "history": [["c", "d"]], "system": "e"},
    {"query": "[1, 2, 30, 40] OCR: ", "response": "b", "image": "doc.pdf:1", "id": 7, "score": 0.5},
    {"messages": [{"role": "user", "content": "<image>OCR: "}, {"role": "assistant", "content": "a"}]},
    {
        "messages": [
            {"role": "system", "content": "s"},
            {"role": "user", "content": [{"type": "image", "image": "a.png"}, {"type": "text", "text": "q"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "a"}], "loss": True},
        ]
    },
    {
        "conversations": [{"from": "human", "value": "<image>\nOCR: "}, {"from": "gpt", "value": "a"}],
        "image": "a.png",
    },
    {"instruction": "OCR: ", "input": "", "output": "a", "images": [{"path": "a.png"}]},
    {"prompt": [{"role": "user", "content": "q"}], "completion": [{"role": "assistant", "content": "a"}]},
]


def make_seeds(folder: Path, families: Sequence[str]) -> Seeds:
    """Makes good inputs in a folder."""
    folder.mkdir()
    pictures = good_pictures()
    (folder / "a.png").write_bytes(pictures["RGB.png"])
    (folder / "doc.pdf").write_bytes(pictures["pages.pdf"])
    if set(families) - {"rows", "pictures"}:
        write_data(folder)
        warm_up(folder)
        for kind in RUNS:
            whole_run(Run(kind, folder, folder / kind))
    odd = Path(__file__).parents[2] / "tests" / "odd" / "rows.jsonl"
    rows = [json.loads(line).get("row") for line in odd.read_text(encoding="utf-8").splitlines()]
    encoder = SampleEncoder(small_tokenizer(), SampleConfig(max_length=512), TileShape(8, 1))
    return Seeds(folder, [*ROWS * 20, *(row for row in rows if isinstance(row, dict))], pictures, encoder)


def good_pictures() -> dict[str, bytes]:
    """A picture of each kind that Pillow writes, and a PDF file."""
    pixels = np.random.default_rng(0).integers(0, 255, (24, 40, 4), np.uint8)
    image = Image.fromarray(pixels)
    formats = {
        "png": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
        **{"jpg": ("L", "RGB", "CMYK"), "gif": ("P", "L"), "webp": ("RGB", "RGBA")},
        **{"tif": ("1", "L", "RGB", "RGBA", "CMYK", "F", "I;16"), "bmp": ("1", "L", "RGB", "P")},
        **{"ico": ("RGBA",), "ppm": ("RGB", "L")},
    }
    made = {}
    for ending, modes in formats.items():
        for mode in modes:
            buffer, file_format = io.BytesIO(), {"jpg": "JPEG", "tif": "TIFF"}.get(ending, ending.upper())
            exif = Image.Exif()
            exif[0x0112] = 6
            kept = {"exif": exif} if ending in ("jpg", "png", "webp", "tif") else {}
            drawn = image.convert("L" if mode in ("F", "I;16") else "RGBA").convert(mode)
            drawn.save(buffer, file_format, **kept)
            made[f"{mode.replace(';', '')}.{ending}"] = buffer.getvalue()
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "TIFF", compression="tiff_lzw")
    made["lzw.tif"] = buffer.getvalue()
    made["frames.gif"] = _frames(image)
    with pypdfium2.PdfDocument.new() as document:
        document.new_page(40, 30)
        document.new_page(30, 40)
        buffer = io.BytesIO()
        document.save(buffer)
    return made | {"pages.pdf": buffer.getvalue(), "text.pdf": TEXT_PDF}


TEXT_PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 60 40]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>endobj
4 0 obj<</Length 64>>stream
q 2 0 0 2 0 0 cm 1 0 0 rg 5 5 20 10 re f BT /F 8 Tf (abc) Tj ET Q
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R/Size 6>>
"""


def _frames(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.convert("P").save(buffer, "GIF", save_all=True, append_images=[image.convert("P").rotate(90)])
    return buffer.getvalue()
