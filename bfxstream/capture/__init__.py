"""Recordings: what passed over each connection, written and read again unchanged."""
