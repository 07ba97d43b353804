"""Lines of styled text: cut, pad, join side by side, and frame into panels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.style import Style

from bfxstream.output.table.theme import BORDER, LABEL, PLAIN, Glyphs
from bfxstream.protocol.printable import printable

Line = list[Segment]
"""One row of the screen, as rich's segments: the cheapest thing that rich can draw."""

BOX_WIDTH = 60
BOX_HEIGHT = 14
"""Smaller screens have no borders: the room belongs to the numbers."""


def span(text: str, style: Style = PLAIN) -> Segment:
    """A stretch of text in one style."""
    return Segment(text, style)


def width_of(line: Iterable[Segment]) -> int:
    """How many cells the line takes."""
    width = 0
    for text, _, _ in line:
        width += len(text) if text.isascii() else cell_len(text)
    return width


def blank(width: int) -> Segment:
    """Empty cells."""
    return Segment(" " * width, PLAIN)


def fitted(line: Line, width: int) -> Line:
    """The line at exactly this width: cut or padded on the right."""
    have = width_of(line)
    if have == width:
        return line
    if have < width:
        return [*line, blank(width - have)]
    kept: Line = []
    room = width
    for text, style, _ in line:
        cells = cell_len(text)
        if cells >= room:
            kept.append(Segment(set_cell_size(text, room), style))
            break
        kept.append(Segment(text, style))
        room -= cells
    return kept


def shortened(text: str, width: int, glyphs: Glyphs) -> str:
    """The text in at most this many cells, with a sign where something was cut."""
    if cell_len(text) <= width:
        return text
    if width <= 0:
        return ""
    return set_cell_size(text, width - 1).rstrip() + glyphs.ellipsis


def wrapped(text: str, width: int, most: int, glyphs: Glyphs) -> list[str]:
    """The text in at most so many lines of this width, broken between words."""
    lines: list[str] = []
    while len(lines) < most - 1 and cell_len(text) > width:
        head = set_cell_size(text, width).rstrip()
        if text[len(head) : len(head) + 1] != " " and " " in head:
            head = head[: head.rindex(" ")]
        if not head:
            break
        lines.append(head)
        text = text[len(head) :].lstrip()
    return [*lines, shortened(text, width, glyphs)]


def clean(text: str, glyphs: Glyphs) -> str:
    """Foreign text made safe for a terminal that has these glyphs."""
    safe = " ".join(printable(text).split())
    return safe if not glyphs.ellipsis.isascii() else safe.encode("ascii", "replace").decode()


def beside(blocks: Sequence[list[Line]]) -> list[Line]:
    """Blocks of equal height, left to right."""
    return [[segment for line in row for segment in line] for row in zip(*blocks, strict=True)]


def centred(line: Line, width: int) -> Line:
    """The line in the middle of the width."""
    spare = max(0, width - width_of(line))
    return fitted([blank(spare // 2), *line], width)


class Area(NamedTuple):
    """The place that a view has on the screen, and when it is drawn."""

    width: int
    height: int
    boxed: bool
    now: float

    @property
    def frame_height(self) -> int:
        """The rows that title and bottom take."""
        return 2 if self.boxed else 1

    @property
    def inner_width(self) -> int:
        """The cells between the borders."""
        return max(0, self.width - 4) if self.boxed else self.width

    @property
    def inner_height(self) -> int:
        """The rows between title and bottom."""
        return max(0, self.height - self.frame_height)


def panel(
    area: Area, glyphs: Glyphs, title: Line, body: Sequence[Line], note: Line, foot: Line
) -> list[Line]:
    """A view in its frame: title and note in the upper border, foot in the lower one."""
    rows = [fitted(line, area.inner_width) for line in body[: area.inner_height]]
    rows += [[blank(area.inner_width)]] * (area.inner_height - len(rows))
    if not area.boxed:
        return [_rule(area.width, glyphs, title, note), *rows][: area.height]
    side = span(glyphs.vertical, BORDER)
    return [
        _border(area, glyphs, (glyphs.top_left, glyphs.top_right), title, note),
        *([side, blank(1), *line, blank(1), side] for line in rows),
        _border(area, glyphs, (glyphs.bottom_left, glyphs.bottom_right), [], foot),
    ][: area.height]


def waiting(area: Area, glyphs: Glyphs, title: Line, what: str) -> list[Line]:
    """A view that has nothing to show yet."""
    text = shortened(f"waiting for {what}{glyphs.ellipsis}", area.inner_width, glyphs)
    empty: list[Line] = [[]] * (max(0, area.inner_height - 1) // 2)
    body = [*empty, centred([span(text, LABEL)], area.inner_width)]
    return panel(area, glyphs, title, body, [], [])


def _rule(width: int, glyphs: Glyphs, left: Line, right: Line) -> Line:
    left = [*left, blank(1)] if left else []
    right = [blank(1), *right] if right else []
    bare = width - width_of(left) - width_of(right)
    if bare < 1:
        bare, right = max(0, width - width_of(left)), []
    return fitted([*left, span(glyphs.horizontal * bare, BORDER), *right], width)


def _border(area: Area, glyphs: Glyphs, corners: tuple[str, str], left: Line, right: Line) -> Line:
    left = [blank(1), *left] if left else []
    right = [*right, blank(1)] if right else []
    rule = _rule(area.width - 4, glyphs, left, right)
    first, last = corners
    dash = glyphs.horizontal
    return fitted([span(first + dash, BORDER), *rule, span(dash + last, BORDER)], area.width)


@dataclass(frozen=True)
class Frame:
    """One drawing of the whole screen: a rich renderable of known size."""

    width: int
    lines: list[Line]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        newline = Segment.line()
        for index, line in enumerate(self.lines):
            if index:
                yield newline
            yield from line

    @property
    def text(self) -> str:
        """The characters alone, without what is blank at the right."""
        return "\n".join("".join(s.text for s in line).rstrip() for line in self.lines)

    def trimmed(self) -> Frame:
        """Without what is blank at the right of each line."""
        return Frame(self.width, [trimmed(line) for line in self.lines])


def trimmed(line: Line) -> Line:
    """The line without unstyled blanks at its right."""
    end = len(line)
    while end and not line[end - 1].text.strip() and not line[end - 1].style:
        end -= 1
    return line[:end]
