"""Which subscription goes to which connection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar

from bfxstream.protocol.channels import Subscription

SubscribedT = TypeVar("SubscribedT")


def spread(
    wanted: Sequence[tuple[Subscription, SubscribedT]], most: int
) -> list[list[SubscribedT]]:
    """Share out what belongs to these subscriptions, over as few connections as they need.

    All channels of a symbol come over one connection, in the exchange's order, as far as there
    is room: only what fits nowhere as a whole is split up.
    """
    by_symbol: defaultdict[str, list[SubscribedT]] = defaultdict(list)
    for subscription, item in wanted:
        by_symbol[subscription.symbol].append(item)
    count = -(-len(wanted) // most)
    connections: list[list[SubscribedT]] = [[] for _ in range(count)]
    left: list[SubscribedT] = []
    for items in by_symbol.values():
        roomy = (c for c in connections if len(c) + len(items) <= most)
        next(roomy, left).extend(items)
    for item in left:
        next(c for c in connections if len(c) < most).append(item)
    return connections
