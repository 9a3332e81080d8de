"""Pages of sets drawn before, several in a row."""
