"""What things are worth by the demo market's last trades."""

from __future__ import annotations

from decimal import Decimal

from bfxstream.demo.market import Listing, Market

_DOLLARS = ("USD",)
_ROUTES = ("t{}USD", "t{}:USD")
_BITCOIN_IN_DOLLARS, _BITCOIN_IN = "tBTCUSD", "tBTC{}"


def last_price(listing: Listing) -> Decimal:
    """The last trade's price; 0 before the first."""
    return Decimal(listing.figures.last or 0).scaleb(-listing.instrument.price_decimals)


class Worth:
    """Prices of currencies in dollars: their own, or by way of bitcoin."""

    def __init__(self, market: Market) -> None:
        self._listings = market.listings

    def last(self, symbol: str) -> Decimal:
        """The last price of a pair; 0 where there is none."""
        listing = self._listings.get(symbol)
        return Decimal() if listing is None else last_price(listing)

    def in_dollars(self, currency: str) -> Decimal:
        """What one of it is worth; 0 where no market says."""
        if currency in _DOLLARS:
            return Decimal(1)
        for route in _ROUTES:
            if price := self.last(route.format(currency)):
                return price
        bitcoin = self.last(_BITCOIN_IN.format(currency))
        return self.last(_BITCOIN_IN_DOLLARS) / bitcoin if bitcoin else Decimal()
