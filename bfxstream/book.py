"""An order book that applies the exchange's rows and proves itself by checksum."""

from __future__ import annotations

import zlib
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

from msgspec import DecodeError
from msgspec.json import Decoder

from bfxstream.protocol.channels import CHECKSUM_LEVELS, BookSubscription
from bfxstream.protocol.records import Side
from bfxstream.protocol.rows import BookRow, FundingLevelRow, LevelRow
from bfxstream.protocol.symbols import Market

Rank = float | tuple[float, int]
"""Where a row stands on its side, best first: its price, negated for bids; and a tie-break
where several rows may have one price."""

_BID: Side = "bid"
_ASK: Side = "ask"

Place = tuple[bool, bool, Rank]
"""Whether a row sets (or deletes), whether it is an ask, and its rank. In a burst of updates, the
places of price levels rise (API: ws-public-books, as recorded)."""

RowT = TypeVar("RowT", bound=BookRow)

_value_of = Decoder(float).decode
"""A token's value, in half of the time of `float`; DecodeError where it is no finite number."""


class BookSide(Generic[RowT]):
    """One side of a book: its rows in the order of their ranks."""

    __slots__ = ("_ranks", "_rows")

    def __init__(self) -> None:
        self._ranks: list[Any] = []
        self._rows: list[RowT] = []

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, rank: Rank, row: RowT) -> None:
        """Insert the row, or replace the one that has its rank."""
        ranks = self._ranks
        at = bisect_left(ranks, rank)
        if at < len(ranks) and ranks[at] == rank:
            self._rows[at] = row
        else:
            ranks.insert(at, rank)
            self._rows.insert(at, row)

    def drop(self, rank: Rank) -> bool:
        """Remove the row of this rank; False where there is none."""
        ranks = self._ranks
        at = bisect_left(ranks, rank)
        if at == len(ranks) or ranks[at] != rank:
            return False
        del ranks[at], self._rows[at]
        return True

    def clear(self) -> None:
        """Forget every row."""
        self._ranks.clear()
        self._rows.clear()

    @property
    def best(self) -> RowT | None:
        """The row that trades first, or None on an empty side."""
        return self._rows[0] if self._rows else None

    @property
    def best_price(self) -> float | None:
        """The best row's price or rate, or None on an empty side."""
        row = self.best
        return None if row is None else float(row.quote)

    def rows(self, limit: int | None = None) -> list[RowT]:
        """The rows, best first, at most `limit` of them."""
        return self._rows[:limit]


class OrderBook(Generic[RowT]):
    """Both sides of one symbol's book; `order_book` makes the right one of its kinds."""

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

        Raises ValueError, and changes nothing, where a price or an amount is no finite number.
        """
        place = self.place_of(row)
        self.apply_at(place, row)
        return _ASK if place[1] else _BID

    def apply_burst(self, rows: Sequence[RowT]) -> list[Place]:
        """Apply all of the rows; answers their places. Raises as `apply` does, before any."""
        places = list(map(self.place_of, rows))
        for place, row in zip(places, rows, strict=True):
            self.apply_at(place, row)
        return places

    def place_of(self, row: RowT) -> Place:
        """Where the row belongs. Raises as `apply` does."""
        raise NotImplementedError

    def apply_at(self, place: Place, row: RowT) -> None:
        """As `apply`, where the row's place is known."""
        sets, ask, rank = place
        side = self.asks if ask else self.bids
        if sets:
            side.put(rank, row)
        elif not side.drop(rank):
            self.unknown_deletes += 1

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


class LevelBook(OrderBook[LevelRow]):
    """P0…P4 of a trading pair: levels keyed by price."""

    def apply(self, row: LevelRow) -> Side:
        # Written out, for most of the exchange's frames end here: 0.2 µs less than by its place.
        try:
            price, amount = _value_of(row.price), _value_of(row.amount)
        except DecodeError as error:
            raise ValueError(str(error)) from None
        if amount > 0:
            rank, side, name = -price, self.bids, _BID
        else:
            rank, side, name = price, self.asks, _ASK
        if row.count:
            side.put(rank, row)
        elif not side.drop(rank):
            self.unknown_deletes += 1
        return name

    def place_of(self, row: LevelRow) -> Place:
        try:
            price, amount = _value_of(row.price), _value_of(row.amount)
        except DecodeError as error:
            raise ValueError(str(error)) from None
        if amount > 0:
            return row.count != 0, False, -price
        return row.count != 0, True, price

    def checksum(self) -> int:
        # The tokens themselves are joined, as they lie in their frames: half the time of a
        # text for each row, and nothing to keep up to date.
        bids, asks = self.bids.rows(CHECKSUM_LEVELS), self.asks.rows(CHECKSUM_LEVELS)
        if len(bids) != len(asks):
            return super().checksum()
        rows: list[Any] = [None] * (2 * len(bids))
        rows[0::2], rows[1::2] = bids, asks
        tokens: list[Any] = [None] * (2 * len(rows))
        tokens[0::2] = [row.price for row in rows]
        tokens[1::2] = [row.amount for row in rows]
        return _signed_crc(b":".join(tokens))


class FundingBook(OrderBook[FundingLevelRow]):
    """P0…P4 of a funding currency: levels keyed by rate and period."""

    def place_of(self, row: FundingLevelRow) -> Place:
        return _place(row)


class RawBook(OrderBook[RowT]):
    """R0: single orders, or offers in funding.

    One is known by its id alone: it may come again with another price, and a delete names no
    price, so the place of each is remembered.
    """

    def __init__(self) -> None:
        super().__init__()
        self._places: dict[int, tuple[BookSide[RowT], Rank]] = {}

    def clear(self) -> None:
        super().clear()
        self._places.clear()

    def place_of(self, row: RowT) -> Place:
        return _place(row)

    def apply_at(self, place: Place, row: RowT) -> None:
        sets, ask, rank = place
        known = self._places.pop(row.tie_break, None)
        if known is not None:
            known[0].drop(known[1])
        if sets:
            side = self.asks if ask else self.bids
            side.put(rank, row)
            self._places[row.tie_break] = (side, rank)
        elif known is None:
            self.unknown_deletes += 1


def _place(row: BookRow) -> Place:
    try:
        quote, amount = _value_of(row.quote), _value_of(row.amount)
    except DecodeError as error:
        raise ValueError(str(error)) from None
    bid = amount * row.bid_sign > 0
    return not row.deletes, not bid, (-quote if bid else quote, row.tie_break)


def order_book(subscription: BookSubscription) -> OrderBook[Any]:
    """An empty book of the kind that this subscription delivers."""
    if subscription.raw:
        return RawBook()
    return FundingBook() if subscription.market is Market.FUNDING else LevelBook()


def checksum_of(bids: Sequence[bytes], asks: Sequence[bytes]) -> int:
    """The signed CRC-32 of the best 25 levels, each given as `price:amount` (R0: `id:amount`).

    Bids and asks take turns, best first; where one side is shorter, only the other goes on.
    """
    pairs = min(len(bids), len(asks), CHECKSUM_LEVELS)
    tokens = [b""] * (2 * pairs)
    tokens[0::2], tokens[1::2] = bids[:pairs], asks[:pairs]
    tokens += bids[pairs:CHECKSUM_LEVELS]
    tokens += asks[pairs:CHECKSUM_LEVELS]
    return _signed_crc(b":".join(tokens))


def _signed_crc(text: bytes) -> int:
    crc = zlib.crc32(text)
    return crc - (1 << 32) if crc >= 1 << 31 else crc
