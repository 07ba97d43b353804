"""The demo account's money: exact balances, and what open orders hold of them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from bfxstream.protocol.numbers import js_number

EXCHANGE = "exchange"
"""The wallet that orders of a type `EXCHANGE …` trade with."""

MARGIN = "margin"
"""The wallet that carries positions: it takes their fees, profits and losses."""

_AT_FIRST = {
    (EXCHANGE, "USD"): "100000",
    (EXCHANGE, "UST"): "50000",
    (EXCHANGE, "BTC"): "2",
    (EXCHANGE, "ETH"): "40",
    (MARGIN, "USD"): "10000",
    ("funding", "USD"): "5000",
}


class Wallets:
    """Balances by wallet and currency."""

    def __init__(self) -> None:
        self._balances = {place: Decimal(amount) for place, amount in _AT_FIRST.items()}
        self._held: dict[str, Decimal] = {}
        self._stories: dict[tuple[str, str], str] = {}

    def available(self, currency: str) -> Decimal:
        """What no open order holds of the exchange wallet's balance."""
        balance = self._balances.get((EXCHANGE, currency), Decimal())
        return balance - self._held.get(currency, Decimal())

    def balances(self, kind: str | None = None) -> Iterator[tuple[str, Decimal]]:
        """Each currency of one wallet, or of all of them, and its balance."""
        for (wallet, currency), balance in self._balances.items():
            if kind in (None, wallet):
                yield currency, balance

    def hold(self, currency: str, amount: Decimal) -> None:
        """Keep an amount of the exchange wallet for an order; a negative one is let go."""
        self._held[currency] = self._held.get(currency, Decimal()) + amount

    def move(self, kind: str, currency: str, amount: Decimal, story: str) -> None:
        """Change a wallet's balance."""
        place = (kind, currency)
        self._balances[place] = self._balances.get(place, Decimal()) + amount
        self._stories[place] = story

    def rows(self) -> list[bytes]:
        """Every wallet's row (API: ws-auth, wallets)."""
        return [self.row(*place) for place in self._balances]

    def row(self, kind: str, currency: str) -> bytes:
        """The row of one currency of a wallet."""
        place = (kind, currency)
        balance = self._balances.get(place, Decimal())
        available = self.available(currency) if kind == EXCHANGE else balance
        story = self._stories.get(place)
        return msgspec.json.encode(
            [kind, currency, js_number(balance), 0, js_number(available), story, None]
        )
