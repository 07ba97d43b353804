"""The authenticated channel 0: its records, how they are read, orders and their answers."""
