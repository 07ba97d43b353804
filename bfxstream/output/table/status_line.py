"""The bottom line: how the connection is, and whether what is shown can be trusted."""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from rich.cells import cell_len
from rich.segment import Segment

from bfxstream.output.table import theme
from bfxstream.output.table.figures import age, plain
from bfxstream.output.table.lines import (
    BOX_WIDTH,
    Line,
    blank,
    clean,
    fitted,
    shortened,
    span,
    width_of,
    wrapped,
)
from bfxstream.output.table.theme import LABEL, Look
from bfxstream.protocol.status import State, Status

RATE_SECONDS: Final = 5.0
"""Messages per second are an average over this long."""
RATE_FROM: Final = 0.5
QUIET_SECONDS: Final = 17.0
"""A heartbeat is due every 15 s: older than this is worth a colour."""
MISMATCH_SECONDS: Final = 5.0
"""A mismatch is shown this long, and until a later checksum is right."""
ENDINGS: Final = {
    State.LIVE: "ended",
    State.CLOSED: "ended",
    State.MAINTENANCE: "ended during maintenance",
}
NOTICE_LEAST: Final = 12
NOTICE: Final = 1
HINT: Final = 9
KEYS: Final = 5
MARGIN: Final = 1


class Part(NamedTuple):
    """One statement of the line; the highest rank is dropped first."""

    line: Line
    rank: int
    right: bool = False
    """At the end of the line, whatever is left free before it."""


class StatusLine:
    """The line, and the little history that messages per second need."""

    def __init__(self, status: Status, look: Look, verified: bool) -> None:
        """`verified` says whether a book is shown whose checksum is compared."""
        self.hint = "Ctrl-C quits"
        """What stands at the right of all but the last frame."""
        self.hint_rank = HINT
        self.left_out = ""
        """What is said of views that have no room, where it is not that they are below."""
        self.mode = ""
        """What comes before all else while it is so: that the picture stands still."""
        self._status = status
        self._look = look
        self._verified = verified
        self._samples: deque[tuple[float, int]] = deque()
        self._mismatches = 0
        self._checksums_at_mismatch = 0
        self._mismatch_at = float("-inf")

    def observe(self, now: float) -> None:
        """Take a sample of the counters."""
        stats = self._status.stats
        if stats.checksum_mismatches != self._mismatches:
            self._mismatches = stats.checksum_mismatches
            self._checksums_at_mismatch = stats.checksums
            self._mismatch_at = now
        samples = self._samples
        if samples and now <= samples[-1][0]:
            return
        samples.append((now, self._status.stats.messages))
        while len(samples) > 2 and samples[1][0] <= now - RATE_SECONDS:
            samples.popleft()

    @property
    def messages_per_second(self) -> float | None:
        """The moving average; None before it means anything."""
        if not self._samples:
            return None
        (then, before), (now, after) = self._samples[0], self._samples[-1]
        return (after - before) / (now - then) if now - then >= RATE_FROM else None

    def fingerprint(self, now: float) -> tuple[object, ...]:
        """What the line says, as a value: equal means that nothing needs to be drawn."""
        status = self._status
        return (
            status.state,
            status.connected,
            status.connections,
            status.endpoint,
            status.activity,
            status.notice,
            status.last_received,
            status.stats.messages,
            status.stats.checksums,
            status.stats.checksum_mismatches,
            status.stats.gaps,
            status.stats.reconnects,
            int(now),
        )

    def notice_lines(
        self, width: int, most: int, now: float, final: bool, *, alone: bool = False
    ) -> list[Line]:
        """The notice above the status line, where that has no room for all of it.

        `alone` says that there will be no status line.
        """
        room = max(0, width - 2 * MARGIN)
        notice = clean(self._status.notice, self._look.glyphs)
        state = width_of(self._state(now, final)) + self._gap
        fits = state + cell_len(notice) <= room and not alone
        if not notice or most < 1 or fits:
            return []
        rows = wrapped(notice, room, most, self._look.glyphs)
        return [fitted([blank(MARGIN), span(row, theme.WARN)], width) for row in rows]

    def draw(self, width: int, now: float, hidden: int, final: bool, *, noticed: bool) -> Line:
        """The line at this width; `hidden` views had no room.

        `final` is the line that stays behind; `noticed` says that the notice stands in lines of
        its own.
        """
        glyphs = self._look.glyphs
        room = max(0, width - 2 * MARGIN)
        notice = "" if noticed else clean(self._status.notice, glyphs)
        parts = self._parts(now, hidden, width, final)
        if notice:
            # What is wrong comes right after the state; all else has what room is left.
            left = room - width_of(parts[0].line) - self._gap
            if left >= min(NOTICE_LEAST, cell_len(notice)):
                told = Part([span(shortened(notice, left, glyphs), theme.WARN)], NOTICE)
                parts.insert(1, told)
        if not final:
            parts.append(Part([span(self.hint, LABEL)], self.hint_rank, right=True))
        line: Line = [blank(MARGIN)]
        for i, part in enumerate(_kept(parts, room, self._gap)):
            if part.right:
                line.append(blank(room + MARGIN - width_of(line) - width_of(part.line)))
            elif i:
                line.append(self._separator)
            line += part.line
        return fitted(line, width)

    @property
    def _separator(self) -> Segment:
        return span(f" {self._look.glyphs.separator} ", LABEL)

    @property
    def _gap(self) -> int:
        return width_of([self._separator])

    def _parts(self, now: float, hidden: int, width: int, final: bool) -> list[Part]:
        status, stats = self._status, self._status.stats
        parts = [Part(self._state(now, final), 0)]
        if status.activity:
            parts.append(Part([span(clean(status.activity, self._look.glyphs), theme.WARN)], 2))
        if hidden and self.left_out:
            parts.append(Part([span(f"{hidden} {self.left_out}", theme.WARN)], 1))
        elif hidden:
            verb = "needs" if hidden == 1 else "need"
            words = "below" if width < BOX_WIDTH or final else f"{verb} a larger window"
            parts.append(Part([span(f"{hidden} more {words}", theme.WARN)], 3))
        demo = bool(getattr(status, "demo", False))
        if endpoint := "demo exchange" if demo else endpoint_name(status.endpoint):
            parts.append(Part([span(clean(endpoint, self._look.glyphs))], 6))
        if self._verified:
            parts.append(self._checksum(now))
        if (rate := self.messages_per_second) is not None:
            parts.append(Part([span(plain(rate, 0)), span(" msg/s", LABEL)], 4))
        if status.last_received is not None:
            parts.append(self._age(now - status.last_received))
        for count, one, many in (
            (stats.gaps, "gap", "gaps"),
            (stats.resyncs, "resync", "resyncs"),
            (stats.reconnects, "reconnect", "reconnects"),
        ):
            if count:
                style = theme.WARN if one == "gap" else LABEL
                parts.append(Part([span(f"{count} {one if count == 1 else many}", style)], 7))
        return parts

    def _state(self, now: float, final: bool) -> Line:
        if not self.mode or final:
            return self._connection(now, final)
        mode = span(self.mode, theme.WARN + theme.BOLD)
        return [mode, self._separator, *self._connection(now, final)]

    def _connection(self, now: float, final: bool) -> Line:
        status, glyphs = self._status, self._look.glyphs
        if final:
            word = ENDINGS.get(status.state, f"ended while {status.state.value}")
            return [span(f"{glyphs.hollow} {word}", LABEL)]
        connected = "connected"
        if status.connections > 1:
            connected += f" {status.connected}/{status.connections}"
        if status.state is State.LIVE:
            return [span(glyphs.dot, theme.GOOD), span(f" {connected}", theme.BOLD)]
        style = LABEL if status.state is State.CLOSED else theme.WARN
        word = self._not_live(now)
        if status.connected:
            # Some of several: what the farthest of the others is at.
            return [span(glyphs.dot, theme.WARN), span(f" {connected}, {word}", style)]
        return [span(f"{glyphs.hollow} {word}", style)]

    def _not_live(self, now: float) -> str:
        status = self._status
        word = status.state.value
        if status.state is State.RECONNECTING and status.retry_at is not None:
            seconds = max(0, -int(-(status.retry_at - now) // 1))
            return f"{word} in {seconds} s" if seconds else word + self._look.glyphs.ellipsis
        waiting = (State.CONNECTING, State.CONFIRMING, State.RECONNECTING)
        return word + self._look.glyphs.ellipsis if status.state in waiting else word

    def _checksum(self, now: float) -> Part:
        stats = self._status.stats
        if self._mismatched(now):
            return Part([span(f"checksum MISMATCH ({stats.checksum_mismatches:,})", theme.BAD)], 1)
        if not stats.checksums:
            return Part([span("checksum pending", LABEL)], 5)
        return Part([span("checksum ok", theme.GOOD), span(f" ({stats.checksums:,})", LABEL)], 2)

    def _mismatched(self, now: float) -> bool:
        if not self._mismatches:
            return False
        healed = self._status.stats.checksums > self._checksums_at_mismatch
        return not healed or now - self._mismatch_at < MISMATCH_SECONDS

    def _age(self, seconds: float) -> Part:
        words = age(seconds)
        text = "updated now" if words == "now" else f"updated {words} ago"
        return Part([span(text, theme.WARN if seconds > QUIET_SECONDS else LABEL)], 5)


def _kept(parts: list[Part], room: int, separator: int) -> list[Part]:
    kept = list(parts)
    while len(kept) > 1:
        used = sum(width_of(part.line) for part in kept) + separator * (len(kept) - 1)
        if used <= room:
            break
        kept.remove(max(kept, key=lambda part: part.rank))
    return kept


def endpoint_name(url: str) -> str:
    """The endpoint as a person knows it: its host, and its port where it names one."""
    try:
        place = urlsplit(url).netloc
    except ValueError:
        place = ""
    return place.rpartition("@")[2] or url
