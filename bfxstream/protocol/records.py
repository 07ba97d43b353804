"""The records that the program prints, fields in output order: a contract (see `bfxstream schema`).

Prices, amounts and rates are JSON number tokens exactly as the exchange sent them (`Number`).
Times named `mts` are milliseconds since 1970, UTC. Names are the API's, in lower case.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from bfxstream.protocol.numbers import MaybeNumber, Number

Side = Literal["bid", "ask"]
BookType = Literal["snapshot", "update"]
SymbolKind = Literal["exchange", "margin", "futures", "funding"]
TradeType = Literal["snapshot", "te", "tu", "backfill"]
CheckState = Literal["ok", "warning", "failed", "skipped"]
CandleType = Literal["snapshot", "update"]


class Record(Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """What every record may carry at its end: left out unless `--seq` or `--timestamps` asks."""

    seq: int | UnsetType = UNSET
    received_mts: int | UnsetType = UNSET
    server_mts: int | UnsetType | None = UNSET

    def __repr__(self) -> str:
        given = ((name, getattr(self, name)) for name in self.__struct_fields__)
        shown = (f"{name}={_shown(value)}" for name, value in given if value is not UNSET)
        return f"{type(self).__name__}({', '.join(shown)})"


def _shown(value: Any) -> str:
    """Numbers as the exchange spells them, where msgspec would show objects of its own."""
    if value is None or isinstance(value, (str, int)):
        return repr(value)
    return msgspec.json.encode(value).decode()


class Ticker(Record):
    """Best prices and the day's figures of a trading pair; sizes sum the best 25 levels."""

    channel: Literal["ticker"]
    symbol: str
    bid: MaybeNumber
    bid_size: MaybeNumber
    ask: MaybeNumber
    ask_size: MaybeNumber
    daily_change: MaybeNumber
    daily_change_relative: MaybeNumber
    last_price: MaybeNumber
    volume: MaybeNumber
    high: MaybeNumber
    low: MaybeNumber
    first_trade: MaybeNumber


class FundingTicker(Record):
    """Best rates (daily fractions) and the day's figures of a funding currency."""

    channel: Literal["ticker"]
    symbol: str
    frr: MaybeNumber
    bid: MaybeNumber
    bid_period: MaybeNumber
    bid_size: MaybeNumber
    ask: MaybeNumber
    ask_period: MaybeNumber
    ask_size: MaybeNumber
    daily_change: MaybeNumber
    daily_change_relative: MaybeNumber
    last_price: MaybeNumber
    volume: MaybeNumber
    high: MaybeNumber
    low: MaybeNumber
    frr_amount_available: MaybeNumber
    first_trade: MaybeNumber


class Trade(Record):
    """One execution; `amount` is positive where the taker bought."""

    channel: Literal["trades"]
    symbol: str
    type: TradeType
    id: int
    mts: int
    amount: Number
    price: Number


class FundingTrade(Record):
    """One funding execution: `rate` a daily fraction, `period` in days."""

    channel: Literal["trades"]
    symbol: str
    type: TradeType
    id: int
    mts: int
    amount: Number
    rate: Number
    period: int


class BookLevel(Record):
    """One price level of a book; `count` 0 means that the level is gone."""

    channel: Literal["book"]
    symbol: str
    type: BookType
    side: Side
    price: Number
    count: int
    amount: Number


class BookOrder(Record):
    """One order of a raw book; `price` 0 means that the order is gone."""

    channel: Literal["book"]
    symbol: str
    type: BookType
    side: Side
    order_id: int
    price: Number
    amount: Number


class FundingBookLevel(Record):
    """One rate and period of a funding book; `count` 0 means that the level is gone."""

    channel: Literal["book"]
    symbol: str
    type: BookType
    side: Side
    rate: Number
    period: int
    count: int
    amount: Number


class FundingBookOffer(Record):
    """One offer or request of a raw funding book; `rate` 0 means that it is gone."""

    channel: Literal["book"]
    symbol: str
    type: BookType
    side: Side
    offer_id: int
    period: int
    rate: Number
    amount: Number


Row = Annotated[
    tuple[msgspec.Raw, ...],
    msgspec.Meta(extra_json_schema={"items": {"type": "number"}}),
]
"""`[price, count, amount]`, `[order_id, price, amount]`, or the funding rows of the API."""


class FullBook(Record):
    """A whole book, best level first, amounts positive; `mts` is the local clock."""

    channel: Literal["book"]
    symbol: str
    mts: int
    bids: list[Row]
    asks: list[Row]
    checksum: Literal["ok"] | None


class BookTop(Record):
    """The best bid and ask of a book with what follows from them; null where a side is empty."""

    channel: Literal["book"]
    symbol: str
    bid: MaybeNumber
    bid_amount: MaybeNumber
    ask: MaybeNumber
    ask_amount: MaybeNumber
    mid: MaybeNumber
    spread: MaybeNumber


class Symbol(Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A symbol of the exchange's list; order sizes are amounts of `base`, null where not told."""

    channel: Literal["symbols"] = "symbols"
    symbol: str
    kind: list[SymbolKind]
    base: str
    quote: str | None
    min_order_size: MaybeNumber
    max_order_size: MaybeNumber


class Check(Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """What `bfxstream doctor` found about one thing; `remedy` is null where all is well."""

    channel: Literal["doctor"] = "doctor"
    check: str
    state: CheckState
    found: str
    remedy: str | None = None


class Candle(Record):
    """One interval of trading as it is so far; `mts` is its start, `volume` in the base currency.

    `snapshot` where it came with a (new) subscription, new or changed since it was last given.
    """

    channel: Literal["candles"]
    symbol: str
    timeframe: str
    type: CandleType
    mts: int
    open: Number
    close: Number
    high: Number
    low: Number
    volume: Number


class FundingCandle(Record):
    """One interval of lending, rates as daily fractions; `period` as in the key: `p30`."""

    channel: Literal["candles"]
    symbol: str
    timeframe: str
    period: str
    type: CandleType
    mts: int
    open: Number
    close: Number
    high: Number
    low: Number
    volume: Number


class Deriv(Record):
    """The state of a derivative; funding rates and clamps are fractions."""

    channel: Literal["deriv"]
    symbol: str
    mts: int
    deriv_price: MaybeNumber
    spot_price: MaybeNumber
    insurance_fund_balance: MaybeNumber
    next_funding_evt_mts: MaybeNumber
    next_funding_accrued: MaybeNumber
    next_funding_step: MaybeNumber
    current_funding: MaybeNumber
    mark_price: MaybeNumber
    open_interest: MaybeNumber
    clamp_min: MaybeNumber
    clamp_max: MaybeNumber


class Liquidation(Record):
    """A position that is liquidated, `amount` negative for a short one.

    `is_match` 0 is the trigger, 1 an execution in the market; `is_market_sold` 1 where the system
    took the position over. `mts` may have a fraction.
    """

    channel: Literal["liq"]
    pos_id: int
    mts: Number
    symbol: str
    amount: MaybeNumber
    base_price: MaybeNumber
    is_match: MaybeNumber
    is_market_sold: MaybeNumber
    liquidation_price: MaybeNumber


class Stats(Struct):
    """What `--stats` prints on exit, counted from the start of the run."""

    messages: int = 0
    records: int = 0
    reconnects: int = 0
    gaps: int = 0
    resyncs: int = 0
    checksums: int = 0
    checksum_mismatches: int = 0
    unknown_deletes: int = 0
    duplicates_dropped: int = 0
    trades_backfilled: int = 0
    bad_frames: int = 0
    bytes: int = 0
    uptime: float = 0.0
    latency_p50: float | None = None
    latency_p99: float | None = None
