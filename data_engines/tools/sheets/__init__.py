"""Looking at sets: labels, pictures and targets drawn again."""
