"""Symbols: what a person types, as the name that the exchange knows (API: General, symbols)."""

from __future__ import annotations

import enum
import re

from bfxstream.errors import UsageError

_CODE = "[A-Z0-9]"
# A pair without a colon has six characters. One that is longer is written in the exchange's own
# form all the same: the exchange has words for it, and the list of its symbols has the nearest.
_TRADING = re.compile(rf"t({_CODE}{{6,26}}|{_CODE}{{3,13}}:{_CODE}{{3,13}})")
_FUNDING = re.compile(rf"f{_CODE}{{3,13}}")
_PAIR = re.compile(r"([A-Za-z0-9]{3,13})[:/]([A-Za-z0-9]{3,13})")
_SIX = re.compile(r"[A-Za-z0-9]{6}")
_LOWER_TRADING = re.compile(r"t[a-z0-9]{6}")
_LOWER_FUNDING = re.compile(r"f[a-z0-9]{3,13}")

DERIVATIVE_CODE = "F0"
"""What the codes of a perpetual contract end with."""

_DERIVATIVE = re.compile(rf"t{_CODE}+{DERIVATIVE_CODE}:{_CODE}+{DERIVATIVE_CODE}")

EXAMPLES = ("tBTCUSD", "tETHUSD", "tDUSK:USD", "tBTCF0:USTF0", "fUSD")
"""A symbol of each form, as long as the exchange's list is not known."""


class Market(enum.Enum):
    """The two markets: layouts and the meaning of an amount's sign differ between them."""

    TRADING = "trading"
    FUNDING = "funding"


def market_of(symbol: str) -> Market:
    """The market of an exchange symbol: `f…` is funding, `t…` is trading."""
    return Market.FUNDING if symbol.startswith("f") else Market.TRADING


def is_symbol(text: str) -> bool:
    """Whether this is a symbol as the exchange spells it."""
    return bool(_TRADING.fullmatch(text) or _FUNDING.fullmatch(text))


def parse_symbol(typed: str) -> str:
    """Turn `tBTCUSD`, `btcusd`, `BTC/USD`, `dusk:usd` or `fUSD` into the exchange's symbol.

    Raises UsageError, naming the text and what is allowed, for anything that cannot be one.
    """
    if is_symbol(typed):
        return typed
    if pair := _PAIR.fullmatch(typed):
        return trading_symbol(pair[1].upper(), pair[2].upper())
    if _SIX.fullmatch(typed):
        return "t" + typed.upper()
    if _LOWER_TRADING.fullmatch(typed) or _LOWER_FUNDING.fullmatch(typed):
        return typed[0] + typed[1:].upper()
    raise UsageError(
        f"{typed!r} is not a symbol",
        hint="use a pair such as tBTCUSD, btcusd, BTC/USD, tDUSK:USD, or a funding currency "
        "such as fUSD",
    )


def is_derivative(symbol: str) -> bool:
    """Whether an exchange symbol is a perpetual contract, as `tBTCF0:USTF0` is."""
    return _DERIVATIVE.fullmatch(symbol) is not None


def trading_symbol(base: str, quote: str) -> str:
    """The symbol of a pair of currency codes."""
    # No colon exactly where both codes have three characters.
    colon = "" if len(base) == len(quote) == 3 else ":"
    return f"t{base}{colon}{quote}"


def codes_of(pair: str) -> tuple[str, str]:
    """The two currency codes of a pair's name, such as `BTCUSD` or `BTCF0:USTF0`."""
    base, colon, quote = pair.partition(":")
    return (base, quote) if colon else (pair[:3], pair[3:])
