"""Texts that are no UTF-8 are refused with the command that mends them."""

import subprocess
from pathlib import Path

import pytest

from got_train.data.utf8 import read_utf8


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
    command = str(error.value).partition("; ")[2].removesuffix(" mends it")
    subprocess.run(command, shell=True, check=True)
    assert read_utf8(tmp_path / "my labels.utf8.txt", "") == text


def test_what_is_no_text_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\x89PNG\r\n\x1a\n\0\1\2\3\4\5\6\7\x08\x09\xff\xfe")
    with pytest.raises(ValueError, match=r"^x is not text \(byte 0\)$"):
        read_utf8(tmp_path / "x", "x")
