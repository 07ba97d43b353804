"""One symbol's dashboard: at every size, frozen, explained, and what it leaves behind."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console
from table_scene import (
    MIDNIGHT_MTS,
    MINUTE,
    START,
    Clock,
    Terminal,
    console_on,
    deep_book,
    deriv,
    funding_candle,
    funding_ticker,
    funding_trade,
    live_status,
    random_candles,
    ticker,
    trade,
)

from bfxstream.book import OrderBook
from bfxstream.output.table.dashboard import Dashboard, Layout
from bfxstream.output.table.lines import width_of
from bfxstream.output.table.theme import look_for
from bfxstream.output.table.watch import WatchSink
from bfxstream.protocol.channels import BookSubscription, Precision, candles

SIZES = [
    (20, 4),
    (40, 11),
    (60, 19),
    (72, 14),
    (80, 23),
    (100, 29),
    (120, 39),
    (160, 45),
    (200, 59),
]


def dashboard(
    symbol: str = "tBTCUSD",
    layout: Layout = Layout.FULL,
    book: OrderBook[Any] | None = None,
    console: Console | None = None,
    wall: Callable[[], float] = time.time,
) -> Dashboard:
    """A dashboard with everything on it."""
    funding = symbol.startswith("f")
    wish = BookSubscription(symbol)
    chart = candles(symbol, "1h" if funding else "1m", "p30" if funding else "")
    look = look_for(console or console_on(Terminal()), True)
    board = Dashboard(wish, book or deep_book(wish), chart, look, layout, wall=wall)
    if funding:
        board.take([funding_ticker(), *map(funding_candle, range(40))], START)
        board.take([funding_trade(i, 100 - 9 * i, 0.0002, 30) for i in range(40)], START)
    else:
        board.take([ticker(symbol), *random_candles(60)], START)
        board.take([made(i, amount=1 - 0.1 * i) for i in range(40)], START)
    return board


def made(second: int, amount: float = 1.0, price: object = 60123, kind: str = "te") -> Any:
    """A trade so many seconds after the candles' end."""
    made = trade(second, amount, price, kind=kind)
    made.mts = MIDNIGHT_MTS + 60 * MINUTE + 1000 * second
    return made


def text_of(board: Any, width: int, height: int, now: float = START) -> str:
    lines = board.compose(width, height, now, fill=True).lines
    return "\n".join("".join(segment.text for segment in line).rstrip() for line in lines)


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("symbol", ["tBTCUSD", "fUSD"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_it_fits_every_size(width: int, height: int, symbol: str, layout: Layout) -> None:
    lines = dashboard(symbol, layout).compose(width, height, START, fill=True).lines
    assert len(lines) <= height
    assert {width_of(line) for line in lines} <= set(range(width + 1))
    if width >= 60 and height >= 14:
        assert len(lines) == height
        assert {width_of(line) for line in lines} == {width}


@pytest.mark.parametrize(
    ("size", "panes", "hidden"),
    [
        ((80, 23), {"Book", "Candles", "Trades"}, 0),
        ((80, 17), {"Book", "Trades"}, 1),
        ((60, 30), {"Book", "Trades"}, 1),
        ((60, 17), {"Book"}, 2),
        ((40, 4), {"Book"}, 2),
    ],
)
def test_what_has_no_room_is_counted(size: tuple[int, int], panes: set[str], hidden: int) -> None:
    board = dashboard()
    text = text_of(board, *size)
    assert {name for name in ("Book", "Candles", "Trades") if name in text} == panes
    assert board.compose(*size, START, fill=True).hidden == hidden


def test_no_number_of_the_head_is_cut() -> None:
    whole = {"60,123.0", "-1.23%", "-740.0", "60,122.0", "60,124.5", "2.5"}
    for width in range(16, 60):
        head = text_of(dashboard(), width, 12).split("\n")[1:3]
        assert set(re.findall(r"[-\d][-\d,.%]+", " ".join(head))) <= whole


def test_a_layout_has_one_pane_with_all_the_room() -> None:
    for layout, title in ((Layout.BOOK, "Book P0"), (Layout.TAPE, "Trades")):
        text = text_of(dashboard(layout=layout), 100, 29)
        assert title in text
        assert sum(name in text for name in ("Book", "Candles", "Trades")) == 1


def test_a_derivative_tells_its_mark_price_and_its_funding() -> None:
    board = dashboard("tBTCF0:USTF0")
    board.take([deriv()], START)
    text = text_of(board, 100, 29)
    assert re.search(r"mark +86,676\.3", text)
    assert re.search(r"fund +-0\.010000%", text)


def test_funding_says_that_its_rates_are_in_percent_a_day() -> None:
    text = text_of(dashboard("fUSD"), 100, 29)
    assert "fUSD rates in % a day" in text
    assert "7.30%" in text  # a year


def test_the_pressure_is_that_of_five_minutes() -> None:
    board = dashboard(layout=Layout.TAPE)
    board.take([made(1000, 3), made(1001, -1)], START)
    foot = text_of(board, 100, 20).split("\n")[-1]
    assert re.search(r"5 min +3\.0* ▲ ━+ ▼ 1\.0*", foot)


def test_what_was_traded_before_the_watch_does_not_set_the_clock() -> None:
    wish = BookSubscription("tBTCUSD")
    look = look_for(console_on(Terminal()), True)
    hour = 3600
    wall = Clock()
    wall.now = MIDNIGHT_MTS / 1000 + hour + 2 * hour  # two hours after the last trade
    board = Dashboard(wish, deep_book(wish), candles("tBTCUSD", "1m"), look, Layout.TAPE, wall=wall)
    board.take([made(0, 3, kind="snapshot"), made(2 * hour - 60, -1, kind="backfill")], START)
    assert re.search(r"5 min +0 ▲ ━+ ▼ 1", text_of(board, 100, 20))
    wall.now += 5 * 60
    board.take([], START)  # this machine slept: its monotonic clock did, too
    assert "━" not in text_of(board, 100, 20)

    # The exchange's clock is another than ours.
    board.take([made(9 * hour, 2)], START)
    assert re.search(r"5 min +2 ▲", text_of(board, 100, 20))
    wall.now += 6 * 60
    board.take([], START + 6 * 60)
    assert "━" not in text_of(board, 100, 20, START + 6 * 60)


def test_what_is_frozen_stays_while_the_live_one_goes_on() -> None:
    wish = BookSubscription("tBTCUSD")
    book = deep_book(wish)
    board = dashboard(book=book)
    still = board.frozen()
    before = text_of(still, 120, 39)
    assert before == text_of(board, 120, 39)
    board.take(
        [ticker(last_price=61111), made(50, price=61111), *random_candles(61, seed=8)], START
    )
    book.clear()
    assert text_of(still, 120, 39) == before
    assert "61,111" in text_of(board, 120, 39)
    assert text_of(still, 80, 23)  # at another size, too


def watch(
    board: Dashboard, width: int = 120, height: int = 40
) -> tuple[WatchSink, Terminal, Clock]:
    terminal, clock = Terminal(), Clock()
    console = console_on(terminal, width, height)
    return WatchSink(board, live_status(), console, keys=True, clock=clock), terminal, clock


def test_the_help_lies_on_top_and_says_every_key() -> None:
    sink, terminal, clock = watch(dashboard())
    sink.toggle_help()
    assert sink.helps
    sink.tick(clock.now)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.writes[-1]).split("\r\n")
    assert len(shown) == 40
    assert all(len(line) <= 120 for line in shown)
    text = "\n".join(shown)
    for key in ("1 2 3 4", "pause", "quit", "a key closes it, q quits"):
        assert key in text
    assert "Book P0" in text


@pytest.mark.parametrize("size", [(20, 5), (40, 12), (80, 24)])
def test_the_help_fits_a_small_screen(size: tuple[int, int]) -> None:
    sink, terminal, clock = watch(dashboard(), *size)
    sink.toggle_help()
    sink.tick(clock.now)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.writes[-1]).split("\r\n")
    assert len(shown) == size[1]
    assert all(len(line) <= size[0] for line in shown)


def test_a_pause_says_so_and_ends_with_what_came_meanwhile() -> None:
    board = dashboard()
    sink, terminal, clock = watch(board)
    sink.toggle_pause()
    sink.write([ticker(last_price=61111)])
    sink.tick(clock.now)
    assert "PAUSED" in terminal.writes[-1]
    assert "61,111" not in terminal.writes[-1]
    sink.toggle_pause()
    sink.tick(clock.now + 1)
    assert "PAUSED" not in terminal.writes[-1]
    assert "61,111" in terminal.writes[-1]


def test_another_book_takes_the_place_of_the_first() -> None:
    sink, terminal, clock = watch(dashboard())
    wish = BookSubscription("tBTCUSD", Precision.P2)
    sink.show_book(wish, deep_book(wish))
    sink.tick(clock.now)
    assert "P2" in terminal.writes[-1]


def test_the_summary_counts_what_was_traded_since_the_watch_began() -> None:
    board = dashboard()
    sink, terminal, clock = watch(board)
    counted = board.watched.trades
    old = trade(999, 5, 1)
    old.type = "snapshot"
    sink.write([old, made(100, 2, 60000), made(101, -1, 60600)])
    sink.tick(clock.now)
    clock.now += 754
    sink.close()
    sink.close()
    left = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue().rpartition("1049l")[2])
    assert left.count("watched tBTCUSD for 12 min 34 s") == 1
    assert f"{counted + 2} trades" in left
    assert "range 60,000 to 60,600" in left
    assert re.search(r"volume \d+\.\d+ ▲ \d+\.\d+ ▼ \d+\.\d+", left)
    assert len(left.rstrip("\n").split("\n")) <= 40


def test_a_watch_that_saw_nothing_leaves_no_summary() -> None:
    wish = BookSubscription("tBTCUSD")
    look = look_for(console_on(Terminal()), True)
    empty = deep_book(wish, levels=0)
    sink, terminal, _ = watch(Dashboard(wish, empty, candles("tBTCUSD", "1m"), look))
    sink.close()
    assert terminal.getvalue() == ""
