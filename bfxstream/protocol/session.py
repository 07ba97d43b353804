"""One connection's conversation with the exchange: frames in; messages, events and requests out.

Sans-I/O: no socket and no clock. The owner tells the time with `tick`, hands in every frame that
it receives, sends what `frames_to_send` gives, and reports what `take_events` gives.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import msgspec

from bfxstream.protocol.channel_state import Channel, ChannelState
from bfxstream.protocol.channels import (
    BookSubscription,
    DerivSubscription,
    TickerSubscription,
)
from bfxstream.protocol.codes import Conf
from bfxstream.protocol.decode import (
    HEARTBEAT,
    NAMES,
    OTHER,
    UNREADABLE,
    FrameError,
)
from bfxstream.protocol.events import BadFrame, Gap
from bfxstream.protocol.objects import decode_object
from bfxstream.protocol.requests import Requests
from bfxstream.protocol.together import ReadTogether, TogetherMessage, together_reader

BAD_FRAMES_A_REPORT = 1000
"""A stream of unreadable frames is reported at the first one and at every thousandth."""

MOST_REPEATS = 1000
"""So many frames with old numbers in a row mean that the numbering has begun anew."""


class Session(Requests):
    """The state of one connection; made anew for every connection, as ids and flags are."""

    bad_frames = 0
    _next_seq = 1
    _repeats = 0
    _repeated_at = 0
    """The next number at the last repeat: where that is another by now, the row is over."""

    def receive(self, frame: bytes) -> None:
        """Take one frame: data goes to its channel's receiver.

        Raises ConnectionFailed where the exchange speaks another version of the API.
        """
        self.receive_all(iter((frame,)))

    def receive_together(self, frames: Sequence[bytes]) -> int:
        """Take data frames from the first on, and answer how many were taken.

        One call decodes them all and finds their channels, for half the time of one by one. The
        first that is not plain data in sequence ends it; none is taken where one is not in the
        layout of a channel that is known.
        """
        if not self._reads_together or not self._numbered:
            return 0
        if self._read_together is None:
            self._read_together = self._make_together_reader()
        try:
            messages = self._read_together(b"[" + b",".join(frames) + b"]")
        except UNREADABLE:
            return 0
        if len(messages) != len(frames):
            return 0
        if not self._reads_rows and not self._stamped:
            return self._audit_together(messages)
        return self._take_together(messages, frames)

    def _take_together(self, messages: Sequence[TogetherMessage], frames: Sequence[bytes]) -> int:
        first_seq = next_seq = self._next_seq
        events = self.events
        try:
            for message in messages:
                channel, payload, seq = message.channel, message.first, message.second
                if type(payload) is not str:
                    if seq != next_seq:
                        break
                    if channel.check is not None:
                        channel.check(frames[seq - first_seq])
                    next_seq += 1
                    channel.take_rows(payload)
                else:
                    kind = NAMES.get(payload, OTHER)
                    if kind is not HEARTBEAT:
                        payload, seq = seq, message.third
                    if seq != next_seq:
                        break
                    if channel.check is not None and kind is not HEARTBEAT:
                        channel.check(frames[seq - first_seq])
                    next_seq += 1
                    channel.take(kind, payload)
                channel.heard = True
                if events:
                    break
        except msgspec.DecodeError:
            pass  # of a check, before anything was taken: one by one it is told
        except ValueError:
            # Numbered, and perhaps taken in part: not once more.
            self._on_useless(channel)
        self._next_seq = next_seq
        return next_seq - first_seq

    def _audit_together(self, messages: Sequence[TogetherMessage]) -> int:
        """Number the frames, where nobody wants their rows: all of them or none."""
        expected = range(self._next_seq, self._next_seq + len(messages))
        # Without TIMESTAMP the number is the last element. 0.2 µs less a frame than one by one.
        if [message.third or message.second for message in messages] != list(expected):
            return 0
        for channel in {message.channel for message in messages}:
            channel.heard = True
        self._next_seq = expected.stop
        return len(messages)

    def _make_together_reader(self) -> ReadTogether:
        rows = self._reads_rows
        known = {
            int(chan_id): channel
            for chan_id, channel in self._by_chan.items()
            if not rows or _is_in_flow(channel)
        }
        return together_reader(known, rows=rows)

    def receive_all(self, frames: Iterator[bytes]) -> bool:
        """Take frames until something happens that must be told; False when all are taken.

        Raises ConnectionFailed where the exchange speaks another version of the API.
        """
        channel_of = self._by_chan.get
        for frame in frames:
            comma = frame.find(b",")
            channel = channel_of(frame[1:comma])
            if channel is None:
                self._receive_unrouted(frame)
            else:
                try:
                    message = channel.decode(frame, comma + 1)
                    if message.seq == self._next_seq:
                        self._next_seq += 1
                    elif not self._audit(message.seq):
                        continue
                    channel.heard = True
                    fresh = channel.fresh
                    channel.deliver(message, fresh)
                    if fresh and message.kind is channel.snapshot_kind:
                        channel.fresh = False
                        self._channels_changed()
                except FrameError as error:
                    self._on_unreadable(frame, str(error), channel)
                except ValueError:
                    self._on_useless(channel)
            if self.events:
                return True
        return False

    def server_mts_of(self, frame: bytes) -> int | None:
        """The exchange's time in a frame's tail; None in an event, or without TIMESTAMP."""
        if not self.conf & Conf.TIMESTAMP:
            return None
        try:
            return self._reader.decode(frame, frame.find(b",") + 1).server_mts
        except FrameError:
            return None

    # Array frames.

    def _receive_unrouted(self, frame: bytes) -> None:
        """An event, a frame of a channel not known (yet), white space, or nothing readable."""
        if frame[:1] == b"{":
            self._receive_object(frame)
            return
        try:
            # Numbered like any other frame, even before its `subscribed` (API: General).
            if self._reads_compact(frame):
                return
            start = frame.find(b",") + 1
            self._audit(self._reader.decode(frame, start).seq)
        except FrameError as error:
            self._on_unreadable(frame, str(error), None)

    def _reads_compact(self, frame: bytes) -> bool:
        """Take a frame with white space, which the exchange never sends, in its compact form."""
        try:
            compact = msgspec.json.format(frame, indent=-1)
        except UNREADABLE as error:
            raise FrameError(str(error)) from None
        if compact == frame:
            return False
        self.receive(compact)
        return True

    def _audit(self, seq: int | None) -> bool:
        """Compare a number that is not the next one, or of an unknown channel; False: a repeat."""
        if seq is None:
            return True
        if seq < self._next_seq:
            in_a_row = self._repeated_at == self._next_seq
            self._repeats = self._repeats + 1 if in_a_row else 1
            self._repeated_at = self._next_seq
            if self._repeats >= MOST_REPEATS:
                self.reconnect_reason = "the sequence numbers have begun anew"
            return False
        if seq > self._next_seq:
            self.events.append(Gap(None, self._next_seq - 1, seq))
            self._resubscribe_all()
        self._next_seq = seq + 1
        return True

    def _on_unreadable(self, frame: bytes, reason: str, channel: Channel | None) -> None:
        """A frame in no layout that is known, which the exchange may have numbered all the same."""
        with contextlib.suppress(FrameError):
            if channel is not None and self._reads_compact(frame):
                return
        self._count_bad(reason)
        with contextlib.suppress(FrameError):
            self._audit(self._reader.decode(frame, frame.find(b",") + 1).seq)  # not a gap
        if channel is not None and self._reads_rows:
            self._heal(channel)

    def _on_useless(self, channel: Channel) -> None:
        """A frame that is numbered already, whose rows the receiver cannot use."""
        channel.heard = True
        self._count_bad("a number in it cannot be used")
        self._heal(channel)

    def _count_bad(self, reason: str) -> None:
        self.bad_frames += 1
        if self.bad_frames % BAD_FRAMES_A_REPORT == 1:
            self.events.append(BadFrame(reason, self.bad_frames))

    def _heal(self, channel: Channel) -> None:
        """What was in the frame is lost; a snapshot makes up for it, where nothing else does."""
        subscription = channel.subscription
        if isinstance(subscription, (TickerSubscription, DerivSubscription)):
            return  # the next one has everything
        proved = isinstance(subscription, BookSubscription) and subscription.verifiable
        if proved and self.conf & Conf.OB_CHECKSUM and not channel.fresh:
            return  # the next checksum tells
        self.heal(channel)

    def _receive_object(self, frame: bytes) -> None:
        try:
            event = decode_object(frame)
        except UNREADABLE as error:
            self._on_unreadable(frame, str(error), None)
        else:
            self._receive_event(event)


def _is_in_flow(channel: Channel) -> bool:
    """Whether only updates are to come."""
    return channel.state is ChannelState.ACTIVE and not channel.fresh
