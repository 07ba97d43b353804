"""The ledger that makes trades exactly-once: what was delivered is known by id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeVar

from bfxstream.protocol.rows import FundingTradeRow, TradeRow

RowT = TypeVar("RowT", TradeRow, FundingTradeRow)

GENERATION = 1200
"""A symbol's last 2,400 ids at least are known, and 3,600 at most, in three generations of so many:
a `tu` follows its `te` within seconds, a snapshot has 30 rows. A set takes 32 KiB until it has
1,228 ids, and then 128."""


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

    def __init__(self, generation: int = GENERATION) -> None:
        """`generation`: half of the ids that are remembered at least."""
        self.begun = False
        """Whether it is known where the stream begins: what is older is none of its business."""
        self.newest_id = 0
        self.newest_mts = 0
        """Of the newest trade delivered; 0 where there is none."""
        self._least_id: int | None = None
        """The least that a snapshot may still give: what is older was delivered, or is older than
        the stream. None before the first trade."""
        self._generation = generation
        # Generations: a set that ids enter and leave one by one grows for minutes.
        self._recent: set[int] = set()
        self._older: set[int] = set()
        self._oldest: set[int] = set()

    def knows(self, trade_id: int) -> bool:
        """Whether this trade was delivered, as far as is remembered."""
        return trade_id in self._recent or trade_id in self._older or trade_id in self._oldest

    def accept(self, row: Execution) -> bool:
        """Note a trade; False where it was delivered before."""
        trade_id = row.id
        if trade_id > self.newest_id:
            # Most are: none of the sets, mostly cold in the cache by then, is looked into.
            self.newest_id, self.newest_mts = trade_id, row.mts
        elif self.knows(trade_id):
            return False
        if self._least_id is None:
            self.begun, self._least_id = True, trade_id
        self._recent.add(trade_id)
        if len(self._recent) > self._generation:
            self._forget_the_oldest()
        return True

    def accept_rows(self, rows: Sequence[RowT]) -> list[RowT]:
        """Note a snapshot, in any order: the rows not delivered before, oldest first."""
        self.begun = True
        least = self._least_id or 0
        rising = sorted(rows, key=lambda row: row.id)
        return [row for row in rising if row.id >= least and self.accept(row)]

    def hole_before(self, row: Execution) -> Hole | None:
        """What may be missing before this trade, the oldest of those that follow.

        Where it is not newer than what was delivered, nothing is.
        """
        if not self.begun or row.id <= self.newest_id:
            return None
        return Hole(self.newest_id, self.newest_mts, row.id, row.mts)

    def _forget_the_oldest(self) -> None:
        if self._oldest:
            self._least_id = max(self._oldest) + 1
        self._recent, self._older, self._oldest = set(), self._recent, self._older
