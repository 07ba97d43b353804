"""The chart: half cells, axes, and what a small one gives up."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw
from rich.cells import cell_len
from table_scene import MIDNIGHT_MTS, MINUTE

from bfxstream.output.table import theme
from bfxstream.output.table.axes import DAY, HOUR, moment, price_ticks, time_labels
from bfxstream.output.table.chart import Bar, Chart
from bfxstream.output.table.figures import Scale
from bfxstream.output.table.lines import Line
from bfxstream.output.table.theme import ASCII, UNICODE, Glyphs


def chart(glyphs: Glyphs = UNICODE) -> Chart:
    price = Scale(10)
    price.see(Raw(b"1.5"))
    return Chart(price, Scale(6), glyphs)


def bar(number: int, open_: float, close: float, high: float, low: float) -> Bar:
    return Bar(MIDNIGHT_MTS + number * MINUTE, open_, close, high, low, 1.0)


def texts(lines: list[Line]) -> list[str]:
    return ["".join(segment.text for segment in line).rstrip() for line in lines]


def column(lines: list[Line], at: int) -> str:
    return "".join("".join(segment.text for segment in line)[at] for line in lines)


# From 0 to 7 in four rows: each half cell is one.
FLAT = [bar(i, 0, 7, 7, 0) for i in range(6)]
AT = 2 * len(FLAT)
"""Where the candle after those stands."""


@pytest.mark.parametrize(
    ("candle", "drawn"),
    [
        ((2, 5, 5, 2), " ┃┃ "),
        ((5, 2, 5, 2), " ██ "),
        ((3, 4, 4, 3), " ╻╹ "),
        ((4, 3, 4, 3), " ▄▀ "),
        ((3, 4, 7, 0), "│╽╿│"),
        ((4, 3, 7, 0), "│▄▀│"),
        ((4, 5, 6, 3), "╷┃╵ "),
        ((5, 4, 6, 3), "╷█╵ "),
        ((4, 4, 6, 2), "╷╽│ "),
        ((0, 7, 7, 0), "┃┃┃┃"),
        ((7, 7, 7, 7), "╹   "),
    ],
)
def test_a_candle_is_drawn_in_half_cells_hollow_if_it_rose_filled_if_it_fell(
    candle: tuple[float, float, float, float], drawn: str
) -> None:
    lines = chart().draw([*FLAT, bar(6, *candle)], 2 * 7 + 4, 4)
    assert column(lines, AT) == drawn
    assert column(lines, 0) == "┃┃┃┃"


def test_without_utf_8_hollow_and_filled_are_letters() -> None:
    bars = [*FLAT, bar(6, 3, 4, 7, 0), bar(7, 4, 3, 7, 0)]
    lines = chart(ASCII).draw(bars, 2 * 8 + 4, 4)
    assert (column(lines, AT), column(lines, AT + 2)) == ("|oo|", "|##|")
    assert all(text.isascii() for text in texts(lines))


def test_the_colour_says_up_and_down_once_more() -> None:
    [line, *_] = chart().draw([*FLAT, bar(6, 7, 0, 7, 0)], 2 * 7 + 4, 4)
    assert [s.style for s in line if s.text.strip()][:2] == [theme.UP, theme.DOWN]


def test_the_newest_candles_stand_at_the_right() -> None:
    lines = chart().draw([bar(i, 0, 7, 7, 0) for i in range(50)], 30, 5)
    assert column(lines, 30 - 4 - 2) == "┃┃┃┃┃"
    assert texts(lines)[0].count("┃") == (30 - 4) // 2
    few = chart().draw(FLAT, 60, 5)
    assert texts(few)[0].startswith(" " * 40)


def test_prices_are_round_and_the_last_one_is_told_where_it_is() -> None:
    rows = texts(chart().draw([*FLAT, bar(6, 2, 3.5, 4, 2)], 40, 9))
    labels = {i: text.split()[-1] for i, text in enumerate(rows) if "." in text}
    assert labels == {2: "5.0", 4: "3.5", 7: "0.0"}


def test_volumes_stand_below_as_high_as_they_compare() -> None:
    volumes = (8, 4, 1, 0, 8, 8)
    bars = [one._replace(volume=v) for one, v in zip(FLAT, volumes, strict=True)]
    upper, lower, _ = texts(chart().draw(bars, 40, 10))[-3:]
    assert upper.split() == ["█", "█", "█", "8"]
    assert lower.strip() == "█ █ ▂   █ █"


def test_what_is_short_of_rows_gives_up_volumes_then_times_then_itself() -> None:
    bars = [bar(i, 0, 7, 7, 0) for i in range(30)]

    def parts(height: int) -> tuple[bool, bool]:
        text = "\n".join(texts(chart().draw(bars, 60, height)))
        return "█" in text, ":" in text

    assert parts(10) == (True, True)
    assert parts(9) == (False, True)
    assert parts(5) == (False, False)
    assert chart().draw(bars, 60, 3) == []
    assert chart().draw(bars, 12, 10) == []
    assert chart().draw([], 60, 10) == []


numbers = st.floats(allow_nan=False, allow_infinity=False) | st.floats(0, 100)
bars_of_any_kind = st.lists(st.builds(Bar, st.integers(), *[numbers] * 5), min_size=1, max_size=40)


@given(bars_of_any_kind, st.integers(0, 120), st.integers(0, 40))
def test_a_chart_has_its_size_or_none_whatever_the_exchange_sends(
    bars: list[Bar], width: int, height: int
) -> None:
    lines = chart().draw(bars, width, height)
    assert len(lines) in (0, height)
    assert all(sum(cell_len(segment.text) for segment in line) == width for line in lines)


# Axes.


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e9), st.integers(1, 80))
def test_prices_on_the_axis_are_round_within_the_chart_and_not_too_many(
    bottom: float, extent: float, rows: int
) -> None:
    ticks = price_ticks(bottom, bottom + extent, rows, 1e-12)
    steps = [after - before for before, after in pairwise(ticks)]
    assert steps == pytest.approx(steps[:1] * len(steps), rel=1e-3)
    assert all(bottom - extent * 1e-3 <= tick <= bottom + extent for tick in ticks)
    assert len(ticks) <= max(1, rows // 3) + 1


def test_prices_on_the_axis_are_no_finer_than_the_symbols() -> None:
    assert price_ticks(100.0, 100.02, 40, 0.01) == pytest.approx([100.0, 100.01, 100.02])
    assert price_ticks(100.0, 100.0, 40, 0.01) == []


def times(*numbers: int, interval: int = MINUTE) -> str:
    return time_labels([MIDNIGHT_MTS + number * interval for number in numbers], 2)


def test_times_are_told_where_something_round_begins() -> None:
    line = times(*range(3, 23))
    assert line == "    00:05     00:10     00:15     00:20 "
    assert len(line) == 2 * 20


def test_the_date_is_told_where_a_day_begins_and_the_year_where_it_changes() -> None:
    hours = times(*range(-20, 8), interval=HOUR).split()
    assert hours == ["06:00", "12:00", "18:00", "10", "Oct"]
    assert times(*range(40), interval=7 * DAY).split() == ["24", "Oct", "2026", "24", "Apr"]


def test_a_candle_after_an_interval_without_trades_is_told_by_its_own_time() -> None:
    assert times(0, 1, 2, 9, *range(10, 20)).split() == ["00:09", "00:15"]


@pytest.mark.parametrize("mts", [-(10**30), -1, 0, 10**15, 10**30])
def test_no_time_is_beyond_the_calendar(mts: int) -> None:
    assert 1 <= moment(mts).year <= 9999
