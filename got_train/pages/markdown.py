r"""Formatted answers as HTML: Mathpix's markdown, which is markdown with LaTeX in it.

markdown-it-py reads the markdown; HTML, links and pictures are switched off, since they could name addresses
and an OCR model sees none of them. Two rules of ours read the LaTeX.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from markupsafe import Markup

from got_train.pages.latex_html import Notes, is_block, read_piece
from got_train.report import UserError

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
        raise UserError(
            "pages can't be rendered without markdown-it-py: pip install 'got-train[render]'"
        ) from None
    reader = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
    reader.disable(_OFF)
    reader.inline.ruler.before("escape", "latex", _read_inline)
    reader.block.ruler.before("fence", "latex", _read_block, {"alt": ["paragraph", "blockquote", "list"]})
    reader.add_render_rule("latex", _print)
    # a table or heading may stand inside: a <p> would end there
    reader.add_render_rule("paragraph_open", _print_open)
    reader.add_render_rule("paragraph_close", _print_close)
    return reader


def _read_inline(state: Any, silent: bool) -> bool:
    if state.src[state.pos] not in "\\$":
        return False
    piece = read_piece(state.src, state.pos, state.env["notes"])
    if piece is None:
        return False
    html, state.pos = piece
    if not silent:
        state.push("latex", "", 0).content = html
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
    html, end = piece
    state.push("latex", "", 0).content = html
    while line + 1 < last_line and state.bMarks[line + 1] < end:
        line += 1
    rest = state.src[end : max(end, state.eMarks[line])].strip()
    if rest:
        state.push("paragraph_open", "p", 1)
        token = state.push("inline", "", 0)
        token.content, token.children, token.map = rest, [], [line, line + 1]
        state.push("paragraph_close", "p", -1)
    state.line = line + 1
    return True


def _print(renderer: Any, tokens: Sequence[Any], index: int, options: Any, env: Any) -> str:
    return str(tokens[index].content)  # markdown-it's own HTML is str: Markup would escape it


def _print_open(renderer: Any, tokens: Sequence[Any], index: int, options: Any, env: Any) -> str:
    return "" if tokens[index].hidden else '<div class="paragraph">'


def _print_close(renderer: Any, tokens: Sequence[Any], index: int, options: Any, env: Any) -> str:
    if not tokens[index].hidden:
        return "</div>\n"
    return "\n" if index + 1 < len(tokens) and tokens[index + 1].type != "list_item_close" else ""
