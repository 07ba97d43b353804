"""Lines for terminals that cannot move their cursor."""

from __future__ import annotations

import re

import pytest
from rich.console import Console
from table_scene import (
    START,
    Terminal,
    console_on,
    funding_ticker,
    funding_trade,
    level_book,
    live_status,
    sink_for,
    ticker,
    trade,
)

from bfxstream.output.table import TableSink
from bfxstream.protocol.channels import parse_spec


def test_a_dumb_terminal_gets_a_plain_aligned_line_for_each_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    terminal = Terminal()
    sink = sink_for("ticker:tBTCUSD", "trades:tBTCUSD", console=console_on(terminal))
    sink.write([ticker(), trade(1, "-0.25", 60122.5), trade(2, "1.50", 60123)])
    sink.tick(START)
    sink.close()
    text = terminal.getvalue()
    assert "\x1b" not in text
    assert text.split("\n") == [
        "ticker   tBTCUSD  last 60,123  change -1.23%  bid 60,122  ask 60,124.5  volume 2,262.69",
        "trades   tBTCUSD  00:00:00.001  sell  price 60,122.5  amount -0.25",
        "trades   tBTCUSD  00:00:00.002  buy   price 60,123.0  amount  1.50",
        "",
    ]
    assert len(terminal.writes) == 1


def test_a_dumb_terminal_gets_the_top_of_a_book_when_it_changed_once_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    terminal = Terminal()
    book = level_book([(100, 1)], [(101, 2)])
    sink = sink_for("book:tBTCUSD", books={"book:tBTCUSD": book}, console=console_on(terminal))
    sink.tick(START)
    sink.tick(START + 2)
    assert terminal.getvalue() == "book     tBTCUSD  bid 100  x 1  ask 101  x 2\n"
    book.asks.clear()
    sink.tick(START + 2.2)
    book.bids.clear()
    book.apply(level_book([(99, 3)], []).bids.rows()[0])
    sink.tick(START + 2.4)
    assert terminal.getvalue().split("\n")[1:] == [
        "book     tBTCUSD  bid 100  x 1  ask   –  x –",
        "",
    ]
    sink.tick(START + 3.3)
    assert terminal.getvalue().split("\n")[2] == "book     tBTCUSD  bid  99  x 3  ask   –  x –"


def test_plain_lines_have_the_chosen_fields_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    terminal = Terminal()
    sink = sink_for("trades:tBTCUSD", console=console_on(terminal), fields=["price", "id"])
    sink.write([trade(10, 1, 60122.5), trade(9, 1)])
    assert terminal.getvalue() == "60,122.5  10\n60,123.0   9\n"


def test_funding_lines_name_rates_and_days(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    terminal = Terminal()
    sink = sink_for("ticker:fUSD", "trades:fUSD", console=console_on(terminal))
    sink.write([funding_ticker(bid=None), funding_trade(1, 100, "1e-5", 30)])
    assert terminal.getvalue().split("\n") == [
        "ticker   fUSD  frr 0.0002  bid –  days 30  ask 0.000195  days 2  volume 73,126,282",
        "trades   fUSD  00:00:00.001  buy  rate 0.000010  period 30  amount 100",
        "",
    ]


def piped(color: bool | None = None) -> str:
    """What a ticker, a buy and a book are in a pipe, with the environment as it is."""
    pipe = Terminal(interactive=False)
    book = level_book([(100, 1)], [(101, 2)])
    sink = sink_for(
        "ticker:tBTCUSD",
        "trades:tBTCUSD",
        "book:tBTCUSD",
        books={"book:tBTCUSD": book},
        console=Console(file=pipe),
        color=color,
    )
    sink.write([ticker(), trade(1, "1.50", 60123)])
    sink.tick(START)
    sink.close()
    return pipe.getvalue()


def test_a_pipe_gets_plain_lines_and_at_the_end_the_whole_of_each_book() -> None:
    assert "\x1b" not in piped()
    lines = [line.split() for line in piped().rstrip("\n").split("\n")]
    told = [" ".join(line) for line in lines[:3]]
    assert told == [
        "ticker tBTCUSD last 60,123 change -1.23% bid 60,122 ask 60,124.5 volume 2,262.69",
        "trades tBTCUSD 00:00:00.001 buy price 60,123.0 amount 1.50",
        "book tBTCUSD bid 100.0 x 1.00 ask 101.0 x 2.00",
    ]
    title, head, level = lines[3:]
    assert title[:2] == ["tBTCUSD", "P0"]
    assert head.count("PRICE") == 2
    assert level.index("101") == level.index("100") + 1


def test_where_nothing_is_in_reverse_the_bars_of_both_sides_are_of_whole_blocks() -> None:
    pipe = Terminal(interactive=False)
    book = level_book([(100, 1), (99, 2), (98, 4)], [(101, 1), (102, 2), (103, 4)])
    sink = sink_for("book:tBTCUSD", books={"book:tBTCUSD": book}, console=Console(file=pipe))
    sink.close()
    rows = pipe.getvalue().rstrip("\n").split("\n")[-3:]
    for row in rows:
        bid, ask = re.findall("[▉▊▋▌▍▎▏█]+", row)
        assert bid == ask == "█" * len(bid)


def test_a_book_that_came_too_late_for_a_line_is_still_told_at_the_end() -> None:
    pipe = Terminal(interactive=False)
    book = level_book([], [])
    sink = sink_for("book:tBTCUSD", books={"book:tBTCUSD": book}, console=Console(file=pipe))
    sink.tick(START)
    book.load(level_book([(100, 1)], []).bids.rows())
    sink.tick(START + 0.05)
    assert pipe.getvalue() == ""
    sink.close()
    assert "100" in pipe.getvalue()


@pytest.mark.parametrize("term", ["xterm-256color", "dumb", ""])
def test_forced_colour_reaches_a_pipe_whatever_the_terminal_is(
    term: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", term)
    subscription = parse_spec("trades:tBTCUSD")
    sink = TableSink([subscription], {}, live_status())
    sink.write([trade(1, 1), trade(2, -1)])
    output = capsys.readouterr().out
    assert "\x1b[32mbuy" in output and "\x1b[31msell" in output
    assert "\x1b[?" not in output


def test_no_color_and_the_users_word_beat_forced_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[32m" in piped()
    assert "\x1b" not in piped(color=False)
    monkeypatch.setenv("NO_COLOR", "")
    assert "\x1b[32m" in piped()
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in piped()
    assert "\x1b[32m" in piped(color=True)


def test_suspending_does_nothing_to_a_pipe() -> None:
    pipe = Terminal(interactive=False)
    sink = sink_for("trades:tBTCUSD", console=Console(file=pipe))
    sink.suspend()
    sink.write([trade(1, 1)])
    sink.resume()
    assert pipe.getvalue().count("\n") == 1
    assert "\x1b" not in pipe.getvalue()
