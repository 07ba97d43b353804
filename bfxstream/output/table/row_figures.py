"""What a board's row says: the parts that tickers and derivatives share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from rich.style import Style

from bfxstream.output.table import theme
from bfxstream.output.table.columns import Column
from bfxstream.output.table.fields import Scales
from bfxstream.output.table.figures import Scale, number, plain, signed
from bfxstream.output.table.theme import PLAIN, Glyphs
from bfxstream.protocol.records import Record

PERCENT: Final = 100


class Shown(NamedTuple):
    """One value of a row: its text, and its number where it has one."""

    text: str
    value: float | None = None
    style: Style = PLAIN


class RowFigures(NamedTuple):
    """One kind of record's way to be a row."""

    record: type[Record]
    title: str
    columns: Sequence[Column]
    read: Callable[[Any, Scales, Glyphs], dict[str, Shown]]
    directed: frozenset[str]
    """The columns whose highlight says up or down."""
    note: str


def direction(value: float | None) -> Style:
    """Green above zero, red below."""
    if not value:
        return PLAIN
    return theme.UP if value > 0 else theme.DOWN


def scaled(token: object, scale: Scale, nothing: str, style: Style = PLAIN) -> Shown:
    """A number with its column's decimals."""
    value = scale.see(token)
    if value is None:
        return Shown(nothing, None, theme.LABEL)
    return Shown(scale.text(value), value, style)


def percent_change(fraction: float | None, glyphs: Glyphs) -> Shown:
    """A change as an arrow and a percentage."""
    if fraction is None:
        return Shown(glyphs.nothing, None, theme.LABEL)
    percent = signed(fraction * PERCENT, 2) + "%"
    if percent[0] not in "+-":
        return Shown(percent, fraction)
    arrow = glyphs.up if fraction > 0 else glyphs.down
    return Shown(f"{arrow} {percent}", fraction, direction(fraction))


def signed_number(token: object, scale: Scale, nothing: str) -> Shown:
    """A number with its sign and the colour of it."""
    value = scale.see(token)
    if value is None:
        return Shown(nothing, None, theme.LABEL)
    return Shown(scale.signed(value), value, direction(value))


def whole(token: object, nothing: str) -> Shown:
    """A number without decimals."""
    value = number(token)
    return Shown(nothing, None, theme.LABEL) if value is None else Shown(plain(value, 0), value)
