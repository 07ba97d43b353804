"""One request sent over an account's connection, once, and followed to its outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Protocol, cast

from bfxstream.errors import BfxStreamError, ConnectionFailed
from bfxstream.protocol.account.answers import Outcome, Verdict
from bfxstream.protocol.account.records import AccountRecord, Order
from bfxstream.protocol.channels import AccountSubscription
from bfxstream.protocol.events import Event
from bfxstream.stream.account_link import AccountAccess
from bfxstream.stream.link import FrameTap, World
from bfxstream.stream.market import MarketStream
from bfxstream.stream.options import StreamOptions

NO_ANSWER = "the exchange has not answered"


Sizes = tuple[Decimal | None, Decimal | None]


class Pending(Protocol):
    """A request that waits for its outcome."""

    def receive(self, record: AccountRecord) -> Outcome | None:
        """Take a record; the outcome as soon as it is known."""
        ...

    def give_up(self, reason: str) -> Outcome:
        """What is known when there is nothing more to wait for."""
        ...


class OrderDesk:
    """Never sends a request twice: what a lost connection has left open is looked up."""

    def __init__(
        self,
        access: AccountAccess,
        options: StreamOptions,
        sizes: Callable[[str], Sizes] = lambda symbol: (None, None),
        *,
        on_event: Callable[[Event], None] = lambda event: None,
        on_frames: FrameTap | None = None,
        world: World | None = None,
    ) -> None:
        """`sizes` tells the least and the most of a symbol that an order may be for, if known."""
        self._world = world or World()
        self.sizes = sizes
        self._stream = MarketStream(
            [AccountSubscription()],
            options,
            on_event=on_event,
            on_frames=on_frames,
            world=self._world,
            account=access,
        )
        self._batches = self._stream.batches()

    def open_orders(self, timeout: float) -> list[Order]:
        """The orders that are open, when the account is known. Raises BfxStreamError."""
        account = self._stream.account
        assert account is not None
        deadline = self._world.clock.now() + timeout
        for _ in self._batches:
            if self._stream.complete:
                return list(account.feed.state.orders.held.values())
            if self._world.clock.now() >= deadline:
                break
        raise ConnectionFailed(f"the account did not come within {timeout:g} s; nothing was sent")

    def carry_out(
        self, message: bytes, pending: Pending, timeout: float, follow: bool = False
    ) -> Outcome:
        """Send the message and wait for what comes of it: so many seconds, or with `follow`,
        once the exchange has taken it, as long as it takes.

        Raises BfxStreamError where nothing was sent.
        """
        account = self._stream.account
        assert account is not None
        sent_at: float | None = None
        began = self._world.clock.now()
        try:
            for batch in self._batches:
                now = self._world.clock.now()
                if sent_at is None:
                    if self._stream.complete and account.request(message):
                        sent_at = now
                    elif now - began >= timeout:
                        raise ConnectionFailed(
                            f"the account did not come within {timeout:g} s; nothing was sent"
                        )
                    continue
                if (outcome := _outcome(pending, batch)) is not None:
                    return outcome
                if now - sent_at >= timeout and not (follow and _is_taken(pending)):
                    return pending.give_up(f"{NO_ANSWER} within {timeout:g} s")
        except BfxStreamError as error:
            if sent_at is None:
                raise
            return pending.give_up(error.what)
        raise AssertionError("a stream ends by an error alone")

    def close(self) -> None:
        """Close the connection. Safe to call twice."""
        self._stream.close()


def _is_taken(pending: Pending) -> bool:
    """Whether it is known so far that the exchange has taken it."""
    return pending.give_up("").verdict is Verdict.ACCEPTED


def _outcome(pending: Pending, batch: Iterable[object]) -> Outcome | None:
    for item in batch:
        if not isinstance(item, (bytes, Event)):
            outcome = pending.receive(cast("AccountRecord", item))
            if outcome is not None:
                return outcome
    return None
