"""The account's messages as records: what changed while nobody watched is told, fills once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bfxstream.account import AccountState
from bfxstream.protocol.account.filters import AccountFilter
from bfxstream.protocol.account.messages import AccountMessage
from bfxstream.protocol.account.records import AccountRecord
from bfxstream.protocol.channels import AccountSubscription
from bfxstream.protocol.decode import Kind
from bfxstream.protocol.events import Notice
from bfxstream.stream.feed import Context, Feed
from bfxstream.stream.recovery import Missed, Recoveries

_SNAPSHOTS = {"trading": ("ps", "os"), "wallet": ("ws",), "funding": ("fos", "fcs", "fls")}
"""What the exchange sends at first, by the filter that lets it through (API: ws-auth)."""


_DAY = 86_400_000


class AccountFeed(Feed):
    """One account over any number of connections.

    An execution is given as it happens (`te`) and again with its fee (`tu`), each exactly once;
    one that was missed is given once, with its fee (`backfill`).
    """

    def __init__(
        self, index: int, context: Context, wanted: AccountFilter, recovery: Recoveries
    ) -> None:
        super().__init__(index, AccountSubscription(), context)
        self.state = AccountState(every_update=True)
        self._wanted = wanted
        self._recovery = recovery
        self._awaited = _awaited(wanted.for_exchange())
        self._connections = 0
        self._since: int | None = None
        """From when on executions may be missing, by the exchange's clock (ms)."""

    @property
    def since(self) -> int | None:
        """By the exchange's clock (ms): before this connection began, and after all that is
        known of the one before it. None where the exchange has not told its time."""
        return self._since

    @property
    def settled(self) -> bool:
        """Whether everything is known that happened until this connection."""
        return not self._awaited and self._recovery.done

    def close(self) -> None:
        """Look up nothing more."""
        self._recovery.close()

    def begin(self) -> None:
        """A connection begins: snapshots are to come."""
        self._connections += 1
        self._awaited = _awaited(self._wanted.for_exchange())
        self._since = self.state.trades.last_mts or self._since

    def receive(self, message: Any, fresh: bool) -> None:
        self._take_message(message)

    def tick(self, now: float) -> None:
        if self._recovery.looking_back:
            self._print(self.state.trades.take_history(self._recovery.take_past()))
            self._see_whether_complete()
        for warning in self._recovery.take_warnings():
            self.context.report(Notice(warning))
        for missed in self._recovery.take():
            self._take_missed(missed)

    def _take_message(self, message: AccountMessage) -> None:
        if self._since is None:
            self._since = message.server_mts
        if message.kind is Kind.HEARTBEAT:
            # What has not come by now does not come: the exchange sends no empty ones.
            self._awaited.clear()
        given = self.state.receive(message)
        at_first = message.kind is Kind.ROWS and self._connections == 1
        if self.context.options.snapshots or not at_first:
            self._print(given)
        self._awaited.discard(message.code)
        if message.code == "os" and self._since is not None:
            self._look_up(self._since)
        self._see_whether_complete()

    def _look_up(self, since: int) -> None:
        """Ask for what was missed; at first, where they are wanted, for the day's executions."""
        if self._connections > 1:
            self._recovery.want(since, self.state.lost_orders)
        elif self.context.options.past_executions and "trade" in self._wanted.kinds():
            self._recovery.look_back(since - _DAY)

    def _see_whether_complete(self) -> None:
        done = not self._awaited and not self._recovery.looking_back
        self.complete = self.complete or done

    def _take_missed(self, missed: Missed) -> None:
        found = self.state.trades.take_history(missed.executions)
        self.context.stats.trades_backfilled += len(found)
        self._print(found)
        self._print(self.state.take_order_history(missed.orders, missed.since))
        if self._recovery.done:
            self._print(self.state.give_up_lost_orders())

    def _print(self, records: Iterable[AccountRecord]) -> None:
        for record in records:
            if self._wanted.admits(record):
                self._give(record)


def _awaited(filters: list[str]) -> set[str]:
    """The codes of the snapshots that these filters let through."""
    groups = {word.partition("-")[0] for word in filters} or set(_SNAPSHOTS)
    return {code for group in groups for code in _SNAPSHOTS.get(group, ())}
