"""One connection's conversation with the exchange: frames in; messages, events and requests out.

Sans-I/O: no socket and no clock. The owner tells the time with `tick`, hands in every frame that
it receives, sends what `frames_to_send` gives, and reports what `take_events` gives.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

import msgspec

from bfxstream.errors import ConnectionFailed
from bfxstream.protocol.channel_state import NOBODY, Channel, ChannelState, Receiver, Taker, ignore
from bfxstream.protocol.channels import (
    BookSubscription,
    Subscription,
    TickerSubscription,
    TradesSubscription,
    subscribe_message,
    unsubscribe_message,
)
from bfxstream.protocol.codes import API_VERSION, Action, Conf, InfoCode, error_code
from bfxstream.protocol.decode import (
    HEARTBEAT,
    NAMES,
    OTHER,
    ROW,
    ROWS,
    UNREADABLE,
    ChannelDecoder,
    Decode,
    FrameError,
    FrameReader,
    Message,
    finite_check,
    rows_kind,
)
from bfxstream.protocol.events import (
    BadFrame,
    Event,
    Gap,
    Maintenance,
    Notice,
    Rejected,
    Resync,
    Subscribed,
)
from bfxstream.protocol.objects import ObjectFrame, decode_object
from bfxstream.protocol.together import ReadTogether, TogetherMessage, together_reader

BAD_FRAMES_A_REPORT = 1000
"""A stream of unreadable frames is reported at the first one and at every thousandth."""

CONFIRM_SECONDS = 30.0
"""A book may be confirmed after 13 s (recorded); after this long the request is made again."""

LEAVE_SECONDS = 30.0
"""An `unsubscribe` that is not answered for this long needs a new connection."""

SILENCE_SECONDS = 45.0
"""A channel without a heartbeat, due every 15 s, for this long is lost: it is joined anew."""

MAINTENANCE_SECONDS = 180.0
"""The documents say 120; after this long a new connection is tried."""

HEAL_SECONDS = 10.0
"""Least time between two resubscriptions for frames of one channel that cannot be read."""

LOOK_SECONDS = 0.25
"""How often the channels' patience is looked at."""

MOST_REPEATS = 1000
"""So many frames with old numbers in a row mean that the numbering has begun anew."""


class Session:
    """The state of one connection; made anew for every connection, as ids and flags are."""

    def __init__(
        self,
        wanted: Sequence[Subscription],
        receivers: Sequence[Receiver] | None = None,
        takers: Sequence[Taker] = (),
        *,
        timestamps: bool = False,
    ) -> None:
        """Without receivers the frames are numbered and audited, but not taken apart; without
        takers none are decoded together."""
        self._reads_rows = receivers is not None
        self._reads_together = bool(takers) or not self._reads_rows
        receivers = receivers or [ignore] * len(wanted)
        self.channels = list(map(Channel, wanted, receivers, takers or [NOBODY] * len(wanted)))
        self.conf = conf_for(wanted, timestamps=timestamps)
        """The flags asked for, then the flags that the exchange says are active."""
        self.reconnect_reason = ""
        """Set where this connection cannot go on and a new one must be made."""
        self.maintenance_since: float | None = None
        self.bad_frames = 0
        self.events: list[Event] = []
        """What happened, oldest first, until `take_events`."""
        self._now = 0.0
        self._next_look = 0.0
        self._outbox: list[bytes] = []
        self._next_seq = 1
        self._repeats = 0
        self._next_sub_id = 1
        self._reader = FrameReader(self.conf)
        self._read_together: ReadTogether | None = None
        """Made anew where channels have come or gone."""
        self._by_chan: dict[bytes, Channel] = {}
        self._by_sub: dict[int, Channel] = {}
        self._handlers: dict[str, Callable[[ObjectFrame], None]] = {
            "info": self._on_info,
            "conf": self._on_conf,
            "subscribed": self._on_subscribed,
            "unsubscribed": self._on_unsubscribed,
            "error": self._on_error,
            "pong": lambda pong: None,
        }

    # What the owner calls.

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
        if not self._reads_together or not self.conf & Conf.SEQ_ALL:
            return 0
        if self._read_together is None:
            self._read_together = self._make_together_reader()
        try:
            messages = self._read_together(b"[" + b",".join(frames) + b"]")
        except UNREADABLE:
            return 0
        if len(messages) != len(frames):
            return 0
        if not self._reads_rows and not self.conf & Conf.TIMESTAMP:
            return self._audit_together(messages)
        return self._take_together(messages, frames)

    def _take_together(self, messages: Sequence[TogetherMessage], frames: Sequence[bytes]) -> int:
        first_seq = next_seq = self._next_seq
        events = self.events
        with contextlib.suppress(*UNREADABLE):
            for message in messages:
                channel, payload, seq = message.channel, message.first, message.second
                if type(payload) is not str:
                    if seq != next_seq:
                        break
                    if channel.check is not None:
                        channel.check(frames[seq - first_seq])
                    channel.take_rows(payload)
                else:
                    kind = NAMES.get(payload, OTHER)
                    if kind is not HEARTBEAT:
                        payload, seq = seq, message.third
                    if seq != next_seq:
                        break
                    if channel.check is not None and kind is not HEARTBEAT:
                        channel.check(frames[seq - first_seq])
                    channel.take(kind, payload)
                channel.heard = True
                next_seq += 1
                if events:
                    break
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
        if not self._reads_rows:
            return together_reader(self._by_chan.values(), rows=False)
        return together_reader(filter(_is_in_flow, self.channels), rows=True)

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
                        self._read_together = None
                except ValueError as error:
                    self._on_unreadable(frame, str(error), channel)
            if self.events:
                return True
        return False

    def frames_to_send(self) -> list[bytes]:
        """The requests that are due; the caller sends them in this order."""
        due, self._outbox = self._outbox, []
        return due

    def take_events(self) -> list[Event]:
        """What happened since the last call, oldest first."""
        happened, self.events = self.events, []
        return happened

    def tick(self, now: float) -> None:
        """Tell the time, in seconds of any steady clock, and do what is due by it."""
        self._now = now
        if self.maintenance_since is not None:
            if now - self.maintenance_since >= MAINTENANCE_SECONDS:
                self.reconnect_reason = "the exchange's maintenance does not end"
            return
        if now < self._next_look:
            return
        self._next_look = now + LOOK_SECONDS
        for channel in self.channels:
            self._look_after(channel, now)

    def resubscribe(self, channel: Channel, reason: str) -> None:
        """Leave the channel and join it again, so that a new snapshot comes."""
        if channel.state is ChannelState.ACTIVE:
            self.events.append(Resync(channel.subscription.spec, reason))
            self._leave(channel)

    def server_mts_of(self, frame: bytes) -> int | None:
        """The exchange's time in a frame's tail; None in an event, or without TIMESTAMP."""
        if not self.conf & Conf.TIMESTAMP:
            return None
        try:
            return self._reader.decode(frame, frame.find(b",") + 1).server_mts
        except FrameError:
            return None

    def ping(self, cid: int) -> None:
        """Ask for a sign of life (API: General, ping)."""
        self._outbox.append(msgspec.json.encode({"event": "ping", "cid": cid}))

    @property
    def in_maintenance(self) -> bool:
        """Whether the exchange has stopped for a while: nothing is asked of it."""
        return self.maintenance_since is not None

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
            self._repeats += 1
            if self._repeats >= MOST_REPEATS:
                self.reconnect_reason = "the sequence numbers have begun anew"
            return False
        self._repeats = 0
        if seq > self._next_seq:
            self.events.append(Gap(None, self._next_seq - 1, seq))
            self._resubscribe_all()
        self._next_seq = seq + 1
        return True

    def _on_unreadable(self, frame: bytes, reason: str, channel: Channel | None) -> None:
        with contextlib.suppress(FrameError):
            if channel is not None and self._reads_compact(frame):
                return
        self.bad_frames += 1
        if self.bad_frames % BAD_FRAMES_A_REPORT == 1:
            self.events.append(BadFrame(reason, self.bad_frames))
        with contextlib.suppress(FrameError):
            # Unreadable for us, but the exchange has numbered it: not a gap.
            self._audit(self._reader.decode(frame, frame.find(b",") + 1).seq)
        if channel is not None and self._reads_rows:
            self._heal(channel)

    def _heal(self, channel: Channel) -> None:
        """What was in the frame is lost; a snapshot makes up for it, where nothing else does."""
        subscription = channel.subscription
        if isinstance(subscription, TickerSubscription):
            return  # the next one has everything
        proved = isinstance(subscription, BookSubscription) and subscription.verifiable
        if proved and self.conf & Conf.OB_CHECKSUM and not channel.fresh:
            return  # the next checksum tells
        if self._now - channel.healed_at >= HEAL_SECONDS:
            channel.healed_at = self._now
            self.resubscribe(channel, "a frame was unreadable")

    # Events of the exchange.

    def _receive_object(self, frame: bytes) -> None:
        try:
            message = decode_object(frame)
        except UNREADABLE as error:
            self._on_unreadable(frame, str(error), None)
            return
        handler = self._handlers.get(message.event)
        if handler is None:
            self.events.append(Notice(f"unknown event from the exchange: {message.event}"))
        else:
            handler(message)

    def _on_info(self, info: ObjectFrame) -> None:
        if info.version is not None:
            self._on_hello(info)
        elif info.code == InfoCode.STOP:
            self.reconnect_reason = "the exchange asks to reconnect (info 20051)"
        elif info.code == InfoCode.RESYNC_START:
            self._start_maintenance()
        elif info.code == InfoCode.RESYNC_STOP:
            self.maintenance_since = None
            self.events.append(Maintenance("ended"))
            self._resubscribe_all()
        elif info.msg:
            self.events.append(Notice(f"the exchange says: {info.msg} (info {info.code})"))

    def _on_hello(self, info: ObjectFrame) -> None:
        if info.version != API_VERSION:
            raise ConnectionFailed(
                f"the server speaks version {info.version} of the API, not {API_VERSION}",
                hint="check the URL",
                permanent=True,
            )
        # `conf` before any subscription, so that the numbering covers everything.
        self._outbox.append(msgspec.json.encode({"event": "conf", "flags": int(self.conf)}))
        if info.platform is not None and info.platform.status == 0:
            self._start_maintenance()
        for channel in self.channels:
            self._ask(channel)

    def _start_maintenance(self) -> None:
        if self.maintenance_since is None:
            self.maintenance_since = self._now
            self.events.append(Maintenance("started"))

    def _on_conf(self, conf: ObjectFrame) -> None:
        if conf.status != "OK":
            self._set_conf(Conf.NONE)
            self.events.append(Notice("the exchange refused the flags: nothing can be audited"))
        elif conf.flags is not None:
            self._set_conf(Conf(conf.flags & sum(Conf)))

    def _set_conf(self, conf: Conf) -> None:
        self.conf = conf
        self._reader = FrameReader(conf)
        self._read_together = None

    def _on_subscribed(self, subscribed: ObjectFrame) -> None:
        channel = self._channel_asked(subscribed)
        if channel is None or subscribed.chan_id is None:
            return
        self._enter(channel, ChannelState.ACTIVE)
        channel.chan_id = subscribed.chan_id
        channel.decode = self._decoder(channel)
        channel.snapshot_kind = ROWS if channel.subscription.has_snapshot else ROW
        channel.row_kind = rows_kind(channel.subscription, self.conf)
        channel.check = self._finite_check(channel)
        channel.listen()
        channel.fresh = True
        channel.asked_again = False
        channel.heard = True
        self._route(subscribed.chan_id, channel)
        self.events.append(Subscribed(channel.subscription.spec, subscribed.chan_id))

    def _route(self, chan_id: int, channel: Channel) -> None:
        self._by_chan[b"%d" % chan_id] = channel
        self._read_together = None

    def _unroute(self, chan_id: int | None) -> Channel | None:
        self._read_together = None
        return self._by_chan.pop(b"%d" % (chan_id or 0), None)

    def _decoder(self, channel: Channel) -> Callable[[bytes, int], Message]:
        if self._reads_rows:
            return ChannelDecoder(channel.subscription, self.conf).decode
        return self._reader.decode

    def _finite_check(self, channel: Channel) -> Decode | None:
        return finite_check(channel.subscription, self.conf) if self._reads_rows else None

    def _on_unsubscribed(self, unsubscribed: ObjectFrame) -> None:
        channel = self._unroute(unsubscribed.chan_id)
        if channel is None:
            return
        channel.chan_id = None
        if channel.state is ChannelState.ACTIVE:
            reason = "the exchange closed the channel"
            self.events.append(Resync(channel.subscription.spec, reason))
        self._ask(channel)

    def _on_error(self, error: ObjectFrame) -> None:
        code = error.code or 0
        meaning = error_code(code, error.msg or "")
        said = f"the exchange says: {error.msg} (code {code})"
        if meaning.action is Action.CONF_REFUSED:
            self._on_conf(error)
            return
        channel = self._channel_asked(error)
        if meaning.action is Action.FORGET:
            self._forget_left(error.chan_id)
        elif channel is None:
            self.events.append(Notice(said))
        elif meaning.action is Action.ACTIVE:
            self._on_duplicate(channel, error.chan_id)
        elif meaning.action is Action.RETRY:
            self._enter(channel, ChannelState.WANTED)
            channel.retry_at = self._now + meaning.wait
            self.events.append(Notice(f"{said}; {channel.subscription.spec}: {meaning.remedy}"))
        else:
            self._enter(channel, ChannelState.REFUSED)
            spec = channel.subscription.spec
            self.events.append(Rejected(spec, code, error.msg or "", meaning.remedy))

    def _forget_left(self, chan_id: int | None) -> None:
        """The channel that we leave is gone already: join it again."""
        for channel in self.channels:
            if channel.state is ChannelState.LEAVING and chan_id in (None, channel.chan_id):
                self._unroute(channel.chan_id)
                self._ask(channel)

    def _on_duplicate(self, channel: Channel, chan_id: int | None) -> None:
        # The exchange has the channel, but its snapshot is not ours: leave it and join anew.
        if chan_id is None or b"%d" % chan_id in self._by_chan:
            self.reconnect_reason = f"{channel.subscription.spec} is subscribed but silent"
            return
        channel.chan_id = chan_id
        self._route(chan_id, channel)
        channel.decode = self._reader.decode
        self._leave(channel)
        channel.ignore()

    # Requests.

    def _ask(self, channel: Channel) -> None:
        """Ask for the channel, or note that it is wanted while the exchange is not ready."""
        if self.maintenance_since is not None:
            self._enter(channel, ChannelState.WANTED)
            return
        self._enter(channel, ChannelState.ASKED)
        channel.sub_id = self._next_sub_id
        self._next_sub_id += 1
        self._by_sub[channel.sub_id] = channel
        self._outbox.append(subscribe_message(channel.subscription, channel.sub_id))

    def _leave(self, channel: Channel) -> None:
        if self.maintenance_since is None and channel.chan_id is not None:
            self._enter(channel, ChannelState.LEAVING)
            self._read_together = None
            if isinstance(channel.subscription, TradesSubscription):
                channel.fresh = True  # each trade counts; they belong behind the next snapshot
            else:
                channel.ignore()  # rows of a book with a hole are of no use
            self._outbox.append(unsubscribe_message(channel.chan_id))

    def _resubscribe_all(self) -> None:
        for channel in self.channels:
            if channel.state is ChannelState.ACTIVE:
                self._leave(channel)
            elif channel.state is ChannelState.WANTED:
                self._ask(channel)

    def _look_after(self, channel: Channel, now: float) -> None:
        """What a channel needs that has been in its state for too long."""
        waited = now - channel.since
        match channel.state:
            case ChannelState.WANTED if channel.retry_at is not None and now >= channel.retry_at:
                self._ask(channel)
            case ChannelState.ASKED if waited >= CONFIRM_SECONDS:
                self._ask_again(channel)
            case ChannelState.LEAVING if waited >= LEAVE_SECONDS:
                self.reconnect_reason = f"{channel.subscription.spec} cannot be left"
            case ChannelState.ACTIVE if channel.heard:
                channel.heard = False
                channel.heard_at = now
            case ChannelState.ACTIVE if now - channel.heard_at >= SILENCE_SECONDS:
                channel.heard_at = now
                self.resubscribe(channel, f"nothing came for {SILENCE_SECONDS:.0f} s")

    def _ask_again(self, channel: Channel) -> None:
        if channel.asked_again:
            self.reconnect_reason = f"{channel.subscription.spec} is never confirmed"
            return
        spec = channel.subscription.spec
        self.events.append(Notice(f"{spec} is not confirmed; asking again"))
        channel.asked_again = True
        self._ask(channel)

    def _enter(self, channel: Channel, state: ChannelState) -> None:
        channel.state = state
        channel.since = self._now
        channel.retry_at = None

    def _channel_asked(self, answer: ObjectFrame) -> Channel | None:
        """Whose request this answers: by `subId`, or by the echo where a server has not ours."""
        if isinstance(answer.sub_id, int) and answer.sub_id in self._by_sub:
            return self._by_sub.pop(answer.sub_id)
        for channel in self.channels:
            if channel.state is ChannelState.ASKED and answer.echoes(channel.subscription):
                self._by_sub.pop(channel.sub_id, None)
                return channel
        return None


def _is_in_flow(channel: Channel) -> bool:
    """Whether only updates are to come."""
    return channel.state is ChannelState.ACTIVE and not channel.fresh


def conf_for(wanted: Sequence[Subscription], *, timestamps: bool) -> Conf:
    """The flags that these subscriptions need: sequence numbers always, so that holes show."""
    conf = Conf.SEQ_ALL
    books = [wish for wish in wanted if isinstance(wish, BookSubscription)]
    if books:
        conf |= Conf.BULK_UPDATES
    if any(book.verifiable for book in books):
        conf |= Conf.OB_CHECKSUM
    if timestamps:
        conf |= Conf.TIMESTAMP
    return conf
