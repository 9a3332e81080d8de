"""Questions by box and colour over sets drawn before."""

from data_engines.kind import Kind

KIND = Kind(
    summary="questions by box and colour over sets drawn before",
    drawn_from="sets whose rows have `regions`",
    answer="text of the region",
    prompt="box, colour",
    # pages may have no text that stands apart
    max_rejects=0.3,
    batch_size=20,
)
