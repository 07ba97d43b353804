"""A hub on a clock that the test moves, and what its listeners get."""

from __future__ import annotations

import math

from bfxstream.demo.feeds import Update
from bfxstream.demo.hub import Hub, next_on_grid
from bfxstream.demo.log import ServerLog
from bfxstream.demo.market import Market
from bfxstream.protocol.channels import Subscription

SEED = 5


class Recorder:
    """A listener that notes when what came."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.updates: list[tuple[float, int, Update]] = []
        self.beats: list[float] = []
        self.heartbeat_at = math.inf

    def deliver(self, chan_id: int, update: Update) -> None:
        self.updates.append((self.clock.now, chan_id, update))

    def heartbeat(self, now: float) -> None:
        self.beats.append(now)
        self.heartbeat_at = next_on_grid(self.heartbeat_at, 15.0, now)

    def times(self, chan_id: int) -> list[float]:
        return [at for at, to, _ in self.updates if to == chan_id]

    def bodies(self) -> list[bytes]:
        return [body for _, _, update in self.updates for body in update.bodies]


class Clock:
    """Drives a hub the way the server does, without waiting."""

    def __init__(self, rate: float = 100.0) -> None:
        self.now = 1000.0
        self.log = ServerLog()
        self.hub = Hub(Market(SEED), rate, self.log)
        self.turns = 0

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while (due := self.hub.next_due(self.now)) <= end:
            self.now = due
            self.hub.advance(due)
            self.turns += 1
        self.now = end

    def subscribe(self, wish: Subscription, chan_id: int = 1) -> Recorder:
        recorder = Recorder(self)
        self.hub.subscribe(wish, recorder, chan_id, self.now)
        return recorder
