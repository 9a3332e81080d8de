"""What the labels of other tools look like, which are neither rows nor plain text.

`got-data rows` makes rows of them (`data_engines.rows`). Wherever rows or texts are read, they are refused
with that hint: their tabs, numbers and braces would be learnt or drawn as text.
"""

import json
import re
import shlex
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from got_train.data.file_heads import PICTURE_ENDINGS, PICTURE_NAME, STRUCTURE, Head, most
from got_train.data.picture_names import has_picture, numbered_pictures, texts_as_names, truth_files
from got_train.report import UserError

LIST_ENDINGS = (".txt", ".tsv", ".json", ".jsonl", ".lst")
"""Endings of files in a folder that may list its pictures."""
TEXT_KEYS = ("utf8_string", "text", "transcription")
"""Keys of the text of an annotation of COCO; the first one found is used."""
LATEX_SHARE = 0.2
"""Share of texts with LaTeX commands, sub- or superscripts from which all texts of a list are LaTeX."""
LATEX = re.compile(r"\\[A-Za-z]+|[_^] ?\{")

IAM_LINE = re.compile(r"(?P<name>\S+-s?\d+(?:-\d+)?) (?:\d )?(?:ok|err?) (?:-?\d+ ){6}(?P<words>\S.*)")
"""Of lines.txt or sentences.txt: name, quality, grey level, components, box, words between bars."""
IAM_WORD = re.compile(
    r"(?P<name>\S+-\d+-\d+) (?P<quality>ok|err?) (?:-?\d+ ){5,6}(?P<tag>\D\S*) (?P<word>\S.*)"
)
_NUMBER = r"-?\d+(?:\.\d+)?"
_THOUSANDS = r"\d+(?:,\d{3}){1,2}"
NUMBERS_AND_TEXT = re.compile(rf"(?=.*[^\W\d_]).*(?:{_NUMBER}[,\s]+){{3}}{_NUMBER}.*")
"""A line of what is said of a word, a sign or an object in a picture."""
BOX_LINE = re.compile(
    rf"(?P<numbers>(?:{_NUMBER},\s*){{8}}(?:(?={_THOUSANDS}$)|(?!(?:{_NUMBER},){{2}}))"
    rf"|(?:{_NUMBER},\s*){{4}}(?!-?\d)"
    rf'|(?:{_NUMBER}\s+){{4}}(?="))(?P<text>.*)'
)
"""Corners of a box in pixels and its text, as in ICDAR 2013 (two corners) and 2015 (four)."""
_ONLY_NUMBERS = re.compile(rf"{_NUMBER}(?:[\s,]+{_NUMBER}){{3,}}")
_CORNERS = re.compile(rf"(?:{_NUMBER},\s*){{7}}(?:{_NUMBER},\s*{_NUMBER},\s*)*{_NUMBER}")
_BRACKETED = re.compile(rf"[\[(]{_ONLY_NUMBERS.pattern}[\])]")
_IM2LATEX = re.compile(r"\d+ \S+ \w+|\S+ \d+")
_YOLO = re.compile(r"\d+(?: (?:[01]|[01]?\.\d+)(?:e-\d+)?){4,}")
_GRAPH = re.compile(r"(?:# IUD|[OR], \S+, \S+, |[NE], \S+, ).*")
_POLYGON = re.compile(rf"x: \[\[.*, y: \[\[.*|(?:{_NUMBER},\s*){{10,}}.*[^\W\d].*")
"""Of Total-Text, as it comes and as others have rewritten it, or of CTW1500."""


@dataclass(frozen=True)
class Format:
    """A kind of labels."""

    what: str
    """What it is, and where no row can be made of it, what to do instead."""
    fits: Callable[[Head], Any]
    """Is true for the files or folders that have it."""
    scope: Literal["list", "picture", "folder", "unread"] = "list"
    """A file with labels of many pictures or of one, or a folder; unread: no row can be made of it."""


def _is_boxes(head: Head) -> bool:
    found = [BOX_LINE.fullmatch(line) for line in head.lines]
    return most(found) and any(re.search(r"[^\W\d_]|###", match["text"]) for match in found if match)


def _is_detection_list(head: Head) -> bool:
    texts = head.tabbed or [text for _, text in head.spaced]
    return most([text == "[]" or STRUCTURE.match(text) or _BRACKETED.fullmatch(text) for text in texts])


def _is_checked_list(head: Head) -> bool:
    return set(head.tabbed) == {"1"} and (head.path.name == "fileState.txt" or len(head.tabbed) > 1)


def _is_recognition_list(head: Head) -> bool:
    """Names may lack the ending where there are such pictures."""
    return bool(head.tabbed) or (
        bool(head.named) and all(has_picture(head.root, name) for name, _ in head.named[:3])
    )


def _is_bare_boxes(head: Head) -> bool:
    yolo = head.only(_YOLO) and all("." in line for line in head.lines)
    corners = head.path.suffix == ".txt" and head.only(_CORNERS)
    return (
        yolo or corners or bool(head.spaced and all(_ONLY_NUMBERS.fullmatch(text) for _, text in head.spaced))
    )


def _is_mjsynth(head: Head) -> bool:
    """The number behind a name is its last part, too."""
    return bool(head.spaced) and all(
        re.fullmatch(rf".*_.*_{re.escape(text)}\.\w+", name) for name, text in head.spaced
    )


def _is_pix2tex(head: Head) -> bool:
    # a text of one picture is called as the picture is
    listed = head.path.suffix == ".txt" and not head.path.stem.isdecimal() and is_latex(head.lines)
    return (listed or head.path.name == "math.txt") and bool(numbered_pictures(head.root))


def _is_donut(head: Head) -> bool:
    truth = head.json.get("ground_truth")
    is_row = not {"query", "messages", "conversations"}.isdisjoint(head.json)
    shown = truth if isinstance(truth, str) else json.dumps(truth)
    return not is_row and bool(re.search(r'"gt_parses?"', shown))


def _is_label_studio(head: Head) -> bool:
    if isinstance(head.json.get("data"), dict):
        return not {"annotations", "completions", "predictions"}.isdisjoint(head.json)
    return isinstance(head.json.get("result"), list) and isinstance(head.json.get("task"), dict)


def _is_texts_by_picture(head: Head) -> bool:
    named = all(name.lower().endswith(PICTURE_ENDINGS) for name in head.json)
    return bool(head.json) and named and all(isinstance(text, str) for text in head.json.values())


def _keys(value: Any) -> set[str]:
    """The keys of the first object in a list; none of anything else."""
    return set(value[0]) if isinstance(value, list) and value and isinstance(value[0], dict) else set()


def _entries(content: dict[str, Any]) -> list[Any]:
    """The values of VIA's annotations, or of the part of its projects that holds them."""
    found = content.get("_via_img_metadata", content)
    return list(found.values()) if isinstance(found, dict) else []


def coco_annotations(content: dict[str, Any]) -> list[Any]:
    """The annotations of COCO, a list beside one of images, or of COCO-Text, both by their ids."""
    match content:
        case {"images": [*_], "annotations": [*found]}:
            return found
        case {"imgs": {}, "anns": {} as found}:
            return list(found.values())
    return []


def coco_text(annotation: Any) -> str | None:
    """The text of an annotation, or of its attributes, where CVAT writes it."""
    places = (annotation, annotation.get("attributes")) if isinstance(annotation, dict) else ()
    return next((place[key] for place in places if place for key in TEXT_KEYS if key in place), None)


FORMATS: dict[str, Format] = {
    "MATLAB": Format(
        "a file of MATLAB, as SynthText's gt.mat, which is not read: write lines of picture, tab and text",
        lambda head: head.text.startswith("MATLAB "),
        "unread",
    ),
    "IAM form": Format(
        "IAM's form in XML",
        lambda head: re.search(r"<handwritten-part|<form\b[^>]*writer-id=", head.xml),
        "picture",
    ),
    "InkML": Format("CROHME's InkML", lambda head: re.search(r"<(?:\w+:)?ink\b", head.xml), "picture"),
    "VOC": Format(
        "objects in Pascal VOC's XML, which have classes and no texts: there is nothing to read in it",
        lambda head: re.search(r"<annotation\b", head.xml) and "<bndbox>" in head.xml,
        "unread",
    ),
    "page XML": Format(
        "a page in ALTO, PAGE or hOCR, which is not read: write its text into a .txt beside the picture",
        lambda head: re.search(r"<(?:\w+:)?(?:alto|PcGts)\b|\bocr_page\b", head.xml),
        "unread",
    ),
    "im2latex list": Format(
        "im2latex's list of pictures and numbers of formulas (.lst)",
        lambda head: head.path.suffix == ".lst" and head.only(_IM2LATEX),
    ),
    "IAM lines": Format("IAM's lines.txt", lambda head: head.mostly(IAM_LINE)),
    "IAM words": Format("IAM's words.txt", lambda head: head.mostly(IAM_WORD)),
    "label graph": Format(
        "a label graph of CROHME, which has no LaTeX: give the .inkml files or a list of LaTeX",
        lambda head: head.mostly(_GRAPH),
        "unread",
    ),
    "polygons": Format(
        "the polygons of Total-Text or CTW1500, which are not read: boxes are (x1,y1,...,x4,y4,text)",
        lambda head: head.mostly(_POLYGON),
        "unread",
    ),
    "boxes": Format("ICDAR's boxes of one picture (x1,y1,...,x4,y4,text)", _is_boxes, "picture"),
    "detection list": Format(
        "PPOCRLabel's detection labels (picture, tab, JSON list of boxes)", _is_detection_list
    ),
    "checked list": Format(
        "PPOCRLabel's list of checked pictures, which has no texts: give Label.txt or rec_gt.txt",
        _is_checked_list,
        "unread",
    ),
    "direction list": Format(
        "PaddleOCR's list of directions (0 or 180), which has no texts",
        lambda head: len(head.tabbed) > 1 and set(head.tabbed) <= {"0", "180"},
        "unread",
    ),
    "formula list": Format(
        "a list of formulas as CROHME's and HME100K's (picture, tab, LaTeX)",
        lambda head: is_latex(head.tabbed or [text for _, text in head.named]),
    ),
    "recognition list": Format("PaddleOCR's recognition list (picture, tab, text)", _is_recognition_list),
    "bare boxes": Format(
        "boxes without texts, as YOLO's: there is nothing to read in it", _is_bare_boxes, "unread"
    ),
    "MJSynth list": Format("MJSynth's list of pictures with their texts in their names", _is_mjsynth),
    "picture list": Format(
        "a list of pictures with their texts (picture, space or comma, text)", lambda head: head.spaced
    ),
    "bare pictures": Format(
        "a list of pictures without texts: there is nothing to read in it",
        lambda head: head.only(PICTURE_NAME) and head.text[0] != "[",
        "unread",
    ),
    "pix2tex": Format("pix2tex's list of formulas, whose numbers are the names of pictures", _is_pix2tex),
    "donut": Format("donut's metadata.jsonl (file_name, ground_truth)", _is_donut),
    "Label Studio": Format("Label Studio's export in JSON", _is_label_studio),
    "Label Studio JSON-MIN": Format(
        "Label Studio's export in JSON-MIN",
        lambda head: {"annotation_id", "lead_time"} & head.json.keys() and "annotator" in head.json,
    ),
    "LabelMe": Format(
        "LabelMe's shapes in JSON, which are not read as their labels may be classes: export them as COCO",
        lambda head: "imagePath" in head.json and isinstance(head.json.get("shapes"), list),
        "unread",
    ),
    "VIA": Format(
        "an export of VGG's Image Annotator, which is not read: export the annotations as COCO",
        lambda head: any(isinstance(entry, dict) and "regions" in entry for entry in _entries(head.json)),
        "unread",
    ),
    "MMOCR": Format(
        "MMOCR's annotations in JSON (data_list)",
        lambda head: {"img_path", "instances"} <= _keys(head.json.get("data_list")),
    ),
    "MMOCR lines": Format(
        "WildReceipt's or MMOCR's boxes of a picture on each line in JSON",
        lambda head: "file_name" in head.json and {"box", "text"} <= _keys(head.json.get("annotations")),
    ),
    "HierText": Format(
        "HierText's annotations in JSON", lambda head: "paragraphs" in _keys(head.json.get("annotations"))
    ),
    "FUNSD": Format(
        "FUNSD's form in JSON", lambda head: {"box", "text"} <= _keys(head.json.get("form")), "picture"
    ),
    "XFUND": Format(
        "XFUND's forms in JSON", lambda head: {"document", "img"} <= _keys(head.json.get("documents"))
    ),
    "ReCTS": Format(
        "ReCTS's boxes of one picture in JSON",
        lambda head: {"transcription", "points"} <= _keys(head.json.get("lines")),
        "picture",
    ),
    "boxes by picture": Format(
        "LSVT's and ArT's boxes in JSON, by the names of pictures",
        lambda head: {"transcription", "points"} <= _keys(next(filter(None, head.json.values()), None)),
    ),
    "texts by picture": Format("texts in JSON, by the names of pictures, as docTR's", _is_texts_by_picture),
    "COCO": Format(
        "COCO's or COCO-Text's annotations in JSON (bbox, utf8_string or text)",
        lambda head: any(coco_text(annotation) is not None for annotation in coco_annotations(head.json)),
    ),
    "COCO without texts": Format(
        f"COCO's annotations, none of which has a text ({', '.join(TEXT_KEYS)}): there is nothing to read",
        lambda head: coco_annotations(head.json),
        "unread",
    ),
    "table tokens": Format(
        "tables in HTML tokens, as PubTabNet's and PPOCRLabel's gt.txt: they are not read",
        lambda head: "html" in head.json and {"filename", "imgid"} & head.json.keys(),
        "unread",
    ),
    "text folder": Format(
        "a folder of pictures with texts of the same name (.txt, .json, .inkml, .xml)",
        lambda head: head.path.is_dir() and truth_files(head.path, head.root),
        "folder",
    ),
    "text as name": Format(
        "TextRecognitionDataGenerator's folder of pictures with their texts as names",
        lambda head: head.path.is_dir() and texts_as_names(head.path),
        "folder",
    ),
    "LMDB": Format(
        "a database (LMDB), which is not read: give the list and the pictures that it was made of",
        lambda head: head.path.name == "data.mdb" or (head.path / "data.mdb").is_file(),
        "unread",
    ),
}
"""The formats by name, in the order in which they are tried."""

READABLE = "; ".join(kind.what for kind in FORMATS.values() if kind.scope != "unread")
"""What `got-data rows` reads."""


def refuse_foreign(path: Path, name: str, but: Collection[str] = ()) -> None:
    """Raises a UserError for the labels of another tool, except those of the formats `but`.

    Args:
        path: a file or folder.
        name: what the user calls it, for the message: an option and the path.
        but: names of formats that are read here.
    """
    for file in label_lists(path) if path.is_dir() else []:
        refuse_foreign(file, f"{name}: {file}", but)
    kind = recognise(path)
    if kind is not None and kind not in but:
        hint = "" if FORMATS[kind].scope == "unread" else f": {rows_command(path)} makes rows of it"
        raise UserError(f"{name} looks like {FORMATS[kind].what}{hint}")


def rows_command(path: Path) -> str:
    """The command that makes rows of foreign labels."""
    return f"got-data rows {shlex.quote(str(path))} --output rows.jsonl"


def recognise(path: Path, root: Path | None = None) -> str | None:
    """The format of a file or folder, whose pictures lie in `root` if not with it; None for all else."""
    try:
        head = Head(path, root)
        return next((name for name, kind in FORMATS.items() if kind.fits(head)), None)
    except OSError:
        return None


def label_lists(folder: Path, root: Path | None = None) -> dict[Path, str]:
    """The files in a folder that list labels of many pictures, each with its format."""
    files = sorted(
        file for file in folder.iterdir() if file.suffix.lower() in LIST_ENDINGS and file.is_file()
    )
    kinds = {file: kind for file in files if (kind := recognise(file, root)) is not None}
    return {file: kind for file, kind in kinds.items() if FORMATS[kind].scope == "list"}


def is_latex(texts: Sequence[str]) -> bool:
    """Whether texts are LaTeX, which some of them show; those of one list are of one kind."""
    return sum(bool(LATEX.search(text)) for text in texts) > LATEX_SHARE * len(texts)
