"""Keys: what a candles or status channel is of, as the exchange reads it, over either wire."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from bfxstream.demo.candles import ALIASES, TIMEFRAMES
from bfxstream.demo.instruments import Instrument
from bfxstream.protocol.channels import Subscription

_TERM = re.compile(r"p([0-9]{1,3})|a(?:10|30):p([0-9]{1,3}):p([0-9]{1,3})")
_SHORTEST, _LONGEST = 2, 120
"""Days that funding can be offered for."""


class KeySubscription(Subscription, frozen=True):
    """A channel that is asked for by a key, which its answer repeats."""

    key: str

    def parameters(self) -> dict[str, str]:
        return {"channel": self.channel, "key": self.key}


class CandlesSubscription(KeySubscription, frozen=True):
    """`candles` (API: ws-public-candles)."""

    channel: ClassVar[str] = "candles"
    timeframe: str
    periods: tuple[int, ...]
    """The funding periods taken together, of those that are traded; (0,) for a pair."""


class DerivativeSubscription(KeySubscription, frozen=True):
    """`status` of one derivative (API: ws-public-status)."""

    channel: ClassVar[str] = "status"


class LiquidationsSubscription(KeySubscription, frozen=True):
    """`status` of all liquidations (API: ws-public-status)."""

    channel: ClassVar[str] = "status"


def candles_of(key: object, instruments: Mapping[str, Instrument]) -> CandlesSubscription | None:
    """The candles that `trade:TF:tPAIR`, `trade:TF:fCCY:pN` or `trade:TF:fCCY:aN:pN:pN` names."""
    # A symbol may hold a colon itself, so the key is read from both ends.
    kind, _, rest = key.partition(":") if isinstance(key, str) else ("", "", "")
    timeframe, _, symbol = rest.partition(":")
    timeframe = ALIASES.get(timeframe, timeframe)
    if kind != "trade" or timeframe not in TIMEFRAMES:
        return None
    term = ""
    if symbol.startswith("f"):
        symbol, _, term = symbol.partition(":")
    instrument = instruments.get(symbol)
    if instrument is None:
        return None
    if not instrument.funding:
        return CandlesSubscription(symbol, str(key), timeframe, instrument.periods)
    days = _days(term)
    if days is None:
        return None
    periods = tuple(period for period in instrument.periods if period in days)
    return CandlesSubscription(symbol, str(key), timeframe, periods)


def _days(term: str) -> range | None:
    match = _TERM.fullmatch(term)
    if match is None:
        return None
    single, first, last = match.groups()
    days = range(int(single or first), int(single or last) + 1)
    return days if days and days[0] >= _SHORTEST and days[-1] <= _LONGEST else None


def status_of(
    key: object, instruments: Mapping[str, Instrument]
) -> DerivativeSubscription | LiquidationsSubscription | None:
    """The status that `deriv:SYMBOL` or `liq:global` names."""
    if key == "liq:global":
        return LiquidationsSubscription("global", key)
    kind, _, symbol = key.partition(":") if isinstance(key, str) else ("", "", "")
    instrument = instruments.get(symbol)
    if kind != "deriv" or instrument is None or not instrument.underlying:
        return None
    return DerivativeSubscription(symbol, str(key))
