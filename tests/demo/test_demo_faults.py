"""Faults as plans, as what is done to frames, and as what happens when; no socket."""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter
from random import Random
from typing import Any

import pytest

from bfxstream.demo.conditions import Condition, Conditions
from bfxstream.demo.fault_plans import (
    ALL,
    LASTING,
    FaultPlan,
    Kind,
    Moment,
    Schedule,
    parse_fault,
)
from bfxstream.demo.faults import Faults
from bfxstream.demo.log import ServerLog
from bfxstream.demo.tampering import TAMPERINGS
from bfxstream.errors import UsageError


def test_a_fault_is_its_kind_and_its_pace() -> None:
    assert parse_fault("drop") == FaultPlan((Kind.DROP,), 30.0)
    assert parse_fault("drop:every=5s") == FaultPlan((Kind.DROP,), 5.0)
    assert parse_fault("skip:every=1000") == FaultPlan((Kind.SKIP,), frames=1000)
    stall = parse_fault("stall:every=1m,for=40s")
    assert (stall.kinds, stall.seconds, stall.lasting[Kind.STALL]) == ((Kind.STALL,), 60.0, 40.0)
    assert parse_fault("http-503:for=2").lasting[Kind.HTTP_503] == 2.0


def test_a_fault_at_orders_is_counted_by_them() -> None:
    each = parse_fault("drop:on=answer")
    assert (each.on, each.frames, each.seconds) == (Moment.ANSWER, 1, None)
    some = parse_fault("stall:on=order,every=5,for=2s")
    assert (some.on, some.frames, some.lasting[Kind.STALL]) == (Moment.ORDER, 5, 2.0)


def test_all_is_every_kind_that_can_be_recovered_from() -> None:
    plan = parse_fault("all:every=3s,scale=0.1")
    assert set(plan.kinds) == set(Kind) - {Kind.NO_HISTORY}
    assert plan.lasting[Kind.STALL] == pytest.approx(LASTING[Kind.STALL] / 10)


def test_history_is_gone_from_the_start_unless_a_pace_is_given() -> None:
    always = parse_fault("no-history")
    assert (always.seconds, always.lasting[Kind.NO_HISTORY]) == (None, math.inf)
    assert parse_fault("no-history:every=1m,for=10s").seconds == 60.0


@pytest.mark.parametrize(
    ("spec", "named"),
    [
        ("explode", "'explode' is no fault; use one of all, drop"),
        ("", "'' is no fault"),
        ("drop:every=soon", "'soon' is not a time"),
        ("drop:every=0", "'0' is not a time"),
        ("drop:every", "'' is not a time"),
        ("drop:for=5s", "drop has no 'for'"),
        ("drop:scale=2", "drop has no 'scale'"),
        ("all:for=5s", "all has no 'for'"),
        ("all:scale=0", "'0' is not a factor"),
        ("all:scale=x", "'x' is not a factor"),
        ("stall:until=5s", "stall has no 'until'"),
        ("skip:on=order", "no such fault strikes on=order; use drop or stall with on=order"),
        ("truncate:on=order", "no such fault strikes on=order"),
        ("drop:on=sight", "no such fault strikes on=sight"),
        ("all:on=answer", "no such fault strikes on=answer"),
        ("drop:on=answer,every=5s", "'5s' is no number of orders"),
    ],
)
def test_what_is_no_fault_is_named(spec: str, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        parse_fault(spec)


def times(plan: FaultPlan, seed: int, seconds: float) -> list[tuple[float, Kind]]:
    schedule = Schedule(plan, Random(seed), 100.0)
    found = []
    while (now := schedule.due_at) < 100.0 + seconds:
        kind = schedule.take(now, 0)
        assert kind is not None
        assert schedule.take(now, 0) is None
        found.append((now, kind))
    return found


def test_the_seed_decides_when_what_happens_and_each_kind_comes_in_its_turn() -> None:
    plan = parse_fault("all:every=3s")
    found = times(plan, 1, 3000)
    assert found == times(plan, 1, 3000) != times(plan, 2, 3000)
    gaps = [after - before for (before, _), (after, _) in itertools.pairwise(found)]
    assert min(gaps) >= 1.5
    assert max(gaps) <= 4.5
    assert 2.8 < sum(gaps) / len(gaps) < 3.2
    counts = Counter(kind for _, kind in found)
    assert set(counts) == set(ALL)
    assert max(counts.values()) - min(counts.values()) <= 1


def test_faults_that_nobody_can_feel_do_not_gather() -> None:
    world = World("drop:every=5s", "maintenance:every=5s,for=1s")
    world.advance(0.0)
    world.links[0].serving = False
    for now in range(1, 3600):
        world.advance(float(now))
    assert world.faults.counts == {}
    world.links[0].serving = True
    world.advance(3600.0)
    assert world.faults.counts == {"drop": 1, "maintenance": 1}


def test_a_pace_may_be_of_frames() -> None:
    schedule = Schedule(parse_fault("skip:every=100"), Random(1), 0.0)
    at = [frames for frames in range(10_000) if schedule.take(5.0, frames)]
    assert 80 < len(at) < 120
    assert all(50 <= after - before <= 150 for before, after in itertools.pairwise(at))


FRAMES = [
    b'{"event":"subscribed","chanId":7}',
    b"[7,[[1,1,1]],1]",
    b"[7,[2,1,1],2]",
    b'[7,"cs",-1175357890,3]',
    b'[7,"hb",4]',
]


@pytest.mark.parametrize("seed", range(20))
def test_a_skipped_frame_is_gone_with_its_number(seed: int) -> None:
    done = TAMPERINGS[Kind.SKIP](FRAMES, Random(seed))
    assert done is not None
    (lost,) = set(FRAMES) - set(done.payloads)
    assert lost.startswith(b"[")
    assert done.payloads == [frame for frame in FRAMES if frame != lost]
    assert done.what == lost.decode()


@pytest.mark.parametrize("seed", range(20))
def test_a_duplicate_follows_its_frame_with_the_same_number(seed: int) -> None:
    done = TAMPERINGS[Kind.DUP](FRAMES, Random(seed))
    assert done is not None
    place = done.payloads.index(done.what.encode())
    assert done.payloads[place] == done.payloads[place + 1]
    assert done.payloads[:place] + done.payloads[place + 1 :] == FRAMES


def test_a_corrupt_checksum_is_another_number_and_nothing_else() -> None:
    done = TAMPERINGS[Kind.CORRUPT_CHECKSUM](FRAMES, Random(1))
    assert done is not None
    changed = [place for place, frame in enumerate(FRAMES) if done.payloads[place] != frame]
    assert changed == [3]
    kind, number, tail = json.loads(done.payloads[3])[1:]
    assert (kind, tail) == ("cs", 3)
    assert number != -1175357890
    assert -(2**31) <= number < 2**31


@pytest.mark.parametrize("seed", range(40))
def test_garbage_is_put_between_frames_and_none_is_lost(seed: int) -> None:
    done = TAMPERINGS[Kind.GARBAGE](FRAMES, Random(seed))
    assert done is not None
    assert len(done.payloads) == len(FRAMES) + 1
    assert [frame for frame in done.payloads if frame in FRAMES] == FRAMES
    assert done.what.isprintable()


def test_a_truncated_frame_is_the_last_one() -> None:
    done = TAMPERINGS[Kind.TRUNCATE](FRAMES, Random(3))
    assert done is not None
    assert done.breaks_off
    assert done.payloads == FRAMES[: len(done.payloads)]
    assert done.payloads[-1].startswith(b"[")


@pytest.mark.parametrize("kind", [Kind.SKIP, Kind.DUP, Kind.CORRUPT_CHECKSUM, Kind.TRUNCATE])
def test_what_has_no_frame_is_left_alone(kind: Kind) -> None:
    assert TAMPERINGS[kind](FRAMES[:1], Random(1)) is None


class FakeLink:
    """A client that notes what is done to it, as session and wire in one."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.serving = True
        self.done: list[Any] = []
        self.session = self.wire = self

    def channels(self) -> list[int]:
        return [10, 20]

    def __getattr__(self, name: str) -> Any:
        return lambda *given: self.done.append((name, *given) if given else name)


class World:
    """Faults, and the clients that they happen to."""

    def __init__(self, *specs: str, clients: int = 1) -> None:
        self.links: list[Any] = [FakeLink(number) for number in range(1, clients + 1)]
        self.conditions: Conditions = set()
        self.log = ServerLog()
        plans = [parse_fault(spec) for spec in specs]
        self.faults = Faults(plans, Random(1), self.conditions, self.log)

    def inject(self, spec: str) -> None:
        self.faults.inject(parse_fault(spec))

    def advance(self, now: float) -> None:
        self.faults.advance(now, self.links)


def test_a_fault_may_strike_at_an_order_and_at_every_so_many() -> None:
    world = World("drop:on=order,every=3", clients=2)
    world.advance(0.0)
    struck = [world.faults.strike(Moment.ORDER, world.links[1], 0.0) for _ in range(3000)]
    assert not any(world.faults.strike(Moment.ANSWER, world.links[1], 0.0) for _ in range(100))
    assert 900 < sum(struck) < 1100
    assert world.faults.counts == {"drop": sum(struck)}
    assert (world.links[0].done, set(world.links[1].done)) == ([], {"reset"})


def test_an_answer_is_cut_off_on_the_connection_that_it_is_for() -> None:
    world = World("truncate:on=answer", clients=2)
    asking, other = world.links[1], world.links[0]
    assert not world.faults.strike(Moment.ORDER, asking, 0.0)
    assert world.faults.strike(Moment.ANSWER, asking, 0.0)
    assert world.faults.tamper(other, FRAMES) == (FRAMES, False)
    payloads, breaks_off = world.faults.tamper(asking, FRAMES)
    assert breaks_off
    assert payloads[-1].startswith(b"[")
    world.faults.strike(Moment.ORDER, asking, 0.0)
    assert world.faults.strike(Moment.ANSWER, asking, 0.0)
    world.links.remove(asking)
    world.advance(1.0)
    assert world.faults.tamper(asking, FRAMES) == (FRAMES, False), "it is gone, and its fault"


@pytest.mark.parametrize(
    ("spec", "done"),
    [
        ("drop", ["reset"]),
        ("stall", ["stall", "close"]),
        ("slow", ["slow_down"]),
        ("reconnect", ["announce_stop"]),
        ("maintenance", ["pause"]),
        ("reject", [("close", 1012)]),
        ("http-503", [("close", 1012)]),
    ],
)
def test_a_fault_happens_to_a_client_and_is_accounted_for(spec: str, done: list[Any]) -> None:
    world = World()
    world.inject(spec)
    assert world.faults.counts == {}
    world.advance(0.0)
    assert [each for each in world.links[0].done if each[0] != "trickle"] == done
    assert world.faults.counts == {spec: 1}
    (entry,) = world.log.entries
    assert (entry.event, entry.details["kind"]) == ("fault", spec)


def test_a_fault_waits_for_a_client_that_is_served() -> None:
    world = World()
    world.links[0].serving = False
    world.inject("drop")
    world.advance(0.0)
    assert world.faults.counts == {}
    world.links[0].serving = True
    world.advance(1.0)
    assert world.faults.counts == {"drop": 1}


def test_a_muted_channel_is_one_of_the_clients() -> None:
    world = World()
    world.inject("mute")
    world.advance(0.0)
    assert world.links[0].done[0] in (("mute", 10), ("mute", 20))
    assert world.log.entries[0].details["chan_id"] == world.links[0].done[0][1]


@pytest.mark.parametrize(
    ("kind", "condition", "afterwards"),
    [
        ("maintenance", Condition.MAINTENANCE, ["resume"]),
        ("reject", Condition.REJECTING, []),
        ("http-503", Condition.UNAVAILABLE, []),
        ("no-history", Condition.NO_HISTORY, []),
    ],
)
def test_what_lasts_for_a_while_ends_and_is_not_begun_twice(
    kind: str, condition: Condition, afterwards: list[str]
) -> None:
    world = World()
    for _ in range(2):
        world.inject(f"{kind}:for=10s")
    world.advance(0.0)
    world.advance(9.9)
    assert world.conditions == {condition}
    assert world.faults.counts == {kind: 1}
    assert world.faults.next_due() == 10.0
    world.links[0].done.clear()
    world.links[0].serving = False
    world.advance(10.0)
    assert world.links[0].done == afterwards
    if kind == "no-history":
        assert world.faults.counts == {kind: 2}
    else:
        assert world.conditions == set()


def test_whoever_ignores_the_call_to_reconnect_is_closed() -> None:
    world = World(clients=3)
    world.inject("reconnect:for=5s")
    world.advance(0.0)
    world.advance(5.0)
    assert [link.done for link in world.links] == [["announce_stop", ("close", 1012)]] * 3


def test_a_slow_wire_trickles_until_it_is_over() -> None:
    world = World()
    world.inject("slow:for=1s")
    now = 0.0
    while now < 1.5:
        world.advance(now)
        now = min(world.faults.next_due(), now + 0.5)
    names = [each if isinstance(each, str) else each[0] for each in world.links[0].done]
    assert names[0] == "slow_down"
    assert names[-1] == "speed_up"
    assert 30 < names.count("trickle") < 70
    assert world.faults.next_due() == math.inf


def test_a_frames_fault_waits_for_a_frame_that_suits_it() -> None:
    world = World()
    link = world.links[0]
    world.inject("corrupt-checksum")
    world.advance(0.0)
    assert world.faults.tamper(link, FRAMES[:3]) == (FRAMES[:3], False)
    assert world.faults.counts == {}
    assert world.faults.tamper(link, FRAMES)[0] != FRAMES
    assert world.faults.tamper(link, FRAMES) == (FRAMES, False)
    assert world.faults.counts == {"corrupt-checksum": 1}


def test_plans_begin_with_the_first_subscription() -> None:
    world = World("drop:every=10s", "no-history")
    world.links[0].serving = False
    world.advance(1000.0)
    assert world.faults.next_due() == math.inf
    world.links[0].serving = True
    world.advance(2000.0)
    assert world.conditions == {Condition.NO_HISTORY}
    assert 2005.0 <= world.faults.next_due() <= 2015.0
    world.advance(world.faults.next_due())
    assert world.faults.counts == {"no-history": 1, "drop": 1}
