"""Charts: their data, their look, two libraries that draw them, and the check."""

from data_engines.kind import FAKER, FONTS, TEXTS, Kind

KIND = Kind(
    summary="bar, line, pie, scatter, combined and radar charts, histograms, box plots",
    drawn_from="names and texts of packages; a text file",
    answer="JSON: `title`, `source`, `x_title`, `y_title`, `values`",
    prompt="format",
    needs=("mini-racer", "panel", "resvg_py"),
    sources=(*TEXTS, FAKER, *FONTS),
    max_rejects=0.1,
    batch_size=20,
)
