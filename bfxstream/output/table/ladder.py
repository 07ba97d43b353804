"""What a ladder says before it is drawn: levels with running totals, mid, spread, balance."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from bfxstream.book import OrderBook
from bfxstream.output.table.figures import (
    AMOUNT_DIGITS,
    PERCENT_SHIFT,
    PRICE_DIGITS,
    RATE_DIGITS,
    Scale,
    plain,
)
from bfxstream.protocol.channels import BookSubscription
from bfxstream.protocol.symbols import Market

BASIS_POINTS: Final = 10_000
DIGITS_OF_AMOUNTS: Final = (AMOUNT_DIGITS, 4, 3)
"""Narrow ladders tell amounts with fewer digits rather than not at all."""


class Level(NamedTuple):
    """One row of one side, as numbers, and its cells as text by column."""

    total: float
    cells: dict[str, str]


class Ladder(NamedTuple):
    """Both sides, best first, and what follows from them."""

    bids: list[Level]
    asks: list[Level]
    deepest: float
    """The larger side's total in view: what a whole bar stands for."""
    mid: str | None
    spread: str | None
    basis_points: str | None
    bid_share: float | None
    """The bids' part of all amounts in view."""


class LadderReader:
    """Reads a live book into a ladder, with decimals that stay the same from frame to frame."""

    def __init__(self, subscription: BookSubscription, book: OrderBook[Any]) -> None:
        funding = subscription.market is Market.FUNDING
        self._book = book
        self._price = Scale(RATE_DIGITS, PERCENT_SHIFT) if funding else Scale(PRICE_DIGITS)
        self._amounts = {digits: Scale(digits) for digits in DIGITS_OF_AMOUNTS}
        self._amount = self._amounts[AMOUNT_DIGITS]

    def reading(self, book: OrderBook[Any]) -> LadderReader:
        """The same of another book, with the same decimals."""
        other = copy.copy(self)
        other._book = book
        return other

    def read(self, rows: int, digits: int = AMOUNT_DIGITS) -> Ladder | None:
        """The best `rows` levels of each side, amounts of so many digits; None if it is empty."""
        self._amount = self._amounts[digits]
        bids, asks = self._book.bids.rows(rows), self._book.asks.rows(rows)
        if not bids and not asks:
            return None
        # Both sides are seen before one is told, so that they have the same decimals.
        seen_bids, seen_asks = self._see(bids), self._see(asks)
        bid_levels, bid_total = self._levels(bids, seen_bids)
        ask_levels, ask_total = self._levels(asks, seen_asks)
        mid, spread, points = self._middle()
        both = bid_total + ask_total
        return Ladder(
            bid_levels,
            ask_levels,
            max(bid_total, ask_total),
            mid,
            spread,
            points,
            bid_total / both if both else None,
        )

    def _see(self, rows: Sequence[Any]) -> list[tuple[float, float]]:
        """Price and size of each row."""
        price, amount = self._price.see, self._amount.see
        seen = [(price(row.quote) or 0.0, abs(amount(row.amount) or 0.0)) for row in rows]
        self._amount.see_sum(sum(size for _, size in seen))
        return seen

    def _levels(
        self, rows: Sequence[Any], seen: Sequence[tuple[float, float]]
    ) -> tuple[list[Level], float]:
        price_text, amount_text = self._price.text, self._amount.text
        total = 0.0
        levels: list[Level] = []
        for row, (price, size) in zip(rows, seen, strict=True):
            total += size
            shown = price_text(price)
            levels.append(
                Level(
                    total,
                    {
                        "price": shown,
                        "rate": shown,
                        "amount": amount_text(size),
                        "total": amount_text(total),
                        "count": str(getattr(row, "count", 1)),
                        "period": str(getattr(row, "period", "")),
                        "order_id": str(getattr(row, "order_id", "")),
                        "offer_id": str(getattr(row, "offer_id", "")),
                    },
                )
            )
        return levels, total

    def _middle(self) -> tuple[str | None, str | None, str | None]:
        bid, ask = self._book.bids.best, self._book.asks.best
        if bid is None or ask is None:
            return None, None, None
        low = self._price.see(bid.quote)
        high = self._price.see(ask.quote)
        if low is None or high is None:
            return None, None, None
        mid, spread = (low + high) / 2, high - low
        places = self._price.places
        # Half a tick needs one decimal more than the prices have.
        finer = places + 1 if round(mid, places) != round(mid, places + 1) else places
        points = plain(spread / mid * BASIS_POINTS, 2) if mid else None
        return plain(mid, finer), plain(spread, places), points
