r"""LaTeX-OCR: pictures of one formula, as pix2tex publishes them, or as linxy/LaTeX_OCR on the hub does.

The scores are those of `pix2tex/eval.py`, MIT, which is read here and not copied: BLEU, the edit distance
divided by the length of the reference, both without needless spaces. Its BLEU and its token accuracy count
the tokens of its own tokenizer; here tokens are those of LaTeX, and there is no token accuracy.
"""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rapidfuzz.distance import Levenshtein

from got_train.bench.benchmark import (
    Asking,
    Groups,
    check_folder_exists,
    check_pictures,
    damaged,
    question_record,
    write_files,
)
from got_train.data.file_heads import pictures_in
from got_train.data.record import ReadOptions, Record
from got_train.data.sources import select_rows
from got_train.data.utf8 import read_utf8
from got_train.evaluation.evaluate import Score, scores_of
from got_train.evaluation.intervals import drawn_counts, interval
from got_train.markup.delimiters import CLOSING
from got_train.markup.fences import unfenced
from got_train.prompts import Task
from got_train.report import counted

SOURCE = (
    "https://huggingface.co/datasets/linxy/LaTeX_OCR (SUBSET/test-*.parquet), or linked at "
    "https://github.com/lukas-blecher/LaTeX-OCR#data (math.txt and formulae.zip, unpacked)"
)
EQUATIONS = "math.txt"
"""pix2tex's file of formulas: line N, counted from 0, is the formula of the picture N.png."""
TEST_FOLDER = "test"
LONGEST = 4
"""Most tokens of a sequence that BLEU counts."""

_NAMED = re.compile(r"(\\(operatorname|mathrm|text|mathbf)\s?\*? {.*?})")
_TIGHT = [
    re.compile(rf"(?!\\ )({first})\s+?({second})")
    for first, second in ((r"[\W_^\d]", r"[\W_^\d]"), (r"[\W_^\d]", "[a-zA-Z]"))
] + [re.compile(r"([a-zA-Z])\s+?([\W_^\d])")]
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\S", re.DOTALL)


class LatexOcr:
    """The test pictures in a folder."""

    def __init__(self, folder: Path, asking: Asking) -> None:
        """Reads the formulas, and looks for their pictures.

        Raises:
            UserError: if there are no test pictures, or no formulas.
        """
        check_folder_exists(folder)
        query = Task(format=True).query() if asking.query is None else asking.query
        crop = asking.tiles == "all"
        subsets = sorted(folder.glob("**/test-*.parquet")) or sorted(folder.glob("**/test.parquet"))
        if subsets:
            self.records, left_out = _hub_records(subsets, query, crop)
        else:
            self.records, left_out = _pix2tex_records(folder, query, crop)
        if not self.records:
            raise damaged(f"{folder} has no picture with a formula", SOURCE)
        self.notes = [
            *left_out,
            "BLEU counts tokens of LaTeX; pix2tex's counts those of its own tokenizer, and so does its token "
            "accuracy, which is left out here",
            "delimiters round an answer are left out, since the references have none",
        ]

    def write(self, answers: Sequence[str], output: Path) -> str:
        """Writes formulas and answers line by line: pix2tex has no scorer of files."""
        references = [record.turns[-1].response for record in self.records]
        lines = {"references.txt": references, "answers.txt": [bare_formula(answer) for answer in answers]}
        write_files(
            output,
            {name: "".join(" ".join(text.split()) + "\n" for text in texts) for name, texts in lines.items()},
        )
        return f"one formula a line: {output / 'answers.txt'} and {output / 'references.txt'}"

    def score(self, answers: Sequence[str]) -> Groups:
        """The scores of each subset."""
        kinds: dict[str, list[tuple[str, str]]] = {}
        for record, answer in zip(self.records, answers, strict=True):
            pair = tightened(bare_formula(answer)), tightened(record.turns[-1].response)
            kinds.setdefault(record.kind, []).append(pair)
        return {kind: _scores(pairs) for kind, pairs in kinds.items()}


def _hub_records(files: Sequence[Path], query: str, crop: bool) -> tuple[list[Record], list[str]]:
    """The questions, and what is to be said of rows that ask none."""
    options = ReadOptions(query=query)
    records, left_out = [], []
    for file in files:
        rows = select_rows([str(file)], options, np.random.default_rng(0)).records()
        pictured = [row for row in rows if row.images]
        records += [
            question_record(
                row.images[0], query, crop, file.parent.name, row.turns[-1].response, row.location
            )
            for row in pictured
        ]
        if bare := len(rows) - len(pictured):
            left_out.append(f"{file}: {counted(bare, 'row')} without a picture: left out")
    return records, left_out


def _pix2tex_records(folder: Path, query: str, crop: bool) -> tuple[list[Record], list[str]]:
    """As `_hub_records`."""
    found = sorted(folder.glob(f"**/{EQUATIONS}"))
    if not found:
        raise damaged(f"{folder} has neither {EQUATIONS} nor test-*.parquet", SOURCE)
    tests = [path for path in sorted(folder.glob(f"**/{TEST_FOLDER}")) if path.is_dir()]
    pictures = [picture for test in tests for picture in pictures_in(test) if picture.stem.isdecimal()]
    if not pictures:
        raise damaged(f"{folder} has no {TEST_FOLDER}/ with pictures such as 0000123.png", SOURCE)
    check_pictures(pictures, SOURCE)
    lines = read_utf8(found[0], str(found[0])).split("\n")
    pictures.sort(key=lambda picture: int(picture.stem))
    if int(pictures[-1].stem) >= len(lines):
        raise damaged(f"{found[0]} has no line for {pictures[-1]}", SOURCE)
    formulas = [(picture, lines[int(picture.stem)]) for picture in pictures]
    records = [
        question_record(picture, query, crop, TEST_FOLDER, formula, f"{found[0]}:{picture.stem}")
        for picture, formula in formulas
        if formula.strip()
    ]
    bare = len(formulas) - len(records)
    left_out = [f"{found[0]}: {counted(bare, 'picture')} whose line is empty: left out"] if bare else []
    return records, left_out


def bare_formula(answer: str) -> str:
    r"""The LaTeX of an answer without the delimiters around it.

    >>> bare_formula("\\[\n x \\] "), bare_formula("a \\(b\\)")
    ('x', 'a \\(b\\)')
    """
    text = unfenced(answer).strip()
    for opening, closing in CLOSING.items():
        inside = text[len(opening) : -len(closing)]
        whole = text.startswith(opening) and text.endswith(closing) and len(text) > len(opening)
        if whole and opening not in inside and closing not in inside:
            return inside.strip()
    return text


def tightened(latex: str) -> str:
    r"""LaTeX without the spaces that pix2tex's script leaves out before it compares.

    >>> tightened(r"\frac { a } { b } \operatorname {sin} x")
    '\\frac{a}{b}\\operatorname{sin}x'
    """
    latex = _NAMED.sub(lambda found: found[1].replace(" ", ""), latex)
    before = None
    while before != latex:
        before = latex
        for pattern in _TIGHT:
            latex = pattern.sub(r"\1\2", latex)
    return latex


def _scores(pairs: Sequence[tuple[str, str]]) -> dict[str, Score]:
    parts = [
        {
            "edit_distance": (Levenshtein.distance(answer, wanted) / len(wanted), 1.0),
            "exact_match": (float(answer == wanted), 1.0),
        }
        for answer, wanted in pairs
    ]
    return {**scores_of(parts), "bleu": bleu(pairs)}


def bleu(pairs: Sequence[tuple[str, str]]) -> Score:
    """BLEU of all answers together, up to four tokens, with its interval.

    Args:
        pairs: answers and references.
    """
    counts = np.array([_bleu_counts(*pair) for pair in pairs], dtype=float)
    drawn = (_bleu(times @ counts) for times in drawn_counts(len(pairs)))
    return Score(_bleu(counts.sum(axis=0)), *interval(drawn), len(pairs))


def _bleu_counts(answer: str, wanted: str) -> list[int]:
    """Tokens of the answer and the reference; then for each length the sequences found, and all of them."""
    predicted, reference = _TOKEN.findall(answer), _TOKEN.findall(wanted)
    counts = [len(predicted), len(reference)]
    for length in range(1, LONGEST + 1):
        ours, theirs = (
            Counter(tuple(tokens[at : at + length]) for at in range(len(tokens) - length + 1))
            for tokens in (predicted, reference)
        )
        counts += [(ours & theirs).total(), ours.total()]
    return counts


def _bleu(counts: np.ndarray) -> float:
    found, total = counts[2::2], counts[3::2]
    if not found.all():
        return 0.0
    brevity = min(1.0, float(np.exp(1 - counts[1] / counts[0])))
    return brevity * float(np.exp(np.log(found / total).mean()))
