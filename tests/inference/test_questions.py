from pathlib import Path

import pytest
from PIL import Image

from got_train.inference.questions import find_images, parse_box, question
from got_train.report import UserError


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    Image.new("RGB", (200, 100), "white").save(path)
    return path


def asked(*args: object, **options: object) -> str:
    return question(*args, **options).turns[0].query  # type: ignore[arg-type]


def test_questions_are_the_recipe_s_prompts(picture: Path) -> None:
    assert asked([picture]) == "<image>OCR: "
    assert asked([picture], "format") == "<image>OCR with format: "
    assert asked([picture], "format", crop=True) == "<image>OCR with format upon the patch reference: "
    assert asked([picture, picture], "format") == "<image><image>OCR with format across multi pages: "
    assert asked([picture], with_boxes=True) == "<image>OCR with boxes: "
    assert asked([picture], "format", with_boxes=True) == "<image>OCR with format and boxes: "
    assert asked([picture], color="red") == "<image>[red] OCR: "
    assert asked([picture], query="How many?") == "<image>How many?"


@pytest.mark.parametrize(
    "box", [(20, 10, 100, 50), [20.0, 10.0, 100.0, 50.0], "20,10,100,50", "[20, 10, 100, 50]"]
)
def test_boxes_are_pixels_of_the_picture(picture: Path, box: object) -> None:
    assert asked([picture], box=box) == "<image>[100, 100, 500, 500] OCR: "
    assert asked([Image.open(picture)], box=box) == "<image>[100, 100, 500, 500] OCR: "
    assert asked([picture], box=(50, 50)) == "<image>[250, 500] OCR: "


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"box": (0, 0, 201, 50)}, "inside the image of 200 x 100 pixels"),
        ({"box": (50, 0, 20, 50)}, "must be x1,y1,x2,y2"),
        ({"box": (1, 2, 3)}, "must be x1,y1,x2,y2"),
        ({"color": "pink"}, "color 'pink' is not known: red, green, blue are"),
        ({"ocr_type": "text"}, "ocr_type 'text' is not known: ocr and format are"),
        ({"query": "What?", "box": (0, 0, 9, 9)}, "instead of the recipe's tasks: leave out box and color"),
        ({"query": "What?", "color": "red"}, "instead of the recipe's tasks: leave out box and color"),
        ({"query": "What?", "with_boxes": True}, "leave out box, color and with_boxes"),
        ({"with_boxes": True, "box": (0, 0, 9, 9)}, "with_boxes asks for all texts of the image"),
        ({"with_boxes": True, "color": "red"}, "with_boxes asks for all texts of the image"),
        (
            {"query": "<image> What?"},
            "<image> cannot stand in a query: images and the chat template",
        ),
        ({"query": "What?<|im_end|>"}, r"<\|im_end\|> cannot stand in a query"),
        ({"query": "What\ud800"}, "query is not text in UTF-8"),
        ({"box": f"1{'0' * 400},2"}, "is not x1,y1,x2,y2"),
    ],
)
def test_what_the_model_was_not_taught_is_refused(
    picture: Path, options: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        asked([picture], **options)


@pytest.mark.parametrize("options", [{"box": (0, 0, 9, 9)}, {"color": "red"}, {"crop": True}])
def test_pages_are_read_whole(picture: Path, options: dict[str, object]) -> None:
    with pytest.raises(UserError, match="the pages of a document are read whole: leave out box, color and"):
        asked([picture, picture], **options)


def test_texts_of_boxes() -> None:
    assert parse_box("(1, 2.5)") == (1.0, 2.5)
    for text in ("1", "1,2,3", "a,b", "", "1,2,3,4,5", "[[1],2]"):
        with pytest.raises(UserError, match="is not x1,y1,x2,y2"):
            parse_box(text)


def test_pictures_are_found_in_folders_patterns_and_pdf_files(tmp_path: Path, picture: Path) -> None:
    (tmp_path / "scans" / "deep").mkdir(parents=True)
    for name in ("scans/2.PNG", "scans/1.jpg", "scans/deep/3.webp"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    (tmp_path / "scans" / "notes.txt").touch()
    pdf = tmp_path / "scans" / "m.pdf"
    Image.new("RGB", (72, 144)).save(pdf, save_all=True, append_images=[Image.new("RGB", (72, 72))])
    scans = tmp_path / "scans"
    inside = [scans / "1.jpg", scans / "2.PNG", scans / "deep" / "3.webp", f"{pdf}:1", f"{pdf}:2"]
    assert find_images([str(scans)]) == [str(path) for path in inside]
    assert find_images([f"{scans}/*.jpg", str(picture)]) == [str(scans / "1.jpg"), str(picture)]
    assert find_images([f"{pdf}:2"]) == [f"{pdf}:2"]
    for name in (f"{pdf}:3", f"{pdf}:0", "nothing/*.png", str(tmp_path / "no.png"), "iVBORw0KGgo" * 40):
        with pytest.raises(UserError, match="no image at"):
            find_images([name])
