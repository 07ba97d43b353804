"""The stream of market data: feeds spread over links, one or many, and one order of what comes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from bfxstream.book import OrderBook
from bfxstream.errors import BfxStreamError, ConnectionFailed, UsageError
from bfxstream.protocol.channels import AccountSubscription, BookSubscription, Subscription
from bfxstream.protocol.events import Event, Spread
from bfxstream.protocol.views import BookView
from bfxstream.stream.book_feeds import BookFeed
from bfxstream.stream.connect import check_url
from bfxstream.stream.feed import Feed
from bfxstream.stream.feeds import make_feed
from bfxstream.stream.intake import Intake, Item
from bfxstream.stream.limiter import endpoint_of
from bfxstream.stream.link import FrameTap, Link
from bfxstream.stream.network import rest_base
from bfxstream.stream.options import StreamOptions
from bfxstream.stream.readers import Readers
from bfxstream.stream.spread import spread
from bfxstream.stream.world import LinkReaders, World

if TYPE_CHECKING:
    from bfxstream.stream.account_link import AccountAccess, AccountLink


class MarketStream:
    """Any number of subscriptions, for as long as the caller iterates.

    `batches()` gives, for each read of a socket, everything that it brought, in order. The
    guarantees hold over reconnects: the feeds outlive their connections. What one connection
    can carry is read in the caller's thread; more of them have a thread each.
    """

    def __init__(
        self,
        subscriptions: Sequence[Subscription],
        options: StreamOptions,
        *,
        on_event: Callable[[Event], None] = lambda event: None,
        on_frames: FrameTap | None = None,
        world: World | None = None,
        account: AccountAccess | None = None,
        only: Collection[Subscription] | None = None,
    ) -> None:
        """`account` goes with an AccountSubscription. With `only` the others give nothing."""
        options = replace(options, url=check_url(options.url))
        self.subscriptions = list(dict.fromkeys(subscriptions))
        self.options = options
        self._world = world or World()
        self._on_frames = on_frames
        self._started = self._world.clock.now()
        self._intake = Intake(
            options,
            self._world.clock,
            self._world.history(rest_base(options.url, options.rest_url), options.policy),
            on_event,
        )
        has_account = AccountSubscription() in self.subscriptions
        public = [s for s in self.subscriptions if not isinstance(s, AccountSubscription)]
        self._feeds = [
            make_feed(index, subscription, self._intake.context)
            for index, subscription in enumerate(public)
        ]
        self._links: list[Link] = []
        self._open_links(self._feeds)
        self.account = self._join(account) if has_account else None
        """The account's connection."""
        if only is not None:
            self._mute_all_but(only)
        whole_books = options.feeds.book_view is BookView.FULL
        lengths = (s.length for s in self.subscriptions if isinstance(s, BookSubscription))
        rows = 2 * max(lengths, default=1) if whole_books else 1
        self._readers: LinkReaders
        if self._world.readers is None:
            self._readers = Readers(once=options.feeds.once, rows_an_item=rows)
        else:
            self._readers = self._world.readers()
        self.status = self._intake.status
        self.stats = self._intake.stats
        self.still = self._intake.lock
        """Whoever holds it sees books and counters that do not change meanwhile."""

    @property
    def books(self) -> Mapping[Subscription, OrderBook[Any]]:
        """The live books, by their subscriptions."""
        return {f.subscription: f.book for f in self._feeds if isinstance(f, BookFeed)}

    @property
    def complete(self) -> bool:
        """Whether what was given has a complete value of every subscription: `--once` is done."""
        if self._intake.displaced:
            return False  # they belong to no link until they have moved
        if self._readers.started:
            return self._readers.complete
        return all(link.complete for link in self._links)

    def silent(self) -> list[Subscription]:
        """Those that have not given one complete value yet, where that can be known."""
        if not self._intake.was_connected or self.options.frames_only:
            return []
        return [feed.subscription for feed in self._feeds if not feed.complete]

    @property
    def last_failure(self) -> ConnectionFailed | None:
        """Why there was no connection, until there is one."""
        return self._intake.last_failure

    def batches(self) -> Iterator[list[Item]]:
        """Everything that each read brought; an empty list now and then where nothing comes.

        Raises ConnectionFailed when a connection cannot be had (again), Refused when the
        exchange refuses a subscription, CompletenessLost under `strict`; what was received
        before is given first.
        """
        first, *more = self._links
        batches = self._batches_of(first)
        if not more:
            for batch in batches:
                yield batch
                if self._intake.displaced:
                    break
        yield from self._in_threads(first, batches, more)

    def change(self, old: Subscription, new: Subscription) -> bool:
        """Have `new` in place of `old`, from its snapshot on; False where that cannot be now.

        For whoever holds `still`.
        """
        position, feed = next((i, f) for i, f in enumerate(self._feeds) if f.subscription == old)
        link = next((link for link in self._links if link.gives(feed)), None)
        if link is None or new in self.subscriptions:
            return False
        successor = make_feed(feed.index, new, self._intake.context)
        link.change(feed, successor)
        self._feeds[position] = successor
        self.subscriptions[self.subscriptions.index(old)] = new
        return True

    def last_batches(self) -> Iterator[list[Item]]:
        """When no more is wanted: what waits in other threads, then what is held back because
        something is missing before it, which is told."""
        yield from self._readers.end()
        with self._intake.lock:
            for link in self._links:
                link.end_feeds()
            batch = self._intake.take_out()
        yield batch

    @property
    def lost(self) -> BfxStreamError | None:
        """Under `strict`, what could not be shown to be complete, until it is raised."""
        return next((link.ending for link in self._links if link.ending is not None), None)

    def close(self) -> None:
        """Close every connection with a close frame. Safe to call at any time, and twice."""
        self._readers.close()
        for link in self._links:
            link.close()
        unknown_deletes = sum(book.unknown_deletes for book in self.books.values())
        self._intake.finish(self._started, unknown_deletes)

    def _in_threads(
        self, first: Link, batches: Iterator[list[Item]], more: Sequence[Link]
    ) -> Iterator[list[Item]]:
        if more:
            self._tell_spread()
            with self._intake.lock:
                batch = self._intake.take_out()
            yield batch
        self._start(first, batches)
        for link in more:
            self._start(link, self._batches_of(link))
        while True:
            yield self._readers.take(self.options.tick)
            if self._intake.displaced:
                self._move_displaced()

    def _join(self, access: AccountAccess | None) -> AccountLink:
        from bfxstream.stream.account_link import AccountLink  # noqa: PLC0415  few streams have one

        if access is None:
            raise UsageError("an account needs credentials", hint="use the command line's account")
        number = len(self._links) + 1
        link = AccountLink(number, access, self._intake, self._world, self._on_frames)
        if not self._links:
            self._intake.status.endpoint = access.url
        self._links.append(link)
        return link

    def _mute_all_but(self, wanted: Collection[Subscription]) -> None:
        feeds = self._feeds if self.account is None else [*self._feeds, self.account.feed]
        for feed in feeds:
            if feed.subscription not in wanted:
                feed.mute()
        self.subscriptions = [each for each in self.subscriptions if each in wanted]

    def _tell_spread(self) -> None:
        url, count = self.options.url, len(self._links) - (self.account is not None)
        if count < 2:
            return
        limit = self.options.policy.connect_limit(url)
        now = self._world.clock.now()
        seconds = self._world.limiter.forecast(endpoint_of(url), limit, count, now)
        with self._intake.lock:
            self._intake.report(Spread(len(self._feeds), count, round(seconds, 3)))

    def _batches_of(self, link: Link) -> Iterator[list[Item]]:
        return self._world.watched(link.number, link.batches())

    def _start(self, link: Link, batches: Iterator[list[Item]]) -> None:
        feeds = self.options.feeds
        # Books are given by the clock, too: at the end of a burst, or as `every` has it.
        by_clock = feeds.book_view in (BookView.FULL, BookView.TOP)
        link.tick = self.options.tick if by_clock else self.options.policy.thread_tick
        self._readers.start(link, batches)

    def _open_links(self, feeds: Sequence[Feed]) -> list[Link]:
        """New links for these feeds."""
        policy = self.options.policy
        shares = spread([(feed.subscription, feed) for feed in feeds], policy.subscriptions)
        opened = [
            Link(number, share, self._intake, self._world, self._on_frames)
            for number, share in enumerate(shares, start=len(self._links) + 1)
        ]
        self._links += opened
        return opened

    def _move_displaced(self) -> None:
        """Feeds that the exchange has refused on a connection get another one."""
        with self._intake.lock:
            moving, self._intake.displaced = self._intake.displaced, []
            opened = [link for feeds in moving for link in self._open_links(feeds)]
        for link in opened:
            self._start(link, self._batches_of(link))
