"""The clock's business: backoff, watch and latency."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bfxstream.stream import policy
from bfxstream.stream.latency import Latency
from bfxstream.stream.policy import Backoff
from bfxstream.stream.watch import Watch

# Backoff.


@given(st.integers(0, 2**32), st.integers(1, 200))
def test_every_wait_is_below_a_bound_that_doubles_up_to_a_minute(seed, attempts):
    backoff = Backoff(Random(seed))
    for attempt in range(attempts):
        bound = min(policy.BACKOFF_MOST, policy.BACKOFF_FIRST * 2**attempt)
        assert 0 <= backoff.next_delay() <= bound
        assert backoff.attempts == attempt + 1


def test_waits_are_spread_over_the_whole_range_below_the_bound():
    delays = [Backoff(Random(seed)).next_delay() for seed in range(200)]
    assert min(delays) < 0.1 * policy.BACKOFF_FIRST
    assert max(delays) > 0.9 * policy.BACKOFF_FIRST


def test_the_same_seed_waits_the_same():
    assert Backoff(Random(7)).next_delay() == Backoff(Random(7)).next_delay()


@given(st.integers(0, 2**32))
def test_a_least_wait_is_kept_and_spread_above_it(seed):
    delay = Backoff(Random(seed)).next_delay(at_least=policy.RATE_LIMIT_WAIT)
    assert policy.RATE_LIMIT_WAIT <= delay <= policy.RATE_LIMIT_WAIT + policy.BACKOFF_FIRST


def test_a_healthy_connection_starts_the_backoff_anew():
    backoff = Backoff(Random(1))
    for _ in range(10):
        backoff.next_delay()
    backoff.reset()
    assert backoff.next_delay() <= policy.BACKOFF_FIRST


# Watch.


def test_a_ping_is_wanted_once_in_a_silence_longer_than_a_heartbeats_interval():
    watch = Watch(now=100)
    assert not watch.wants_ping(100 + policy.PING_AFTER - 0.01)
    assert watch.wants_ping(100 + policy.PING_AFTER)
    assert not watch.wants_ping(100 + policy.PING_AFTER + 1)


def test_whatever_is_heard_ends_the_silence():
    watch = Watch(now=100)
    assert watch.wants_ping(100 + policy.PING_AFTER)
    watch.heard(120)
    assert not watch.wants_ping(120 + policy.PING_AFTER - 0.01)
    assert not watch.is_dead(120 + policy.DEAD_AFTER - 0.01)
    assert watch.wants_ping(120 + policy.PING_AFTER)


def test_a_connection_is_dead_after_a_silence_that_no_living_one_has():
    watch = Watch(now=100)
    assert not watch.is_dead(100 + policy.DEAD_AFTER - 0.01)
    assert watch.is_dead(100 + policy.DEAD_AFTER)


def test_an_answer_to_the_ping_has_time_to_come():
    assert 15 < policy.PING_AFTER < policy.DEAD_AFTER - 5


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
