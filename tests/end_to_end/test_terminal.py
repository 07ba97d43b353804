"""Tables on a real pseudo-terminal, seen through a terminal emulator."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from bfxstream.demo import DemoExchange

from .command import installed_command, run
from .terminal import Terminal as AnyTerminal


class Terminal(AnyTerminal):
    """The installed command on a pty of its own."""

    def __init__(self, *arguments: str, width: int, height: int, **environment: str) -> None:
        super().__init__(installed_command(), *arguments, width=width, height=height, **environment)


def assert_restored(terminal: Terminal) -> None:
    """The normal screen is back and the cursor is visible."""
    assert terminal.output.count(b"\x1b[?1049h") == terminal.output.count(b"\x1b[?1049l")
    assert terminal.output.rfind(b"\x1b[?25h") > terminal.output.rfind(b"\x1b[?25l")


def ladder_rows(terminal: Terminal) -> list[str]:
    """The lines of the ladder: numbers on both sides of the middle."""
    return [line for line in terminal.lines if len(re.findall(r"[\d,.]+", line)) >= 4]


def test_a_ladder_is_drawn_survives_a_resize_and_leaves_the_terminal_as_it_was() -> None:
    terminal = Terminal("book", "tBTCUSD", "--demo", width=100, height=30)
    terminal.wait_for(
        lambda: (
            "tBTCUSD" in terminal.lines[0]
            and len(ladder_rows(terminal)) >= 20
            and "checksum ok" in terminal.text
        )
    )
    assert "mid" in terminal.lines[0]
    assert "spread" in terminal.lines[0]

    terminal.resize(60, 20)
    terminal.wait_for(
        lambda: (
            "tBTCUSD" in terminal.lines[0]
            and 10 <= len(ladder_rows(terminal)) < 20
            and "connected" in terminal.lines[19]
        )
    )
    assert all(len(line) <= 60 for line in terminal.lines)

    terminal.press(b"\x03")
    assert terminal.wait_for_end() == 130
    assert_restored(terminal)
    assert "tBTCUSD" in terminal.output.rpartition(b"\x1b[?1049l")[2].decode()
    assert "Traceback" not in terminal.text


@pytest.mark.parametrize("width", [80, 120])
def test_tickers_and_the_tape_fit_their_terminal(exchange: DemoExchange, width: int) -> None:
    terminal = Terminal(
        *("stream", "ticker:tBTCUSD", "ticker:fUSD", "trades:tBTCUSD", "--url", exchange.url),
        width=width,
        height=24,
    )
    terminal.wait_for(lambda: "tBTCUSD" in terminal.text and "sell" in terminal.text)
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.wait_for_end() == 143
    assert_restored(terminal)


def test_tickers_and_the_account_stand_on_one_screen_until_ctrl_c(tmp_path: Path) -> None:
    terminal = Terminal(
        *("stream", "ticker:tBTCUSD", "account", "--demo"),
        width=100,
        height=34,
        XDG_STATE_HOME=str(tmp_path),
    )
    profit = re.compile(r"tBTCUSD +▲ long .*[+-]\d+\.\d\d")
    terminal.wait_for(
        lambda: (
            all(title in terminal.text for title in ("Tickers", "Wallets", "Orders", "Executions"))
            and "worth" in terminal.text
            and any(map(profit.search, terminal.lines))
        )
    )
    terminal.press(b"\x03")
    assert terminal.wait_for_end() == 130
    assert_restored(terminal)
    assert "Positions" in terminal.output.rpartition(b"\x1b[?1049l")[2].decode()


def test_a_count_ends_the_table_with_the_last_state_in_view(exchange: DemoExchange) -> None:
    terminal = Terminal("ticker", "tETHUSD", "-n", "1", "--url", exchange.url, width=90, height=24)
    assert terminal.wait_for_end() == 0
    assert_restored(terminal)
    assert "tETHUSD" in terminal.text


def test_an_error_is_readable_after_the_table_is_gone() -> None:
    terminal = Terminal("ticker", "tNOSUCH", "--demo", width=90, height=24)
    assert terminal.wait_for_end() == 3
    assert_restored(terminal)
    assert "symbol: invalid" in terminal.text


def test_a_dumb_terminal_gets_plain_lines(exchange: DemoExchange) -> None:
    terminal = Terminal(
        *("trades", "tBTCUSD", "-n", "5", "--url", exchange.url),
        width=100,
        height=24,
        TERM="dumb",
    )
    assert terminal.wait_for_end() == 0
    assert b"\x1b" not in terminal.output
    assert terminal.text.count("tBTCUSD") >= 1


def test_no_color_means_none(exchange: DemoExchange) -> None:
    terminal = Terminal(
        *("ticker", "tBTCUSD", "-n", "2", "--no-color", "--url", exchange.url),
        width=100,
        height=24,
    )
    assert terminal.wait_for_end() == 0
    assert not re.search(rb"\x1b\[[0-9;]*(3[0-7]|4[0-7]|9[0-7])[0-9;]*m", terminal.output)


def test_json_may_be_forced_on_a_terminal(exchange: DemoExchange) -> None:
    terminal = Terminal(
        *("ticker", "tBTCUSD", "--json", "-n", "1", "--url", exchange.url), width=400, height=24
    )
    assert terminal.wait_for_end() == 0
    assert terminal.lines[0].startswith('{"channel":"ticker","symbol":"tBTCUSD"')


def test_force_color_does_not_turn_a_pipe_into_a_table(exchange: DemoExchange) -> None:
    result = run("ticker", "tBTCUSD", "-n", "1", "--url", exchange.url, FORCE_COLOR="1")
    assert result.records[0]["symbol"] == "tBTCUSD"
