"""Text lines and small text blocks."""

from data_engines.kind import FAKER, FONTS, PROSE, Kind

KIND = Kind(
    summary="text lines and small text blocks, from a corpus and fonts",
    drawn_from="texts of packages; a text file",
    answer="plain text",
    prompt="plain, box, colour",
    sources=(*PROSE, FAKER, *FONTS),
    max_rejects=0.05,
    batch_size=20,
    regions=True,
)
