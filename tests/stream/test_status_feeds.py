"""The feeds of the status channel: each change of a derivative, each liquidation once."""

from __future__ import annotations

import pytest
from feeding import Feeding

from bfxstream.stream.status_feeds import REMEMBERED_LIQUIDATIONS

DERIV, LIQUIDATIONS = "deriv:tBTCF0:USTF0", "liq:global"
STATUS = [
    *[1596124822000, None, 0.896, 0.771995, None, 1396531.67460709, None, 1596153600000],
    *[0.0001056, 6, None, -0.01381344, None, None, 0.7664, None, None, 246502.09001551],
    *[None, None, None, None, 0.3],
]
LATER = [1596124825000, *STATUS[1:]]


def position(pos_id: int, mts: float = 2000, **change) -> list:
    row = ["pos", pos_id, mts, None, "tBTCF0:USTF0", -2.5, 91.5, None, 1, 1, None, 112.25]
    for place, value in change.items():
        row[int(place[1:])] = value
    return row


def ids(records: list[dict]) -> list[int]:
    return [record["pos_id"] for record in records]


# Derivatives.


def test_a_status_has_the_apis_names_without_the_placeholders_and_keeps_null():
    [record] = Feeding(DERIV).take(STATUS)
    assert record == {
        "channel": "deriv",
        "symbol": "tBTCF0:USTF0",
        "mts": 1596124822000,
        "deriv_price": 0.896,
        "spot_price": 0.771995,
        "insurance_fund_balance": 1396531.67460709,
        "next_funding_evt_mts": 1596153600000,
        "next_funding_accrued": 0.0001056,
        "next_funding_step": 6,
        "current_funding": -0.01381344,
        "mark_price": 0.7664,
        "open_interest": 246502.09001551,
        "clamp_min": None,
        "clamp_max": 0.3,
    }


def test_a_short_row_of_former_years_is_filled_with_null():
    [record] = Feeding(DERIV).take(STATUS[:12])
    assert (record["current_funding"], record["mark_price"]) == (-0.01381344, None)


def test_a_status_that_repeats_the_one_before_is_given_only_where_every_one_is_wanted():
    changes, everything = Feeding(DERIV), Feeding(DERIV, every_update=True)
    course = [STATUS, STATUS, STATUS, LATER, LATER, STATUS]
    assert [len(changes.take(row)) for row in course] == [1, 0, 0, 1, 0, 1]
    assert [len(everything.take(row)) for row in course] == [1] * 6


def test_a_status_in_an_array_is_the_last_of_its_rows():
    feeding = Feeding(DERIV)
    assert feeding.take([]) == []
    assert not feeding.feed.complete
    [record] = feeding.take([STATUS, LATER])
    assert record["mts"] == LATER[0]
    assert feeding.feed.complete


# Liquidations.


def test_a_liquidation_has_the_apis_names_and_the_time_that_it_came_with():
    feeding = Feeding(LIQUIDATIONS)
    [record] = feeding.take([position(7, 1574697680828.2002)])
    assert list(record.items()) == [
        ("channel", "liq"),
        ("pos_id", 7),
        ("mts", 1574697680828.2002),
        ("symbol", "tBTCF0:USTF0"),
        ("amount", -2.5),
        ("base_price", 91.5),
        ("is_match", 1),
        ("is_market_sold", 1),
        ("liquidation_price", 112.25),
    ]
    [record] = feeding.take(position(8, _11=None))
    assert record["liquidation_price"] is None


def test_a_position_has_a_row_for_its_trigger_and_for_each_execution():
    feeding = Feeding(LIQUIDATIONS)
    feeding.take([])
    assert ids(feeding.take([position(7, _8=0), position(7)])) == [7, 7]
    assert ids(feeding.take([position(7)])) == [7]


def test_a_snapshot_is_given_oldest_first():
    assert ids(Feeding(LIQUIDATIONS).take([position(9, 30), position(7, 10), position(8, 20)])) == [
        *[7, 8, 9]
    ]


def test_rows_of_other_types_are_left_out():
    feeding = Feeding(LIQUIDATIONS)
    assert ids(feeding.take([["adl", 1], position(7)])) == [7]


def test_without_the_snapshot_what_happened_before_the_stream_began_is_left_out():
    # The stream's clock stands at 1700.
    feeding = Feeding(LIQUIDATIONS, snapshots=False)
    assert ids(feeding.take([position(7, 1699), position(8, 1701)])) == [8]
    feeding.resubscribed()
    assert ids(feeding.take([position(7, 1699), position(9, 1600)])) == [9]


def test_once_is_the_last_liquidation():
    feeding = Feeding(LIQUIDATIONS, once=True)
    assert ids(feeding.take([position(8, 20), position(7, 10)])) == [8]
    assert feeding.feed.complete


def test_after_an_interruption_each_is_given_once_and_a_hole_is_told():
    feeding = Feeding(LIQUIDATIONS)
    feeding.take([position(7, 10)])
    feeding.take([position(8, 20.5)])
    feeding.resubscribed()
    assert ids(feeding.take([position(9, 30), position(8, 20.5)])) == [9]
    assert (feeding.gaps, feeding.stats.duplicates_dropped) == ([], 1)
    feeding.resubscribed()
    assert ids(feeding.take([position(12, 60)])) == [12]
    [gap] = feeding.gaps
    assert (gap.spec, gap.first, gap.last) == (LIQUIDATIONS, 9, 12)
    assert gap.sentence() == "liq:global: liquidations from mts 30 to mts 60 may be missing"


def test_memory_of_what_was_given_is_bounded():
    feeding = Feeding(LIQUIDATIONS)
    feeding.take([position(i) for i in range(REMEMBERED_LIQUIDATIONS + 1)])
    feeding.resubscribed()
    assert ids(feeding.take([position(0), position(1)])) == [0]


@pytest.mark.parametrize("spec", [DERIV, LIQUIDATIONS, "candles:1m:tBTCUSD"])
def test_a_heartbeat_gives_nothing(spec):
    feeding = Feeding(spec)
    assert feeding.take("hb") == []
    assert not feeding.feed.complete
