"""The sink for people: keeps the latest, and draws it at the screen's pace.

On a terminal it has the alternate screen until it is closed; then the last state is printed on the
normal screen, every ticker, books and tapes as high as the screen.

Into a pipe or a file, and on a terminal that cannot move its cursor, `-o table` prints plain lines:
one for each record as it comes (of a snapshot of candles the newest alone), one for the best prices
of each book when they changed, at most once a second; and at the end the whole of each book and a
chart of the candles. They have colour if FORCE_COLOR is
set and NO_COLOR is not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console

from bfxstream.book import OrderBook
from bfxstream.output.table.board import boards
from bfxstream.output.table.book import LadderPane
from bfxstream.output.table.candles import CandlesPane, key_of
from bfxstream.output.table.layout import Board, Pane, compose
from bfxstream.output.table.lines import Area, Frame, Line, fitted
from bfxstream.output.table.liquidations import LiquidationsPane
from bfxstream.output.table.plain import PlainLines
from bfxstream.output.table.screen import (
    Screen,
    has_color,
    has_cursor_control,
    standard_output,
)
from bfxstream.output.table.status_line import StatusLine
from bfxstream.output.table.theme import Look, look_for
from bfxstream.output.table.trades import tapes
from bfxstream.protocol.channels import (
    AccountSubscription,
    BookSubscription,
    CandlesSubscription,
    Subscription,
)
from bfxstream.protocol.records import Candle, FundingCandle, Liquidation, Record
from bfxstream.protocol.status import Status
from bfxstream.protocol.views import symbols_of

if TYPE_CHECKING:
    from bfxstream.protocol.account.filters import AccountFilter

DRAW_SECONDS: Final = 0.1
NOTICE_ROWS: Final = 3
ROWS_FOR_A_NOTICE: Final = 3
"""A notice may have a row of its own for each so many of the screen's."""


class TableSink:
    """Boards, ladders, charts and tapes of whatever is subscribed, on one screen."""

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
        self._colored = (color and console.color_system is not None) or has_color(console)
        look = look_for(console, self._colored)
        public = [s for s in subscriptions if not isinstance(s, AccountSubscription)]
        shown = {s: books[s] for s in subscriptions if isinstance(s, BookSubscription)}
        self._clock = clock
        self._boards = boards(public, look, fields)
        trades = tapes(public, look, fields)
        self._charts = {
            key_of(s): CandlesPane(s, look, fields)
            for s in subscriptions
            if isinstance(s, CandlesSubscription)
        }
        liquidations = LiquidationsPane(look, fields)
        self._pictures: list[Pane] = [
            *(LadderPane(s, book, look, fields) for s, book in shown.items()),
            *self._charts.values(),
        ]
        """What is drawn at the end, even where records are plain lines."""
        self._panes = [*self._pictures, *trades.values()]
        if symbols_of(Liquidation, public):
            self._panes.append(liquidations)
        self._status = StatusLine(status, look, any(s.verifiable for s in shown))
        self._takers: dict[type[Record], Callable[[Any], None]] = {
            **{record: board.take for record, board in self._boards.items()},
            **{record: tape.take for record, tape in trades.items()},
            Candle: self._take_candle,
            FundingCandle: self._take_candle,
            Liquidation: liquidations.take,
        }
        if len(public) < len(subscriptions):
            self._show_account(account, look, fields)
        self._screen = Screen(console)
        self._plain = (
            None if has_cursor_control(console) else PlainLines(shown, look.glyphs, fields)
        )
        self._drawn_at = float("-inf")
        self._drawn: tuple[object, ...] | None = None
        self._written = 0
        self._suspended = False
        self._closed = False

    def _show_account(
        self, wanted: AccountFilter | None, look: Look, fields: Sequence[str] | None
    ) -> None:
        from bfxstream.output.table.account import (  # noqa: PLC0415  few screens have one
            RECORDS,
            AccountPane,
        )

        pane = AccountPane(wanted, look, fields)
        self._panes.insert(0, pane)
        self._pictures.append(pane)
        self._takers |= dict.fromkeys(RECORDS, pane.take)

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

    def _take_candle(self, candle: Candle | FundingCandle) -> None:
        self._charts[key_of(candle)].take(candle)

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
        width, _ = self._screen.size
        area = Area(width, 0, boxed=False, now=self._clock())
        for pane in self._pictures:
            if pane.has_data:
                frame = Frame(width, pane.draw(area._replace(height=pane.wanted(area))))
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
        boards_shown = list(self._boards.values())
        body = compose(boards_shown, self._panes, width, room, now, fill=not final)
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
        views: list[Board | Pane] = [*self._boards.values(), *self._panes]
        return any(view.has_data for view in views)

    def _print(self, lines: Sequence[Line]) -> None:
        if lines:
            width, _ = self._screen.size
            self._screen.print(Frame(width, list(lines)), self._colored)
