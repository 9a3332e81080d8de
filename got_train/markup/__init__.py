"""The texts of answers: which notation one is written in, and what its tables, formulas and charts hold."""
