"""Reading pictures with a trained model: single questions, and files of rows."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import PeftModel
from tqdm import tqdm

from got_train.config import DataConfig
from got_train.data.check import find_problems
from got_train.data.encode import Encoding
from got_train.data.images import ImageError, image_address, open_image
from got_train.data.records import Record, Turn
from got_train.data.sources import select_rows
from got_train.inference.generate import generate
from got_train.model.got import Got, config_tokens_per_tile
from got_train.model.merge import load_checkpoint
from got_train.prompts import IMAGE_TAG, Task, box_permille
from got_train.report import UserError


@dataclass(frozen=True)
class Reader:
    """A model ready to read."""

    model: Got | PeftModel
    encoding: Encoding

    @classmethod
    def load(cls, path: str) -> "Reader":
        """The model of a folder or checkpoint, on the GPU if there is one, framed as it was trained."""
        model, tokenizer, config = load_checkpoint(path)
        data = config.data if config else DataConfig(train=[])
        device = "cuda" if torch.cuda.is_available() else "cpu"
        model.to(device).eval()
        if device == "cuda":
            model.to(torch.bfloat16)
        size = model.config.vision_config.image_size
        return cls(model, Encoding(tokenizer, data, size, config_tokens_per_tile(model.config)))

    def read(self, records: list[Record], max_new_tokens: int, batch_size: int = 1) -> Iterator[str]:
        """Answers to records whose picture paths are looked up in the working directory."""
        pairs = [(record, Path.cwd()) for record in records]
        return generate(self.model, self.encoding, pairs, max_new_tokens, batch_size)


def question(
    images: list[str], format: bool, box: tuple[float, ...] | None, color: str | None, crop: bool
) -> Record:
    """The record that asks about pictures as the command line's options say.

    Args:
        images: one picture, or the pages of a document.
        format: ask for formatted text.
        box: region in pixels of the picture.
        color: colour of the frame round the region.
        crop: cut the picture into tiles.

    Raises:
        UserError: for a picture that cannot be read, or a box outside of it.
    """
    permille = None
    if box is not None:
        try:
            picture = open_image(Path(images[0]), DataConfig(train=[]).max_pixels)
        except ImageError as error:
            raise UserError(str(error)) from None
        width, height = picture.size
        inside = all(0 <= value <= limit for value, limit in zip(box, (width, height) * 2, strict=False))
        if not inside or (len(box) == 4 and not (box[0] < box[2] and box[1] < box[3])):
            raise UserError(
                f"--box {box} must be x1,y1,x2,y2 inside the picture of {width} x {height} pixels"
            )
        permille = box_permille(box, width, height)
    task = Task(format=format, box=permille, color=color, crop=crop, pages=len(images) > 1)
    turn = Turn(IMAGE_TAG * len(images) + task.query(), "")
    return Record((turn,), tuple(images), system=None, crop=crop or None, kind="rows", where="command line")


def predict_file(reader: Reader, data: str, output: Path, max_new_tokens: int, batch_size: int) -> int:
    """Answers every row of a data file and writes rows of `response, labels, messages, images, kind`.

    Args:
        reader: the model.
        data: what `DatasetSpec.parse` reads; rows may lack a response.
        output: JSONL file to write.
        max_new_tokens: longest answer.
        batch_size: rows answered together.

    Returns:
        How many rows were written.

    Raises:
        UserError: if the file has bad rows, all of them named.
    """
    rows = select_rows([data], reader.encoding, np.random.default_rng(0), answered=False)
    problems = find_problems(rows, np.arange(len(rows)), workers=0, description="checking rows")
    if problems.bad:
        raise UserError("\n".join([f"{data} has bad rows ({problems.summary()}):", *problems.lines()]))
    records = rows.questions()
    answers = generate(reader.model, reader.encoding, records, max_new_tokens, batch_size)
    output.parent.mkdir(parents=True, exist_ok=True)
    with open(output, "w", encoding="utf-8") as file:
        pairs = zip(records, answers, strict=True)
        for (record, folder), answer in tqdm(
            pairs, total=len(records), desc="reading", unit="row", leave=False
        ):
            images = [image_address(image) for image in reader.encoding.find_images(record, folder)]
            file.write(json.dumps(prediction_row(record, images, answer), ensure_ascii=False) + "\n")
    return len(records)


def prediction_row(record: Record, images: list[str], answer: str) -> dict[str, Any]:
    """A row of predictions, under ms-swift's names; `labels` is the reference, or null."""
    messages = [] if record.system is None else [{"role": "system", "content": record.system}]
    for turn in record.turns:
        messages.append({"role": "user", "content": turn.query})
        messages.append({"role": "assistant", "content": turn.response})
    messages[-1] = {"role": "assistant", "content": answer}
    return {
        "response": answer,
        "labels": record.turns[-1].response or None,
        "messages": messages,
        "images": images,
        "kind": record.kind,
    }
