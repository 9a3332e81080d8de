"""Finds the pictures that the labels of other tools name."""

import os.path
import re
from collections import defaultdict
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit

from got_train.data.file_heads import PICTURE_ENDINGS


class Pictures:
    """The pictures that labels may name, in the order of likelihood of their folders."""

    def __init__(self, folder: Path, root: Path | None) -> None:
        """Takes the folder of the labels, and another one in which names begin, if the user gives it."""
        self.folders = [root] if root else [folder, folder.parent]
        """PPOCRLabel's names begin with the folder that its labels lie in."""
        self.below = root or folder

    def beside(self, file: Path, stem: str) -> Path | str:
        """The picture `stem` in the folder of a file, or else the name itself."""
        found = [path for path in self._by_name.get(stem, []) if path.parent == file.parent]
        return found[0] if len(found) == 1 else stem

    def find(self, name: Path | str) -> Path | None:
        """The picture of a name: a path from one of the folders, or a bare name that one picture below has.

        Of a path or address on another machine, as many last parts count as make the path of a picture here.
        """
        if isinstance(name, Path):
            return name
        named = name.lower().endswith(PICTURE_ENDINGS)
        endings = ("",) if named else ("", *PICTURE_ENDINGS)
        for candidate in _paths(name):
            for folder in self.folders:
                for ending in endings:
                    if os.path.isfile(path := folder / f"{candidate}{ending}"):
                        return path
        last = _paths(name)[-1]
        if "/" in last:
            return None
        found = self._by_name.get(last) or self._by_name.get(re.sub(r"^[0-9a-f]{8}-", "", last)) or []
        return found[0] if len(found) == 1 else None

    def why_missing(self, name: Path | str) -> str:
        """What is wrong with a name that `find` does not find."""
        found = self._by_name.get(_paths(str(name))[-1], [])
        if len(found) > 1:
            return f"{len(found)} pictures below {self.below} are called {name}"
        return f"no picture {name} (looked in {', '.join(map(str, self.folders))})"

    @cached_property
    def _by_name(self) -> dict[str, list[Path]]:
        """The pictures below the folder, by their names with and without ending."""
        found: dict[str, list[Path]] = defaultdict(list)
        for path in sorted(self.below.rglob("*")):
            if path.suffix.lower() in PICTURE_ENDINGS and path.is_file():
                found[path.name].append(path)
                found[path.stem].append(path)
        return found


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
