"""The templates of pages. Text that is put into them is escaped, and pictures become part of the page."""

import base64
import io
import re
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image

_UNFIT = re.compile(
    r"[^\n\t\x20-\x7e\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010fffd]",
)


def clean(text: str) -> str:
    """`text` with U+FFFD for what HTML does not allow: control characters and halves of surrogate pairs."""
    return _UNFIT.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def render(template: str, **content: Any) -> Markup:
    """The HTML of a template in `templates/`: only `Markup` is taken for HTML, and texts are cleaned."""
    return Markup(_environment().get_template(template).render(content))  # noqa: S704  # it was escaped


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("got_train.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: clean(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def encode_picture(image: Image.Image, kind: str) -> bytes:
    """The file of a picture; `kind` is png or jpeg."""
    file = io.BytesIO()
    image.save(file, kind, quality=88)
    return file.getvalue()


def picture_html(data: bytes, kind: str, alt: str, width: int | None = None) -> Markup:
    """A picture inside the page.

    Args:
        data: the file.
        kind: png, jpeg or svg+xml.
        alt: what it shows, for those who do not see it.
        width: in pixels of the page.
    """
    wide = Markup(' width="{}"').format(width) if width else ""
    code = base64.b64encode(data).decode()
    return Markup('<img alt="{}"{} src="data:image/{};base64,{}">').format(clean(alt), wide, kind, code)
