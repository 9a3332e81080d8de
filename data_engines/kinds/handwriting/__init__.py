"""Handwriting: pens, and real lines with their transcripts."""

from data_engines.kind import CHINESE, ENGLISH, FAKER, HANDWRITING_FONTS, NOTO, SENTENCES, Kind

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
