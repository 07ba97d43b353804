"""Symbols: what people type, and what the exchange knows."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bfxstream.errors import UsageError
from bfxstream.protocol.symbols import (
    Market,
    codes_of,
    is_derivative,
    market_of,
    parse_symbol,
    trading_symbol,
)

# API: General, symbols; written out once more.
GRAMMAR = re.compile(r"t[A-Z0-9]{6,26}|t[A-Z0-9]{3,13}:[A-Z0-9]{3,13}|f[A-Z0-9]{3,13}")

valid_symbols = st.from_regex(GRAMMAR, fullmatch=True)
codes = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=3, max_size=13)


@pytest.mark.parametrize(
    ("typed", "symbol"),
    [
        ("tBTCUSD", "tBTCUSD"),
        ("tDUSK:USD", "tDUSK:USD"),
        ("tBTCF0:USTF0", "tBTCF0:USTF0"),
        ("tTESTBTC:TESTUSD", "tTESTBTC:TESTUSD"),
        ("t1INCH:USD", "t1INCH:USD"),
        ("tBTCUSDD", "tBTCUSDD"),  # in the exchange's own form: it decides
        ("fUSD", "fUSD"),
        ("fUST", "fUST"),
        ("fTESTUSD", "fTESTUSD"),
        ("btcusd", "tBTCUSD"),
        ("BTCUSD", "tBTCUSD"),
        ("BtcUsd", "tBTCUSD"),
        ("tbtcusd", "tBTCUSD"),
        ("BTC/USD", "tBTCUSD"),
        ("btc/usd", "tBTCUSD"),
        ("BTC:USD", "tBTCUSD"),
        ("dusk:usd", "tDUSK:USD"),
        ("DUSK/USD", "tDUSK:USD"),
        ("btcf0:ustf0", "tBTCF0:USTF0"),
        ("trx:usd", "tTRXUSD"),
        ("trxusd", "tTRXUSD"),
        ("fusd", "fUSD"),
    ],
)
def test_every_accepted_spelling_gives_the_exchanges_symbol(typed, symbol):
    assert parse_symbol(typed) == symbol


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "t",
        "f",
        "BTC",
        "tBTC",
        "USD",
        "btcusdt",
        "tbtcusdt",
        "BTC-USD",
        "BTC_USD",
        "tBTC::USD",
        "tA:USD",
        "tABCDEFGHIJKLMN:USD",
        "fAB",
        "f:USD",
        "tBTCUSD ",
        " tBTCUSD",
        "tBTCUSD\n",
        "tBTCÜSD",
        "tBTC٣SD",
        "xBTC:USD:EUR",
        "BTC/USD/EUR",
        "-n",
    ],
)
def test_an_impossible_symbol_is_a_usage_error_that_names_it(typed):
    with pytest.raises(UsageError) as raised:
        parse_symbol(typed)
    assert repr(typed) in raised.value.what
    assert "tBTCUSD" in raised.value.hint


@given(valid_symbols)
def test_a_valid_symbol_is_taken_as_it_is(symbol):
    assert parse_symbol(symbol) == symbol


@given(st.text() | st.text("tfBTCUSDusdbtc:/ 0", max_size=12))
def test_any_text_becomes_a_valid_symbol_or_a_usage_error(typed):
    with contextlib.suppress(UsageError):
        assert GRAMMAR.fullmatch(parse_symbol(typed))


@given(codes, codes)
def test_a_pair_has_a_colon_unless_both_codes_have_three_characters(base, quote):
    colon = "" if len(base) == len(quote) == 3 else ":"
    assert parse_symbol(f"{base}/{quote}") == f"t{base}{colon}{quote}"
    assert codes_of(trading_symbol(base, quote)[1:]) == (base, quote)


@pytest.mark.parametrize(
    ("symbol", "market"),
    [("tBTCUSD", Market.TRADING), ("tFILUSD", Market.TRADING), ("fUSD", Market.FUNDING)],
)
def test_the_first_letter_tells_the_market(symbol, market):
    assert market_of(symbol) is market


@pytest.mark.parametrize(
    ("symbol", "derivative"),
    [
        ("tBTCF0:USTF0", True),
        ("tEUROPE50IXF0:USTF0", True),
        ("tTESTBTCF0:TESTUSDTF0", True),
        ("tBTCUSD", False),
        ("tDUSK:USD", False),
        ("tBTCF0:USD", False),
        ("fUSTF0", False),
        ("tF0F0F0", False),
        ("tF0:F0", False),
    ],
)
def test_a_derivative_has_f0_on_both_sides(symbol, derivative):
    assert is_derivative(symbol) is derivative
