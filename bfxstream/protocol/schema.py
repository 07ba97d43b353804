"""JSON Schemas of the records, made from their definitions."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
from msgspec import Struct

from bfxstream.protocol import records
from bfxstream.protocol.account.records import AccountRecord, Order
from bfxstream.protocol.events import Event
from bfxstream.protocol.report import Report

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

SCHEMAS: dict[str, tuple[type[Struct], ...]] = {
    "ticker": (records.Ticker, records.FundingTicker),
    "trades": (records.Trade, records.FundingTrade),
    "book": (
        records.BookLevel,
        records.BookOrder,
        records.FundingBookLevel,
        records.FundingBookOffer,
        records.FullBook,
        records.BookTop,
    ),
    "book-levels": (records.BookLevel, records.FundingBookLevel),
    "book-orders": (records.BookOrder, records.FundingBookOffer),
    "book-full": (records.FullBook,),
    "book-top": (records.BookTop,),
    "candles": (records.Candle, records.FundingCandle),
    "deriv": (records.Deriv,),
    "liquidations": (records.Liquidation,),
    "liq": (records.Liquidation,),
    "account": get_args(AccountRecord),
    "order": (Order,),
    "symbols": (records.Symbol,),
    "event": tuple(Event.__subclasses__()),
    "stats": (records.Stats,),
    "verify": (Report,),
}
"""What `bfxstream schema` knows: a name, and the records that it may mean."""

SCHEMAS["stream"] = tuple(
    kind
    for channel in ("ticker", "trades", "book", "candles", "deriv", "liq", "account")
    for kind in SCHEMAS[channel]
)


def schema_of(name: str) -> dict[str, Any]:
    """The JSON Schema of what goes by this name; raises KeyError for an unknown one."""
    types = SCHEMAS[name]
    references, definitions = msgspec.json.schema_components(types, ref_template="#/$defs/{name}")
    root = references[0] if len(types) == 1 else {"anyOf": list(references)}
    return {"$schema": _DIALECT, "title": name, **root, "$defs": definitions}
