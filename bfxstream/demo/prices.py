"""Prices and amounts as whole numbers: rounding to significant digits, and their text."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from bfxstream.protocol.numbers import js_text

AMOUNT_DECIMALS = 8
PRICE_DIGITS = 5
"""A price has at most this many significant digits (API: reference, ws-public-books)."""


def quantum(price: int, digits: int) -> int:
    """The step between neighbouring prices of so many significant digits around `price`."""
    power: int = 10 ** max(0, len(str(price)) - digits)
    return power


@lru_cache(maxsize=1 << 16)
def round_price(price: int, digits: int, up: bool) -> int:
    """The nearest price of at most `digits` significant digits, never on the other side."""
    step = quantum(price, digits)
    return -(-price // step) * step if up else price // step * step


@lru_cache(maxsize=1 << 16)
def number_text(value: int, decimals: int) -> bytes:
    """A whole number of 10**-decimals units as the exchange prints it: 5 and 7 give `5e-7`."""
    return js_text(Decimal(value).scaleb(-decimals)).encode("ascii")


def amount_text(amount: int) -> bytes:
    """A signed amount, given in units of 10**-8, as the exchange prints it."""
    return number_text(amount, AMOUNT_DECIMALS)


def units(text: str, decimals: int) -> int:
    """A decimal text as a whole number of 10**-decimals units.

    Raises ValueError where it has more decimals than that.
    """
    scaled = Decimal(text).scaleb(decimals)
    if scaled != (whole := int(scaled)):
        raise ValueError(f"{text} has more than {decimals} decimals")
    return whole
