"""Finds the pictures that the labels of other tools name."""

import itertools
import os.path
import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit

from got_train.data.file_heads import PICTURE_ENDINGS
from got_train.data.picture_names import truth_stems

_LABELS = re.compile(
    r"(?:^|[ _-])(?:annotations?|anns?|labels?|gts?|jsons?|xmls?|te?xts?|box(?:es)?|transcriptions?"
    r"|ground[ _]?truth)(?:$|[ _-])",
    re.IGNORECASE,
)
"""Names of folders of labels whose pictures lie in others beside them, as FUNSD's, COCO's and ICDAR's."""


class Pictures:
    """The pictures that labels may name, in the order of likelihood of their folders."""

    def __init__(self, source: Path, root: Path | None) -> None:
        """Takes a file or folder of labels, and another folder in which names begin, if the user gives it."""
        folder = source if source.is_dir() else source.parent
        self.source = source
        self.below = root or _picture_root(folder)
        """The folder somewhere below which the pictures lie."""
        self.folders = [root] if root else list(dict.fromkeys([folder, _above(folder), self.below]))
        """PPOCRLabel's names begin with the folder that its labels lie in."""

    def beside(self, file: Path) -> list[Path]:
        """The pictures that a file with the labels of one picture may belong to: the nearest of its name."""
        found = (_nearest(self._by_name.get(stem, []), file) for stem in truth_stems(file))
        return next(filter(None, found), [])

    def of(self, file: Path) -> Path | str:
        """The one picture of such a file, or else its name."""
        found = self.beside(file)
        return found[0] if len(found) == 1 else truth_stems(file)[-1]

    def find(self, name: Path | str) -> Path | None:
        """The picture of a name: a path from one of the folders, or the end of the path of one below.

        Of a path or address on another machine, as many last parts count as make the path of a picture here.
        """
        found = self._found(name)
        return found[0] if len(found) == 1 else None

    def why_missing(self, name: Path | str) -> str:
        """What is wrong with a name that `find` does not find."""
        if len(found := self._found(name)) > 1:
            return f"{len(found)} pictures are called {name}: {', '.join(map(str, found[:3]))}"
        return f"no picture {name} (looked in {', '.join(map(str, self.folders))})"

    def _found(self, name: Path | str) -> list[Path]:
        if isinstance(name, Path):
            return [name]
        candidates = _paths(name)
        endings = ("",) if name.lower().endswith(PICTURE_ENDINGS) else ("", *PICTURE_ENDINGS)
        for candidate, folder in itertools.product(candidates, self.folders):
            paths = [folder / f"{candidate}{ending}" for ending in endings]
            if found := [path for path in paths if os.path.isfile(path)]:
                return found
        before_upload = re.sub(r"^[0-9a-f]{8}-", "", candidates[-1])  # which Label Studio puts in front
        for candidate in (*candidates, before_upload):
            named = self._by_name.get(candidate.rpartition("/")[2], [])
            ends = tuple(f"/{candidate}{ending}" for ending in endings)
            if found := [path for path in named if f"/{path.as_posix()}".endswith(ends)]:
                return _nearest(found, self.source)
        return []

    @cached_property
    def all(self) -> list[Path]:
        """The pictures below the folder, sorted."""
        found = sorted(self.below.rglob("*"))
        return [path for path in found if path.suffix.lower() in PICTURE_ENDINGS and path.is_file()]

    @cached_property
    def _by_name(self) -> dict[str, list[Path]]:
        """The pictures below the folder, by their names with and without ending."""
        found: dict[str, list[Path]] = defaultdict(list)
        for path in self.all:
            found[path.name].append(path)
            found[path.stem].append(path)
        return found


def _above(folder: Path) -> Path:
    return folder.parent if folder.name else folder.resolve().parent


def _picture_root(folder: Path) -> Path:
    """A folder of labels, or the one above where the name says so and there are no pictures in it."""
    for place in (folder, _above(folder)):
        if _LABELS.search(place.resolve().name):
            has_pictures = any(path.suffix.lower() in PICTURE_ENDINGS for path in folder.rglob("*"))
            return folder if has_pictures else _above(place)
    return folder


def _nearest(found: Sequence[Path], file: Path) -> list[Path]:
    """Of pictures of one name those beside a file, in a folder of the same name or of its name, or all."""
    words = re.split("[_.-]", file.stem)
    groups = (
        [path for path in found if path.parent == file.parent],
        [path for path in found if path.parent.name == file.parent.name],
        [path for path in found if path.parent.name in words],
    )
    return next(filter(None, groups), list(found))


def _paths(name: str) -> list[str]:
    """Paths by which a name may be found, the longest first: several only if it begins on another machine.

    >>> _paths("train/1.png"), _paths("C:\\\\data\\\\1.png")
    (['train/1.png'], ['C:/data/1.png', 'data/1.png', '1.png'])
    """
    if re.match(r"\w\w+://|/data/", name):
        address = urlsplit(name)
        inside = re.search(r"(?:^|&)d=([^&]*)", address.query)  # Label Studio's own files
        name = "/" + unquote(inside[1] if inside else address.path).lstrip("/")
    name = re.sub(r"\.inkml$", "", name.replace("\\", "/"))  # lists of CROHME may name these
    if not re.match(r"/|\w:/", name):
        return [name.removeprefix("./")]
    parts = name.split("/")
    return ["/".join(parts[start:]) for start in range(len(parts))]
