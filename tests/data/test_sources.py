import json
from pathlib import Path

import numpy as np
import pytest

from got_train.config import DataConfig, SampleConfig
from got_train.data.check import CheckResult, check_rows
from got_train.data.errors import RowError
from got_train.data.good_rows import row_keys
from got_train.data.readers import open_rows
from got_train.data.record import READ_AS_IT_IS, ReadOptions
from got_train.data.records import parse_row
from got_train.data.row_files import JsonlRows, ListedRows
from got_train.data.rows import Rows
from got_train.data.samples import SampleEncoder, SampleSet
from got_train.data.sources import DatasetSpec, choose_rows, choose_run_rows, select_rows
from got_train.model.tokenizer import small_tokenizer
from got_train.report import UserError
from got_train.vocabulary import TileShape
from tests.conftest import draw, write_rows

TOKENIZER = small_tokenizer()


def encoder(**config: object) -> SampleEncoder:
    return SampleEncoder(TOKENIZER, SampleConfig(**config), TileShape(32, 4))  # type: ignore[arg-type]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_jsonl_rows_are_read_where_they_lie(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"query": "1", "response": "a"}\n\n  \n{"query": "2", "response": "b"}')
    rows = JsonlRows(path)
    assert len(rows) == 2
    assert [rows.row(i)["query"] for i in range(2)] == ["1", "2"]
    assert [rows.location(i) for i in range(2)] == [f"{path}:1", f"{path}:4"]


def test_json_lists_of_the_authors_load(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    said = [{"from": "human", "value": "<image>\nOCR: "}, {"from": "gpt", "value": "x"}]
    path.write_text(json.dumps([{"image": "a.png", "conversations": said}]))
    rows = ListedRows(path)
    assert parse_row(rows.row(0), rows.location(0)).images == (Path("a.png"),)
    assert rows.location(0) == f"{path}:1"
    path.write_text("{}")
    with pytest.raises(UserError, match=r"must hold rows, not one object \(keys: none\)"):
        ListedRows(path)


@pytest.mark.parametrize(
    ("number", "expected"), [("", 10), ("#4", 4), ("#25", 25), ("#80%", 8), ("#250%", 25), ("#1%", 1)]
)
def test_specs_count_rows(rows_file: Path, number: str, expected: int) -> None:
    assert DatasetSpec.parse(f"{rows_file}{number}").count(10) == expected


def test_a_path_with_a_hash_stands_for_itself(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "a#5.jsonl", [{"query": "q", "response": "r"}])
    assert DatasetSpec.parse(str(path)) == DatasetSpec((path,))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nope.jsonl", "data file nope.jsonl does not exist"),
        ("nope.jsonl#5", "data file nope.jsonl does not exist"),
        ("{path}#five", "after # comes a number of rows"),
        ("{path}#0", "after # comes a number of rows"),
        ("{folder}/0.png", "only .jsonl, .json, .csv, .tsv, .tar, .parquet files are read"),
    ],
)
def test_bad_specs(rows_file: Path, text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        DatasetSpec.parse(text.format(path=rows_file, folder=rows_file.parent))


@pytest.mark.parametrize(
    ("query", "bad"),
    [
        ("[0, 0, 1000, 1000] OCR: ", False),
        ("[500, 20] OCR: ", False),
        ("what is [5000, 2, 1, 1]?", False),
        ("[0, 0, 1001, 20] OCR: ", True),
        ("[30, 0, 20, 20] OCR with format: ", True),
        ("[83, 125, 83, 125] OCR: ", True),
        ("[83, 125, 83, 225] OCR: ", True),
        ("[red] [2000, 3] OCR: ", True),
        ("[1, 2, 3] OCR: ", True),
        ("[83, 125, 83, 125] OCR: ", True),
        ("[83, 125, 90, 125] OCR: ", True),
    ],
)
def test_boxes_are_thousandths(tmp_path: Path, query: str, bad: bool) -> None:
    draw(tmp_path / "a.png", "x")
    row = {"query": f"<image>{query}", "response": "x", "images": ["a.png"]}
    rows = open_rows(str(write_rows(tmp_path / "a.jsonl", [row])))
    problems = check_rows(rows, np.arange(1), encoder(), 0, "checking")
    assert problems.counts() == ({"wrong box": 1} if bad else {})


def test_choose_rows_below_and_above_the_length() -> None:
    some = choose_rows(10, 4, rng())
    assert len(set(some.tolist())) == 4
    assert (np.diff(some) > 0).all()
    many = np.bincount(choose_rows(10, 25, rng()), minlength=10)
    assert sorted(many.tolist()) == [2] * 5 + [3] * 5
    assert choose_rows(10, 4, rng()).tolist() == some.tolist()
    assert choose_rows(10, 10, rng()).tolist() == list(range(10))


def test_weights_share_an_epoch(tmp_path: Path) -> None:
    files = [
        str(write_rows(tmp_path / f"{n}.jsonl", [{"query": "q", "response": "r"}] * n)) for n in (30, 10)
    ]
    mixed = select_rows(files, READ_AS_IT_IS, rng(), weights=[1, 3])
    assert np.bincount(mixed.picks[:, 0]).tolist() == [10, 30]
    assert mixed.counts() == dict(zip(files, [10, 30], strict=True))


def test_validation_rows_are_split_off_with_all_their_repeats(rows_file: Path) -> None:
    config = DataConfig(train=[f"{rows_file}#200%"], val_ratio=0.2)
    chosen = choose_run_rows(config, seed=1)
    train, val = chosen.train, chosen.val
    assert val is not None
    assert (len(train), len(val)) == (28, 3)
    assert not {tuple(pick) for pick in train.picks} & {tuple(pick) for pick in val.picks}
    again = choose_run_rows(config, seed=1).val
    assert again is not None
    assert again.picks.tolist() == val.picks.tolist()
    assert choose_run_rows(DataConfig(train=[str(rows_file)], val_ratio=0), seed=1).val is None


def test_a_smaller_share_is_a_part_of_each_larger_one_and_validation_rows_stay(rows_file: Path) -> None:
    shares, held_out = {}, []
    for ratio in (1.0, 0.5, 0.25, 0.001):
        chosen = choose_run_rows(
            DataConfig(train=[f"{rows_file}#200%"], val_ratio=0.1, train_ratio=ratio), seed=3
        )
        assert chosen.val is not None
        shares[ratio] = {tuple(pick) for pick in chosen.train.picks.tolist()}
        assert len(chosen.train) == 2 * len(shares[ratio])  # with all repeats
        held_out.append(chosen.val.picks.tolist())
    assert [len(shares[ratio]) for ratio in (1.0, 0.5, 0.25, 0.001)] == [16, 8, 4, 1]
    assert held_out == 4 * held_out[:1]
    assert shares[0.001] < shares[0.25] < shares[0.5] < shares[1.0]


def test_one_row_is_split_off_at_least(rows_file: Path) -> None:
    chosen = choose_run_rows(DataConfig(train=[str(rows_file)]), seed=0)
    assert chosen.val is not None
    assert (len(chosen.train), len(chosen.val)) == (16, 1)
    with pytest.raises(UserError, match="1 row cannot be split into training and validation"):
        choose_run_rows(DataConfig(train=[f"{rows_file}#1"]), seed=0)


def test_samples_have_ids_labels_and_tiles(rows_file: Path) -> None:
    data = SampleSet(open_rows(str(rows_file)), encoder())
    assert data[0].tiles.shape == (1, 32, 32, 3)
    assert data[16].tiles.shape == (0, 32, 32, 3)
    assert data[0].location == f"{rows_file}:1"


def test_crop_of_a_row_wins_over_the_configuration(tmp_path: Path) -> None:
    draw(tmp_path / "wide.png", "x", size=(64, 32))
    rows = [{"query": "q", "response": "r", "images": ["wide.png"], "crop": flag} for flag in (True, False)]
    rows.append({"query": "q", "response": "r", "images": ["wide.png"]})
    path = str(write_rows(tmp_path / "a.jsonl", rows))
    for crop, expected in ((False, [3, 1, 1]), (True, [3, 1, 3])):
        data = SampleSet(open_rows(path), encoder(crop=crop))
        assert [len(data[i].tiles) for i in range(3)] == expected


def test_relative_pictures_are_found_beside_the_file_in_image_root_and_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("data", "root", "work"):
        (tmp_path / name).mkdir()
    for folder, picture in (("data", "a.png"), ("root", "b.png"), ("work", "c.png")):
        draw(tmp_path / folder / picture, "x")
    listed = [{"query": "q", "response": "r", "images": [f"{name}.png"]} for name in "abc"]
    path = write_rows(tmp_path / "data" / "rows.jsonl", listed)
    monkeypatch.chdir(tmp_path / "work")
    rows = open_rows(str(path), ReadOptions(image_root=str(tmp_path / "root")))
    found = [json.loads(rows.portable_row(i))["images"][0] for i in range(3)]
    assert found == [str(tmp_path / f"{folder}.png") for folder in ("data/a", "root/b", "work/c")]


@pytest.fixture
def bad_rows(tmp_path: Path) -> Path:
    """One row of each kind of fault, and a good one at the end."""
    draw(tmp_path / "good.png", "x")
    draw(tmp_path / "large.png", "x", size=(200, 200))
    draw(tmp_path / "whole.png", "x", size=(150, 150))
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:-60])
    (tmp_path / "text.png").write_text("not a picture")
    picture = {"query": "<image>OCR: ", "response": "x"}
    return write_rows(
        tmp_path / "bad.jsonl",
        [
            "not json",
            {"response": "x"},
            picture | {"images": ["missing.png"]},
            picture | {"images": ["text.png"]},
            picture | {"images": ["cut.png"]},
            picture | {"images": ["large.png"]},
            picture | {"images": []},
            {"query": "q", "response": "long " * 100},
            picture | {"images": ["good.png"]},
        ],
    )


def test_ranks_check_shares_whose_sizes_fit_together(tmp_path: Path) -> None:
    listed = [{"query": "q", "response": "7" * (1 + number)} for number in range(5)]
    file = write_rows(tmp_path / "rows.jsonl", listed)
    data = select_rows([f"{file}#13"], READ_AS_IT_IS, rng())

    def check(rows: Rows, indexes: np.ndarray) -> CheckResult:
        return check_rows(rows, indexes, encoder(), 0, "checking")

    whole = check(data, data.distinct)
    parts = [check(data, data.distinct[rank::3]) for rank in range(3)]
    assert [len(part.sizes) for part in parts] == [2, 2, 1]
    assert CheckResult.joined(parts).sizes.tolist() == whole.sizes.tolist()
    keys = CheckResult.joined(parts).keys[data.distinct_numbers()]
    assert keys.tolist() == row_keys(data).tolist() and len(set(keys.tolist())) == 5
    for order in (np.arange(13), np.arange(13)[::-1], np.array([12, 3, 3, 0])):
        rows = data.subset(order)
        samples = SampleSet(rows, encoder())
        sizes = check(rows, rows.distinct).sizes[rows.distinct_numbers()]
        assert sizes[:, 0].tolist() == [len(samples[index].input_ids) for index in range(len(order))]


def problems(path: Path, workers: int = 0) -> dict[int, RowError]:
    rows = open_rows(str(path))
    limits = encoder(max_length=100, max_pixels=30000)
    return check_rows(rows, np.arange(len(rows)), limits, workers, "checking").bad


def test_every_fault_is_found_with_its_line_and_cause(bad_rows: Path) -> None:
    causes = {index: error.cause for index, error in problems(bad_rows).items()}
    assert causes == {
        0: "not JSON",
        1: "missing key",
        2: "image missing",
        3: "image unreadable",
        4: "image truncated",
        5: "image too large",
        6: "tag mismatch",
        7: "too long",
    }
    for index, error in problems(bad_rows).items():
        assert str(error).startswith(f"{bad_rows}:{index + 1}: {causes[index]}: ")


def test_worker_processes_find_the_same(bad_rows: Path) -> None:
    alone, shared = (problems(bad_rows, workers) for workers in (0, 2))
    assert {i: str(error) for i, error in alone.items()} == {i: str(error) for i, error in shared.items()}


def test_limits_are_told_with_what_they_met(bad_rows: Path) -> None:
    bad = problems(bad_rows)
    assert "511 tokens, sample.max_length is 100" in str(bad[7])
    assert "200 x 200 pixels, sample.max_pixels 30000" in str(bad[5])


def test_few_rows_are_spread_over_the_set(rows_file: Path) -> None:
    rows = open_rows(str(rows_file))
    few = rows.spread(4).records()
    assert [record.location.rpartition(":")[2] for record in few] == ["1", "5", "9", "13"]
    assert len(rows.spread(100)) == 17
    assert len(rows.records()) == 17
