"""Orders as a table: printed once, and the terminal keeps it."""

from __future__ import annotations

from collections.abc import Sequence

from bfxstream.output.table.account_rows import ORDER_COLUMNS, Kit, order_rows
from bfxstream.output.table.columns import Column, Widths
from bfxstream.output.table.fields import Scales, field_columns
from bfxstream.output.table.grid import draw_grid
from bfxstream.output.table.lines import Frame
from bfxstream.output.table.screen import Screen, has_color, standard_output
from bfxstream.output.table.theme import look_for
from bfxstream.protocol.account.records import Order


def print_orders(
    orders: Sequence[Order], fields: Sequence[str] | None, *, color: bool | None = None
) -> None:
    """Print all rows, as `account` has them, or these keys of the records.

    `color` None leaves it to NO_COLOR and the terminal.
    """
    if not orders:
        return
    console = standard_output()
    if color is not None:
        console.no_color = not color
    colored = has_color(console)
    kit = Kit(Scales(), look_for(console, colored).glyphs)
    columns: Sequence[Column] = ORDER_COLUMNS
    rows = order_rows(orders, kit)
    if fields is not None:
        columns = field_columns(fields)
        rows = [{name: kit.field(order, name) for name in fields} for order in orders]
    screen = Screen(console)
    width, _ = screen.size
    screen.print(Frame(width, draw_grid(columns, rows, width, kit.glyphs, Widths())), colored)
