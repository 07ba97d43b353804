"""What every feed is: one subscription's messages in, the records that the user asked for out.

A feed outlives connections: it holds the book or the ledger that makes the promises.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec import Struct, field

from bfxstream.protocol.channels import Subscription
from bfxstream.protocol.decode import Kind, Message
from bfxstream.protocol.events import Event
from bfxstream.protocol.records import Stats
from bfxstream.protocol.views import BookView
from bfxstream.stream.history import History, NoHistory
from bfxstream.stream.policy import Policy


class FeedOptions(Struct, frozen=True):
    """What the user asked of the records."""

    book_view: BookView = BookView.LEVELS
    snapshots: bool = True
    every_update: bool = False
    closed: bool = False
    """Each candle once, when it is complete."""
    once: bool = False
    whole_candles: bool = False
    """With `once` every candle of the snapshot, not the last alone: for a table's chart."""
    past_executions: bool = False
    """An account's of the last day, too, though they are no news: for a table."""
    every: float = 0.0
    """Least seconds between two whole books of one subscription; 0 for every burst."""


class Context(Struct):
    """What the feeds of one run share."""

    options: FeedOptions
    stats: Stats
    report: Callable[[Event], None]
    """Takes what must be said, such as a gap."""
    resync: Callable[[int, str, int], None]
    """Takes the place of a subscription that must be joined afresh, the reason, and how many
    times in a row that has been so."""
    wall_mts: Callable[[], int]
    policy: Policy = Policy()
    history: History = NoHistory()
    out: list[Any] = field(default_factory=list)
    """Where the records go, in order; emptied by the owner for each batch."""
    now: float = 0.0
    """The steady clock, in seconds, at the read that is being taken in."""


class Feed:
    """Turns one subscription's messages into records."""

    def __init__(self, index: int, subscription: Subscription, context: Context) -> None:
        self.index = index
        self.subscription = subscription
        self.context = context
        self.complete = False
        """Whether a complete value has been given: the end of `--once` for this subscription."""
        self._give: Callable[[Any], None] = context.out.append

    def mute(self) -> None:
        """Go on, and give nothing."""
        self._give = _discard

    def interrupted(self) -> None:
        """The subscription is confirmed (again): what came before is lost, a snapshot follows."""

    def receive(self, message: Message, fresh: bool) -> None:
        """Take a message; `fresh` where no snapshot has come since the confirmation.

        Raises ValueError where a row cannot be used.
        """
        self.take(message.kind, message.payload, fresh)

    def take(self, kind: Kind, payload: Any, fresh: bool = False) -> None:
        """As `receive`, of what a message says."""
        raise NotImplementedError

    def row_taker(self, kind: Kind) -> Callable[[Any], None]:
        """What takes the payloads of one kind, ROW or ROWS, behind the snapshot."""
        return partial(self.take, kind)

    def tick(self, now: float) -> None:
        """Give what is due by the clock; called between reads."""

    def end(self) -> None:
        """Give what is held back, and tell what is missing before it: no more is to come."""


def _discard(record: Any) -> None:
    """Nobody wants it."""


def has_tick(feed: Feed) -> bool:
    """Whether the feed does anything by the clock."""
    return type(feed).tick is not Feed.tick
