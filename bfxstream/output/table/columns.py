"""Which columns fit into a width, and how wide each is: one answer for grids and ladders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

GAP: Final = 2
WIDEST_GAP: Final = 10


class Column(NamedTuple):
    """One column; the lowest `rank` has its place first, rank 0 always."""

    key: str
    header: str
    rank: int
    left: bool = False
    paint: str = ""
    """`bar` or `mark`: the cell is a share, drawn over whatever width is left."""
    least: int = 0
    """How wide it is before anything has come: what is typical for its values."""
    most: int = 0
    """How far a painted column grows."""


class Widths:
    """Column widths that only grow, so that columns do not jump while numbers come and go."""

    __slots__ = ("_least",)

    def __init__(self) -> None:
        self._least: dict[str, int] = {}

    def settle(self, key: str, width: int) -> int:
        """The width to use for a column that needs this one now."""
        width = max(width, self._least.get(key, 0))
        self._least[key] = width
        return width


class Fit(NamedTuple):
    """The columns that have a place, the width of each, and the gaps between them."""

    columns: Sequence[Column]
    sizes: Sequence[int]
    gaps: Sequence[int]

    @property
    def width(self) -> int:
        """The cells from the first column's start to the last one's end."""
        return sum(self.sizes) + sum(self.gaps)


def fit_columns(
    columns: Sequence[Column], longest: Callable[[str], int], width: int, widths: Widths
) -> Fit:
    """The columns by importance as long as there is room; `longest` is a key's widest text.

    What is left over goes to what is painted, then into the gaps.
    """
    needs = [_need(column, longest, widths) for column in columns]
    ranks = [column.rank for column in columns]
    gap, kept = GAP, keep(needs, ranks, GAP, width)
    if len(kept) == 1:
        gap, kept = 1, keep(needs, ranks, 1, width)
    shown = [columns[i] for i in kept]
    sizes = [min(needs[i], width) for i in kept]
    spare = width - sum(sizes) - gap * (len(sizes) - 1)
    for i, column in enumerate(shown):
        if column.paint:
            more = max(0, min(column.most - sizes[i], spare))
            sizes[i] += more
            spare -= more
    return Fit(shown, sizes, _gaps(gap, spare, len(sizes) - 1))


def keep(needs: Sequence[int], ranks: Sequence[int], gap: int, width: int) -> list[int]:
    """The indices of the columns that fit: a lesser one takes the room a greater one cannot."""
    kept: list[int] = []
    room = width + gap
    for i in sorted(range(len(needs)), key=lambda i: (ranks[i], i)):
        if not kept or needs[i] + gap <= room:
            kept.append(i)
            room -= needs[i] + gap
    return sorted(kept)


def _need(column: Column, longest: Callable[[str], int], widths: Widths) -> int:
    if column.paint:
        return column.least
    return widths.settle(column.key, max(longest(column.key), len(column.header), column.least))


def _gaps(least: int, spare: int, count: int) -> list[int]:
    """Gaps as wide as the spare cells allow, within reason; no cell that can be used is lost."""
    if count <= 0:
        return []
    spare = min(max(0, spare), (WIDEST_GAP - least) * count)
    each, more = divmod(spare, count)
    return [least + each + (i < more) for i in range(count)]
