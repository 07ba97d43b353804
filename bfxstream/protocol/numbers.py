"""Numbers as the exchange spells them: the JSON token is the value that we pass on.

The order-book checksum is computed over the token's text (API: WebSocket checksum), and a
float of our own would spell `1e-7` as `1e-07` and `60400` as `60400.0`.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated

import msgspec

Number = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "number"})]
"""A JSON number token, unchanged: `bytes(number)` is its text, `float(number)` its value."""

MaybeNumber = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": ["number", "null"]})]
"""A JSON number token, or `null` where the exchange has none."""

NULL = msgspec.Raw(b"null")

# ECMAScript Number::toString: plain notation from 1e-6 up to, but not including, 1e21.
_PLAIN_FROM_EXPONENT = -6
_PLAIN_BELOW_EXPONENT = 21


def is_null(number: msgspec.Raw) -> bool:
    """Whether the token is `null`."""
    return bytes(number) == b"null"


def text(number: msgspec.Raw) -> str:
    """The token's text, such as `0.00001` or `1e-7`."""
    return bytes(number).decode("ascii")


def decimal(number: msgspec.Raw) -> Decimal:
    """The token's exact value. Raises ValueError where it is no number."""
    try:
        return Decimal(text(number))
    except InvalidOperation:
        return Decimal(float(number))  # an exponent of 19 digits and more: 0, or infinite


def integer(number: msgspec.Raw) -> int | None:
    """The value of a whole number's token; None for any other, and for `null`."""
    try:
        return int(bytes(number))
    except ValueError:
        return None


def magnitude(number: msgspec.Raw) -> msgspec.Raw:
    """The token without its sign: `-3.50` becomes `3.50`."""
    token = bytes(number)
    return msgspec.Raw(token[1:]) if token.startswith(b"-") else number


def js_text(value: Decimal | int) -> str:
    """Spell a finite number as JavaScript's `String(number)` does, as the exchange prints it.

    Exact for up to 17 significant digits; no rounding is done here.
    """
    exact = Decimal(value).normalize()
    if not exact.is_finite():
        raise ValueError(f"not a finite number: {value}")
    if not exact:
        return "0"
    scientific = exact.adjusted()
    if _PLAIN_FROM_EXPONENT <= scientific < _PLAIN_BELOW_EXPONENT:
        return format(exact, "f")
    sign, digits, _ = exact.as_tuple()
    first, *rest = map(str, digits)
    mantissa = f"{first}.{''.join(rest)}" if rest else first
    return f"{'-' * sign}{mantissa}e{scientific:+d}"


def js_number(value: Decimal | int) -> msgspec.Raw:
    """A number of our own making (a mid price, a spread) as a token like the exchange's."""
    return msgspec.Raw(js_text(value).encode("ascii"))
