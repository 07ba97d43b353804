"""What just changed in a table of rows that come and go, highlighted for a moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rich.style import Style

from bfxstream.output.table import theme
from bfxstream.output.table.grid import Cell

FLASH_SECONDS: Final = 0.7

Row = Mapping[str, Cell]


class Flashes:
    """The texts shown last, and which of them changed when."""

    def __init__(self, key: str, columns: Sequence[str]) -> None:
        """`key` is the column that rows are known by, `columns` are those that are watched."""
        self._key = key
        self._columns = columns
        self._texts: dict[tuple[str, str], str] = {}
        self._changed: dict[tuple[str, str], tuple[float, Style]] = {}

    @property
    def highlighted(self) -> int:
        """How many cells are highlighted, as last observed or drawn."""
        return len(self._changed)

    def observe(self, now: float) -> None:
        """Forget what changed too long ago, in seconds."""
        self._changed = {
            place: (since, style)
            for place, (since, style) in self._changed.items()
            if now - since < FLASH_SECONDS
        }

    def over(self, rows: Sequence[Row], now: float) -> list[Row]:
        """The rows as they are to be drawn at this time, in seconds."""
        texts = {
            (row[self._key].text, name): row[name].text for row in rows for name in self._columns
        }
        for place, text in texts.items():
            before = self._texts.get(place, text)
            if before != text:
                self._changed[place] = (now, _style(before, text))
        self._texts = texts
        self.observe(now)
        return [self._flashing(row) for row in rows] if self._changed else list(rows)

    def _flashing(self, row: Row) -> Row:
        key = row[self._key].text
        lit = {name: self._changed[key, name] for name in row if (key, name) in self._changed}
        return {**row, **{name: row[name]._replace(style=lit[name][1]) for name in lit}}


def _style(before: str, after: str) -> Style:
    """Up or down where both are numbers."""
    try:
        difference = float(after.replace(",", "")) - float(before.replace(",", ""))
    except ValueError:
        return theme.FLASH
    return theme.FLASH_UP if difference > 0 else theme.FLASH_DOWN
