"""Pictures that visitors of the page send.

A visitor names a picture by a word that this server has made up: no path of it is ever read or told.
"""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from got_train.data.errors import ImageError
from got_train.data.images import FoundImage, PdfPage, num_pdf_pages, open_image
from got_train.pages.template import encode_picture
from got_train.report import UserError, counted, printable, shortened

MAX_UPLOAD_BYTES = 1 << 26
"""Largest file that a visitor may send."""

MAX_PAGES = 16
"""Pages of one file that are taken."""

MAX_UPLOADS = 100
"""Files that are kept; an older one is forgotten for a new one."""

MAX_KEPT_BYTES = 1 << 30
"""Bytes of all files and previews that are kept."""

MAX_SIDE_PIXELS = 1600
"""Longer side of a picture on the page."""

MAX_NAME = 80
"""Characters of a file's name that are shown."""

_PDF_HEAD_BYTES = 1024
"""How far into a file a PDF may begin."""


@dataclass(frozen=True)
class Preview:
    """A picture as the page shows it."""

    jpeg: bytes
    width: int
    height: int
    """Of the whole picture, in pixels."""


def preview(image: FoundImage, max_pixels: int) -> Preview:
    """Decodes a picture for the page.

    Raises:
        ImageError: if it cannot be read.
    """
    whole = open_image(image, max_pixels)
    width, height = whole.size
    whole.thumbnail((MAX_SIDE_PIXELS, MAX_SIDE_PIXELS), Image.Resampling.LANCZOS)
    return Preview(encode_picture(whole, "jpeg"), width, height)


@dataclass(frozen=True)
class Picture:
    """A picture, or a page of a PDF file, that a visitor has sent."""

    name: str
    """For people: the visitor's name of the file."""
    image: FoundImage
    width: int
    height: int
    preview: Path
    """The file of its preview, a JPEG."""


class Uploads:
    """The pictures of all visitors, in a folder that lasts as long as the server."""

    def __init__(self, folder: Path, max_pixels: int) -> None:
        """Begins with none.

        Args:
            folder: an empty folder.
            max_pixels: most pixels of a picture or page.
        """
        self._folder, self._max_pixels = folder, max_pixels
        self._kept: OrderedDict[str, tuple[list[Picture], int]] = OrderedDict()
        """By the word for a file: its pictures, and the bytes that it takes."""
        self._lock = threading.Lock()

    def place(self) -> Path:
        """A new place for the content of a file."""
        return self._folder / secrets.token_urlsafe(16)

    def add(self, file: Path, name: str) -> tuple[list[tuple[str, Picture]], str]:
        """Takes a file that lies at a `place`, or removes it.

        Args:
            file: the content.
            name: the visitor's name of it.

        Returns:
            Each picture of it with the word for it, and a note on what was left out, or an empty text.

        Raises:
            UserError: if it holds no picture that can be read.
        """
        name = shortened(printable(name), MAX_NAME) or "picture"
        content = file
        try:
            if _is_pdf(file):
                content = file.rename(file.with_suffix(".pdf"))
            found, note = self._pictures(content, name)
        except ImageError as error:
            self._remove(file)
            shown = str(error).replace(str(content), name)
            raise UserError(f"{error.cause}: {shown}") from None
        except BaseException:
            self._remove(file)
            raise
        size = sum(path.stat().st_size for path in self._files(file))
        with self._lock:
            self._kept[file.name] = found, size
            self._forget_old()
        return [(f"{file.name}.{number}", picture) for number, picture in enumerate(found)], note

    def find(self, word: str) -> Picture:
        """The picture of a word that `add` has given.

        Raises:
            UserError: if there is none, or it is no longer kept.
        """
        file, _, number = word.partition(".")
        with self._lock:
            pictures = self._kept[file][0] if file in self._kept else []
        if not (number.isdecimal() and len(number) < 4 and int(number) < len(pictures)):
            raise UserError("this picture is no longer here: add it again")
        return pictures[int(number)]

    def _pictures(self, content: Path, name: str) -> tuple[list[Picture], str]:
        images: list[FoundImage] = [content]
        note = ""
        if content.suffix == ".pdf":
            number = num_pdf_pages(content)
            images = [PdfPage(content, page + 1) for page in range(min(number, MAX_PAGES))]
            if number > MAX_PAGES:
                note = f"{name} has {counted(number, 'page')}: the first {MAX_PAGES} are here"
            if number == 0:
                raise ImageError("image unreadable", f"{name} has no pages")
        found = []
        for number, image in enumerate(images, 1):
            shown = preview(image, self._max_pixels)
            file = content.with_name(f"{content.stem}.{number}.jpg")
            file.write_bytes(shown.jpeg)
            page = f"{name}:{number}" if len(images) > 1 else name
            found.append(Picture(page, image, shown.width, shown.height, file))
        return found, note

    def _forget_old(self) -> None:
        while len(self._kept) > 1 and (
            len(self._kept) > MAX_UPLOADS or sum(size for _, size in self._kept.values()) > MAX_KEPT_BYTES
        ):
            oldest, _ = self._kept.popitem(last=False)
            self._remove(self._folder / oldest)

    def _files(self, file: Path) -> list[Path]:
        """The files of an upload: its content and its previews."""
        return [path for path in self._folder.glob(f"{file.name}*") if path.is_file()]

    def _remove(self, file: Path) -> None:
        for path in self._files(file):
            path.unlink(missing_ok=True)


def _is_pdf(file: Path) -> bool:
    with open(file, "rb") as opened:
        return b"%PDF-" in opened.read(_PDF_HEAD_BYTES)
