"""What an interruption takes from a symbol's trades, and how it comes back: held, looked up, given.

Trades are held from the first sign of an interruption until nothing is missing before them: the
snapshot reaches back to what was delivered, or the history has filled the hole, or nothing can,
which is told as a gap. What is too much to hold is forgotten: it is part of the hole then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any

from bfxstream.protocol.channels import Subscription
from bfxstream.protocol.decode import ROWS, Kind
from bfxstream.protocol.events import Backfilled, Backfilling, Gap
from bfxstream.stream.feed import Context
from bfxstream.stream.history import Inquiry
from bfxstream.stream.policy import MOST_HELD
from bfxstream.trades import Hole, TradeLedger

Held = tuple[Kind, Any]
"""A row, as EXECUTED, as UPDATED, or, of a snapshot, as ROWS."""

_by_id = attrgetter("id")
_kind_of = itemgetter(0)


class Backfill:
    """Stands between the interruptions of one symbol's trades and what comes after them."""

    def __init__(
        self,
        subscription: Subscription,
        context: Context,
        ledger: TradeLedger,
        give: Callable[[Kind, Sequence[Any]], None],
        give_missed: Callable[[Sequence[Any]], None],
    ) -> None:
        """`give` takes rows of one kind that came over the stream, `give_missed` those of the
        history, oldest first."""
        self.open = False
        """Whether trades must be held."""
        self._subscription = subscription
        self._context = context
        self._ledger = ledger
        self._give = give
        self._give_missed = give_missed
        self._held: list[Held] = []
        """What has come since the interruption, without a hole in it."""
        self._held_since = 0.0
        self._stranded: list[list[Held]] = []
        """What was held before yet another interruption, each list without a hole in it: the
        history has it, too, if any."""
        self._awaits_snapshot = False
        self._hole_ends: Any = None
        """The trade that the history must reach, while it is asked."""
        self._inquiry: Inquiry[Any] = Inquiry(context.policy)
        self._missing_after: int | None = None
        """The id behind which the history was asked for last."""
        self._from = 0
        """Where the next page begins at least, in ms."""
        self._filled = 0

    def interrupt(self) -> None:
        """Trades may be missing from here on; a snapshot is to come."""
        self._strand(self._held)
        self._held = []
        self._hole_ends = None
        self._awaits_snapshot = self.open = True

    def hold(self, kind: Kind, row: Any, fresh: bool) -> None:
        """Take a trade that may have a hole before it; `fresh` before the snapshot."""
        if fresh and not self._awaits_snapshot:
            self.interrupt()
        if not self._held:
            self._held_since = self._context.now
        self._held.append((kind, row))
        if len(self._held) > MOST_HELD:
            self._rely_on_history()

    def take_snapshot(self, rows: Sequence[Any]) -> None:
        """Take the latest trades, in any order."""
        if not self._awaits_snapshot:
            self.interrupt()
        rising = sorted(rows, key=_by_id)
        if rising:
            oldest = rising[0].id
            early = [held for held in self._held if held[1].id < oldest]
            late = [held for held in self._held if held[1].id >= oldest]
            self._held = [*early, *((ROWS, row) for row in rising), *late]
            self._settle()
        elif self._held:
            self._rely_on_history()
        elif not self._ledger.newest_id:
            self._ledger.accept_rows([])
            self._release()

    def tick(self, now: float) -> None:
        """Go on with the history, or without the snapshot, where it is time to."""
        wait = self._context.policy.snapshot_wait
        if self._awaits_snapshot and self._held and now - self._held_since >= wait:
            self._rely_on_history()
        while self._hole_ends is not None:
            rows = self._inquiry.poll(now, self._ask)
            if rows is not None:
                self._take_page(sorted(rows, key=_by_id), now)
            elif self._inquiry.is_vain(now):
                self._give_up()
            else:
                return

    def end(self) -> None:
        """Give what is held, and tell what is missing before it: no more is to come."""
        if self._held:
            self._tell_gaps(_first_of(self._held))
        elif self._stranded:
            self._tell_gaps(self._stranded[-1][-1][1])
        self._release()

    def _settle(self) -> None:
        """See what is missing before what is held; if nothing is, give it."""
        self._awaits_snapshot = False
        first = _first_of(self._held)
        hole = self._ledger.hole_before(first)
        if hole is None:
            self._release()
            return
        now = self._context.now
        if self._hole_ends is None:
            self._context.report(Backfilling(self._subscription.spec, *_bounds(hole)))
            if hole.first_id == self._missing_after:
                self._inquiry.resume(now)
            else:
                self._inquiry.begin(now)
            self._missing_after = hole.first_id
            self._from = self._filled = 0
        self._hole_ends = first
        self.tick(now)

    def _rely_on_history(self) -> None:
        """The newest trade alone is held: what came before it is left to the history."""
        if not self._ledger.begun:
            self._release()
            return
        newest = max(self._held, key=lambda held: held[1].id)
        self._strand(self._held)
        self._held = [newest]
        self._settle()

    def _strand(self, held: Sequence[Held]) -> None:
        room = MOST_HELD - sum(map(len, self._stranded))
        if held and room > 0:
            self._stranded.append(list(held[:room]))

    def _release(self) -> None:
        held, self._held = self._held, []
        self._stranded = []
        self._hole_ends = None
        self._awaits_snapshot = self.open = False
        self._give_held(held)

    def _give_held(self, held: Sequence[Held]) -> None:
        for kind, some in groupby(held, key=_kind_of):
            self._give(kind, [row for _, row in some])

    # The history.

    def _ask(self) -> Future[list[Any]]:
        """The next page. Bounds may not be inclusive: a millisecond more on both sides."""
        start = max(self._ledger.newest_mts - 1, self._from, 0)
        end = self._hole_ends.mts + 1
        limit = self._context.policy.history_rows
        return self._context.history.trades(self._subscription.symbol, start, end, limit)

    def _take_page(self, rising: Sequence[Any], now: float) -> None:
        """Take rows of the history: with both ends of the hole among them it is filled."""
        ledger, end = self._ledger, self._hole_ends
        newest = ledger.newest_id
        missed = [row for row in rising if newest < row.id < end.id]
        reaches_end = bool(rising) and rising[-1].id >= end.id
        reaches_back = not newest or (bool(rising) and rising[0].id <= newest)
        if (missed or reaches_end) and not reaches_back:
            self._tell_gaps(missed[0] if missed else end)
        self._give_missed(missed)
        self._filled += len(missed)
        is_full = len(rising) >= self._context.policy.history_rows
        if reaches_end:
            self._context.report(Backfilled(self._subscription.spec, self._filled))
            self._release()
        elif missed or is_full:
            if not missed:
                self._from = rising[-1].mts + 1  # more trades in one time than a page has
            self._inquiry.helped(now, whole=not is_full)
        else:
            self._inquiry.failed(now)

    def _give_up(self) -> None:
        self._tell_gaps(self._hole_ends)
        self._release()

    def _tell_gaps(self, until: Any) -> None:
        """Tell what cannot be filled before this trade, and give what was held in between."""
        for run in self._stranded:
            newest = self._ledger.newest_id
            some = [held for held in run if newest < held[1].id <= until.id]
            if some:
                self._tell_gap(_first_of(run))
                self._give_held(some)
        self._tell_gap(until)

    def _tell_gap(self, until: Any) -> None:
        hole = self._ledger.hole_before(until)
        if hole is not None:
            self._context.report(Gap(self._subscription.spec, *_bounds(hole)))


def _first_of(held: Sequence[Held]) -> Any:
    """The trade that nothing but a hole is before.

    An update may come long after its trade: it does not tell what came before.
    """
    return next((row for kind, row in held if kind is not Kind.UPDATED), held[-1][1])


def _bounds(hole: Hole) -> tuple[int, int, int, int]:
    """As events have them."""
    return hole.first_id, hole.last_id, hole.first_mts, hole.last_mts
