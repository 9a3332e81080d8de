"""What a person reads: errors in one line, tables, and pages that stand alone."""

import base64
import difflib
import html
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

MOST_NAMES = 20
"""That an error lists."""


class UserError(ValueError):
    """Something the user can put right: the command line prints its one line and exits with code 2."""


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """A hint to append to an error: the nearest allowed word, or the allowed ones when none is near.

    >>> did_you_mean("lerning_rate", ["learning_rate", "seed"])
    'did you mean learning_rate?'
    >>> did_you_mean("x", ["b", "a"])
    'allowed: a, b'
    """
    names = sorted(allowed)
    near = difflib.get_close_matches(word, names, n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"allowed: {', '.join(names[:MOST_NAMES])}" + (", ..." if len(names) > MOST_NAMES else "")


def check_target(file: Path, inputs: Iterable[str | Path]) -> None:
    """Makes the folder of a file that is written at the end of long work, which should not fail for it.

    Raises:
        UserError: if it cannot be written, or is one of the files that are read.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{file} cannot be written: {error.strerror}") from None
    if file.is_dir() or not os.access(file.parent, os.W_OK):
        raise UserError(f"{file} cannot be written: {'it is a folder' if file.is_dir() else 'no permission'}")
    if file.exists() and any(Path(name).exists() and file.samefile(name) for name in inputs):
        raise UserError(f"{file} is read: name another file to write")


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Aligned columns as text: numbers to the right, all else to the left.

    >>> print(table(["module", "parameters"], [["encoder", 12], ["all", 1234567]]))
    module   parameters
    encoder          12
    all       1,234,567
    """
    rows = [list(row) for row in rows]
    cells = [list(header)] + [[_cell(value) for value in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    right = [
        all(isinstance(row[i], int | float) or row[i] is None for row in rows) for i in range(len(header))
    ]
    lines = (
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        )
        for row in cells
    )
    return "\n".join(line.rstrip() for line in lines)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)


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
