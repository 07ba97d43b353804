"""Frames decoded together give what they give one by one, whatever they are and say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from itertools import product
from random import Random
from typing import Any, NamedTuple

import msgspec
import pytest
from fake_world import URL, FakeClock
from frames import confirmed_conf, event, hello, info, rows_of, subscribed
from hypothesis import given, settings
from hypothesis import strategies as st

from bfxstream.book import order_book
from bfxstream.errors import ConnectionFailed
from bfxstream.protocol.channels import BookSubscription, Subscription, parse_spec
from bfxstream.protocol.codes import Conf
from bfxstream.protocol.decode import ChannelDecoder
from bfxstream.protocol.session import Session
from bfxstream.protocol.views import BookView
from bfxstream.stream import link
from bfxstream.stream.connection import ConnectionLost
from bfxstream.stream.feed import FeedOptions
from bfxstream.stream.limiter import RateLimiter
from bfxstream.stream.market import MarketStream
from bfxstream.stream.options import StreamOptions
from bfxstream.stream.policy import Policy
from bfxstream.stream.world import World

LEVELS, TOP_LEVEL, ORDERS = "book:tBTCUSD:P0:F0:25", "book:tETHUSD:P0:F0:1", "book:tBTCUSD:R0:F0:25"
FUNDING_LEVELS, OFFERS = "book:fUSD:P0:F0:25", "book:fUSD:R0:F0:25"
TRADES, FUNDING_TRADES = "trades:tBTCUSD", "trades:fUSD"
TICKER, FUNDING_TICKER = "ticker:tBTCUSD", "ticker:fUSD"
CANDLES, DERIV, LIQUIDATIONS = "candles:1m:tBTCUSD", "deriv:tBTCF0:USTF0", "liq:global"

# What the exchange sends: JSON as it is spelled, without a frame's first and last elements.

MTS = "1564617600709"
RIGHT = "the book's own checksum"
NEW_ID = "the next trade's id"
bids = [("98", "1"), ("99", "2.5"), ("1e-7", "0.3")]
asks = [("100.5", "-1"), ("101", "-0.25")]
borrowers = [(rate, f"-{amount}") for rate, amount in bids]  # as bids of funding are
lenders = [(rate, amount.strip("-")) for rate, amount in asks]

ROWS = {
    LEVELS: [(price, count, amount) for price, amount in bids + asks for count in "01"],
    TOP_LEVEL: [("99", "1", "1"), ("99", "2", "3"), ("100.5", "1", "-1"), ("100.5", "0", "-1")],
    ORDERS: [(id, price, amount) for id in "123" for price, amount in [*bids, *asks, ("0", "1")]],
    FUNDING_LEVELS: [
        (rate, "30", count, amount) for rate, amount in borrowers + lenders for count in "01"
    ],
    OFFERS: [
        (id, "2", rate, amount)
        for id in "123"
        for rate, amount in [*borrowers, *lenders, ("0", "1")]
    ],
    TRADES: [(id, MTS, amount, "99") for id in (NEW_ID, "1") for amount in ("1", "-0.25")],
    FUNDING_TRADES: [(id, MTS, "-59.84", "1e-7", "2") for id in (NEW_ID, "1")],
    TICKER: [("1",) * 10, ("1e-7", *["null"] * 9), ("1",) * 11],
    FUNDING_TICKER: [("1",) * 13, ("1",) * 13 + ("null", "null", "1", "1")],
    CANDLES: [(f"15646176{i}0000", "1", close, "2", "1", "7") for i in "012" for close in "12"],
    DERIV: [(MTS, *["1"] * 22), (MTS, *["null"] * 22), (MTS, "null", "2")],
    LIQUIDATIONS: [
        ('"pos"', id, MTS, "null", '"tBTCF0:USTF0"', "1", "99", "null", *"10", "null", "98")
        for id in "123"
    ],
}
SNAPSHOTS = {
    LEVELS: "[[99,1,1],[98,1,2],[101,1,-1]]",
    TOP_LEVEL: "[[99,1,1],[101,1,-1]]",
    ORDERS: "[[1,99,1],[2,101,-1]]",
    FUNDING_LEVELS: "[[99,2,1,-1],[101,2,1,1]]",
    OFFERS: "[[1,2,99,-1],[2,2,101,1]]",
    TRADES: f"[[2,{MTS},1,100],[1,{MTS},1,100]]",
    FUNDING_TRADES: "[]",
    CANDLES: "[]",
    LIQUIDATIONS: "[]",
}
ODD_TOKENS = [
    "1e999",
    "null",
    '"1"',
    "[1]",
    "{}",
    "true",
    "NaN",
    "",
    "0",
    "1e-99999999999999999999",
]


def array(*elements: str) -> str:
    return f"[{','.join(elements)}]"


def odd_rows(row: tuple[str, ...]) -> list[str]:
    """A row with some field spoilt in turn; one that is too short, one that is longer."""
    places = range(0, len(row), max(1, len(row) // 5))
    spoilt = [
        array(*row[:place], token, *row[place + 1 :])
        for place, token in product(places, ODD_TOKENS)
    ]
    return [*spoilt, array(*row[:-1]), array(*row, '"new"')]


@cache
def contents(spec: str) -> tuple[list[str], list[str]]:
    """What comes behind the channel id: the usual, and what is not in the channel's layout."""
    rows = [array(*row) for row in ROWS[spec]]
    odd = odd_rows(ROWS[spec][0])
    random = Random(1)
    bursts = [array(*random.sample(rows, length)) for length in (1, 2) * 10]
    odd_bursts = [array(rows[0], row) for row in odd]
    if spec in (TICKER, FUNDING_TICKER, CANDLES, DERIV):
        return [*rows, '"hb"'], [*odd, array(*rows)]
    if spec in (TRADES, FUNDING_TRADES):
        begin = '"f' if spec == FUNDING_TRADES else '"'
        usual = [f'{begin}{name}",{row}' for name in ("te", "tu") for row in rows]
        return [*usual, '"hb"'], [*[f'{begin}te",{row}' for row in odd], array(*rows), rows[0]]
    if spec == LIQUIDATIONS:
        return [*map(array, rows), array(*rows), '"hb"'], [*odd_bursts, *rows, "[]"]
    return [*bursts, *[f'"cs",{RIGHT}', '"hb"'] * 8], [*odd_bursts, *rows[:4], '"cs",12345', "[]"]


ODD_CONTENTS = [
    *['"xy",{"a":[1]}', '"xy",5', '"cs",5', '"te",5', '"tu",[1,1,1]', '"cs",[1,1,1]'],
    *['"te",[9,1564617600709,1,1]', '"cs",[9,1564617600709,1,1]', "7", "{}", "null", "[]", "[[]]"],
    *['"n",[1,"on-req",{}]', '"hb"]', '"'],
]
ODD_TAILS = ['"hb",7', '"hb",[1]', '"te"']
"""By -o raw such a frame is numbered by its last integer: nothing else is read of it."""


@cache
def decoder(wish: Subscription) -> ChannelDecoder:
    return ChannelDecoder(wish, Conf.NONE)


class Exchange:
    """The exchange's side of a connection: numbers frames, knows its books, answers requests."""

    def __init__(self, specs: list[str], flags: Conf) -> None:
        self.flags = flags
        self.answers = [hello()]
        self.requests: list[dict[str, Any]] = []
        self._wanted = [parse_spec(spec) for spec in specs]
        self._books = {
            index: order_book(wish)
            for index, wish in enumerate(self._wanted)
            if isinstance(wish, BookSubscription)
        }
        self._decoders = [decoder(wish) for wish in self._wanted]
        self._chan_ids: dict[int, int] = {}
        self._next_chan_id = 10
        self._trade_id = 10
        self._seq = 0

    def chan_id(self, index: int) -> int:
        """The id of the channel that was asked for in this place; one that nobody has."""
        return self._chan_ids.get(index, 999)

    def frame(self, index: int, content: str, skip: int = 0) -> bytes:
        """A channel's frame with the next sequence number, or one that skips some."""
        if book := self._books.get(index):
            content = content.replace(RIGHT, str(book.checksum()))
            with suppress(ValueError):
                for row in rows_of(self._decoders[index].decode(f"[1,{content}]".encode(), 3)):
                    book.apply(row)
        self._trade_id += 1
        elements = [str(self.chan_id(index)), content.replace(NEW_ID, str(self._trade_id))]
        self._seq += 1 + skip
        if self.flags & Conf.SEQ_ALL:
            elements.append(str(self._seq))
        if self.flags & Conf.TIMESTAMP:
            elements.append("1564617600784")
        return array(*elements).encode()

    def answer(self, request: dict[str, Any]) -> None:
        self.requests.append(request)
        match request["event"]:
            case "conf":
                self.flags &= request["flags"]
                self.answers.append(confirmed_conf(self.flags))
            case "subscribe":
                self._join(request)
            case "unsubscribe":
                self.answers.append(event("unsubscribed", status="OK", chanId=request["chanId"]))

    def _join(self, request: dict[str, Any]) -> None:
        [index] = [
            index
            for index, wish in enumerate(self._wanted)
            if wish.parameters().items() <= request.items()
        ]
        self._chan_ids[index] = self._next_chan_id
        self._next_chan_id += 1
        self.answers.append(subscribed(request, self._chan_ids[index]))
        if book := self._books.get(index):
            book.clear()
        if snapshot := SNAPSHOTS.get(self._wanted[index].spec):
            self.answers.append(self.frame(index, snapshot))


# Scripts.

PATIENCE = 1e6  # no read takes longer, and no connection counts as dead

Step = Callable[[Exchange], list[bytes]]
"""What comes next over the connection."""


class Frame(NamedTuple):
    """A numbered frame, or what has become of it on its way."""

    index: int
    content: str
    skip: int = 0
    form: str = "as it is"

    def __call__(self, exchange: Exchange) -> list[bytes]:
        frame = exchange.frame(self.index, self.content, self.skip)
        match self.form:
            case "with white space":
                return [b" " + re.sub(rb"([,\[])", rb"\1 \n", frame)]
            case "cut off":
                return [frame[: len(frame) // 2]]
            case "in halves":  # which a comma would join to what they were
                return list(frame.rpartition(b",")[::2])
            case "two in one":
                return [frame + b"," + exchange.frame(self.index, self.content)]
            case "longer":
                return [frame[:-1] + b',null,"new"]']
            case _:
                return [frame]


class Closing(NamedTuple):
    """The exchange closes a channel of its own accord."""

    index: int

    def __call__(self, exchange: Exchange) -> list[bytes]:
        return [event("unsubscribed", status="OK", chanId=exchange.chan_id(self.index))]


class Saying(NamedTuple):
    """An event, or bytes that are nothing."""

    text: bytes

    def __call__(self, exchange: Exchange) -> list[bytes]:
        return [self.text]


SAYINGS: list[Step] = [
    *map(
        Saying, [b"", b"x", b"[", b"]", b"[]", b"[10]", b"{}", b"[10,", b'"', b",", b" ", b"\xff"]
    ),
    *map(Saying, [b"null", b'{"event":7}', info(5000, "a message"), info(20060), info(20061)]),
    Saying(event("pong", ts=1, cid=1)),
    Saying(event("surprise")),
    Saying(event("error", code=10000, msg="event: invalid")),
    Saying(event("error", code=10401, msg="unsubscribe: not subscribed")),
]
FORMS = ["with white space", "cut off", "in halves", "longer"]


class Read(NamedTuple):
    """What one read brings, so many seconds after the one before."""

    pause: float
    steps: list[Step]


class Script(NamedTuple):
    """What a user asks for, and what the exchange then sends."""

    specs: list[str]
    flags: Conf
    frames_only: bool
    feeds: FeedOptions
    together: int
    """Most frames decoded in one call."""
    reads: list[Read]
    most_mismatches: int = Policy().mismatches_until_reconnect


def steps(specs: list[str], *, frames_only: bool) -> tuple[list[Step], list[Step]]:
    """The usual ones, and all kinds of others."""
    usual: list[Step] = []
    unusual = [*SAYINGS, Frame(99, '"hb"'), Frame(99, "[1,1,1]"), Frame(99, '"te",[1,1,1]')]
    for index, spec in enumerate(specs):
        good, odd = contents(spec)
        usual += [Frame(index, content) for content in good]
        more = ODD_CONTENTS if frames_only else ODD_CONTENTS + ODD_TAILS
        unusual += [Frame(index, content) for content in odd + more]
        unusual += [Frame(index, good[i], form=form) for i in (0, -1) for form in FORMS * 2]
        unusual.append(Closing(index))
        unusual += [Frame(index, good[i], skip) for i in (0, -1) for skip in (-2, -1, 1, 3)]
    return usual, unusual


ALL = Conf.SEQ_ALL | Conf.OB_CHECKSUM | Conf.BULK_UPDATES
NUMBERED = [ALL, ALL | Conf.TIMESTAMP, ALL & ~Conf.BULK_UPDATES]
FLAGS = [*NUMBERED, ALL & ~Conf.SEQ_ALL, Conf.NONE]
"""What the exchange may grant; without SEQ_ALL all is decoded one by one."""


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    specs = draw(st.lists(st.sampled_from(list(ROWS)), min_size=1, max_size=3, unique=True))
    frames_only = draw(st.sampled_from([False] * 7 + [True]))
    usual, unusual = map(st.sampled_from, steps(specs, frames_only=frames_only))
    step = st.integers(0, 9).flatmap(lambda number: usual if number else unusual)
    pauses = st.sampled_from([0.0, 0.01, 0.1, 12.0, 60.0])
    return Script(
        specs,
        draw(st.sampled_from([ALL] * 4 + FLAGS)),
        frames_only,
        FeedOptions(
            book_view=draw(st.sampled_from(list(BookView))), every_update=draw(st.booleans())
        ),
        draw(st.sampled_from([3, 256])),
        draw(st.lists(st.builds(Read, pauses, st.lists(step, max_size=20)), max_size=5)),
    )


# A stream that is played a script.


class Stage:
    """A market stream on a connection that the script reads from, and all that comes of it."""

    def __init__(self, script: Script) -> None:
        self.clock = FakeClock()
        self._exchange = Exchange(script.specs, script.flags)
        # First hello, then the answers.
        self._reads = iter([Read(0.0, []), Read(0.0, []), *script.reads])
        self._stream = MarketStream(
            list(map(parse_spec, script.specs)),
            StreamOptions(
                url=URL,
                feeds=script.feeds,
                frames_only=script.frames_only,
                events=True,
                measure_latency=bool(script.flags & Conf.TIMESTAMP),
                reconnect=False,
                tick=PATIENCE,
                policy=Policy(
                    ping_after=PATIENCE,
                    dead_after=PATIENCE,
                    mismatches_until_reconnect=script.most_mismatches,
                ),
            ),
            world=World(clock=self.clock, open=self._open, limiter=RateLimiter()),
        )

    def play(self) -> dict[str, Any]:
        """Play to the end; everything that can be seen of it."""
        given = []
        with pytest.raises(ConnectionFailed) as end:
            for batch in self._stream.batches():
                given.append([as_printed(item) for item in batch])
        self._stream.close()
        session = self._session
        return {
            "given": given,
            "end": end.value.what,
            "requests": self._exchange.requests,
            "stats": self._stream.stats,
            "next sequence number": session._next_seq,
            "channels": [(c.state, c.chan_id, c.heard) for c in session.channels],
            "books": [
                [[*map(msgspec.json.encode, side.rows())] for side in (book.bids, book.asks)]
                for book in self._stream.books.values()
            ],
        }

    def _open(self, url: str, timeout: float, number: int) -> Stage:
        return self

    # As a connection.

    def read(self, patience: float) -> list[bytes]:
        self._session = self._stream._links[0]._session
        read = next(self._reads, None)
        if read is None:
            raise ConnectionLost("the script is over")
        self.clock.time += read.pause
        answers, self._exchange.answers = self._exchange.answers, []
        return answers + [frame for step in read.steps for frame in step(self._exchange)]

    def send(self, requests: list[bytes]) -> None:
        for request in requests:
            self._exchange.answer(json.loads(request))

    def close(self) -> None:
        """Nothing is open."""


def as_printed(item: Any) -> bytes:
    return item if isinstance(item, bytes) else msgspec.json.encode(item)


def played(script: Script, *, together: bool) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(link, "_TOGETHER", script.together)
        if not together:
            patch.setattr(Session, "receive_together", lambda session, frames: 0)
        return Stage(script).play()


def played_both_ways(script: Script) -> dict[str, Any]:
    outcome = played(script, together=True)
    assert outcome == played(script, together=False)
    return outcome


@pytest.mark.parametrize(
    ("flags", "frames_only"), [*[(flags, False) for flags in NUMBERED], (ALL, True)]
)
@pytest.mark.parametrize("spec", ROWS)
def test_each_odd_frame_among_usual_ones_is_the_same_both_ways(spec, flags, frames_only):
    usual, unusual = steps([spec], frames_only=frames_only)
    other = Frame(1, "[1,1,1,1,1,1,1,1,1,1]")  # whose records show where events happen
    reads = [
        read
        for place, step in enumerate(unusual)
        for read in (
            Read(12.0, [usual[place % len(usual)], step, other, *usual[:2], usual[-1]]),
            *[Read(0.0, [])] * 2,  # answers, where the channel is left and joined anew
        )
    ]
    feeds = FeedOptions(book_view=list(BookView)[NUMBERED.index(flags)])
    script = Script([spec, "ticker:tETHUSD"], flags, frames_only, feeds, 3, reads, len(reads))
    assert "the script is over" in played_both_ways(script)["end"]


@settings(max_examples=120)
@given(scripts())
def test_any_frames_in_any_chunks_are_the_same_both_ways(script):
    played_both_ways(script)


def calls(script: Script, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """How many frames were handed over to be taken together, and how many were, each time."""
    seen = []
    receive_together = Session.receive_together

    def noting(session: Session, frames: list[bytes]) -> int:
        seen.append((len(frames), receive_together(session, frames)))
        return seen[-1][1]

    monkeypatch.setattr(Session, "receive_together", noting)
    Stage(script).play()
    return seen


@pytest.mark.parametrize("frames_only", [False, True])
@pytest.mark.parametrize("flags", NUMBERED)
def test_all_that_is_usual_is_taken_together(flags, frames_only, monkeypatch):
    specs = list(ROWS)
    usual, _ = steps(specs, frames_only=frames_only)
    if not flags & Conf.BULK_UPDATES:
        usual = [step for step in usual if not step.content.startswith("[[")]
    first = [Frame(index, contents(spec)[0][0]) for index, spec in enumerate(specs)]
    reads = [Read(0.0, first), Read(0.0, usual)]
    script = Script(specs, flags, frames_only, FeedOptions(), len(usual), reads)
    assert calls(script, monkeypatch)[-1] == (len(usual), len(usual))


def test_frames_cut_in_wrong_places_that_make_up_for_each_other_are_what_they_join_to():
    """Nobody sends them but on purpose, and might as well send what they join to."""
    heartbeat = Frame(0, '"hb"')
    odd = [heartbeat._replace(form="two in one"), heartbeat._replace(form="in halves")]
    reads = [Read(0.0, [Frame(0, contents(TICKER)[0][0])]), Read(0.0, odd)]
    outcome = played(Script([TICKER], ALL, False, FeedOptions(), 256, reads), together=True)
    assert (outcome["stats"].bad_frames, outcome["next sequence number"]) == (0, 5)


def test_what_came_is_given_before_what_the_clock_brings():
    """One channel lives, the other has been silent for too long: a ticker, and then a resync."""
    ticker = Frame(0, array(*ROWS[TICKER][0]))
    reads = [Read(0.0, [ticker]), Read(60.0, [ticker]), Read(60.0, [ticker])]
    script = Script([TICKER, LEVELS], ALL, False, FeedOptions(), 256, reads)
    *_, last, due, end = played_both_ways(script)["given"]
    assert [b'"resync"' in item for item in last] == [False]
    assert [b'"resync"' in item for item in due] == [True]
    assert end == []
