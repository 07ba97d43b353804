"""An order book that applies the exchange's rows and proves itself by checksum."""

from __future__ import annotations

import zlib
from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

from msgspec import Raw

from bfxstream.protocol.channels import CHECKSUM_LEVELS, BookSubscription
from bfxstream.protocol.records import Side
from bfxstream.protocol.rows import FundingLevelRow, FundingOfferRow, LevelRow, OrderRow
from bfxstream.protocol.symbols import Market

Rank = tuple[float, int]
"""Where a row stands on its side, best first: its price (negated for bids), then a tie-break."""

RowT = TypeVar("RowT", LevelRow, OrderRow, FundingLevelRow, FundingOfferRow)


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
    """Both sides of one symbol's book; `order_book` makes the right one of its four kinds."""

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
        """Set or delete what the row names; answers the side it belongs to.

        Raises ValueError where a price, rate or amount is not a number.
        """
        raise NotImplementedError

    def checksum(self) -> int:
        """The signed CRC-32 that a `cs` frame must show (API: WebSocket checksum)."""
        return checksum_of(
            [self._token(row) for row in self.bids.rows(CHECKSUM_LEVELS)],
            [self._token(row) for row in self.asks.rows(CHECKSUM_LEVELS)],
        )

    @property
    def crossed(self) -> bool:
        """Whether the best bid is at or above the best ask, as no book may be after a burst."""
        bid, ask = self.bids.best_price, self.asks.best_price
        return bid is not None and ask is not None and bid >= ask

    @staticmethod
    def _token(row: RowT) -> bytes:
        raise NotImplementedError

    def _set_or_delete(self, bid: bool, alive: bool, rank: Rank, row: RowT) -> Side:
        side = self.bids if bid else self.asks
        if alive:
            side.put(rank, row)
        elif not side.drop(rank):
            self.unknown_deletes += 1
        return "bid" if bid else "ask"


class LevelBook(OrderBook[LevelRow]):
    """P0…P4: levels keyed by price."""

    def apply(self, row: LevelRow) -> Side:
        bid = float(row.amount) > 0
        price = float(row.price)
        return self._set_or_delete(bid, row.count > 0, (-price if bid else price, 0), row)

    @staticmethod
    def _token(row: LevelRow) -> bytes:
        return b"%b:%b" % (row.price, row.amount)


class FundingLevelBook(OrderBook[FundingLevelRow]):
    """P0…P4 of a funding currency: levels keyed by rate and period; a bid is negative."""

    def apply(self, row: FundingLevelRow) -> Side:
        bid = float(row.amount) < 0
        rate = float(row.rate)
        return self._set_or_delete(bid, row.count > 0, (-rate if bid else rate, row.period), row)

    @staticmethod
    def _token(row: FundingLevelRow) -> bytes:
        return b"%b:%b" % (row.rate, row.amount)


class _ById(OrderBook[RowT]):
    """R0: an id may come again with another price, so its place is remembered."""

    def __init__(self) -> None:
        super().__init__()
        self._places: dict[int, tuple[BookSide[RowT], Rank]] = {}

    def clear(self) -> None:
        super().clear()
        self._places.clear()

    def _replace(self, bid: bool, key: int, price: float, row: RowT) -> Side:
        if place := self._places.pop(key, None):
            side, rank = place
            side.drop(rank)
        elif price == 0:
            self.unknown_deletes += 1
        if price != 0:
            side = self.bids if bid else self.asks
            # Equal prices stand by rising id on both sides, as the checksum has them.
            rank = (-price if bid else price, key)
            side.put(rank, row)
            self._places[key] = (side, rank)
        return "bid" if bid else "ask"


class RawBook(_ById[OrderRow]):
    """R0: single orders keyed by id."""

    def apply(self, row: OrderRow) -> Side:
        return self._replace(float(row.amount) > 0, row.order_id, float(row.price), row)

    @staticmethod
    def _token(row: OrderRow) -> bytes:
        return b"%d:%b" % (row.order_id, row.amount)


class FundingRawBook(_ById[FundingOfferRow]):
    """R0 of a funding currency: single offers keyed by id; a bid is negative."""

    def apply(self, row: FundingOfferRow) -> Side:
        return self._replace(float(row.amount) < 0, row.offer_id, float(row.rate), row)

    @staticmethod
    def _token(row: FundingOfferRow) -> bytes:
        return b"%d:%b" % (row.offer_id, row.amount)


def order_book(subscription: BookSubscription) -> OrderBook[Any]:
    """An empty book of the kind that this subscription delivers."""
    if subscription.market is Market.FUNDING:
        return FundingRawBook() if subscription.raw else FundingLevelBook()
    return RawBook() if subscription.raw else LevelBook()


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
    price = row.price if isinstance(row, (LevelRow, OrderRow)) else row.rate
    return price, getattr(row, "count", 1), row.amount
