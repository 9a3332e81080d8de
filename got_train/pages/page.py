"""The frame of all pages, and their tables, texts and pictures."""

import base64
import html
from collections.abc import Iterable, Sequence

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; color: #222 }
table { border-collapse: collapse; margin: 1rem 0 } th, td { border: 1px solid #ccc; padding: .3rem .6rem }
th { background: #f4f4f4; text-align: left } pre { margin: 0; white-space: pre-wrap }
img { max-width: 100%; image-rendering: auto } td img { min-width: 128px; image-rendering: pixelated }
.bad { background: #fde8e8 } del { background: #fde8e8 } ins { background: #dff3df; text-decoration: none }
.examples table { table-layout: fixed; width: min(94vw, 110rem) }
.examples table { margin-left: 50%; transform: translateX(-50%) }
.examples td { vertical-align: top; overflow-wrap: anywhere } .examples img { image-rendering: auto }
.examples th:last-child { width: 14rem }
"""


POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
    "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">"
)
"""Of all pages: nothing runs, and nothing is fetched, whatever a model's answer says."""


def html_page(title: str, *parts: str, style: str = "") -> str:
    """A page that needs no other file; `style` comes after the look of all pages."""
    head = f"<meta charset='utf-8'>{POLICY}<title>{html.escape(title)}</title><style>{STYLE}{style}</style>"
    body = f"<h1>{html.escape(title)}</h1>{''.join(parts)}"
    return f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"


def html_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are HTML already."""
    top = "".join(f"<th>{html.escape(name)}</th>" for name in header)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"


def html_text(text: str) -> str:
    """A text as it stands, with its line breaks; what looks like markup in it is shown, not obeyed."""
    return f"<pre>{html.escape(text)}</pre>"


def html_picture(data: bytes, kind: str = "png", alt: str = "", width: int | None = None) -> str:
    """A picture inside the page; `kind` is png, jpeg or svg+xml, `width` in pixels of the page."""
    wide = f' width="{width}"' if width else ""
    code = base64.b64encode(data).decode()
    return f'<img alt="{html.escape(alt)}"{wide} src="data:image/{kind};base64,{code}">'
