"""The records of an account, fields in output order: a contract (see `bfxstream schema account`).

Each has the API's names in lower case, in the order of the wire (API: ws-auth). `type` is the
code of the message that brought it; a field that the API calls TYPE has its subject before it
(`order_type`). Numbers keep the exchange's tokens, null where it has none.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Raw

from bfxstream.protocol.numbers import MaybeNumber, Number
from bfxstream.protocol.records import Record

Flag = Annotated[Raw, msgspec.Meta(extra_json_schema={"type": ["number", "boolean", "null"]})]
"""0 or 1, at times false or true."""

Json = Annotated[Raw, msgspec.Meta(extra_json_schema={})]
"""Whatever the exchange puts there, unchanged."""


class Order(Record):
    """An order; `amount` is what remains, negative for a sale.

    `type`: `os` snapshot, `on` new, `ou` changed, `oc` closed. An `oc` whose `status` is null
    ended while nobody watched: the rest of it is as it was last known.
    """

    channel: Literal["account"]
    kind: Literal["order"]
    type: Literal["os", "on", "ou", "oc"]
    id: int
    gid: MaybeNumber
    cid: MaybeNumber
    symbol: str
    mts_create: MaybeNumber
    mts_update: MaybeNumber
    amount: MaybeNumber
    amount_orig: MaybeNumber
    order_type: str | None
    type_prev: str | None
    mts_tif: MaybeNumber
    flags: MaybeNumber
    status: str | None
    price: MaybeNumber
    price_avg: MaybeNumber
    price_trailing: MaybeNumber
    price_aux_limit: MaybeNumber
    notify: Flag
    hidden: Flag
    placed_id: MaybeNumber
    routing: str | None
    meta: Json


class Position(Record):
    """A position; `amount` is negative for a short one, `pl` null until it is calculated.

    `type`: `ps` snapshot, `pn` new, `pu` changed, `pc` closed.
    """

    channel: Literal["account"]
    kind: Literal["position"]
    type: Literal["ps", "pn", "pu", "pc"]
    symbol: str
    status: str | None
    amount: MaybeNumber
    base_price: MaybeNumber
    margin_funding: MaybeNumber
    margin_funding_type: MaybeNumber
    pl: MaybeNumber
    pl_perc: MaybeNumber
    price_liq: MaybeNumber
    leverage: MaybeNumber
    position_id: MaybeNumber
    mts_create: MaybeNumber
    mts_update: MaybeNumber
    position_type: MaybeNumber
    collateral: MaybeNumber
    collateral_min: MaybeNumber
    meta: Json


class AccountTrade(Record):
    """One execution of an order of ours; `exec_amount` is negative for a sale.

    `type`: `te` as it is executed, `tu` the same one with its fee, `backfill` one that happened
    while nobody watched.
    """

    channel: Literal["account"]
    kind: Literal["trade"]
    type: Literal["te", "tu", "backfill"]
    id: int
    symbol: str
    mts_create: int
    order_id: MaybeNumber
    exec_amount: Number
    exec_price: Number
    order_type: str | None
    order_price: MaybeNumber
    maker: MaybeNumber
    fee: MaybeNumber
    fee_currency: str | None
    cid: MaybeNumber

    @property
    def mts(self) -> int:
        """The time of the execution, by the name that the trade ledger knows."""
        return self.mts_create


class Wallet(Record):
    """One currency of a wallet; `type`: `ws` snapshot, `wu` changed."""

    channel: Literal["account"]
    kind: Literal["wallet"]
    type: Literal["ws", "wu"]
    wallet_type: str
    currency: str
    balance: MaybeNumber
    unsettled_interest: MaybeNumber
    balance_available: MaybeNumber
    description: str | None
    meta: Json


class Balance(Record):
    """The worth of all wallets in dollars, and what of it is free of debts and losses."""

    channel: Literal["account"]
    kind: Literal["balance"]
    type: Literal["bu"]
    aum: MaybeNumber
    aum_net: MaybeNumber


class MarginBase(Record):
    """The margin of the whole account."""

    channel: Literal["account"]
    kind: Literal["margin_base"]
    type: Literal["miu"]
    user_pl: MaybeNumber
    user_swaps: MaybeNumber
    margin_balance: MaybeNumber
    margin_net: MaybeNumber
    margin_min: MaybeNumber


class MarginSymbol(Record):
    """What can be traded on margin in one symbol."""

    channel: Literal["account"]
    kind: Literal["margin_symbol"]
    type: Literal["miu"]
    symbol: str
    tradable_balance: MaybeNumber
    gross_balance: MaybeNumber
    buy: MaybeNumber
    sell: MaybeNumber


class FundingInfo(Record):
    """Average rates and durations (days) of what is borrowed and lent in one currency."""

    channel: Literal["account"]
    kind: Literal["funding_info"]
    type: Literal["fiu"]
    symbol: str
    yield_loan: MaybeNumber
    yield_lend: MaybeNumber
    duration_loan: MaybeNumber
    duration_lend: MaybeNumber


class FundingOffer(Record):
    """An offer to lend, or a request to borrow where `amount` is negative.

    `type`: `fos` snapshot, `fon` new, `fou` changed, `foc` closed.
    """

    channel: Literal["account"]
    kind: Literal["funding_offer"]
    type: Literal["fos", "fon", "fou", "foc"]
    id: int
    symbol: str
    mts_create: MaybeNumber
    mts_update: MaybeNumber
    amount: MaybeNumber
    amount_orig: MaybeNumber
    offer_type: str | None
    flags: MaybeNumber
    status: str | None
    rate: MaybeNumber
    period: MaybeNumber
    notify: Flag
    hidden: Flag
    renew: Flag
    rate_real: MaybeNumber


class FundingCredit(Record):
    """Funding taken and used in a position; `side` 1 lender, -1 borrower, 0 both.

    `type`: `fcs` snapshot, `fcn` new, `fcu` changed, `fcc` closed.
    """

    channel: Literal["account"]
    kind: Literal["funding_credit"]
    type: Literal["fcs", "fcn", "fcu", "fcc"]
    id: int
    symbol: str
    side: MaybeNumber
    mts_create: MaybeNumber
    mts_update: MaybeNumber
    amount: MaybeNumber
    flags: Json
    status: str | None
    rate_type: Json
    rate: MaybeNumber
    period: MaybeNumber
    mts_opening: MaybeNumber
    mts_last_payout: MaybeNumber
    notify: Flag
    hidden: Flag
    renew: Flag
    rate_real: MaybeNumber
    no_close: Flag
    position_pair: str | None


class FundingLoan(Record):
    """Funding taken and not used; `side` as in a credit.

    `type`: `fls` snapshot, `fln` new, `flu` changed, `flc` closed.
    """

    channel: Literal["account"]
    kind: Literal["funding_loan"]
    type: Literal["fls", "fln", "flu", "flc"]
    id: int
    symbol: str
    side: MaybeNumber
    mts_create: MaybeNumber
    mts_update: MaybeNumber
    amount: MaybeNumber
    flags: Json
    status: str | None
    rate_type: Json
    rate: MaybeNumber
    period: MaybeNumber
    mts_opening: MaybeNumber
    mts_last_payout: MaybeNumber
    notify: Flag
    hidden: Flag
    renew: Flag
    rate_real: MaybeNumber
    no_close: Flag


class AccountFundingTrade(Record):
    """One execution of a funding offer of ours; `type` as in a trade."""

    channel: Literal["account"]
    kind: Literal["funding_trade"]
    type: Literal["fte", "ftu", "backfill"]
    id: int
    symbol: str
    mts_create: int
    offer_id: MaybeNumber
    amount: Number
    rate: Number
    period: MaybeNumber
    maker: MaybeNumber

    @property
    def mts(self) -> int:
        """The time of the execution, by the name that the trade ledger knows."""
        return self.mts_create


class Notification(Record):
    """What the exchange says to the account: answers to requests, and broadcasts.

    `notification_type` is what it answers (`on-req`), `notify_info` what it is about.
    """

    channel: Literal["account"]
    kind: Literal["notification"]
    type: Literal["n"]
    mts: MaybeNumber
    notification_type: str | None
    message_id: MaybeNumber
    notify_info: Json
    code: MaybeNumber
    status: str | None
    text: str | None


AccountRecord = (
    Order
    | Position
    | AccountTrade
    | Wallet
    | Balance
    | MarginBase
    | MarginSymbol
    | FundingInfo
    | FundingOffer
    | FundingCredit
    | FundingLoan
    | AccountFundingTrade
    | Notification
)

_LABELS = ("channel", "kind", "type", *Record.__struct_fields__)


def kind_of(record: type[Record]) -> str:
    """The value of `kind` in records of this type."""
    types = {field.name: field.type for field in msgspec.structs.fields(record)}
    kind: str = types["kind"].__args__[0]
    return kind


def facts(record: Record) -> dict[str, Any]:
    """What the exchange says in a record, without our labels and stamps."""
    names = record.__struct_fields__
    return {name: getattr(record, name) for name in names if name not in _LABELS}
