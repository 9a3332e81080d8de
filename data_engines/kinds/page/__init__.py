"""Pages: their blocks, what they say, and how they are typeset."""

from dataclasses import replace

from data_engines.kind import CODE, FAKER, FORMULAS, NOTO, PHOTOS, PROSE, Kind

KIND = Kind(
    summary="whole pages: articles, textbooks, newspapers, slides",
    drawn_from="texts, code and photographs of packages; a text file, `--formulas`",
    answer="Mathpix markdown",
    prompt="format",
    needs=("TeX",),
    sources=(*PROSE, FAKER, FORMULAS, CODE, replace(PHOTOS, what="seven photographs"), NOTO),
    max_rejects=0.1,
    batch_size=48,
    regions=True,
    tests=("present", "absent", "order", "table", "math"),
)
