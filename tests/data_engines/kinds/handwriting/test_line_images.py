"""Pictures of written lines: the lists that name them, and the ink on them."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageDraw

from data_engines.engine import Reject
from data_engines.kinds.handwriting.line_images import LineImage, read_ink, read_line_images


def save_line(file: Path, ink: float = 30, paper: tuple[float, float] = (200, 200), noise: float = 0) -> Path:
    """A bar of ink on paper whose lightness goes from one level to another; a free edge all round."""
    levels = np.linspace(*paper, 400) + np.zeros((60, 400))
    levels[25:35, 40:360] = ink
    levels += np.random.default_rng(0).normal(0, noise, levels.shape)
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8)).save(file)
    return file


def test_iam_lists(tmp_path: Path) -> None:
    first = save_line(tmp_path / "lines" / "a01" / "a01-000u" / "a01-000u-00.png")
    save_line(tmp_path / "lines" / "a01" / "a01-000u" / "a01-000u-01.png")
    (tmp_path / "lines.txt").write_text(
        "#--- lines.txt ---\n"
        "a01-000u-00 ok 154 19 408 746 1661 89 A|MOVE|to|stop|Mr.|Gaitskell|,|M.P.|,|from\n"
        "a01-000u-01 err 156 19 395 932 1850 105 (he|said|)|.\n"
        "a01-000u-02 ok 157 16 408 1106 1986 105 a|missing|one\n"
    )
    lines, left_out = read_line_images(tmp_path / "lines.txt")
    assert lines[0] == LineImage(str(first), 400, 60, "A MOVE to stop Mr. Gaitskell, M.P., from")
    assert [line.text for line in lines[1:]] == ["(he said)."]
    assert left_out == {"missing or unreadable line image": 1}


@pytest.mark.parametrize(
    ("words", "texts"),
    [
        (['(|he|said|)|"|quoted|words|"|here'], ['(he said) "quoted words" here']),
        (["It|'s|a|man|,|isn|'t|it|?|do|n't|!"], ["It's a man, isn't it? don't!"]),
        (
            ['"|one|that', 'goes|on|,|"|he|said|,|"|so', 'far|.|"'],
            ['"one that', 'goes on," he said, "so', 'far."'],
        ),
    ],
)
def test_iam_marks_stand_where_they_are_written(words: list[str], texts: list[str], tmp_path: Path) -> None:
    rows = []
    for number, text in enumerate(words):
        save_line(tmp_path / f"a01-000u-{number:02}.png")
        rows.append(f"a01-000u-{number:02} ok 154 19 408 746 1661 89 {text}\n")
    save_line(tmp_path / "a01-001u-00.png")
    rows.append('a01-001u-00 ok 154 19 408 746 1661 89 "|a|new|form|"')
    (tmp_path / "lines.txt").write_text("".join(rows))
    lines, _ = read_line_images(tmp_path / "lines.txt")
    assert [line.text for line in lines] == [*texts, '"a new form"']


def test_a_picture_that_the_camera_turned_is_measured_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    for name in ("turned.jpg", "turned.png"):
        Image.new("RGB", (60, 400), "white").save(tmp_path / name, exif=exif)
    (tmp_path / "list.tsv").write_text("turned.jpg\ta\nturned.png\tb\n")
    lines, _ = read_line_images(tmp_path / "list.tsv")
    assert [(line.width, line.height) for line in lines] == [(400, 60)] * 2


def test_separators_of_lines_inside_a_text_are_spaces(tmp_path: Path) -> None:
    save_line(tmp_path / "a.png")
    row = json.dumps({"image": "a.png", "text": "one\u2028two\x85three"}, ensure_ascii=False)
    (tmp_path / "list.jsonl").write_text(f"{row}\n{row}\n")
    assert [line.text for line in read_line_images(tmp_path / "list.jsonl")[0]] == ["one two three"] * 2


def test_other_lists(tmp_path: Path) -> None:
    pictures = [save_line(tmp_path / "some" / name) for name in ("a.png", "b.png")]
    expected = [
        LineImage(str(picture), 400, 60, text) for picture, text in zip(pictures, ['"a', "b, c"], strict=True)
    ]
    (tmp_path / "list.tsv").write_text('some/a.png\t"a\nsome/b.png\tb,  c\n')
    (tmp_path / "list.csv").write_text('some/a.png,"""a"\nsome/b.png,"b, c"\n')
    rows = [{"image": "some/a.png", "text": '"a'}, {"image": "some/b.png", "text": "b, c", "writer": 3}]
    (tmp_path / "list.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + "\n\n")
    (tmp_path / "list.txt").write_text('some/a.png, "\\"a"\nsome/b.png, "b, c"\n')
    (tmp_path / "list.json").write_text(json.dumps({"some/a.png": '"a', "some/b.png": "b, c"}))
    for name in ("list.tsv", "list.csv", "list.jsonl", "list.txt", "list.json"):
        assert read_line_images(tmp_path / name) == (tuple(expected), {})


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("list.tsv", "a.png\tok\nno tab\na.png\tok\n", r"list.tsv:2: no tab; give picture, tab and text"),
        (
            "list.tsv",
            "a.png\tok\nb.png\tb\t1\n",
            r"list.tsv:2: 3 columns; give picture and text, with one tab",
        ),
        (
            "list.tsv",
            "these are words\n",
            r"list.tsv: give IAM's lines.txt, or lines of picture, tab and text",
        ),
        ("list.tsv", "a.png\tx_1 \\frac{a}{b}\n", r"list.tsv looks like a list of formulas"),
        (
            "list.jsonl",
            '{"image": "a.png"}\n',
            r'list.jsonl:1: give {"image": ..., "text": ...} on each line',
        ),
        ("list.jsonl", "[]\n", r"list.jsonl:1: give"),
        ("list.jsonl", "{\n", r"list.jsonl:1: no JSON"),
        ("list.jsonl", '{"image": "a.png", "text": null}', r"list.jsonl:1: give"),
        ("list.tsv", "a.png\t \n", r"list.tsv: no picture to use \(1 line image without text\)"),
        ("list.tsv", "a.png\tx\n", r"no picture to use \(1 missing or unreadable line image\); paths are"),
        ("list.tsv", "", r"list.tsv: give IAM's lines.txt, or"),
    ],
)
def test_a_bad_list_is_named(name: str, content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=f"^--line-images .*{message}"):
        read_line_images(tmp_path / name)


def test_a_list_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "list.tsv").write_bytes(b"\xff\xfe\x00")
    for file in (tmp_path / "list.tsv", tmp_path / "missing.tsv", tmp_path):
        with pytest.raises(ValueError, match="^--line-images .* (is not UTF-8|can't be read)"):
            read_line_images(file)


@pytest.mark.parametrize(
    ("ink", "paper", "noise"),
    [(30, (200, 200), 0), (30, (250, 150), 3), (90, (140, 230), 4), (225, (20, 40), 3)],
    ids=["even", "uneven", "faint", "light on dark"],
)
def test_ink_is_all_that_is_left(
    ink: float, paper: tuple[float, float], noise: float, tmp_path: Path
) -> None:
    mask = np.asarray(read_ink(str(save_line(tmp_path / "line.png", ink, paper, noise)), 400, 60))
    assert mask[27:33, 45:355].mean() > 180
    mask = mask.copy()
    mask[23:37, 38:362] = 0
    assert mask.max() == 0  # no paper, no edge of a rectangle


def test_ink_is_scaled(tmp_path: Path) -> None:
    mask = read_ink(str(save_line(tmp_path / "line.png")), 200, 30)
    assert mask.size == (200, 30)
    assert np.abs(np.subtract(mask.getbbox(), (20, 12, 180, 18))).max() <= 1


def test_specks_are_no_ink(tmp_path: Path) -> None:
    file = save_line(tmp_path / "line.png")
    with Image.open(file) as picture:
        ImageDraw.Draw(picture).point([(10, 10), (380, 50)], fill=60)
        picture.save(file)
    assert np.abs(np.subtract(read_ink(str(file), 400, 60).getbbox(), (40, 25, 360, 35))).max() <= 1


def test_a_broken_picture_is_a_reject(tmp_path: Path) -> None:
    file = save_line(tmp_path / "line.png", noise=20)
    file.write_bytes(file.read_bytes()[:300])
    with pytest.raises(Reject, match="^unreadable line image$"):
        read_ink(str(file), 400, 60)
