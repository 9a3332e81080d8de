"""Scores: **kern, excerpts of it, made-up music and its engraving."""
