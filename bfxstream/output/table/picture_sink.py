"""The sink of a picture: keeps the latest, and draws it once, when the run ends."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import Final

from rich.console import Console

from bfxstream.output.table.live import DRAW_SECONDS, Picture
from bfxstream.output.table.picture import svg
from bfxstream.output.table.status_line import StatusLine
from bfxstream.output.table.theme import Look, look_for
from bfxstream.output.table.views import View
from bfxstream.protocol.records import Record
from bfxstream.protocol.status import Status

USUAL_SIZE: Final = (100, 30)
"""Columns and rows where there is no terminal."""


def picture_look() -> Look:
    """All that a terminal can show, whatever this run's can."""
    console = Console(
        file=io.TextIOWrapper(io.BytesIO(), encoding="utf-8"),
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
    )
    return look_for(console, True)


class PictureSink:
    """One SVG document, as a terminal of this size would show the last state."""

    def __init__(
        self,
        view: View,
        status: Status,
        *,
        title: str,
        size: Callable[[], tuple[int, int]],
        save: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`view` has the `picture_look`; `wall` is in seconds since 1970."""
        self._picture = Picture(view, StatusLine(status, picture_look(), view.verified))
        self._title = title
        self._size = size
        self._save = save
        self._clock = clock
        self._wall = wall
        self._observed_at = float("-inf")
        self.saved = False
        """Whether there was anything to draw, and it is saved."""

    def write(self, records: Sequence[Record]) -> None:
        """Remember the latest of it."""
        self._picture.view.take(records, self._clock())

    def tick(self, now: float) -> None:
        """Take a sample of the counters, for what is told a second."""
        if now - self._observed_at >= DRAW_SECONDS:
            self._observed_at = now
            self._picture.status.observe(now)

    def close(self) -> None:
        """Draw and save, if anything has come. Raises what `save` raises."""
        if self.saved or not self._picture.view.has_data:
            return
        taken = datetime.fromtimestamp(self._wall(), timezone.utc)
        self._picture.status.hint = f"{taken:%Y-%m-%d %H:%M:%S} UTC"
        frame = self._picture.render(*self._size(), self._clock(), fill=False)
        self._save(svg(frame, self._title))
        self.saved = True
