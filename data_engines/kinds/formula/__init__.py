"""LaTeX formulas as TeX prints them."""
