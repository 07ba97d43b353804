"""A view and its status line on a terminal, drawn at the screen's pace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from bfxstream.output.table.lines import Frame, fitted
from bfxstream.output.table.screen import Screen
from bfxstream.output.table.status_line import StatusLine
from bfxstream.output.table.views import View
from bfxstream.protocol.records import Record

DRAW_SECONDS: Final = 0.1
NOTICE_ROWS: Final = 3
ROWS_FOR_A_NOTICE: Final = 3
"""A notice may have a row of its own for each so many of the screen's."""


class Picture:
    """A view above its status line, as frames."""

    def __init__(self, view: View, status: StatusLine) -> None:
        self.view = view
        self.status = status

    def observe(self, now: float) -> None:
        """Look at what is shown, so that rates and highlights are right in the next frame."""
        self.status.observe(now)
        self.view.observe(now)

    def render(
        self, width: int, height: int, now: float, *, final: bool = False, fill: bool | None = None
    ) -> Frame:
        """One frame of exactly this size: a renderable for rich, with its text as `.text`.

        `final` is the frame that stays behind: it says that the stream ended, not how to quit.
        Without `fill`, usual for a final one, there are no empty rows, and tickers may be more
        than fit on the screen.
        """
        fill = not final if fill is None else fill
        self.observe(now)
        most = min(NOTICE_ROWS, height // ROWS_FOR_A_NOTICE)
        notice = self.status.notice_lines(width, most, now, final)
        room = height - 1 - len(notice)
        body = self.view.compose(width, room, now, fill=fill)
        lines = [fitted(line, width) for line in body.lines]
        if fill:
            del lines[room:]
            lines += [fitted([], width)] * (room - len(lines))
        status = self.status.draw(width, now, body.hidden, final, noticed=bool(notice))
        return Frame(width, [*lines, *notice, status])


class LiveSink:
    """Has the alternate screen from its first frame until it is closed; then the last state is
    printed on the normal screen, every ticker, books and tapes as high as the screen."""

    def __init__(self, picture: Picture, screen: Screen, clock: Callable[[], float]) -> None:
        self.picture = picture
        self._screen = screen
        self._clock = clock
        self._drawn_at = float("-inf")
        self._drawn: tuple[object, ...] | None = None
        self._written = 0
        self._suspended = False
        self._closed = False

    def write(self, records: Sequence[Record]) -> None:
        """Keep the latest of what one read brought; drawing waits for its time."""
        if not self._closed:
            self.picture.view.take(records, self._clock())
            self._written += len(records)

    def tick(self, now: float) -> None:
        """Draw if a tenth of a second has passed and something differs from the last frame."""
        if now - self._drawn_at < DRAW_SECONDS or self._closed:
            return
        self._drawn_at = now
        if self._suspended:
            return
        self.picture.observe(now)
        size = self._screen.size
        view, status = self.picture.view, self.picture.status
        state = (size, self._written, view.highlighted, *status.fingerprint(now))
        if state == self._drawn:
            return
        if self._drawn is None or self._drawn[0] != size:
            self._screen.forget()
        self._drawn = state
        self._screen.draw(self.picture.render(*size, now))

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
        self.redraw()

    def redraw(self) -> None:
        """Let the next tick draw, whatever has changed."""
        self._drawn = None
        self._drawn_at = float("-inf")

    def close(self, rows_left: int = 1) -> None:
        """Give the terminal back, with the last state on its normal screen.

        So many of its rows stay free below.
        """
        if self._closed:
            return
        self._closed = True
        self._screen.leave()
        width, height = self._screen.size
        now = self._clock()
        if self.picture.view.has_data:
            height = max(1, height - rows_left)
            self._screen.print(self.picture.render(width, height, now, final=True))
            return
        status = self.picture.status
        if reason := status.notice_lines(width, NOTICE_ROWS, now, final=True, alone=True):
            self._screen.print(Frame(width, reason))
