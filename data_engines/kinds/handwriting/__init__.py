"""Handwriting: pens, and real lines with their transcripts."""
