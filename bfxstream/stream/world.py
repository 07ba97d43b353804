"""All that a stream meets outside the program; tests, recordings and replays have their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from bfxstream.stream.clock import Clock, SystemClock
from bfxstream.stream.connection import Opener, SocketConnection
from bfxstream.stream.history import History, RestHistory
from bfxstream.stream.intake import Item
from bfxstream.stream.limiter import LIMITER, RateLimiter
from bfxstream.stream.policy import Policy

if TYPE_CHECKING:
    from bfxstream.stream.link import Link
    from bfxstream.stream.recovery import RecoveryOf


class LinkReaders(Protocol):
    """Iterates several links, and gives their batches in one order (see `Readers`)."""

    @property
    def started(self) -> bool: ...

    @property
    def complete(self) -> bool: ...

    def start(self, link: Link, batches: Iterator[list[Item]]) -> None: ...

    def take(self, patience: float) -> list[Item]: ...

    def end(self) -> list[list[Item]]: ...

    def close(self) -> None: ...


def _jitter(number: int) -> Random:
    return Random()


def _unwatched(number: int, batches: Iterator[list[Item]]) -> Iterator[list[Item]]:
    return batches


class World(Struct, frozen=True, kw_only=True):
    """The clock, the network, chance, and who reads: each can be replaced."""

    clock: Clock = SystemClock()
    open: Opener = SocketConnection
    limiter: RateLimiter = LIMITER
    history: Callable[[str, Policy], History] = RestHistory
    jitter: Callable[[int], Random] = _jitter
    """Of the waits between the attempts of the link of this number."""
    watched: Callable[[int, Iterator[list[Item]]], Iterator[list[Item]]] = _unwatched
    """A link's batches, for whoever must know what they were made of."""
    readers: Callable[[], LinkReaders] | None = None
    """Who iterates several links; None for a thread each."""
    recovery: RecoveryOf | None = None
    """What looks up what an account did meanwhile; None for REST."""
