"""Pages of sets drawn before, stitched to pictures of several tiles."""

from data_engines.kind import Kind

KIND = Kind(
    summary="pages of sets drawn before, stitched to pictures of several tiles",
    drawn_from="sets of pages",
    answer="text of the whole",
    prompt="patch reference",
    max_rejects=0.3,
    batch_size=10,
    tests=("present", "order", "table", "math"),
)
