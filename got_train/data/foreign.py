"""What the labels of other tools look like, which are neither rows nor plain text.

`got-data rows` makes rows of them (`data_engines.rows`). Wherever rows or texts are read, they are refused
with that hint: their tabs, numbers and braces would be learnt or drawn as text.
"""

import json
import re
import shlex
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Literal

from got_train.report import UserError

Foreign = Literal[
    "recognition list",
    "detection list",
    "picture list",
    "formula list",
    "im2latex list",
    "IAM lines",
    "IAM words",
    "IAM form",
    "InkML",
    "boxes",
    "donut",
    "Label Studio",
    "Label Studio JSON-MIN",
    "text folder",
    "checked list",
    "MJSynth list",
    "bare boxes",
    "label graph",
    "table tokens",
    "direction list",
    "Total-Text",
]

READ: dict[Foreign, str] = {
    "recognition list": "PaddleOCR's recognition list (picture, tab, text)",
    "detection list": "PPOCRLabel's detection labels (picture, tab, JSON list of boxes)",
    "picture list": "a list of pictures with their texts (picture, space or comma, text)",
    "formula list": "a list of formulas as CROHME's and HME100K's (picture, tab, LaTeX)",
    "im2latex list": "im2latex's list of pictures and numbers of formulas (.lst)",
    "IAM lines": "IAM's lines.txt",
    "IAM words": "IAM's words.txt",
    "IAM form": "IAM's form in XML",
    "InkML": "CROHME's InkML",
    "boxes": "ICDAR's boxes of one picture (x1,y1,...,x4,y4,text)",
    "donut": "donut's metadata.jsonl (file_name, ground_truth)",
    "Label Studio": "Label Studio's export in JSON",
    "Label Studio JSON-MIN": "Label Studio's export in JSON-MIN",
    "text folder": "a folder of pictures with texts of the same name (.txt, .inkml, .xml)",
}
"""What `got-data rows` reads."""

UNREAD: dict[Foreign, str] = {
    "checked list": "PPOCRLabel's list of checked pictures, which has no texts: give Label.txt or rec_gt.txt",
    "MJSynth list": "a list of MJSynth with numbers in place of texts: the texts are in the pictures' names",
    "bare boxes": "a list of boxes without texts, as YOLO's: there is nothing to read in it",
    "label graph": "a label graph of CROHME, which has no LaTeX: give the .inkml files or a list of LaTeX",
    "direction list": "PaddleOCR's list of directions (0 or 180), which has no texts",
    "Total-Text": "Total-Text's boxes, which are not read: ICDAR's are (x1,y1,...,x4,y4,text)",
    "table tokens": "tables in HTML tokens, as PubTabNet's and PPOCRLabel's gt.txt: they are not read",
}
"""Labels that no row can be made of, and what to do instead."""

PICTURE_ENDINGS = (
    ".jpg",
    ".jpeg",
    ".png",
    ".bmp",
    ".gif",
    ".tif",
    ".tiff",
    ".webp",
    ".jp2",
    ".jfif",
    ".ppm",
    ".pgm",
)
"""Endings by which the pictures of a list are known."""

LIST_ENDINGS = (".txt", ".tsv", ".json", ".jsonl", ".lst")
"""Endings of files in a folder that may list its pictures."""
HEAD_BYTES = 1 << 16
"""How much of a file is looked at."""
MAX_JSON_BYTES = 1 << 28
"""Of a file whose first JSON object is longer than the head."""
LATEX_SHARE = 0.2
"""Share of texts with LaTeX commands, sub- or superscripts from which all texts of a list are LaTeX."""

_ENDING = "|".join(ending[1:] for ending in PICTURE_ENDINGS)
PICTURE_FIRST = re.compile(
    rf"(?P<picture>[^\t]*?\.(?:{_ENDING}))(?P<gap>\t|[ ,;|]+|$)(?P<text>.*)", re.IGNORECASE
)
"""A line that begins with a picture's name: up to the first ending of pictures before a gap."""
LATEX = re.compile(r"\\[A-Za-z]+|[_^] ?\{")
IAM_LINE = re.compile(r"(?P<name>\S+-s?\d+(?:-\d+)?) (?:\d )?(?:ok|err?) (?:-?\d+ ){6}(?P<words>\S.*)")
"""Of lines.txt or sentences.txt: name, quality, grey level, components, box, words between bars."""
IAM_WORD = re.compile(
    r"(?P<name>\S+-\d+-\d+) (?P<quality>ok|err?) (?:-?\d+ ){5,6}(?P<tag>\D\S*) (?P<word>\S.*)"
)
_NUMBER = r"-?\d+(?:\.\d+)?"
BOX_LINE = re.compile(
    rf"(?P<numbers>(?:{_NUMBER},\s*){{8}}(?!(?:{_NUMBER},){{4}})|(?:{_NUMBER},\s*){{4}}(?=\D)"
    rf'|(?:{_NUMBER}\s+){{4}}(?="))(?P<text>.*)'
)
"""Corners of a box in pixels and its text, as in ICDAR 2013 (two corners) and 2015 (four)."""
_ONLY_NUMBERS = re.compile(rf"{_NUMBER}(?:[\s,]+{_NUMBER}){{3,}}")
_YOLO_LINE = re.compile(r"\d+(?: (?:[01]|[01]?\.\d+)(?:e-\d+)?){4,}")
_DETECTED = re.compile(r'\[\]|\[\{.*"(?:transcription|points)".*')
_GRAPH_LINE = re.compile(r"# IUD|[OR], \S+, \S+, |[NE], \S+, ")


def refuse_foreign(path: Path, name: str, but: Collection[Foreign] = ()) -> None:
    """Raises a UserError for the labels of another tool, except those of the kinds `but`.

    Args:
        path: a file or folder.
        name: what the user calls it, for the message: an option and the path.
        but: kinds that are read here.
    """
    for file in label_lists(path) if path.is_dir() else []:
        refuse_foreign(file, f"{name}: {file}", but)
    kind = recognise(path)
    if kind is None or kind in but:
        return
    if kind in UNREAD:
        raise UserError(f"{name} looks like {UNREAD[kind]}")
    raise UserError(f"{name} looks like {READ[kind]}: {rows_command(path)} makes rows of it")


def rows_command(path: Path) -> str:
    """The command that makes rows of foreign labels."""
    return f"got-data rows {shlex.quote(str(path))} --output rows.jsonl"


def recognise(path: Path) -> Foreign | None:
    """The kind of foreign labels that a file or folder holds, by its content; None for all else."""
    if path.is_dir():
        return "text folder" if truth_files(path) else None
    try:
        head = _read_head(path)
    except OSError:
        return None
    if head.lstrip().startswith("<"):
        return _kind_of_xml(head)
    lines = [line for line in head.replace("\r\n", "\n").split("\n") if line.strip()]
    lines = [line for line in lines if not line.startswith("#") or line.startswith("# IUD")]
    if not lines:
        return None
    return _kind_of_list(lines, path) or _kind_of_json(path, head)


def label_lists(folder: Path) -> dict[Path, Foreign]:
    """The files in a folder that list labels of many pictures, each with its kind."""
    files = sorted(
        file for file in folder.iterdir() if file.suffix.lower() in LIST_ENDINGS and file.is_file()
    )
    kinds = {file: kind for file in files if (kind := recognise(file)) is not None}
    return {file: kind for file, kind in kinds.items() if kind in READ and kind not in ("boxes", "IAM form")}


def truth_files(folder: Path, root: Path | None = None) -> list[Path]:
    """The files with texts below a folder that share their name with a picture below it, or below `root`."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    pictures = found if root is None else root.rglob("*")
    stems = {path.stem for path in pictures if path.suffix.lower() in PICTURE_ENDINGS}
    return [
        path
        for path in found
        if path.suffix.lower() in (".txt", ".inkml", ".xml") and truth_stem(path) in stems
    ]


def truth_stem(path: Path) -> str:
    """The name of a picture without its ending, by the name of the file with its text.

    >>> truth_stem(Path("page.gt.txt")), truth_stem(Path("gt_img_1.txt"))
    ('page', 'img_1')
    """
    return path.stem.removesuffix(".gt").removeprefix("gt_")


def holds_json(path: Path) -> bool:
    """Whether a file begins with a JSON object, or a list of them."""
    return first_object(path, _read_head(path)) is not None


def is_latex(texts: Sequence[str]) -> bool:
    """Whether texts are LaTeX, which some of them show; those of one list are of one kind."""
    return sum(bool(LATEX.search(text)) for text in texts) > LATEX_SHARE * len(texts)


def _read_head(path: Path) -> str:
    """The first whole lines of a file; empty where they are no UTF-8."""
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
    if len(head) == HEAD_BYTES and b"\n" in head:
        head = head[: head.rindex(b"\n")]
    if head.lstrip().startswith(b"<"):  # XML names its own encoding
        return head.decode("latin-1")
    try:
        return head.decode("utf-8-sig", errors="strict")
    except UnicodeDecodeError as error:
        # a single line that is longer than the head may end in half a character
        return head[: error.start].decode("utf-8-sig") if error.start > HEAD_BYTES - 4 else ""


def _most(found: Sequence[Any], lines: Sequence[Any]) -> bool:
    return sum(map(bool, found)) * 2 > len(lines)


def _kind_of_xml(head: str) -> Foreign | None:
    if "<handwritten-part" in head or re.search(r"<form\b[^>]*writer-id=", head):
        return "IAM form"
    return "InkML" if re.search(r"<(?:\w+:)?ink\b", head) else None


def _kind_of_list(lines: Sequence[str], path: Path) -> Foreign | None:
    if path.suffix == ".lst" and all(re.fullmatch(r"\d+ \S+ \w+|\S+ \d+", line.strip()) for line in lines):
        return "im2latex list"
    if _most([IAM_LINE.fullmatch(line.rstrip()) for line in lines], lines):
        return "IAM lines"
    if _most([IAM_WORD.fullmatch(line.rstrip()) for line in lines], lines):
        return "IAM words"
    if _most([_GRAPH_LINE.match(line) for line in lines], lines):
        return "label graph"
    if all("." in line and _YOLO_LINE.fullmatch(line.strip()) for line in lines):
        return "bare boxes"
    if _most([re.match(r"x: \[\[.*, y: \[\[", line) for line in lines], lines):
        return "Total-Text"
    boxes = [match for match in map(BOX_LINE.fullmatch, lines) if match]
    if _most(boxes, lines) and any(re.search(r"[^\W\d_]|###", match["text"]) for match in boxes):
        return "boxes"
    return _kind_of_pairs(lines, path)


def _kind_of_pairs(lines: Sequence[str], path: Path) -> Foreign | None:
    """The kind of a list whose lines are a picture and something about it."""
    cells = [line.split("\t", 1) for line in lines if "\t" in line]
    if _most([_names_pictures(first) for first, _ in cells], lines):
        texts = [text.strip() for first, text in cells if _names_pictures(first)]
        if _most([_DETECTED.fullmatch(text) for text in texts], texts):
            return "detection list"
        if set(texts) == {"1"} and (path.name == "fileState.txt" or len(texts) > 1):
            return "checked list"
        if len(texts) > 1 and set(texts) <= {"0", "180"}:
            return "direction list"
        return "formula list" if is_latex(texts) else "recognition list"
    if len(cells) == len(lines) and not any(" " in first or "\t" in text for first, text in cells):
        if is_latex([text for _, text in cells]):
            return "formula list"
        if all(_has_picture(path.parent, first) for first, _ in cells[:3]):
            return "recognition list"
    pairs = [match for match in map(PICTURE_FIRST.fullmatch, lines) if match and match["gap"] != "\t"]
    pairs = [match for match in pairs if match["text"].strip() and match["picture"][0] != "{"]  # a row
    if _most(pairs, lines):
        if _most([_DETECTED.fullmatch(pair["text"].strip()) for pair in pairs], pairs):
            return "detection list"
        if all(_ONLY_NUMBERS.fullmatch(pair["text"].strip()) for pair in pairs):
            return "bare boxes"
        if all(re.fullmatch(rf".*_{re.escape(p['text'].strip())}\.\w+", p["picture"]) for p in pairs):
            return "MJSynth list"
        return "picture list"
    return None


def _names_pictures(cell: str) -> bool:
    """Whether a cell is the name of a picture, or a JSON list of such names, as PaddleOCR allows."""
    return bool(re.fullmatch(rf'\[".*"\]|.*\.(?:{_ENDING})', cell.strip(), re.IGNORECASE))


def _has_picture(folder: Path, name: str) -> bool:
    """Whether a picture with a name without an ending lies in a folder, or in a folder in it."""
    if not name or not set(name).isdisjoint('/\\*?["<>|:\0') or len(name) > 100:
        return False
    found = [*folder.glob(f"{name}.*"), *folder.glob(f"*/{name}.*")]
    return any(path.suffix.lower() in PICTURE_ENDINGS for path in found)


def _kind_of_json(path: Path, head: str) -> Foreign | None:
    value = first_object(path, head)
    if value is None:
        return None
    truth = value.get("ground_truth")
    is_row = not {"query", "messages", "conversations"}.isdisjoint(value)
    if not is_row and re.search(r'"gt_parses?"', truth if isinstance(truth, str) else json.dumps(truth)):
        return "donut"
    if isinstance(value.get("data"), dict) and {"annotations", "completions", "predictions"} & value.keys():
        return "Label Studio"
    if isinstance(value.get("result"), list) and isinstance(value.get("task"), dict):
        return "Label Studio"
    if {"annotation_id", "lead_time"} & value.keys() and "annotator" in value:
        return "Label Studio JSON-MIN"
    return "table tokens" if "html" in value and {"filename", "imgid"} & value.keys() else None


def first_object(path: Path, head: str) -> dict[str, Any] | None:
    """The first JSON object of a file that begins with an object or a list; None for other files."""
    start = re.match(r"\s*\[?\s*(?=\{)", head)
    if start is None:
        return None
    decoder = json.JSONDecoder()
    try:
        value, _ = decoder.raw_decode(head, start.end())
    except (ValueError, RecursionError):
        if path.stat().st_size > MAX_JSON_BYTES:
            return None
        try:  # the object may be longer than the head
            value, _ = decoder.raw_decode(path.read_text(encoding="utf-8-sig"), start.end())
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None
