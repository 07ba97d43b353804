"""Numbers for people: the exchange's tokens as text with steady decimals."""

from __future__ import annotations

import math
from typing import Final

from msgspec import Raw

MOST_DECIMALS: Final = 12
"""The finest prices (XRP in BTC) have ten; anything beyond is the tail of a float."""
TOKEN_IS_TAIL_FROM: Final = 16
"""A token this long came out of float arithmetic, as in 2.2626931299999997."""

PRICE_DIGITS: Final = 10
AMOUNT_DIGITS: Final = 6
RATE_DIGITS: Final = 5
PERCENT_SHIFT: Final = 2

SECOND_MS: Final = 1_000
DAY_MS: Final = 86_400_000


def number(token: object) -> float | None:
    """The token's value; None for `null`, for a field left out, and for what is no number."""
    if isinstance(token, Raw):
        try:
            value = float(token)
        except ValueError:
            return None
        return value if math.isfinite(value) else None
    return float(token) if isinstance(token, (int, float)) else None


def decimals_of(token: Raw) -> int:
    """How many decimals the token has, the tail of a float rounded away."""
    text = bytes(token)
    if b"e" in text or b"E" in text or len(text) >= TOKEN_IS_TAIL_FROM:
        text = f"{float(token):.{MOST_DECIMALS}f}".rstrip("0").encode()
    point = text.find(b".")
    return 0 if point < 0 else min(len(text) - point - 1, MOST_DECIMALS)


class Scale:
    """How many decimals a column shows.

    It widens with what it has seen and never narrows, so that digits stand still on the screen.
    """

    __slots__ = ("_decimals", "_digits", "_limit", "_magnitude", "_shift")

    def __init__(self, digits: int, shift: int = 0) -> None:
        """`digits` bounds the significant ones; `shift` 2 shows a fraction as a percentage."""
        self._digits = digits
        self._shift = shift
        self._decimals = 0
        self._magnitude = -MOST_DECIMALS
        self._limit = 10.0**self._magnitude

    def see(self, token: object) -> float | None:
        """Take a token into account; answers the number to show."""
        value = number(token)
        if value is None or not isinstance(token, Raw):
            return None
        decimals = decimals_of(token) - self._shift
        self._decimals = max(self._decimals, decimals)
        value *= 10.0**self._shift
        self._see_magnitude(value)
        return value

    def see_sum(self, value: float) -> None:
        """Take the size of a number of our own making into account."""
        self._see_magnitude(value)

    def _see_magnitude(self, value: float) -> None:
        # Mostly it is within what has been seen: then a logarithm would be wasted.
        if value and not -self._limit < value < self._limit:
            magnitude = math.floor(math.log10(abs(value))) + 1
            self._magnitude = max(self._magnitude, magnitude)
            self._limit = 10.0**self._magnitude

    @property
    def places(self) -> int:
        """The decimals of every number in the column."""
        return max(0, min(self._decimals, MOST_DECIMALS, self._digits - self._magnitude))

    def text(self, value: float) -> str:
        """The number with this column's decimals."""
        return plain(value, self.places)

    def signed(self, value: float) -> str:
        """The number with its sign; none on what rounds to zero."""
        return signed(value, self.places)


def plain(value: float, places: int) -> str:
    """`-1234.5` as `-1,234.50`; what rounds to zero has no sign."""
    text = f"{value:,.{places}f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.,") else text


def signed(value: float, places: int) -> str:
    """As `plain`, with a plus on what is above zero."""
    text = plain(value, places)
    return "+" + text if value > 0 and text.strip("0.,") else text


def age(seconds: float) -> str:
    """How long ago: `now`, `12s`, `3m`, `2h`, `5d`."""
    if seconds < 1:
        return "now"
    for unit, size, limit in (("s", 1, 60), ("m", 60, 3600), ("h", 3600, 86400)):
        if seconds < limit:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds // 86400)}d"


def time_of_day(mts: int) -> str:
    """Milliseconds since 1970 as `HH:MM:SS.mmm`, UTC."""
    seconds, ms = divmod(mts % DAY_MS, SECOND_MS)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{ms:03}"
