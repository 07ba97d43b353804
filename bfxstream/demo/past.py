"""Candles from before the first known trade: drawn, so that no chart begins empty."""

from __future__ import annotations

import math
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from bfxstream.demo.candles import DAY, HOUR, MINUTE, Candle
from bfxstream.demo.instruments import Instrument
from bfxstream.demo.prices import PRICE_DIGITS, round_price

_SPANS = (
    (MINUTE, HOUR),
    (5 * MINUTE, 5 * HOUR),
    (HOUR, 3 * DAY),
    (DAY, 90 * DAY),
)
"""The farther back, the wider the candles: width, and for how long."""

_SPREAD = 0.04
"""Standard deviation that a price stays within, as a fraction of its mean."""

_HALF_LIFE = 5 * DAY
"""In which half of a deviation from the mean is lost."""


class Past(NamedTuple):
    """A candle and the width of its interval."""

    width: int
    candle: Candle


def past_candles(
    instrument: Instrument, until: int, price: int, volume: float, rng: Random
) -> list[Past]:
    """Candles that lead up to `price` at `until`, oldest first; `volume` is a minute's."""
    return list(_backwards(instrument, until, price, volume, rng))[::-1]


def _backwards(
    instrument: Instrument, until: int, price: int, volume: float, rng: Random
) -> Iterator[Past]:
    mean = instrument.price_units
    deviation = math.log(price / mean)
    end = until // MINUTE * MINUTE
    close = price
    for number, (width, span) in enumerate(_SPANS):
        # Where the next, wider candles end, a whole one of theirs must end, too.
        wider = _SPANS[number + 1][0] if number + 1 < len(_SPANS) else width
        begin = (end - span) // wider * wider
        kept = 0.5 ** (width / _HALF_LIFE)
        step = _SPREAD * math.sqrt(1 - kept**2)
        for mts in range(end - width, begin - 1, -width):
            deviation = deviation * kept + rng.gauss(0.0, step)
            opening = _rounded(mean * math.exp(deviation))
            high = _rounded(max(opening, close) * (1 + abs(rng.gauss(0.0, step / 2))))
            low = _rounded(min(opening, close) / (1 + abs(rng.gauss(0.0, step / 2))))
            amount = int(volume * width / MINUTE * rng.lognormvariate(-0.18, 0.6)) + 1
            turnover = (opening + close) // 2 * amount
            yield Past(width, Candle(mts, opening, close, high, low, amount, turnover))
            close = opening
        end = begin


def _rounded(price: float) -> int:
    return round_price(int(price), PRICE_DIGITS, False)
