"""One connection's life: what may follow what, and when it is tried again."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bfxstream.errors import ConnectionFailed
from bfxstream.protocol.status import State
from bfxstream.stream.life import Life
from bfxstream.stream.policy import Policy

POLICY = Policy()
FAILURE = ConnectionFailed("for a test")
FINAL = ConnectionFailed("for a test", permanent=True)


def life(**options) -> Life:
    return Life(POLICY, rng=Random(1), **options)


def live(now: float, **options) -> Life:
    """A life whose connection has been confirmed."""
    made = life(**options)
    made.begun(now)
    made.opened()
    made.confirmed(now)
    return made


def fail(failing: Life, now: float, *, first: bool = False, at_least: float = 0.0) -> float:
    return failing.failed(FAILURE, now, first=first, at_least=at_least)


# What may follow what.


def test_a_connection_is_made_then_confirmed_then_live():
    new = life()
    assert new.state is State.CONNECTING
    new.begun(0)
    new.opened()
    assert new.state is State.CONFIRMING
    new.confirmed(1)
    assert new.state is State.LIVE


def test_further_confirmations_change_nothing():
    living = live(0)
    living.confirmed(1)
    assert living.state is State.LIVE


def test_maintenance_pauses_and_then_everything_is_confirmed_anew():
    living = live(0)
    living.paused()
    living.paused()
    assert living.state is State.MAINTENANCE
    living.resumed()
    assert living.state is State.CONFIRMING
    living.confirmed(9)
    assert living.state is State.LIVE


def test_an_end_of_maintenance_that_never_began_changes_nothing():
    living = live(0)
    living.resumed()
    assert living.state is State.LIVE


def test_maintenance_may_be_met_at_connect():
    new = life()
    new.opened()
    new.paused()
    assert new.state is State.MAINTENANCE


def test_after_a_failure_it_waits_and_then_connects():
    living = live(0)
    delay = fail(living, 10)
    assert living.state is State.RECONNECTING
    assert living.retry_at == 10 + delay
    assert not living.due(10 + delay / 2)
    assert living.due(10 + delay)
    assert living.state is State.CONNECTING
    assert living.retry_at is None


def test_what_is_closed_stays_closed():
    living = live(0)
    living.close()
    living.close()
    assert living.state is State.CLOSED
    with pytest.raises(RuntimeError):
        living.opened()


@pytest.mark.parametrize("happened", [Life.opened, lambda waiting: fail(waiting, 6)])
def test_what_cannot_follow_is_a_fault_of_ours(happened):
    waiting = live(0)
    fail(waiting, 5)
    with pytest.raises(RuntimeError):
        happened(waiting)


HAPPENINGS = {
    "open": lambda being, now: being.opened(),
    "confirm": lambda being, now: being.confirmed(now),
    "pause": lambda being, now: being.paused(),
    "resume": lambda being, now: being.resumed(),
    "fail": fail,
    "due": lambda being, now: being.due(now),
    "close": lambda being, now: being.close(),
}


@given(st.lists(st.tuples(st.sampled_from(sorted(HAPPENINGS)), st.floats(0, 100)), max_size=60))
def test_whatever_happens_it_waits_exactly_while_it_is_reconnecting(happenings):
    being, now = life(), 0.0
    for name, passed in happenings:
        now += passed
        before = being.state
        try:
            HAPPENINGS[name](being, now)
        except RuntimeError:
            assert being.state is before
        assert (being.retry_at is not None) is (being.state is State.RECONNECTING)
        assert before is not State.CLOSED or being.state is State.CLOSED


# When it is tried again.


def test_failures_in_a_row_wait_ever_longer_up_to_a_minute():
    longest = [0.0] * 12
    for seed in range(300):
        failing, now = Life(POLICY, rng=Random(seed)), 0.0
        for attempt in range(12):
            now += (delay := fail(failing, now))
            longest[attempt] = max(longest[attempt], delay)
            assert failing.due(now)
    assert all(longest[i] <= min(60, 2**i) for i in range(12))
    assert all(later > earlier for earlier, later in pairwise(longest[:7]))
    assert failing.attempts == 12


@pytest.mark.parametrize(
    ("lived", "attempts"), [(POLICY.healthy_after - 1, 6), (POLICY.healthy_after, 1)]
)
def test_half_a_minute_of_health_starts_the_backoff_anew(lived, attempts):
    being, now = life(), 0.0
    for _ in range(5):
        now += fail(being, now)
        being.due(now)
    being.opened()
    being.confirmed(now)
    fail(being, now + lived)
    assert being.attempts == attempts


def test_health_counts_from_the_first_confirmation_and_goes_on_in_maintenance():
    unconfirmed = life()
    fail(unconfirmed, 0)
    unconfirmed.due(100)
    unconfirmed.opened()
    fail(unconfirmed, 1000)
    assert unconfirmed.attempts == 2
    paused = live(0)
    fail(paused, 0)
    paused.due(100)
    paused.opened()
    paused.confirmed(100)
    paused.paused()
    fail(paused, 100 + POLICY.healthy_after)
    assert paused.attempts == 1


def test_a_least_wait_is_kept():
    assert fail(live(0), 5, at_least=60) >= 60


def test_a_final_failure_is_raised_at_once():
    with pytest.raises(ConnectionFailed) as raised:
        live(0).failed(FINAL, 5, first=False)
    assert raised.value is FINAL


def test_without_reconnecting_the_first_failure_is_raised():
    with pytest.raises(ConnectionFailed):
        fail(live(0, reconnect=False), 5)


# How long it is tried.


def give_up_at(being: Life, now: float, *, first: bool) -> float:
    """When the failure is raised, where every attempt fails at once."""
    while True:
        try:
            now += fail(being, now, first=first)
        except ConnectionFailed:
            return now
        being.due(now)
        being.begun(now)


def test_the_first_connection_is_tried_for_ten_seconds():
    new = life()
    new.begun(100)
    assert new.time_left(104, first=True) == 6
    assert give_up_at(new, 100, first=True) == pytest.approx(110)


def test_a_further_one_is_tried_for_ever():
    assert live(0).time_left(1e9, first=False) == float("inf")


@pytest.mark.parametrize("first", [True, False])
def test_the_user_says_how_long_to_try(first):
    being = life(retry_for=42)
    being.begun(100)
    assert give_up_at(being, 100, first=first) == pytest.approx(142)


def test_the_time_to_try_begins_anew_with_each_loss():
    being = live(0, retry_for=42)
    assert give_up_at(being, 500, first=False) == pytest.approx(542)


def test_time_before_the_first_attempt_does_not_count():
    assert life(retry_for=42).time_left(1000, first=True) == 42


def test_a_least_wait_beyond_the_time_to_try_is_not_waited():
    with pytest.raises(ConnectionFailed):
        fail(life(), 0, first=True, at_least=60)
