"""Pages: their blocks, what they say, and how they are typeset."""

from data_engines.kind import FAKER, FORMULAS, NOTO, PROSE, Kind

KIND = Kind(
    summary="whole pages with headings, formulas, lists and tables",
    drawn_from="texts of packages; a text file, `--formulas`",
    answer="Mathpix markdown",
    prompt="format",
    needs=("TeX",),
    sources=(*PROSE, FAKER, FORMULAS, NOTO),
    max_rejects=0.1,
    batch_size=48,
    regions=True,
    tests=("present", "absent", "order", "table", "math"),
)
