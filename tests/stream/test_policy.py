"""The clock's business: the policy's times, backoff, watch and latency."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bfxstream.protocol.patience import Patience
from bfxstream.stream.backoff import Backoff
from bfxstream.stream.latency import Latency
from bfxstream.stream.policy import PUBLIC_URL, Policy, RateLimit
from bfxstream.stream.watch import Watch

POLICY = Policy()

# The policy.


def test_every_time_is_scaled_and_no_count():
    scaled = POLICY.scaled(0.1)
    for name in Policy.__struct_fields__:
        before, after = getattr(POLICY, name), getattr(scaled, name)
        if isinstance(before, float):
            assert after == pytest.approx(before / 10), name
        elif isinstance(before, int):
            assert after == before, name
    for name in Patience.__struct_fields__:
        before, after = getattr(POLICY.patience, name), getattr(scaled.patience, name)
        assert after == pytest.approx(before / 10), name


def test_the_two_endpoints_of_the_exchange_have_limits_of_their_own():
    assert POLICY.connect_limit(PUBLIC_URL) == RateLimit(20, 61.0)
    assert POLICY.connect_limit("wss://api.bitfinex.com/ws/2") == RateLimit(5, 16.0)
    assert POLICY.connect_limit("ws://127.0.0.1:8080/ws/2") == RateLimit(20, 61.0)


# Backoff.


def backoff(seed: int = 1) -> Backoff:
    return Backoff(POLICY, Random(seed))


@given(st.integers(0, 2**32), st.integers(1, 200))
def test_every_wait_is_below_a_bound_that_doubles_up_to_a_minute(seed, attempts):
    waiting = backoff(seed)
    for attempt in range(attempts):
        bound = min(POLICY.backoff_most, POLICY.backoff_first * 2**attempt)
        assert 0 <= waiting.next_delay() <= bound
        assert waiting.attempts == attempt + 1


def test_days_without_a_connection_are_waited_out():
    waiting = backoff()
    for _ in range(5000):
        assert waiting.next_delay() <= POLICY.backoff_most


def test_waits_are_spread_over_the_whole_range_below_the_bound():
    delays = [backoff(seed).next_delay() for seed in range(200)]
    assert min(delays) < 0.1 * POLICY.backoff_first
    assert max(delays) > 0.9 * POLICY.backoff_first


def test_the_same_seed_waits_the_same():
    assert backoff(7).next_delay() == backoff(7).next_delay()


@given(st.integers(0, 2**32))
def test_a_least_wait_is_kept_and_spread_above_it(seed):
    delay = backoff(seed).next_delay(at_least=POLICY.rate_limit_wait)
    assert POLICY.rate_limit_wait <= delay <= POLICY.rate_limit_wait + POLICY.backoff_first


def test_a_healthy_connection_starts_the_backoff_anew():
    waiting = backoff()
    for _ in range(10):
        waiting.next_delay()
    waiting.reset()
    assert waiting.next_delay() <= POLICY.backoff_first


# Watch.


def test_a_ping_is_wanted_once_in_a_silence_longer_than_a_heartbeats_interval():
    watch = Watch(POLICY, now=100)
    assert not watch.wants_ping(100 + POLICY.ping_after - 0.01)
    assert watch.wants_ping(100 + POLICY.ping_after)
    assert not watch.wants_ping(100 + POLICY.ping_after + 1)


def test_whatever_is_heard_ends_the_silence():
    watch = Watch(POLICY, now=100)
    assert watch.wants_ping(100 + POLICY.ping_after)
    watch.heard(120)
    assert not watch.wants_ping(120 + POLICY.ping_after - 0.01)
    assert not watch.is_dead(120 + POLICY.dead_after - 0.01)
    assert watch.wants_ping(120 + POLICY.ping_after)


def test_a_connection_is_dead_after_a_silence_that_no_living_one_has():
    watch = Watch(POLICY, now=100)
    assert not watch.is_dead(100 + POLICY.dead_after - 0.01)
    assert watch.is_dead(100 + POLICY.dead_after)


def test_an_answer_to_the_ping_has_time_to_come():
    assert 15 < POLICY.ping_after < POLICY.dead_after - 5


# Latency.


def latency(*times: int) -> Latency:
    noted = Latency()
    for time in times:
        noted.add(time)
    return noted


def test_without_frames_there_is_no_latency():
    assert latency().percentile(0.5) is None


@pytest.mark.parametrize(
    ("share", "expected"), [(0.01, 1), (0.5, 50), (0.51, 51), (0.99, 99), (1.0, 100)]
)
def test_a_percentile_is_the_least_time_that_so_many_did_not_exceed(share, expected):
    assert latency(*range(1, 101)).percentile(share) == expected


def test_one_frame_is_every_percentile():
    assert [latency(7).percentile(share) for share in (0.0, 0.5, 0.99, 1.0)] == [7, 7, 7, 7]


def test_a_clock_behind_counts_as_no_time_and_a_minute_is_the_most():
    assert latency(-500).percentile(0.5) == 0
    assert latency(10**9).percentile(0.5) == 60_000


@given(st.lists(st.integers(0, 60_000), min_size=1, max_size=50), st.floats(0.01, 1))
def test_a_percentile_is_that_of_the_sorted_times(times, share):
    ranked = sorted(times)
    answer = latency(*times).percentile(share)
    assert sum(time <= answer for time in ranked) >= share * len(ranked)
    assert sum(time < answer for time in ranked) < share * len(ranked)
