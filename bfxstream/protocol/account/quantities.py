"""Prices, amounts and times of orders: from text to exact values, checked before anything is sent.

Every value is a Decimal of what was typed, and travels as text: never through a binary float.
Options are named as the command line has them.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

from bfxstream.errors import UsageError

PRICE_DIGITS = 5
"""The exchange cuts a price to this many significant digits."""

AMOUNT_DECIMALS = 8
"""The exchange cuts an amount to this many decimals."""

MAX_CLIENT_ID = 2**45 - 1
"""API: rest-auth-submit-order: a `cid` has up to 45 bits."""

MAX_LEVERAGE = 100

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_LARGEST = Decimal(10) ** 15
_SMALLEST_PRICE = Decimal(10) ** -15
_TIF_FORMAT = "%Y-%m-%d %H:%M:%S"
_DATE_FORMAT = "%Y-%m-%d"
_OPTIONS = {"cid_date": "--date"}


def option_of(field: str) -> str:
    """The command line's name of an order's field."""
    return _OPTIONS.get(field, "--" + field.replace("_", "-"))


def parse_number(text: str, field: str) -> Decimal:
    """The exact value of a decimal number. Raises UsageError that names the option."""
    if not _NUMBER.fullmatch(text):
        raise UsageError(f"{option_of(field)}: {text!r} is not a number", hint="use 0.25 or 69800")
    return Decimal(text)


def check_price(price: Decimal, field: str = "price") -> None:
    """Raise UsageError unless the exchange takes this price as it is."""
    _check_positive(price, field)
    if significant_digits(price) > PRICE_DIGITS:
        raise UsageError(
            f"{option_of(field)}: {plain(price)} has {significant_digits(price)} significant "
            f"digits, and the exchange takes {PRICE_DIGITS}",
            hint="round it",
        )


def check_amount(amount: Decimal, field: str = "amount") -> None:
    """Raise UsageError unless the exchange takes this amount, of either sign, as it is."""
    _check_positive(amount.copy_abs(), field)
    if decimals(amount) > AMOUNT_DECIMALS:
        raise UsageError(
            f"{option_of(field)}: {amount} has {decimals(amount)} decimals, "
            f"and the exchange takes {AMOUNT_DECIMALS}",
            hint="round it",
        )


def check_whole(value: int, field: str, largest: int) -> None:
    """Raise UsageError unless the value is from 1 to the largest."""
    if not 1 <= value <= largest:
        raise UsageError(f"{option_of(field)}: {value} is not from 1 to {largest}")


def check_tif(text: str) -> None:
    """Raise UsageError unless the text is the time until which an order is good."""
    _check_time(text, "tif", _TIF_FORMAT, "2030-01-31 23:59:00, in UTC")


def check_cid_date(text: str) -> None:
    """Raise UsageError unless the text is a day."""
    _check_time(text, "cid_date", _DATE_FORMAT, "2030-01-31, in UTC")


def cid_date(mts: int) -> str:
    """The UTC day, as the API writes it, on which an id of ours given at this time is unique."""
    return dt.datetime.fromtimestamp(mts // 1000, dt.timezone.utc).strftime(_DATE_FORMAT)


def plain(value: Decimal) -> str:
    """The number without an exponent, digit for digit: `1E-7` becomes `0.0000001`."""
    return format(value, "f")


def significant_digits(value: Decimal) -> int:
    """How many digits the value has between its first and its last that is not 0."""
    digits = "".join(map(str, value.as_tuple().digits))
    return len(digits.strip("0"))


def decimals(value: Decimal) -> int:
    """How many digits the value has behind the point, without trailing zeros."""
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int), "a number that was parsed is finite"
    trailing_zeros = len(digits) - len("".join(map(str, digits)).rstrip("0"))
    return max(0, -exponent - trailing_zeros)


def _check_positive(value: Decimal, field: str) -> None:
    option = option_of(field)
    if not value.is_finite():
        raise UsageError(f"{option}: {value} is not a number")
    if value == 0:
        raise UsageError(f"{option}: 0 is no {_word(field)}", hint="give what is more than 0")
    if value < 0:
        raise UsageError(f"{option}: {value} is negative", hint="give what is more than 0")
    if value >= _LARGEST:
        raise UsageError(f"{option}: {value:.5g} is too large")
    if value < _SMALLEST_PRICE:
        raise UsageError(f"{option}: {value:.5g} is too small")


def _word(field: str) -> str:
    return "amount" if field in ("amount", "delta") else "price"


def _check_time(text: str, field: str, layout: str, example: str) -> None:
    try:
        time = dt.datetime.strptime(text, layout)
    except ValueError:
        time = None
    # strptime takes `2030-1-31` too, and the exchange might not.
    if time is None or time.strftime(layout) != text:
        raise UsageError(f"{option_of(field)}: {text!r} is not a time", hint=f"use {example}")
