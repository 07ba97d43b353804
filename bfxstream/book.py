"""An order book that applies the exchange's rows and proves itself by checksum."""

from __future__ import annotations

import zlib
from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

from msgspec import Raw

from bfxstream.protocol.channels import CHECKSUM_LEVELS, BookSubscription
from bfxstream.protocol.records import Side
from bfxstream.protocol.rows import BookRow

Rank = tuple[float, int]
"""Where a row stands on its side, best first: its price (negated for bids), then a tie-break."""

RowT = TypeVar("RowT", bound=BookRow)


class BookSide(Generic[RowT]):
    """One side of a book: its rows by rank."""

    __slots__ = ("_ranks", "_rows")

    def __init__(self) -> None:
        self._ranks: list[Rank] = []
        self._rows: dict[Rank, RowT] = {}

    def __len__(self) -> int:
        return len(self._ranks)

    def put(self, rank: Rank, row: RowT) -> None:
        """Insert the row, or replace the one that has its rank."""
        if rank not in self._rows:
            insort(self._ranks, rank)
        self._rows[rank] = row

    def drop(self, rank: Rank) -> bool:
        """Remove the row of this rank; False where there is none."""
        if self._rows.pop(rank, None) is None:
            return False
        del self._ranks[bisect_left(self._ranks, rank)]
        return True

    def clear(self) -> None:
        """Forget every row."""
        self._ranks.clear()
        self._rows.clear()

    @property
    def best(self) -> RowT | None:
        """The row that trades first, or None on an empty side."""
        return self._rows[self._ranks[0]] if self._ranks else None

    @property
    def best_price(self) -> float | None:
        """The best row's price or rate, or None on an empty side."""
        return abs(self._ranks[0][0]) if self._ranks else None

    def rows(self, limit: int | None = None) -> list[RowT]:
        """The rows, best first, at most `limit` of them."""
        return [self._rows[rank] for rank in self._ranks[:limit]]


class OrderBook(Generic[RowT]):
    """Both sides of one symbol's book of levels: P0…P4, trading or funding."""

    def __init__(self) -> None:
        self.bids: BookSide[RowT] = BookSide()
        self.asks: BookSide[RowT] = BookSide()
        self.unknown_deletes = 0
        """Deletes that hit nothing: the API allows them, so they are counted, no more."""

    def load(self, rows: Iterable[RowT]) -> None:
        """Replace everything by a snapshot's rows."""
        self.clear()
        for row in rows:
            self.apply(row)

    def clear(self) -> None:
        """Forget everything."""
        self.bids.clear()
        self.asks.clear()

    def apply(self, row: RowT) -> Side:
        """Set or delete what the row names; answers the side it belongs to."""
        bid = row.is_bid
        side = self.bids if bid else self.asks
        if not row.deletes:
            side.put(_rank(row, bid), row)
        elif not side.drop(_rank(row, bid)):
            self.unknown_deletes += 1
        return "bid" if bid else "ask"

    def checksum(self) -> int:
        """The signed CRC-32 that a `cs` frame must show (API: WebSocket checksum)."""
        return checksum_of(
            [row.checksum_token for row in self.bids.rows(CHECKSUM_LEVELS)],
            [row.checksum_token for row in self.asks.rows(CHECKSUM_LEVELS)],
        )

    @property
    def crossed(self) -> bool:
        """Whether the best bid is at or above the best ask, as no book may be after a burst."""
        bid, ask = self.bids.best_price, self.asks.best_price
        return bid is not None and ask is not None and bid >= ask


class RawBook(OrderBook[RowT]):
    """Both sides of one symbol's book of single orders: R0.

    An order is known by its id alone: it may come again with another price, and a delete names
    no price, so the place of each is remembered.
    """

    def __init__(self) -> None:
        super().__init__()
        self._places: dict[int, tuple[BookSide[RowT], Rank]] = {}

    def clear(self) -> None:
        super().clear()
        self._places.clear()

    def apply(self, row: RowT) -> Side:
        bid = row.is_bid
        place = self._places.pop(row.tie_break, None)
        if place is not None:
            place[0].drop(place[1])
        if not row.deletes:
            side = self.bids if bid else self.asks
            rank = _rank(row, bid)
            side.put(rank, row)
            self._places[row.tie_break] = (side, rank)
        elif place is None:
            self.unknown_deletes += 1
        return "bid" if bid else "ask"


def _rank(row: BookRow, bid: bool) -> Rank:
    quote = float(row.quote)
    return (-quote if bid else quote, row.tie_break)


def order_book(subscription: BookSubscription) -> OrderBook[Any]:
    """An empty book of the kind that this subscription delivers."""
    return RawBook() if subscription.raw else OrderBook()


def checksum_of(bids: Sequence[bytes], asks: Sequence[bytes]) -> int:
    """The signed CRC-32 of the best 25 levels, each given as `price:amount` (R0: `id:amount`).

    Bids and asks take turns, best first; where one side is shorter, only the other goes on.
    """
    tokens: list[bytes] = []
    for i in range(CHECKSUM_LEVELS):
        tokens += bids[i : i + 1]
        tokens += asks[i : i + 1]
    crc = zlib.crc32(b":".join(tokens))
    return crc - (1 << 32) if crc >= 1 << 31 else crc


def level_fields(row: Any) -> tuple[Raw, int, Raw]:
    """Price (or rate), number of orders, signed amount of any row, for views of every kind."""
    return row.quote, getattr(row, "count", 1), row.amount
