"""All symbols on one virtual clock: the same seed gives the same market, event for event."""

from __future__ import annotations

from collections import deque
from itertools import accumulate, count
from random import Random

from bfxstream.demo.engine import Engine, Trade
from bfxstream.demo.figures import DayFigures
from bfxstream.demo.flow import Event, OrderFlow, Worths
from bfxstream.demo.instruments import INSTRUMENTS, Instrument

NOMINAL_RATE = 100.0
"""Events a virtual second. Played at another rate the same events come with the same
timestamps, only sooner or later: rate 1000 plays ten virtual seconds in one."""

START_MTS = 1_767_225_600_000
"""2026-01-01T00:00:00Z: where a seeded market's clock stands when it opens."""

TAPE = 30
"""Trades that a snapshot shows (API: ws-public-trades)."""

_FIRST_ORDER_ID = 200_000_000_000
_FIRST_TRADE_ID = 1_000_000_000
_WARM_UP_ROUNDS = 300
_WARM_UP_MS = 6 * 3_600_000


class Listing:
    """One symbol: its engine, its traders and what its trades left behind."""

    def __init__(self, instrument: Instrument, engine: Engine, flow: OrderFlow) -> None:
        self.instrument = instrument
        self.engine = engine
        self.flow = flow
        self.tape: deque[Trade] = deque(maxlen=TAPE)
        """The latest trades, newest first."""
        self.figures = DayFigures()

    def step(self, mts: int) -> Event:
        """Let the next thing happen."""
        event = self.flow.step(mts)
        for trade in event.trades:
            self.tape.appendleft(trade)
            self.figures.add(trade)
        return event


class Market:
    """Every symbol's market; `step` makes the next event happen, whatever a real clock says."""

    def __init__(self, seed: int, start_mts: int = START_MTS) -> None:
        self.start_mts = start_mts
        self._rng = Random(f"{seed}:clock")
        worths, order_ids, trade_ids = Worths(), count(_FIRST_ORDER_ID), count(_FIRST_TRADE_ID)
        self.listings: dict[str, Listing] = {}
        for instrument in INSTRUMENTS:
            engine = Engine(order_ids, trade_ids)
            rng = Random(f"{seed}:{instrument.symbol}")
            flow = OrderFlow(instrument, engine, worths, rng)
            self.listings[instrument.symbol] = Listing(instrument, engine, flow)
        self._choices = list(self.listings.values())
        self._weights = list(accumulate(each.instrument.weight for each in self._choices))
        self._warm_up()
        self.next_at = self._gap()
        """When the next event happens: virtual milliseconds after the opening."""

    @property
    def mts(self) -> int:
        """The virtual time of the next event."""
        return self.start_mts + int(self.next_at)

    def step(self) -> Event:
        """Make the next event happen."""
        listing = self._rng.choices(self._choices, cum_weights=self._weights)[0]
        event = listing.step(self.mts)
        self.next_at += self._gap()
        return event

    def _gap(self) -> float:
        return self._rng.expovariate(NOMINAL_RATE / 1000)

    def _warm_up(self) -> None:
        """Trade for some virtual hours before the opening, so that a day's figures exist."""
        begin = self.start_mts - _WARM_UP_MS
        for listing in self._choices:
            listing.flow.open(begin)
        turns = 0
        while turns < _WARM_UP_ROUNDS or any(len(each.tape) < TAPE for each in self._choices):
            turns += 1
            mts = begin + min(turns * _WARM_UP_MS // _WARM_UP_ROUNDS, _WARM_UP_MS)
            for listing in self._choices:
                listing.step(mts)
