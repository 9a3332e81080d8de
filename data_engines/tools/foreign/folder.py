"""Reads a folder of pictures whose texts stand in files of the same name."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from data_engines.tools.foreign.iam import read_iam_form
from data_engines.tools.foreign.labels import Label, form_of
from data_engines.tools.foreign.lists import read_boxes
from data_engines.tools.foreign.objects import read_inkml
from data_engines.tools.foreign.pictures import Pictures
from got_train.data.foreign import UNREAD, holds_json, recognise, truth_files, truth_stem
from got_train.data.utf8 import read_utf8


def read_folder(
    folder: Path, root: Path | None, pictures: Pictures, left_out: Counter[str]
) -> Iterator[Label]:
    """The labels in files that are called as a picture below the folder, or below `root`.

    Raises:
        ValueError: a file is no UTF-8, is broken, or holds labels that nothing can be made of.
    """
    files = truth_files(folder, root)
    kinds = {file: recognise(file) for file in files}
    texts = {}
    for file, kind in kinds.items():
        if kind in UNREAD:
            raise ValueError(f"{file} looks like {UNREAD[kind]}")
        if kind is None and file.suffix.lower() == ".txt":
            texts[file] = read_utf8(file, str(file))
            if holds_json(file):
                raise ValueError(f"{file} holds JSON, and not the text of a picture")
    form = form_of(list(texts.values()))
    for file, kind in kinds.items():
        picture = pictures.beside(file, truth_stem(file))
        if file in texts:
            yield Label(str(file), picture, texts[file], form)
        elif kind == "boxes":
            yield read_boxes(file, picture)
        elif kind == "InkML":
            for label in read_inkml(file, left_out):
                yield Label(label.location, picture, label.text, label.form)
        elif kind == "IAM form":
            yield from read_iam_form(file, lambda name: pictures.find(name) is not None)
        else:
            left_out[f"file that is {kind or 'no label'}"] += 1
