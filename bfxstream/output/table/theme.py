"""The look: colours that read on light and dark backgrounds, and glyphs with an ASCII fallback."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from rich.console import Console
from rich.style import Style

PLAIN: Final = Style.null()
BOLD: Final = Style.parse("bold")
LABEL: Final = Style.parse("dim")
BORDER: Final = Style.parse("dim")
TITLE: Final = Style.parse("bold cyan")
GOOD: Final = Style.parse("green")
WARN: Final = Style.parse("yellow")
BAD: Final = Style.parse("bold red")
UP: Final = Style.parse("green")
DOWN: Final = Style.parse("red")
BEST_BID: Final = Style.parse("bold green")
BEST_ASK: Final = Style.parse("bold red")
FLASH: Final = Style.parse("bold")
FLASH_UP: Final = Style.parse("bold green reverse")
FLASH_DOWN: Final = Style.parse("bold red reverse")


@dataclass(frozen=True)
class Glyphs:
    """Every character that is not plain text."""

    up: str
    down: str
    nothing: str
    dot: str
    hollow: str
    ellipsis: str
    separator: str
    track: str
    marker: str
    horizontal: str
    vertical: str
    top_left: str
    top_right: str
    bottom_left: str
    bottom_right: str
    blocks: str
    """From an eighth of a cell to a whole one, growing to the right."""
    columns: str
    """The same, growing upwards."""
    rising: str
    """The half cells of a candle that rose, hollow: see `chart`."""
    falling: str
    """The same of one that fell, filled."""
    thick: str
    """What a share of a border is drawn with."""
    dots: bool
    """Whether there are braille patterns."""
    levels: str
    """A line at the bottom, in the middle and at the top of a cell, where there are none."""


UNICODE: Final = Glyphs(
    up="▲",
    down="▼",
    nothing="–",
    dot="●",
    hollow="○",
    ellipsis="…",
    separator="·",
    track="─",
    marker="●",
    horizontal="─",
    vertical="│",
    top_left="╭",
    top_right="╮",
    bottom_left="╰",
    bottom_right="╯",
    blocks="▏▎▍▌▋▊▉█",
    columns="▁▂▃▄▅▆▇█",
    rising=" ╷╻╵│╽╹╿┃",
    falling=" ╷▄╵│▄▀▀█",
    thick="━",
    dots=True,
    levels="▁─▔",
)
ASCII: Final = Glyphs(
    up="^",
    down="v",
    nothing="-",
    dot="*",
    hollow="o",
    ellipsis="~",
    separator="|",
    track="-",
    marker="o",
    horizontal="-",
    vertical="|",
    top_left="+",
    top_right="+",
    bottom_left="+",
    bottom_right="+",
    blocks="#",
    columns=".:#",
    rising=" |o||oooo",
    falling=" |#||####",
    thick="=",
    dots=False,
    levels="_-^",
)


@dataclass(frozen=True)
class Tint:
    """The styles of text that stands on a depth bar: foreground and background both fixed,
    so that it reads whatever the terminal's own colours are."""

    price: Style
    amount: Style
    label: Style


@dataclass(frozen=True)
class Look:
    """What the terminal can show."""

    glyphs: Glyphs
    bid: Tint
    ask: Tint
    bars_behind: bool
    """Depth bars lie behind the numbers; without colour they stand beside them."""

    def unstyled(self) -> Look:
        """For characters alone: part of a cell is filled from the right in reverse video only."""
        return replace(self, glyphs=replace(self.glyphs, blocks=self.glyphs.blocks[-1]))


def _tint(background: str, price: str, amount: str, label: str) -> Tint:
    on = f" on {background}"
    return Tint(Style.parse(price + on), Style.parse(amount + on), Style.parse(label + on))


_TINTS: Final = {
    "truecolor": (
        _tint("#0f4a35", "#6ff0b0", "#e6f2ec", "#9dbfb0"),
        _tint("#5a1e2a", "#ff9aa5", "#f7e6e8", "#c9a3a9"),
    ),
    "256": (
        _tint("color(22)", "color(120)", "color(255)", "color(250)"),
        _tint("color(52)", "color(217)", "color(255)", "color(250)"),
    ),
    "standard": (
        _tint("green", "bold black", "black", "black"),
        _tint("red", "bold white", "white", "white"),
    ),
}


def look_for(console: Console, colored: bool) -> Look:
    """The look that this console can show."""
    bid, ask = _TINTS.get(console.color_system or "", _TINTS["256"])
    utf8 = console.encoding.lower().replace("-", "").startswith("utf")
    return Look(UNICODE if utf8 else ASCII, bid, ask, bars_behind=colored)
