"""The arrays of the API, one struct for each layout, fields in wire order.

A field that the exchange appends one day is ignored; a missing one makes the frame invalid,
but for those that older or newer exchanges leave out, which have a default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from msgspec import Meta, Raw, Struct

from bfxstream.protocol.numbers import NULL


class TickerRow(Struct, array_like=True, frozen=True, gc=False):
    """API: ws-public-ticker, trading pairs; FIRST_TRADE exists since April 2026."""

    bid: Raw
    bid_size: Raw
    ask: Raw
    ask_size: Raw
    daily_change: Raw
    daily_change_relative: Raw
    last_price: Raw
    volume: Raw
    high: Raw
    low: Raw
    first_trade: Raw = NULL


class FundingTickerRow(Struct, array_like=True, frozen=True, gc=False):
    """API: ws-public-ticker, funding currencies; 13 and 14 are placeholders."""

    frr: Raw
    bid: Raw
    bid_period: Raw
    bid_size: Raw
    ask: Raw
    ask_period: Raw
    ask_size: Raw
    daily_change: Raw
    daily_change_relative: Raw
    last_price: Raw
    volume: Raw
    high: Raw
    low: Raw
    placeholder_13: Raw = NULL
    placeholder_14: Raw = NULL
    frr_amount_available: Raw = NULL
    first_trade: Raw = NULL


class TradeRow(Struct, array_like=True, frozen=True, gc=False):
    """API: ws-public-trades, trading pairs."""

    id: int
    mts: int
    amount: Raw
    price: Raw


class FundingTradeRow(Struct, array_like=True, frozen=True, gc=False):
    """API: ws-public-trades, funding currencies."""

    id: int
    mts: int
    amount: Raw
    rate: Raw
    period: int


class CandleRow(Struct, array_like=True, frozen=True, gc=False):
    """API: ws-public-candles; `mts` is the start of the interval, and close comes before high."""

    mts: int
    open: Raw
    close: Raw
    high: Raw
    low: Raw
    volume: Raw


class DerivRow(Struct, array_like=True, frozen=True, gc=False):
    """API: ws-public-status, `deriv:` keys; the row has grown over the years."""

    mts: int
    placeholder_1: Raw = NULL
    deriv_price: Raw = NULL
    spot_price: Raw = NULL
    placeholder_4: Raw = NULL
    insurance_fund_balance: Raw = NULL
    placeholder_6: Raw = NULL
    next_funding_evt_mts: Raw = NULL
    next_funding_accrued: Raw = NULL
    next_funding_step: Raw = NULL
    placeholder_10: Raw = NULL
    current_funding: Raw = NULL
    placeholder_12: Raw = NULL
    placeholder_13: Raw = NULL
    mark_price: Raw = NULL
    placeholder_15: Raw = NULL
    placeholder_16: Raw = NULL
    open_interest: Raw = NULL
    placeholder_18: Raw = NULL
    placeholder_19: Raw = NULL
    placeholder_20: Raw = NULL
    clamp_min: Raw = NULL
    clamp_max: Raw = NULL


class LiquidationRow(Struct, array_like=True, frozen=True, gc=False):
    """API: ws-public-status, `liq:global`, rows of the type `pos`; `mts` may have a fraction."""

    type: Literal["pos"]
    pos_id: int
    mts: Raw
    placeholder_3: Raw
    symbol: Annotated[str, Meta(pattern="^[tf][A-Z0-9:]{3,30}$")]
    amount: Raw
    base_price: Raw
    placeholder_7: Raw
    is_match: Raw
    is_market_sold: Raw
    placeholder_10: Raw = NULL
    liquidation_price: Raw = NULL


class BookRow(Struct, array_like=True, frozen=True, gc=False):
    """What the four layouts of a book have in common."""

    bid_sign: ClassVar[int] = 1
    """The sign of a bid's amount: in funding a bid, a request to borrow, is negative."""

    if TYPE_CHECKING:

        @property
        def amount(self) -> Raw:
            """Every layout has one; as a field it stands where the wire has it."""

    @property
    def is_bid(self) -> bool:
        """The side that the row belongs to."""
        return float(self.amount) * self.bid_sign > 0

    @property
    def deletes(self) -> bool:
        """Whether the row takes something out of the book."""
        raise NotImplementedError

    @property
    def quote(self) -> Raw:
        """The price, or the rate in funding."""
        raise NotImplementedError

    @property
    def tie_break(self) -> int:
        """What orders rows of the same price: the id in R0, the period in funding."""
        raise NotImplementedError

    @property
    def checksum_token(self) -> bytes:
        """The row's part of the checksum's text (API: WebSocket checksum)."""
        return b":".join((self.quote, self.amount))


class _RawRow(BookRow, frozen=True, gc=False):
    """R0: a row is one order or offer, known by its id."""

    @property
    def deletes(self) -> bool:
        return float(self.quote) == 0

    @property
    def checksum_token(self) -> bytes:
        return b"%d:%b" % (self.tie_break, self.amount)


class LevelRow(BookRow, frozen=True, gc=False):
    """API: ws-public-books, trading pairs: `amount` > 0 is a bid; `count` 0 deletes."""

    price: Raw
    count: int
    amount: Raw

    @property
    def deletes(self) -> bool:
        return self.count == 0

    @property
    def quote(self) -> Raw:
        return self.price

    @property
    def tie_break(self) -> int:
        return 0


class OrderRow(_RawRow, frozen=True, gc=False):
    """API: ws-public-raw-books, trading pairs: `amount` > 0 is a bid; `price` 0 deletes."""

    order_id: int
    price: Raw
    amount: Raw

    @property
    def quote(self) -> Raw:
        return self.price

    @property
    def tie_break(self) -> int:
        return self.order_id


class FundingLevelRow(BookRow, frozen=True, gc=False):
    """API: ws-public-books, funding: `amount` < 0 is a bid; `count` 0 deletes."""

    bid_sign: ClassVar[int] = -1

    rate: Raw
    period: int
    count: int
    amount: Raw

    @property
    def deletes(self) -> bool:
        return self.count == 0

    @property
    def quote(self) -> Raw:
        return self.rate

    @property
    def tie_break(self) -> int:
        return self.period


class FundingOfferRow(_RawRow, frozen=True, gc=False):
    """API: ws-public-raw-books, funding: `amount` < 0 is a bid; `rate` 0 deletes."""

    bid_sign: ClassVar[int] = -1

    offer_id: int
    period: int
    rate: Raw
    amount: Raw

    @property
    def quote(self) -> Raw:
        return self.rate

    @property
    def tie_break(self) -> int:
        return self.offer_id
