"""Formulas: made up by a grammar, or found in sources."""
