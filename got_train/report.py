"""Text for the terminal: errors of one line, hints, counts and tables."""

import difflib
import re
import tempfile
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from got_train.secrets import masked_message

MAX_NAMES = 20
"""Most allowed names that an error lists."""

MAX_REASON = 300
"""Most characters of another package's message."""

MAX_QUOTED = 40
"""Most characters of a value that a message only points at."""

MAX_LINE_CHARACTERS = 4000
"""Longest line of a message: values that it quotes may be as long as a file."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Controls of the terminal, ends of lines, and marks that turn the direction of what follows."""


class UserError(ValueError):
    """A mistake that the user can correct: the command line prints its one line and exits with code 2."""

    def __init__(self, *texts: str) -> None:
        super().__init__(*map(readable, texts))


class StoppedError(BaseException):
    """A run has ended before its last step because it was asked to, and can go on from what it has saved.

    As KeyboardInterrupt it is no `Exception`, since it may come while a library tries an import.
    """


def printable(text: str) -> str:
    """A text as one line that can be printed: names of files and tar members may hold bytes that are no
    UTF-8, and rows line ends, other controls and halves of surrogate pairs.
    """
    text = text.encode(errors="backslashreplace").decode()
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


def shortened(text: str, most: int) -> str:
    """A text without its middle if it has more than `most` characters.

    Secrets are taken out first: nothing would know one by its half.

    >>> shortened("1234567890", 7), shortened("1234567", 7)
    ('1 ... 0', '1234567')
    """
    text = masked_message(text)
    side = (most - 5) // 2
    return text if len(text) <= most else f"{text[:side]} ... {text[-side:]}"


def quoted(value: object) -> str:
    """A value that a message only points at, shortened."""
    return shortened(str(value), MAX_QUOTED)


def readable(message: str) -> str:
    """A message for the terminal: what it quotes of strangers' files neither floods nor controls it."""
    return "\n".join(shortened(printable(line), MAX_LINE_CHARACTERS) for line in message.split("\n"))


def one_line(error: Exception, lines: int = 3) -> str:
    """The message of another package's error in one line, which begins with its kind if it says little.

    >>> one_line(KeyError("lora_A")), one_line(ValueError("first\\nsecond"))
    ("KeyError: 'lora_A'", 'ValueError: first second')
    """
    message = " ".join(str(error).splitlines()[:lines])
    return f"{type(error).__name__}: {textwrap.shorten(message, MAX_REASON, placeholder=' ...')}"


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the plural unless the number is 1.

    >>> counted(1, "row"), counted(2000, "bad row")
    ('1 row', '2,000 bad rows')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """A hint to append to an error: the most similar allowed word, or all allowed words if none is similar.

    >>> did_you_mean("lerning_rate", ["learning_rate", "seed"])
    'did you mean learning_rate?'
    >>> did_you_mean("x", ["b", "a"])
    'allowed: a, b'
    """
    names = sorted(allowed)
    by_lower = {name.lower(): name for name in names}
    near = difflib.get_close_matches(word.lower(), by_lower, n=1)
    if near:
        return f"did you mean {by_lower[near[0]]}?"
    return f"allowed: {', '.join(names[:MAX_NAMES])}" + (", ..." if len(names) > MAX_NAMES else "")


def check_targets(
    files: Sequence[Path], inputs: Iterable[str | Path], overwrite: bool, instead: str = "give --overwrite"
) -> None:
    """Makes the folders of output files, and finds out before long work whether the files can be written.

    Args:
        files: what a command is about to write.
        inputs: what it reads, which no output may replace.
        overwrite: whether a file may exist.
        instead: what else the user can do about a file that exists.

    Raises:
        UserError: if a file cannot be written, exists, is also an input, or is named twice.
    """
    for number, file in enumerate(files):
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{file} cannot be written: {_why_no_folder(file.parent, error)}") from None
        reason = "it is a folder" if file.is_dir() else why_not_writable(file.parent)
        if reason is not None:
            raise UserError(f"{file} cannot be written: {reason}")
        if file.resolve() in [other.resolve() for other in files[:number]]:
            raise UserError(f"{file} is named for two outputs: choose another for one of them")
        if file.exists() and any(Path(name).exists() and file.samefile(name) for name in inputs):
            raise UserError(f"{file} is also an input: choose another output")
        if file.exists() and not overwrite:
            raise UserError(f"{file} exists: choose another output, or {instead}")


def _why_no_folder(folder: Path, error: OSError) -> str | None:
    """Why a folder cannot be made."""
    inner = next((part for part in (folder, *folder.parents) if part.is_file()), None)
    if inner is None:
        return error.strerror
    return f"{inner} is a file, and not a folder: move it away, or choose another output"


def why_not_writable(folder: Path) -> str | None:
    """Why no file can be made in a folder; None if one can: it is tried."""
    if not folder.is_dir():
        return "not a folder"
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        return "no permission" if isinstance(error, PermissionError) else error.strerror
    return None


def check_new_folder(folder: Path, option: str | None = None) -> None:
    """Refuses to write into a folder that has something in it; `option` is what names another one.

    Raises:
        UserError: if the folder is not empty, or is a file.
    """
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise UserError(
            f"{folder} exists: remove it or name another folder{f' with {option}' * bool(option)}"
        )


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as text, with numbers aligned on the right and everything else on the left.

    >>> print(table(["module", "parameters"], [["encoder", 12], ["all", 1234567]]))
    module   parameters
    encoder          12
    all       1,234,567
    """
    rows = [list(row) for row in rows]
    cells = [list(header)] + [[_cell(value) for value in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    numeric = [all(isinstance(row[i], int | float | None) for row in rows) for i in range(len(header))]
    formats = [f"{{:{'>' if right else '<'}{width}}}" for right, width in zip(numeric, widths, strict=True)]
    return "\n".join("  ".join(formats).format(*row).rstrip() for row in cells)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    return printable(str(value))
