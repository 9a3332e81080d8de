"""Drawn figures: geometry of the plane, curves on axes, and the TikZ code of both."""

from data_engines.kind import Kind

KIND = Kind(
    summary="figures and curves in TikZ",
    drawn_from="nothing",
    answer="TikZ",
    prompt="format",
    needs=("TeX",),
    max_rejects=0.05,
    batch_size=128,
)
