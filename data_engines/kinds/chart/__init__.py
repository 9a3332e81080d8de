"""Charts: their data, their look, two libraries that draw them, and the check."""

from data_engines.kind import FONTS, TEXTS, Kind, Packaged

NAMES = Packaged(("faker",), "names of companies, places, people and jobs", "MIT")
KIND = Kind(
    summary="bar, line, pie and scatter charts",
    drawn_from="names and texts of packages; a text file",
    answer="JSON: `title`, `source`, `x_title`, `y_title`, `values`",
    prompt="format",
    needs=("mini-racer", "panel", "resvg_py"),
    sources=(*TEXTS, NAMES, *FONTS),
    max_rejects=0.1,
    batch_size=20,
)
