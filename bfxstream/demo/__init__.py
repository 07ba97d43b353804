"""The demo exchange: a market of its own that speaks the exchange's API on loopback."""
