"""The sink for a terminal: keeps the latest, and draws it at the screen's pace."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from rich.console import Console

from bfxstream.book import OrderBook
from bfxstream.output.table.book import BookView
from bfxstream.output.table.layout import Pane, compose
from bfxstream.output.table.lines import Frame, fitted
from bfxstream.output.table.plain import PlainLines
from bfxstream.output.table.screen import Screen, has_cursor_control
from bfxstream.output.table.status_line import StatusLine
from bfxstream.output.table.theme import look_for
from bfxstream.output.table.ticker import ticker_boards
from bfxstream.output.table.trades import tapes
from bfxstream.protocol.channels import (
    BookSubscription,
    Subscription,
    TickerSubscription,
    TradesSubscription,
)
from bfxstream.protocol.records import Record
from bfxstream.protocol.status import Status
from bfxstream.protocol.symbols import Market

DRAW_SECONDS: Final = 0.1


class TableSink:
    """Tickers, ladders and tapes of whatever is subscribed, on one screen."""

    def __init__(
        self,
        subscriptions: Sequence[Subscription],
        books: Mapping[Subscription, OrderBook[Any]],
        status: Status,
        *,
        fields: Sequence[str] | None = None,
        color: bool | None = None,
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`books` and `status` are live: they are read when a frame is drawn.

        `color` None leaves the decision to NO_COLOR, FORCE_COLOR and the terminal.
        """
        console = console or Console()
        if color is not None:
            console.no_color = not color
        look = look_for(console)
        shown = {s: books[s] for s in subscriptions if isinstance(s, BookSubscription)}
        self._clock = clock
        self._boards = ticker_boards(_symbols(subscriptions, TickerSubscription), look, fields)
        self._tapes = tapes(_symbols(subscriptions, TradesSubscription), look, fields)
        self._books = [BookView(s, book, look, fields) for s, book in shown.items()]
        self._status = StatusLine(status, look, any(s.verifiable for s in shown))
        self._takers: dict[type[Record], Callable[[Any], None]] = {
            **{record: board.take for record, board in self._boards.items()},
            **{record: tape.take for record, tape in self._tapes.items()},
        }
        self._screen = Screen(console)
        self._plain = (
            None if has_cursor_control(console) else PlainLines(shown, look.glyphs, fields)
        )
        self._drawn_at = float("-inf")
        self._drawn: tuple[object, ...] | None = None
        self._written = 0
        self._closed = False

    def write(self, records: Sequence[Record]) -> None:
        """Keep the latest of what one read brought; drawing waits for its time."""
        if self._closed:
            return
        now = self._clock()
        for board in self._boards.values():
            board.batch_time = now
        takers = self._takers
        for record in records:
            if take := takers.get(type(record)):
                take(record)
        self._written += len(records)
        if self._plain is not None:
            self._print(self._plain.lines(records))

    def tick(self, now: float) -> None:
        """Draw if a tenth of a second has passed and something differs from the last frame."""
        if now - self._drawn_at < DRAW_SECONDS or self._closed:
            return
        self._drawn_at = now
        if self._plain is not None:
            self._print(self._plain.book_lines(now))
            return
        self._observe(now)
        size = self._screen.size
        state = (size, self._written, self._highlighted(), *self._status.fingerprint(now))
        if state == self._drawn:
            return
        if self._drawn is None or self._drawn[0] != size:
            self._screen.forget()
        self._drawn = state
        self._screen.draw(self.render(*size, now))

    def close(self) -> None:
        """Give the terminal back, with the last state on its normal screen."""
        if self._closed:
            return
        self._closed = True
        if self._plain is not None:
            return
        self._screen.leave()
        if self._has_data():
            width, height = self._screen.size
            self._screen.print(self.render(width, max(1, height - 1), self._clock(), final=True))

    def render(self, width: int, height: int, now: float, *, final: bool = False) -> Frame:
        """One frame of exactly this size: a renderable for rich, with its text as `.text`.

        `final` is the frame that stays behind: no hint how to quit, no empty rows.
        """
        self._observe(now)
        panes: list[Pane] = [*self._books, *self._tapes.values()]
        body = compose(list(self._boards.values()), panes, width, height - 1, now, fill=not final)
        lines = [fitted(line, width) for line in body.lines[: height - 1]]
        if not final:
            lines += [fitted([], width)] * (height - 1 - len(lines))
        return Frame(width, [*lines, self._status.draw(width, now, body.hidden, final)])

    def _observe(self, now: float) -> None:
        self._status.observe(now)
        for board in self._boards.values():
            board.observe(now)

    def _highlighted(self) -> int:
        return sum(board.highlighted for board in self._boards.values())

    def _has_data(self) -> bool:
        return (
            any(board.has_data for board in self._boards.values())
            or any(tape.has_data for tape in self._tapes.values())
            or any(book.has_data for book in self._books)
        )

    def _print(self, lines: Sequence[str]) -> None:
        if lines:
            self._screen.write("\n".join(lines) + "\n")


def _symbols(
    subscriptions: Sequence[Subscription], kind: type[Subscription]
) -> list[tuple[str, Market]]:
    return [(s.symbol, s.market) for s in subscriptions if isinstance(s, kind)]
