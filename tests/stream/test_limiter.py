"""The exchange's limits of connects and requests, over a whole process."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bfxstream.stream.limiter import RateLimiter, endpoint_of
from bfxstream.stream.policy import RateLimit

URL = "wss://api-pub.bitfinex.com/ws/2"
LIMIT = RateLimit(3, 60.0)


class Trying:
    """Attempts at one endpoint that end as soon as they begin."""

    def __init__(self) -> None:
        self.limiter = RateLimiter()

    def enter(self, now: float, url: str = URL) -> float:
        wait = self.limiter.enter(url, LIMIT, now)
        if wait == 0:
            self.limiter.leave(url, now)
        return wait

    def forecast(self, count: int, now: float = 0.0) -> float:
        return self.limiter.forecast(URL, LIMIT, count, now)


def test_so_many_attempts_may_begin_at_once_and_the_next_must_wait():
    trying = Trying()
    assert [trying.enter(now) for now in (0, 1, 2)] == [0, 0, 0]
    assert trying.enter(10) == 50
    assert trying.limiter.wait(URL, LIMIT, 20) == 40
    assert trying.enter(60) == 0
    assert trying.enter(60) == 1


def test_an_attempt_counts_until_a_window_after_its_end():
    limiter = RateLimiter()
    for _ in range(3):
        assert limiter.enter(URL, LIMIT, 0) == 0
    assert limiter.enter(URL, LIMIT, 100) > 0, "all of them are still under way"
    limiter.leave(URL, 100)
    assert limiter.enter(URL, LIMIT, 159) == 1
    assert limiter.enter(URL, LIMIT, 160) == 0


def test_endpoints_are_counted_apart():
    trying = Trying()
    for _ in range(3):
        trying.enter(0)
    assert trying.enter(0) > 0
    assert trying.enter(0, "wss://api.bitfinex.com/ws/2") == 0


@pytest.mark.parametrize("url", ["wss://api-pub.bitfinex.com:443/other", URL.upper()[:3] + URL[3:]])
def test_an_endpoint_is_known_by_host_and_port(url):
    assert endpoint_of(url) == endpoint_of(URL)


def test_where_the_exchange_wants_nobody_nobody_goes():
    trying = Trying()
    trying.limiter.keep_away(URL, until=60)
    trying.limiter.keep_away(URL, until=30)
    assert trying.enter(10) == 50
    assert trying.enter(60) == 0


def test_it_is_known_beforehand_how_long_many_attempts_take():
    assert [Trying().forecast(count) for count in (1, 3, 4, 6, 7)] == [0, 0, 60, 60, 120]
    begun = Trying()
    begun.enter(0)
    begun.enter(10)
    assert begun.forecast(1, now=20) == 0
    assert begun.forecast(2, now=20) == 40
    begun.limiter.keep_away(URL, until=100)
    assert begun.forecast(1, now=20) == 80


@given(st.lists(st.integers(0, 20), max_size=200))
def test_no_window_ever_has_more_attempts_than_it_may(pauses):
    trying, now = Trying(), 0
    begun: list[int] = []
    for pause in pauses:
        now += pause
        while (wait := trying.enter(now)) > 0:
            now += int(wait)
        begun.append(now)
        assert sum(then > now - LIMIT.window for then in begun) <= LIMIT.attempts


def test_threads_share_the_places():
    limiter = RateLimiter()
    start = threading.Barrier(8)
    entered: list[float] = []

    def try_it() -> None:
        start.wait()
        entered.extend(limiter.enter(URL, LIMIT, 0) for _ in range(50))

    threads = [threading.Thread(target=try_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert entered.count(0) == LIMIT.attempts
