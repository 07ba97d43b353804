"""The dashboard as a sink: paused and explained by keys, and a summary when it ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from rich.console import Console
from rich.segment import Segment

from bfxstream.book import OrderBook
from bfxstream.output.table import theme
from bfxstream.output.table.dashboard import Dashboard
from bfxstream.output.table.layout import Screen as Composed
from bfxstream.output.table.lines import Area, Frame, Line, fitted, panel, span
from bfxstream.output.table.live import LiveSink, Picture
from bfxstream.output.table.screen import Screen, has_color
from bfxstream.output.table.status_line import KEYS, StatusLine
from bfxstream.output.table.summary import summary
from bfxstream.output.table.theme import LABEL, Glyphs, look_for
from bfxstream.protocol.channels import BookSubscription
from bfxstream.protocol.status import Status

PAUSED: Final = "PAUSED"
KEYS_HINT: Final = "? help  q quit"
HELP: Final = (
    ("1 2 3 4", "the book at precision P0, P1, P2, P3"),
    ("p", "pause: the picture stands still, the stream goes on"),
    ("?", "this help, on and off"),
    ("q", "quit, with a summary"),
    ("", ""),
    ("book", "asks above bids; the bars are the depth up to there"),
    ("chart", "a candle that rose is hollow, one that fell is filled"),
    ("tape", "in its lower border: bought and sold in 5 minutes"),
)


class Frozen:
    """A dashboard as it was; what comes goes to the live one."""

    def __init__(self, live: Dashboard, now: float) -> None:
        self._live = live
        self._still = live.frozen()
        self._then = now
        self.has_data = live.has_data
        self.highlighted = 0
        self.verified = live.verified
        self.take = live.take
        self.observe = live.observe

    def compose(self, width: int, height: int, now: float, *, fill: bool) -> Composed:
        """The same at any size."""
        return self._still.compose(width, height, self._then, fill=fill)


class Explained:
    """A view with the help on top of it."""

    def __init__(self, view: Dashboard | Frozen, glyphs: Glyphs) -> None:
        self._view = view
        self._glyphs = glyphs
        self.has_data = True
        self.highlighted = 0
        self.verified = view.verified
        self.take = view.take
        self.observe = view.observe

    def compose(self, width: int, height: int, now: float, *, fill: bool) -> Composed:
        """The view, and the help in its middle."""
        below = self._view.compose(width, height, now, fill=fill)
        keys = max(len(key) for key, _ in HELP)
        body: list[Line] = [
            [span(key.ljust(keys + 2), theme.BOLD), span(text)] for key, text in HELP
        ]
        wide = min(width, keys + 2 + max(len(text) for _, text in HELP) + 4)
        high = min(height, len(body) + 2)
        area = Area(wide, high, True, now)
        note = [span("a key closes it, q quits", LABEL)]
        box = panel(area, self._glyphs, [span("Help", theme.TITLE)], body, note, [])
        top, left = (height - high) // 2, (width - wide) // 2
        lines = list(below.lines)
        for i, row in enumerate(box, start=top):
            lines[i : i + 1] = [over(lines[i], row, left, wide, width)] if i < len(lines) else []
        return Composed(lines, below.hidden)


def over(line: Line, piece: Line, left: int, wide: int, width: int) -> Line:
    """The line with a piece of so many cells put on it."""
    before, _, after = Segment.divide(fitted(line, width), [left, left + wide, width])
    return [*before, *piece, *after]


class WatchSink:
    """One symbol on the whole screen."""

    def __init__(
        self,
        dashboard: Dashboard,
        status: Status,
        console: Console,
        *,
        keys: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`keys` says whether there is a keyboard."""
        look = look_for(console, has_color(console))
        self._dashboard = dashboard
        self._glyphs = look.glyphs
        self._status = StatusLine(status, look, dashboard.verified)
        self._status.left_out = "more hidden"
        if keys:
            self._status.hint, self._status.hint_rank = KEYS_HINT, KEYS
        self._screen = Screen(console)
        self._clock = clock
        self._began = clock()
        self._picture = Picture(dashboard, self._status)
        self._live = LiveSink(self._picture, self._screen, clock)
        self._frozen: Frozen | None = None
        self._helps = False
        self._closed = False
        self.write = self._live.write
        self.tick = self._live.tick
        self.suspend = self._live.suspend
        self.resume = self._live.resume

    @property
    def helps(self) -> bool:
        """Whether the help is shown."""
        return self._helps

    def toggle_pause(self) -> None:
        """Let the picture stand still, or go on with what has come meanwhile."""
        if self._frozen is None:
            self._frozen = Frozen(self._dashboard, self._clock())
        else:
            self._frozen = None
        self._status.mode = PAUSED if self._frozen else ""
        self._show()

    def toggle_help(self) -> None:
        """Show the help, or take it away."""
        self._helps = not self._helps
        self._show()

    def show_book(self, subscription: BookSubscription, book: OrderBook[Any]) -> None:
        """Have this book in place of the one that is shown."""
        self._dashboard.show_book(subscription, book)
        self._live.redraw()

    def _show(self) -> None:
        view = self._frozen or self._dashboard
        self._picture.view = Explained(view, self._glyphs) if self._helps else view
        self._live.redraw()

    def close(self) -> None:
        """Give the terminal back, with the last state and the summary on its normal screen."""
        if self._closed:
            return
        self._closed = True
        self._picture.view = self._dashboard
        width, _ = self._screen.size
        lines = summary(self._dashboard.watched, self._clock() - self._began, width, self._glyphs)
        self._live.close(rows_left=1 + len(lines))
        if self._dashboard.has_data:
            self._screen.print(Frame(width, lines))
