"""The demo exchange: a simulated market behind Bitfinex's WebSocket API, for trials and tests."""

from bfxstream.demo.server import DemoExchange

__all__ = ["DemoExchange"]
