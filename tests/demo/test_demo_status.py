"""Status channels: derivatives sampled from their books, liquidations that really trade."""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import Decimal
from itertools import groupby, pairwise
from typing import Any

import pytest
from hub_clock import Clock

from bfxstream.demo.candles import HOUR
from bfxstream.demo.feeds import LiquidationsFeed
from bfxstream.demo.instruments import INSTRUMENTS
from bfxstream.demo.keys import (
    DerivativeSubscription,
    LiquidationsSubscription,
    status_of,
)
from bfxstream.demo.market import START_MTS, Market
from bfxstream.protocol.channels import TradesSubscription

DERIV = DerivativeSubscription("tBTCF0:USTF0", "deriv:tBTCF0:USTF0")
LIQUIDATIONS = LiquidationsSubscription("global", "liq:global")

MTS, PRICE, SPOT, FUND, NEXT, ACCRUED, STEP, CURRENT, MARK, INTEREST, CLAMP_MIN, CLAMP_MAX = (
    *(0, 2, 3, 5, 7, 8, 9, 11, 14, 17, 21, 22),
)
NAMED = {MTS, PRICE, SPOT, FUND, NEXT, ACCRUED, STEP, CURRENT, MARK, INTEREST, CLAMP_MIN, CLAMP_MAX}


def test_a_derivatives_row_has_every_field_in_its_place() -> None:
    market = Market(6)
    for symbol in ("tBTCF0:USTF0", "tETHF0:USTF0"):
        listing = market.listings[symbol]
        spot = market.listings[listing.instrument.underlying]
        assert listing.status is not None
        row = json.loads(listing.status.row)
        assert len(row) == 23
        assert {place for place, value in enumerate(row) if value is not None} == NAMED
        assert row[MTS] == START_MTS
        assert row[NEXT] == START_MTS + 8 * HOUR
        assert row[STEP] == 0
        bid, ask = spot.engine.bids.best, spot.engine.asks.best
        assert bid is not None
        assert ask is not None
        assert row[SPOT] == pytest.approx((bid + ask) / 2 / 10**spot.instrument.price_decimals)
        assert row[PRICE] == pytest.approx(row[SPOT], rel=0.05)
        assert row[CLAMP_MIN] <= row[CURRENT] <= row[CLAMP_MAX]
        assert min(row[FUND], row[INTEREST]) > 0


def test_a_derivative_is_sent_every_second_and_changes_every_third() -> None:
    clock = Clock(100)  # the market's seconds are as long as ours
    recorder = clock.subscribe(DERIV)
    clock.run(31.1)
    rows = [json.loads(body) for body in recorder.bodies()]
    assert len(rows) == 31
    repeats = [len(list(same)) for _, same in groupby(rows)]
    assert set(repeats[1:-1]) == {3}
    assert all(row[MTS] % 3000 == 0 for row in rows)
    steps = [row[STEP] for row in rows]
    assert all(after - before in (0, 1) for before, after in pairwise(steps))


def test_what_accrued_becomes_the_current_funding_at_the_event() -> None:
    market = Market(6, START_MTS + 8 * HOUR - 4_000)
    status = market.listings["tBTCF0:USTF0"].status
    assert status is not None
    while market.next_at < 3_500:
        market.step()
    before = json.loads(status.row)
    assert before[STEP] == 9599  # a sample each 3 s of 8 hours, but for the last
    while market.next_at < 5_000:
        market.step()
    after = json.loads(status.row)
    assert after[CURRENT] == before[ACCRUED]
    assert after[STEP] == 1
    assert after[NEXT] == before[NEXT] + 8 * HOUR


@pytest.mark.parametrize("key", ["deriv:tBTCUSD", "deriv:tNOPE", "liq:tBTCUSD", "", "x", 5, None])
def test_a_status_of_nothing_known_is_no_subscription(key: object) -> None:
    assert status_of(key, {each.symbol: each for each in INSTRUMENTS}) is None


def test_a_liquidation_is_triggered_and_then_matched_by_real_trades() -> None:
    clock = Clock(5000)
    recorder = clock.subscribe(LIQUIDATIONS)
    tapes = {
        symbol: clock.subscribe(TradesSubscription(symbol))
        for symbol in ("tBTCF0:USTF0", "tETHF0:USTF0")
    }
    clock.run(7)
    traded = defaultdict(set)
    for symbol, tape in tapes.items():
        for body in tape.bodies():
            if body.startswith(b'"te",'):
                _, mts, amount, price = json.loads(body[5:], parse_float=Decimal)
                traded[symbol].add((mts, amount, price))
    positions: dict[int, list[Any]] = {}
    for body in recorder.bodies():
        for row in json.loads(body, parse_float=Decimal):
            assert len(row) == 12
            assert row[0] == "pos"
            positions.setdefault(row[1], []).append(row)
    assert len(positions) > 5
    for trigger, *matches in list(positions.values())[:-1]:
        assert (trigger[8], trigger[11]) == (0, None)
        assert matches
        assert sum(row[5] for row in matches) == trigger[5]
        for match in matches:
            assert match[4] == trigger[4]
            assert match[8] == 1
            # A long position is sold: its owner is the taker.
            assert (int(match[2]), -match[5], match[11]) in traded[match[4]]


def test_the_first_frame_of_liquidations_is_an_old_one() -> None:
    snapshot = json.loads(LiquidationsFeed(Market(3).liquidations).snapshot())
    assert len(snapshot) == 1
    assert START_MTS - 12 * HOUR <= snapshot[0][2] <= START_MTS - HOUR
