"""The README's pictures: drawn from the demo exchange, and stale when the tables have changed.

Draw them anew with `DRAW_PICTURES=1 pytest -n 0 tests/test_pictures.py`.
"""

from __future__ import annotations

import html
import os
import re
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from rich.console import Console

from bfxstream.demo.hub import Hub
from bfxstream.demo.market import Market
from bfxstream.demo.session import Session as DemoSession
from bfxstream.output.table import TableSink, svg
from bfxstream.protocol.channels import Subscription, parse_spec
from bfxstream.protocol.codes import Conf
from bfxstream.protocol.session import Session
from bfxstream.protocol.status import State, Status
from bfxstream.protocol.views import BookView
from bfxstream.stream.book_feeds import BookFeed
from bfxstream.stream.feed import Context, FeedOptions
from bfxstream.stream.feeds import make_feed

PICTURES = Path(__file__).parent / "pictures"
SEED = 7
SECONDS = 30.0
STEP = 0.05


class Picture(NamedTuple):
    """One picture: its file's name, its title, what it shows, and how large."""

    name: str
    command: str
    width: int
    height: int

    @property
    def subscriptions(self) -> list[Subscription]:
        channel, *symbols = self.command.split()[1:]
        if channel == "stream":
            return [parse_spec(spec) for spec in symbols]
        return [parse_spec(f"{channel}:{symbol}") for symbol in symbols]


GALLERY = [
    Picture("book", "bfxstream book tBTCUSD", 100, 29),
    Picture("ticker", "bfxstream ticker tBTCUSD tETHUSD tXRPBTC tBTCF0:USTF0 fUSD", 120, 16),
    Picture("trades", "bfxstream trades tBTCUSD tETHUSD", 100, 20),
    Picture(
        "stream",
        "bfxstream stream ticker:tBTCUSD ticker:tETHUSD book:tBTCUSD trades:tBTCUSD",
        120,
        30,
    ),
]


class Clock:
    """Time that passes only when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def fail(index: int, reason: str, times: int) -> None:
    pytest.fail(f"a book of the demo exchange failed its proof: {reason}")


def draw(picture: Picture) -> str:
    """Half a minute of the seeded market through the whole pipeline, without a socket."""
    clock = Clock()
    hub = Hub(Market(SEED), rate=100)
    server = DemoSession(hub, Random(SEED), heartbeat=15, clock=clock, wall=lambda: hub.market.mts)
    subscriptions = picture.subscriptions
    status = Status(State.LIVE, "ws://127.0.0.1:8080/ws/2", demo=True)
    options = FeedOptions(book_view=BookView.STATE)
    context = Context(
        options, status.stats, lambda event: None, fail, wall_mts=lambda: hub.market.mts
    )
    feeds = [make_feed(i, wish, context) for i, wish in enumerate(subscriptions)]
    client = Session(subscriptions, [feed.receive for feed in feeds])
    console = Console(
        width=picture.width, height=picture.height, force_terminal=True, color_system="truecolor"
    )
    books = {feed.subscription: feed.book for feed in feeds if isinstance(feed, BookFeed)}
    sink = TableSink(subscriptions, books, status, color=True, console=console, clock=clock)
    server.open()
    while clock.now < SECONDS:
        clock.now += STEP
        hub.advance(clock.now)
        for frame in server.take_output():
            status.stats.messages += 1
            status.last_received = clock.now
            client.receive(frame)
        sink.write(context.out)
        context.out.clear()
        for request in client.frames_to_send():
            server.receive(request)
        sink.render(picture.width, picture.height, clock.now)
    assert client.conf & Conf.SEQ_ALL
    assert status.stats.checksum_mismatches == 0
    frame = sink.render(picture.width, picture.height, clock.now)
    return svg(frame, picture.command, unique_id=picture.name)


def content(picture: str) -> tuple[list[str], set[str]]:
    """What a reader sees: texts and colours, not how this version of rich writes them."""
    texts = [html.unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", picture)]
    return [text.replace("\xa0", " ").strip() for text in texts], set(
        re.findall(r"fill: ?(#[0-9a-f]{6})", picture)
    )


@pytest.mark.parametrize("picture", GALLERY, ids=lambda picture: picture.name)
def test_the_readmes_picture_is_what_the_tables_draw(picture: Picture) -> None:
    path = PICTURES / f"{picture.name}.svg"
    drawn = draw(picture)
    if os.environ.get("DRAW_PICTURES"):
        path.write_text(drawn)
    assert content(path.read_text()) == content(drawn), "stale: see this file's first lines"


def test_the_readme_shows_every_picture() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    for picture in GALLERY:
        assert f"tests/pictures/{picture.name}.svg" in readme
