"""Scenes: photographs, and texts placed on them."""
