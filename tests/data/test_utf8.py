"""Texts that are no UTF-8 are refused with the command that mends them."""

import json
import subprocess
from pathlib import Path

import pytest

from got_train.data.row_files import JsonlRows
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
        ("識別這張圖片裡的文字內容", "gbk", "GB18030"),
        ("un café très français, à l'été", "mac_roman", "MACINTOSH"),
        ("zażółć gęślą jaźń", "cp1250", "WINDOWS-1250"),
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


CHINESE, ENGLISH = {"query": "q", "response": "识别这张图片里的文字"}, {"query": "q", "response": "abc"}


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        (
            [(CHINESE, 9, "utf-8"), (CHINESE, 1, "gbk")],
            "r.jsonl:10 is not UTF-8 (byte 30), as other lines are, ",
        ),
        ([(CHINESE, 3, "utf-8"), (CHINESE, 5, "gbk")], "it looks like GB18030; (head -n 3 "),
        ([(CHINESE, 3, "gbk"), (CHINESE, 5, "utf-8")], "it looks like GB18030; (head -n 0 "),
        ([(CHINESE, 3, "utf-8"), (CHINESE, 5, "gbk"), (CHINESE, 1, "utf-8")], "sed -n '4,8p' "),
        ([(CHINESE, 3, "utf-8"), (CHINESE, 2, "utf-16-le")], "it looks like UTF-16LE; (head -n 3 "),
        ([(ENGLISH, 30, "utf-8"), (ENGLISH, 1, "utf-16-le")], "r.jsonl:31 is not UTF-8 (byte 1), as other "),
    ],
)
def test_a_part_in_another_encoding_is_mended_alone(
    parts: list[tuple[dict[str, str], int, str]], line: str, tmp_path: Path
) -> None:
    """Files of two encodings that were joined, and what PowerShell's `>>` adds to a file."""
    lines = [(json.dumps(row, ensure_ascii=False) + "\n", count, encoding) for row, count, encoding in parts]
    file = tmp_path / "r.jsonl"
    file.write_bytes(b"".join((text * count).encode(encoding) for text, count, encoding in lines))
    with pytest.raises(ValueError) as error:
        JsonlRows(file)
    message = str(error.value)
    assert line in message
    subprocess.run(message.partition("; ")[2].partition(" mends it")[0], shell=True, check=True)
    mended = JsonlRows(tmp_path / "r.utf8.jsonl")
    assert [mended.row(index) for index in range(len(mended))] == [
        row for row, n, _ in parts for _ in range(n)
    ]


def test_lines_of_two_encodings_in_turns_are_said_once(tmp_path: Path) -> None:
    text = json.dumps(CHINESE, ensure_ascii=False) + "\n"
    (tmp_path / "r.jsonl").write_bytes((text.encode() + text.encode("gbk")) * 5)
    with pytest.raises(
        ValueError, match="5 lines are not UTF-8, the first is 2, and 5 are; write all in UTF-8$"
    ):
        JsonlRows(tmp_path / "r.jsonl")
    # of a few damaged rows each is said
    (tmp_path / "r.jsonl").write_bytes(text.encode() * 11 + text.encode("gbk") + text.encode())
    assert len(JsonlRows(tmp_path / "r.jsonl")) == 13


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
        ("Größe für Übung", "mac_roman", "mends it, or MACINTOSH if 'Größe' is right, not 'Grš'"),
        ("café", "cp437", "iconv -f ITS_ENCODING -t UTF-8 x > x.utf8"),
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


def test_a_word_of_a_megabyte_beside_a_wrong_byte_is_gone_through_once() -> None:
    raw = "Größe ".encode("cp1252") + b"x" * 2**20  # minutes, where each letter begins a search
    assert str(not_utf8(Path("x"), "x", raw, 2)).endswith(" x > x.utf8 mends it")
