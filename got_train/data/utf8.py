"""Texts are UTF-8: files in other encodings are refused, with the command that mends them."""

import shlex
from pathlib import Path

GB2312_SHARE = 0.9
"""Share of common characters among the Chinese of a text; fewer mean that the encoding is another."""

NUL_SHARE = 4
"""One byte of so many is NUL in a text in UTF-16, and more of most."""


def read_utf8(path: Path, name: str) -> str:
    """The text of a file, which may begin with a byte order mark; line ends are `\\n`.

    Args:
        path: the file.
        name: what the user calls it, for messages: an option and the path.

    Raises:
        ValueError: the file can't be read, or is not UTF-8.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{name} can't be read: {error.strerror}") from error
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
        if raw.count(0) * NUL_SHARE < len(raw) or not raw:
            return text
        wrong = raw.index(0)  # English in UTF-16 is UTF-8 too
    except UnicodeDecodeError as error:
        wrong = error.start
    encoding = guess_encoding(raw)
    if encoding is None:
        raise ValueError(f"{name} is not text (byte {wrong})")
    mend = f"iconv -f {encoding} -t UTF-8 {shlex.quote(str(path))} > {shlex.quote(_mended(path))}"
    raise ValueError(f"{name} is not UTF-8 (byte {wrong}), it looks like {encoding}; {mend} mends it")


def _mended(path: Path) -> str:
    return str(path.with_name(f"{path.stem}.utf8{path.suffix}"))


def guess_encoding(raw: bytes) -> str | None:
    """What iconv calls the encoding of a text that is no UTF-8; None for what is no text.

    >>> guess_encoding("é".encode("utf-16")), guess_encoding("中文".encode("gbk"))
    ('UTF-16', 'GB18030')
    """
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    if b"\0" in raw:
        odd = raw[1::2].count(0) * NUL_SHARE > len(raw)
        return "UTF-16LE" if odd else "UTF-16BE" if raw[::2].count(0) * NUL_SHARE > len(raw) else None
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        return "WINDOWS-1252"
    # accented letters before other letters decode as rare Chinese characters
    foreign = [character for character in text if not character.isascii()]
    common = sum(len(character.encode("gb2312", "ignore")) == 2 for character in foreign)
    return "GB18030" if common >= GB2312_SHARE * len(foreign) else "WINDOWS-1252"
