"""Pages of HTML for people. A page needs no other file, runs nothing and fetches nothing."""
