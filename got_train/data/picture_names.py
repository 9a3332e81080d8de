"""What is in the names of pictures: texts, numbers of formulas, and which text belongs to which picture."""

import re
from pathlib import Path

from got_train.data.file_heads import PICTURE_ENDINGS, pictures_in

TRUTH_ENDINGS = (".txt", ".json", ".inkml", ".xml")
"""Endings of files that hold what stands on the one picture of their name."""
_TEXT_FIRST = re.compile(r"(?P<text>.+)_(?P<number>\d+)", re.DOTALL)
_NUMBER_FIRST = re.compile(r"(?P<number>\d+)_(?P<text>.+)", re.DOTALL)
"""Names of TextRecognitionDataGenerator's pictures, in either of its forms."""


def has_picture(folder: Path, name: str) -> bool:
    if not name or not set(name).isdisjoint('/\\*?["<>|:\0') or len(name) > 100:
        return False
    found = [*folder.glob(f"{name}.*"), *folder.glob(f"*/{name}.*")]
    return any(path.suffix.lower() in PICTURE_ENDINGS for path in found)


def numbered_pictures(root: Path) -> dict[Path, list[Path]]:
    """The folders, `root` or those in it, whose pictures are all called by numbers, and these pictures."""
    folders = [root, *sorted(path for path in root.iterdir() if path.is_dir())]
    found = {folder: pictures_in(folder) for folder in folders}
    return {
        folder: pictures
        for folder, pictures in found.items()
        if pictures and all(path.stem.isdecimal() for path in pictures)
    }


def texts_as_names(folder: Path) -> dict[Path, str]:
    """The texts of pictures whose names are a text and a number of their own; empty for other folders.

    The pages of one book have one text in their names, and the photographs of two cameras have two; those of
    days have times as numbers. Of a part of a set most texts differ, and the numbers are not much larger.
    """
    pictures = pictures_in(folder)
    partly: dict[Path, str] = {}
    for pattern in (_TEXT_FIRST, _NUMBER_FIRST):
        names = [name for picture in pictures if (name := pattern.fullmatch(picture.stem))]
        numbers, texts = {int(name["number"]) for name in names}, [name["text"] for name in names]
        if len(numbers) != len(pictures) or len(set(texts)) < 2:
            continue
        found = dict(zip(pictures, texts, strict=True))
        if max(numbers) < len(pictures):
            return found
        if 2 * len(set(texts)) > len(texts) and max(numbers) < 4 * len(texts):
            partly = partly or found
    return partly


def truth_files(folder: Path, root: Path | None = None) -> list[Path]:
    """The files with texts below a folder that share their name with a picture below it, or below `root`."""
    pictures = (root or folder).rglob("*")
    names = {
        name for path in pictures if path.suffix.lower() in PICTURE_ENDINGS for name in (path.stem, path.name)
    }
    return [path for path in text_files(folder) if not names.isdisjoint(truth_stems(path))]


def text_files(folder: Path) -> list[Path]:
    """The files below a folder that may hold what stands on a picture, sorted."""
    return sorted(
        path for path in folder.rglob("*") if path.suffix.lower() in TRUTH_ENDINGS and path.is_file()
    )


def truth_stems(path: Path) -> list[str]:
    """The names without ending that the picture of a file with its text may have.

    >>> truth_stems(Path("page.gt.txt")), truth_stems(Path("gt_img_1.txt"))
    (['page.gt', 'page.nrm', 'page.bin', 'page'], ['gt_img_1', 'img_1'])
    """
    bare = path.stem.removesuffix(".gt").removeprefix("gt_")
    scans = [f"{bare}.nrm", f"{bare}.bin"] if path.stem.endswith(".gt") else []  # of ocropus and kraken
    return list(dict.fromkeys([path.stem, *scans, bare]))
