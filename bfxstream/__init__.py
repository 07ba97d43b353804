"""bfxstream: Bitfinex market data in a terminal, in a pipe, and in Python.

```
from bfxstream import stream

for trade in stream("trades:tBTCUSD"):
    print(trade.price)
```

Everything named here is loaded when it is first used: importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bfxstream.book import OrderBook
    from bfxstream.errors import (
        BfxStreamError,
        CompletenessLost,
        ConnectionFailed,
        Refused,
        UsageError,
    )
    from bfxstream.face import Stream, stream
    from bfxstream.protocol.events import Event
    from bfxstream.protocol.numbers import decimal
    from bfxstream.protocol.records import (
        BookLevel,
        BookOrder,
        BookTop,
        Candle,
        Deriv,
        FullBook,
        FundingBookLevel,
        FundingBookOffer,
        FundingCandle,
        FundingTicker,
        FundingTrade,
        Liquidation,
        Record,
        Stats,
        Ticker,
        Trade,
    )

__version__ = "0.1.0"

__all__ = [
    "BfxStreamError",
    "BookLevel",
    "BookOrder",
    "BookTop",
    "Candle",
    "CompletenessLost",
    "ConnectionFailed",
    "Deriv",
    "Event",
    "FullBook",
    "FundingBookLevel",
    "FundingBookOffer",
    "FundingCandle",
    "FundingTicker",
    "FundingTrade",
    "Liquidation",
    "OrderBook",
    "Record",
    "Refused",
    "Stats",
    "Stream",
    "Ticker",
    "Trade",
    "UsageError",
    "__version__",
    "decimal",
    "stream",
]

_HOMES = {
    "bfxstream.book": ("OrderBook",),
    "bfxstream.errors": (
        "BfxStreamError",
        "CompletenessLost",
        "ConnectionFailed",
        "Refused",
        "UsageError",
    ),
    "bfxstream.face": ("Stream", "stream"),
    "bfxstream.protocol.events": ("Event",),
    "bfxstream.protocol.numbers": ("decimal",),
    "bfxstream.protocol.records": (
        "BookLevel",
        "BookOrder",
        "BookTop",
        "Candle",
        "Deriv",
        "FullBook",
        "FundingBookLevel",
        "FundingBookOffer",
        "FundingCandle",
        "FundingTicker",
        "FundingTrade",
        "Liquidation",
        "Record",
        "Stats",
        "Ticker",
        "Trade",
    ),
}

# The name of the room becomes that of the function: importing a room puts its name here, but
# only the first time.
import_module("bfxstream.stream")
globals().pop("stream", None)


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            found = getattr(import_module(home), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
