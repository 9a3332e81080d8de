"""Tables, made by chance or read from .tex and CSV files."""

from data_engines.kind import NOTO, TEXTS, Kind

KIND = Kind(
    summary="tables, generated or from .tex and CSV files",
    drawn_from="made-up tables; CSV files, `.tex` trees",
    answer="LaTeX `tabular`; HTML, markdown or OTSL by `--answer`",
    prompt="format",
    needs=("TeX",),
    sources=(*TEXTS, NOTO),
    # tables of real sources use packages and macros that are not installed: half of a shard may do so
    max_rejects=0.5,
    batch_size=128,
    regions=True,
    tests=("table",),
)
