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
    """Trades may be missing between two that are known; ids and times (ms) of both.

    Both are 0 before the first trade of a symbol that had none.
    """

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
        self.begun = False
        """Whether it is known where the stream begins: what is older is none of its business."""
        self._seen: set[int] = set()
        self._order: deque[int] = deque()
        self.newest_id = 0
        self.newest_mts = 0
        """Of the newest trade delivered; 0 where there is none."""

    def accept(self, row: Execution) -> bool:
        """Note a trade; False where it was delivered before."""
        trade_id = row.id
        if trade_id in self._seen:
            return False
        self.begun = True
        self._seen.add(trade_id)
        self._order.append(trade_id)
        if len(self._order) > REMEMBERED_IDS:
            self._seen.discard(self._order.popleft())
        if trade_id > self.newest_id:
            self.newest_id, self.newest_mts = trade_id, row.mts
        return True

    def accept_rows(self, rows: Sequence[RowT]) -> list[RowT]:
        """Note a snapshot, in any order: the rows not delivered before, oldest first."""
        had_trades, self.begun = bool(self._order), True
        rising = sorted(rows, key=lambda row: row.id)
        # Ids older than the ledger's memory were delivered or are older than the stream.
        fresh = [row for row in rising if not (had_trades and row.id < self._order[0])]
        return [row for row in fresh if self.accept(row)]

    def hole_before(self, row: Execution) -> Hole | None:
        """What may be missing before this trade, the oldest of those that follow.

        Where it is not newer than what was delivered, nothing is.
        """
        if not self.begun or row.id <= self.newest_id:
            return None
        return Hole(self.newest_id, self.newest_mts, row.id, row.mts)
