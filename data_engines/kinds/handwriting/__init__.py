"""Handwriting: pens, and real lines with their transcripts."""

from data_engines.kind import CHINESE, ENGLISH, FAKER, NOTO, SENTENCES, Kind, Packaged

HANDWRITING_FONTS = Packaged(
    (
        "fontpkg-caveat",
        "fontpkg-dancing-script",
        "fontpkg-indie-flower",
        "fontpkg-kalam",
        "fontpkg-shadows-into-light",
        "fontpkg-zeyada",
    ),
    "font files",
    "OFL-1.1",
)
"""Fonts of Latin script only."""
KIND = Kind(
    summary="pages of handwritten lines",
    drawn_from=(
        "handwriting fonts, strokes of Chinese; a text file, `--fonts`, `--strokes`, `--line-images` "
        "(IAM's `lines.txt`, TSV, CSV, JSONL)"
    ),
    answer="plain text",
    prompt="plain",
    sources=(ENGLISH, SENTENCES, CHINESE, FAKER, HANDWRITING_FONTS, NOTO),
    max_rejects=0.1,
    batch_size=20,
    regions=True,
)
