"""One side of a ladder, row by row: numbers in columns on a depth bar, or beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from rich.style import Style

from bfxstream.output.table import theme
from bfxstream.output.table.bars import TintedCell, leftward, rightward, tinted
from bfxstream.output.table.grid import Column, Widths, gap_for, keep
from bfxstream.output.table.ladder import Level
from bfxstream.output.table.lines import Line, span
from bfxstream.output.table.theme import LABEL, PLAIN, Look
from bfxstream.protocol.channels import BookSubscription
from bfxstream.protocol.records import Side
from bfxstream.protocol.symbols import Market

GAP: Final = 2
BAR_LEAST: Final = 5
BAR_MOST: Final = 40
BAR: Final = "bar"
MARGIN: Final = 1
"""The blank cell between a price and the middle."""

KNOWN_FIELDS: Final = frozenset(
    ("price", "rate", "count", "amount", "total", "period", "order_id", "offer_id")
)
HEADERS: Final = {"rate": "% A DAY", "order_id": "ORDER", "offer_id": "OFFER", "period": "DAYS"}
QUIET: Final = frozenset(("count", "period", "order_id", "offer_id"))
PRICES: Final = frozenset(("price", "rate"))


def ladder_columns(
    subscription: BookSubscription, fields: Sequence[str] | None, bars_behind: bool
) -> list[Column]:
    """The columns from the middle outwards, the least important dropped first."""
    funding, raw = subscription.market is Market.FUNDING, subscription.raw
    chosen = [name for name in fields or () if name in KNOWN_FIELDS]
    if chosen:
        columns = [Column(name, name, rank) for rank, name in enumerate(chosen)]
    else:
        price = "rate" if funding else "price"
        identity = ("offer_id" if funding else "order_id") if raw else "count"
        names = [price, "total", "amount", *(["period"] if funding else []), identity]
        ranks = {price: 0, "amount": 1, "period": 2, "total": 4, identity: 5}
        columns = [Column(n, HEADERS.get(n, n.upper()), ranks[n]) for n in names]
    if not bars_behind:
        columns.append(Column(BAR, "", 3, paint=BAR, least=BAR_LEAST, most=BAR_MOST))
    return columns


class Plan(NamedTuple):
    """Which columns fit, from the middle outwards, and how wide each is."""

    columns: Sequence[Column]
    sizes: Sequence[int]
    gap: int

    def header(self, width: int, mirrored: bool) -> Line:
        """The headers above one side."""
        words = [
            column.header[:size].rjust(size)
            for column, size in zip(self.columns, self.sizes, strict=True)
        ]
        margin = " " * MARGIN
        if mirrored:
            return [span(((" " * self.gap).join(words[::-1]) + margin).rjust(width), LABEL)]
        return [span((margin + (" " * self.gap).join(words)).ljust(width), LABEL)]


def plan_for(
    columns: Sequence[Column],
    levels: Sequence[Level],
    width: int,
    widths: Widths,
) -> Plan:
    """Fit the columns into one side of this width."""
    needs = [_need(column, levels, widths) for column in columns]
    room = max(1, width - MARGIN)
    kept = keep(needs, [column.rank for column in columns], GAP, room)
    sizes = [min(needs[i], room) for i in kept]
    shown = [columns[i] for i in kept]
    spare = room - sum(sizes) - GAP * (len(sizes) - 1)
    if shown[-1].paint:
        more = max(0, min(shown[-1].most - sizes[-1], spare))
        sizes[-1] += more
        spare -= more
    return Plan(shown, sizes, gap_for(spare, len(sizes) - 1))


def _need(column: Column, levels: Sequence[Level], widths: Widths) -> int:
    if column.paint:
        return column.least
    longest = max((len(level.cells[column.key]) for level in levels), default=0)
    return widths.settle(column.key, max(longest, len(column.header)))


class Ink(NamedTuple):
    """How one side is drawn."""

    side: Side
    mirrored: bool
    """Prices at the right, for bids that stand left of the middle."""
    width: int
    look: Look


def rung(level: Level, best: bool, share: float, plan: Plan, ink: Ink) -> Line:
    """One level as a line, its bar growing from the outer edge towards the middle."""
    if plan.columns[-1].paint:
        return _beside_bar(level, best, share, plan, ink)
    cells = _cells(level, best, plan, ink)
    length = round(share * ink.width) if share else 0
    if share:
        length = max(1, length)
    if ink.mirrored:
        return tinted(cells, 0, length)
    return tinted(cells, ink.width - length, ink.width)


def _cells(level: Level, best: bool, plan: Plan, ink: Ink) -> list[TintedCell]:
    tint = ink.look.bid if ink.side == "bid" else ink.look.ask
    price = _price_style(ink.side, best)
    number = theme.BOLD if best else PLAIN
    cells: list[TintedCell] = []
    used = MARGIN
    for i, (column, size) in enumerate(zip(plan.columns, plan.sizes, strict=True)):
        text = level.cells.get(column.key, "")[-size:].rjust(size)
        if i:
            cells.append((" " * plan.gap, PLAIN, tint.amount))
            used += plan.gap
        used += size
        if column.key in PRICES:
            cells.append((text, price, tint.price + number))
        elif column.key in QUIET:
            cells.append((text, LABEL, tint.label))
        else:
            cells.append((text, number, tint.amount + number))
    margin: TintedCell = (" " * MARGIN, PLAIN, tint.amount)
    filler: TintedCell = (" " * (ink.width - used), PLAIN, tint.amount)
    whole = [margin, *cells, filler]
    return whole[::-1] if ink.mirrored else whole


def _beside_bar(level: Level, best: bool, share: float, plan: Plan, ink: Ink) -> Line:
    numbers = Plan(plan.columns[:-1], plan.sizes[:-1], plan.gap)
    bar_width = plan.sizes[-1]
    glyphs = ink.look.glyphs
    style = _price_style(ink.side, False)
    inner = ink._replace(width=MARGIN + sum(numbers.sizes) + plan.gap * (len(numbers.sizes) - 1))
    text = tinted(_cells(level, best, numbers, inner), 0, 0)
    gap = span(" " * plan.gap)
    spare = span(" " * (ink.width - inner.width - plan.gap - bar_width))
    if ink.mirrored:
        return [spare, span(rightward(share, bar_width, glyphs), style), gap, *text]
    return [*text, gap, *leftward(share, bar_width, style, glyphs), spare]


def _price_style(side: Side, best: bool) -> Style:
    if side == "bid":
        return theme.BEST_BID if best else theme.UP
    return theme.BEST_ASK if best else theme.DOWN
