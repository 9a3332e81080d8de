"""Text with boxes: all texts of pictures and where they stand, over sets drawn before."""

from data_engines.kind import Kind

KIND = Kind(
    summary="all texts of pictures with their boxes, over sets drawn before",
    drawn_from="sets whose rows have `regions`",
    answer="texts and boxes, in the order of reading",
    prompt="boxes",
    max_rejects=0.3,
    batch_size=20,
    regions=True,
)
