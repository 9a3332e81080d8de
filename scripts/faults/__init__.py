"""Faults and odd inputs that `torture.py` and `fuzz.py` cause and make."""
