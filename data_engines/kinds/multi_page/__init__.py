"""Pages of sets drawn before, several in a row."""

from data_engines.kind import Kind

KIND = Kind(
    summary="pages of sets drawn before, several in a row",
    drawn_from="sets of pages",
    answer="texts of all pages",
    prompt="multi pages",
    max_rejects=0.3,
    batch_size=10,
)
