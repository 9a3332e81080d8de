"""What `real_pictures.py` makes its sets with."""
