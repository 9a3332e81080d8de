"""Small folders with the files of each benchmark, in the schemas in which they are published."""

import json
from pathlib import Path
from typing import Any

from PIL import Image

from tests.conftest import draw, write_rows
from tests.data.packing import write_parquet


def omnidocbench(folder: Path, pages: list[dict[str, Any]]) -> Path:
    """Pages by their elements, each with a picture."""
    (folder / "images").mkdir(parents=True)
    annotations = []
    for number, page in enumerate(pages):
        name = f"book_{number}.pdf_1.jpg"
        draw(folder / "images" / name, str(number))
        info = {
            "page_no": number,
            "width": page.get("width", 1654),
            "height": 2339,
            "image_path": name,
            "page_attribute": {"data_source": "book", "language": page.get("language", "english")},
        }
        elements = [
            {"anno_id": place, "order": place + 1, "ignore": False, "poly": [0] * 8, **element}
            for place, element in enumerate(page["elements"])
        ]
        relations = [
            {"source_anno_id": one, "target_anno_id": other, "relation_type": "truncated"}
            for one, other in page.get("truncated", [])
        ]
        annotations.append({"layout_dets": elements, "extra": {"relation": relations}, "page_info": info})
    (folder / "OmniDocBench.json").write_text(json.dumps(annotations, ensure_ascii=False))
    return folder


def olmocr(folder: Path, tests: dict[str, list[dict[str, Any]]]) -> Path:
    """Tests by file; the PDF files that they name have two pages each."""
    for name, rows in tests.items():
        folder.mkdir(parents=True, exist_ok=True)
        write_rows(folder / name, rows)
        for row in rows:
            path = folder / "pdfs" / row["pdf"]
            path.parent.mkdir(parents=True, exist_ok=True)
            page = Image.new("RGB", (60, 80), "white")
            page.save(path, save_all=True, append_images=[page])
    return folder


def fox(folder: Path, files: dict[str, list[tuple[str, str, str]]]) -> Path:
    """Files of rows: picture, question and label."""
    for name, rows in files.items():
        pictures = folder / f"{name[:2]}_pdf_png{'_onbox' * ('onbox' in name)}"
        pictures.mkdir(parents=True, exist_ok=True)
        content = []
        for image, question, label in rows:
            draw(pictures / image, "1", (200, 100))
            turns = [{"from": "human", "value": f"<image>\n{question}"}, {"from": "gpt", "value": label}]
            content.append({"image": image, "len": len(label), "conversations": turns})
        (folder / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False))
    return folder


def pix2tex(folder: Path, formulas: dict[int, str]) -> Path:
    """pix2tex's `math.txt` and `test/`; lines without a picture are of other sets."""
    (folder / "test").mkdir(parents=True)
    lines = [formulas.get(number, "z") for number in range(max(formulas) + 1)]
    (folder / "math.txt").write_text("\n".join(lines) + "\n")
    for number in formulas:
        draw(folder / "test" / f"{number:07}.png", "1")
    return folder


def hub_set(folder: Path, subsets: dict[str, list[str]]) -> Path:
    """linxy/LaTeX_OCR's test files."""
    for subset, texts in subsets.items():
        (folder / subset).mkdir(parents=True)
        draw(folder / "1.png", "1")
        picture = {"bytes": (folder / "1.png").read_bytes(), "path": None}
        rows = [{"image": picture, "text": text} for text in texts]
        write_parquet(folder / subset / "test-00000-of-00001.parquet", rows)
    return folder
