"""Which record a subscription gives: by its channel and market, and for books by the view."""

from __future__ import annotations

import enum

from bfxstream.protocol.channels import BookSubscription, Subscription, TradesSubscription
from bfxstream.protocol.records import (
    BookLevel,
    BookOrder,
    BookTop,
    FullBook,
    FundingBookLevel,
    FundingBookOffer,
    FundingTicker,
    FundingTrade,
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


def record_type(subscription: Subscription, view: BookView) -> type[Record]:
    """The struct of the records that this subscription gives."""
    funding = subscription.market is Market.FUNDING
    if isinstance(subscription, TradesSubscription):
        return FundingTrade if funding else Trade
    if not isinstance(subscription, BookSubscription):
        return FundingTicker if funding else Ticker
    if view is BookView.FULL:
        return FullBook
    if view is BookView.TOP:
        return BookTop
    if subscription.raw:
        return FundingBookOffer if funding else BookOrder
    return FundingBookLevel if funding else BookLevel
