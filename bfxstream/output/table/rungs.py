"""One side of a ladder, row by row: numbers in columns on a depth bar, or beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from rich.style import Style

from bfxstream.output.table import theme
from bfxstream.output.table.bars import TintedCell, leftward, rightward, tinted
from bfxstream.output.table.columns import Column, Fit, Widths, fit_columns
from bfxstream.output.table.ladder import Level
from bfxstream.output.table.lines import Line, span
from bfxstream.output.table.theme import LABEL, PLAIN, Look
from bfxstream.protocol.channels import BookSubscription
from bfxstream.protocol.records import Side
from bfxstream.protocol.symbols import Market

BAR_LEAST: Final = 5
BAR_MOST: Final = 40
BAR: Final = "bar"
MARGIN: Final = 1
"""The blank cell between a price and the middle."""

HEADERS: Final = {"rate": "% A DAY", "order_id": "ORDER", "offer_id": "OFFER", "period": "DAYS"}
QUIET: Final = frozenset(("count", "period", "order_id", "offer_id"))
PRICES: Final = frozenset(("price", "rate"))


def ladder_columns(
    subscription: BookSubscription, fields: Sequence[str] | None, bars_behind: bool
) -> list[Column]:
    """The columns from the middle outwards, the least important dropped first."""
    funding, raw = subscription.market is Market.FUNDING, subscription.raw
    price = "rate" if funding else "price"
    identity = ("offer_id" if funding else "order_id") if raw else "count"
    names = [price, "total", "amount", *(["period"] if funding else []), identity]
    # Other channels' keys, and those of every record of a book, are no columns of a ladder.
    chosen = [name for name in dict.fromkeys(fields or ()) if name in names]
    if chosen:
        columns = [Column(name, name, rank) for rank, name in enumerate(chosen)]
    else:
        ranks = {price: 0, "amount": 1, "period": 2, "total": 4, identity: 5}
        columns = [Column(n, HEADERS.get(n, n.upper()), ranks[n]) for n in names]
    if not bars_behind:
        columns.append(Column(BAR, "", 3, paint=BAR, least=BAR_LEAST, most=BAR_MOST))
    return columns


def header(plan: Fit, width: int, mirrored: bool) -> Line:
    """The headers above one side."""
    words = " " * MARGIN
    for column, size, gap in zip(plan.columns, plan.sizes, (0, *plan.gaps), strict=True):
        word = column.header[:size].rjust(size)
        words = word + " " * gap + words if mirrored else words + " " * gap + word
    return [span(words.rjust(width) if mirrored else words.ljust(width), LABEL)]


def plan_for(columns: Sequence[Column], levels: Sequence[Level], width: int, widths: Widths) -> Fit:
    """Fit the columns, told from the middle outwards, into one side of this width."""

    def longest(key: str) -> int:
        return max((len(level.cells[key]) for level in levels), default=0)

    return fit_columns(columns, longest, max(1, width - MARGIN), widths)


class Ink(NamedTuple):
    """How one side is drawn."""

    side: Side
    mirrored: bool
    """Prices at the right, for bids that stand left of the middle."""
    width: int
    look: Look


def rung(level: Level, best: bool, share: float, plan: Fit, ink: Ink) -> Line:
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


def _cells(level: Level, best: bool, plan: Fit, ink: Ink) -> list[TintedCell]:
    tint = ink.look.bid if ink.side == "bid" else ink.look.ask
    price = _price_style(ink.side, best)
    number = theme.BOLD if best else PLAIN
    cells: list[TintedCell] = []
    used = MARGIN
    for column, size, gap in zip(plan.columns, plan.sizes, (0, *plan.gaps), strict=True):
        text = level.cells.get(column.key, "")[-size:].rjust(size)
        if gap:
            cells.append((" " * gap, PLAIN, tint.amount))
        used += gap + size
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


def _beside_bar(level: Level, best: bool, share: float, plan: Fit, ink: Ink) -> Line:
    numbers = Fit(plan.columns[:-1], plan.sizes[:-1], plan.gaps[:-1])
    bar_width, gap_width = plan.sizes[-1], sum(plan.gaps[-1:])
    glyphs = ink.look.glyphs
    style = _price_style(ink.side, False)
    inner = ink._replace(width=MARGIN + numbers.width)
    text = tinted(_cells(level, best, numbers, inner), 0, 0)
    gap = span(" " * gap_width)
    spare = span(" " * (ink.width - inner.width - gap_width - bar_width))
    if ink.mirrored:
        return [spare, span(rightward(share, bar_width, glyphs), style), gap, *text]
    return [*text, gap, *leftward(share, bar_width, style, glyphs), spare]


def _price_style(side: Side, best: bool) -> Style:
    if side == "bid":
        return theme.BEST_BID if best else theme.UP
    return theme.BEST_ASK if best else theme.DOWN
