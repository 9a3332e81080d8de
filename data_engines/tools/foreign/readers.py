"""The readers of all formats of labels, and of folders whose files have labels of several formats."""

from collections.abc import Callable, Iterator
from pathlib import Path

from data_engines.tools.foreign import annotations, iam, label_studio, lists, objects
from data_engines.tools.foreign.labels import Alone, Found, Label, text_labels
from data_engines.tools.foreign.pictures import Pictures
from got_train.data.foreign import FORMATS, NUMBERS_AND_TEXT, recognise
from got_train.data.picture_names import text_files, texts_as_names, truth_stems
from got_train.data.utf8 import read_utf8


def read_folder(folder: Path, pictures: Pictures) -> Iterator[Found]:
    """The labels in files that are called as a picture below the folder, or below that of the pictures.

    Raises:
        ValueError: a file is no UTF-8, is broken, or holds labels that nothing can be made of.
    """
    beside = {file: pictures.beside(file) for file in text_files(folder)}
    for file, found in beside.items():
        if len(found) != 1:
            yield Alone(f"{file}: {pictures.why_missing(truth_stems(file)[-1])}")
    for picture in sorted(set(pictures.all).difference(*beside.values())):
        yield Alone(f"{picture}: no text of this name")
    kinds = {file: recognise(file, pictures.below) for file, found in beside.items() if len(found) == 1}
    if "boxes" in kinds.values():  # a text may be a number, and then the file looks like one of numbers
        kinds |= {file: "boxes" for file, kind in kinds.items() if kind is None and file.suffix == ".txt"}
    texts = []
    for file, kind in kinds.items():
        if kind is None and file.suffix.lower() == ".txt":
            texts.append((str(file), beside[file][0], read_utf8(file, str(file))))
        elif kind is None or FORMATS[kind].scope == "list":
            yield f"file that is {kind or 'no label'}"
        elif FORMATS[kind].scope == "unread":
            raise ValueError(f"{file} looks like {FORMATS[kind].what}")
        else:
            yield from READERS[kind](file, pictures)
    lines = [(file, line) for file, _, text in texts for line in text.splitlines() if line.strip()]
    boxes = [file for file, line in lines if NUMBERS_AND_TEXT.fullmatch(line)]
    if boxes and 2 * len(boxes) >= len(lines):
        raise ValueError(
            f"{boxes[0]}: half of the lines of these files have four numbers in a row, as boxes have; if they"
            " stand on the pictures, give the texts as JSON, {picture: text}"
        )
    yield from text_labels(texts)


def read_names(folder: Path, _: Pictures) -> Iterator[Found]:
    """The texts in the names of pictures."""
    for picture, text in texts_as_names(folder).items():
        yield Label(str(picture), picture, text)


READERS: dict[str, Callable[[Path, Pictures], Iterator[Found]]] = {
    "text folder": read_folder,
    "text as name": read_names,
    "recognition list": lists.read_tab_list,
    "formula list": lists.read_tab_list,
    "picture list": lists.read_picture_list,
    "detection list": lists.read_detection_list,
    "boxes": lists.read_boxes,
    "im2latex list": lists.read_im2latex,
    "pix2tex": lists.read_pix2tex,
    "MJSynth list": lists.read_mjsynth,
    "IAM lines": iam.read_iam_lines,
    "IAM words": iam.read_iam_words,
    "IAM form": iam.read_iam_form,
    "InkML": objects.read_inkml,
    "donut": objects.read_donut,
    "FUNSD": annotations.read_funsd,
    "XFUND": annotations.read_xfund,
    "MMOCR": annotations.read_mmocr,
    "MMOCR lines": annotations.read_mmocr_lines,
    "HierText": annotations.read_hiertext,
    "COCO": annotations.read_coco,
    "ReCTS": annotations.read_rects,
    "boxes by picture": annotations.read_boxes_by_picture,
    "texts by picture": annotations.read_texts_by_picture,
    "Label Studio": label_studio.read_label_studio,
    "Label Studio JSON-MIN": label_studio.read_json_min,
}
"""By the names in `got_train.data.foreign.FORMATS`."""
