"""The sink for people: keeps the latest, and draws it at the screen's pace.

On a terminal it has the alternate screen until it is closed; then the last state is printed on the
normal screen, every ticker, books and tapes as high as the screen.

Into a pipe or a file, and on a terminal that cannot move its cursor, `-o table` prints plain lines:
one for each ticker and trade as it comes, one for the best prices of each book when they changed,
at most once a second; and at the end the whole of each book. They have colour if FORCE_COLOR is
set and NO_COLOR is not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from rich.console import Console

from bfxstream.book import OrderBook
from bfxstream.output.table.book import LadderPane
from bfxstream.output.table.layout import Pane, compose
from bfxstream.output.table.lines import Area, Frame, Line, fitted
from bfxstream.output.table.plain import PlainLines
from bfxstream.output.table.screen import (
    Screen,
    has_color,
    has_cursor_control,
    standard_output,
)
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
NOTICE_ROWS: Final = 3
ROWS_FOR_A_NOTICE: Final = 3
"""A notice may have a row of its own for each so many of the screen's."""


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
        console = console or standard_output()
        if color is not None:
            console.no_color = not color
        self._colored = (color and console.color_system is not None) or has_color(console)
        look = look_for(console, self._colored)
        shown = {s: books[s] for s in subscriptions if isinstance(s, BookSubscription)}
        self._clock = clock
        self._boards = ticker_boards(_symbols(subscriptions, TickerSubscription), look, fields)
        self._tapes = tapes(_symbols(subscriptions, TradesSubscription), look, fields)
        self._books = [LadderPane(s, book, look, fields) for s, book in shown.items()]
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
        self._suspended = False
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
        if self._suspended:
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

    def suspend(self) -> None:
        """Give the terminal back for a while; records are still taken, nothing is drawn.

        This and `resume` may be called by a signal's handler, at any moment: they write, but they
        read no book and render nothing.
        """
        self._suspended = True
        self._screen.leave()

    def resume(self) -> None:
        """Take the terminal again as it was; the next tick draws everything anew."""
        if self._closed:
            return
        if self._suspended:
            self._screen.enter_again()
        self._suspended = False
        self._screen.forget()
        self._drawn = None
        self._drawn_at = float("-inf")

    def close(self) -> None:
        """Give the terminal back, with the last state on its normal screen."""
        if self._closed:
            return
        self._closed = True
        if self._plain is None:
            self._leave()
            return
        books = [book for book in self._books if book.has_data]
        width, _ = self._screen.size
        for book in books:
            area = Area(width, 0, boxed=False, now=self._clock())
            frame = Frame(width, book.draw(area._replace(height=book.wanted(area))))
            self._screen.print(frame, self._colored)

    def _leave(self) -> None:
        self._screen.leave()
        width, height = self._screen.size
        now = self._clock()
        if self._has_data():
            self._screen.print(self.render(width, max(1, height - 1), now, final=True))
        elif reason := self._status.notice_lines(width, NOTICE_ROWS, now, final=True, alone=True):
            self._screen.print(Frame(width, reason))

    def render(self, width: int, height: int, now: float, *, final: bool = False) -> Frame:
        """One frame of exactly this size: a renderable for rich, with its text as `.text`.

        `final` is the frame that stays behind: it says that the stream ended, not how to quit,
        there are no empty rows, and tickers may be more than fit on the screen.
        """
        self._observe(now)
        most = min(NOTICE_ROWS, height // ROWS_FOR_A_NOTICE)
        notice = self._status.notice_lines(width, most, now, final)
        room = height - 1 - len(notice)
        panes: list[Pane] = [*self._books, *self._tapes.values()]
        body = compose(list(self._boards.values()), panes, width, room, now, fill=not final)
        lines = [fitted(line, width) for line in body.lines]
        if not final:
            del lines[room:]
            lines += [fitted([], width)] * (room - len(lines))
        status = self._status.draw(width, now, body.hidden, final, noticed=bool(notice))
        return Frame(width, [*lines, *notice, status])

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

    def _print(self, lines: Sequence[Line]) -> None:
        if lines:
            width, _ = self._screen.size
            self._screen.print(Frame(width, list(lines)), self._colored)


def _symbols(
    subscriptions: Sequence[Subscription], kind: type[Subscription]
) -> list[tuple[str, Market]]:
    return [(s.symbol, s.market) for s in subscriptions if isinstance(s, kind)]
