"""OmniDocBench: pages of many kinds, by the edit distance of texts and formulas, TEDS, and reading order.

Source: opendatalab/OmniDocBench 1.5, Apache-2.0: its `end2end` evaluation with `match_gt2pred_simple`, which
pairs one part with one, as it does where its `quick_match` takes too long. The rules are written here anew.
The leaderboard has `quick_match`, and formulas by CDM: the configuration that is written beside the pages
has the official scorer compute both.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from got_train.bench.benchmark import (
    LARGE_SIDE_PIXELS,
    Asking,
    Groups,
    check_folder_exists,
    check_inside,
    check_pictures,
    damaged,
    missing,
    page_record,
    read_list,
    require,
    write_files,
)
from got_train.bench.omnidocbench_pages import (
    FORMULA,
    SCORED,
    Page,
    Part,
    annotated_page,
    answered_page,
    cell_parts,
    normalized_text,
    unicode_of,
)
from got_train.evaluation.evaluate import scores_of
from got_train.evaluation.suites import NONE, Parts
from got_train.evaluation.teds import teds
from got_train.markup.html_tables import with_html_tables
from got_train.markup.tabular import Table
from got_train.progress import progress

SOURCE = "https://huggingface.co/datasets/opendatalab/OmniDocBench"
FILE = "OmniDocBench.json"
IMAGE_FOLDER = "images"
FOLDER = "markdown"
CONFIG = "end2end.yaml"

CONFIG_TEXT = """# python pdf_validation.py --config FILE, in a checkout of opendatalab/OmniDocBench
end2end_eval:
  metrics:
    text_block: {{metric: [Edit_dist]}}
    display_formula: {{metric: [Edit_dist, CDM]}}
    table: {{metric: [TEDS, Edit_dist]}}
    reading_order: {{metric: [Edit_dist]}}
  dataset:
    dataset_name: end2end_dataset
    ground_truth: {{data_path: {truth}}}
    prediction: {{data_path: {pages}}}
    match_method: quick_match
"""


@dataclass(frozen=True)
class Match:
    """An annotated part and the part of the answer that is compared with it."""

    wanted: Part
    found: Part | None


class OmniDocBench:
    """The annotated pages in a folder."""

    def __init__(self, folder: Path, asking: Asking) -> None:
        """Reads the annotations, and looks for the pictures.

        Raises:
            UserError: if files are missing, or an annotation cannot be read.
        """
        require("pylatexenc", "apted", "scipy")
        check_folder_exists(folder)
        self.file = folder / FILE
        if not self.file.is_file():
            raise missing(self.file, SOURCE)
        self.annotations = read_list(self.file, SOURCE)
        for number, annotation in enumerate(self.annotations, start=1):
            _check(annotation, f"{self.file}, page {number}")
        images = [_image(annotation["page_info"]["image_path"], folder) for annotation in self.annotations]
        check_pictures(images, SOURCE)
        self.names = [f"{image.name[:-4]}.md" for image in images]
        twice = [name for name, number in Counter(self.names).items() if number > 1]
        if twice:
            raise damaged(f"{self.file} has several pages for {twice[0]}", SOURCE)
        self.records = [
            page_record(
                image, asking, _is_large(annotation), _source(annotation), location=f"{self.file}:{number}"
            )
            for number, (image, annotation) in enumerate(zip(images, self.annotations, strict=True), start=1)
        ]
        self.notes = [
            "each part is paired with one (the official match_gt2pred_simple); the leaderboard's quick_match "
            "also joins and cuts paragraphs, which gives smaller distances, and CDM scores its formulas: run "
            "the official scorer to compare",
        ]

    def write(self, answers: Sequence[str], output: Path) -> str:
        """Writes a markdown file for each page, and the configuration of the official scorer."""
        write_files(output / FOLDER, dict(zip(self.names, map(with_html_tables, answers), strict=True)))
        paths = {"truth": self.file, "pages": output / FOLDER}
        text = CONFIG_TEXT.format(**{name: _quoted(path.resolve()) for name, path in paths.items()})
        write_files(output, {CONFIG: text})
        return (
            f"for the official scorer: python pdf_validation.py --config {output / CONFIG}, in a checkout of "
            "https://github.com/opendatalab/OmniDocBench"
        )

    def score(self, answers: Sequence[str]) -> Groups:
        """The scores of all pages, and of those in each language."""
        pages = zip(self.annotations, map(with_html_tables, answers), strict=True)
        parts: dict[str, list[Parts]] = {"all": []}
        for annotation, markdown in progress("scoring", len(self.annotations), "page", pages):
            scored = page_parts(annotated_page(annotation), answered_page(markdown))
            parts["all"].append(scored)
            if language := _attributes(annotation).get("language"):
                parts.setdefault(str(language), []).append(scored)
        groups = {name: scores_of(some) for name, some in parts.items()}
        return {name: scores for name, scores in groups.items() if scores}


def _check(annotation: Any, location: str) -> None:
    """Refuses what is no annotated page."""
    try:
        page = annotation["page_info"]
        image = PurePosixPath(page["image_path"])
        whole = all(map(_is_element, annotation["layout_dets"])) and isinstance(
            page.get("page_attribute"), dict | None
        )
        whole = whole and all(isinstance(page.get(side), int | float | None) for side in ("width", "height"))
        for relation in annotation.get("extra", {}).get("relation", []):
            whole = whole and {"source_anno_id", "target_anno_id"} <= relation.keys()
    except (TypeError, KeyError, AttributeError):
        whole = False
    if not whole:
        raise damaged(f"{location} is no annotated page (page_info, layout_dets)", SOURCE)
    check_inside(str(image), "image_path", location)


def _is_element(element: Any) -> bool:
    return (
        isinstance(element, dict)
        and isinstance(element.get("category_type"), str)
        and isinstance(element.get("anno_id"), int | str)
        and isinstance(element.get("order"), int | float | None)
    )


def _quoted(path: Path) -> str:
    """A path as YAML may have it, whatever characters it holds."""
    return json.dumps(str(path), ensure_ascii=False)


def _image(name: str, folder: Path) -> Path:
    """The picture of a page, which lies in `images/`."""
    places = [folder / IMAGE_FOLDER / Path(name).name, folder / IMAGE_FOLDER / name, folder / name]
    return next((place for place in places if place.is_file()), places[0])


def _is_large(annotation: Mapping[str, Any]) -> bool:
    page = annotation["page_info"]
    return max(page.get("width") or 0, page.get("height") or 0) >= LARGE_SIDE_PIXELS


def _attributes(annotation: Mapping[str, Any]) -> Mapping[str, Any]:
    return annotation["page_info"].get("page_attribute") or {}


def _source(annotation: Mapping[str, Any]) -> str:
    return str(_attributes(annotation).get("data_source") or "page")


def page_parts(wanted: Page, answer: Page) -> Parts:
    """What a page adds to each score.

    Returns:
        `text_edit` and `formula_edit`: the edits of all matched parts over the lengths of the longer ones;
        `order_edit`: the edits that put the matched texts into their order; `teds` and `teds_structure` over
        the annotated tables. A part or table without a partner is all wrong.
    """
    pairs, others = _match_tables([table for table, _ in wanted.tables], answer.tables)
    cells = cell_parts(others) if wanted.tables else []
    matches = _match_parts(wanted.parts, [*answer.parts, *cells])
    scored = [match for match in matches if match.wanted.category in (*SCORED, FORMULA)]
    texts = [_as_text(match) for match in scored if not _is_formula(match)]
    count = float(len(wanted.tables))
    return {
        "text_edit": _edits(texts),
        "formula_edit": _edits([match for match in scored if _is_formula(match)]),
        "order_edit": _order([match for match in scored if match.wanted.category != FORMULA]),
        "teds": (sum(teds(*pair) for pair in pairs), count),
        "teds_structure": (sum(teds(*pair, texts=False) for pair in pairs), count),
    }


def _is_formula(match: Match) -> bool:
    """Whether formulas are compared: a formula that was read as text is compared as text."""
    is_text = match.found is not None and match.found.kind == "text"
    return match.wanted.category == FORMULA and not is_text


def _as_text(match: Match) -> Match:
    wanted = match.wanted
    if wanted.category != FORMULA:
        return match
    return Match(
        Part("text", FORMULA, normalized_text(unicode_of(wanted.raw)), wanted.raw, wanted.place), match.found
    )


def _match_parts(wanted: Sequence[Part], found: Sequence[Part]) -> list[Match]:
    """Pairs of parts with the smallest sum of normalised edit distances, and parts without a partner."""
    partners = _partners([part.text for part in wanted], [part.text for part in found])
    return [
        Match(part, found[partners[number]] if number in partners else None)
        for number, part in enumerate(wanted)
    ]


def _match_tables(
    wanted: Sequence[Table], found: Sequence[tuple[Table, float]]
) -> tuple[list[tuple[Table, Table]], list[tuple[Table, float]]]:
    """Pairs of an answer's and an annotated table, and the answer's tables without a partner."""
    partners = _partners(list(map(_text_of, wanted)), [_text_of(table) for table, _ in found])
    pairs = [(found[place][0], wanted[number]) for number, place in partners.items()]
    return pairs, [table for place, table in enumerate(found) if place not in partners.values()]


def _text_of(table: Table) -> str:
    return "\n".join(cell.text for row in table.rows for cell in row)


def _partners(wanted: Sequence[str], found: Sequence[str]) -> dict[int, int]:
    """By the place of each wanted text, the place of the text that is matched with it."""
    if not wanted or not found:
        return {}
    from scipy.optimize import linear_sum_assignment

    distances = cdist(wanted, found, scorer=Levenshtein.normalized_distance, dtype=np.float64)
    rows, columns = linear_sum_assignment(distances)
    return dict(zip(rows.tolist(), columns.tolist(), strict=True))


def _edits(matches: Sequence[Match]) -> tuple[float, float]:
    """The share of edits in a page's parts; nothing of a page without any."""
    pairs = [
        (match.wanted.text or match.wanted.raw, match.found.text if match.found else "") for match in matches
    ]
    longest = sum(max(map(len, pair)) for pair in pairs)
    return (sum(Levenshtein.distance(*pair) for pair in pairs) / longest, 1.0) if longest else NONE


def _order(matches: Sequence[Match]) -> tuple[float, float]:
    """The edits between the annotated order and that of the answer, over the longer of the two."""
    wanted = sorted(match.wanted.place for match in matches if match.wanted.place)
    read = sorted(
        (match.found.place or 0, match.wanted.place)
        for match in matches
        if match.found and match.wanted.place
    )
    if not wanted:
        return NONE
    return Levenshtein.normalized_distance(wanted, [place for _, place in read]), 1.0
