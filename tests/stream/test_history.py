"""The history over REST: asked in the background, within the exchange's limit."""

from __future__ import annotations

import threading

import pytest
from rest_server import PATIENCE, rest_server, saying

from bfxstream.errors import ConnectionFailed, RateLimited
from bfxstream.stream.history import RestHistory
from bfxstream.stream.policy import REQUESTS, Policy


def test_it_is_asked_oldest_first_between_both_bounds_and_nobody_waits():
    asked = threading.Event()

    def answer(path: str) -> tuple[int, bytes]:
        asked.wait(PATIENCE)
        return 200, b"[[7,5,-0.5,70000]]"

    with rest_server(answer) as server:
        trades = RestHistory(server.base, Policy()).trades("tBTCUSD", 1, 9, 100)
        assert not trades.done()
        asked.set()
        [row] = trades.result(PATIENCE)
    assert (row.id, row.mts) == (7, 5)
    assert server.asked == ["/v2/trades/tBTCUSD/hist?start=1&end=9&limit=100&sort=1"]


def test_candles_are_asked_by_their_key():
    with rest_server(saying([[5, 1, 2, 3, 0.5, 10]])) as server:
        candles = RestHistory(server.base, Policy()).candles("trade:1m:tBTCUSD", 1, 9, 100)
        [row] = candles.result(PATIENCE)
    assert row.mts == 5
    assert server.asked == ["/v2/candles/trade:1m:tBTCUSD/hist?start=1&end=9&limit=100&sort=1"]


def test_what_goes_wrong_is_the_answer():
    with rest_server(saying(b"down", 503)) as server:
        answer = RestHistory(server.base, Policy()).trades("tBTCUSD", 1, 9, 100)
        with pytest.raises(ConnectionFailed, match="503"):
            answer.result(PATIENCE)


def test_the_limit_of_requests_holds_and_a_scaled_policy_scales_its_window():
    with rest_server(saying([])) as server:
        history = RestHistory(server.base, Policy().scaled(0.5))
        for _ in range(REQUESTS.attempts):
            history.trades("tBTCUSD", 1, 9, 100).result(PATIENCE)
        with pytest.raises(RateLimited) as raised:
            history.trades("tBTCUSD", 1, 9, 100).result(PATIENCE)
    assert REQUESTS.window / 2 - PATIENCE < raised.value.wait <= REQUESTS.window / 2
    assert len(server.asked) == REQUESTS.attempts
