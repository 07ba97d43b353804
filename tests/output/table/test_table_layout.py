"""Any mix of views at any size."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from table_scene import (
    START,
    Terminal,
    console_on,
    deep_book,
    deriv,
    funding_candle,
    funding_ticker,
    funding_trade,
    level_book,
    liquidation,
    live_status,
    random_candles,
    sink_for,
    ticker,
    trade,
)

from bfxstream.book import OrderBook
from bfxstream.output.table import TableSink
from bfxstream.output.table.lines import Frame
from bfxstream.protocol.channels import BookSubscription, parse_spec
from bfxstream.protocol.status import State

MIX = ("ticker:tBTCUSD", "ticker:tETHUSD", "book:tBTCUSD", "trades:tBTCUSD")
EVERYTHING = (
    *(*MIX, "ticker:fUSD", "trades:fUSD", "book:fUSD", "book:tBTCUSD:R0"),
    *("candles:1m:tBTCUSD", "candles:1h:fUSD:p30", "deriv:tBTCF0:USTF0", "liq:global"),
)


def filled(*specs: str, **options: Any) -> TableSink:
    sink = sink_for(*specs, **options)
    sink.write([ticker("tBTCUSD"), ticker("tETHUSD"), funding_ticker()])
    sink.write([trade(i, 0.1 * i - 2) for i in range(50)])
    sink.write([funding_trade(i, 100 * i, 0.0002, 30) for i in range(50)])
    if "candles:1m:tBTCUSD" in specs:
        sink.write(random_candles(150))
    if "candles:1h:fUSD:p30" in specs:
        sink.write([funding_candle(i) for i in range(30)])
    sink.write([deriv(), *(liquidation(i, i - 3) for i in range(9))])
    return sink


def check_size(frame: Frame, width: int, height: int) -> None:
    assert len(frame.lines) == height
    for line in frame.lines:
        assert sum(cell_len(segment.text) for segment in line) == width
        assert not any("\n" in segment.text or "\x1b" in segment.text for segment in line)


@pytest.mark.parametrize("specs", [MIX, EVERYTHING, *[(spec,) for spec in EVERYTHING]])
@pytest.mark.parametrize(
    ("width", "height"), [(40, 20), (60, 20), (80, 24), (100, 30), (120, 40), (200, 60)]
)
def test_a_frame_has_exactly_the_size_of_the_terminal(
    specs: tuple[str, ...], width: int, height: int
) -> None:
    check_size(filled(*specs).render(width, height, START), width, height)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (2, 3), (5, 2), (10, 5), (19, 4), (250, 1)])
def test_absurd_sizes_do_no_harm(width: int, height: int) -> None:
    check_size(filled(*EVERYTHING).render(width, height, START), width, height)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (120, 40)])
def test_tickers_are_above_books_and_the_tape_beside_them(width: int, height: int) -> None:
    lines = filled(*MIX).render(width, height, START).text.split("\n")
    assert "Tickers" in lines[0]
    below = next(line for line in lines if "tBTCUSD P0" in line)
    assert "Trades tBTCUSD" in below
    assert "connected" in lines[-1]


def test_a_small_screen_has_no_borders() -> None:
    assert "│" in filled("book:tBTCUSD").render(60, 15, START).text
    assert "│" not in filled("book:tBTCUSD").render(59, 15, START).text
    assert "│" not in filled("book:tBTCUSD").render(60, 14, START).text


def test_views_without_any_room_are_counted_in_the_status_line() -> None:
    text = filled(*EVERYTHING).render(80, 16, START).text
    assert "more need a larger window" in text
    assert "larger window" not in filled(*EVERYTHING).render(200, 60, START).text


@pytest.mark.parametrize("encoding", ["ascii", "ANSI_X3.4-1968", "iso-8859-1"])
def test_without_utf_8_every_character_is_ascii(encoding: str) -> None:
    status = live_status(notice="déjà vu – 維持", state=State.RECONNECTING)
    console = console_on(Terminal(encoding=encoding), color=None)
    sink = filled(*EVERYTHING, console=console, status=status)
    text = sink.render(120, 60, START).text
    assert text.isascii()
    assert "+-" in text and "#" in text and "^ buy" in text
    assert "d?j? vu ? ??" in text


Amounts = st.floats(1e-8, 1e9, allow_nan=False, allow_infinity=False)
Prices = st.floats(1e-8, 1e8, allow_nan=False, allow_infinity=False)
Sides = st.lists(st.tuples(Prices, Amounts), max_size=40)


@settings(max_examples=150, deadline=None)
@given(
    width=st.integers(20, 250),
    height=st.integers(5, 80),
    bids=Sides,
    asks=Sides,
    color=st.sampled_from([None, "standard", "256", "truecolor"]),
    specs=st.lists(st.sampled_from(EVERYTHING), unique=True, max_size=6),
)
def test_no_size_and_no_book_breaks_a_frame(
    width: int,
    height: int,
    bids: list[tuple[float, float]],
    asks: list[tuple[float, float]],
    color: str | None,
    specs: list[str],
) -> None:
    books: dict[str, OrderBook[Any]] = {"book:tBTCUSD": level_book(bids, asks)}
    console = console_on(Terminal(), color=color)
    sink = filled("book:tBTCUSD", *[s for s in specs if s != "book:tBTCUSD"], books=books,
                  console=console)  # fmt: skip
    check_size(sink.render(width, height, START), width, height)


def test_books_of_every_kind_are_drawn_at_every_width() -> None:
    chance = random.Random(1)
    for spec in ("book:tBTCUSD", "book:tBTCUSD:R0", "book:fUSD", "book:fUSD:R0"):
        subscription = parse_spec(spec)
        assert isinstance(subscription, BookSubscription)
        if spec == "book:fUSD:R0":
            sink = sink_for(spec, books={spec: OrderBook()})
        else:
            sink = sink_for(spec, books={spec: deep_book(subscription, 30)})
        for width in range(20, 251, 7):
            height = chance.randint(5, 60)
            check_size(sink.render(width, height, START), width, height)


def test_what_stays_behind_has_no_empty_rows() -> None:
    sink = sink_for("book:tBTCUSD", "trades:tBTCUSD", books={
        "book:tBTCUSD": level_book([(100, 1), (99, 1)], [(101, 1)]),
    })  # fmt: skip
    sink.write([trade(i, 1) for i in range(4)])
    frame = sink.render(100, 30, START, final=True)
    assert len(frame.lines) == 1 + 4 + 2 + 1
    assert len(sink.render(40, 30, START, final=True).lines) == (1 + 1 + 2) + (1 + 1 + 4) + 1


def test_a_board_without_room_for_a_row_is_told_by_the_one_above() -> None:
    sink = filled("ticker:tBTCUSD", "ticker:tETHUSD", "ticker:fUSD", "book:tBTCUSD")
    text = sink.render(40, 10, START).text
    assert "Funding" not in text
    assert "tETHUSD" not in text
    # fUSD, and tETHUSD for which the board above has no row either.
    assert "2 more below" in text
    assert "Funding" in sink.render(40, 20, START).text


@pytest.mark.parametrize("height", range(4, 30))
@pytest.mark.parametrize("width", [40, 80])
def test_no_header_stands_without_a_row(width: int, height: int) -> None:
    lines = filled("ticker:tBTCUSD", "ticker:fUSD", "book:tBTCUSD").render(width, height, START)
    rows = [line.replace("│", " ").split() for line in lines.text.split("\n")]
    for head, row in pairwise(rows):
        if head[:1] == ["SYMBOL"]:
            assert row[0] in ("tBTCUSD", "fUSD")


def test_what_stays_behind_has_every_ticker_even_beyond_the_screens_height() -> None:
    symbols = [f"tAA{letter}USD" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    sink = sink_for(*[f"ticker:{symbol}" for symbol in symbols], "book:tBTCUSD")
    shown = sink.render(80, 12, START).text
    left = sink.render(80, 12, START, final=True).text
    assert symbols[-1] not in shown
    assert all(symbol in left for symbol in symbols)
    assert "more below" not in left
    assert len(left.split("\n")) <= len(symbols) + 2 + 12
    assert "tBTCUSD P0" in left


@pytest.mark.parametrize("spec", ["book:tBTCUSD", "trades:tBTCUSD", "candles:1m:tBTCUSD"])
def test_books_and_tapes_that_stay_behind_are_no_higher_than_the_screen(spec: str) -> None:
    assert len(filled(spec).render(80, 12, START, final=True).lines) == 12
