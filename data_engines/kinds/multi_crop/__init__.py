"""Pages of sets drawn before, stitched to pictures of several tiles."""
