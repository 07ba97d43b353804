"""Filters: what to ask of the exchange, and what to keep of what it sends."""

from __future__ import annotations

from typing import get_args, get_type_hints

import pytest
from account_frames import record

from bfxstream.errors import UsageError
from bfxstream.protocol.account.filters import _BROUGHT_BY, AccountFilter
from bfxstream.protocol.account.records import AccountRecord

RECORDS = {
    "order": record("on", "order"),
    "other order": record("on", "order", symbol="tETHUSD"),
    "position": record("pu", "position"),
    "trade": record("te", "trade"),
    "wallet": record("wu", "wallet"),
    "other wallet": record("wu", "wallet", wallet_type="margin"),
    "offer": record("fon", "funding_offer"),
    "loan": record("fln", "funding_loan"),
    "balance": record("bu", "balance"),
    "notification": record("n", "notification"),
}


@pytest.mark.parametrize(
    ("words", "asked", "kept"),
    [
        ([], [], set(RECORDS)),
        (["trading"], ["trading"], {"order", "other order", "position", "trade"}),
        (["trading-tBTCUSD"], ["trading-tBTCUSD"], {"order", "trade"}),
        (["funding"], ["funding"], {"offer", "loan"}),
        (["funding-fUSD"], ["funding-fUSD"], {"offer"}),
        (["wallet"], ["wallet"], {"wallet", "other wallet"}),
        (["wallet-exchange-USD"], ["wallet-exchange-USD"], {"wallet"}),
        (["balance"], ["balance"], {"balance"}),
        (["notify"], ["notify"], {"notification"}),
        (["algo"], ["algo"], set(RECORDS)),
        (["order"], ["trading"], {"order", "other order"}),
        (["order", "position"], ["trading"], {"order", "other order", "position"}),
        (["trade", "wallet"], ["trading", "wallet"], {"trade", "wallet", "other wallet"}),
        (["notification"], ["notify"], {"notification"}),
        (["margin_base", "wallet"], [], {"wallet", "other wallet"}),
    ],
)
def test_a_filter_is_one_of_the_exchange_or_a_kind_of_record(words, asked, kept):
    chosen = AccountFilter(words)
    assert chosen.for_exchange() == asked
    assert {name for name, one in RECORDS.items() if chosen.admits(one)} == kept


@pytest.mark.parametrize(
    "word", ["", "orders", "trading-", "trading-fUSD", "wallet-USD", "TRADING"]
)
def test_what_is_neither_is_refused_by_name(word):
    with pytest.raises(UsageError, match="--filter") as failure:
        AccountFilter([word])
    assert repr(word) in str(failure.value)


def test_every_kind_of_record_can_be_asked_for():
    kinds = {get_args(get_type_hints(known)["kind"])[0] for known in get_args(AccountRecord)}
    assert set(_BROUGHT_BY) == kinds


def test_a_filter_knows_which_kinds_of_records_it_can_bring():
    assert AccountFilter(["trading-tBTCUSD", "wallet"]).kinds() == {
        *("order", "position", "trade"),
        "wallet",
    }
    assert AccountFilter().kinds() >= {"notification", "margin_base", "funding_loan"}
