"""Books as clients see them: windows at one precision, and the bursts between two states."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

from bfxstream.book import checksum_of
from bfxstream.demo.engine import Engine, PriceLevel, RestingSide, Side
from bfxstream.demo.instruments import Instrument
from bfxstream.demo.prices import PRICE_DIGITS, amount_text, number_text, round_price
from bfxstream.protocol.channels import CHECKSUM_LEVELS, BookSubscription, Precision

_DIGITS = {
    precision: PRICE_DIGITS
    if precision is Precision.R0
    else PRICE_DIGITS - int(precision.value[1:])
    for precision in Precision
}
"""Significant digits that each precision rounds prices to."""


class Entry(NamedTuple):
    """One place in a book: a level (`number` counts orders) or an order (`number` is its id)."""

    price: int
    period: int
    number: int
    amount: int


Key = tuple[int, int]
"""What makes an entry the same one in two states: price and period, or the order's id."""


class Line(NamedTuple):
    """An entry and its text: its row, and what stands for it in a checksum."""

    entry: Entry
    row: bytes
    token: bytes


class Burst(NamedTuple):
    """The rows that turn a view's last state into this one, and this one's checksum."""

    rows: list[bytes]
    checksum: int | None


RowWriter = Callable[[bytes, int, int, bytes], bytes]
"""Writes price text, period, number and signed amount text in one layout's order."""


def _level_row(price: bytes, _period: int, number: int, amount: bytes) -> bytes:
    return b"[%b,%d,%b]" % (price, number, amount)


def _funding_level_row(price: bytes, period: int, number: int, amount: bytes) -> bytes:
    return b"[%b,%d,%d,%b]" % (price, period, number, amount)


def _order_row(price: bytes, _period: int, number: int, amount: bytes) -> bytes:
    return b"[%d,%b,%b]" % (number, price, amount)


def _funding_order_row(price: bytes, period: int, number: int, amount: bytes) -> bytes:
    return b"[%d,%d,%b,%b]" % (number, period, price, amount)


_WRITERS: dict[tuple[bool, bool], RowWriter] = {
    (False, False): _level_row,
    (False, True): _order_row,
    (True, False): _funding_level_row,
    (True, True): _funding_order_row,
}
"""By whether it is funding, and whether it is raw."""


class _Window:
    """One side of a view: the lines that its clients have now, best first."""

    def __init__(self, view: BookView, side: RestingSide) -> None:
        self._view = view
        self._side = side
        self.lines: dict[Key, Line] = {}

    def advance(self) -> tuple[list[bytes], list[bytes]]:
        """Move to the engine's state; the rows that delete, and the rows that set."""
        view, side, old = self._view, self._side.side, self.lines
        new: dict[Key, Line] = {}
        sets: list[bytes] = []
        for key, entry in view.entries(self._side):
            line = old.get(key)
            if line is None or line.entry != entry:
                line = view.line(entry, side)
                sets.append(line.row)
            new[key] = line
        self.lines = new
        if old.keys() <= new.keys():
            return [], sets
        gone = (line.entry for key, line in old.items() if key not in new)
        return [view.delete_row(entry, side) for entry in gone], sets


class BookView:
    """One symbol's book at one precision and length, in the state last published."""

    def __init__(self, instrument: Instrument, engine: Engine, subscription: BookSubscription):
        self._instrument = instrument
        self._engine = engine
        self._raw = subscription.raw
        self._digits = _DIGITS[subscription.prec]
        self._length = subscription.length
        self._verifiable = subscription.verifiable
        self._write = _WRITERS[instrument.funding, self._raw]
        # A funding bid, a request to borrow, has a negative amount (API: ws-public-books).
        self._sign = -1 if instrument.funding else 1
        self._version = -1
        self._bids = _Window(self, engine.bids)
        self._asks = _Window(self, engine.asks)
        self.advance()

    def snapshot(self) -> list[bytes]:
        """The rows of the last published state: bids falling, then asks rising."""
        windows = (self._bids, self._asks)
        return [line.row for window in windows for line in window.lines.values()]

    def advance(self) -> Burst | None:
        """Publish the engine's state: what changed, or None where nothing did.

        Deleted bids falling, deleted asks rising, set bids falling, set asks rising: so no
        single row ever crosses a client's book or takes it over its length.
        """
        if self._version == self._engine.version:
            return None
        self._version = self._engine.version
        lost_bids, set_bids = self._bids.advance()
        lost_asks, set_asks = self._asks.advance()
        rows = [*lost_bids, *lost_asks, *set_bids, *set_asks]
        return Burst(rows, self.checksum()) if rows else None

    def checksum(self) -> int | None:
        """The checksum of the last published state; None where clients cannot verify one."""
        if not self._verifiable:
            return None
        bids, asks = (
            [line.token for line in islice(window.lines.values(), CHECKSUM_LEVELS)]
            for window in (self._bids, self._asks)
        )
        return checksum_of(bids, asks)

    def entries(self, side: RestingSide) -> Iterator[tuple[Key, Entry]]:
        """The best entries of one side, at most the view's length of them."""
        return islice(self._all_entries(side), self._length)

    def line(self, entry: Entry, side: Side) -> Line:
        """An entry as text."""
        price = number_text(entry.price, self._instrument.price_decimals)
        amount = amount_text(entry.amount * side * self._sign)
        name = b"%d" % entry.number if self._raw else price
        row = self._write(price, entry.period, entry.number, amount)
        return Line(entry, row, b"%b:%b" % (name, amount))

    def delete_row(self, entry: Entry, side: Side) -> bytes:
        """The row that takes an entry away: count 0, or price 0 of an order."""
        unit = b"%d" % (side * self._sign)
        if self._raw:
            return self._write(b"0", entry.period, entry.number, unit)
        price = number_text(entry.price, self._instrument.price_decimals)
        return self._write(price, entry.period, 0, unit)

    def _all_entries(self, side: RestingSide) -> Iterator[tuple[Key, Entry]]:
        if self._raw:
            return _orders(side)
        if self._instrument.funding:
            return _funding_levels(side, self._digits)
        return _levels(side, self._digits)


def _orders(side: RestingSide) -> Iterator[tuple[Key, Entry]]:
    for price, level in side.levels():
        # By rising id on both sides, whoever has priority (API: WebSocket checksum).
        for order_id, order in sorted(level.orders.items()):
            yield (order_id, 0), Entry(price, order.period, order_id, order.amount)


def _levels(side: RestingSide, digits: int) -> Iterator[tuple[Key, Entry]]:
    for price, levels in _cells(side, digits):
        count = amount = 0
        for level in levels:
            count += len(level.orders)
            amount += level.amount
        yield (price, 0), Entry(price, 0, count, amount)


def _funding_levels(side: RestingSide, digits: int) -> Iterator[tuple[Key, Entry]]:
    for price, levels in _cells(side, digits):
        amounts: dict[int, list[int]] = {}
        for level in levels:
            for order in level.orders.values():
                amounts.setdefault(order.period, []).append(order.amount)
        for period in sorted(amounts):
            found = amounts[period]
            yield (price, period), Entry(price, period, len(found), sum(found))


def _cells(side: RestingSide, digits: int) -> Iterator[tuple[int, list[PriceLevel]]]:
    """Prices of so many digits, best first, each with the levels that are rounded to it."""
    up = side.side is Side.ASK
    cell = None
    levels: list[PriceLevel] = []
    for price, level in side.levels():
        # Rounded away from the best price: all that follows up to there is in the cell.
        if cell is None or (price > cell if up else price < cell):
            if cell is not None:
                yield cell, levels
            cell, levels = round_price(price, digits, up), []
        levels.append(level)
    if cell is not None:
        yield cell, levels
