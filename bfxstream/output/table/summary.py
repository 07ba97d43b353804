"""What stays behind of a watch: how long, how many trades, how much, between which prices."""

from __future__ import annotations

from bfxstream.output.table import theme
from bfxstream.output.table.lines import Line, span, width_of
from bfxstream.output.table.row_figures import percent_change
from bfxstream.output.table.seen import Watched
from bfxstream.output.table.theme import LABEL, Glyphs


def summary(watched: Watched, seconds: float, width: int, glyphs: Glyphs) -> list[Line]:
    """The summary in lines of at most this width, as few as it needs."""
    parts: list[Line] = [
        [
            span("watched ", LABEL),
            span(watched.symbol, theme.BOLD),
            span(" for ", LABEL),
            span(_time(seconds)),
        ],
        [span(f"{watched.trades:,}"), span(" trade" + "s" * (watched.trades != 1), LABEL)],
    ]
    if watched.trades:
        parts += [_volume(watched, glyphs), _range(watched), _way(watched, glyphs)]
    lines: list[Line] = []
    for part in parts:
        separated = [*lines[-1], span(f" {glyphs.separator} ", LABEL), *part] if lines else part
        if lines and width_of(separated) < width:
            lines[-1] = separated
        else:
            lines.append([span(" "), *part])
    return lines


def _volume(watched: Watched, glyphs: Glyphs) -> Line:
    total = watched.bought + watched.sold
    watched.amounts.see_sum(total)
    text = watched.amounts.text
    return [
        span("volume ", LABEL),
        span(text(total), theme.BOLD),
        span(f" {glyphs.up} {text(watched.bought)}", theme.UP),
        span(f" {glyphs.down} {text(watched.sold)}", theme.DOWN),
    ]


def _range(watched: Watched) -> Line:
    text = watched.prices.text
    return [
        span("range ", LABEL),
        span(text(watched.low or 0.0)),
        span(" to ", LABEL),
        span(text(watched.high or 0.0)),
    ]


def _way(watched: Watched, glyphs: Glyphs) -> Line:
    """From the first price to the last."""
    first, last = watched.first or 0.0, watched.last or 0.0
    change = percent_change(last / first - 1 if first else None, glyphs)
    text = watched.prices.text
    return [
        span("from ", LABEL),
        span(text(first)),
        span(" to ", LABEL),
        span(text(last), theme.BOLD),
        span(f" {change.text}", change.style),
    ]


def _time(seconds: float) -> str:
    """`45 s`, `12 min 30 s`, `3 h 5 min`."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole // 60 % 60} min"
