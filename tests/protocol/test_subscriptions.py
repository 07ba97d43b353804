"""Subscriptions: from a spec to a request, and back."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_symbols import valid_symbols

from bfxstream.errors import UsageError
from bfxstream.protocol.channels import (
    LENGTHS,
    SPEC_STARTS,
    TIMEFRAMES,
    BookSubscription,
    DerivSubscription,
    Frequency,
    LiquidationsSubscription,
    Precision,
    TickerSubscription,
    TradesSubscription,
    candles,
    parse_spec,
    subscribe_message,
    unsubscribe_message,
)

# No currency that others are priced in is all digits: there, digits are a book's length.
symbols = valid_symbols.filter(lambda symbol: not symbol.rpartition(":")[2].isdecimal())
subscriptions = (
    st.builds(TickerSubscription, symbols)
    | st.builds(TradesSubscription, symbols)
    | st.builds(
        BookSubscription,
        symbols,
        st.sampled_from(Precision),
        st.sampled_from(Frequency),
        st.sampled_from(LENGTHS),
    )
    | st.builds(candles, symbols.filter(lambda s: s[0] == "t"), st.sampled_from(TIMEFRAMES))
    | st.builds(
        candles,
        symbols.filter(lambda s: s[0] == "f"),
        st.sampled_from(TIMEFRAMES),
        st.sampled_from(["p2", "p30", "p120", "a30:p2:p30", "a10:p11:p20"]),
    )
    | st.builds(DerivSubscription, st.sampled_from(["tBTCF0:USTF0", "tEUROPE50IXF0:USTF0"]))
    | st.builds(LiquidationsSubscription)
)


@given(subscriptions)
def test_a_spec_reads_back_as_its_subscription(subscription):
    assert parse_spec(subscription.spec) == subscription


@given(st.text() | st.text("boktickertrades:PRF014250tBCUSDnlvqpm", max_size=30))
def test_any_text_is_a_subscription_or_a_usage_error(spec):
    with contextlib.suppress(UsageError):
        subscription = parse_spec(spec)
        assert parse_spec(subscription.spec) == subscription


@pytest.mark.parametrize(
    ("spec", "prec", "freq", "length"),
    [
        ("book:tBTCUSD", "P0", "F0", 25),
        ("book:tBTCUSD:P3", "P3", "F0", 25),
        ("book:tBTCUSD:100", "P0", "F0", 100),
        ("book:tBTCUSD:F1", "P0", "F1", 25),
        ("book:tBTCUSD:250:F1:R0", "R0", "F1", 250),
        ("book:btcusd:P0:F0:1", "P0", "F0", 1),
    ],
)
def test_the_options_of_a_book_come_in_any_order_and_have_defaults(spec, prec, freq, length):
    assert parse_spec(spec) == BookSubscription("tBTCUSD", Precision(prec), Frequency(freq), length)


@pytest.mark.parametrize("spec", ["book:tBTCF0:USTF0", "book:tBTCF0:USTF0:R0:100"])
def test_a_symbol_with_a_colon_keeps_it_before_the_options(spec):
    assert parse_spec(spec).symbol == "tBTCF0:USTF0"


@pytest.mark.parametrize(
    "spec",
    ["book:tBTCUSD:P0:P0", "book:tBTCUSD:F0:25:F1", "book:tBTCUSD:25:100"],
)
def test_an_option_that_comes_twice_is_refused(spec):
    with pytest.raises(UsageError, match="twice"):
        parse_spec(spec)


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "book",
        "book:",
        ":tBTCUSD",
        "tBTCUSD",
        "books:tBTCUSD",
        "Book:tBTCUSD",
        "candle:tBTCUSD",
        "ticker:tBTCUSD:P0",
        "trades:nope",
        "book:tBTCUSD:P5",
        "book:tBTCUSD:24",
        "book:tBTCUSD:025",
        "book:tBTCUSD:500",
        "book:tBTCF0:USTF0:500",
        "book:tBTCUSD:²5",
        "book:tBTCUSD:" + "1" * 5000,
        "book:P0:F0:25",
        "book:tBTCUSD::25",
        "candles:tBTCUSD",
        "candles:1m",
        "candles:1m:",
        "candles:2m:tBTCUSD",
        "candles:1d:tBTCUSD",
        "candles:1m:nope",
        "candles:1m:tBTCUSD:p30",
        "candles:1m:tBTCUSD\n",
        "candles:1m:fUSD",
        "candles:1m:fUSD:30",
        "candles:1m:fUSD:p1",
        "candles:1m:fUSD:p121",
        "candles:1m:fUSD:p030",
        "candles:1m:fUSD:a20:p2:p30",
        "candles:1m:fUSD:a30:p30:p2",
        "candles:1m:fUSD:a30",
        "deriv:tBTCUSD",
        "deriv:fUSD",
        "deriv:global",
        "liq:tBTCUSD",
        "status:liq:global",
    ],
)
def test_a_bad_spec_is_a_usage_error_that_names_it_and_says_what_to_use(spec):
    with pytest.raises(UsageError) as raised:
        parse_spec(spec)
    assert repr(spec) in raised.value.what
    assert raised.value.hint


def test_a_request_names_the_channel_and_the_symbol():
    request = json.loads(subscribe_message(parse_spec("trades:fUSD"), 7))
    assert request == {"event": "subscribe", "channel": "trades", "symbol": "fUSD", "subId": 7}


def test_the_request_for_a_book_sends_its_length_as_text_as_the_exchange_echoes_it():
    request = json.loads(subscribe_message(parse_spec("book:tBTCUSD:R0:100"), 1))
    assert request == {
        "event": "subscribe",
        "channel": "book",
        "symbol": "tBTCUSD",
        "prec": "R0",
        "freq": "F0",
        "len": "100",
        "subId": 1,
    }


@pytest.mark.parametrize(
    ("spec", "channel", "key"),
    [
        ("candles:1m:btcusd", "candles", "trade:1m:tBTCUSD"),
        ("candles:1h:tBTCF0:USTF0", "candles", "trade:1h:tBTCF0:USTF0"),
        ("candles:1M:fUSD:p30", "candles", "trade:1M:fUSD:p30"),
        ("candles:14D:fUSD:a30:p2:p30", "candles", "trade:14D:fUSD:a30:p2:p30"),
        ("deriv:btcf0:ustf0", "status", "deriv:tBTCF0:USTF0"),
        ("liq:global", "status", "liq:global"),
    ],
)
def test_candles_and_status_are_asked_for_by_a_key(spec, channel, key):
    request = json.loads(subscribe_message(parse_spec(spec), 1))
    assert request == {"event": "subscribe", "channel": channel, "key": key, "subId": 1}


def test_a_missing_period_of_funding_is_asked_for_with_examples():
    with pytest.raises(UsageError) as raised:
        candles("fUSD", "1m")
    assert "--period p30" in raised.value.hint
    assert "a30:p2:p30" in raised.value.hint


def test_a_week_has_two_spellings_and_nothing_else_has():
    for one, other in (("7D", "1W"), ("1W", "7D")):
        assert candles("tBTCUSD", one).other_spelling == candles("tBTCUSD", other)
    for spec in ("candles:1D:tBTCUSD", "ticker:tBTCUSD", "deriv:tBTCF0:USTF0", "liq:global"):
        assert parse_spec(spec).other_spelling is None


def test_a_channel_is_left_by_its_number():
    assert json.loads(unsubscribe_message(42)) == {"event": "unsubscribe", "chanId": 42}


@pytest.mark.parametrize(
    ("spec", "verifiable"),
    [
        ("book:tBTCUSD:P0:25", True),
        ("book:tBTCUSD:P4:250", True),
        ("book:tBTCUSD:R0:100", True),
        ("book:tBTCUSD:P0:1", False),
        ("book:fUSD:P0:25", False),
        ("book:fUSD:R0:100", False),
    ],
)
def test_only_trading_books_of_25_levels_or_more_can_be_verified(spec, verifiable):
    assert parse_spec(spec).verifiable is verifiable


@pytest.mark.parametrize("start", SPEC_STARTS)
def test_what_begins_a_spec_makes_one_with_a_symbol_behind_its_colon(start):
    spec = f"{start}tBTCF0:USTF0" if start.endswith(":") else start
    assert parse_spec(spec).spec.startswith(spec)
