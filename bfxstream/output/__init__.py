"""Records out: one file for each format, and one for each table."""
