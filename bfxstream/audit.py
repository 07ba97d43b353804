"""A recording checked: sequence numbers, checksums, crossed books, trade ids; nothing is healed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from bfxstream.book import OrderBook, order_book
from bfxstream.capture.foreign import subscription_told, told_event
from bfxstream.capture.reader import Capture
from bfxstream.capture.steps import Answered, Opened, Received, Sent, frames_of
from bfxstream.protocol.account.messages import AccountDecoder
from bfxstream.protocol.channels import (
    AccountSubscription,
    BookSubscription,
    Subscription,
    TradesSubscription,
)
from bfxstream.protocol.codes import Conf
from bfxstream.protocol.decode import ChannelDecoder, FrameError, FrameReader, Kind, Message
from bfxstream.protocol.objects import ObjectFrame
from bfxstream.protocol.report import ChannelReport, ConnectionReport, Report

_REMEMBERED_IDS = 4096
"""Of a symbol's trades: one that is repeated from farther back counts as out of order."""


def audit(capture: Capture, progress: Callable[[], None] = lambda: None) -> Report:
    """What the recording holds, and what is missing from it; `progress` is called now and then.

    Raises CaptureFailed where it is damaged.
    """
    auditor = _Auditor()
    for step in capture.steps():
        if auditor.begun_mts is None:
            auditor.begun_mts = step.mts
        auditor.ended_mts = step.mts
        if isinstance(step, Opened):
            auditor.open(step.connection)
        elif isinstance(step, Received):
            for frame in frames_of(step.frames):
                auditor.take(step.connection, frame)
        elif isinstance(step, Sent):
            auditor.sent += len(step.frames)
        elif isinstance(step, Answered) and step.asked == "trades":
            auditor.fill(step)
        progress()
    return auditor.report(_broken_off(capture), capture.missing_parts)


def _broken_off(capture: Capture) -> str | None:
    if capture.broken or capture.ended or capture.foreign is not None:
        return capture.broken or None
    return "the recording has no end: it goes on, its program was killed, or a part is missing"


class _Channel:
    """One subscription's book or trades, over all connections."""

    def __init__(self, subscription: Subscription) -> None:
        self.subscription = subscription
        self.report = ChannelReport(subscription.spec)
        self.book: OrderBook[Any] | None = None
        if isinstance(subscription, BookSubscription):
            self.book = order_book(subscription)
        self.fresh = True
        self.holes: list[tuple[int, int]] = []
        """Ids of the trades on both sides of each."""
        self._seen: dict[int, None] = {}
        self._newest = 0

    def take(self, message: Message) -> None:
        """Take what a frame says. Raises ValueError for numbers that cannot be used."""
        report, kind, payload = self.report, message.kind, message.payload
        report.frames += 1
        rows = payload if kind is Kind.ROWS else [payload] if kind in _WITH_ROW else []
        report.rows += len(rows)
        report.heartbeats += kind is Kind.HEARTBEAT
        is_snapshot = self.fresh and kind is Kind.ROWS
        if is_snapshot:
            self.fresh = False
            report.snapshots += 1
        if self.book is not None:
            self._take_book(self.book, kind, payload, rows, is_snapshot)
        elif isinstance(self.subscription, TradesSubscription):
            if is_snapshot:
                self._take_latest(sorted(row.id for row in rows))
            elif kind is Kind.EXECUTED:
                self._take_executed(payload.id)

    def _take_book(
        self, book: OrderBook[Any], kind: Kind, payload: Any, rows: Sequence[Any], is_snapshot: bool
    ) -> None:
        report = self.report
        if is_snapshot:
            book.load(rows)
        elif rows and not self.fresh:
            book.apply_burst(rows)
            report.crossed += book.crossed
        elif kind is Kind.CHECKSUM and not self.fresh and self._is_verifiable():
            report.checksums += 1
            report.checksums_failed += book.checksum() != payload
        report.unknown_deletes = book.unknown_deletes

    def _is_verifiable(self) -> bool:
        return isinstance(self.subscription, BookSubscription) and self.subscription.verifiable

    def _take_executed(self, trade_id: int) -> None:
        if trade_id in self._seen:
            self.report.trades_repeated += 1
            return
        self.report.trades_out_of_order += trade_id < self._newest
        self._note(trade_id)

    def _take_latest(self, rising: Sequence[int]) -> None:
        """The ids of a snapshot: it repeats trades, or there is a hole before it."""
        if rising and self._newest and rising[0] > self._newest:
            self.holes.append((self._newest, rising[0]))
        for trade_id in rising:
            if trade_id not in self._seen:
                self._note(trade_id)

    def _note(self, trade_id: int) -> None:
        self._newest = max(self._newest, trade_id)
        self._seen[trade_id] = None
        if len(self._seen) > _REMEMBERED_IDS:
            del self._seen[next(iter(self._seen))]

    def fill(self, ids: Sequence[int]) -> None:
        """What the history had of trades, one page: a hole is smaller by it, or filled."""
        left = []
        for first, last in self.holes:
            if ids and min(ids) <= first < max(ids):
                if max(ids) < last:
                    left.append((max(ids), last))
            else:
                left.append((first, last))
        self.holes = left


_WITH_ROW = (Kind.ROW, Kind.EXECUTED, Kind.UPDATED)


class _Connection:
    """One connection: its flags, its numbers, and which channel each id means."""

    def __init__(self, number: int) -> None:
        self.report = ConnectionReport(number)
        self.conf = Conf.NONE
        self.reader = FrameReader(self.conf)
        self.routes: dict[int, tuple[_Channel, Callable[[bytes], Message]]] = {}

    def set_conf(self, flags: int) -> None:
        """The flags that the exchange has confirmed."""
        self.conf = Conf(flags & sum(Conf))
        self.reader = FrameReader(self.conf)

    def number(self, seq: int | None) -> bool:
        """Compare a frame's number with the last; False where it came before."""
        report = self.report
        if seq is None:
            return True
        last = report.last_seq or 0
        if seq <= last:
            report.repeated += 1
            return False
        if report.first_seq is None:
            report.first_seq = seq
        if seq > last + 1:
            report.gaps += 1
            report.missing += seq - last - 1
        report.last_seq = seq
        return True


class _Auditor:
    """All connections and channels of a recording."""

    def __init__(self) -> None:
        self.begun_mts: int | None = None
        self.ended_mts: int | None = None
        self.sent = 0
        """Frames of ours."""
        self._received = self._events = self._unreadable = self._unrouted = 0
        self._all: list[_Connection] = []
        self._now: dict[int, _Connection] = {}
        self._channels: dict[Subscription, _Channel] = {}

    def open(self, number: int) -> None:
        """A connection stands."""
        self._now[number] = connection = _Connection(number)
        self._all.append(connection)

    def take(self, number: int, frame: bytes) -> None:
        """Take a frame as it came."""
        if number not in self._now:
            self.open(number)
        connection = self._now[number]
        self._received += 1
        connection.report.frames += 1
        event = told_event(frame)
        if event is not None:
            self._events += 1
            self._take_event(connection, event)
            return
        try:
            self._take_data(connection, frame)
        except ValueError:  # a FrameError, or a number that cannot be used
            self._unreadable += 1

    def _take_event(self, connection: _Connection, event: ObjectFrame) -> None:
        match event.event:
            case "conf" if event.status == "OK" and event.flags is not None:
                connection.set_conf(event.flags)
            case "subscribed" if (told := subscription_told(event)) and event.chan_id is not None:
                decode = ChannelDecoder(told, connection.conf).decode
                self._route(connection, event.chan_id, told, lambda f: decode(f, _second(f)))
            case "auth" if event.status == "OK":
                decoder = AccountDecoder(connection.conf)
                self._route(connection, 0, AccountSubscription(), decoder.decode)
            case "unsubscribed":
                connection.routes.pop(event.chan_id or 0, None)

    def _route(
        self,
        connection: _Connection,
        chan_id: int,
        told: Subscription,
        decode: Callable[[bytes], Message],
    ) -> None:
        channel = self._channels.setdefault(told, _Channel(told))
        channel.fresh = True
        connection.routes[chan_id] = (channel, decode)

    def _take_data(self, connection: _Connection, frame: bytes) -> None:
        comma = frame.find(b",")
        route = connection.routes.get(int(frame[1:comma]))
        if route is None:
            self._unrouted += 1
            connection.number(connection.reader.decode(frame, comma + 1).seq)
            return
        channel, decode = route
        try:
            message = decode(frame)
        except FrameError:
            connection.number(connection.reader.decode(frame, comma + 1).seq)
            raise
        if connection.number(message.seq):
            channel.take(message)

    def fill(self, answer: Answered) -> None:
        """What the history had."""
        channel = self._channels.get(TradesSubscription(answer.key))
        rows = msgspec.json.decode(answer.rows)
        if channel is not None and rows:
            channel.fill([row[0] for row in rows])

    def report(self, broken_off: str | None, missing_parts: list[int]) -> Report:
        """All that was found."""
        channels = []
        for channel in self._channels.values():
            channel.report.trades_missing = len(channel.holes)
            channels.append(channel.report)
        connections = [connection.report for connection in self._all]
        return Report(
            complete=self._received > 0
            and broken_off is None
            and not missing_parts
            and not self._unreadable
            and not any(each.missing for each in connections)
            and not any(map(_has_fault, channels)),
            frames=self._received + self.sent,
            received=self._received,
            sent=self.sent,
            events=self._events,
            unreadable=self._unreadable,
            unrouted=self._unrouted,
            begun_mts=self.begun_mts,
            ended_mts=self.ended_mts,
            connections=connections,
            channels=channels,
            missing_parts=missing_parts,
            broken_off=broken_off,
        )


def _second(frame: bytes) -> int:
    """Where the second element begins."""
    return frame.find(b",") + 1


def _has_fault(channel: ChannelReport) -> bool:
    return bool(
        channel.checksums_failed
        or channel.crossed
        or channel.trades_repeated
        or channel.trades_out_of_order
        or channel.trades_missing
    )
