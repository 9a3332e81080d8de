"""Drawn figures: geometry of the plane, curves on axes, and the TikZ code of both."""
