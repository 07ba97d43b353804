"""The demo exchange's symbols as data: what each is worth and how busy it is."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from bfxstream.demo.prices import AMOUNT_DECIMALS, units
from bfxstream.protocol.symbols import Market, market_of

_PRICE_MAGNITUDE = 12
"""Whole-number prices have this many digits and one: enough for the deepest resting orders."""


@dataclass(frozen=True)
class Instrument:
    """One symbol and the character of its market."""

    symbol: str
    price: str
    """Where the price always returns to; for funding, a daily rate."""
    amount: str
    """The size of a middling order, in the base currency."""
    weight: int
    """Its share of all events."""
    base: str = ""
    """The currency whose worth moves this price: symbols of one base move together."""
    quote: str = ""
    """The currency that moves it the other way; empty where nothing does."""
    underlying: str = ""
    """The spot pair of a derivative, which has the same price but for a premium."""
    periods: tuple[int, ...] = (0,)
    """Days that funding is offered for."""

    @cached_property
    def funding(self) -> bool:
        """Whether money is lent here; else a pair is traded."""
        return market_of(self.symbol) is Market.FUNDING

    @cached_property
    def price_decimals(self) -> int:
        """Decimals of a whole-number price."""
        return _PRICE_MAGNITUDE - Decimal(self.price).adjusted()

    @cached_property
    def price_units(self) -> int:
        """The price it returns to, as a whole number."""
        return units(self.price, self.price_decimals)

    @cached_property
    def amount_units(self) -> int:
        """The middling amount, as a whole number."""
        return units(self.amount, AMOUNT_DECIMALS)


_PERIODS = (2, 7, 30, 120)

INSTRUMENTS = (
    Instrument("tBTCUSD", "70000", "0.08", 400, "BTC"),
    Instrument("tETHUSD", "2500", "1.5", 150, "ETH"),
    Instrument("tBTCF0:USTF0", "70035", "0.05", 100, "BTC", underlying="tBTCUSD"),
    Instrument("tETHBTC", "0.035714", "2", 60, "ETH", "BTC"),
    Instrument("fUSD", "0.00020137", "2500", 60, "fUSD", periods=_PERIODS),
    Instrument("tXRPUSD", "0.5123", "1200", 50, "XRP"),
    Instrument("tLTCUSD", "84.5", "12", 40, "LTC"),
    Instrument("tTESTBTC:TESTUSD", "69980", "0.02", 40, "BTC"),
    Instrument("tXRPBTC", "0.0000073186", "1500", 40, "XRP", "BTC"),
    Instrument("tDUSK:USD", "0.2138", "900", 30, "DUSK"),
    Instrument("fBTC", "0.000012345", "0.4", 30, "fBTC", periods=_PERIODS),
    Instrument("tETHF0:USTF0", "2501.2", "1.2", 20, "ETH", underlying="tETHUSD"),
    Instrument("tSOLUSD", "152.4", "6", 20, "SOL"),
    Instrument("tBTCUST", "70010", "0.06", 15, "BTC"),
    Instrument("tBTCEUR", "64120", "0.05", 10, "BTC"),
    Instrument("fUST", "0.00024", "1800", 10, "fUST", periods=_PERIODS),
)
