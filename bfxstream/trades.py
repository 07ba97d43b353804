"""The ledger that makes trades exactly-once: what was delivered is known by id."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeVar

from bfxstream.protocol.rows import FundingTradeRow, TradeRow

RowT = TypeVar("RowT", TradeRow, FundingTradeRow)

REMEMBERED_IDS = 4096
"""Ids kept per symbol: a `tu` follows its `te` within seconds, a snapshot has 30 rows."""


class Hole(NamedTuple):
    """Trades may be missing between two that are known; ids and times (ms) of both."""

    first_id: int
    first_mts: int
    last_id: int
    last_mts: int


class Execution(Protocol):
    """What the ledger reads of a trade: its id and its time (ms)."""

    @property
    def id(self) -> int: ...

    @property
    def mts(self) -> int: ...


class TradeLedger:
    """Knows which trades of one symbol were delivered. Ids rise with time within a symbol."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._order: deque[int] = deque()
        self._newest_id = 0
        self._newest_mts = 0

    def accept(self, row: Execution) -> bool:
        """Note a trade; False where it was delivered before."""
        trade_id = row.id
        if trade_id in self._seen:
            return False
        self._seen.add(trade_id)
        self._order.append(trade_id)
        if len(self._order) > REMEMBERED_IDS:
            self._seen.discard(self._order.popleft())
        if trade_id > self._newest_id:
            self._newest_id, self._newest_mts = trade_id, row.mts
        return True

    def accept_snapshot(self, rows: Sequence[RowT]) -> tuple[list[RowT], Hole | None]:
        """Note a snapshot, in any order: the rows not delivered before, oldest first.

        Where trades were delivered and none of them is in the snapshot, it does not reach back
        far enough, and the hole between is told (API: ws-public-trades has 30 rows).
        """
        rising = sorted(rows, key=lambda row: row.id)
        before = (self._newest_id, self._newest_mts)
        had_trades = bool(self._order)
        # Ids older than the ledger's memory were delivered or are older than the stream.
        fresh = [row for row in rising if not (had_trades and row.id < self._order[0])]
        fresh = [row for row in fresh if self.accept(row)]
        hole = None
        if had_trades and rising and rising[0].id > before[0]:
            hole = Hole(*before, rising[0].id, rising[0].mts)
        return fresh, hole
