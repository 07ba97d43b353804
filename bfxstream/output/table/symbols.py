"""The list of symbols as a table: printed once, and the terminal keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Raw

from bfxstream.output.table import theme
from bfxstream.output.table.columns import Column, Widths
from bfxstream.output.table.grid import Cell, draw_grid
from bfxstream.output.table.lines import Frame
from bfxstream.output.table.screen import Screen, has_color, standard_output
from bfxstream.output.table.theme import Glyphs, look_for
from bfxstream.protocol.numbers import is_null, text
from bfxstream.protocol.records import Symbol

COLUMNS: Final = (
    Column("symbol", "symbol", 0, left=True),
    Column("kind", "kind", 1, left=True),
    Column("min_order_size", "least order", 2),
    Column("max_order_size", "largest order", 3),
)
RIGHT: Final = frozenset(("min_order_size", "max_order_size"))


def print_symbols(
    symbols: Sequence[Symbol], fields: Sequence[str] | None, *, color: bool | None = None
) -> None:
    """Print all rows, however many; `color` None leaves it to NO_COLOR and the terminal."""
    if not symbols:
        return
    console = standard_output()
    if color is not None:
        console.no_color = not color
    colored = has_color(console)
    glyphs = look_for(console, colored).glyphs
    columns = COLUMNS if fields is None else _columns(fields)
    rows = [
        {column.key: _cell(symbol, column.key, glyphs) for column in columns} for symbol in symbols
    ]
    screen = Screen(console)
    width, _ = screen.size
    screen.print(Frame(width, draw_grid(columns, rows, width, glyphs, Widths())), colored)


def _columns(fields: Sequence[str]) -> list[Column]:
    return [Column(name, name, rank, left=name not in RIGHT) for rank, name in enumerate(fields)]


def _cell(symbol: Symbol, key: str, glyphs: Glyphs) -> Cell:
    value = getattr(symbol, key)
    if value is None or (isinstance(value, Raw) and is_null(value)):
        return Cell(glyphs.nothing, theme.LABEL)
    if isinstance(value, Raw):
        return Cell(text(value))
    if isinstance(value, list):
        return Cell(" ".join(value))
    return Cell(value, theme.BOLD if key == "symbol" else theme.PLAIN)
