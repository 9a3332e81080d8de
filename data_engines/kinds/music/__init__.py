"""Scores: **kern, excerpts of it, made-up music and its engraving."""

from data_engines.kind import CHINESE, DEJAVU, ENGLISH, NOTO, SENTENCES, STIX, Kind

KIND = Kind(
    summary="excerpts of scores, from **kern files",
    drawn_from="made-up music; **kern files",
    answer="**kern of one system, with **text and **dynam",
    prompt="format",
    needs=("verovio", "resvg_py"),
    sources=(ENGLISH, SENTENCES, CHINESE, DEJAVU, STIX, NOTO),
    max_rejects=0.05,
    batch_size=20,
)
