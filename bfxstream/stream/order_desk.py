"""One request sent over an account's connection, once, and followed to its outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Protocol, cast

from bfxstream.errors import BfxStreamError, ConnectionFailed
from bfxstream.protocol.account.answers import Outcome, Verdict
from bfxstream.protocol.account.records import AccountRecord, Order
from bfxstream.protocol.channels import AccountSubscription
from bfxstream.protocol.events import Event, Notice
from bfxstream.protocol.numbers import integer
from bfxstream.stream.account_link import AccountAccess
from bfxstream.stream.link import FrameTap
from bfxstream.stream.market import MarketStream
from bfxstream.stream.options import StreamOptions
from bfxstream.stream.world import World

NO_ANSWER = "the exchange has not answered"

_CID_DAYS = 2 * 86_400_000
"""Milliseconds of the past in which a client id is looked for: it is good for one UTC day."""

Sizes = tuple[Decimal | None, Decimal | None]


class Pending(Protocol):
    """A request that waits for its outcome."""

    def sent(self, open_orders: Iterable[Order], since: int) -> None:
        """It is sent now: what is open, and a time (ms) before which nothing came of it."""
        ...

    def receive(self, record: AccountRecord) -> Outcome | None:
        """Take a record; the outcome as soon as it is known."""
        ...

    def recall(self, order: Order) -> Outcome | None:
        """Take an order that was looked up."""
        ...

    def give_up(self, reason: str) -> Outcome:
        """What is known when there is nothing more to wait for."""
        ...


class OrderDesk:
    """Never sends a request twice: what a lost connection has left open is looked up.

    After a reconnect the stream itself looks it up. Where no answer comes, REST is asked: after
    the policy's `answer_look_up`, for a connection may be dead without a sign of it, and once
    more when the time is over.
    """

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
        self._policy = options.policy
        self._rest = access.rest
        self._on_event = on_event
        self.sizes = sizes
        self._stream = MarketStream(
            [AccountSubscription()],
            options,
            on_event=on_event,
            on_frames=on_frames,
            world=self._world,
            account=access,
        )
        account = self._stream.account
        assert account is not None
        self._account = account
        self._batches = self._stream.batches()
        self._sent_at: float | None = None
        self._since = 0

    @property
    def sent(self) -> bool:
        """Whether a request has been sent: from then on it may have been carried out."""
        return self._sent_at is not None

    def open_orders(self, timeout: float | None = None) -> list[Order]:
        """The orders that are open, when the account is known. Raises BfxStreamError."""
        deadline = self._world.clock.now() + self._patience(timeout)
        for _ in self._batches:
            if self._stream.complete:
                return list(self._held)
            if self._world.clock.now() >= deadline:
                break
        raise self._did_not_come(timeout)

    def orders_with(self, cid: int, timeout: float | None = None) -> list[Order]:
        """The orders of this client id, those that have ended first. Raises BfxStreamError."""
        orders = self.open_orders(timeout)
        past = self._rest.past_orders(since=self._exchange_mts() - _CID_DAYS)
        ids = {order.id for order in past}
        orders = [*past, *(order for order in orders if order.id not in ids)]
        return [order for order in orders if integer(order.cid) == cid]

    def carry_out(
        self, message: bytes, pending: Pending, timeout: float | None = None, follow: bool = False
    ) -> Outcome:
        """Send the message and wait for what comes of it: so many seconds, or with `follow`,
        once the exchange has taken it, as long as it takes.

        Raises BfxStreamError where nothing was sent.
        """
        clock, patience = self._world.clock, self._patience(timeout)
        began = clock.now()
        looks = sorted({min(self._policy.answer_look_up, patience), patience})
        try:
            for batch in self._batches:
                now = clock.now()
                if self._sent_at is None:
                    if not self._send(message, pending, now) and now - began >= patience:
                        raise self._did_not_come(timeout)
                    continue
                if (outcome := _outcome(pending, batch)) is not None:
                    return outcome
                if follow and _is_taken(pending):
                    # It has been answered. Should the connection die, the stream looks it up.
                    continue
                if now - self._sent_at < looks[0]:
                    continue
                del looks[0]
                if (outcome := self._look_up(pending)) is not None:
                    return outcome
                if not looks:
                    said = f"{NO_ANSWER} within {patience:g} s"
                    return pending.give_up(f"{said}, and what it has of orders does not tell")
        except BfxStreamError as error:
            if self._sent_at is None:
                raise
            return self._look_up(pending) or pending.give_up(error.what)
        raise AssertionError("a stream ends by an error alone")

    def close(self) -> None:
        """Close the connection. Safe to call twice."""
        self._stream.close()

    @property
    def _held(self) -> Iterable[Order]:
        return self._account.feed.state.orders.held.values()

    def _send(self, message: bytes, pending: Pending, now: float) -> bool:
        if not (self._stream.complete and self._account.request(message)):
            return False
        self._sent_at, self._since = now, self._exchange_mts()
        pending.sent(list(self._held), self._since)
        return True

    def _look_up(self, pending: Pending) -> Outcome | None:
        """Ask for orders over REST, another way to the exchange than the one that is silent."""
        self._on_event(Notice(f"{NO_ANSWER} yet: looking up what it has of orders"))
        try:
            # In this order: what ends in between is among the latter.
            still_open = self._rest.open_orders()
            ended = self._rest.past_orders(since=self._since)
        except BfxStreamError as error:
            self._on_event(Notice(f"the orders cannot be looked up: {error.what}"))
            return None
        outcomes = map(pending.recall, [*ended, *still_open])
        return next((outcome for outcome in outcomes if outcome is not None), None)

    def _exchange_mts(self) -> int:
        """A time by the exchange's clock before which nothing was sent."""
        return self._account.feed.since or self._world.clock.wall_mts()

    def _patience(self, timeout: float | None) -> float:
        return self._policy.answer_timeout if timeout is None else timeout

    def _did_not_come(self, timeout: float | None) -> ConnectionFailed:
        seconds = self._patience(timeout)
        return ConnectionFailed(f"the account did not come within {seconds:g} s; nothing was sent")


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
