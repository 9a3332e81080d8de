"""Typesetting with TeX, and reading LaTeX."""
