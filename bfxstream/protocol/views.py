"""Which record a subscription gives: by its channel and market, and for books by the view."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from bfxstream.protocol.channels import (
    BookSubscription,
    CandlesSubscription,
    DerivSubscription,
    LiquidationsSubscription,
    Subscription,
    TickerSubscription,
    TradesSubscription,
)
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
    Ticker,
    Trade,
)
from bfxstream.protocol.symbols import Market


class BookView(enum.Enum):
    """What a book gives: every row, the whole book, its top, or nothing but its state."""

    LEVELS = "levels"
    FULL = "full"
    TOP = "top"
    STATE = "state"  # for a table, which reads the book when it draws


_RECORDS: dict[type[Subscription], tuple[type[Record], type[Record]]] = {
    TickerSubscription: (Ticker, FundingTicker),
    TradesSubscription: (Trade, FundingTrade),
    CandlesSubscription: (Candle, FundingCandle),
    DerivSubscription: (Deriv, Deriv),
    LiquidationsSubscription: (Liquidation, Liquidation),
}
"""The records of trading pairs and of funding."""


def record_type(subscription: Subscription, view: BookView) -> type[Record]:
    """The struct of the records that this subscription gives."""
    funding = subscription.market is Market.FUNDING
    if not isinstance(subscription, BookSubscription):
        return _RECORDS[type(subscription)][funding]
    if view is BookView.FULL:
        return FullBook
    if view is BookView.TOP:
        return BookTop
    if subscription.raw:
        return FundingBookOffer if funding else BookOrder
    return FundingBookLevel if funding else BookLevel


def symbols_of(record: type[Record], subscriptions: Iterable[Subscription]) -> list[str]:
    """The symbols whose subscriptions give this kind of record."""
    return [s.symbol for s in subscriptions if record_type(s, BookView.LEVELS) is record]
