"""LaTeX tables, made by chance or read from .tex and CSV files."""
