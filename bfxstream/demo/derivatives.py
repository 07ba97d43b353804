"""A derivative's status: its premium over the spot market, sampled, and the funding it leads to."""

from __future__ import annotations

from decimal import Decimal
from random import Random

from bfxstream.demo.candles import HOUR
from bfxstream.demo.engine import Engine, Trade
from bfxstream.demo.instruments import Instrument
from bfxstream.demo.prices import amount_text, number_text
from bfxstream.protocol.numbers import js_text

SAMPLE_MS = 3_000
"""Between two samples: some 9,600 in a funding period (API: ws-public-status)."""

_PERIOD_MS = 8 * HOUR
_RATE_DECIMALS = 8
_CLAMP_MIN, _CLAMP_MAX = -0.0005, 0.0025
_SMOOTHING = 0.02
"""Share of the newest sample in the mark's premium."""


class DerivativeStatus:
    """What the `deriv:` channel of one contract tells.

    Both engines' prices have the same unit: contract and spot are worth about the same.
    """

    def __init__(self, instrument: Instrument, engine: Engine, spot: Engine, rng: Random) -> None:
        self._instrument = instrument
        self._engine = engine
        self._spot = spot
        self._rng = rng
        self._premium = 0.0
        self._mark_premium = 0.0
        self._samples = 0
        self._accrued = rng.uniform(0.0, 0.0003)
        """The running mean of the period's samples."""
        self._current = rng.uniform(0.0, 0.0003)
        self._open_interest = instrument.amount_units * rng.randrange(20_000, 40_000)
        self.insurance_fund = rng.randrange(20_000_000, 40_000_000) * 10**8
        """In the settlement currency, in units of 10**-8."""
        self.row = b""
        """The 23 elements of a frame (API: ws-public-status), as of the last sample."""

    def open(self, mts: int) -> None:
        """Begin as if the samples of the passing period had been taken."""
        self._samples = mts % _PERIOD_MS // SAMPLE_MS
        self.row = self._written(mts // 1000 * 1000)

    def sample(self, mts: int) -> None:
        """Look at both books: every `SAMPLE_MS` of the market's time."""
        if mts % _PERIOD_MS < SAMPLE_MS:
            # What has been accrued is applied at the next event, and the next period begins.
            self._current, self._samples, self._accrued = self._accrued, 0, 0.0
        price, spot = _mid(self._engine), _mid(self._spot)
        if price is not None and spot is not None:
            self._premium = price / spot - 1
            self._mark_premium += _SMOOTHING * (self._premium - self._mark_premium)
        rate = min(max(self._premium, _CLAMP_MIN), _CLAMP_MAX)
        self._accrued = (self._accrued * self._samples + rate) / (self._samples + 1)
        self._samples += 1
        self.row = self._written(mts)

    def traded(self, trade: Trade) -> None:
        """Some trades open positions, some close them."""
        change = self._rng.choice((-1, 0, 0, 1)) * trade.amount
        self._open_interest = max(0, self._open_interest + change)

    def _written(self, mts: int) -> bytes:
        decimals = self._instrument.price_decimals
        price, spot = _mid(self._engine), _mid(self._spot)
        mark = None if spot is None else int(spot * (1 + self._mark_premium))
        elements = [b"null"] * 23
        for place, value in ((2, price), (3, spot), (14, mark)):
            if value is not None:
                elements[place] = number_text(value, decimals)
        elements[0] = b"%d" % mts
        elements[5] = amount_text(self.insurance_fund)
        elements[7] = b"%d" % (mts // _PERIOD_MS * _PERIOD_MS + _PERIOD_MS)
        elements[8] = _rate(self._accrued)
        elements[9] = b"%d" % self._samples
        elements[11] = _rate(self._current)
        elements[17] = amount_text(self._open_interest)
        elements[21], elements[22] = _rate(_CLAMP_MIN), _rate(_CLAMP_MAX)
        return b"[" + b",".join(elements) + b"]"


def _mid(engine: Engine) -> int | None:
    bid, ask = engine.bids.best, engine.asks.best
    return None if bid is None or ask is None else (bid + ask) // 2


def _rate(value: float) -> bytes:
    return js_text(Decimal(f"{value:.{_RATE_DECIMALS}f}")).encode("ascii")
