"""Seals of Chinese companies and persons: text along a ring, and characters in a square."""

from data_engines.kind import CHINESE, FONTS, Kind

KIND = Kind(
    summary="Chinese seals: round and oval company seals with text along the ring, and square name seals",
    drawn_from="made-up names; a text file of names",
    answer="plain text, from the ring inwards",
    prompt="plain",
    sources=(CHINESE, *FONTS),
    max_rejects=0.05,
    batch_size=20,
)
