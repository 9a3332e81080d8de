"""Models behind an address: `got-train serve`, and what vLLM needs to know of GOT."""
