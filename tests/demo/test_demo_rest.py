"""REST: the same market by request, with the exchange's parameters, defaults and errors."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest
from demo_client import Client

from bfxstream.demo import DemoExchange
from bfxstream.demo.candles import HOUR, MINUTE
from bfxstream.demo.keys import candles_of
from bfxstream.demo.market import START_MTS, Market
from bfxstream.demo.rest import RestApi

LATER = 20_000
"""Events after the opening: some three minutes."""


@pytest.fixture(scope="module")
def market() -> Market:
    played = Market(21)
    for _ in range(LATER):
        played.step()
    return played


@pytest.fixture
def api(market: Market) -> RestApi:
    return RestApi(market, None, 60.0)


def get(api: RestApi, path: str) -> Any:
    answer = api.answer("/v2/" + path, 0.0)
    assert answer.status == 200, answer
    return json.loads(answer.body)


def test_the_platform_is_operative(api: RestApi) -> None:
    assert get(api, "platform/status") == [1]


def test_several_lists_are_answered_in_the_order_asked(api: RestApi) -> None:
    keys = ["pub:list:pair:futures", "pub:list:currency:margin", "pub:list:pair:exchange"]
    futures, funded, pairs = get(api, "conf/" + ",".join(keys))
    assert futures == ["BTCF0:USTF0", "ETHF0:USTF0"]
    assert funded == ["BTC", "USD", "UST"]
    assert {"BTCUSD", "DUSK:USD", "TESTBTC:TESTUSD"} <= set(pairs)
    assert get(api, "conf/" + keys[0]) == [futures]


def test_whatever_is_listed_can_be_subscribed(api: RestApi, market: Market) -> None:
    lists = ("pair:exchange", "pair:margin", "pair:futures", "currency:margin")
    *pairs, funded = get(api, "conf/" + ",".join(f"pub:list:{each}" for each in lists))
    symbols = {"t" + pair for each in pairs for pair in each} | {"f" + code for code in funded}
    assert symbols == set(market.listings)


def test_maps_name_only_what_has_another_name(api: RestApi) -> None:
    symbols, labels, underlying, currencies = get(
        api,
        "conf/pub:map:currency:sym,pub:map:currency:label,pub:map:currency:undl,pub:list:currency",
    )
    assert ["UST", "USDt"] in symbols
    assert all(code != name for code, name in symbols)
    assert ["BTC", "Bitcoin"] in labels
    assert underlying == [["BTCF0", "BTC"], ["ETHF0", "ETH"], ["USTF0", "UST"]]
    assert {code for each in (symbols, labels, underlying) for code, _ in each} <= set(currencies)


def test_pair_information_has_sizes_and_margins_in_their_places(api: RestApi) -> None:
    pairs, futures = get(api, "conf/pub:info:pair,pub:info:pair:futures")
    infos = dict(pairs)
    assert infos["BTCUSD"] == [*[None] * 3, "0.00008", "2000", *[None] * 3, 0.2, 0.1, None, None]
    assert infos["DUSK:USD"][8:10] == [None, None]
    assert {len(info) for _, info in futures} == {10}


def test_a_ticker_is_the_sockets_row_and_tickers_name_their_symbol(api: RestApi) -> None:
    row = get(api, "ticker/tBTCUSD")
    assert len(row) == 11
    assert get(api, "tickers?symbols=tBTCUSD,tNOPE,fUSD") == [
        ["tBTCUSD", *row],
        ["fUSD", *get(api, "ticker/fUSD")],
    ]
    assert len(get(api, "tickers?symbols=ALL")) == 16
    assert get(api, "tickers") == []


def test_a_book_is_the_engines_at_this_moment(api: RestApi, market: Market) -> None:
    engine = market.listings["tBTCUSD"].engine
    rows = get(api, "book/tBTCUSD/P0")
    assert len(rows) == 50
    scale = 10 ** market.instruments["tBTCUSD"].price_decimals
    assert [rows[0][0] * scale, rows[25][0] * scale] == [engine.bids.best, engine.asks.best]
    assert [row[2] > 0 for row in rows] == [True] * 25 + [False] * 25
    assert len(get(api, "book/fUSD/R0?len=100")) == 200


def test_derivatives_are_asked_for_by_key(api: RestApi) -> None:
    every = get(api, "status/deriv?keys=ALL")
    assert [row[0] for row in every] == ["tBTCF0:USTF0", "tETHF0:USTF0"]
    assert {len(row) for row in every} == {24}
    assert get(api, "status/deriv?keys=tETHF0:USTF0,tNOPE") == every[1:]
    assert get(api, "status/deriv?keys=tBTCUSD") == []


def test_liquidations_are_arrays_of_one_row(api: RestApi) -> None:
    rows = get(api, "liquidations/hist?limit=5")
    assert len(rows) == 5
    assert {(len(outer), len(outer[0])) for outer in rows} == {(1, 12)}
    times = [outer[0][2] for outer in rows]
    assert int(times[0]) >= int(times[-1]) >= START_MTS
    assert get(api, f"liquidations/hist?end={START_MTS}&sort=1")[0][0][2] < START_MTS


def test_trades_are_newest_first_and_120_unless_asked_otherwise(api: RestApi) -> None:
    newest = get(api, "trades/tBTCUSD/hist")
    assert len(newest) == 120
    assert newest == sorted(newest, key=lambda row: -row[0])
    assert get(api, "trades/tBTCUSD/hist?limit=7") == newest[:7]
    oldest = get(api, "trades/tBTCUSD/hist?limit=10000&sort=1")
    assert oldest == sorted(oldest, key=lambda row: row[0])
    assert oldest[:-121:-1] == newest
    assert len(get(api, "trades/fUSD/hist?limit=1")[0]) == 5


def test_bounds_are_included_and_decide_before_the_limit(api: RestApi) -> None:
    every = get(api, "trades/tBTCUSD/hist?limit=10000&sort=1")
    start, end = every[100][1], every[300][1]
    within = [row for row in every if start <= row[1] <= end]
    assert within[0][1] == start
    assert within[-1][1] == end
    bounds = f"trades/tBTCUSD/hist?start={start}&end={end}"
    assert get(api, f"{bounds}&limit=10000&sort=1") == within
    assert get(api, f"{bounds}&limit=3&sort=1") == within[:3]
    assert get(api, f"{bounds}&limit=3") == within[:-4:-1]
    assert get(api, f"trades/tBTCUSD/hist?start={every[-1][1] + 1}") == []


def test_everything_since_the_opening_can_be_paged_through(api: RestApi, market: Market) -> None:
    """As a client fills a hole: page by page, each from the last one's time."""
    every = get(api, "trades/tBTCUSD/hist?limit=10000&sort=1")
    paged: list[Any] = []
    start = 0
    while len(rows := get(api, f"trades/tBTCUSD/hist?start={start}&limit=500&sort=1")) > 1:
        paged += [row for row in rows if not paged or row[0] > paged[-1][0]]
        if start == rows[-1][1]:
            break
        start = rows[-1][1]
    assert paged == every
    assert len(every) == len(market.listings["tBTCUSD"].tape)


def test_candles_have_a_history_and_a_last_one(api: RestApi, market: Market) -> None:
    rows = get(api, "candles/trade:1m:tBTCUSD/hist?limit=10")
    assert len(rows) == 10
    assert rows == sorted(rows, key=lambda row: -row[0])
    assert get(api, "candles/trade%3A1m%3AtBTCUSD/last") == rows[0]
    start = START_MTS + MINUTE
    bounded = f"candles/trade:1m:tBTCUSD/hist?start={start}&end={start + MINUTE}&sort=1"
    assert [row[0] for row in get(api, bounded)] == [start, start + MINUTE]
    assert len(get(api, "candles/trade:5m:fUSD:a30:p2:p30/hist")) <= 100
    assert get(api, "candles/trade:5m:fUSD:p31/last") == []
    wish = candles_of("trade:1h:tBTCF0:USTF0", market.instruments)
    assert wish is not None
    known = market.listings[wish.symbol].candles.since(0, "1h", (0,))
    assert get(api, f"candles/{wish.key}/hist?limit=10000")[0][0] == known[0].mts
    assert known[0].mts % HOUR == 0


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("ticker/tNOPE", "symbol: invalid"),
        ("trades/tNOPE/hist", "symbol: invalid"),
        ("trades/tBTCUSD/hist?limit=10001", "limit: invalid"),
        ("trades/tBTCUSD/hist?limit=0", "limit: invalid"),
        ("trades/tBTCUSD/hist?limit=x", "limit: invalid"),
        ("trades/tBTCUSD/hist?start=1.5", "start: invalid"),
        ("trades/tBTCUSD/hist?sort=up", "sort: invalid"),
        ("candles/trade:2m:tBTCUSD/hist", "key: invalid"),
        ("candles/trade:1m:tBTCUSD/hist?limit=10001", "limit: invalid"),
        ("book/tBTCUSD/P9", "precision: invalid"),
        ("book/tBTCUSD/P0?len=26", "length: invalid"),
        ("conf/pub:list:nope", "key: invalid"),
    ],
)
def test_a_bad_parameter_is_a_server_error_with_its_reason(
    api: RestApi, path: str, reason: str
) -> None:
    answer = api.answer("/v2/" + path, 0.0)
    assert answer.status == 500
    assert json.loads(answer.body) == ["error", 10020, reason]


@pytest.mark.parametrize(
    "path", ["", "nope", "ticker", "ticker/a/b", "trades/tBTCUSD", "candles/x/nope", "status/x"]
)
def test_an_unknown_path_is_answered_with_a_page(api: RestApi, path: str) -> None:
    answer = api.answer("/v2/" + path, 0.0)
    assert (answer.status, answer.content_type) == (404, "text/html")
    assert b"<html>" in answer.body


def test_each_endpoint_has_its_own_limit_and_a_minutes_block(market: Market) -> None:
    api = RestApi(market, 2, 60.0)
    asked = [(0.0, 200), (30.0, 200), (31.0, 429), (62.0, 429), (90.9, 429), (91.0, 200)]
    for now, status in asked:
        answer = api.answer("/v2/ticker/tBTCUSD", now)
        assert answer.status == status, now
        if status == 429:
            assert answer.body == b'{"error":"ERR_RATE_LIMIT"}'
            assert api.answer("/v2/platform/status", now + 100 * now).status == 200


def test_both_wires_tell_of_one_market_on_one_port() -> None:
    with DemoExchange(seed=4, rate=0.001) as exchange, Client(exchange.url) as client:
        client.subscribe("trades", "tBTCUSD")
        snapshot = client.frame()[1]
        with urllib.request.urlopen(
            exchange.rest_url + "/trades/tBTCUSD/hist?limit=30", timeout=20
        ) as answer:
            assert answer.headers["Content-Type"].startswith("application/json")
            assert json.load(answer) == snapshot
        assert client.ask("pong", event="ping")  # the socket lives on
