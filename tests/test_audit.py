"""A recording checked: what real recordings are known to hold, and each thing that can be wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from captures import CRYPTOFEED, GO_22, GO_28, LOBO, capture_path
from frames import confirmed_conf, encode, event, hello, subscribed, with_tail
from msgspec import Raw

from bfxstream.audit import audit
from bfxstream.book import order_book
from bfxstream.capture.reader import Capture
from bfxstream.capture.steps import Answered, Begun, Ended, Opened, Received, encode_lines, texts_of
from bfxstream.protocol.channels import BookSubscription, Subscription, parse_spec
from bfxstream.protocol.codes import Conf
from bfxstream.protocol.decode import ChannelDecoder
from bfxstream.protocol.report import ChannelReport, Report

FLAGS = int(Conf.SEQ_ALL | Conf.OB_CHECKSUM | Conf.BULK_UPDATES)
BOOK, TRADES = "book:tBTCUSD:P0:F0:25", "trades:tBTCUSD"
ROWS = [[100, 1, 2], [99, 2, 1], [101, 1, -3]]


@pytest.mark.parametrize(
    ("name", "frames", "last_seq", "checksums"),
    [(CRYPTOFEED, 1715, 1670, 0), (GO_22, 6, None, 1), (GO_28, 6, None, 1), (LOBO, 294, 290, 2)],
)
def test_real_recordings_are_complete(
    name: str, frames: int, last_seq: int | None, checksums: int
) -> None:
    report = audit(Capture([capture_path(name)]))
    assert report.complete
    assert (report.frames, report.unreadable) == (frames, 0)
    [connection] = report.connections
    assert (connection.last_seq, connection.gaps, connection.repeated) == (last_seq, 0, 0)
    assert sum(channel.checksums for channel in report.channels) == checksums
    for channel in report.channels:
        assert (channel.checksums_failed, channel.unknown_deletes, channel.crossed) == (0, 0, 0)


class Recording:
    """Frames of one exchange, put together line for line."""

    def __init__(self, *specs: str) -> None:
        self.steps: list[Any] = []
        self._specs = specs
        self._seq = 0
        self.connect()

    def connect(self) -> None:
        """Another connection that confirms everything, channels 1, 2…"""
        self._seq = 0
        self.steps.append(Opened(1, 0, 0, "wss://exchange.test/ws/2"))
        self.say(hello(), confirmed_conf(FLAGS))
        for chan_id, spec in enumerate(self._specs, start=1):
            self.say(subscribed(parse_spec(spec).parameters(), chan_id))

    def say(self, *frames: bytes) -> None:
        self.steps.append(Received(1, 0, 0, texts_of(frames)))

    def data(self, chan_id: int, *content: Any, skip: int = 0) -> bytes:
        """A frame with the next number, or one that leaves some out."""
        self._seq += 1 + skip
        frame = with_tail(chan_id, *content, seq=self._seq)
        self.say(frame)
        return frame

    def report(self, folder: Path, *, ended: bool = True) -> Report:
        begun = Begun(
            id="a",
            mts=0,
            us=0,
            url="wss://exchange.test/ws/2",
            subscriptions=list(self._specs),
            seed=1,
        )
        end = [Ended(0, 0, 0)] if ended else []
        (folder / "capture").write_bytes(encode_lines([begun, *self.steps, *end]))
        return audit(Capture([folder / "capture"]))


def channel(report: Report) -> ChannelReport:
    [only] = report.channels
    return only


def checksum_of(*rows: list[float]) -> int:
    wish: Subscription = parse_spec(BOOK)
    assert isinstance(wish, BookSubscription)
    book = order_book(wish)
    frame = encode([1, rows])
    book.load(ChannelDecoder(wish, Conf.NONE).decode(frame, 3).payload)
    return book.checksum()


def test_a_whole_recording_is_complete(tmp_path: Path) -> None:
    recording = Recording(BOOK)
    recording.data(1, ROWS)
    recording.data(1, "cs", checksum_of(*ROWS))
    recording.data(1, "hb")
    report = recording.report(tmp_path)
    assert report.complete
    assert (report.received, report.events) == (6, 3)
    found = channel(report)
    assert (found.frames, found.snapshots, found.rows, found.heartbeats) == (3, 1, 3, 1)
    assert (found.checksums, found.checksums_failed) == (1, 0)


def test_missing_numbers_are_counted_for_each_connection(tmp_path: Path) -> None:
    recording = Recording(BOOK)
    recording.data(1, ROWS)
    recording.data(1, "hb", skip=3)
    recording.connect()
    recording.data(1, ROWS)
    report = recording.report(tmp_path)
    assert not report.complete
    first, second = report.connections
    assert (first.first_seq, first.last_seq, first.gaps, first.missing) == (1, 5, 1, 3)
    assert (second.first_seq, second.last_seq, second.gaps) == (1, 1, 0)


def test_a_frame_that_comes_twice_is_counted_and_taken_once(tmp_path: Path) -> None:
    recording = Recording(TRADES)
    recording.data(1, [])
    recording.say(recording.data(1, "te", [1, 1, 1, 1]))
    report = recording.report(tmp_path)
    assert report.complete
    assert report.connections[0].repeated == 1


def test_a_checksum_that_does_not_match_is_counted(tmp_path: Path) -> None:
    recording = Recording(BOOK)
    recording.data(1, ROWS)
    recording.data(1, "cs", checksum_of(*ROWS) + 1)
    report = recording.report(tmp_path)
    assert not report.complete
    assert channel(report).checksums_failed == 1


def test_a_crossed_book_and_an_unknown_delete_are_counted(tmp_path: Path) -> None:
    recording = Recording(BOOK)
    recording.data(1, ROWS)
    recording.data(1, [[98, 0, 1]])
    assert recording.report(tmp_path).complete  # the API allows it
    recording.data(1, [[102, 1, 1]])
    report = recording.report(tmp_path)
    assert not report.complete
    assert (channel(report).unknown_deletes, channel(report).crossed) == (1, 1)


def test_executions_that_come_twice_or_late_are_counted(tmp_path: Path) -> None:
    recording = Recording(TRADES)
    recording.data(1, [[1, 1, 1, 1]])
    for trade_id in (3, 3, 2):
        recording.data(1, "te", [trade_id, 1, 1, 1])
    recording.data(1, "tu", [3, 1, 1, 1])  # of one that is known: no second execution
    report = recording.report(tmp_path)
    assert not report.complete
    assert (channel(report).trades_repeated, channel(report).trades_out_of_order) == (1, 1)


def test_a_hole_between_connections_is_one_unless_rest_has_filled_it(tmp_path: Path) -> None:
    recording = Recording(TRADES)
    recording.data(1, [[1, 1, 1, 1], [2, 1, 1, 1]])
    recording.connect()
    recording.data(1, [[8, 1, 1, 1], [9, 1, 1, 1]])
    assert channel(recording.report(tmp_path)).trades_missing == 1
    rows = [[number, 1, 1, 1] for number in range(2, 9)]
    for page in (rows[:4], rows[3:]):
        recording.steps.append(
            Answered(1, 0, 0, "trades", "tBTCUSD", 0, 1, 10, rows=Raw(encode(page)))
        )
    report = recording.report(tmp_path)
    assert report.complete
    assert channel(report).trades_missing == 0


def test_frames_that_nobody_can_read_are_counted_and_numbered(tmp_path: Path) -> None:
    recording = Recording(BOOK)
    recording.data(1, ROWS)
    recording.data(1, [["a", 1, 1]])
    recording.data(5, "hb")
    recording.say(b"\xffgarbage", event("unheard_of"))
    report = recording.report(tmp_path)
    assert not report.complete
    assert (report.unreadable, report.unrouted) == (2, 1)
    assert report.connections[0].gaps == 0


def test_a_recording_without_its_end_is_not_complete(tmp_path: Path) -> None:
    recording = Recording(BOOK)
    recording.data(1, ROWS)
    assert recording.report(tmp_path).complete
    report = recording.report(tmp_path, ended=False)
    assert not report.complete
    assert "has no end" in (report.broken_off or "")


def test_a_recording_of_nothing_is_not_complete(tmp_path: Path) -> None:
    recording = Recording(BOOK)
    recording.steps.clear()
    report = recording.report(tmp_path)
    assert (report.complete, report.frames) == (False, 0)


def test_a_recording_without_one_of_its_parts_is_not_complete(tmp_path: Path) -> None:
    recording = Recording(BOOK)
    recording.data(1, ROWS)
    recording.report(tmp_path)
    path = tmp_path / "capture"
    path.write_bytes(path.read_bytes().replace(b'"part":1', b'"part":3'))
    report = audit(Capture([path]))
    assert (report.complete, report.missing_parts) == (False, [1, 2])
