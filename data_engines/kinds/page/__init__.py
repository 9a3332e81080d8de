"""Pages: their blocks, what they say, and how they are typeset."""
