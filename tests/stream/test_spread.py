"""Which subscription goes to which connection."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bfxstream.protocol.channels import (
    BookSubscription,
    Subscription,
    TickerSubscription,
    TradesSubscription,
)
from bfxstream.stream.spread import spread

KINDS = (TickerSubscription, TradesSubscription, BookSubscription)


def wishes(*per_symbol: int) -> list[Subscription]:
    """So many channels of each symbol, at most three."""
    return [
        kind(f"t{number:03}USD")
        for number, count in enumerate(per_symbol)
        for kind in KINDS[:count]
    ]


def shares(wanted: list[Subscription], most: int) -> list[list[Subscription]]:
    return spread([(wish, wish) for wish in wanted], most)


def test_what_fits_on_one_connection_stays_in_its_order():
    wanted = wishes(2, 1, 3)
    assert shares(wanted, 25) == [wanted]
    assert shares([], 25) == []


def test_three_hundred_subscriptions_need_twelve_connections():
    assert [len(share) for share in shares(wishes(*[3] * 100), 25)] == [25] * 12


def test_the_channels_of_a_symbol_stay_together():
    by_channel = sorted(wishes(*[2] * 20), key=lambda wish: wish.channel)
    for share in shares(by_channel, 10):
        symbols = [wish.symbol for wish in share]
        assert all(symbols.count(symbol) == 2 for symbol in symbols)


@given(st.lists(st.integers(1, 3), min_size=1, max_size=120), st.integers(1, 30))
def test_everything_is_carried_once_by_as_few_connections_as_possible(per_symbol, most):
    wanted = wishes(*per_symbol)
    given_out = shares(wanted, most)
    assert sorted(wish.spec for share in given_out for wish in share) == sorted(
        wish.spec for wish in wanted
    )
    assert all(0 < len(share) <= most for share in given_out)
    assert len(given_out) == -(-len(wanted) // most)
