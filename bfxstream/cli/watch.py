"""`bfxstream watch`: one symbol on the whole screen, steered by keys."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from bfxstream.cli.keyboard import Keyboard, keyboard
from bfxstream.cli.options import Settings, option, screen_options, screen_settings
from bfxstream.cli.run import run_stream
from bfxstream.cli.signals import Signals
from bfxstream.cli.tables import PICTURE, Tables
from bfxstream.cli.types import SymbolType
from bfxstream.errors import Quit, UsageError
from bfxstream.output.sink import Sink
from bfxstream.protocol.channels import (
    LENGTHS,
    PERIOD_EXAMPLES,
    TIMEFRAMES,
    BookSubscription,
    CandlesSubscription,
    DerivSubscription,
    Precision,
    Subscription,
    TickerSubscription,
    TradesSubscription,
    candles,
)
from bfxstream.protocol.records import Record
from bfxstream.protocol.symbols import Market, is_derivative, market_of
from bfxstream.stream.market import MarketStream

if TYPE_CHECKING:  # rich costs 90 ms
    from bfxstream.output.table.dashboard import Dashboard
    from bfxstream.output.table.theme import Look
    from bfxstream.output.table.watch import WatchSink
    from bfxstream.protocol.account.filters import AccountFilter

LAYOUTS = ("full", "book", "tape", "chart")
PRECISIONS = {"1": Precision.P0, "2": Precision.P1, "3": Precision.P2, "4": Precision.P3}
ALL_PERIODS = "a30:p2:p30"
"""Candles of a funding currency's rates for 2 to 30 days in one."""


@click.command()
@click.argument("symbol", type=SymbolType())
@option(
    "--layout",
    type=click.Choice(LAYOUTS),
    default="full",
    help="Below the price: all, or one with all the room.",
)
@option(
    "--prec",
    type=click.Choice([prec.value for prec in Precision]),
    default="P0",
    help="The book's precision at the start; the keys 1 to 4 change it.",
)
@option(
    "--len",
    "length",
    type=click.Choice([str(length) for length in LENGTHS]),
    default="25",
    help="Levels (R0: orders) on each side of the book.",
)
@option(
    "--timeframe",
    type=click.Choice(list(TIMEFRAMES)),
    default="1m",
    help="How long a candle is; 1m is a minute, 1M a month.",
)
@option(
    "--period",
    default="",
    show_default=False,
    help=f"Of a funding currency's candles: {PERIOD_EXAMPLES}  [default: {ALL_PERIODS}]",
)
@screen_options
def watch(
    symbol: str,
    layout: str,
    prec: str,
    length: str,
    timeframe: str,
    period: str,
    **shared: Any,
) -> int:
    """One SYMBOL on the whole screen: its price, book, chart and trades.

    A derivative has its mark price and funding, too; of a funding currency all rates are in
    percent a day, and its book has no checksum. At the end a summary stays on the screen.

    \b
    Keys:
      1 2 3 4   the book at precision P0, P1, P2, P3 (subscribed afresh)
      p         pause: the picture stands still, the stream goes on
      ?         help
      q         quit; Ctrl-C does, too, with exit code 130

    \b
    Examples:
      bfxstream watch tBTCUSD
      bfxstream watch btcusd --layout book --len 100
      bfxstream watch tBTCF0:USTF0 --timeframe 5m
      bfxstream watch tBTCUSD --once --svg market.svg --size 120x40
    """
    funding = market_of(symbol) is Market.FUNDING
    book = BookSubscription(symbol, Precision(prec), length=int(length))
    chart = candles(symbol, timeframe, period or (ALL_PERIODS if funding else ""))
    assert isinstance(chart, CandlesSubscription)
    wishes: list[Subscription] = [
        *(TickerSubscription(symbol), book, TradesSubscription(symbol), chart)
    ]
    if is_derivative(symbol):
        wishes.append(DerivSubscription(symbol))
    settings = screen_settings(shared, "table" if _has_screen() else PICTURE)
    if settings.output == PICTURE and settings.svg is None:
        raise _no_screen(wishes)
    return run_stream(wishes, settings, tables=Watching(book, chart, layout))


class Watching(Tables):
    """One symbol's dashboard."""

    def __init__(self, book: BookSubscription, chart: CandlesSubscription, layout: str) -> None:
        self._book = book
        self._chart = chart
        self._layout = layout

    def sink(
        self,
        stream: MarketStream,
        settings: Settings,
        signals: Signals,
        account: AccountFilter | None = None,
    ) -> Sink:
        from bfxstream.output.table.screen import (  # noqa: PLC0415  rich costs 90 ms
            has_color,
            standard_output,
        )
        from bfxstream.output.table.theme import look_for  # noqa: PLC0415
        from bfxstream.output.table.watch import WatchSink  # noqa: PLC0415

        console = standard_output()
        if settings.no_color:
            console.no_color = True
        keys = keyboard()
        dashboard = self.view(stream, settings, look_for(console, has_color(console)))
        screen = WatchSink(
            dashboard, stream.status, console, keys=keys is not None, clock=self.clock
        )
        return Steered(screen, stream, self._book, keys, signals)

    def view(
        self,
        stream: MarketStream,
        settings: Settings,
        look: Look,
        account: AccountFilter | None = None,
    ) -> Dashboard:
        from bfxstream.output.table.dashboard import Dashboard, Layout  # noqa: PLC0415

        book = stream.books[self._book]
        return Dashboard(self._book, book, self._chart, look, Layout(self._layout))


class Steered:
    """A dashboard that does what the keys say; it is given to while nothing else is read."""

    def __init__(
        self,
        screen: WatchSink,
        stream: MarketStream,
        book: BookSubscription,
        keys: Keyboard | None,
        signals: Signals,
    ) -> None:
        self._screen = screen
        self._stream = stream
        self._book = book
        self._keys = keys
        signals.guard_screen(self._suspend, self._resume)
        if keys is not None:
            keys.take()

    def write(self, records: Sequence[Record]) -> None:
        self._screen.write(records)

    def tick(self, now: float) -> None:
        """Do what the keys say, and draw. Raises Quit."""
        for key in self._keys.pressed() if self._keys is not None else "":
            self._obey(key)
        self._screen.tick(now)

    def _obey(self, key: str) -> None:
        if key in "qQ":
            raise Quit
        if key == "?" or self._screen.helps:
            self._screen.toggle_help()
        elif key in "pP ":
            self._screen.toggle_pause()
        elif key in PRECISIONS:
            self._change_book(PRECISIONS[key])

    def _change_book(self, prec: Precision) -> None:
        book = BookSubscription(self._book.symbol, prec, length=self._book.length)
        if book != self._book and self._stream.change(self._book, book):
            self._book = book
            self._screen.show_book(book, self._stream.books[book])

    def close(self) -> None:
        """Give the terminal back, keys and screen, whatever fails."""
        try:
            self._screen.close()
        finally:
            if self._keys is not None:
                self._keys.release()

    def _suspend(self) -> None:
        if self._keys is not None:
            self._keys.release()
        self._screen.suspend()

    def _resume(self) -> None:
        if self._keys is not None:
            self._keys.take()
        self._screen.resume()


def _has_screen() -> bool:
    from bfxstream.output.table.screen import (  # noqa: PLC0415  rich costs 90 ms
        has_cursor_control,
        standard_output,
    )

    return sys.stdout is not None and has_cursor_control(standard_output())


def _no_screen(wishes: Sequence[Subscription]) -> UsageError:
    specs = " ".join(wish.spec for wish in wishes)
    return UsageError(
        "watch needs a terminal whose cursor it can move",
        hint=f"use bfxstream stream {specs}, or add --svg FILE",
    )
