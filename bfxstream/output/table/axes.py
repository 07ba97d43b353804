"""The chart's axes: round prices, and times at which something begins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil, floor, log10
from typing import Final

ROWS_A_TICK: Final = 3
"""Prices are told about every so many rows."""
ROUND: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
LEAST_SPAN, MOST_SPAN = 1e-200, 1e200
"""Beyond these nothing can be told apart."""

MINUTE: Final = 60_000
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
INTERVALS: Final = (
    *(5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE),
    *(HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR),
    *(DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 91 * DAY, 182 * DAY, 365 * DAY),
)
"""At whole numbers of these, in ms, times are told."""
CELLS_A_LABEL: Final = 10
GAP: Final = 2
MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
"""English, whatever the locale is."""
LATEST: Final = datetime(9999, 12, 31)
EPOCH: Final = datetime(1970, 1, 1)


def share_between(value: float, bottom: float, top: float) -> float:
    """How far up the value is, from 0 to 1; the middle where bottom and top are the same."""
    extent = top - bottom
    if not LEAST_SPAN < extent < MOST_SPAN:
        return 0.5
    return min(1.0, max(0.0, (value - bottom) / extent))


def price_ticks(bottom: float, top: float, rows: int, least_step: float) -> list[float]:
    """Round prices between bottom and top, as many as the rows have room for."""
    extent = top - bottom
    wanted = max(1, rows // ROWS_A_TICK)
    if not LEAST_SPAN < extent < MOST_SPAN:
        return []
    step = max(least_step, _round_up(extent / wanted))
    first = ceil(bottom / step)
    return [i * step for i in range(first, first + wanted + 1) if i * step <= top]


def _round_up(value: float) -> float:
    magnitude = 10.0 ** floor(log10(value))
    return magnitude * next((digit for digit in ROUND if digit * magnitude >= value), ROUND[-1])


def time_labels(starts: Sequence[int], pitch: int) -> str:
    """Under candles of this pitch: times of day, the date where a day begins, then the year."""
    steps = [after - before for before, after in pairwise(starts) if after > before]
    usual = min(steps, default=MINUTE)
    wish = usual * CELLS_A_LABEL / pitch
    interval = next((each for each in INTERVALS if each >= wish), INTERVALS[-1])
    line = ""
    told = moment(starts[0])
    for i, (before, start) in enumerate(pairwise(starts), start=1):
        if before // interval == start // interval or (line and len(line) + GAP > i * pitch):
            continue
        label = _label(told, moment(start), usual)
        if i * pitch + len(label) > len(starts) * pitch:
            break
        line = line.ljust(i * pitch) + label
        told = moment(start)
    return line.ljust(len(starts) * pitch)


def _label(told: datetime, now: datetime, usual: int) -> str:
    if now.year != told.year:
        return str(now.year)
    if usual < DAY and now.date() == told.date():
        return f"{now:%H:%M}"
    return f"{now.day} {MONTHS[now.month - 1]}"


def moment(mts: int) -> datetime:
    """The UTC time of so many milliseconds, as near as the calendar goes."""
    try:
        return EPOCH + timedelta(milliseconds=mts)
    except OverflowError:
        return EPOCH if mts < 0 else LATEST
