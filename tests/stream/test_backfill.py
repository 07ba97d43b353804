"""Trades through interruptions: held, filled from the history, and each given once, in order."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tape import Tape, TapeHistory, row, rows

from bfxstream.errors import ConnectionFailed, RateLimited, Refused
from bfxstream.protocol.channels import parse_spec
from bfxstream.protocol.decode import Kind
from bfxstream.protocol.events import Backfilled, Backfilling, Event, Gap
from bfxstream.protocol.records import Stats, Trade
from bfxstream.stream import backfill
from bfxstream.stream.feed import Context, FeedOptions
from bfxstream.stream.feeds import make_feed
from bfxstream.stream.policy import MOST_HELD, Policy

SPEC = "trades:tBTCUSD"
PAGE = 8
POLICY = Policy(history_rows=PAGE)
DOWN = ConnectionFailed("the server is unavailable")


class Following:
    """A feed of a market's trades, and what came of it."""

    def __init__(self, market: Tape) -> None:
        self.market = market
        self.told: list[Event] = []
        self.stats = Stats()
        self.context = Context(
            FeedOptions(),
            self.stats,
            self.told.append,
            lambda index, reason, times: None,
            lambda: 0,
            POLICY,
            TapeHistory(market),
        )
        self.context.now = 1000.0
        self.feed = make_feed(0, parse_spec(SPEC), self.context)
        self.records: list[Trade] = []

    def begin(self, *ids: int) -> None:
        """The first confirmation with its snapshot."""
        self.feed.interrupted()
        self.snapshot(*ids)

    def snapshot(self, *ids: int) -> None:
        self.take(Kind.ROWS, rows(*reversed(ids)), fresh=True)

    def te(self, trade_id: int, *, fresh: bool = False) -> None:
        self.take(Kind.EXECUTED, row(trade_id), fresh=fresh)

    def take(self, kind: Kind, payload: Any, *, fresh: bool = False) -> None:
        self.feed.take(kind, payload, fresh)
        self._note()

    def after(self, seconds: float = 0.0) -> None:
        self.context.now += seconds
        self.feed.tick(self.context.now)
        self._note()

    def end(self) -> None:
        self.feed.end()
        self._note()

    def _note(self) -> None:
        self.records += self.context.out
        self.context.out.clear()

    @property
    def given(self) -> list[tuple[str, int]]:
        return [(record.type, record.id) for record in self.records]

    @property
    def ids(self) -> list[int]:
        return [record.id for record in self.records]

    @property
    def gaps(self) -> list[tuple[int, int]]:
        return [(each.first, each.last) for each in self.told if isinstance(each, Gap)]


def interrupted(market: Tape) -> Following:
    """Trades 1 and 2 were given; after the interruption the snapshot has the newest two."""
    following = Following(market)
    following.begin(1, 2)
    following.feed.interrupted()
    following.snapshot(*market.ids()[-2:])
    return following


def test_what_the_snapshot_does_not_reach_comes_from_the_history_in_order():
    following = interrupted(Tape(*rows(1, 2, 3, 4, 5, 6)))
    following.te(7)
    assert following.given == [
        *[("snapshot", 1), ("snapshot", 2)],
        *[("backfill", 3), ("backfill", 4), ("backfill", 5), ("backfill", 6), ("te", 7)],
    ]
    assert following.told == [Backfilling(SPEC, 2, 5, 2000, 5000), Backfilled(SPEC, 2)]
    assert following.stats.trades_backfilled == 4
    assert following.gaps == []


def test_trades_wait_while_the_history_is_asked_and_follow_what_it_has():
    market = Tape(*rows(1, 2, 3, 4, 5, 6))
    market.slow = True
    following = interrupted(market)
    following.te(7)
    following.after(1)
    assert following.ids == [1, 2], "one answer is waited for, in another thread"
    market.answer_late()
    following.after(0)
    following.te(8)
    assert following.ids == [1, 2, 3, 4, 5, 6, 7, 8]
    assert len(market.asked) == 1


def test_the_first_subscription_has_nothing_to_fill():
    following = Following(Tape(*rows(1, 2, 3)))
    following.begin(3)
    following.te(9)
    assert following.ids == [3, 9]
    assert following.market.asked == []


def test_what_comes_from_a_market_that_had_no_trade_at_all_is_filled_from_its_beginning():
    following = Following(Tape(*rows(1, 2, 3, 4)))
    following.begin()
    following.feed.interrupted()
    following.snapshot(3, 4)
    assert following.ids == [1, 2, 3, 4]
    assert following.gaps == []


def test_a_long_hole_is_filled_page_by_page():
    market = Tape(*rows(*range(1, 5 * PAGE)))
    following = interrupted(market)
    assert following.ids == market.ids()
    starts = [start for start, _ in market.asked]
    assert len(starts) > 5
    assert starts == sorted(set(starts))


@pytest.mark.parametrize("strangeness", ["repeats", "exclusive"])
def test_an_answer_that_repeats_itself_or_leaves_its_bounds_out_is_as_good(strangeness):
    market = Tape(*rows(*range(1, 30)))
    market.repeats, market.inclusive = strangeness == "repeats", strangeness != "exclusive"
    assert interrupted(market).ids == market.ids()


def test_a_history_that_lags_is_asked_again_after_a_while():
    market = Tape(*rows(1, 2, 3, 4, 5, 6))
    market.lag = 3
    following = interrupted(market)
    assert following.ids == [1, 2, 3]
    following.after(POLICY.history_retry * 0.9)
    assert len(market.asked) == 1
    market.lag = 0
    following.after(POLICY.history_retry * 0.2)
    assert following.ids == [1, 2, 3, 4, 5, 6]
    assert following.gaps == []


def test_a_failure_is_outlived_and_a_limit_is_waited_out():
    market = Tape(*rows(1, 2, 3, 4, 5))
    market.failures = [DOWN, RateLimited("too much", wait=40.0), DOWN]
    following = interrupted(market)
    following.after(POLICY.history_retry)
    following.after(39)
    assert len(market.asked) == 2
    following.after(2)
    following.after(2 * POLICY.history_retry)
    assert following.ids == [1, 2, 3, 4, 5]
    assert following.gaps == []


@pytest.mark.parametrize(
    "failure", [Refused("symbol: invalid"), ConnectionFailed("", permanent=True)]
)
def test_what_will_not_get_better_is_a_gap_at_once(failure):
    market = Tape(*rows(1, 2, 3, 4, 5))
    market.failures = [failure]
    following = interrupted(market)
    following.te(6)
    assert following.ids == [1, 2, 4, 5, 6]
    assert following.told[1:] == [Gap(SPEC, 2, 4, 2000, 4000)]


def test_a_history_without_the_trades_is_a_gap_after_so_many_attempts():
    market = Tape(*rows(1, 2, 3, 4, 5))
    market.lag = 5
    following = interrupted(market)
    for _ in range(POLICY.history_attempts + 1):
        assert len(market.asked) <= POLICY.history_attempts
        following.after(POLICY.history_retry * POLICY.history_attempts)
    assert following.gaps == [(2, 4)]
    assert following.ids == [1, 2, 4, 5]
    following.te(6)
    assert following.ids[-1] == 6


@pytest.mark.parametrize("slow", [False, True])
def test_interruptions_do_not_renew_the_patience_with_a_history_that_has_nothing(slow):
    market = Tape(*rows(1, 2, 3, 4, 5))
    market.lag, market.slow = 5, slow
    following = interrupted(market)
    lives_for = POLICY.history_retry
    for last in range(6, 6 + round(POLICY.history_patience / lives_for)):
        following.after(lives_for)
        if following.gaps:
            break
        following.feed.interrupted()
        following.after(POLICY.history_retry)
        following.snapshot(last, last + 1)
    assert following.gaps[0] == (2, 4)
    assert following.ids == sorted(set(following.ids))
    assert all(bound in following.ids for gap in following.gaps for bound in gap)


def test_limits_are_not_waited_out_for_ever():
    market = Tape(*rows(1, 2, 3, 4, 5))
    market.failures = [RateLimited("too much") for _ in range(9)]
    following = interrupted(market)
    for _ in range(4):
        following.after(POLICY.history_patience / 3)
    assert following.gaps == [(2, 4)]


def test_a_history_that_begins_within_the_hole_leaves_a_gap_before_it():
    market = Tape(*rows(1, 2, 3, 4, 5, 6, 7))
    following = Following(market)
    following.begin(1, 2)
    del market.trades[:4]
    following.feed.interrupted()
    following.snapshot(6, 7)
    assert following.ids == [1, 2, 5, 6, 7]
    assert following.gaps == [(2, 5)]


def test_more_trades_in_one_millisecond_than_a_page_has_are_a_gap_that_ends_behind_it():
    many = [row(trade_id, 9000) for trade_id in range(3, 3 + 2 * PAGE)]
    market = Tape(*rows(1, 2), *many, *rows(30, 31, 32))
    following = interrupted(market)
    first, last = following.gaps[0]
    assert (following.gaps, last) == ([(first, 30)], 30)
    assert following.ids == [each for each in market.ids() if not first < each < last]


def test_an_interruption_while_the_history_is_asked_makes_the_hole_larger():
    market = Tape(*rows(1, 2, 3, 4, 5, 6))
    market.slow = True
    following = interrupted(market)
    following.te(7)
    market.trades += rows(7, 8, 9, 10)
    following.feed.interrupted()
    market.slow = False
    following.snapshot(9, 10)
    market.answer_late()
    following.te(11)
    assert following.ids == [*range(1, 12)]
    assert following.gaps == []


def test_what_was_received_is_given_although_the_history_fails():
    market = Tape(*rows(1, 2, 3, 4, 5, 6))
    market.slow = True
    following = interrupted(market)
    following.te(7)
    following.feed.interrupted()
    market.failures = [Refused("no")]
    following.snapshot(9, 10)
    assert following.ids == [1, 2, 5, 6, 7, 9, 10]
    assert following.given[4] == ("te", 7), "it came over the stream"
    assert following.gaps == [(2, 5), (7, 9)]


def test_what_was_held_when_the_run_ends_is_given_behind_its_gaps():
    market = Tape(*rows(1, 2, 3, 4, 5, 6))
    market.slow = True
    following = interrupted(market)
    following.te(7)
    following.feed.interrupted()
    following.te(9, fresh=True)
    following.end()
    assert following.given[2:] == [("backfill", 5), ("backfill", 6), ("te", 7), ("te", 9)]
    assert following.gaps == [(2, 5), (7, 9)]
    following.end()
    assert len(following.records) == 6


def test_a_run_that_ends_between_two_connections_gives_what_it_had():
    market = Tape(*rows(1, 2, 3, 4))
    market.slow = True
    following = interrupted(market)
    following.te(5)
    following.feed.interrupted()
    following.end()
    assert following.ids == [1, 2, 3, 4, 5]


def test_a_run_that_ends_with_nothing_held_has_nothing_to_tell():
    following = Following(Tape(*rows(1, 2)))
    following.begin(1, 2)
    following.feed.interrupted()
    following.end()
    assert (following.ids, following.gaps) == ([1, 2], [])


def test_what_is_too_much_to_hold_is_part_of_the_hole(monkeypatch):
    monkeypatch.setattr(backfill, "MOST_HELD", 10)
    market = Tape(*rows(*range(1, 51)))
    market.slow = True
    following = Following(market)
    following.begin(1, 2)
    following.feed.interrupted()
    following.snapshot(5, 6)
    for trade_id in range(7, 51):
        following.te(trade_id)
    assert len(following.feed._backfill._held) <= 10
    assert sum(map(len, following.feed._backfill._stranded)) <= 10
    market.slow = False
    market.answer_late()
    following.after(0)
    following.after(POLICY.history_retry)
    assert following.ids == market.ids()
    assert MOST_HELD >= 1000


def test_without_its_snapshot_only_the_history_tells_what_was_missed():
    market = Tape(*rows(1, 2, 3, 4, 5, 6))
    following = Following(market)
    following.begin(1, 2)
    following.feed.interrupted()
    following.te(5, fresh=True)
    following.te(6, fresh=True)
    assert following.ids == [1, 2]
    following.after(POLICY.snapshot_wait)
    assert following.ids == [1, 2, 3, 4, 5, 6]


def test_trades_of_a_channel_that_is_left_do_not_hide_what_is_lost_until_it_is_joined_again():
    market = Tape(*rows(*range(1, 13)))
    following = Following(market)
    following.begin(1, 2)
    following.te(4, fresh=True)  # 3 was in the frame that is missing
    following.feed.interrupted()
    following.te(11, fresh=True)
    following.snapshot(9, 10, 11)
    following.te(12)
    assert following.ids == market.ids()
    assert following.gaps == []


def test_what_follows_a_missing_frame_waits_though_an_earlier_hole_is_filled_meanwhile():
    market = Tape(*rows(1, 2, 3, 4, 5, 6))
    market.slow = True
    following = interrupted(market)
    following.te(8, fresh=True)  # 7 was in the frame that is missing
    market.slow = False
    market.answer_late()
    following.after(0)
    market.trades += rows(7, 8, 9)
    following.feed.interrupted()
    following.snapshot(8, 9)
    assert following.ids == [*range(1, 10)]
    assert following.gaps == []


def test_an_update_of_a_trade_that_was_missed_does_not_tell_what_came_before_it():
    following = Following(Tape(*rows(1, 2, 3, 4, 5, 6)))
    following.begin(1, 2)
    following.feed.interrupted()
    following.take(Kind.UPDATED, row(3), fresh=True)
    following.snapshot(5, 6)
    assert following.ids == [1, 2, 3, 4, 5, 6]


# Any truth, any interruptions, any history.

PATIENCE = POLICY.history_retry * POLICY.history_attempts


class Scenario:
    """What happens, drawn step by step, to one feed of a market."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.market = Tape()
        self.following = Following(self.market)
        self.joined = self.fresh = self.confirmed = False
        for trait in ("slow", "repeats", "inclusive"):
            setattr(self.market, trait, draw(st.booleans()))
        for _ in range(draw(st.integers(0, 3))):
            self.trade()
        self.join()
        self.snapshot()

    def trade(self) -> None:
        last = self.market.trades[-1] if self.market.trades else row(100)
        step = self.draw(st.sampled_from([0, 1, 5000]))
        same = [each for each in self.market.trades if each.mts == last.mts]
        mts = last.mts + (step if len(same) < 2 else step or 1)
        executed = row(last.id + self.draw(st.integers(1, 3)), mts)
        self.market.trades.append(executed)
        if self.joined:
            self.following.take(Kind.EXECUTED, executed, fresh=self.fresh)
            if self.draw(st.booleans()):
                self.following.take(Kind.UPDATED, executed, fresh=self.fresh)

    def drop(self) -> None:
        self.joined = False

    def leave(self) -> None:
        """A frame is missing: the channel is left, its trades come meanwhile."""
        if self.joined:
            self.joined = False
            self.trade()
            self.joined = self.fresh = True
            self.confirmed = False

    def join(self) -> None:
        self.following.feed.interrupted()
        self.joined = self.fresh = self.confirmed = True

    def snapshot(self) -> None:
        if self.joined and self.fresh and self.confirmed:
            length = self.draw(st.integers(1, 4))
            latest = self.market.trades[: -length - 1 : -1]
            self.following.take(Kind.ROWS, latest, fresh=True)
            self.fresh = False

    def lose_a_snapshot(self) -> None:
        """It is confirmed, trades come, but nothing more."""
        self.drop()
        self.join()
        self.trade()
        self.drop()

    def wait(self) -> None:
        self.market.answer_late()
        self.following.after(self.draw(st.sampled_from([0.0, 1.0, 4.0, 20.0])))

    def trouble(self) -> None:
        market = self.market
        market.lag = self.draw(st.integers(0, 3))
        market.failures = self.draw(
            st.lists(st.sampled_from([DOWN, RateLimited("", wait=9)]), max_size=2)
        )

    def despair(self) -> None:
        self.market.failures = [DOWN] * self.draw(st.integers(1, 9))

    def end(self) -> None:
        """All is well again, and time passes."""
        self.market.lag, self.market.slow, self.market.failures = 0, False, []
        self.join()
        self.snapshot()
        for _ in range(9):
            self.market.answer_late()
            self.following.after(PATIENCE)
        self.trade()
        self.following.after(PATIENCE)


STEPS = (
    *[Scenario.trade] * 4,
    *[Scenario.drop, Scenario.leave, Scenario.join, Scenario.snapshot, Scenario.lose_a_snapshot],
    *[Scenario.wait, Scenario.wait],
)


def play(data: Any, steps: tuple[Any, ...]) -> Scenario:
    scenario = Scenario(data.draw)
    for step in data.draw(st.lists(st.sampled_from(steps), max_size=40)):
        step(scenario)
    scenario.end()
    ids = scenario.following.ids
    assert all(one < other for one, other in pairwise(ids)), "in order, and none twice"
    assert not scenario.following.feed._backfill.open
    return scenario


def missing(scenario: Scenario) -> set[int]:
    ids = scenario.following.ids
    return {each for each in scenario.market.ids() if each >= ids[0]} - set(ids)


@settings(max_examples=200)
@given(st.data())
def test_any_interruptions_give_every_trade_once_and_in_order(data):
    scenario = play(data, STEPS)
    assert missing(scenario) == set()
    assert scenario.following.gaps == []


@settings(max_examples=100)
@given(st.data())
def test_where_the_history_fails_gaps_cover_all_that_is_missing(data):
    scenario = play(data, (*STEPS, Scenario.trouble, Scenario.despair))
    gaps = scenario.following.gaps
    given_ids = {0, *scenario.following.ids}
    assert all(first in given_ids and last in given_ids for first, last in gaps)
    assert all(any(first < each < last for first, last in gaps) for each in missing(scenario))
