"""JSON Schemas of the records, made from their definitions."""

from __future__ import annotations

from collections.abc import Iterable
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
    "doctor": (records.Check,),
    "event": tuple(Event.__subclasses__()),
    "stats": (records.Stats,),
    "verify": (Report,),
}
"""What `bfxstream schema` knows: a name, and the records that it may mean."""

SCHEMAS["stream"] = tuple(
    kind
    for channel in ("ticker", "trades", "book", "candles", "deriv", "liq", "account", "event")
    for kind in SCHEMAS[channel]
)
"""Of `--events` as well, as all of a run's records are in one output."""


def schema_of(name: str) -> dict[str, Any]:
    """The JSON Schema of what goes by this name; raises KeyError for an unknown one."""
    types = SCHEMAS[name]
    references, definitions = msgspec.json.schema_components(types, ref_template="#/$defs/{name}")
    root = references[0] if len(types) == 1 else {"anyOf": list(references)}
    return {"$schema": _DIALECT, "title": name, **root, "$defs": definitions}


def kinds_of_values(types: Iterable[type[Struct]]) -> dict[str, frozenset[str]]:
    """What each field's values are, over all of these: `number`, `text`, both, or neither."""
    _, definitions = msgspec.json.schema_components(types, ref_template="{name}")
    kinds: dict[str, frozenset[str]] = {}
    for definition in definitions.values():
        for name, schema in definition.get("properties", {}).items():
            kinds[name] = kinds.get(name, frozenset()) | _kinds(schema)
    return kinds


_KINDS = {"number": "number", "integer": "number", "boolean": "number", "string": "text"}


def _kinds(schema: dict[str, Any]) -> frozenset[str]:
    if "anyOf" in schema:
        return frozenset().union(*map(_kinds, schema["anyOf"]))
    if "enum" in schema:
        return frozenset("text" if isinstance(each, str) else "number" for each in schema["enum"])
    types = schema.get("type", [])
    names = [types] if isinstance(types, str) else types
    return frozenset(_KINDS[name] for name in names if name in _KINDS)
