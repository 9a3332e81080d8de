"""Texts are UTF-8: files in other encodings are refused, with the command that mends them."""

import codecs
import re
import shlex
from itertools import pairwise
from pathlib import Path

from got_train.report import UserError

KNOWN_SHARE = 0.85
"""Share of the characters of a text that are common ones of its language; fewer mean another encoding."""

LETTER_SHARE = 0.6
"""Share of its letters that are in words of three small letters or more."""

DAMAGED_SHARE = 0.02
"""Share of the characters of a text that may be damaged; words of an odd number of letters are no Chinese."""

NUL_SHARE = 4
"""One byte of so many is NUL in a text in UTF-16, and more of most."""

ASCII_SHARE = 0.3
"""Share of characters of ASCII in such a text: rows have keys, and texts have spaces and ends of lines."""

WITHOUT_MARK = ("UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE")

HEAD_BYTES = 1 << 16
"""How much of a file is looked at."""

WIDE = {
    codecs.BOM_UTF32_LE: "UTF-32",  # before UTF-16's, with which it begins
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
"""What iconv calls encodings of two and four bytes, by their byte order marks."""

_KANJI = {"euc_jp": frozenset([0xA4, 0xA5, *range(0xB0, 0xD0)])}
_TRADITIONAL = {"big5": frozenset(range(0xA4, 0xC7))}
EAST_ASIAN = {
    "CP949": ("cp949", {"euc_kr": frozenset(range(0xB0, 0xC9))}),
    "EUC-JP": ("euc_jp", _KANJI),
    "GB18030": ("gb18030", {"gb2312": frozenset(range(0xB0, 0xD8))} | _TRADITIONAL),
    "CP932": ("cp932", _KANJI),  # Shift-JIS as Windows has it
    "BIG5": ("cp950", _TRADITIONAL),
}
"""Encodings by iconv's name: Python's name, and encodings of their common characters, each with the first
bytes that these have in it, beside marks (below 0xA4). Of two that fit equally well the first is likelier:
Korean is also the first half of Chinese by sound, hardly the other way round, and
Chinese has no kana."""

RARE = set("\ufffdÿˆ¸˜¯˘˙˚˝˛ˇﬁﬂ≥≤∂∑∏∫Ω√≈∆◊")
"""What letters of other encodings become."""

ALPHABETS = {
    "WINDOWS-1251": r"[А-Яа-яЁёІіЇїЄє]",
    "KOI8-R": r"[А-Яа-яЁё]",
    "WINDOWS-1253": r"[Ά-ώ]",
}
"""Encodings of other alphabets, and their letters."""

MAX_READING = 16
"""Most characters of a file that a message shows."""

LFS_POINTER = b"version https://git-lfs"
"""How the files begin that stand for large files in a Git repository until these are fetched."""
MAX_POINTER_BYTES = 1024

PACKED = {
    b"\x1f\x8b": "compressed with gzip: unpack it (gunzip -c FILE > NAME)",
    b"BZh": "compressed with bzip2: unpack it (bunzip2 -c FILE > NAME)",
    b"\xfd7zXZ": "compressed with xz: unpack it (xz -dc FILE > NAME)",
    b"\x28\xb5\x2f\xfd": "compressed with Zstandard: unpack it (zstd -dc FILE > NAME)",
    b"PK\x03\x04": "a zip archive (unzip FILE), or a workbook of Excel (save it as CSV in UTF-8)",
    b"7z\xbc\xaf": "a 7z archive (7z x FILE)",
    b"PAR1": "a Parquet file (name it .parquet)",
    b"%PDF-": "a PDF file, not text",
    b"\x89PNG": "a picture, not text",
    b"\xff\xd8\xff": "a picture, not text",
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
    if path.exists() and not path.is_file() and not path.is_dir():  # it may have no end
        raise UserError(f"{name} can't be read: it is no file, but a pipe or a device")
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
    refuse_pointer(head, name)
    for mark, what in PACKED.items():
        if head.startswith(mark):
            raise UserError(f"{name} is {what.replace('FILE', shlex.quote(str(path)))}")
    # English in UTF-16 is UTF-8 too
    if head.startswith(tuple(WIDE)) or (head and head.count(0) * NUL_SHARE >= len(head)):
        raise not_utf8(path, name, head, max(head.find(0), 0))


def refuse_pointer(head: bytes, name: str) -> None:
    """Raises a UserError for a file that begins as a pointer of Git LFS does."""
    if head.startswith(LFS_POINTER):
        raise UserError(f"{name} is a pointer of Git LFS in place of the file: git lfs pull brings it")


def not_utf8(
    path: Path, name: str, raw: bytes, wrong: int, lines: tuple[int, int] | None = None
) -> UserError:
    """The error about a file in another encoding, with the command that mends it.

    Args:
        path: the file.
        name: what the user calls it.
        raw: bytes of it that are no UTF-8, or all of them.
        wrong: place of the first of them.
        lines: the first and the last line that are no UTF-8, from 1, in a file in which others are.
    """
    mended = shlex.quote(str(path.with_name(f"{path.stem}.utf8{path.suffix}")))
    file = shlex.quote(str(path))
    before, mend = "", f"-t UTF-8 {file} > {mended}"
    if lines is not None:
        first, last = lines
        before = f"(head -n {first - 1} {file}; LC_ALL=C sed -n '{first},{last}p' {file} | "
        mend = f"-t UTF-8; tail -n +{last + 1} {file}) > {mended}"
    likely = guess_encodings(raw)
    if not likely and set(raw) & set(range(9)):
        return UserError(f"{name} is not text (byte {wrong})")
    what = f"{name} is not UTF-8 (byte {wrong}){', as other lines are' * (lines is not None)}"
    if not likely:
        return UserError(f"{what}, in which it has to be written: {before}iconv -f ITS_ENCODING {mend}")
    (_, reading), *others = _readings(raw, likely).items()
    doubt = "".join(f", or {encoding} if {text!r} is right, not {reading!r}" for encoding, text in others)
    command = f"{before}iconv -f {likely[0]} {mend}"
    return UserError(f"{what}, it looks like {likely[0]}; {command} mends it{doubt}")


def guess_encoding(raw: bytes) -> str | None:
    """What iconv most likely calls the encoding of a text that is no UTF-8; None for what is no text.

    >>> guess_encoding("é".encode("utf-16")), guess_encoding("中文".encode("gbk"))
    ('UTF-16', 'GB18030')
    """
    return next(iter(guess_encodings(raw)), None)


def guess_encodings(raw: bytes) -> list[str]:
    """The encodings, by iconv's names, in which bytes that are no UTF-8 may be text, likeliest first."""
    for mark, encoding in WIDE.items():
        if raw.startswith(mark):
            return [encoding]
    if b"\0" in raw:
        shares = {encoding: _share_of_ascii(raw, encoding) for encoding in WITHOUT_MARK}
        best = max(shares, key=shares.__getitem__)
        return [best] if shares[best] >= ASCII_SHARE else []
    # a few Chinese characters may look like small letters of KOI8-R, whose texts are rare today
    for fits, least in (
        ({name: _share_of_common(raw, name) for name in EAST_ASIAN}, KNOWN_SHARE),
        ({name: _share_of_letters(raw, name) for name in ALPHABETS}, LETTER_SHARE),
    ):
        if likely := [name for name, share in fits.items() if share >= least]:
            return sorted(likely, key=lambda name: -fits[name])
    return [name for name in ("WINDOWS-1252", "WINDOWS-1250", "MACINTOSH") if _is_western(raw, name)]


def _readings(raw: bytes, encodings: list[str]) -> dict[str, str]:
    """A word in each of several encodings, which shows the right one; those that agree are left out."""
    texts = [raw.decode(EAST_ASIAN.get(encoding, (encoding,))[0], "replace") for encoding in encodings]
    # whole words first: a pattern of what surrounds a letter would go through a long word once a letter
    foreign = ([word for word in re.findall(r"\w+", text) if not word.isascii()] for text in texts)
    words = zip(*(found or [""] for found in foreign), strict=False)
    first, *others = max(words, key=lambda found: len(set(found)))
    found = {encodings[0]: first} | {
        encoding: other for encoding, other in zip(encodings[1:], others, strict=True) if other != first
    }
    return {encoding: word[:MAX_READING] for encoding, word in found.items()}


def _share_of_ascii(raw: bytes, encoding: str) -> float:
    """The share of characters of ASCII in a text of two or four bytes a character."""
    text = raw.decode(encoding, "ignore").translate(dict.fromkeys(b"\t\n\r", " "))
    width = int(encoding[4:6]) // 8
    return sum(letter.isascii() and letter.isprintable() for letter in text) * width / len(raw)


def _share_of_common(raw: bytes, encoding: str) -> float:
    """The share of common characters among those of an encoding that a text has."""
    codec, parts = EAST_ASIAN[encoding]
    foreign = [character for character in raw.decode(codec, "replace") if not character.isascii()]
    if foreign.count("\ufffd") > DAMAGED_SHARE * len(foreign):
        return 0
    if parts is _KANJI and not any("ぁ" <= character <= "ヿ" for character in foreign):
        return 0  # Chinese, which has no kana
    # accented letters before other letters decode as rare Chinese characters
    known = sum(
        any(_is_common(character.encode(part, "ignore"), common) for part, common in parts.items())
        for character in foreign
    )
    return known / max(len(foreign), 1)


def _is_common(pair: bytes, common: frozenset[int]) -> bool:
    return len(pair) == 2 and (pair[0] < 0xA4 or pair[0] in common)


def _share_of_letters(raw: bytes, encoding: str) -> float:
    """The share of what is not ASCII that is words in an alphabet, in small letters but for the first."""
    text, letter = raw.decode(encoding, "replace"), ALPHABETS[encoding]
    if re.search(rf"[a-z]{letter}", text):
        return 0  # a Latin word with accents
    words = re.findall(rf"{letter}{{3,}}", text)
    foreign = sum(not character.isascii() for character in text)
    return sum(len(word) for word in words if word[1:].islower()) / max(foreign, 1)


def _is_western(raw: bytes, encoding: str) -> bool:
    """Whether bytes in an encoding are letters and marks, and nothing that is rare in texts."""
    text = raw.decode(encoding, "replace")
    foreign = [character for character in text if character.isalpha() and not character.isascii()]
    together = sum(map(len, re.findall(r"[^\W\d_\x00-\x7f]{3,}", text)))
    printable = text.translate(dict.fromkeys(b"\t\n\r", " ")).isprintable()
    capital_within = any(a.islower() and b.isupper() and not b.isascii() for a, b in pairwise(text))
    odd = capital_within or RARE & set(text) or re.search(r"\w[‚„]", text)  # quotes open before words
    return printable and not odd and together * 2 <= len(foreign)
