"""Bitfinex's WebSocket API v2 as values and one state machine: no socket, clock or thread."""
