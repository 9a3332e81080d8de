"""Charts: their data, their look, two libraries that draw them, and the check."""
