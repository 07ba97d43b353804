"""The arrays of the authenticated channel: what stands where, and records made of it.

A layout names the fields in wire order, `_` for a placeholder (API: ws-auth and the pages of
its messages). Rows grow over the years: what comes behind is ignored, what is missing is null.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw, Struct

from bfxstream.protocol.account.records import (
    AccountFundingTrade,
    AccountRecord,
    AccountTrade,
    Balance,
    Flag,
    FundingCredit,
    FundingInfo,
    FundingLoan,
    FundingOffer,
    MarginBase,
    MarginSymbol,
    Notification,
    Order,
    Position,
    Wallet,
    kind_of,
)
from bfxstream.protocol.decode import UNREADABLE, FrameError
from bfxstream.protocol.numbers import NULL, MaybeNumber, Number
from bfxstream.protocol.records import Record

_CHECKED_AS: list[tuple[Any, Any]] = [
    (Number, float),
    (MaybeNumber, float | None),
    (Flag, float | bool | None),
]
"""What a kept token must be: it is read once more as this, and the value thrown away."""


class Layout:
    """Where the fields of one kind of record stand in its rows."""

    def __init__(self, record: type[Record], names: str) -> None:
        self.names = names.split()
        self._record: Any = record
        self._kind = kind_of(record)
        self._named = [i for i, name in enumerate(self.names) if name != "_"]
        types = {field.name: field.type for field in msgspec.structs.fields(record)}
        row = [(name, types.get(name, Raw)) for name in self.names]
        self._read = msgspec.json.Decoder(_row_type(row)).decode
        checked = [(name, _checked(kind)) for name, kind in row]
        self._check = msgspec.json.Decoder(_row_type(checked)).decode

    def read(self, code: str, row: Raw, *before: Any) -> AccountRecord:
        """The record of one row that a message of this code brings.

        `before` are fields that stand outside of the row. Raises FrameError for a row that has
        text for a number or lacks what the record is known by.
        """
        try:
            self._check(row)
            values = msgspec.structs.astuple(self._read(row))
        except UNREADABLE as error:
            raise FrameError(f"{self._kind}: {error}") from None
        fields = (values[i] for i in self._named)
        record: AccountRecord = self._record("account", self._kind, code, *before, *fields)
        return record

    def read_all(self, code: str, rows: Raw) -> list[AccountRecord]:
        """The records of an array of rows, in its order. Raises FrameError."""
        try:
            split = _split(rows)
        except UNREADABLE as error:
            raise FrameError(f"{self._kind}: {error}") from None
        return [self.read(code, row) for row in split]


_split = msgspec.json.Decoder(list[Raw]).decode


def _row_type(fields: Sequence[tuple[str, Any]]) -> type[Struct]:
    """An array-like struct; only what a record cannot do without must be there."""
    last_needed = max((i for i, (_, kind) in enumerate(fields) if _needed(kind)), default=-1)
    row: list[Any] = []
    for i, (_, kind) in enumerate(fields):
        name = f"field_{i}"  # placeholders have none of their own
        row.append((name, kind) if i <= last_needed else (name, kind, _nothing(kind)))
    return msgspec.defstruct("Row", row, array_like=True, gc=False)


def _needed(kind: Any) -> bool:
    return kind in (int, str, float, Number)


def _nothing(kind: Any) -> Any:
    is_token = kind is Raw or getattr(kind, "__origin__", None) is Raw
    return NULL if is_token else None


def _checked(kind: Any) -> Any:
    return next((checked for token, checked in _CHECKED_AS if kind == token), kind)


ORDER = Layout(
    Order,
    "id gid cid symbol mts_create mts_update amount amount_orig "
    "order_type type_prev mts_tif _ flags status _ _ "
    "price price_avg price_trailing price_aux_limit _ _ _ notify "
    "hidden placed_id _ _ routing _ _ meta",
)
POSITION = Layout(
    Position,
    "symbol status amount base_price margin_funding margin_funding_type pl pl_perc price_liq "
    "leverage _ position_id mts_create mts_update _ position_type _ collateral collateral_min meta",
)
TRADE = Layout(
    AccountTrade,
    "id symbol mts_create order_id exec_amount exec_price order_type order_price maker "
    "fee fee_currency cid",
)
WALLET = Layout(
    Wallet, "wallet_type currency balance unsettled_interest balance_available description meta"
)
BALANCE = Layout(Balance, "aum aum_net")
MARGIN_BASE = Layout(MarginBase, "user_pl user_swaps margin_balance margin_net margin_min")
MARGIN_SYMBOL = Layout(MarginSymbol, "tradable_balance gross_balance buy sell _ _ _ _")
FUNDING_INFO = Layout(FundingInfo, "yield_loan yield_lend duration_loan duration_lend")
FUNDING_OFFER = Layout(
    FundingOffer,
    "id symbol mts_create mts_update amount amount_orig offer_type _ _ flags status _ _ _ "
    "rate period notify hidden _ renew rate_real",
)
_LOAN = (
    "id symbol side mts_create mts_update amount flags status rate_type _ _ rate period "
    "mts_opening mts_last_payout notify hidden _ renew rate_real no_close"
)
FUNDING_LOAN = Layout(FundingLoan, _LOAN)
FUNDING_CREDIT = Layout(FundingCredit, f"{_LOAN} position_pair")
FUNDING_TRADE = Layout(
    AccountFundingTrade, "id symbol mts_create offer_id amount rate period maker"
)
NOTIFICATION = Layout(
    Notification, "mts notification_type message_id _ notify_info code status text"
)
