"""Tables: grids of cells, and their columns."""
