"""The README's picture of an account: the demo account at work, drawn as its tables draw it.

Draw it anew with `DRAW_PICTURES=1 pytest -n 0 tests/test_account_picture.py`.
"""

from __future__ import annotations

import os
from pathlib import Path

from rich.console import Console
from test_pictures import PICTURES, content

from bfxstream.account import AccountState
from bfxstream.demo.access import Grant
from bfxstream.demo.hub import Hub
from bfxstream.demo.market import Market
from bfxstream.output.table import TableSink, svg
from bfxstream.protocol.account.messages import AccountDecoder
from bfxstream.protocol.account.records import AccountRecord
from bfxstream.protocol.channels import AccountSubscription
from bfxstream.protocol.codes import Conf
from bfxstream.protocol.status import State, Status

SEED = 7
STEP = 0.05
SECONDS = 14.0
WIDTH, HEIGHT = 120, 31
COMMAND = "bfxstream account"
REQUESTS = {
    2.0: {"type": "EXCHANGE MARKET", "symbol": "tETHUSD", "amount": "-1.5"},
    4.0: {"type": "MARKET", "symbol": "tBTCUSD", "amount": "0.05"},
    6.0: {"type": "STOP", "symbol": "tBTCUSD", "amount": "-0.25", "price": "66000", "flags": 1024},
    8.0: {"type": "EXCHANGE LIMIT", "symbol": "tBTCUSD", "amount": "-1.9", "price": "70262"},
}
"""What is sent when."""


class Screen:
    """The account's messages, decoded and taken by a sink."""

    def __init__(self) -> None:
        self.now = 0.0
        self.hub = Hub(Market(SEED), 100, wall=lambda: self.hub.market.mts)
        self.status = Status(State.LIVE, "ws://127.0.0.1:8080/ws/2", demo=True)
        console = Console(width=WIDTH, height=HEIGHT, force_terminal=True, color_system="truecolor")
        self.sink = TableSink(
            [AccountSubscription()],
            {},
            self.status,
            color=True,
            console=console,
            clock=lambda: self.now,
        )
        self._decoder = AccountDecoder(Conf.NONE)
        self._state = AccountState(every_update=True)
        self.hub.account.live_in()
        self.hub.open(self.now)
        self.hub.account.join(self, Grant(trades=True), (), calculates=True)

    def deliver_account(self, code: str, row: bytes) -> None:
        self.status.stats.messages += 1
        self.status.last_received = self.now
        message = self._decoder.decode(b'[0,"%b",%b]' % (code.encode(), row))
        records: list[AccountRecord] = self._state.receive(message)
        self.sink.write(records)

    def play(self) -> None:
        """Let the market and the account's orders have their time."""
        requests = dict(REQUESTS)
        cid = 0
        while self.now < SECONDS:
            self.now += STEP
            self.hub.advance(self.now)
            for at in [at for at in requests if at <= self.now]:
                cid += 1
                message = [0, "on", None, requests.pop(at) | {"cid": cid}]
                self.hub.account.request(self, message, self.now)
            self.sink.render(WIDTH, HEIGHT, self.now)


def test_the_readmes_picture_of_an_account_is_what_the_tables_draw() -> None:
    screen = Screen()
    screen.play()
    drawn = svg(screen.sink.render(WIDTH, HEIGHT, screen.now), COMMAND)
    path = PICTURES / "account.svg"
    if os.environ.get("DRAW_PICTURES"):
        path.write_text(drawn)
    assert content(path.read_text()) == content(drawn), "stale: see this file's first lines"


def test_the_readme_shows_the_picture_of_an_account() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    assert "tests/pictures/account.svg" in readme
