"""The list of symbols: from the exchange's answer, by pattern, and by what was meant."""

from __future__ import annotations

import json

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw
from rest_server import CONF

from bfxstream.protocol.nearest import nearest
from bfxstream.protocol.numbers import text
from bfxstream.protocol.schema import schema_of
from bfxstream.protocol.symbol_list import CONF_KEYS, SymbolList, matches, read_conf


def listed(**changes) -> SymbolList:
    """The list of the small exchange; changes are by key, `_` for its colons."""
    answer = CONF | {name.replace("_", ":"): value for name, value in changes.items()}
    return read_conf([Raw(json.dumps(answer.get(key)).encode()) for key in CONF_KEYS])


def kinds(symbols: SymbolList) -> dict[str, list[str]]:
    return {symbol.symbol: symbol.kind for symbol in symbols.symbols}


# What the exchange says.


def test_every_pair_and_every_currency_of_funding_is_listed_once_with_all_its_kinds():
    assert kinds(listed()) == {
        "tBTCF0:USTF0": ["futures"],
        "tBTCUSD": ["exchange", "margin"],
        "tBTCUST": ["exchange"],
        "tDSHUSD": ["exchange"],
        "tDUSK:USD": ["exchange"],
        "tETHBTC": ["exchange", "margin"],
        "tETHF0:BTCF0": ["futures"],
        "tTESTBTC:TESTUSD": ["exchange"],
        "fBTC": ["funding"],
        "fUSD": ["funding"],
        "fUST": ["funding"],
    }


def test_pairs_come_before_currencies_each_in_the_order_of_the_alphabet():
    names = listed().names
    assert names == sorted(names, key=lambda name: (name[0] == "f", name))


def test_a_symbol_has_its_codes_and_order_sizes_digit_for_digit():
    symbols = {symbol.symbol: symbol for symbol in listed().symbols}
    dusk, btc, fund = symbols["tDUSK:USD"], symbols["tBTCUST"], symbols["fUSD"]
    assert (dusk.base, dusk.quote) == ("DUSK", "USD")
    assert (text(dusk.min_order_size), text(dusk.max_order_size)) == ("22.0", "500000.0")
    assert (btc.base, btc.quote, text(btc.min_order_size)) == ("BTC", "UST", "null")
    assert (fund.base, fund.quote, text(fund.max_order_size)) == ("USD", None, "null")
    assert text(symbols["tBTCF0:USTF0"].min_order_size) == "0.00006"


def test_every_symbol_is_valid_by_its_schema():
    validator = jsonschema.Draft202012Validator(schema_of("symbols"))
    for symbol in listed().symbols:
        validator.validate(json.loads(msgspec.json.encode(symbol)))


def test_where_margin_currencies_are_unknown_every_currency_but_derivatives_counts():
    names = listed(pub_list_currency_margin=None).names
    assert [name for name in names if name[0] == "f"] == [
        *("fBTC", "fDSH", "fDUSK", "fETH", "fUSD", "fUST")
    ]


@pytest.mark.parametrize("missing", CONF_KEYS)
@pytest.mark.parametrize("said", [None, [], {"a": 1}, [1, 2], [[1]], "text"])
def test_a_list_in_another_layout_leaves_the_others_as_they_are(missing, said):
    found = listed(**{missing: said})
    assert len(found.symbols) > 0
    assert set(found.names) <= set(listed(pub_list_currency_margin=None).names) | {"fUST"}


@pytest.mark.parametrize("name", ["", "BTC", "btcusd", "BTCUSD\n", "$(reboot)", "BTC USD", "A:B"])
def test_what_cannot_be_a_symbol_is_left_out(name):
    assert listed(pub_list_pair_exchange=[name, "ETHUSD"]).names[:-3] == [
        *("tBTCF0:USTF0", "tBTCUSD", "tETHBTC", "tETHF0:BTCF0", "tETHUSD")
    ]


@pytest.mark.parametrize("size", ["", "much", None, [1], "1e", "NaN", "-"])
def test_a_size_that_is_no_number_is_null(size):
    figures = [["BTCUSD", [None, None, None, size, size]]]
    symbols = {s.symbol: s for s in listed(pub_info_pair=figures).symbols}
    assert text(symbols["tBTCUSD"].min_order_size) == "null"


# By pattern.


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("tBTCUSD", "tBTCUSD"),
        ("btcusd", "tBTCUSD"),
        ("BTC/USD", "tBTCUSD"),
        ("dusk", "tDUSK:USD"),
        ("duskusd", "tDUSK:USD"),
        ("dusk:usd", "tDUSK:USD"),
        ("DUSK/USD", "tDUSK:USD"),
        ("tdusk", "tDUSK:USD"),
        ("btcu", "tBTCUSD tBTCUST"),
        ("btc*", "tBTCF0:USTF0 tBTCUSD tBTCUST fBTC"),
        ("tbtc*", "tBTCF0:USTF0 tBTCUSD tBTCUST"),
        ("f*", "fBTC fUSD fUST"),
        ("*f0*", "tBTCF0:USTF0 tETHF0:BTCF0"),
        ("btcus?", "tBTCUSD tBTCUST"),
        ("?TC???", "tBTCUSD tBTCUST"),
        ("[de]*usd", "tDSHUSD tDUSK:USD"),
        ("nope", ""),
        ("usd*nope", ""),
    ],
)
def test_a_pattern_is_a_part_of_a_symbol_or_a_glob_for_the_whole(pattern, found):
    assert [name for name in listed().names if matches(name, pattern)] == found.split()


@given(st.text(max_size=20))
def test_any_text_is_a_pattern(pattern):
    assert matches("tBTCF0:USTF0", pattern) in (True, False)


@given(st.sampled_from(listed().names))
def test_a_symbol_matches_itself(name):
    assert matches(name, name)
    assert matches(name, name[1:].lower())


# What was meant.


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("tBTCUSDD", "tBTCUSD"),
        ("tBTCUSDT", "tBTCUST tBTCF0:USTF0"),
        ("tBTC:USDT", "tBTCUST tBTCF0:USTF0"),
        ("tUSDTBTC", "tBTCUST tBTCF0:USTF0"),
        ("tDASHUSD", "tDSHUSD"),
        ("tDASH:USD", "tDSHUSD"),
        ("tUSDBTC", "tBTCUSD"),
        ("tBTCETH", "tETHBTC"),
        ("tDUSKUSD", "tDUSK:USD"),
        ("tUSD:DUSK", "tDUSK:USD"),
        ("tBTCF0USTF0", "tBTCF0:USTF0"),
        ("tUSTF0:BTCF0", "tBTCF0:USTF0"),
        ("tBTCF0:USDF0", "tBTCF0:USTF0"),
        ("tTESTBTC:TESTUST", "tTESTBTC:TESTUSD"),
        ("tBTCUSX", "tBTCUSD tBTCUST"),
        ("fUSDT", "fUST"),
        ("fUSDD", "fUSD"),
        ("tXXXYYY", ""),
        ("fDUSK", ""),
        ("tBTCUSD", ""),
    ],
)
def test_the_nearest_symbols_are_named(typed, meant):
    assert sorted(nearest(typed, listed())) == sorted(meant.split())


def test_the_likeliest_comes_first():
    assert nearest("tBTCUSDT", listed()) == ["tBTCUST", "tBTCF0:USTF0"]


@given(st.from_regex(r"[tf][A-Z0-9]{3,13}(:[A-Z0-9]{3,13})?", fullmatch=True))
def test_what_is_named_is_in_the_list_and_never_more_than_three(typed):
    known = listed()
    found = nearest(typed, known)
    assert set(found) <= set(known.names) - {typed}
    assert len(found) == len(set(found)) <= 3
