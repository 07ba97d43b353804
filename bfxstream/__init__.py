"""bfxstream: Bitfinex market data in a terminal, in a pipe, and in Python."""

__version__ = "0.1.0"

__all__ = ["__version__"]
