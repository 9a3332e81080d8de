"""Real PDF files: their pages, and the layout of the texts on them."""
