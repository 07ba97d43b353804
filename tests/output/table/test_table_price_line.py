"""The price of the last minutes: sampled from trades and candles, drawn in dots."""

from __future__ import annotations

import pytest
from table_scene import MIDNIGHT_MTS, MINUTE, candle

from bfxstream.output.table.price_line import WINDOW, PriceHistory, drawn
from bfxstream.output.table.theme import ASCII, UNICODE

END = MIDNIGHT_MTS + WINDOW


def test_before_the_first_price_there_is_nothing_and_after_the_last_it_stays() -> None:
    history = PriceHistory()
    history.take_trade(MIDNIGHT_MTS + 5 * MINUTE, 100)
    assert history.sampled(END, 3) == [100, 100, 100]
    assert history.sampled(END, 15)[:4] == [None] * 4
    assert history.sampled(END, 15)[4:] == [100] * 11


def test_between_two_prices_it_is_a_straight_way() -> None:
    history = PriceHistory()
    history.take_trade(MIDNIGHT_MTS, 100)
    history.take_trade(END, 115)
    assert history.sampled(END, 3) == [105, 110, 115]


def test_the_last_trade_of_a_second_counts_and_an_older_one_does_not() -> None:
    history = PriceHistory()
    for mts, price in ((10_000, 1), (10_900, 2), (9_000, 9), (11_000, 3)):
        history.take_trade(mts, price)
    assert history.sampled(10_999, 1)[0] == pytest.approx(3, abs=1)
    assert history.sampled(60_000, 2)[-1] == 3


def test_candles_tell_what_was_before_the_first_trade() -> None:
    history = PriceHistory()
    for minute in range(15):
        history.take_candle(candle(minute, (minute, minute + 1, 99, 0, 1)), MINUTE)
    history.take_trade(MIDNIGHT_MTS + 10 * MINUTE, 50)
    found = history.sampled(END, 15)
    assert found[:9] == pytest.approx([1, 2, 3, 4, 5, 6, 7, 8, 9], abs=0.01)
    assert found[9:] == [50] * 6


def test_a_price_stays_however_long_nothing_is_traded() -> None:
    history = PriceHistory()
    assert not history.known
    history.take_candle(candle(-60), MINUTE)
    assert history.known
    assert history.sampled(END, 3) == [100] * 3
    history.take_trade(MIDNIGHT_MTS - 40 * MINUTE, 120)
    assert history.sampled(END, 3) == [120] * 3
    assert history.sampled(END + 60 * MINUTE, 3) == [120] * 3
    history.take_trade(END, 115)
    assert history.sampled(END, 1) == [115]


def test_long_candles_say_nothing_about_minutes() -> None:
    history = PriceHistory()
    history.take_candle(candle(0), 60 * MINUTE)
    assert history.sampled(END, 4) == [None] * 4


def test_what_is_frozen_stays() -> None:
    history = PriceHistory()
    history.take_trade(MIDNIGHT_MTS, 100)
    frozen = history.frozen()
    history.take_trade(END, 200)
    assert frozen.sampled(END, 1) == [100]


@pytest.mark.parametrize(
    ("prices", "rows", "lines"),
    [
        ([0, 1, 2, 3], 1, ["⡠⠊"]),
        ([3, 2, 1, 0], 1, ["⠑⢄"]),
        ([0, 0, 3, 3], 1, ["⣀⠏"]),
        ([None, None, 0, 7], 2, [" ⢸", " ⡸"]),
        ([5, 5, 5, 5], 1, ["⠤⠤"]),
    ],
)
def test_dots_make_a_line_without_a_hole(
    prices: list[float | None], rows: int, lines: list[str]
) -> None:
    known = [price for price in prices if price is not None]
    assert drawn(prices, min(known), max(known), rows, UNICODE) == lines


def test_without_dots_there_are_characters() -> None:
    assert drawn([0, 0, 1, 1, 2, 2], 0, 2, 1, ASCII) == ["_-^"]
    assert all(c.isascii() for line in drawn([None, 1, 2, 9], 1, 9, 3, ASCII) for c in line)
