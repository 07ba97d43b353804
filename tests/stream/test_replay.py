"""A recorded run and its replay: the same items, whatever the exchange and the clock did."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fake_world import URL, FakeConnection, FakeExchange, Following, trade, trades_snapshot
from frames import confirmed_conf, event

from bfxstream.capture.reader import Capture
from bfxstream.capture.steps import Begun, Received, Sent, frames_of
from bfxstream.capture.writer import CaptureWriter
from bfxstream.demo import DemoExchange
from bfxstream.errors import ConnectionFailed, RateLimited
from bfxstream.protocol import events
from bfxstream.protocol.channels import parse_spec
from bfxstream.protocol.codes import Conf
from bfxstream.protocol.events import Event
from bfxstream.protocol.rows import TradeRow
from bfxstream.protocol.views import BookView
from bfxstream.stream import recording
from bfxstream.stream.feed import FeedOptions
from bfxstream.stream.market import MarketStream
from bfxstream.stream.options import StreamOptions
from bfxstream.stream.policy import Policy
from bfxstream.stream.recording import Moment, RecordedHistory, Recorder
from bfxstream.stream.replaying import Pace, Replay
from bfxstream.stream.stand_ins import ReplayedHistory
from bfxstream.stream.world import World

TRADES, BOOK, TICKER = "trades:tBTCUSD", "book:tBTCUSD:P0:F0:25", "ticker:tBTCUSD"
BOOK_ROWS = [[100, 1, 2], [101, 1, -3]]
ROW = [100, 1, 101, 1, 0, 0, 100, 5, 110, 90]
AT_ONCE = Pace(float("inf"))


class Recorded:
    """A run on a fake exchange that is recorded: what it gave, and the file."""

    def __init__(self, exchange: FakeExchange, path: Path, *specs: str, **options: Any) -> None:
        # This exchange stamps no frames.
        exchange.answers["conf"] = lambda connection, request: connection.say(
            confirmed_conf(request["flags"] & ~Conf.TIMESTAMP)
        )
        self.path = path
        self.specs = specs
        self.options = options
        self.recorder: Recorder | None = None
        self.following = Following(
            exchange, *specs, around=self._around, on_frames=self._tap, **options
        )

    def _tap(self, number: int, direction: str, mts: int, frames: list[bytes]) -> None:
        assert self.recorder is not None
        self.recorder.tap(number, direction, mts, frames)

    def _around(self, world: Any) -> Any:
        self.recorder = recorder = Recorder(world, 7)
        begun = Begun(
            id="a",
            mts=recorder.begun.mts,
            us=recorder.begun.us,
            url=URL,
            subscriptions=list(self.specs),
            seed=7,
        )
        recorder.write_to(CaptureWriter(self.path, begun))
        return recorder.world

    def during(self, seconds: float) -> list[Any]:
        """Follow for so long and end the recording; all that was given."""
        deadline = self.following.clock.time + seconds
        while self.following.clock.time < deadline:
            self.step()
        assert self.recorder is not None
        self.recorder.close(ended=True)
        return self.following.items

    def step(self) -> None:
        batch = next(self.following.batches)
        self.following.items += batch
        assert self.recorder is not None
        self.recorder.given_out(batch)

    def replayed(self, **changes: Any) -> list[Any]:
        return replayed(self.path, **(self.options | changes))


def replayed(path: Path, *only: str, told: list[Event] | None = None, **options: Any) -> list[Any]:
    """All that a replay gives."""
    capture = Capture([path])
    replay = Replay(capture, AT_ONCE)
    stream = MarketStream(
        capture.subscriptions,
        StreamOptions(url=capture.begun.url, **options),
        on_event=(told if told is not None else []).append,
        world=replay.world,
        only=[parse_spec(spec) for spec in only] or None,
    )
    items: list[Any] = []
    for batch in replay.follow(stream.batches()):
        items += batch
    stream.close()
    return items


def lines(items: list[Any]) -> bytes:
    return msgspec.json.Encoder().encode_lines(items)


def busy(connection: FakeConnection) -> None:
    """A market for a minute, on any connection."""
    start = 10 * connection.number
    for channel in connection.chan_ids:
        if channel == "trades":
            connection.data(channel, trades_snapshot(start + 1, start + 2))
            for number in range(3, 9):
                connection.data(channel, "te", trade(start + number), after=number)
        elif channel == "book":
            connection.data(channel, BOOK_ROWS)
            for number in range(1, 30):
                connection.data(channel, [[100, 1, number]], after=number / 3)
        else:
            connection.data(channel, ROW)
    connection.beat(60)


@pytest.fixture
def exchange() -> FakeExchange:
    exchange = FakeExchange()
    exchange.on_confirmed = busy
    return exchange


STAMPED = {"events": True, "seq": True, "timestamps": True}


@pytest.mark.parametrize("view", [BookView.LEVELS, BookView.FULL, BookView.TOP])
def test_a_replay_gives_what_the_run_gave(
    exchange: FakeExchange, tmp_path: Path, view: BookView
) -> None:
    feeds = FeedOptions(book_view=view, every=0.7)
    run = Recorded(exchange, tmp_path / "r", TRADES, BOOK, TICKER, feeds=feeds, **STAMPED)
    items = run.during(40)
    assert len(items) > 20
    assert lines(run.replayed()) == lines(items)


def test_reconnects_come_again_with_their_delays(exchange: FakeExchange, tmp_path: Path) -> None:
    def ends_soon(connection: FakeConnection) -> None:
        busy(connection)
        connection.drop(after=5.5)

    exchange.on_confirmed = ends_soon
    run = Recorded(exchange, tmp_path / "r", TRADES, BOOK, **STAMPED)
    items = run.during(60)
    assert sum(isinstance(item, events.Reconnected) for item in items) > 3
    assert lines(run.replayed()) == lines(items)


def test_attempts_that_failed_come_again(tmp_path: Path) -> None:
    refused = ConnectionFailed("cannot connect to the exchange")
    exchange = FakeExchange(refused, RateLimited("too many", wait=60.0), refused)
    exchange.on_confirmed = busy
    run = Recorded(exchange, tmp_path / "r", TICKER, retry_for=600.0, **STAMPED)
    items = run.during(200)
    assert sum(isinstance(item, events.Reconnecting) for item in items) == 3
    assert lines(run.replayed()) == lines(items)


def test_a_silent_connection_dies_again(exchange: FakeExchange, tmp_path: Path) -> None:
    exchange.on_confirmed = lambda connection: connection.data("ticker", ROW)
    run = Recorded(exchange, tmp_path / "r", TICKER, **STAMPED)
    items = run.during(120)
    assert any("nothing came" in getattr(item, "reason", "") for item in items)
    assert lines(run.replayed()) == lines(items)


class LateHistory:
    """Has every trade, when it is told to answer."""

    def __init__(self, newest: int) -> None:
        self.asked: list[Future[list[Any]]] = []
        self._newest = newest

    def trades(self, symbol: str, start: int, end: int, limit: int) -> Future[list[Any]]:
        answer: Future[list[Any]] = Future()
        self.asked.append(answer)
        return answer

    candles = trades

    def tell(self) -> None:
        rows = [trade(number) for number in range(1, self._newest)]
        found = msgspec.json.decode(msgspec.json.encode(rows), type=list[TradeRow])
        self.asked.pop().set_result(found)


def test_what_rest_answered_is_known_at_the_same_read_again(tmp_path: Path) -> None:
    exchange = FakeExchange()
    exchange.history = history = LateHistory(60)

    def with_a_hole(connection: FakeConnection) -> None:
        first = 1 + 50 * connection.number
        connection.data("trades", trades_snapshot(first, first + 1))
        connection.beat(60)
        if not connection.number:
            connection.drop(after=3)

    exchange.on_confirmed = with_a_hole
    run = Recorded(exchange, tmp_path / "r", TRADES, **STAMPED)
    while not history.asked:
        run.step()
    run.step()
    history.tell()
    items = run.during(20)
    kinds = [item.type for item in items if hasattr(item, "type")]
    assert kinds.count("backfill") > 40
    assert lines(run.replayed()) == lines(items)


def test_a_question_put_again_gets_its_own_answer_again() -> None:
    """The first is answered late, or never: whoever asked again waits for the second alone."""
    live = LateHistory(60)
    recorded = RecordedHistory(live)
    recorded.turn_of(1)
    for _ in range(2):
        recorded.trades("tBTCUSD", 1, 2, 3)
    live.tell()  # the second
    [answer] = recorded.come(1, Moment(1, 1))
    again = ReplayedHistory()
    first, second = [again.trades("tBTCUSD", 1, 2, 3) for _ in range(2)]
    again.answer(answer)
    assert (first.done(), second.done()) == (False, True)


def test_a_history_that_refused_refuses_again(tmp_path: Path) -> None:
    exchange = FakeExchange()  # without a history

    def with_a_hole(connection: FakeConnection) -> None:
        connection.data("trades", trades_snapshot(1 + 50 * connection.number))
        connection.beat(60)
        if not connection.number:
            connection.drop(after=3)

    exchange.on_confirmed = with_a_hole
    run = Recorded(exchange, tmp_path / "r", TRADES, **STAMPED)
    items = run.during(30)
    assert sum(isinstance(item, events.Gap) for item in items) == 1
    assert lines(run.replayed()) == lines(items)


def test_a_frame_that_is_missing_resubscribes_again(tmp_path: Path) -> None:
    exchange = FakeExchange()

    def skips(connection: FakeConnection) -> None:
        busy(connection)
        connection.say(b"[%d,[[100,1,5]],99]" % connection.chan_ids["book"], after=2.1)

    exchange.on_confirmed = skips
    run = Recorded(exchange, tmp_path / "r", BOOK, TICKER, **STAMPED)
    items = run.during(20)
    assert any(isinstance(item, events.Gap) for item in items)
    assert lines(run.replayed()) == lines(items)


def test_what_was_not_given_out_is_not_recorded(exchange: FakeExchange, tmp_path: Path) -> None:
    run = Recorded(exchange, tmp_path / "r", TRADES, TICKER)
    while not run.following.items:
        run.step()
    given = list(run.following.items)
    next(run.following.batches)  # read and taken in, and then the run is killed
    assert run.recorder is not None
    run.recorder.close(ended=False)
    assert lines(run.replayed()) == lines(given)


def test_nothing_is_written_between_two_batches_where_a_signal_may_come(
    exchange: FakeExchange, tmp_path: Path
) -> None:
    """Whoever takes the batches holds signals back while it says that one was given out."""
    run = Recorded(exchange, tmp_path / "r", TICKER)
    for _ in range(20):
        before = run.path.read_bytes()
        batch = next(run.following.batches)
        assert run.path.read_bytes() == before
        assert run.recorder is not None
        run.recorder.given_out(batch)
    assert b"received" in before


def test_what_was_due_when_the_run_ended_is_not_given_by_its_replay(tmp_path: Path) -> None:
    """It is given behind what a read has brought, and the run may end between the two."""
    exchange = FakeExchange()

    def bursts(connection: FakeConnection) -> None:
        connection.data("book", BOOK_ROWS)
        connection.data("book", [[100, 1, 5]], after=0.5)
        connection.data("ticker", ROW, after=1.2)

    exchange.on_confirmed = bursts
    options: dict[str, Any] = {"feeds": FeedOptions(book_view=BookView.FULL, every=1.0)}
    run = Recorded(exchange, tmp_path / "r", BOOK, TICKER, tick=60.0, **options)
    while not any(hasattr(item, "last_price") for item in run.following.items):
        run.step()
    given = list(run.following.items)
    due = next(run.following.batches)
    assert [type(item).__name__ for item in due] == ["FullBook"]
    assert run.recorder is not None
    run.recorder.close(ended=True)
    assert lines(run.replayed()) == lines(given)


def test_frames_are_recorded_as_they_came_and_requests_as_they_left(
    exchange: FakeExchange, tmp_path: Path
) -> None:
    garbage = b"\xff\xfe{\x00"

    def odd(connection: FakeConnection) -> None:
        busy(connection)
        connection.say(garbage, after=1)

    exchange.on_confirmed = odd
    Recorded(exchange, tmp_path / "r", TICKER).during(5)
    steps = list(Capture([tmp_path / "r"]).steps())
    came = [frame for s in steps if isinstance(s, Received) for frame in frames_of(s.frames)]
    sent = [frame for s in steps if isinstance(s, Sent) for frame in frames_of(s.frames)]
    assert garbage in came
    assert came[0].startswith(b'{"event":"info"')
    assert [msgspec.json.decode(frame)["event"] for frame in sent] == ["conf", "subscribe"]


@pytest.mark.parametrize("space", [b"", b" "])
def test_no_proof_of_an_account_is_recorded(
    exchange: FakeExchange, tmp_path: Path, space: bytes
) -> None:
    answer = event("auth", status="OK", chanId=0, userId=4711, auth_id="very-secret", caps={})
    exchange.on_confirmed = lambda connection: connection.say(space + answer)
    run = Recorded(exchange, tmp_path / "r", TICKER)
    assert run.recorder is not None
    run.recorder.tap(1, "sent", 0, [event("auth", apiKey="key", authSig="signature")])
    run.during(3)
    text = (tmp_path / "r").read_bytes()
    for secret in (b"very-secret", b"4711", b"apiKey", b"signature"):
        assert secret not in text
    assert rb"{\"event\":\"auth\",\"status\":\"OK\",\"chanId\":0,\"caps\":{}}" in text


def test_no_secret_of_an_address_is_recorded(exchange: FakeExchange, tmp_path: Path) -> None:
    def open_there(url: str, timeout: float, number: int) -> FakeConnection:
        return exchange.open(URL, timeout, number)

    recorder = Recorder(World(clock=exchange.clock, open=open_there), 7)
    begun = Begun(id="a", mts=1, us=1, url=URL, subscriptions=[TICKER], seed=7)
    recorder.write_to(CaptureWriter(tmp_path / "r", begun))
    recorder.world.open("wss://me:pa55word@exchange.test/ws/2?token=t0ken", 1.0, 1)
    batch: list[Any] = []
    recorder.given_out(next(recorder.world.watched(1, iter([batch]))))
    recorder.close(ended=True)
    text = (tmp_path / "r").read_bytes()
    assert b"opened" in text
    for secret in (b"me:", b"pa55word", b"t0ken"):
        assert secret not in text


# Replays that are told something else.


def test_a_replay_in_another_view_has_all_of_it(exchange: FakeExchange, tmp_path: Path) -> None:
    run = Recorded(exchange, tmp_path / "r", BOOK, TICKER)
    run.during(20)
    whole = run.replayed(feeds=FeedOptions(book_view=BookView.FULL))
    assert sum(hasattr(item, "bids") for item in whole) == 30
    frames = run.replayed(frames_only=True)
    assert all(isinstance(frame, bytes) for frame in frames)


def test_a_replay_of_some_channels_has_those_alone(exchange: FakeExchange, tmp_path: Path) -> None:
    run = Recorded(exchange, tmp_path / "r", BOOK, TICKER, TRADES)
    items = run.during(20)
    found = replayed(run.path, TRADES)
    assert lines(found) == lines([item for item in items if item.channel == "trades"])


def test_a_replay_keeps_the_pace_it_is_told(exchange: FakeExchange, tmp_path: Path) -> None:
    Recorded(exchange, tmp_path / "r", TICKER).during(30)
    waits: list[float] = []
    now = [0.0]

    def wait(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    capture = Capture([tmp_path / "r"])
    pace = Pace(10.0, clock=lambda: now[0], wait=wait)
    replay = Replay(capture, pace)
    stream = MarketStream(capture.subscriptions, StreamOptions(url=URL), world=replay.world)
    for _ in replay.follow(stream.batches()):
        pass
    assert sum(waits) == pytest.approx(3.0, rel=0.02)


# Several connections.


def test_several_connections_are_given_in_the_order_of_the_run(tmp_path: Path) -> None:
    """Threads read them, so that no two runs are alike: the recording has this one's order."""
    specs = [f"{channel}:{symbol}" for symbol in _SYMBOLS for channel in ("ticker", "trades")]
    options: dict[str, Any] = dict(STAMPED, policy=Policy(subscriptions=4, thread_tick=0.05))
    items: list[Any] = []
    with DemoExchange(seed=5, rate=3000) as market:
        recorder = Recorder(World(), 7)
        begun = Begun(
            id="a",
            mts=recorder.begun.mts,
            us=recorder.begun.us,
            url=market.url,
            subscriptions=specs,
            seed=7,
        )
        recorder.write_to(CaptureWriter(tmp_path / "r", begun))
        stream = MarketStream(
            [parse_spec(spec) for spec in specs],
            StreamOptions(url=market.url, **options),
            world=recorder.world,
        )
        batches = stream.batches()
        struck = False
        while len(items) < 600 or not any(isinstance(i, events.Reconnected) for i in items):
            if len(items) > 300 and not struck:
                struck = True
                market.inject("reconnect")  # we are asked to, and nothing comes with it
            batch = next(batches)
            items += batch
            recorder.given_out(batch)
        stream.close()
        recorder.close(ended=True)
    assert {item.connection for item in items if isinstance(item, events.Connected)} == {1, 2, 3}
    assert lines(replayed(tmp_path / "r", **options)) == lines(items)


def test_a_run_that_is_not_read_is_held_back_and_not_kept_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reads that give nothing wait behind one that is still to be given out."""
    monkeypatch.setattr(recording, "MOST_BYTES", 1000)
    exchange = FakeExchange()
    recorder = Recorder(World(clock=exchange.clock, open=exchange.open), 7)
    begun = Begun(id="a", mts=1, us=1, url=URL, subscriptions=[TICKER], seed=7)
    recorder.write_to(CaptureWriter(tmp_path / "r", begun))
    batches: list[list[Any]] = [[b"an item"], *([] for _ in range(40))]
    taken: list[list[Any]] = []
    connections = []

    def batch_by_batch() -> Iterator[list[Any]]:
        connections.append(recorder.world.open(URL, 1.0, 1))
        for batch in batches:
            recorder.arrived(1, [bytes(100)])
            yield batch

    def read() -> None:
        taken.extend(recorder.world.watched(1, batch_by_batch()))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(0.2)
    assert thread.is_alive()
    assert len(taken) < 5
    connections[0].interrupt()  # as where the stream is closed
    recorder.given_out(batches[0])
    thread.join(5)
    assert not thread.is_alive()
    recorder.close(ended=True)
    steps = Capture([tmp_path / "r"]).steps()
    assert sum(isinstance(step, Received) for step in steps) == len(batches)


_SYMBOLS = ("tBTCUSD", "tETHUSD", "tETHBTC", "tXRPUSD", "tLTCUSD")
