"""Real PDF files: their pages, and the layout of the texts on them."""

from data_engines.kind import Kind

KIND = Kind(
    summary="pages, paragraphs and lines of real PDF files with their text",
    drawn_from="a folder of PDF files",
    answer="plain text, a line for each line",
    prompt="plain",
    # real folders hold scans, covers and blank pages: half of a shard may be such
    max_rejects=0.5,
    batch_size=20,
    regions=True,
)
