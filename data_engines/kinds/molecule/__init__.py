"""Molecules: lists of SMILES, and their drawings read back."""
