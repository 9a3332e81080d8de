"""Tables: grids of cells, their columns, and tables of CSV files."""
