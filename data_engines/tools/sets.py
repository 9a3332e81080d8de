"""Sets of rows as sources: what `got-data` drew before, or any rows that training reads."""

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from data_engines.engine import Region, Reject, Source
from got_train.config import MAX_PIXELS
from got_train.data.images import FoundImage, lazy_image, open_image
from got_train.data.readers import open_rows, run_manifest
from got_train.data.rows import Rows
from got_train.prompts import IMAGE_TAG, parse_task

MIN_CONTRAST = 16
"""Levels between the lightest and the darkest place of a picture that is not blank."""


@dataclass(frozen=True)
class Page:
    """A picture with all that is written on it."""

    image: FoundImage
    text: str
    format: bool
    """Whether the text is marked up."""
    regions: tuple[Region, ...]
    whole: bool = True
    """Whether the text is that of the whole picture."""

    def open(self) -> Image.Image:
        return open_image(self.image, MAX_PIXELS)

    def size(self) -> tuple[int, int]:
        """Width and height in pixels, which are read without the rest of the picture."""
        opened = lazy_image(self.image, MAX_PIXELS)
        return opened.width, opened.height


@lru_cache(maxsize=4)
def open_sets(names: tuple[str, ...]) -> Rows:
    """The rows of all sets, one after the other, indexed once in each process."""
    return functools.reduce(Rows.joined, map(open_rows, names))


def state_of_sets(names: tuple[str, ...]) -> str:
    """Stands for the files of some sets as they are now: where they lie, their sizes, times of change."""
    files = [opened.file.path for opened in open_sets(names).files]
    found = [(str(file.absolute()), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(repr(found).encode()).hexdigest()


def set_sources(names: Sequence[str]) -> tuple[Source, ...]:
    """Sets as the manifest names them: those of `got-data` by their own manifests, with their licences."""
    sources: list[Source] = []
    for name in names:
        manifest = Path(name, "manifest.json")
        if not manifest.is_file():
            sources.append(Source(Path(name) if Path(name).is_file() else None, name))
            continue
        said = run_manifest(Path(name))
        if "sets" in said:  # a mix
            sources += set_sources([f"{name}/{part}" for part in said["sets"]])
        else:
            given = said.get("sources")
            licences = dict.fromkeys(
                str(source.get("licence"))
                for source in (given if isinstance(given, list) else [])
                if isinstance(source, dict)
            )
            sources.append(Source(manifest, name, "; ".join(licences)))
    return tuple(sources)


def read_page(names: tuple[str, ...], index: int, whole: bool = True) -> Page:
    """The row `index` of all sets together.

    Args:
        names: the sets.
        index: which row.
        whole: whether the row has to ask about the whole picture; only regions count of one that doesn't.

    Raises:
        Reject: it is not one question about one picture, or not about the whole of it.
        RowError: it is no row to train on.
    """
    rows = open_sets(names)
    record = rows.record(index)
    [turn, *others] = record.turns
    task = parse_task(turn.query.replace(IMAGE_TAG, ""))
    if others or len(record.images) != 1 or task is None:
        raise Reject("row that is not a plain question about one picture")
    if record.no_text:
        raise Reject("picture without text")
    if task.color or task.crop or task.pages or task.with_boxes or (whole and task.box):
        raise Reject("row about a part of a picture, or more than one")
    regions = rows.row(index).get("regions") or []
    return Page(
        record.images[0],
        turn.response,
        task.format,
        tuple(Region(tuple(r["box"]), r["text"], bool(r.get("format"))) for r in regions),
        whole=task.box is None,
    )


def check_shown(picture: Image.Image) -> None:
    """Raises a Reject for a blank picture, or part of one, which can't show the text of its row."""
    levels = np.asarray(picture.convert("L"))
    if int(levels.max()) - int(levels.min()) < MIN_CONTRAST:
        raise Reject("picture that shows nothing")


def join_texts(pages: Sequence[Page]) -> str:
    """The text of pages that go together; marked-up ones are joined as their own paragraphs are."""
    return ("\n\n" if pages[0].format else "\n").join(page.text for page in pages)


@lru_cache(maxsize=64)
def count_tokens(text: str) -> int:
    """Length of a text in GOT's vocabulary."""
    return len(_tokenizer().encode(text))


@lru_cache(maxsize=1)
def _tokenizer():  # type: ignore[no-untyped-def]
    from got_train.model.tokenizer import load_tokenizer  # takes seconds, and few engines count

    return load_tokenizer("qwen")
