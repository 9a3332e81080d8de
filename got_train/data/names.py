"""Names of pictures: prefixes that stand for several, and what is wrong with names that are not found."""

import bisect
import functools
import os.path
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote

from PIL import Image

from got_train.characters import composed
from got_train.data.errors import ImageError
from got_train.report import counted

MAX_NAME_CHARACTERS = 255
"""Messages cut the name of a missing image that is longer: it may be the content of the image itself."""

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://?", re.IGNORECASE)
_BASE64 = re.compile(r"(?:iVBORw0KG|/9j/|R0lGOD|UklGR|Qk[0-9A-Za-z+/]|SUkq|TU0A)[A-Za-z0-9+/\s]{40,}=*\s*")
"""The first characters of PNG, JPEG, GIF, WebP, BMP and TIFF in base64, and enough of the rest."""
_NO_NAME = re.compile(r"[\0\ud800-\udbff]")
"""What no name of a file has."""
_VARIABLE = re.compile(r"\$\w|\$\{")
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")


@functools.cache
def image_endings() -> tuple[str, ...]:
    """The endings of the names of all files that Pillow reads."""
    return tuple(ending for ending, name in Image.registered_extensions().items() if name in Image.OPEN)


def images_of_prefix(prefix: str, folders: Iterable[Path]) -> list[str]:
    """The images in the first of `folders` whose names begin with a prefix: the authors' crops and pages.

    `crops/doc1_` stands for `doc1_1.png`, `doc1_2.png`, `doc1_10.png`, in this order, and `crops/doc1/` for
    all images of that folder.

    Returns:
        Paths as the prefix begins; none if the name has an ending, or there are no such images.

    Raises:
        ImageError: if it cannot be told which images are meant.
    """
    prefix = os.path.expanduser(prefix)
    start = os.path.basename(prefix)
    for folder in folders if is_prefix(prefix) else ():
        if os.path.exists(folder / prefix) and start:
            return []  # a file without an ending, or a folder without a slash
        names = _names_in(os.path.dirname(folder / f"{prefix}x"), start)
        if images := choose_pictures(prefix, [prefix + name[len(start) :] for name in names]):
            return images
    return []


def is_prefix(name: str) -> bool:
    """Whether a name can be the beginning of names of images: it has no ending."""
    whole = name.lower().endswith((*image_endings(), ".pdf"))
    return 0 < len(name) <= MAX_NAME_CHARACTERS and not whole and not _NO_NAME.search(name)


def choose_pictures(prefix: str, names: Iterable[str]) -> list[str]:
    """Those of the names, which begin with a prefix, that are images, in their natural order.

    Raises:
        ImageError: if the prefix ends within a number or word, or images may stand there twice.
    """
    images = sorted((name for name in names if name.lower().endswith(image_endings())), key=_natural)
    start = os.path.basename(prefix)
    for name in map(os.path.basename, images):
        last, following = start[-1:], name[len(start) : len(start) + 1]
        if (last.isdigit() and following.isdigit()) or (last.isalpha() and following.isalpha()):
            detail = f"{prefix} may stand for {name}, or for a file whose ending is missing: write it whole"
            raise ImageError("image missing", detail)
        if following == ".":
            raise ImageError("image missing", f"{prefix} lacks the ending of {name}")
    kinds = sorted({Path(name).suffix.lower() for name in images})
    if len(kinds) > 1:
        detail = f"{prefix} stands for {' and '.join(kinds)} files: name those that are meant in a list"
        raise ImageError("image missing", detail)
    return images


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts numbers in names by their values."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def _names_in(folder: str, start: str) -> list[str]:
    """The names in a folder that begin with `start`, sorted; none if there is no such folder."""
    names = _listed(folder)[0]
    return names[
        bisect.bisect_left(names, start) : bisect.bisect_left(names, f"{start}{chr(sys.maxunicode)}")
    ]


def _listed(folder: str) -> tuple[list[str], dict[str, str]]:
    try:
        return _list_once(folder, os.stat(folder).st_mtime_ns)
    except (OSError, ValueError):
        return [], {}


@functools.lru_cache(maxsize=4)
def _list_once(folder: str, changed: int) -> tuple[list[str], dict[str, str]]:
    """All names in a folder, sorted, and by their plain spelling; read again when the folder has changed."""
    names = sorted(os.listdir(folder))
    return names, {_plain(name): name for name in names}


def describe_missing(image: str, folders: Iterable[Path]) -> str:
    """What is to be said of an image that is in none of the folders: what its name is, and what to do."""
    folders = list(dict.fromkeys(folder.absolute() for folder in folders))
    hint = _hint_of_picture(image, folders) or hint_of_name(image, folders)
    if len(image) > MAX_NAME_CHARACTERS:
        image = f"{image!r:.80}..."
    if hint is not None:
        return f"{image} {hint}"
    places = ", ".join(map(str, folders))
    return image if Path(image).is_absolute() else f"{image} (looked in {places})"


def _hint_of_picture(image: str, folders: list[Path]) -> str | None:
    if image.startswith("data:") or _BASE64.match(image):
        return "is a picture in base64: write it to a file and name that, or put its bytes into Parquet"
    if pictures := images_of_prefix(image, folders):
        return f"stands for {counted(len(pictures), 'picture')}, as only a row's single image may: name each"
    if any(os.path.isdir(folder / image) for folder in folders):
        return f"is a folder: name its pictures (as {image.rstrip('/')}/, with a slash, all of them by name)"
    return None


def hint_of_name(name: str, folders: Iterable[Path]) -> str | None:
    """What the name of a file that is in none of the folders is instead, and what to do; None if unknown."""
    scheme = _SCHEME.match(name)
    if scheme and scheme[1].lower() in ("http", "https"):
        return "is a web address: download it and name the file"
    if scheme and scheme[1].lower() == "file":
        address = unquote(name[scheme.end() :]).removeprefix("localhost/")
        whole = address if _is_file(address, folders) else f"/{address.lstrip('/')}"
        return f"is a file address: write the path, {whole}"
    if scheme and "://" in scheme[0]:
        return f"lies in a store ({scheme[0]}): copy it to this machine and name the file"
    if name.startswith("~"):
        return f"begins with {name.split('/')[0]}, which is nobody's home here: write the path"
    if _VARIABLE.search(name):
        return f"has a variable of the shell, which is not read here: write {os.path.expandvars(name)}"
    if _WINDOWS.match(name):
        return f"is a path of Windows: write a path of this machine, with / such as {name.split(chr(92))[-1]}"
    if "\\" in name:
        return f"has the separators of Windows: write {name.replace(chr(92), '/')}"
    meant = {"is written as in a web address": unquote(name), "has spaces around it": name.strip()}
    for what, other in meant.items():
        if other != name and _is_file(other, folders):
            return f"{what}: write {other}"
    parts = [part.strip() for part in re.split(r"[,;|]", name)]
    if len(parts) > 1 and all(_is_file(part, folders) for part in parts):
        return "names several files: write them as a list, " + str(parts).replace("'", '"')
    if name.startswith(("[", "{")):
        return "is not a path: write a path, or a list of paths"
    for path in (folder / name for folder in folders):
        by_plain_name = _listed(str(path.parent))[1]
        stems = (path.name, path.stem) if path.name.lower().endswith(image_endings()) else (path.name,)
        for likely in (path.name, *(stem + ending for stem in stems for ending in image_endings())):
            if (found := by_plain_name.get(_plain(likely))) == path.name:
                return "is there, but is no file: a link to nothing, a pipe or a device"
            if found is not None:
                return f"is not there, but {found} is: write that"
    return None


def _is_file(name: str, folders: Iterable[Path]) -> bool:
    return bool(name) and any(os.path.isfile(folder / name) for folder in folders)


def _plain(name: str) -> str:
    """A name without the difference of upper case, and of accents that systems write in two ways."""
    return composed(name).casefold()
