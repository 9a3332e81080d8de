"""Published benchmarks: their own files are read, asked, written as their scorers take them, and scored."""
