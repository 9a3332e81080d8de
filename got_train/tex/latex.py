"""Typesetting with a real TeX: hundreds of items in one run, each on pages of its own.

Starting TeX takes as long as hundreds of formulas do, so items are typeset together and told apart again by
what the run says on its terminal. An item is a group of its own, with its own counters and without a way to
anything global, so what it looks like doesn't depend on its neighbours. An item that can't be typeset is a
`TexError` of its own: its neighbours are typeset again without it.

pdflatex starts in 0.2 s and sets a formula in 0.4 ms, xelatex in 1 s and 0.8 ms; pdfium draws one in 0.5 ms.
MathJax in node with resvg takes 3 ms, and has neither the typefaces nor the packages that papers are set in.
xelatex is for Chinese only.
"""

import atexit
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image

from got_train.packages import install_line, noto_fonts
from got_train.processes import run_watched
from got_train.tex.errors import TexError
from got_train.tex.harness import BEGIN, HARNESS, MAX_POINTS, Transcript, read_transcript

Program = Literal["pdflatex", "xelatex"]

START_SECONDS = 60.0
"""Time for reading the preamble; a new TeX looks for its fonts once."""
ITEM_SECONDS = 10.0
"""Time for one item; usual ones take a millisecond, pages and drawings up to a hundred."""
MAX_MEMORY = 1 << 31
"""Bytes of address space for a TeX, with its format and fonts."""
MAX_SAID_PER_ITEM = 50_000
"""Bytes on the terminal; some TeX errors come with long excerpts."""

_INSTALL = (
    "apt-get install --no-install-recommends texlive-xetex texlive-latex-recommended texlive-latex-extra "
    "texlive-pictures texlive-science texlive-lang-chinese texlive-fonts-recommended lmodern fonts-texgyre, "
    "or any TeX Live of 2021 or later"
)
"""What scripts/install_tex.sh does, which an installed package lacks."""
_PREAMBLE = "preamble.tex"
_CONFINED = str(Path(__file__).with_name("confined.py"))
"""xdvipdfmx and pdfTeX read pictures, and any font by its path, whatever TeX's own settings forbid."""
_SYSTEM_FOLDERS = (
    *("/bin", "/lib", "/lib64", "/usr/bin", "/usr/lib", "/usr/lib64", "/usr/libexec"),
    *("/usr/local/bin", "/usr/local/lib"),
    *(
        f"/usr/share/{name}"
        for name in ("texlive", "texmf", "texmf-dist", "texmf-local", "fonts", "fontconfig")
    ),
    *(f"/usr/share/{name}" for name in ("ghostscript", "color", "perl", "perl5", "locale", "zoneinfo")),
    *("/usr/local/share/texmf", "/usr/local/share/fonts", "/var/lib/texmf", "/var/cache/fontconfig"),
    *(
        "/etc/texmf",
        "/etc/fonts",
        "/etc/alternatives",
        "/etc/ld.so.cache",
        "/etc/paperspecs",
        "/etc/papersize",
    ),
    *("/dev/urandom", "/dev/random"),
)
"""What TeX, its fonts and its programs are read from: of the system, nothing of anybody's own."""
_SYSTEM_CHINESE = ("NotoSerifCJK-Regular.ttc", "NotoSansCJK-Regular.ttc")
_SYSTEM_CHINESE_FOLDERS = ("/usr/share/fonts/opentype/noto", "/usr/share/fonts/noto-cjk")


@dataclass(frozen=True)
class Style:
    """What all items of a run share."""

    program: Program = "pdflatex"
    preamble: str = ""
    """What stands between the class and the items."""
    margin_pt: float = 4.0
    """White round each item, which is one box (no paragraphs, no displays) on a page as large as it is."""
    files: tuple[Path, ...] = ()
    """Fonts and pictures that items or the preamble use, by their bare names."""


@dataclass(frozen=True)
class Note:
    r"""What an item said by `\gotnote{text}`, and where that stood on the paper in the end."""

    text: str
    x: float
    y: float
    """In points from the upper left corner of the page; text stands above that point."""


@dataclass(frozen=True)
class Sheet:
    """A typeset item."""

    pdf: bytes = field(repr=False)
    """The file with the pages of all items of its run."""
    page: int
    """The item's own page in that file, counted from 0."""
    notes: tuple[Note, ...] = ()


def typeset(bodies: Sequence[str], style: Style) -> list[Sheet | TexError]:
    """Typesets each of `bodies`.

    Raises:
        ValueError: TeX is not installed, or can't read the preamble.
    """
    verdicts: dict[int, Sheet | TexError] = {}
    for index, body in enumerate(bodies):
        if match := _FORBIDDEN.search(body):
            found = match[0] if match[0].isprintable() else "a control character"
            verdicts[index] = TexError(f"LaTeX: {found} is not allowed")
    waiting = [[index for index in range(len(bodies)) if index not in verdicts]]
    while waiting:
        batch = waiting.pop()
        if not batch:
            continue
        transcript, sheets = _run([bodies[index] for index in batch], style)
        begun = transcript.begun
        for position, cause in transcript.faults.items():
            if position != begun or len(batch) == 1:
                verdicts[batch[position]] = TexError(cause)
        if begun is not None:
            # Items after it have not been seen, and it is not itself at fault in a run that others ended or
            # that had to wait: it gets a run of its own, and so do both sides.
            before = [index for index in batch[:begun] if index not in verdicts]
            waiting += [batch[begun + 1 :], batch[begun : begun + 1] if len(batch) > 1 else [], before]
        elif transcript.faults:
            waiting.append([index for index in batch if index not in verdicts])
        elif sheets:
            verdicts.update(zip(batch, sheets, strict=True))
        elif len(batch) == 1:
            verdicts[batch[0]] = TexError("LaTeX makes no page of it")
        else:
            waiting += [batch[len(batch) // 2 :], batch[: len(batch) // 2]]
    return [verdicts[index] for index in range(len(bodies))]


def check_style(style: Style) -> None:
    """Raises the ValueError that `typeset` would, before there is any work to lose."""
    _run(["x"], style)


def known_names(names: Iterable[str], style: Style) -> set[str]:
    """Those of `names`, of macros without their backslash or of environments, that TeX knows in a style."""
    tests = "".join(rf"\ifcsname {name}\endcsname\gotnote{{{name}}}\fi " for name in sorted(names))
    (sheet,) = typeset([f"x{tests}"], style)
    if isinstance(sheet, TexError):
        raise sheet
    return {note.text for note in sheet.notes}


def tex_version(program: Program) -> str:
    """What the program says that it is."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=START_SECONDS)
    return said.stdout.splitlines()[0]


def draw_sheet(sheet: Sheet, dpi: float) -> Image.Image:
    """Draws an item in colour, at `dpi` pixels per inch."""
    drawn = open_page(sheet).render(scale=dpi / 72, rev_byteorder=True, prefer_bgrx=False)
    return drawn.to_pil().convert("RGB")


def sheet_size(sheet: Sheet) -> tuple[float, float]:
    """Width and height of an item's page in PDF points, 72 to the inch."""
    return _open(sheet.pdf).get_page_size(sheet.page)


def sheet_text(sheet: Sheet) -> str:
    """The characters of an item, in the order in which TeX set them."""
    with closing(open_page(sheet).get_textpage()) as text:
        return text.get_text_range()


def sheet_characters(sheet: Sheet) -> list[tuple[str, tuple[float, float, float, float]]]:
    """The characters of `sheet_text` except white space, each with its ink.

    Ink is left, top, right and bottom in points from the upper left corner.
    """
    found = []
    height = sheet_size(sheet)[1]
    with closing(open_page(sheet).get_textpage()) as text:
        for position in range(text.count_chars()):
            character = chr(pdfium_c.FPDFText_GetUnicode(text.raw, position))
            if not character.isspace():
                left, bottom, right, top = text.get_charbox(position)
                found.append((character, (left, height - top, right, height - bottom)))
    return found


def with_chinese(style: Style, maths: bool = False) -> Style:
    """`style` by xelatex, with fonts for Chinese: the packaged Noto fonts, or else the system's.

    Args:
        style: a style whose preamble loads no font for Chinese.
        maths: whether formulas may hold Chinese too.

    Raises:
        ValueError: there are neither.
    """
    serif, sans = _chinese_fonts()
    # as a rule Chinese has no bold and slanted letters: the other face takes their place
    number = "FontIndex=2," if serif.suffix == ".ttc" else ""
    preamble = "\\usepackage{xeCJK}\n" + "".join(
        f"\\setCJK{family}font{{{face.name}}}[Path=./,{number}BoldFont={sans.name},ItalicFont={face.name}]\n"
        for family, face in (("main", serif), ("sans", sans), ("mono", sans))
    )
    if maths:
        preamble += "\\xeCJKsetup{CJKmath=true}\n"
    return replace(
        style, program="xelatex", preamble=style.preamble + preamble, files=(*style.files, serif, sans)
    )


@cache
def _chinese_fonts() -> tuple[Path, Path]:
    packaged = {file.name: file for file in noto_fonts()}
    if packaged:
        return packaged["NotoSerifSC-Regular.otf"], packaged["NotoSansSC-Regular.otf"]
    for folder in map(Path, _SYSTEM_CHINESE_FOLDERS):
        serif, sans = (folder / name for name in _SYSTEM_CHINESE)
        if serif.is_file() and sans.is_file():
            return serif, sans
    raise ValueError(
        f"no font for Chinese in TeX: {install_line('engines')}, or apt-get install fonts-noto-cjk"
    )


@lru_cache(maxsize=8)
def _open(pdf: bytes) -> pdfium.PdfDocument:
    return pdfium.PdfDocument(pdf)


@lru_cache(maxsize=4)
def open_page(sheet: Sheet) -> pdfium.PdfPage:
    """The page of an item; while some are open, those of the same file needn't read its fonts again."""
    return _open(sheet.pdf)[sheet.page]


# the last comes first: pages, then their files, then pdfium itself, which would complain of open ones
atexit.register(_open.cache_clear)
atexit.register(open_page.cache_clear)


_FORBIDDEN = re.compile(
    r"\\(?:global|gdef|xdef|globaldefs|input|include|InputIfFileExists|openin|openout|write|dump|shipout"
    r"|usepackage|RequirePackage|documentclass|directlua|batchmode|scrollmode|errorstopmode"
    r"|new(?:count|dimen|skip|muskip|box|toks|read|write|insert|counter|length|savebox|theorem)"
    r"|end\s*\{document\}|@@end|stop)(?![A-Za-z@])|[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]"
)
"""What would reach beyond its item or out of TeX, which is kept from files and programs as well."""


def _run(bodies: Sequence[str], style: Style) -> tuple[Transcript, list[Sheet]]:
    """What TeX said, and the sheets of all items, where none was at fault and the file is whole."""
    opening, options = f"\\input{{{_PREAMBLE}}}\n", []
    with tempfile.TemporaryDirectory(prefix="got-latex-") as name:
        folder = Path(name)
        if style.program == "pdflatex":
            (folder / "got.fmt").symlink_to(_dump_preamble(style))
            opening, options = "", ["-fmt=got"]
        else:
            _write_preamble(folder, style)
        for file in style.files:
            (folder / file.name).symlink_to(file.resolve())
        for number, body in enumerate(bodies):
            (folder / f"item{number}.tex").write_text(body, encoding="utf-8")
        items = "\n".join(rf"\gottight{{{number}}}" for number in range(len(bodies)))
        document = f"{opening}\\begin{{document}}\n{items}\n\\end{{document}}\n"
        (folder / "run.tex").write_text(document, encoding="utf-8")
        said, stopped = _run_program(style.program, [*options, "run.tex"], folder, len(bodies))
        pdf = folder / "run.pdf"
        return _judge(said, stopped, pdf.read_bytes() if pdf.is_file() else b"", len(bodies), style)


@cache
def _dump_preamble(style: Style) -> Path:
    """What pdflatex knows after the preamble, in a file that it starts from in a third of the time.

    It is there until this process ends. xelatex can't do the same, for its fonts.
    """
    folder = Path(tempfile.mkdtemp(prefix="got-latex-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _write_preamble(folder, style)
    (folder / "dump.tex").write_text(f"\\input{{{_PREAMBLE}}}\n\\dump\n", encoding="utf-8")
    arguments = ["-ini", "-jobname=got", f"&{style.program}", "dump.tex"]
    said, stopped = _run_program(style.program, arguments, folder, 0)
    error = re.search(r"^! *(.+)", said, re.MULTILINE)
    dumped = folder / "got.fmt"
    if error or stopped or not dumped.is_file():
        raise _bad_preamble(style, error[1] if error else None, stopped)
    return dumped


def _write_preamble(folder: Path, style: Style) -> None:
    lengths = f"\\got@margin={style.margin_pt}pt \\got@largest={MAX_POINTS}pt"
    text = f"\\documentclass{{article}}\n{style.preamble}\n{HARNESS}{lengths}\\makeatother\n"
    (folder / _PREAMBLE).write_text(text, encoding="utf-8")


def _bad_preamble(style: Style, cause: str | None, stopped: str | None) -> ValueError:
    if stopped and cause is None:
        return ValueError(
            f"{style.program} {stopped} before it has read its preamble; run it again, "
            "on a busy machine with fewer --workers"
        )
    cause = cause or "no reason given"
    return ValueError(f"{style.program} can't read its preamble ({cause}); for missing files: {_INSTALL}")


def _run_program(
    program: Program, arguments: Sequence[str], folder: Path, num_items: int
) -> tuple[str, str | None]:
    path = shutil.which(program)
    if path is None:
        raise ValueError(f"{program} is not installed: {_INSTALL}")
    linked = [str(file.resolve()) for file in folder.iterdir() if file.is_symlink()]
    confined = [sys.executable, "-I", "-S", _CONFINED, str(folder), *_readable(path), *linked, "--"]
    return run_watched(
        [*confined, path, "-no-shell-escape", "-interaction=nonstopmode", *arguments],
        folder,
        _environment(folder, path),
        start_seconds=START_SECONDS,
        step_seconds=ITEM_SECONDS,
        most_seconds=START_SECONDS + num_items * ITEM_SECONDS / 10,
        max_bytes=MAX_SAID_PER_ITEM * (num_items + 4),
        max_memory=MAX_MEMORY,
        begin=BEGIN,
    )


def _readable(program: str) -> list[str]:
    """What a TeX reads of the system; one that did not come with it lies in a folder of its own."""
    own = Path(program).resolve().parents[2]
    return [*_SYSTEM_FOLDERS, *([] if own in (Path("/"), Path("/usr")) else [str(own)])]


def _environment(folder: Path, program: str) -> dict[str, str]:
    """Has TeX itself read and write in `folder` only, make no bitmap fonts, and know neither user nor day."""
    home = str(folder / "home")
    return {
        "PATH": f"{Path(program).parent}:/usr/bin:/bin",
        "HOME": home,
        "TEXMFHOME": home,
        "TEXMFOUTPUT": str(folder),
        "TMPDIR": str(folder),
        "openin_any": "p",
        "openout_any": "p",
        "MKTEXPK": "0",
        "MKTEXTFM": "0",
        "max_print_line": "10000",
        "SOURCE_DATE_EPOCH": "0",
        "FORCE_SOURCE_DATE": "1",
    }


_SP_PER_POINT = 65536 * 72.27 / 72


def _judge(
    said: str, stopped: str | None, pdf: bytes, num_items: int, style: Style
) -> tuple[Transcript, list[Sheet]]:
    transcript = read_transcript(said)
    faults = transcript.faults
    if transcript.begun is not None:
        faults.setdefault(transcript.begun, f"LaTeX {stopped or 'ends early'}")
        return transcript, []
    if transcript.bad_start or not transcript.pages:
        raise _bad_preamble(style, transcript.bad_start, stopped)
    for item, pages in transcript.pages.items():
        if len(pages) != 1:
            faults.setdefault(item, f"LaTeX draws {'several pages' if pages else 'nothing'}")
    last_page = max(pages.stop for pages in transcript.pages.values())
    if faults or len(transcript.pages) < num_items or _count_pages(pdf) != last_page:
        return transcript, []
    return transcript, [_sheet(item, transcript, pdf) for item in range(num_items)]


def _sheet(item: int, transcript: Transcript, pdf: bytes) -> Sheet:
    page = transcript.pages[item].start
    height = _open(pdf).get_page_size(page)[1]
    notes = [
        Note(text, x / _SP_PER_POINT, height - y / _SP_PER_POINT)
        for text, x, y in transcript.notes.get(item, ())
    ]
    return Sheet(pdf, page, tuple(notes))


def _count_pages(pdf: bytes) -> int:
    try:
        return len(_open(pdf))
    except pdfium.PdfiumError:
        return 0
