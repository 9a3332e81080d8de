"""Real PDF files: their pages, and the layout of the texts on them."""

from data_engines.kind import Kind

KIND = Kind(
    summary="pages, paragraphs and lines of real PDF files with their text",
    drawn_from="a folder of PDF files",
    answer="plain text, a line for each line",
    prompt="plain",
    # scans, covers and blank pages are left out, and not counted here
    max_rejects=0.05,
    batch_size=20,
    regions=True,
    tests=("present", "order"),
)
