r"""Formatted answers as HTML: Mathpix's markdown, which is markdown with LaTeX in it.

markdown-it-py reads the markdown; HTML, links and pictures are switched off, since they could name addresses
and an OCR model sees none of them. Two rules of ours read the LaTeX, and one the tables of HTML and OTSL, of
which only the cells are taken.
"""

from functools import cache
from typing import Any

from markupsafe import Markup

from got_train.markup.tables import placed_tables
from got_train.packages import install_line
from got_train.pages.latex_html import Notes, is_block, read_piece, table_html
from got_train.report import UserError
from got_train.tex.tables import with_latex

_TABLES = ("<table", "<otsl>")
_OFF = ["html_block", "html_inline", "link", "image", "autolink", "reference", "entity", "code", "lheading"]


def markdown_html(text: str, notes: Notes) -> Markup:
    r"""The HTML of a formatted page, where every line break is kept.

    >>> print(markdown_html("**a** <b> \\(x\\)", Notes()), end="")
    <div class="paragraph"><strong>a</strong> &lt;b&gt; <math><mi>x</mi></math></div>

    Raises:
        UserError: markdown-it-py is not installed.
    """
    made = _reader().render(text, {"notes": notes})
    return Markup(made)  # noqa: S704  # markdown-it escapes all text


@cache
def _reader() -> Any:
    try:
        from markdown_it import MarkdownIt
    except ModuleNotFoundError:
        raise UserError(f"pages can't be rendered without markdown-it-py: {install_line('render')}") from None
    reader = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
    reader.disable(_OFF)
    reader.inline.ruler.before("escape", "latex", _read_inline)
    reader.block.ruler.before("fence", "latex", _read_block, {"alt": ["paragraph", "blockquote", "list"]})
    reader.block.ruler.before(
        "fence", "written_table", _read_table, {"alt": ["paragraph", "blockquote", "list"]}
    )
    reader.core.ruler.push("division", _turn_paragraphs)
    return reader


def _read_inline(state: Any, silent: bool) -> bool:
    if state.src[state.pos] not in "\\$":
        return False
    piece = read_piece(state.src, state.pos, state.env["notes"])
    if piece is None:
        return False
    html, state.pos = piece
    if not silent:
        state.push("html_inline", "", 0).content = str(html)
    return True


def _read_block(state: Any, line: int, last_line: int, silent: bool) -> bool:
    start = state.bMarks[line] + state.tShift[line]
    if state.parentType == "blockquote" or state.sCount[line] < state.blkIndent:
        return False
    if not is_block(state.src, start):
        return False
    if silent:
        return True
    piece = read_piece(state.src, start, state.env["notes"])
    if piece is None:
        return False
    _push_block(state, line, last_line, *piece)
    return True


def _read_table(state: Any, line: int, last_line: int, silent: bool) -> bool:
    start = state.bMarks[line] + state.tShift[line]
    if state.parentType == "blockquote" or not state.src[start : start + 6].lower().startswith(_TABLES):
        return False
    placed = next(placed_tables(state.src[start:]), None)
    if placed is None or placed[1]:
        return False
    if not silent:
        table, _, length = placed
        _push_block(state, line, last_line, table_html(with_latex(table), state.env["notes"]), start + length)
    return True


def _push_block(state: Any, line: int, last_line: int, html: Markup, end: int) -> None:
    """Takes the text up to `end` as `html`, and what is behind it in its line as a paragraph."""
    state.push("html_block", "", 0).content = str(html)
    while line + 1 < last_line and state.bMarks[line + 1] < end:
        line += 1
    rest = state.src[end : max(end, state.eMarks[line])].strip()
    if rest:
        state.push("paragraph_open", "p", 1)
        token = state.push("inline", "", 0)
        token.content, token.children, token.map = rest, [], [line, line + 1]
        state.push("paragraph_close", "p", -1)
    state.line = line + 1


def _turn_paragraphs(state: Any) -> None:
    """Makes each paragraph a <div>: a table or heading may stand inside, where a <p> would end."""
    for token in state.tokens:
        if token.type in ("paragraph_open", "paragraph_close"):
            token.tag = "div"
            token.attrs = {"class": "paragraph"} if token.nesting == 1 else {}
