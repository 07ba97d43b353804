"""Orders from the command line: through faults, on a terminal, and interrupted."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench.orders import OrderChaos
from demo_account import owner

from bfxstream.demo import DemoExchange

from .command import PATIENCE, clean_environment, installed_command, start
from .terminal import Terminal

ORDER = ("order", "new", "tBTCUSD", "--side", "buy", "--amount", "0.01", "--price", "60000")
QUESTION = "Send it? [y/N]"
_LOST = "drop:on=order"


@pytest.fixture(scope="module")
def exchange() -> Iterator[DemoExchange]:
    with DemoExchange(seed=1, rate=50) as running:
        yield running


@pytest.fixture
def keys(exchange: DemoExchange, tmp_path: Path) -> dict[str, str]:
    """The environment of the account's owner, with a state folder of the test's own."""
    return owner(exchange, tmp_path)


def test_no_order_is_doubled_and_nothing_untrue_is_said_whatever_comes_before_the_answer(tmp_path):
    """The long run of it is `python -m tests.bench orders`."""
    chaos = OrderChaos(tmp_path, scale=0.04)
    told = chaos.run(4, print)
    journal = chaos.journal
    assert [fault for each in chaos.rounds if (fault := journal.wrong(each))] == []
    assert all(len(journal.ids[each.cid]) <= 1 for each in chaos.rounds)
    # Where the machine is so slow that there is no account in time, nothing is sent.
    assert {each.verdict for each in chaos.rounds if each.strike == _LOST} < {"unknown", "not sent"}
    assert told.reconnects > 0
    assert told.wrong == []


@pytest.mark.parametrize(
    ("keys_pressed", "code"),
    [(b"y\n", 0), (b"n\n", 2), (b"\n", 2), (b"\x04", 2), (b"\x03", 130)],
    ids=["y", "n", "Enter", "Ctrl-D", "Ctrl-C"],
)
def test_what_will_be_sent_is_shown_and_only_yes_sends_it(exchange, keys, keys_pressed, code):
    sessions = len(exchange.log)
    terminal = Terminal(installed_command(), *ORDER, "--cid", "7", width=250, height=10, **keys)
    terminal.press(b"y\n")  # too early to be an answer
    terminal.wait_for(lambda: QUESTION in terminal.text)
    assert "buy 0.01 tBTCUSD at 60000, EXCHANGE LIMIT" in terminal.text
    assert '"cid":7,' in terminal.text
    assert '"amount":"0.01","price":"60000"' in terminal.text
    terminal.press(keys_pressed)
    assert terminal.wait_for_end() == code
    assert (b"active" in terminal.output) is (code == 0)
    assert ("nothing was sent" in terminal.text) is (code == 2)
    assert (len(exchange.log) > sessions) is (code == 0)


def test_who_is_to_cancel_all_orders_is_told_how_many_there_are(exchange, keys):
    terminal = Terminal(installed_command(), "order", "cancel-all", width=100, height=10, **keys)
    terminal.wait_for(lambda: QUESTION in terminal.text)
    assert re.search(r"cancel all open orders \([0-9]+ now\)", terminal.text)
    terminal.press(b"n\n")
    assert terminal.wait_for_end() == 2


def test_an_interruption_after_it_was_sent_says_that_its_outcome_is_unknown(exchange, keys):
    exchange.inject("stall:on=order")
    running = start(*ORDER, "--cid", "8", "--yes", env=clean_environment(**keys))
    deadline = time.monotonic() + PATIENCE
    while not exchange.faults.get("stall") and time.monotonic() < deadline:
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=PATIENCE)
    assert (running.returncode, out) == (130, "")
    assert "what became of the order with cid 8 is unknown: interrupted" in err
    assert "bfxstream order list --cid 8" in err
