"""All symbols on one virtual clock: the same seed gives the same market, event for event."""

from __future__ import annotations

from itertools import accumulate, count
from random import Random

from bfxstream.demo.candles import MINUTE, Candles
from bfxstream.demo.derivatives import SAMPLE_MS, DerivativeStatus
from bfxstream.demo.engine import Engine, Side, Trade
from bfxstream.demo.figures import DayFigures
from bfxstream.demo.flow import TRADED_SHARE, Event, OrderFlow, Worths
from bfxstream.demo.instruments import INSTRUMENTS, Instrument
from bfxstream.demo.liquidations import LiquidationLog, Liquidator
from bfxstream.demo.past import past_candles
from bfxstream.demo.tape import Tape

NOMINAL_RATE = 100.0
"""Events a virtual second. Played at another rate the same events come with the same
timestamps, only sooner or later: rate 1000 plays ten virtual seconds in one."""

START_MTS = 1_767_225_600_000
"""2026-01-01T00:00:00Z: where a seeded market's clock stands when it opens."""

SNAPSHOT_TRADES = 30
"""That a snapshot shows (API: ws-public-trades)."""

_FIRST_ORDER_ID = 200_000_000_000
_FIRST_TRADE_ID = 1_000_000_000
_WARM_UP_ROUNDS = 200
_TOTAL_WEIGHT = sum(instrument.weight for instrument in INSTRUMENTS)


class Listing:
    """One symbol: its engine, its traders and what its trades left behind."""

    def __init__(self, instrument: Instrument, engine: Engine, flow: OrderFlow) -> None:
        self.instrument = instrument
        self.engine = engine
        self.flow = flow
        self.tape = Tape(instrument)
        self.candles = Candles(instrument)
        self.figures = DayFigures()
        self.status: DerivativeStatus | None = None
        """Of derivatives only."""
        self.events_a_minute = NOMINAL_RATE * 60 * instrument.weight / _TOTAL_WEIGHT

    def open(self, mts: int, rng: Random) -> None:
        """Fill the book, and draw the candles of what was before."""
        self.flow.open(mts)
        instrument, engine = self.instrument, self.engine
        price = engine.bids.best or instrument.price_units
        parts = len(instrument.periods)
        volume = self.events_a_minute * TRADED_SHARE * instrument.amount_units / parts
        for width, candle in past_candles(instrument, mts, price, volume, rng):
            for period in instrument.periods:
                self.candles.absorb(period, width, candle)
            whole = candle.at(candle.mts)
            whole.volume *= parts
            whole.turnover *= parts
            self.figures.begin(whole)

    def step(self, mts: int) -> Event:
        """Let the next thing happen."""
        event = self.flow.step(mts)
        for trade in event.trades:
            self._record(trade)
        return event

    def place(
        self,
        side: Side,
        amount: int,
        price: int | None,
        order_id: int,
        mts: int,
        *,
        hidden: bool = False,
    ) -> Event:
        """Let an order of an account arrive, which is no part of the flow."""
        execution = self.engine.submit(
            side, amount, price, mts=mts, order_id=order_id, hidden=hidden
        )
        event = self.flow.arrived(execution, mts)
        for trade in event.trades:
            self._record(trade)
        return event

    def _record(self, trade: Trade) -> None:
        self.tape.add(trade)
        self.candles.add(trade)
        self.figures.add(trade)
        if self.status is not None:
            self.status.traded(trade)


class Market:
    """Every symbol's market; `step` makes the next event happen, whatever a real clock says."""

    def __init__(self, seed: int, start_mts: int = START_MTS) -> None:
        self.start_mts = start_mts
        self._rng = Random(f"{seed}:clock")
        self.liquidations = LiquidationLog()
        worths, order_ids, trade_ids = Worths(), count(_FIRST_ORDER_ID), count(_FIRST_TRADE_ID)
        self.listings: dict[str, Listing] = {}
        for instrument in INSTRUMENTS:
            engine = Engine(order_ids, trade_ids)
            rng = Random(f"{seed}:{instrument.symbol}")
            flow = OrderFlow(instrument, engine, worths, rng)
            self.listings[instrument.symbol] = Listing(instrument, engine, flow)
        self.instruments = {each.symbol: each for each in INSTRUMENTS}
        self._choices = list(self.listings.values())
        self._weights = list(accumulate(each.instrument.weight for each in self._choices))
        self._warm_up(seed)
        self._sample_at = -start_mts % SAMPLE_MS
        self._derivatives = self._list_derivatives(seed)
        self.next_at = self._gap()
        """When the next event happens: virtual milliseconds after the opening."""

    @property
    def mts(self) -> int:
        """The virtual time of the next event."""
        return self.start_mts + int(self.next_at)

    def step(self) -> Event:
        """Make the next event happen."""
        while self._sample_at <= self.next_at:
            for status in self._derivatives:
                status.sample(self.start_mts + self._sample_at)
            self._sample_at += SAMPLE_MS
        listing = self._rng.choices(self._choices, cum_weights=self._weights)[0]
        event = listing.step(self.mts)
        self.next_at += self._gap()
        return event

    def _gap(self) -> float:
        return self._rng.expovariate(NOMINAL_RATE / 1000)

    def _warm_up(self, seed: int) -> None:
        """Trade before the opening, each symbol at its own pace, so that trades are known."""
        paces = [MINUTE / listing.events_a_minute for listing in self._choices]
        for listing, pace in zip(self._choices, paces, strict=True):
            rng = Random(f"{seed}:{listing.instrument.symbol}:past")
            listing.open(int(self.start_mts - _WARM_UP_ROUNDS * pace), rng)
        turns = 0
        while turns < _WARM_UP_ROUNDS or any(
            len(each.tape) < SNAPSHOT_TRADES for each in self._choices
        ):
            turns += 1
            left = max(0, _WARM_UP_ROUNDS - turns)
            for listing, pace in zip(self._choices, paces, strict=True):
                listing.step(int(self.start_mts - 1 - left * pace))

    def _list_derivatives(self, seed: int) -> list[DerivativeStatus]:
        """Give derivatives their status and their liquidations."""
        found = []
        for symbol, listing in self.listings.items():
            instrument = listing.instrument
            if not instrument.underlying:
                continue
            rng = Random(f"{seed}:{symbol}:status")
            spot = self.listings[instrument.underlying].engine
            listing.status = DerivativeStatus(instrument, listing.engine, spot, rng)
            listing.status.open(self.start_mts)
            listing.flow.liquidator = Liquidator(instrument, listing.engine, self.liquidations, rng)
            listing.flow.liquidator.open(self.start_mts)
            found.append(listing.status)
        return found
