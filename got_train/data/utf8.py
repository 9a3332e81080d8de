"""Texts are UTF-8: files in other encodings are refused, with the command that mends them."""

import codecs
import shlex
from pathlib import Path

from got_train.report import UserError

KNOWN_SHARE = 0.9
"""Share of characters in use among the Chinese of a text; fewer mean that the encoding is another."""

NUL_SHARE = 4
"""One byte of so many is NUL in a text in UTF-16, and more of most."""

HEAD_BYTES = 1 << 16
"""How much of a file is looked at."""

WIDE = {
    codecs.BOM_UTF32_LE: "UTF-32",  # before UTF-16's, with which it begins
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
"""What iconv calls encodings of two and four bytes, by their byte order marks."""

CHINESE = {"GB18030": ("gb18030", "gb2312", 0xB0, 0xF7, 0xD7), "BIG5": ("cp950", "big5", 0xA4, 0xC6, 0xC6)}
"""Encodings of Chinese: Python's names of the whole and of the part in use; and by the first byte of a
character the first in use after the marks (below 0xA4), the last, and the last of the most common ones."""

PACKED = {
    b"\x1f\x8b": "compressed with gzip: unpack it (gunzip -c FILE > NAME)",
    b"BZh": "compressed with bzip2: unpack it (bunzip2 -c FILE > NAME)",
    b"\xfd7zXZ": "compressed with xz: unpack it (xz -dc FILE > NAME)",
    b"\x28\xb5\x2f\xfd": "compressed with Zstandard: unpack it (zstd -dc FILE > NAME)",
    b"PK\x03\x04": "a zip archive (unzip FILE), or a workbook of Excel (save it as CSV in UTF-8)",
    b"7z\xbc\xaf": "a 7z archive (7z x FILE)",
    b"PAR1": "a Parquet file (name it .parquet)",
}
"""What other files are by their first bytes, and what makes a text of them."""


def read_utf8(path: Path, name: str, as_it_is: bool = False) -> str:
    """The text of a file, which may begin with a byte order mark; line ends are `\\n`.

    Args:
        path: the file.
        name: what the user calls it, for messages: an option and the path.
        as_it_is: leave line ends as they are in the file.

    Raises:
        UserError: the file can't be read, or is not UTF-8.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UserError(f"{name} can't be read: {error.strerror}") from error
    check_head(path, name, raw[:HEAD_BYTES])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise not_utf8(path, name, raw, error.start) from None
    return text if as_it_is else text.replace("\r\n", "\n")


def check_head(path: Path, name: str, head: bytes) -> None:
    """Raises a UserError for archives, UTF-16 and UTF-32, which the first bytes of a file show."""
    for mark, what in PACKED.items():
        if head.startswith(mark):
            raise UserError(f"{name} is {what.replace('FILE', shlex.quote(str(path)))}")
    # English in UTF-16 is UTF-8 too
    if head.startswith(tuple(WIDE)) or (head and head.count(0) * NUL_SHARE >= len(head)):
        raise not_utf8(path, name, head, max(head.find(0), 0))


def not_utf8(path: Path, name: str, raw: bytes, wrong: int) -> UserError:
    """The error about a file in another encoding, with the command that mends it.

    Args:
        path: the file.
        name: what the user calls it.
        raw: bytes of it that are no UTF-8, or all of them.
        wrong: place of the first of them.
    """
    encoding = guess_encoding(raw)
    if encoding is None:
        controls = set(raw) & set(range(9))
        what = "text" if controls else "UTF-8, in which it has to be written"
        return UserError(f"{name} is not {what} (byte {wrong})")
    mended = path.with_name(f"{path.stem}.utf8{path.suffix}")
    mend = f"iconv -f {encoding} -t UTF-8 {shlex.quote(str(path))} > {shlex.quote(str(mended))}"
    return UserError(f"{name} is not UTF-8 (byte {wrong}), it looks like {encoding}; {mend} mends it")


def guess_encoding(raw: bytes) -> str | None:
    """What iconv calls the encoding of a text that is no UTF-8; None for what is no text.

    >>> guess_encoding("é".encode("utf-16")), guess_encoding("中文".encode("gbk"))
    ('UTF-16', 'GB18030')
    """
    for mark, encoding in WIDE.items():
        if raw.startswith(mark):
            return encoding
    if b"\0" in raw:
        # the places, of every four bytes, that are NUL in most characters
        empty = tuple(raw[place::4].count(0) * NUL_SHARE > len(raw[place::4]) for place in range(4))
        encodings: dict[tuple[bool, ...], str] = {
            (False, True, False, True): "UTF-16LE",
            (True, False, True, False): "UTF-16BE",
            (False, True, True, True): "UTF-32LE",
            (True, True, True, False): "UTF-32BE",
            (False, False, True, True): "UTF-32LE",
            (True, True, False, False): "UTF-32BE",
        }
        return encodings.get(empty)
    likely = {name: _share_of_common(raw, name) for name in CHINESE}
    best = max(likely, key=lambda name: likely[name])
    if likely[best] > 0:
        return best
    return "WINDOWS-1252" if _is_western(raw) else None


def _share_of_common(raw: bytes, encoding: str) -> float:
    """The share of the most common characters among the Chinese of a text; 0 if it is in another encoding."""
    codec, charset, first, last, common = CHINESE[encoding]
    try:
        text = raw.decode(codec)
    except UnicodeDecodeError:
        return 0
    pairs = [character.encode(charset, "ignore") for character in text if not character.isascii()]
    # accented letters before other letters decode as rare Chinese characters
    in_use = [pair for pair in pairs if len(pair) == 2 and (pair[0] < 0xA4 or first <= pair[0] <= last)]
    return sum(pair[0] <= common for pair in in_use) / len(pairs) * (len(in_use) >= KNOWN_SHARE * len(pairs))


def _is_western(raw: bytes) -> bool:
    """Whether bytes in Windows-1252 are letters and marks, and nothing that is rare in texts."""
    try:
        text = raw.decode("cp1252")
    except UnicodeDecodeError:  # five bytes are no characters
        return False
    return "ÿ" not in text and text.translate(dict.fromkeys(b"\t\n\r", " ")).isprintable()
