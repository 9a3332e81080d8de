"""The templates of pages. Text that is put into them is escaped, and pictures become part of the page."""

import base64
import io
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image


def render(template: str, **content: Any) -> Markup:
    """The HTML of a template in `templates/`; of its content only `Markup` is taken for HTML."""
    return Markup(_environment().get_template(template).render(content))  # noqa: S704  # it was escaped


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("got_train.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def encode_picture(image: Image.Image, kind: str) -> bytes:
    """The file of a picture; `kind` is png or jpeg."""
    file = io.BytesIO()
    image.save(file, kind, quality=88)
    return file.getvalue()


def picture_html(data: bytes, kind: str = "png", alt: str = "", width: int | None = None) -> Markup:
    """A picture inside the page; `kind` is png, jpeg or svg+xml, `width` in pixels of the page."""
    wide = Markup(' width="{}"').format(width) if width else ""
    code = base64.b64encode(data).decode()
    return Markup('<img alt="{}"{} src="data:image/{};base64,{}">').format(alt, wide, kind, code)
