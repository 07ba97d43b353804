"""How long frames take from the exchange's clock to ours, in bounded memory."""

from __future__ import annotations

_MOST_MS = 60_000


class Latency:
    """Counts by whole millisecond, up to a minute; a clock behind the exchange's counts as 0."""

    def __init__(self) -> None:
        self._counts = [0] * (_MOST_MS + 1)
        self._total = 0

    def add(self, milliseconds: int) -> None:
        """Note one frame's time."""
        self._counts[min(max(milliseconds, 0), _MOST_MS)] += 1
        self._total += 1

    def percentile(self, share: float) -> float | None:
        """The least time that this share of the frames did not exceed; None without frames."""
        wanted = share * self._total
        seen = 0
        for milliseconds, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                return float(milliseconds)
        return None
