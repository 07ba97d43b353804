"""Tables for a terminal: one file for each view, and the parts that they share."""
