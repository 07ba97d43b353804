"""`bfxstream watch` on a real pseudo-terminal, steered by real keys."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from xml.etree import ElementTree

from bfxstream.demo import DemoExchange

from .command import installed_command, run, shell
from .terminal import Terminal


def watching(exchange: DemoExchange, *arguments: str, width: int, height: int) -> Terminal:
    """The dashboard of a lively market, once everything is there."""
    terminal = Terminal(
        *(installed_command(), "watch", "tBTCUSD", "--url", exchange.url, *arguments),
        width=width,
        height=height,
    )
    terminal.wait_for(
        lambda: (
            "checksum ok" in terminal.text
            and all(word in terminal.text for word in ("mid", "sell", "low", "Candles"))
        )
    )
    return terminal


def test_the_keys_do_what_the_help_says_and_q_leaves_a_summary(exchange: DemoExchange) -> None:
    terminal = watching(exchange, width=120, height=40)
    assert "? help  q quit" in terminal.lines[-1]

    terminal.press(b"?")
    terminal.wait_for(lambda: "a key closes it" in terminal.text)
    terminal.press(b" ")
    terminal.wait_for(lambda: "a key closes it" not in terminal.text)

    terminal.press(b"p")
    terminal.wait_for(lambda: "PAUSED" in terminal.lines[-1])
    still = terminal.lines[:-1]
    counted = terminal.lines[-1]
    terminal.wait_for(lambda: terminal.lines[-1] != counted)  # the stream goes on
    assert terminal.lines[:-1] == still
    terminal.press(b"p")
    terminal.wait_for(lambda: "PAUSED" not in terminal.text and terminal.lines[:-1] != still)

    assert "Book P0" in terminal.text
    for key, prec in ((b"3", "P2"), (b"1", "P0")):
        terminal.press(key)
        terminal.wait_for(
            lambda prec=prec: (
                f"Book {prec}" in terminal.text
                and "waiting for the book" not in terminal.text
                and "MISMATCH" not in terminal.text
            )
        )

    terminal.resize(80, 24)
    terminal.wait_for(lambda: "connected" in terminal.lines[23] and "Book P0" in terminal.text)

    terminal.press(b"\x1b[A")  # an arrow is no key of ours
    terminal.press(b"q")
    assert terminal.wait_for_end() == 0
    assert terminal.output.endswith(b"\n")
    assert re.search(r"watched tBTCUSD for \d+ s · \d+ trades", terminal.text)
    assert re.search(r"range [\d,]+ to [\d,]+", terminal.text)
    assert terminal.output.count(b"\x1b[?1049h") == terminal.output.count(b"\x1b[?1049l") == 1
    assert terminal.output.rfind(b"\x1b[?25h") > terminal.output.rfind(b"\x1b[?25l")


def test_sigterm_gives_the_terminal_back_and_the_picture_is_written(
    exchange: DemoExchange, tmp_path: Path
) -> None:
    file = tmp_path / "market.svg"
    terminal = watching(exchange, "--svg", str(file), width=80, height=24)
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.wait_for_end() == 143
    assert "watched tBTCUSD" in terminal.text
    text = "".join(ElementTree.fromstring(file.read_text()).itertext())
    assert "bfxstream watch tBTCUSD" in text
    assert "Candles" in text
    assert [path.name for path in tmp_path.iterdir()] == ["market.svg"]


def test_without_a_terminal_there_is_a_picture_or_a_word_about_what_to_use(
    exchange: DemoExchange, tmp_path: Path
) -> None:
    refused = run("watch", "tBTCUSD", "--url", exchange.url)
    assert (refused.code, refused.stdout) == (2, "")
    assert "bfxstream stream ticker:tBTCUSD book:tBTCUSD:P0:F0:25" in refused.stderr

    file = tmp_path / "funding.svg"
    done = run(
        *("watch", "fUSD", "--once", "--svg", str(file), "--size", "120x40"),
        *("--url", exchange.url),
    )
    assert (done.code, done.stdout, done.stderr) == (0, "", "")
    text = "".join(ElementTree.fromstring(file.read_text()).itertext())
    assert "rates in % a day" in text


def test_a_terminal_without_cursor_control_gets_the_picture_alone(
    exchange: DemoExchange, tmp_path: Path
) -> None:
    file = tmp_path / "market.svg"
    terminal = Terminal(
        *(installed_command(), "watch", "tBTCUSD", "--once", "--svg", str(file)),
        *("--url", exchange.url),
        width=80,
        height=24,
        TERM="dumb",
    )
    assert terminal.wait_for_end() == 0
    assert terminal.output == b""
    assert "tBTCUSD" in file.read_text()


def test_a_picture_may_go_through_a_pipe(exchange: DemoExchange) -> None:
    done = run("ticker", "tBTCUSD", "--once", "--svg", "-", "--url", exchange.url)
    assert (done.code, done.stderr) == (0, "")
    assert "tBTCUSD" in "".join(ElementTree.fromstring(done.stdout).itertext())
    unread = shell(f"bfxstream ticker tBTCUSD --once --svg - --url {exchange.url} | sleep 0")
    assert (unread.code, unread.stderr) == (141, "")


def test_a_picture_wished_for_in_the_environment_gives_way_to_frames(
    exchange: DemoExchange, tmp_path: Path
) -> None:
    wish = {"BFXSTREAM_SVG": str(tmp_path / "ticker.svg")}
    done = run("ticker", "tBTCUSD", "-o", "raw", "-n", "2", "--url", exchange.url, **wish)
    assert (done.code, done.stderr, done.stdout.count("\n")) == (0, "", 2)
    assert not list(tmp_path.iterdir())
