"""The demo account's money: exact balances, and what open orders hold of them."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from bfxstream.protocol.numbers import js_number

EXCHANGE = "exchange"
"""The wallet that orders of a type `EXCHANGE …` trade with."""

_AT_FIRST = {
    (EXCHANGE, "USD"): "100000",
    (EXCHANGE, "UST"): "50000",
    (EXCHANGE, "BTC"): "2",
    (EXCHANGE, "ETH"): "40",
    ("margin", "USD"): "10000",
    ("funding", "USD"): "5000",
}


class Wallets:
    """Balances by wallet and currency."""

    def __init__(self) -> None:
        self._balances = {place: Decimal(amount) for place, amount in _AT_FIRST.items()}
        self._held: dict[str, Decimal] = {}
        self._stories: dict[str, str] = {}

    def available(self, currency: str) -> Decimal:
        """What no open order holds of the exchange wallet's balance."""
        balance = self._balances.get((EXCHANGE, currency), Decimal())
        return balance - self._held.get(currency, Decimal())

    def hold(self, currency: str, amount: Decimal) -> None:
        """Keep an amount for an order; a negative one is let go."""
        self._held[currency] = self._held.get(currency, Decimal()) + amount

    def move(self, currency: str, amount: Decimal, story: str) -> None:
        """Change the exchange wallet's balance."""
        place = (EXCHANGE, currency)
        self._balances[place] = self._balances.get(place, Decimal()) + amount
        self._stories[currency] = story

    def rows(self) -> list[bytes]:
        """Every wallet's row (API: ws-auth, wallets)."""
        return [self._row(*place) for place in self._balances]

    def row(self, currency: str) -> bytes:
        """The row of a currency of the exchange wallet."""
        return self._row(EXCHANGE, currency)

    def _row(self, kind: str, currency: str) -> bytes:
        balance = self._balances.get((kind, currency), Decimal())
        available, story = balance, None
        if kind == EXCHANGE:
            available, story = self.available(currency), self._stories.get(currency)
        return msgspec.json.encode(
            [kind, currency, js_number(balance), 0, js_number(available), story, None]
        )
