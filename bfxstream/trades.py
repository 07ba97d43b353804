"""The ledger that makes trades exactly-once: what was delivered is known by id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeVar

from bfxstream.protocol.rows import FundingTradeRow, TradeRow

RowT = TypeVar("RowT", TradeRow, FundingTradeRow)

REMEMBERED_IDS = 1200
"""At least so many of a symbol's last ids are known, and at most twice as many: a `tu` follows
its `te` within seconds, a snapshot has 30 rows. A set of a few more takes four times the memory."""


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
        self.newest_id = 0
        self.newest_mts = 0
        """Of the newest trade delivered; 0 where there is none."""
        self._began_at: int | None = None
        """The least id that may still be given by a snapshot: what is older was delivered, or is
        older than the stream."""
        # Two generations: a set that ids enter and leave one by one grows for minutes.
        self._recent: set[int] = set()
        self._older: set[int] = set()

    def accept(self, row: Execution) -> bool:
        """Note a trade; False where it was delivered before."""
        trade_id = row.id
        if trade_id in self._recent or trade_id in self._older:
            return False
        if self._began_at is None:
            self.begun, self._began_at = True, trade_id
        self._recent.add(trade_id)
        if len(self._recent) > REMEMBERED_IDS:
            self._forget()
        if trade_id > self.newest_id:
            self.newest_id, self.newest_mts = trade_id, row.mts
        return True

    def _forget(self) -> None:
        if self._older:
            self._began_at = max(self._older) + 1
        self._older, self._recent = self._recent, set()

    def accept_rows(self, rows: Sequence[RowT]) -> list[RowT]:
        """Note a snapshot, in any order: the rows not delivered before, oldest first."""
        self.begun = True
        began_at = self._began_at or 0
        rising = sorted(rows, key=lambda row: row.id)
        return [row for row in rising if row.id >= began_at and self.accept(row)]

    def hole_before(self, row: Execution) -> Hole | None:
        """What may be missing before this trade, the oldest of those that follow.

        Where it is not newer than what was delivered, nothing is.
        """
        if not self.begun or row.id <= self.newest_id:
            return None
        return Hole(self.newest_id, self.newest_mts, row.id, row.mts)
