"""Scenes: photographs, and texts placed on them."""

from data_engines.kind import FAKER, FONTS, PHOTOS, PROSE, Kind

KIND = Kind(
    summary="texts placed on photographs",
    drawn_from="texts of packages on photographs; a text file, `--photos`",
    answer="plain text, top to bottom",
    prompt="plain",
    sources=(*PROSE, FAKER, *FONTS, PHOTOS),
    max_rejects=0.1,
    batch_size=20,
    regions=True,
)
