"""The sink for people: keeps the latest, and draws it at the screen's pace.

Into a pipe or a file, and on a terminal that cannot move its cursor, `-o table` prints plain lines:
one for each record as it comes (of a snapshot of candles the newest alone), one for the best prices
of each book when they changed, at most once a second; and at the end the whole of each book and a
chart of the candles. They have colour if FORCE_COLOR is
set and NO_COLOR is not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console

from bfxstream.book import OrderBook
from bfxstream.output.table.lines import Area, Frame, Line
from bfxstream.output.table.live import DRAW_SECONDS, LiveSink, Picture
from bfxstream.output.table.plain import PlainLines
from bfxstream.output.table.screen import (
    Screen,
    has_color,
    has_cursor_control,
    standard_output,
)
from bfxstream.output.table.status_line import StatusLine
from bfxstream.output.table.theme import look_for
from bfxstream.output.table.views import Views
from bfxstream.protocol.channels import Subscription
from bfxstream.protocol.records import Record
from bfxstream.protocol.status import Status

if TYPE_CHECKING:
    from bfxstream.protocol.account.filters import AccountFilter


class TableSink:
    """Whatever is subscribed on one screen, or as plain lines where there is none."""

    def __init__(
        self,
        subscriptions: Sequence[Subscription],
        books: Mapping[Subscription, OrderBook[Any]],
        status: Status,
        *,
        fields: Sequence[str] | None = None,
        account: AccountFilter | None = None,
        color: bool | None = None,
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`books` and `status` are live: they are read when a frame is drawn.

        `account` is what is wanted of the account, where that is subscribed. `color` None leaves
        the decision to NO_COLOR, FORCE_COLOR and the terminal.
        """
        console = console or standard_output()
        if color is not None:
            console.no_color = not color
        colored = (color and console.color_system is not None) or has_color(console)
        look = look_for(console, colored)
        if not (colored or has_cursor_control(console)):
            look = look.unstyled()
        views = Views(subscriptions, books, look, fields, account)
        picture = Picture(views, StatusLine(status, look, views.verified))
        screen = Screen(console)
        self.render = picture.render
        self._sink: LiveSink | PlainSink
        if has_cursor_control(console):
            self._sink = LiveSink(picture, screen, clock)
        else:
            lines = PlainLines(views.books, look.glyphs, fields)
            self._sink = PlainSink(views, lines, screen, colored, clock)
        self.write = self._sink.write
        self.tick = self._sink.tick
        self.close = self._sink.close

    def suspend(self) -> None:
        """Give the terminal back for a while, as `LiveSink.suspend`."""
        if isinstance(self._sink, LiveSink):
            self._sink.suspend()

    def resume(self) -> None:
        """Take the terminal again, as `LiveSink.resume`."""
        if isinstance(self._sink, LiveSink):
            self._sink.resume()


class PlainSink:
    """Plain lines, and at the end what is more than lines."""

    def __init__(
        self,
        views: Views,
        lines: PlainLines,
        screen: Screen,
        colored: bool,
        clock: Callable[[], float],
    ) -> None:
        self._views = views
        self._lines = lines
        self._screen = screen
        self._colored = colored
        self._clock = clock
        self._ticked_at = float("-inf")
        self._closed = False

    def write(self, records: Sequence[Record]) -> None:
        """Print the records, and keep what is drawn at the end."""
        if not self._closed:
            self._views.take(records, self._clock())
            self._print(self._lines.lines(records))

    def tick(self, now: float) -> None:
        """Print the best prices of books, if they are due."""
        if now - self._ticked_at >= DRAW_SECONDS and not self._closed:
            self._ticked_at = now
            self._print(self._lines.book_lines(now))

    def close(self) -> None:
        """Print each book as a whole, and the charts."""
        if self._closed:
            return
        self._closed = True
        width, _ = self._screen.size
        area = Area(width, 0, boxed=False, now=self._clock())
        for pane in self._views.pictures:
            if pane.has_data:
                frame = Frame(width, pane.draw(area._replace(height=pane.wanted(area))))
                self._screen.print(frame, self._colored)

    def _print(self, lines: Sequence[Line]) -> None:
        if lines:
            width, _ = self._screen.size
            self._screen.print(Frame(width, list(lines)), self._colored)
