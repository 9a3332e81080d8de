"""What other readers make of the same pictures: tesseract, rapidocr, and the better of both for each picture.

    apt-get install tesseract-ocr tesseract-ocr-chi-sim            # and the languages that are asked for
    pip install rapidocr onnxruntime
    python scripts/other_readers.py data/lines --output output/readers
    python scripts/other_readers.py data/page --regions --rows 200 --output output/readers-page
    got-train eval output/readers/better.jsonl --report output/readers.html

Writes the answers of each reader as `got-train eval` reads them, beside the pictures as the readers saw them.
Of a question by box they see the box alone, and with `--regions` each text of a picture alone; a `--model` of
got-train's sees the same, neither enlarged nor with a margin, and is not among the better. The rates that
are printed are of texts without spaces and marks of direction, in NFKC, with one kind of quotation mark and
dash, and leaders of three dots: in these readers differ by habit, not by sight.
"""

import argparse
import itertools
import json
import re
import statistics
import subprocess
import time
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from rapidfuzz.distance import Levenshtein

from data_engines.tools.sets import open_sets
from got_train.config import MAX_PIXELS
from got_train.data.images import open_image
from got_train.files import write_text
from got_train.inference.chat import Got
from got_train.prompts import IMAGE_TAG, Task, parse_task
from got_train.report import table

BETTER = "better"
MODEL = "model"
LINE_PIXELS = 48
"""Height of a line that is enlarged before it is read: both readers are made for scans of 300 dpi."""
MARGIN = 4
"""Pixels of the picture kept round a box."""
ONE_LINE = 7
COLUMNS = 5
"""Page segmentations of tesseract."""
MARKUP = re.compile(r"[\\#*|$<>{}^`~]")
ALIKE = str.maketrans("‘’‚‛′`ʼ׳“”„‟″״–—―‒−‐‑", "'" * 8 + '"' * 6 + "-" * 7)
LEADERS = re.compile(r"\.{3,}")
WORST = 30
BATCH = 16
"""Pictures that a model of ours reads at once."""

Read = Callable[[list[Path]], list[str]]
"""What stands in each of several pictures."""


@dataclass(frozen=True)
class Question:
    """A picture, and all that stands in it."""

    name: str
    picture: Image.Image
    text: str


def questions(names: tuple[str, ...], regions: bool) -> Iterator[Question]:
    """What can be read without knowing a prompt: whole pictures, boxes, or with `regions` each plain text."""
    rows = open_sets(names)
    for index in range(len(rows)):
        record = rows.record(index)
        [turn, *others] = record.turns
        task = parse_task(turn.query.replace(IMAGE_TAG, ""))
        if others or len(record.images) != 1 or task is None or record.no_text:
            continue
        picture = open_image(record.images[0], MAX_PIXELS)
        if regions:
            for number, region in enumerate(rows.row(index).get("regions") or []):
                if not (region.get("format") and MARKUP.search(region["text"])):
                    yield Question(f"{index:06}-{number:03}", _cut(picture, region["box"]), region["text"])
        elif task.box and not (task.format and MARKUP.search(turn.response)):
            sides = [side * picture.size[i % 2] / 1000 for i, side in enumerate(task.box)]
            yield Question(f"{index:06}", _cut(picture, sides), turn.response)
        elif task in (Task(), Task(format=True)):
            yield Question(f"{index:06}", picture, turn.response)


def _cut(picture: Image.Image, box: list[float]) -> Image.Image:
    left, top, right, bottom = box
    return picture.crop(
        (
            max(int(left) - MARGIN, 0),
            max(int(top) - MARGIN, 0),
            min(int(right) + 1 + MARGIN, picture.width),
            min(int(bottom) + 1 + MARGIN, picture.height),
        )
    )


def prepare(picture: Image.Image, num_lines: int, columns: bool) -> Image.Image:
    """The picture with small lines, or columns, enlarged, on a margin of its own paper."""
    scale = max(LINE_PIXELS * num_lines / (picture.width if columns else picture.height), 1)
    size = (round(picture.width * scale), round(picture.height * scale))
    enlarged = picture.convert("RGB").resize(size, Image.Resampling.BICUBIC)
    pixels = np.asarray(enlarged)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    paper = tuple(int(level) for level in np.median(border, axis=0))
    return ImageOps.expand(enlarged, LINE_PIXELS // 2, paper)


def tesseract(languages: str, mode: int) -> Read:
    """Reads with Debian's tesseract; `mode` is its page segmentation (6: a block of lines)."""

    def read_in(mode: int, files: list[Path]) -> list[str]:
        words = ["tesseract", "stdin", "stdout", "-l", languages, "--psm", str(mode)]
        # a list of files, which loads the model once
        given = "".join(f"{file}\n" for file in files).encode()
        run = subprocess.run(words, input=given, capture_output=True, check=True)
        return [answer.strip() for answer in run.stdout.decode().split("\f")[: len(files)]]

    def read(files: list[Path]) -> list[str]:
        answers = dict(zip(files, read_in(mode, files), strict=True))
        # in a short word it may see no block
        if empty := [file for file in files if not answers[file]]:
            answers |= zip(empty, read_in(ONE_LINE, empty), strict=True)
        return [answers[file] for file in files]

    return read


def rapidocr() -> Read:
    """Reads with rapidocr's own models (PP-OCR), which its package brings."""
    from rapidocr import RapidOCR

    engine = RapidOCR(params={"Global.log_level": "error"})

    def read(files: list[Path]) -> list[str]:
        pictures = (np.asarray(Image.open(file))[:, :, ::-1] for file in files)  # it takes BGR
        return ["\n".join(engine(picture).txts or ()) for picture in pictures]

    return read


def read_by_model(path: str, asked: list[Question]) -> tuple[list[str], float]:
    """What a model of got-train's makes of all pictures, and its seconds for one of them."""
    got = Got.from_pretrained(path)
    begun = time.perf_counter()
    answers = got.chat([question.picture for question in asked], batch_size=BATCH)
    return answers, (time.perf_counter() - begun) / len(asked)


def error_rate(answer: str, text: str) -> float:
    """Character error rate of what is alike for all readers."""
    read, truth = _alike(answer), _alike(text)
    return Levenshtein.distance(read, truth) / max(len(truth), 1)


def _alike(text: str) -> str:
    seen = LEADERS.sub("...", "".join(unicodedata.normalize("NFKC", text.translate(ALIKE)).split()))
    return "".join(character for character in seen if unicodedata.category(character) != "Cf")


def read_all(
    asked: list[Question], readers: dict[str, Read], output: Path, columns: bool
) -> tuple[dict[str, list[str]], dict[str, float]]:
    """What each reader makes of all pictures, which are kept in `output`, and its seconds for one of them."""
    (output / "pictures").mkdir(parents=True, exist_ok=True)
    files = []
    for question in asked:
        files.append((output / "pictures" / f"{question.name}.png").absolute())
        prepare(question.picture, question.text.count("\n") + 1, columns).save(files[-1])
    answers: dict[str, list[str]] = {}
    seconds: dict[str, float] = {}
    for name, read in readers.items():
        begun = time.perf_counter()
        answers[name] = read(files)
        seconds[name] = (time.perf_counter() - begun) / len(asked)
    return answers, seconds


def write_answers(file: Path, asked: list[Question], answers: list[str]) -> None:
    """A file for `got-train eval`."""
    rows = [
        {
            "query": IMAGE_TAG + Task().query(),
            "response": answer,
            "labels": question.text,
            "images": [f"pictures/{question.name}.png"],
            "kind": "plain",
        }
        for question, answer in zip(asked, answers, strict=True)
    ]
    write_text(file, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def main() -> None:
    """Reads, writes the answers, prints the rates and the pictures that are read worst."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", nargs="+", help="sets of got-data, or files of rows")
    parser.add_argument("--output", type=Path, required=True, help="folder for answers and pictures")
    known = ("tesseract", "rapidocr")
    parser.add_argument("--reader", nargs="+", choices=known, default=known)
    parser.add_argument("--model", help="a model folder of got-train's that reads, too")
    parser.add_argument("--regions", action="store_true", help="read each text that has a box by itself")
    parser.add_argument("--rows", type=int, default=200, help="most pictures (default: %(default)s)")
    parser.add_argument(
        "--languages",
        nargs="+",
        default=["eng+chi_sim"],
        help="of tesseract; of several it reads with each by itself (default: eng+chi_sim)",
    )
    parser.add_argument(
        "--mode", type=int, default=6, help="tesseract's --psm, 5 for columns (default: %(default)s)"
    )
    options = parser.parse_args()
    asked = list(itertools.islice(questions(tuple(options.data), options.regions), options.rows))
    if not asked:
        raise SystemExit(f"{' '.join(options.data)} has no picture that can be read without a prompt")
    readers = {}
    if "tesseract" in options.reader:
        readers = {f"tesseract-{names}": tesseract(names, options.mode) for names in options.languages}
    if "rapidocr" in options.reader:
        readers["rapidocr"] = rapidocr()
    answers, seconds = read_all(asked, readers, options.output, options.mode == COLUMNS)
    answers[BETTER] = [
        min(given, key=lambda answer: error_rate(answer, question.text))
        for question, *given in zip(asked, *answers.values(), strict=True)
    ]
    if options.model:
        answers[MODEL], seconds[MODEL] = read_by_model(options.model, asked)
    lines = []
    rates = {}
    for name, given in answers.items():
        write_answers(options.output / f"{name}.jsonl", asked, given)
        rates[name] = [error_rate(answer, one.text) for one, answer in zip(asked, given, strict=True)]
        middle, mean = statistics.median(rates[name]), statistics.mean(rates[name])
        lines.append([name, len(asked), middle, mean, seconds.get(name)])
    print(table(["reader", "pictures", "median CER", "mean CER", "s a picture"], lines))
    shown = MODEL if options.model else BETTER
    order = sorted(range(len(asked)), key=lambda number: -rates[shown][number])
    for number in order[:WORST]:
        if rates[shown][number]:
            question, answer = asked[number], answers[shown][number]
            print(f"{question.name}.png {rates[shown][number]:.2f} {answer!r} instead of {question.text!r}")


if __name__ == "__main__":
    main()
