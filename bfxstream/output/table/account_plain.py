"""What happens in an account, a line each, for terminals that cannot move their cursor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Raw

from bfxstream.output.table import theme
from bfxstream.output.table.lines import Line, clean, span
from bfxstream.output.table.theme import Glyphs
from bfxstream.protocol.account.records import (
    AccountFundingTrade,
    AccountRecord,
    AccountTrade,
    Balance,
    FundingCredit,
    FundingLoan,
    FundingOffer,
    MarginBase,
    Notification,
    Order,
    Position,
    Wallet,
)
from bfxstream.protocol.numbers import text

SNAPSHOTS: Final = frozenset(("ps", "ws", "os", "fos", "fcs", "fls"))
"""Whose records stand in the tables at the end."""

_FUNDING: Final = ("symbol", "amount", "rate", "period", "status")
COLUMNS: Final[Mapping[type[Any], Sequence[str]]] = {
    Wallet: ("wallet_type", "currency", "balance", "balance_available"),
    Position: ("symbol", "status", "amount", "base_price", "pl"),
    Order: ("symbol", "order_type", "amount", "price", "status"),
    AccountTrade: ("symbol", "exec_amount", "exec_price", "fee", "fee_currency"),
    Balance: ("aum", "aum_net"),
    MarginBase: ("user_pl", "margin_net", "margin_min"),
    FundingOffer: _FUNDING,
    FundingCredit: _FUNDING,
    FundingLoan: _FUNDING,
    AccountFundingTrade: ("symbol", "amount", "rate", "period"),
    Notification: ("notification_type", "status", "text"),
}


def account_line(
    record: AccountRecord, glyphs: Glyphs, fields: Sequence[str] | None
) -> Line | None:
    """The record as words and numbers; None for one that tells nothing new, or nothing wanted."""
    if record.type in SNAPSHOTS:
        return None
    if fields is None:
        names = COLUMNS.get(type(record), ())
        line = [span(f"account {record.kind:<12} {record.type:<8}", theme.LABEL)]
    else:
        names = [name for name in fields if name in record.__struct_fields__]
        line = []
    if not names:
        return None
    for name in names:
        line += [*([span("  ")] if line else []), span(_word(getattr(record, name), glyphs))]
    return line


def _word(value: object, glyphs: Glyphs) -> str:
    if isinstance(value, Raw):
        value = text(value)
    return clean(str(value), glyphs) if value not in (None, "null", "") else glyphs.nothing
