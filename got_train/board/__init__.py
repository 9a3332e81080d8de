"""`got-train board`: what runs were, how they learnt, and what they read at each evaluation, on one page."""
