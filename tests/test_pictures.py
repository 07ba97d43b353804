"""The README's pictures: drawn from the demo exchange, and stale when the tables have changed.

Draw them anew with `DRAW_PICTURES=1 pytest -n 0 tests/test_pictures.py`.
"""

from __future__ import annotations

import html
import os
import re
from pathlib import Path
from typing import NamedTuple

import pytest
from pipeline import Pipeline
from rich.console import Console

from bfxstream.output.table import TableSink, svg
from bfxstream.output.table.dashboard import Dashboard
from bfxstream.output.table.picture_sink import PictureSink, picture_look
from bfxstream.protocol.channels import (
    BookSubscription,
    CandlesSubscription,
    Subscription,
    parse_spec,
)
from bfxstream.protocol.views import BookView
from bfxstream.stream.feed import FeedOptions

PICTURES = Path(__file__).parent / "pictures"
SECONDS = 30.0
NEW_YEAR = 1_767_225_600
"""When the seeded market begins, in seconds since 1970."""


class Picture(NamedTuple):
    """One picture: its file's name, its title, what it shows, and how large."""

    name: str
    command: str
    width: int
    height: int

    @property
    def file(self) -> Path:
        return PICTURES / f"{self.name}.svg"

    @property
    def subscriptions(self) -> list[Subscription]:
        command, *symbols = self.command.split()[1:]
        if command == "watch":
            channels = ("ticker:", "book:", "trades:", "candles:1m:")
            return [parse_spec(channel + symbols[0]) for channel in channels]
        channels = {"stream": "", "candles": "candles:1m:"}
        channel = channels.get(command, f"{command}:")
        return [parse_spec(channel + symbol) for symbol in symbols]


GALLERY = [
    Picture("book", "bfxstream book tBTCUSD", 100, 29),
    Picture("ticker", "bfxstream ticker tBTCUSD tETHUSD tXRPBTC tBTCF0:USTF0 fUSD", 120, 16),
    Picture("trades", "bfxstream trades tBTCUSD tETHUSD", 100, 20),
    Picture("candles", "bfxstream candles tBTCUSD", 100, 30),
    Picture(
        "stream",
        "bfxstream stream ticker:tBTCUSD ticker:tETHUSD book:tBTCUSD trades:tBTCUSD",
        120,
        30,
    ),
    *(
        Picture(f"watch-{width}x{height}", "bfxstream watch tBTCUSD", width, height)
        for width, height in ((80, 24), (120, 40), (200, 60))
    ),
]


def draw(picture: Picture) -> str:
    """Half a minute of the seeded market through the whole pipeline, without a socket."""
    subscriptions = picture.subscriptions
    pipeline = Pipeline(subscriptions, FeedOptions(book_view=BookView.STATE))
    if picture.name.startswith("watch"):
        return draw_dashboard(picture, pipeline)
    console = Console(
        width=picture.width, height=picture.height, force_terminal=True, color_system="truecolor"
    )
    sink = TableSink(
        subscriptions,
        pipeline.books,
        pipeline.status,
        color=True,
        console=console,
        clock=lambda: pipeline.now,
    )
    while pipeline.now < SECONDS:
        sink.write(pipeline.step())
        sink.render(picture.width, picture.height, pipeline.now)
    pipeline.assert_healthy()
    frame = sink.render(picture.width, picture.height, pipeline.now)
    return svg(frame, picture.command)


def draw_dashboard(picture: Picture, pipeline: Pipeline) -> str:
    """The same as `watch --svg` saves it when the run ends."""
    saved: list[str] = []

    def wall() -> float:
        return NEW_YEAR + pipeline.now

    _, book, _, candles = picture.subscriptions
    assert isinstance(book, BookSubscription) and isinstance(candles, CandlesSubscription)
    sink = PictureSink(
        Dashboard(book, pipeline.books[book], candles, picture_look(), wall=wall),
        pipeline.status,
        title=picture.command,
        size=lambda: (picture.width, picture.height),
        save=saved.append,
        clock=lambda: pipeline.now,
        wall=wall,
    )
    while pipeline.now < SECONDS:
        sink.write(pipeline.step())
        sink.tick(pipeline.now)
    pipeline.assert_healthy()
    sink.close()
    return saved[0]


def content(picture: str) -> tuple[list[str], set[str]]:
    """What a reader sees: texts and colours, not how this version of rich writes them."""
    texts = [html.unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", picture)]
    return [text.replace("\xa0", " ").strip() for text in texts], set(
        re.findall(r"fill=\"(#[0-9a-f]{6})", picture)
    )


@pytest.mark.parametrize("picture", GALLERY, ids=lambda picture: picture.name)
def test_the_readmes_picture_is_what_the_tables_draw(picture: Picture) -> None:
    drawn = draw(picture)
    if os.environ.get("DRAW_PICTURES"):
        picture.file.write_text(drawn)
    assert content(picture.file.read_text()) == content(drawn), "stale: see this file's first lines"


def test_the_readme_shows_every_picture() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    for picture in GALLERY:
        assert f"tests/pictures/{picture.name}.svg" in readme
