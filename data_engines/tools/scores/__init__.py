"""Scores: **kern read, and engraved by Verovio."""
