"""`got-data stats`: tables of the kinds, lengths, pictures, characters and repeats in a set of rows.

All rows are read and their texts counted in tokens; then pictures are opened as training opens them.
"""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

import numpy as np
from transformers import PreTrainedTokenizerFast

from data_engines.options import Parser, check_bounds
from data_engines.tools.near_repeats import count_near_repeats, signature
from data_engines.tools.sheets.pictures import Picture, measure_all
from data_engines.tools.sheets.row_tables import PictureTable, RowCounts, RowTable
from data_engines.tools.signs import REFERENCE, Language, count_characters, frequencies
from got_train.bitsandbytes_import import hide_bitsandbytes
from got_train.config import EncoderConfig, SampleConfig
from got_train.config_file import load_config
from got_train.config_folder import CONFIGS
from got_train.data.encode import spans
from got_train.data.errors import RowError
from got_train.data.readers import open_rows
from got_train.data.record import Record
from got_train.data.rows import Rows
from got_train.data.tiles import grid_of_tiles, num_tiles
from got_train.model.tokenizer import load_tokenizer
from got_train.progress import progress
from got_train.prompts import IMAGE_TAG, parse_task
from got_train.report import table
from got_train.vocabulary import MAX_TILES, TILE_SIZE, tokens_per_tile

BATCH = 1000
"""Number of rows whose texts are tokenized together."""
OPENED_TOGETHER = 100_000
"""Number of pictures whose names are held in memory at once."""
NUM_FREQUENT_CHARACTERS = 16

SCRIPTS = {"LATIN": "Latin", "CJK": "Han", "GREEK": "Greek"}
"""Scripts by the first word of a character's Unicode name."""


@dataclass
class Survey:
    """The contents of a set."""

    rows: RowTable = field(default_factory=RowTable)
    pictures: PictureTable = field(default_factory=lambda: PictureTable(0))
    """Each different picture."""
    characters: dict[Language, Counter[str]] = field(default_factory=lambda: count_characters([]))
    """Counts of characters in answers, without white space, by the language of their line."""
    faults: defaultdict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    """Faulty rows and pictures, by kind of fault and cause; the other tables leave out faulty rows."""


def run(words: Sequence[str]) -> None:
    """Runs the command with the words after `stats`."""
    hide_bitsandbytes()
    parser = Parser(prog="got-data stats", description="Count what is in a set of rows; nothing is written.")
    parser.add_argument(
        "rows", metavar="DIR", help="what got-data wrote, or rows as .jsonl, .tar or .parquet"
    )
    parser.add_argument(
        "--pictures", type=int, metavar="N", help="open N pictures, evenly spread (default: all)"
    )
    parser.add_argument(
        "--config",
        action="append",
        metavar="FILE",
        help="training config whose sample.max_length rows must keep to (default: those of the stages)",
    )
    flags = parser.parse_args(words)
    limits = read_limits(flags.config or sorted(CONFIGS.glob("stage*.yaml")))
    print(describe(survey(flags.rows, flags.pictures), limits))


def read_limits(configs: Sequence[str | Path]) -> dict[str, int]:
    """The maximum length of a sample in tokens, by the name of each configuration."""
    loaded = [load_config(file, ["data.train=[]", "data.weights=null"]) for file in configs]
    return {config.name: config.sample.max_length for config in loaded}


def survey(name: str, max_pictures: int | None = None) -> Survey:
    """Reads all rows of a set.

    Args:
        name: what `open_rows` takes.
        max_pictures: number of pictures that are opened; None for all.

    Raises:
        ValueError: there are no such rows.
    """
    if max_pictures is not None:
        check_bounds("--pictures", max_pictures, 0)
    found, rows = Survey(), open_rows(name)
    _read_rows(rows, found)
    _open_pictures(rows, max_pictures, found)
    return found


def _read_rows(rows: Rows, found: Survey) -> None:
    """Reads and counts all rows into `found`."""
    tokenizer = load_tokenizer("qwen")
    starts = range(0, len(rows), BATCH)
    bar = progress("rows", len(rows), "row")
    for start in starts:
        numbers = range(start, min(start + BATCH, len(rows)))
        records = {number: record for number in numbers if (record := _read_row(rows, number, found))}
        lengths = _count_tokens(list(records.values()), tokenizer)
        for (number, record), (answer_tokens, text_tokens) in zip(records.items(), lengths, strict=True):
            answers = [turn.response for turn in record.turns]
            for language, counts in count_characters(answers).items():
                found.characters[language].update(counts)
            counts_of_row = RowCounts(
                kind=record.kind,
                task=task_name(record),
                crop=bool(record.crop),
                answer_tokens=answer_tokens,
                text_tokens=text_tokens,
                answer=_hash(answers),
                question=_hash([turn.query for turn in record.turns]),
                pictures=tuple(_hash([str(image)]) for image in record.images),
            )
            found.rows.add(number, counts_of_row, signature("\0".join(answers)))
        bar.update(len(numbers))
    bar.close()


def _read_row(rows: Rows, index: int, found: Survey) -> Record | None:
    """A row; None, and a fault in `found`, if training couldn't read the row or find its pictures."""
    try:
        return rows.record(index)
    except RowError as error:
        found.faults["row", error.cause].append(error.location)
        return None


def _count_tokens(records: Sequence[Record], tokenizer: PreTrainedTokenizerFast) -> list[tuple[int, int]]:
    """For each record, the tokens of its answers, and those of the whole sample without its pictures."""
    pieces = [list(spans(record, SampleConfig.template)) for record in records]
    texts = [text for record in pieces for text, _ in record]
    encoded = iter(tokenizer.backend_tokenizer.encode_batch_fast(texts, add_special_tokens=False))
    lengths = []
    for record, pieces_of_record in zip(records, pieces, strict=True):
        counts = [(len(next(encoded)), supervised) for _, supervised in pieces_of_record]
        # the last token of an answer closes the message, and each picture is one token in the text
        answers = sum(count - 1 for count, supervised in counts if supervised)
        lengths.append((answers, sum(count for count, _ in counts) - len(record.images)))
    return lengths


def task_name(record: Record) -> str:
    """The task of a row, in one or two words."""
    if len(record.turns) > 1:
        return "conversation"
    task = parse_task(record.turns[0].query.replace(IMAGE_TAG, ""))
    if task is None:
        return "other question"
    words = ("box", "color", "crop", "pages", "format")
    return " ".join(word for word in words if getattr(task, word)) or "plain"


def _hash(texts: Sequence[str]) -> int:
    return int.from_bytes(blake2b("\0".join(texts).encode(), digest_size=8).digest())


def _open_pictures(rows: Rows, most: int | None, found: Survey) -> None:
    """Opens `most` of the pictures, evenly spread, or all, and puts their sizes into `found`."""
    places = found.rows.number_pictures()
    found.pictures = PictureTable(len(places))
    number = len(places) if most is None else min(most, len(places))
    chosen = [place * len(places) // number for place in range(number)]
    bar = progress("pictures", number, "picture")
    for start in range(0, number, OPENED_TOGETHER):
        some = chosen[start : start + OPENED_TOGETHER]
        files = [rows.record(row).images[position] for row, position in places[some].tolist()]
        for place, file, picture in zip(some, files, measure_all(files), strict=True):
            if isinstance(picture, Picture):
                found.pictures[place] = picture
            else:
                found.faults["picture", picture].append(str(file))
            bar.update()
    bar.close()


def sample_tokens(row: RowCounts, pictures: Sequence[Picture | None]) -> int | None:
    """Tokens of a row in training, with its pictures; None if these have tiles and were not opened."""
    tiles = len(row.pictures)
    if row.crop:
        tiles = 0
        for picture in (pictures[number] for number in row.pictures):
            if picture is None:
                return None
            tiles += num_tiles(grid_of_tiles(picture.width, picture.height, TILE_SIZE, row.crop, MAX_TILES))
    return row.text_tokens + tiles * tokens_per_tile(TILE_SIZE, EncoderConfig.patch_size)


def describe(found: Survey, limits: dict[str, int]) -> str:
    """All tables of a set, as text."""
    sections = {
        "rows": _count_table(found),
        "tokens of answers, in Qwen's vocabulary": _spread_table(
            found, lambda row: row.answer_tokens, "no row could be read"
        ),
        "tokens of samples, with those of their pictures": _spread_table(
            found, lambda row: sample_tokens(row, found.pictures), "none is known: open the pictures"
        ),
        "samples too long to train on": _limit_table(found, limits),
        "pictures: smallest, median and largest": _picture_table(found),
        "characters of answers": _character_table(sum(found.characters.values(), Counter())),
        "digits and signs in 1,000 characters, beside real documents": _sign_table(found.characters),
        "repeats": _repeat_table(found),
        "faults": _fault_table(found),
    }
    return "\n\n".join(f"{title}\n{text}" for title, text in sections.items())


def _count_table(found: Survey) -> str:
    counts = Counter((row.kind, row.task) for row in found.rows)
    lines = [
        (kind, task, number, _share(number, len(found.rows)))
        for (kind, task), number in sorted(counts.items())
    ]
    if len(lines) > 1:
        lines.append(("all", "", len(found.rows), ""))
    return table(["kind", "task", "rows", "share"], lines)


def _by_kind(found: Survey) -> Iterator[tuple[str, np.ndarray]]:
    """The places of the rows of each kind, and of all rows if there are several kinds."""
    kinds = found.rows.of_kinds()
    yield from kinds.items()
    if len(kinds) > 1:
        yield "all", np.arange(len(found.rows))


def _spread_table(found: Survey, length: Callable[[RowCounts], int | None], nothing: str) -> str:
    lines = []
    for kind, places in _by_kind(found):
        known = (value for place in places if (value := length(found.rows[place])) is not None)
        lengths = np.fromiter(known, np.int32)
        if len(lengths):
            spread = np.percentile(lengths, [0, 50, 95, 100], method="higher")
            lines.append((kind, len(lengths), *map(int, spread)))
    return table(["kind", "rows", "min", "median", "p95", "max"], lines) if lines else nothing


def _limit_table(found: Survey, limits: dict[str, int]) -> str:
    known = (value for row in found.rows if (value := sample_tokens(row, found.pictures)) is not None)
    lengths = np.fromiter(known, np.int32)
    lines = []
    for name, limit in limits.items():
        number = int((lengths > limit).sum())
        lines.append((name, limit, number, _share(number, len(lengths))))
    return table(["configuration", "sample.max_length", "rows", "share"], lines)


def _picture_table(found: Survey) -> str:
    lines = []
    for kind, places in _by_kind(found):
        numbers = np.unique(
            np.fromiter((n for place in places for n in found.rows[place].pictures), np.int64)
        )
        opened = found.pictures.sizes(numbers)
        if len(opened):
            sizes = np.column_stack([opened, opened.prod(axis=1) / 1e6])
            widths, heights, megapixels = np.percentile(sizes, [0, 50, 100], axis=0).T
            spreads = [" / ".join(f"{value:,.0f}" for value in side) for side in (widths, heights)]
            spreads.append(" / ".join(f"{value:.2f}" for value in megapixels))
            lines.append((kind, len(numbers), len(opened), *spreads))
    if not lines:
        return "none opened"
    return table(["kind", "files", "opened", "width", "height", "megapixels"], lines)


def _character_table(characters: Counter[str]) -> str:
    scripts: dict[str, Counter[str]] = {name: Counter() for name in (*SCRIPTS.values(), "digits", "other")}
    for character, number in characters.items():
        scripts[script_of(character)][character] = number
    lines = [
        (
            name,
            len(counts),
            counts.total(),
            _share(counts.total(), characters.total()),
            " ".join(character for character, _ in counts.most_common(NUM_FREQUENT_CHARACTERS)),
        )
        for name, counts in scripts.items()
    ]
    return table(["script", "distinct", "in all", "share", "most frequent"], lines)


def _sign_table(characters: dict[Language, Counter[str]]) -> str:
    """Lines without Chinese are counted as English."""
    english, chinese = (frequencies(characters[language]) for language in ("en", "zh"))
    lines = [
        (name, *(f"{number:.1f}" for number in (here, real, here_zh, real_zh)))
        for (name, (real, real_zh)), here, here_zh in zip(REFERENCE.items(), english, chinese, strict=True)
    ]
    return table(["sign", "English", "documents", "Chinese", "documents"], lines)


def script_of(character: str) -> str:
    """
    >>> [script_of(character) for character in "é中α7+"]
    ['Latin', 'Han', 'Greek', 'digits', 'other']
    """
    if character.isdecimal():
        return "digits"
    return SCRIPTS.get(unicodedata.name(character, "").partition(" ")[0], "other")


def _repeat_table(found: Survey) -> str:
    """The numbers of rows that repeat an earlier row of their kind."""
    lines = []
    for kind, places in _by_kind(found):
        answers = len(places) - len(np.unique(found.rows.answers()[places]))
        near = count_near_repeats(found.rows.signatures()[places])
        wholes = np.fromiter(
            (
                hash((row.question, row.answer, *(picture.content for picture in pictures if picture)))
                for row in map(found.rows.__getitem__, places)
                if None not in (pictures := [found.pictures[number] for number in row.pictures])
            ),
            np.int64,
        )
        lines.append((kind, len(places), answers, near, len(wholes) - len(np.unique(wholes))))
    heads = ["kind", "rows", "answer seen before", "or nearly", "pictures, question and answer seen before"]
    return table(heads, lines)


def _fault_table(found: Survey) -> str:
    if not found.faults:
        return "none"
    lines = [(what, cause, len(places), places[0]) for (what, cause), places in sorted(found.faults.items())]
    return table(["what", "cause", "number", "first"], lines)


def _share(number: int, total: int) -> str:
    return f"{100 * number / total:.1f} %" if total else "-"
