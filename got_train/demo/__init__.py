"""The page in a browser on which people try a model (`demo`) and correct what it reads (`label`)."""
