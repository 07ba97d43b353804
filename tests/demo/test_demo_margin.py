"""The demo account on margin: positions, their profit, what carries them, and hidden orders."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import count, pairwise
from typing import Any

import pytest
from account_layouts import check_message
from hub_clock import Clock

from bfxstream.demo.access import Grant
from bfxstream.demo.engine import Side
from bfxstream.demo.figures import DayFigures
from bfxstream.demo.worth import Worth
from bfxstream.protocol.channels import BookSubscription, Frequency, Precision

BUY = {"type": "MARKET", "symbol": "tBTCUSD"}
FEE = Decimal("0.002")
RAW_BOOK = BookSubscription("tBTCUSD", Precision.R0, Frequency.F0, 250)

_cids = count(1)


class Owner:
    """A session of the account: what it is told, numbers exact."""

    def __init__(self, clock: Clock, *, calculates: bool = False, filters: Any = ()) -> None:
        self.clock = clock
        self.account = clock.hub.account
        self.messages: list[tuple[str, Any]] = []
        self.account.join(self, Grant(trades=True), filters, calculates=calculates)

    def deliver_account(self, code: str, row: bytes) -> None:
        check_message(code, json.loads(row))
        self.messages.append((code, json.loads(row, parse_float=Decimal, parse_int=Decimal)))

    def request(self, code: str, body: Any) -> list[tuple[str, Any]]:
        """Send an input; what it is told until all of it is done, market's events left out."""
        self.messages.clear()
        self.account.request(self, [0, code, None, body], self.clock.now)
        return self.messages

    def order(self, amount: str, **fields: Any) -> list[tuple[str, Any]]:
        return self.request("on", BUY | {"amount": amount, "cid": next(_cids)} | fields)

    def rows(self, code: str) -> list[Any]:
        return [row for each, row in self.messages if each == code]

    def codes(self) -> str:
        return " ".join(code for code, _ in self.messages)

    def margin_dollars(self) -> Decimal:
        rows = [json.loads(row, parse_float=Decimal) for row in self.account.trading.wallets.rows()]
        return next(Decimal(row[2]) for row in rows if row[:2] == ["margin", "USD"])

    def finish(self) -> None:
        """Leave nothing behind."""
        self.request("oc_multi", {"all": 1})
        self.clock.run(0.1)
        for symbol, position in list(self.account.trading.margin.positions.items()):
            amount = "-1" if position.amount > 0 else "1"
            self.order(amount, symbol=symbol, flags=512)
        self.account.leave(self)


@pytest.fixture(scope="module")
def clock() -> Clock:
    """A market that stands still but for the account's orders, unless a test lets it run."""
    return Clock()


@pytest.fixture
def owner(clock: Clock) -> Iterator[Owner]:
    owner = Owner(clock)
    yield owner
    assert "not" not in owner.codes()
    owner.finish()


def figures(clock: Clock, symbol: str = "tBTCUSD") -> DayFigures:
    return clock.hub.market.listings[symbol].figures


def last_price(clock: Clock) -> Decimal:
    listing = clock.hub.market.listings["tBTCUSD"]
    return Decimal(figures(clock).last or 0).scaleb(-listing.instrument.price_decimals)


def mean_price(trades: list[Any]) -> Decimal:
    amount = sum(row[4] for row in trades)
    return Decimal(sum(row[4] * row[5] for row in trades) / amount)


def price_inside(clock: Clock) -> str:
    """A price between the best ones, as soon as there is one."""
    clock.hub.open(clock.now)
    listing = clock.hub.market.listings["tBTCUSD"]
    while True:
        bid, ask = listing.engine.bids.best, listing.engine.asks.best
        assert bid is not None and ask is not None
        price = Decimal(bid).scaleb(-listing.instrument.price_decimals) + 1
        if price < Decimal(ask).scaleb(-listing.instrument.price_decimals):
            return f"{price:f}"
        clock.run(0.1)


def test_a_position_is_opened_enlarged_reduced_flipped_and_closed(owner):
    owner.order("0.1")
    assert owner.codes().startswith("n oc te pn wu")
    opened = owner.rows("te")
    position = owner.rows("pu")[-1] if owner.rows("pu") else owner.rows("pn")[0]
    assert position[2:4] == [Decimal("0.1"), round(mean_price(opened), 10)]
    assert position[6:10] == [None] * 4

    owner.order("0.2")
    base = round(mean_price(opened + owner.rows("te")), 10)
    assert owner.rows("pu")[-1][2:4] == [Decimal("0.3"), base]

    owner.order("-0.1")
    assert owner.rows("pu")[-1][2:4] == [Decimal("0.2"), base]
    assert owner.rows("wu")[-1][5].startswith("Settlement @ ")

    owner.order("-0.5")
    [closed], [turned] = owner.rows("pc"), owner.rows("pn")
    assert (closed[1:4], closed[11]) == (["CLOSED", 0, base], position[11])
    assert turned[11] != closed[11]
    held = owner.rows("pu")[-1] if owner.messages[-2][0] == "pu" else turned
    assert held[2] == Decimal("-0.3")

    owner.order("0.0001", flags=512)
    assert owner.rows("oc")[0][7] == Decimal("0.3")
    assert owner.rows("wu")[-1][5].startswith("Position closed @ ")
    assert not owner.account.trading.margin.positions


def test_the_margin_wallet_moves_by_exactly_the_profits_and_the_fees(owner):
    before, trades = owner.margin_dollars(), []
    for amount in ("0.13", "0.07", "-0.05", "-0.35", "0.2"):
        owner.order(amount)
        trades += owner.rows("te")
        for wallet in owner.rows("wu"):
            assert wallet[:2] == ["margin", "USD"]
    assert sum(row[4] for row in trades) == 0
    profit = -sum(row[4] * row[5] for row in trades)
    fees = sum(abs(row[4]) * row[5] * FEE for row in trades)
    assert owner.margin_dollars() == before + profit - fees


def test_an_execution_has_its_fee_in_the_quote_currency(owner, clock):
    owner.order("0.1")
    executed = {row[0]: row for row in owner.rows("te")}
    clock.run(0.1)
    for update in owner.rows("tu"):
        trade = executed.pop(update[0])
        assert update[9:11] == [-trade[4] * trade[5] * FEE, "USD"]
    assert not executed


def test_profit_and_margin_follow_the_market_for_who_wants_them(clock, owner):
    watcher = Owner(clock, calculates=True)
    owner.order("0.2")
    owner.order("-3", symbol="tETHUSD")
    clock.hub.open(clock.now)
    watcher.messages.clear()
    owner.messages.clear()
    before = figures(clock).last
    clock.run(60.0)
    assert figures(clock).last != before
    margin = owner.account.trading.margin
    watcher.request("calc", [["position_tBTCUSD"], ["margin_base"], ["balance"]])
    [position], [(_, base)], [balance] = map(watcher.rows, ("pu", "miu", "bu"))
    profit = Decimal("0.2") * last_price(clock) - margin.positions["tBTCUSD"].cost
    assert position[6] == round(profit, 8)
    assert position[7] == round(profit / margin.positions["tBTCUSD"].cost * 100, 8)
    assert position[8] < position[3]
    assert base[3] == base[2] + base[0]
    assert balance[1] - balance[0] == base[0]
    # Who has not asked for it hears of a position only when it is traded.
    assert "pu" not in owner.codes()
    owner.account.leave(watcher)


def test_what_changed_is_told_once_a_second_and_only_then(clock, owner):
    owner.order("0.2")
    watcher = Owner(clock, calculates=True)
    assert watcher.codes() == "ps ws os fos fcs fls bu miu miu"
    assert watcher.rows("ps")[0][0][6] is not None
    clock.hub.open(clock.now)
    watcher.messages.clear()
    clock.run(5.0)
    profits = [row[6] for row in watcher.rows("pu")]
    assert 1 <= len(profits) <= 6
    rows = list(map(str, watcher.rows("pu")))
    assert all(row != after for row, after in pairwise(rows))
    owner.account.leave(watcher)


def test_filters_hold_for_what_is_calculated(clock, owner):
    owner.order("0.2")
    watcher = Owner(clock, calculates=True, filters=["balance"])
    assert watcher.codes() == "bu"
    owner.account.leave(watcher)


def test_a_calculation_is_made_for_who_asks_and_nonsense_is_passed_over(owner):
    owner.order("0.1")
    names = ("margin_sym_tBTCUSD", "wallet_margin_USD", "position_tXRPUSD", "margin_sym_x", "x", "")
    owner.request("calc", [*([name] for name in names), [], 3, None])
    assert owner.codes() == "miu wu"
    _, symbol, (tradable, gross, buy, sell, *_) = owner.rows("miu")[0]
    assert symbol == "tBTCUSD"
    assert 0 < tradable < gross
    assert sell - buy == Decimal("0.2")
    assert owner.request("calc", "margin_base") == []


def test_the_worth_of_all_wallets_is_told_to_everybody_when_money_has_moved(clock, owner):
    owner.order("0.1")
    clock.run(1.5)
    assert owner.codes().endswith("bu")
    owner.messages.clear()
    clock.run(3.0)
    assert owner.messages == []


def test_currencies_are_worth_what_their_markets_say(clock):
    worth = Worth(clock.hub.market)
    assert worth.in_dollars("USD") == 1
    assert worth.in_dollars("BTC") == worth.last("tBTCUSD") == last_price(clock)
    assert worth.in_dollars("DUSK") == worth.last("tDUSK:USD")
    assert worth.in_dollars("UST") == worth.last("tBTCUSD") / worth.last("tBTCUST")
    assert worth.in_dollars("NOSUCH") == 0


def test_what_the_margin_does_not_cover_is_refused_in_the_exchanges_words(owner, clock):
    price = last_price(clock)
    owner.order("5")
    [answer] = owner.rows("n")
    words = f"Invalid order: not enough tradable balance for 5.0 BTCUSD at {price.normalize():f}.0"
    assert answer[6:] == ["ERROR", words]
    owner.order("0.5")
    # What rests counts, too; what makes the position smaller needs no margin.
    owner.order("0.15", type="LIMIT", price="60000")
    assert owner.rows("n")[0][6] == "SUCCESS"
    owner.order("0.15", type="LIMIT", price="60000")
    assert owner.rows("n")[0][6] == "ERROR"
    owner.order("-0.9", type="LIMIT", price="90000")
    assert owner.rows("n")[0][6] == "SUCCESS"


def test_an_order_that_only_reduces_is_never_larger_than_the_position(owner, clock):
    owner.order("-0.1", flags=1024)
    assert "no position" in owner.rows("n")[0][7]
    owner.order("0.3")
    owner.order("0.1", flags=1024)
    assert "no position" in owner.rows("n")[0][7]
    owner.order("-5", type="LIMIT", price="90000", flags=1024)
    resting = owner.rows("on")[0]
    assert resting[6:8] == [Decimal("-0.3")] * 2
    owner.order("-0.2")
    [cut] = owner.rows("ou")
    assert (cut[0], cut[6]) == (resting[0], Decimal("-0.1"))
    owner.order("-0.1")
    ended = {row[0]: row[13] for row in owner.rows("oc")}
    assert ended[resting[0]] == "CANCELED"
    assert clock.hub.market.listings["tBTCUSD"].engine.order(int(resting[0])) is None


def test_both_orders_of_a_pair_that_only_reduces_are_cut_and_end_with_the_position(owner):
    owner.order("0.3")
    pair = {"type": "LIMIT", "price": "90000", "price_oco_stop": "1", "flags": 16384 + 1024}
    owner.order("-5", cid_oco=next(_cids), **pair)
    placed = owner.rows("on")
    assert [(row[12], row[6]) for row in placed] == [
        (Decimal(16384 + 1024), Decimal("-0.3")),
        (Decimal(1024), Decimal("-0.3")),
    ]
    owner.order("-0.2")
    cut = {row[0]: row[6] for row in owner.rows("ou")}
    assert cut == {row[0]: Decimal("-0.1") for row in placed}
    owner.order("-0.1")
    ended = {row[0]: row[13] for row in owner.rows("oc")}
    assert [ended[row[0]] for row in placed] == ["CANCELED"] * 2
    assert not owner.account.trading.open
    assert not owner.account.trading.margin.positions


def test_a_stop_on_margin_goes_when_its_price_is_reached(owner):
    owner.order("0.1")
    owner.order("-0.1", type="STOP", price="90000", flags=1024)
    assert owner.rows("oc")[0][13].startswith("EXECUTED @ ")
    assert owner.rows("pc")


def test_a_hidden_order_is_in_no_book_and_trades_all_the_same(owner, clock):
    engine = clock.hub.market.listings["tBTCUSD"].engine
    inside = price_inside(clock)
    book = clock.subscribe(RAW_BOOK)
    shown = clock.hub.subscribe(RAW_BOOK, book, 2, clock.now)
    owner.order("0.1", type="EXCHANGE LIMIT", price=inside, flags=64)
    hidden = owner.rows("on")[0]
    assert hidden[24] == 1
    assert clock.hub.subscribe(RAW_BOOK, book, 3, clock.now) == shown
    # A seller gets the hidden order's better price, and then what everybody sees.
    taken = clock.hub.market.listings["tBTCUSD"].place(
        Side.ASK, 10**7, engine.bids.best, engine.issue_id(), clock.hub.market.mts
    )
    owner.account.follow(taken, clock.now)
    assert [row[5] for row in owner.rows("te")] == [Decimal(inside)]
    clock.run(0.1)
    # Who hides pays as who takes.
    assert owner.rows("tu")[0][9:11] == [-Decimal("0.1") * FEE, "BTC"]


def test_whoever_crosses_a_hidden_order_is_no_maker(owner, clock):
    inside = price_inside(clock)
    owner.order("0.1", type="EXCHANGE LIMIT", price=inside, flags=64)
    owner.order("-0.1", type="EXCHANGE LIMIT", price=inside, flags=4096)
    assert owner.rows("oc")[0][13] == "POSTONLY CANCELED"


def test_an_account_that_was_used_before_has_something_to_show_of_everything() -> None:
    clock = Clock()
    clock.hub.account.live_in()
    owner = Owner(clock, calculates=True)
    positions, orders = owner.rows("ps")[0], owner.rows("os")[0]
    assert {row[0] for row in positions} == {"tBTCUSD", "tETHUSD"}
    assert all(row[13] == "ACTIVE" for row in orders)
    engines = {each: clock.hub.market.listings[each].engine for each in ("tBTCUSD", "tETHUSD")}
    assert all(engines[row[3]].order(int(row[0])) is not None for row in orders)
    assert any(row[2] > 0 for row in positions) and any(row[2] < 0 for row in positions)
