"""The pages on which people try a model and correct rows."""
