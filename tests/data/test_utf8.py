"""Texts that are no UTF-8 are refused with the command that mends them."""

import subprocess
from pathlib import Path

import pytest

from got_train.data.utf8 import not_utf8, read_utf8


def test_utf8_is_read_with_or_without_a_mark_and_with_any_line_ends(tmp_path: Path) -> None:
    for number, raw in enumerate([b"caf\xc3\xa9\n", b"\xef\xbb\xbfcaf\xc3\xa9\r\n"]):
        (tmp_path / f"{number}.txt").write_bytes(raw)
        assert read_utf8(tmp_path / f"{number}.txt", "") == "café\n"


@pytest.mark.parametrize(
    ("text", "encoding", "guessed"),
    [
        ("naïve café", "utf-16", "UTF-16"),
        ("naïve café", "utf-16-le", "UTF-16LE"),
        ("naïve café", "utf-16-be", "UTF-16BE"),
        ("plain English", "utf-16-le", "UTF-16LE"),
        ("中文字符，一二三", "gbk", "GB18030"),
        ("naïve café", "cp1252", "WINDOWS-1252"),
        ("文字を認識する。カタカナも", "cp932", "CP932"),
        ("文字を認識する。カタカナも", "euc_jp", "EUC-JP"),
        ("문자 인식, 서울특별시", "cp949", "CP949"),
        ("文字辨識的圖片", "big5", "BIG5"),
        ("распознавание Текста", "cp1251", "WINDOWS-1251"),
        ("распознавание Текста", "koi8_r", "KOI8-R"),
        ("быстрое развитие технологий, и мы читаем всё, что в этом тексте", "koi8_r", "KOI8-R"),
    ],
)
def test_the_command_of_the_message_mends_the_file(
    text: str, encoding: str, guessed: str, tmp_path: Path
) -> None:
    file = tmp_path / "my labels.txt"
    file.write_bytes(text.encode(encoding))
    with pytest.raises(
        ValueError, match=rf"^--source x is not UTF-8 \(byte \d+\), it looks like {guessed}; "
    ) as error:
        read_utf8(file, "--source x")
    command = str(error.value).partition("; ")[2].partition(" mends it")[0]
    subprocess.run(command, shell=True, check=True)
    assert read_utf8(tmp_path / "my labels.utf8.txt", "") == text


@pytest.mark.parametrize(
    ("text", "encoding", "end"),
    [
        ("서울특별시", "cp949", "or BIG5 if '憮選か滌衛' is right, not '서울특별시'"),
        (
            "Szybki rozwój stworzył",
            "cp1250",
            "mends it, or WINDOWS-1250 if 'stworzył' is right, not 'stworzy³'",
        ),
        ("Быстро", "cp1251", "mends it, or WINDOWS-1253 if 'Αϋρςπξ' is right, not 'Быстро'"),
        ("café", "cp1252", "mends it"),
        (
            "التطور السريع",
            "cp1256",
            "in which it has to be written: iconv -f ITS_ENCODING -t UTF-8 x > x.utf8",
        ),
    ],
)
def test_what_cannot_be_told_is_offered_with_what_it_would_read(text: str, encoding: str, end: str) -> None:
    raw = text.encode(encoding)
    assert str(not_utf8(Path("x"), "x", raw, 0)).endswith(end)


def test_what_is_no_text_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\x89\r\n\x1a\n\0\1\2\3\4\5\6\7\x08\x09\xff\xfe")
    with pytest.raises(ValueError, match=r"^x is not text \(byte 0\)$"):
        read_utf8(tmp_path / "x", "x")
