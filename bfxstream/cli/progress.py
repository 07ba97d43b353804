"""What a person sees of a recording and of a replay: how far it is, on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

from bfxstream.capture.reader import Capture
from bfxstream.capture.writer import CaptureWriter
from bfxstream.cli.options import Settings
from bfxstream.cli.stderr import is_terminal, say
from bfxstream.output.sink import Sink

_BAR_EVERY = 0.1
_EVERY = 0.5
_RATE_OVER = 2.0
"""Seconds; both of them."""


class RecordProgress:
    """A sink that prints nothing: one line that says how far the recording is."""

    def __init__(self, *, quiet: bool) -> None:
        self.writer: CaptureWriter | None = None
        self._quiet = quiet
        self._live = not quiet and is_terminal(sys.stderr)
        self._begun = self._shown_at = time.monotonic()
        self._counted = (self._begun, 0)
        self._rate = 0.0

    def write(self, records: Sequence[Any]) -> None:
        pass

    def tick(self, now: float) -> None:
        if self._live and now - self._shown_at >= _EVERY:
            self._shown_at = now
            self._put(f"\r\x1b[2Krecording: {self._figures()}, {self._rate_at(now):,.0f}/s")

    def close(self) -> None:
        if self._live:
            self._put("\r\x1b[2K")

    def conclude(self, *, kept: bool) -> None:
        """Say what there is, once the file is whole or, where it has nothing, gone."""
        if self._quiet or self.writer is None or self.writer.failed:
            return
        seconds = time.monotonic() - self._begun
        if kept:
            say(f"recorded {self._figures()} in {seconds:,.0f} s to {self.writer.told}")
        else:
            say(f"received no data in {seconds:,.0f} s: {self.writer.told} is not kept")

    def _figures(self) -> str:
        if self.writer is None:
            return ""
        return f"{self.writer.frames:,} frames, {size_in_words(self.writer.size)}"

    def _rate_at(self, now: float) -> float:
        then, before = self._counted
        if self.writer is not None and now - then >= _RATE_OVER:
            self._rate = (self.writer.frames - before) / (now - then)
            self._counted = (now, self.writer.frames)
        return self._rate

    def _put(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


def size_in_words(size: int) -> str:
    """`1.2 MB`, in powers of ten."""
    if size < 1000:
        return f"{size} bytes"
    amount, unit = size / 1000, "kB"
    for larger in ("MB", "GB", "TB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:.1f} {unit}"


class ReplayProgress:
    """Shows on standard error how much of a recording has been played, beside the sink."""

    def __init__(self, sink: Sink, capture: Capture) -> None:
        from rich.console import Console  # noqa: PLC0415  rich costs 90 ms
        from rich.progress import (  # noqa: PLC0415
            BarColumn,
            DownloadColumn,
            Progress,
            TimeRemainingColumn,
        )

        self._sink = sink
        self._capture = capture
        self._shown_at = float("-inf")
        self._progress = Progress(
            "replaying",
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=True),
            auto_refresh=False,
            transient=True,
        )
        self._task = self._progress.add_task("", total=capture.size or None)
        self._progress.start()

    @staticmethod
    def is_wanted(settings: Settings) -> bool:
        """Whether there is a terminal for it, and the records do not go there."""
        return is_terminal(sys.stderr) and not is_terminal(sys.stdout) and not settings.quiet

    def write(self, records: Sequence[Any]) -> None:
        self._sink.write(records)

    def tick(self, now: float) -> None:
        self._sink.tick(now)
        if now - self._shown_at >= _BAR_EVERY:
            self._shown_at = now
            self._progress.update(self._task, completed=self._capture.position, refresh=True)

    def close(self) -> None:
        self._progress.stop()
        self._sink.close()
