"""Data sets of Hugging Face and ModelScope, read with `datasets`, some also under ms-swift's names."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from got_train.data.arrow import ArrowRows
from got_train.hubs import HUB_ID, has_prefix, modelscope_folder, split_hub, try_hub
from got_train.prompts import LATEX_OCR_QUERY
from got_train.report import UserError


@dataclass(frozen=True)
class HubSet:
    """A set of the hub, or a folder with the layout of one."""

    name: str
    """Id of the set, or path of the folder."""
    subsets: tuple[str, ...] = ()
    """Names of subsets; if there are none, the set's own default is read."""
    splits: tuple[str, ...] = ("train",)
    query: str | None = None
    """The query of rows that have none of their own."""
    on_modelscope: bool = False

    def __str__(self) -> str:
        subsets = ["/".join(self.subsets)] if self.subsets else []
        return "MS::" * self.on_modelscope + ":".join([self.name, *subsets])


KNOWN_SETS = {
    "latex-ocr-print": HubSet("linxy/LaTeX_OCR", ("full",), ("train", "validation")),
    "latex-ocr-handwrite": HubSet("linxy/LaTeX_OCR", ("synthetic_handwrite",), ("train", "validation")),
}
"""Sets under ms-swift's names. ms-swift trains on their test splits too; here these are kept for testing."""

MODELSCOPE_IDS = {"linxy/LaTeX_OCR": "AI-ModelScope/LaTeX_OCR"}
"""Ids on the Hugging Face hub, with the ids of the same sets on ModelScope."""
OTHER_IDS = {theirs: ours for ours, theirs in MODELSCOPE_IDS.items()}

QUERIES = {"linxy/LaTeX_OCR": LATEX_OCR_QUERY}
"""ms-swift's queries for sets that have only the columns `image` and `text`."""

_ID = re.compile(rf"(?P<name>(?a:{HUB_ID.pattern}))(?::(?P<subsets>[\w./-]+))?")


def find_hub_set(text: str) -> HubSet | None:
    """The set that `id`, `id:subset`, `id:one/other`, `folder:subset` or a name of `KNOWN_SETS` stands for.

    `MS::` or `HF::` before it, or `USE_HF`, choose the hub: see `hubs.split_hub`.

    >>> str(find_hub_set("AI-ModelScope/LaTeX_OCR:small"))
    'linxy/LaTeX_OCR:small'
    """
    on_modelscope, plain = split_hub(text)
    known = KNOWN_SETS.get(plain)
    match = _ID.fullmatch(plain)
    folder, _, subsets = text.rpartition(":")
    if known is not None:
        found = known
    elif folder and Path(folder).is_dir():
        found = HubSet(folder, tuple(subsets.split("/")))
    elif match is not None and (has_prefix(text) or not Path(match["name"]).parent.is_dir()):
        found = HubSet(match["name"], tuple(match["subsets"].split("/")) if match["subsets"] else ())
    else:
        return None
    name = OTHER_IDS.get(found.name, found.name)
    query = QUERIES.get(name)
    if Path(name).is_dir():
        return replace(found, query=query)
    here = MODELSCOPE_IDS.get(name, name) if on_modelscope else name
    return replace(found, name=here, query=query, on_modelscope=on_modelscope)


def hub_rows(source: HubSet) -> list[ArrowRows]:
    """The rows of a set, from the cache of `datasets`, which first downloads a set that it does not have.

    Raises:
        UserError: if there is no such set, subset or split, or the hub cannot be reached.
    """
    try_hub()
    import datasets  # takes a second, and not every run reads from the hub

    name = str(modelscope_folder(source.name, "dataset")) if source.on_modelscope else source.name
    rows = []
    for subset in source.subsets or (None,):
        for split in source.splits:
            try:
                loaded = datasets.load_dataset(name, subset, split=split)
            except Exception as error:  # of what stands in a folder or file of a set, `datasets` raises any
                reason = " ".join(str(error).split()) or type(error).__name__
                raise UserError(
                    f"{source} is neither a data file nor a data set of the hub (split {split}): {reason}"
                ) from None
            for copy in loaded.cache_files:
                path = Path(copy["filename"])
                rows.append(ArrowRows(path, [path], f"{source}:{path.stem}"))
    return rows
