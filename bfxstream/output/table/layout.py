"""The screen shared out: tickers on top, books and tapes below, the status line at the bottom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from bfxstream.output.table.lines import BOX_HEIGHT, BOX_WIDTH, Area, Line, beside, blank

LEAST_ROWS: Final = 6
"""A pane with fewer rows tells too little to be worth its place."""
NO_LIMIT: Final = 1_000_000
GOOD_ROWS: Final = 12
"""Panes stand closer side by side rather than have fewer rows than this."""
BOARD_ROWS: Final = 2
"""A board is its header and one row at least."""


class Board(Protocol):
    """A view that knows the height it needs."""

    @property
    def has_data(self) -> bool:
        """Whether there is anything to show."""

    @property
    def symbols(self) -> int:
        """How many rows it has to show."""

    def wanted(self, boxed: bool) -> int:
        """The height that shows everything."""

    def draw(self, area: Area, below: int) -> list[Line]:
        """The view as lines of exactly the area's size; `below` rows of other boards are hidden."""


class Pane(Protocol):
    """A view that fills whatever it is given."""

    least_width: int
    good_width: int
    weight: int

    @property
    def has_data(self) -> bool:
        """Whether there is anything to show."""

    def wanted(self, area: Area) -> int:
        """The height that shows everything at the area's width."""

    def draw(self, area: Area) -> list[Line]:
        """The view as lines of exactly the area's size."""


class Screen(NamedTuple):
    """The lines of all views, and how many had no room."""

    lines: list[Line]
    hidden: int


def compose(
    boards: Sequence[Board],
    panes: Sequence[Pane],
    width: int,
    height: int,
    now: float,
    *,
    fill: bool = True,
) -> Screen:
    """All views at this size; what has no room at all is counted.

    Without `fill` it is the frame that stays behind: tickers are all there, for they go into the
    scrollback; books and tapes are no higher than what they have to show.
    """
    boxed = width >= BOX_WIDTH and height >= BOX_HEIGHT
    room = height
    if panes:
        room = max(height - max(LEAST_ROWS, height // 2), min(height, BOARD_ROWS + 1))
    lines, hidden = _draw_boards(boards, Area(width, room if fill else NO_LIMIT, boxed, now))
    below = height - len(lines)
    if not fill:
        below = max(below, min(height, max(LEAST_ROWS, height // 2)))
    if panes and below < 2:
        return Screen(lines, hidden + len(panes))
    rows_of_panes, left_over = shelve(panes, width, below)
    for i, row in enumerate(rows_of_panes):
        share = below // (len(rows_of_panes) - i)
        below -= share
        lines += _draw_row(row, Area(width, share, boxed, now), fill)
    return Screen(lines, hidden + left_over)


def _draw_boards(boards: Sequence[Board], room: Area) -> tuple[list[Line], int]:
    """The boards one below the other; those without room for a row are told by one that has it."""
    shown: list[tuple[Board, int]] = []
    hidden: list[Board] = []
    left = room.height
    for board in boards:
        rows = min(board.wanted(room.boxed), left)
        if rows < BOARD_ROWS + room.frame_height:
            hidden.append(board)
            continue
        shown.append((board, rows))
        left -= rows
    lines: list[Line] = []
    below = sum(board.symbols for board in hidden)
    for i, (board, rows) in enumerate(shown):
        last = i == len(shown) - 1
        lines += board.draw(room._replace(height=rows), below if last else 0)
    return lines, 0 if shown else len(hidden)


def shelve(panes: Sequence[Pane], width: int, height: int) -> tuple[list[list[Pane]], int]:
    """Panes in rows: at a good width if the height allows, else closer; the rest is counted."""
    most = max(1, height // LEAST_ROWS)
    rows = _packed([(pane, pane.good_width) for pane in panes], width)
    if len(rows) > max(1, height // GOOD_ROWS):
        rows = _packed([(pane, pane.least_width) for pane in panes], width)
    return rows[:most], sum(map(len, rows[most:]))


def _packed(panes: Sequence[tuple[Pane, int]], width: int) -> list[list[Pane]]:
    rows: list[list[Pane]] = []
    used = 0
    for pane, wish in panes:
        if not rows or used + wish > width:
            rows.append([])
            used = 0
        rows[-1].append(pane)
        used += wish
    return rows


def _draw_row(panes: Sequence[Pane], row: Area, fill: bool) -> list[Line]:
    gap = 0 if row.boxed else 1
    shares = _shares(panes, row.width - gap * (len(panes) - 1))
    areas = [row._replace(width=share) for share in shares]
    height = row.height
    if not fill:
        wanted = [pane.wanted(area) for pane, area in zip(panes, areas, strict=True)]
        height = min(height, max(wanted))
    blocks: list[list[Line]] = []
    for pane, area in zip(panes, areas, strict=True):
        if blocks and gap:
            blocks.append([[blank(gap)]] * height)
        blocks.append(pane.draw(area._replace(height=height)))
    return beside(blocks)


def _shares(panes: Sequence[Pane], width: int) -> list[int]:
    """Each pane's least width, and what is left over by weight."""
    least = sum(pane.least_width for pane in panes)
    if least > width:
        return _by_weight([1] * len(panes), width)
    extra = _by_weight([pane.weight for pane in panes], width - least)
    return [pane.least_width + more for pane, more in zip(panes, extra, strict=True)]


def _by_weight(weights: Sequence[int], width: int) -> list[int]:
    shares: list[int] = []
    left, total = width, sum(weights)
    for weight in weights:
        share = left * weight // total
        shares.append(share)
        left -= share
        total -= weight
    return shares
