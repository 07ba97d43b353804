"""The package's face in Python: `stream(...)`, a blocking iterator of typed records."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Any, Literal, cast, get_args

from msgspec.structs import replace

from bfxstream.book import OrderBook
from bfxstream.durations import parse_duration
from bfxstream.errors import UsageError
from bfxstream.protocol.channels import Subscription, parse_spec
from bfxstream.protocol.events import Event
from bfxstream.protocol.records import Record, Stats
from bfxstream.protocol.views import BookView
from bfxstream.stream.feed import FeedOptions
from bfxstream.stream.market import MarketStream
from bfxstream.stream.nearest import naming_the_nearest
from bfxstream.stream.network import rest_base
from bfxstream.stream.options import StreamOptions
from bfxstream.stream.policy import PUBLIC_URL

Item = Record | Event
"""Events come only where they are asked for."""

_View = Literal["levels", "full", "top"]


class Stream(Iterator[Item]):
    """Records as they come, for ever: iterate it, close it, or use it in a `with` statement.

    The connection is made when the first record is asked for. One thread may iterate.
    """

    def __init__(self, market: MarketStream, ending: ExitStack, *, demo: bool) -> None:
        """`ending` is closed when the stream is; `stream` makes these."""
        self._market = market
        self._ending = ending
        self._items = _items(market, demo)

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> Item:
        return next(self._items)

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    @property
    def books(self) -> Mapping[Subscription, OrderBook[Any]]:
        """The live books of what is subscribed.

        Where there are several connections, threads change them, ahead of the records: look at
        them within `with stream.still:`.
        """
        return self._market.books

    @property
    def still(self) -> AbstractContextManager[object]:
        """Within it books and counters stand still; ask for no record there, for none comes."""
        return self._market.still

    @property
    def stats(self) -> Stats:
        """The counters of this stream, complete when it is closed."""
        return self._market.stats

    def close(self) -> None:
        """Close every connection; what is iterated further is over. Safe to call twice."""
        self._items.close()
        self._ending.close()


def _items(market: MarketStream, demo: bool) -> Generator[Item, None, None]:
    # No method: the stream would never be let go, as each would hold the other.
    options = market.options
    with naming_the_nearest(rest_base(options.url, options.rest_url), demo=demo):
        for batch in market.batches():
            yield from cast("list[Item]", batch)
            if options.feeds.once and market.complete:
                return


def stream(
    *specs: str | Subscription,
    url: str = PUBLIC_URL,
    rest_url: str | None = None,
    demo: bool = False,
    view: _View = "levels",
    every: float | str = 0.0,
    every_update: bool = False,
    closed: bool = False,
    snapshots: bool = True,
    once: bool = False,
    seq: bool = False,
    timestamps: bool = False,
    events: bool = False,
    strict: bool = False,
    reconnect: bool = True,
    retry_for: float | str | None = None,
    on_event: Callable[[Event], None] = lambda event: None,
) -> Stream:
    """Stream what these specs name, such as `trades:tBTCUSD` or `book:tBTCUSD:P0:F0:25`.

    The options are those of the command line that concern the records and the connection, with its
    guarantees: each trade once, books that are proved, gaps that are told. `every` and `retry_for`
    are seconds, or times such as `"5m"`. Prices and amounts are the exchange's own tokens:
    `float(record.price)`, or `decimal(record.price)` for the exact value. `demo` starts an exchange
    of its own; `on_event` is told what happens to the stream.

    Raises UsageError for what cannot be subscribed to. Iterating raises ConnectionFailed,
    Refused, and CompletenessLost under `strict`.
    """
    if not specs:
        raise UsageError("no subscription is given", hint="give one, such as 'trades:tBTCUSD'")
    subscriptions = [parse_spec(spec) if isinstance(spec, str) else spec for spec in specs]
    options = StreamOptions(
        url=url,
        rest_url=rest_url,
        feeds=FeedOptions(
            book_view=_book_view(view),
            snapshots=snapshots,
            every_update=every_update,
            closed=closed,
            once=once,
            every=_seconds(every),
        ),
        seq=seq,
        timestamps=timestamps,
        events=events,
        strict=strict,
        reconnect=reconnect,
        retry_for=None if retry_for is None else _seconds(retry_for),
    )
    with ExitStack() as starting:
        if demo:
            options = replace(options, url=starting.enter_context(_demo_exchange()).url)
        market = MarketStream(subscriptions, options, on_event=on_event)
        starting.callback(market.close)
        return Stream(market, starting.pop_all(), demo=demo)


def _seconds(time: float | str) -> float:
    seconds = parse_duration(time) if isinstance(time, str) else time
    if seconds is None:
        raise UsageError(f"{time!r} is not a time", hint="use seconds, or one such as '30s', '5m'")
    return seconds


def _book_view(name: str) -> BookView:
    if name not in get_args(_View):
        raise UsageError(
            f"{name!r} is no view of a book", hint=f"use one of {', '.join(get_args(_View))}"
        )
    return BookView(name)


def _demo_exchange() -> Any:
    from bfxstream.demo import DemoExchange  # noqa: PLC0415  asyncio and websockets cost 100 ms

    return DemoExchange()
