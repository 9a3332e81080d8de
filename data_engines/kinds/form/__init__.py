"""Receipts, invoices and forms."""

from data_engines.kind import FAKER, FONTS, HANDWRITING_FONTS, Kind

KIND = Kind(
    summary="receipts, invoices and forms with blanks, in English and Chinese",
    drawn_from="made-up sales and names",
    answer="plain text, a line for each line",
    prompt="plain",
    sources=(FAKER, *FONTS, HANDWRITING_FONTS),
    max_rejects=0.1,
    batch_size=20,
    regions=True,
)
