"""One connection's conversation with the exchange: frames in; messages, events and requests out.

Sans-I/O: no socket and no clock. The owner hands in every frame that it receives, sends what
`frames_to_send` gives, and reports what `take_events` gives.
"""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from bfxstream.errors import ConnectionFailed
from bfxstream.protocol.channels import (
    BookSubscription,
    Subscription,
    subscribe_message,
    unsubscribe_message,
)
from bfxstream.protocol.codes import API_VERSION, Action, Conf, InfoCode, error_code
from bfxstream.protocol.decode import (
    UNREADABLE,
    ChannelDecoder,
    FrameError,
    Message,
    channel_of,
    sequence_of,
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

RETRY_SECONDS = 5.0
"""How long to wait before a request that was refused for the moment is made again."""

BAD_FRAMES_A_REPORT = 1000
"""A stream of unreadable frames is reported at the first one and at every thousandth."""


class ChannelState(enum.Enum):
    """How far one subscription has come on this connection."""

    WANTED = "wanted"  # not asked for yet, or to be asked again
    ASKED = "asked"
    ACTIVE = "active"
    LEAVING = "leaving"  # unsubscribe sent, to be subscribed afresh
    REFUSED = "refused"


class Channel:
    """One subscription on this connection: its state, its id, its decoder."""

    def __init__(self, index: int, subscription: Subscription) -> None:
        self.index = index
        """The subscription's place in the wish list: the same on every connection."""
        self.subscription = subscription
        self.state = ChannelState.WANTED
        self.sub_id = 0
        self.chan_id: int | None = None
        self.decoder: ChannelDecoder | None = None
        self.fresh = True
        """No data yet since the confirmation: the first data frame is the snapshot, and only
        its place tells it from a bulk update (API: ws-public-books)."""
        self.retry_at: float | None = None


class _Platform(Struct):
    status: int = 1


class _ObjectFrame(Struct):
    """Every event of the API; each uses some of the fields, new ones are ignored."""

    event: str
    version: int | None = None
    platform: _Platform | None = None
    code: int | None = None
    msg: str = ""
    status: str | None = None
    flags: int | None = None
    chan_id: int | None = msgspec.field(default=None, name="chanId")
    sub_id: Any = msgspec.field(default=None, name="subId")
    channel: str | None = None
    symbol: str | None = None
    key: str | None = None
    prec: str | None = None
    freq: str | None = None
    len: Any = None


_events = msgspec.json.Decoder(_ObjectFrame)


class Session:
    """The state of one connection; made anew for every connection, as ids and flags are."""

    def __init__(self, wanted: Sequence[Subscription], *, timestamps: bool = False) -> None:
        self.channels = [Channel(i, subscription) for i, subscription in enumerate(wanted)]
        self.conf = conf_for(wanted, timestamps=timestamps)
        """The flags asked for, then the flags that the exchange says are active."""
        self.reconnect_reason = ""
        """Set where this connection cannot go on and a new one must be made."""
        self.in_maintenance = False
        self.bad_frames = 0
        self._events: list[Event] = []
        self._outbox: list[bytes] = []
        self._seq = 0
        self._next_sub_id = 1
        self._by_chan: dict[bytes, Channel] = {}
        self._by_sub: dict[int, Channel] = {}
        self._handlers = {
            "info": self._on_info,
            "conf": self._on_conf,
            "subscribed": self._on_subscribed,
            "unsubscribed": self._on_unsubscribed,
            "error": self._on_error,
            "pong": _ignore,
        }

    # What the owner calls.

    def receive(self, frame: bytes) -> tuple[Channel, Message] | None:
        """Take one frame. Answers the channel's message where the frame was one's data.

        Raises ConnectionFailed where the exchange speaks another version of the API.
        """
        if frame[:1] != b"[":
            # JSON allows white space before it; the exchange sends none.
            frame = frame.lstrip()
            if frame[:1] != b"[":
                self._receive_object(frame)
                return None
        channel = self._by_chan.get(channel_of(frame))
        try:
            if channel is None or channel.decoder is None:
                # Numbered like any other frame, even before its `subscribed` (API: General).
                self._count(sequence_of(frame, self.conf))
                return None
            message = channel.decoder.decode(frame)
        except FrameError as error:
            self._bad_frame(frame, str(error))
            return None
        if not self._count(message.seq) or channel.state is not ChannelState.ACTIVE:
            return None
        return channel, message

    def frames_to_send(self) -> list[bytes]:
        """The requests that are due; the caller sends them in this order."""
        due, self._outbox = self._outbox, []
        return due

    def take_events(self) -> list[Event]:
        """What happened since the last call, oldest first."""
        happened, self._events = self._events, []
        return happened

    @property
    def has_events(self) -> bool:
        """Whether `take_events` would give any."""
        return bool(self._events)

    def resubscribe(self, channel: Channel, reason: str) -> None:
        """Leave the channel and join it again, so that a new snapshot comes."""
        if channel.state is not ChannelState.ACTIVE or channel.chan_id is None:
            return
        self._events.append(Resync(channel.subscription.spec, reason))
        self._leave(channel)

    def ping(self, cid: int) -> None:
        """Ask for a sign of life (API: General, ping)."""
        self._outbox.append(msgspec.json.encode({"event": "ping", "cid": cid}))

    def tick(self, now: float) -> None:
        """Ask again for what was refused for the moment; `now` is any steady clock in seconds."""
        for channel in self.channels:
            if channel.state is not ChannelState.WANTED or channel.retry_at is None:
                continue
            if channel.retry_at == 0:
                channel.retry_at = now + RETRY_SECONDS
            elif now >= channel.retry_at and not self.in_maintenance:
                self._ask(channel)

    @property
    def live(self) -> bool:
        """Whether every subscription is confirmed or refused."""
        settled = (ChannelState.ACTIVE, ChannelState.REFUSED)
        return all(channel.state in settled for channel in self.channels)

    # Array frames.

    def _count(self, seq: int | None) -> bool:
        """Audit the connection's sequence number; False where the frame came twice."""
        if seq is None:
            return True
        expected = self._seq + 1
        if seq == self._seq:
            return False
        if seq != expected:
            self._events.append(Gap(None, self._seq, seq))
            self._resubscribe_all()
        self._seq = seq
        return True

    def _bad_frame(self, frame: bytes, reason: str) -> None:
        self.bad_frames += 1
        if self.bad_frames % BAD_FRAMES_A_REPORT == 1:
            self._events.append(BadFrame(reason, self.bad_frames))
        with contextlib.suppress(FrameError):
            # Unreadable for us, but the exchange has numbered it: not a gap.
            self._count(sequence_of(frame, self.conf))

    # Events of the exchange.

    def _receive_object(self, frame: bytes) -> None:
        try:
            message = _events.decode(frame)
        except UNREADABLE as error:
            self._bad_frame(frame, str(error))
            return
        handler = self._handlers.get(message.event)
        if handler is None:
            self._events.append(Notice(f"unknown event from the exchange: {message.event}"))
        else:
            handler(message)

    def _on_info(self, info: _ObjectFrame) -> None:
        if info.version is not None:
            self._on_hello(info)
        elif info.code == InfoCode.STOP:
            self.reconnect_reason = "the exchange asks to reconnect (info 20051)"
        elif info.code == InfoCode.RESYNC_START:
            self._start_maintenance()
        elif info.code == InfoCode.RESYNC_STOP:
            self.in_maintenance = False
            self._events.append(Maintenance("ended"))
            self._resubscribe_all()
        elif info.msg:
            self._events.append(Notice(f"the exchange says: {info.msg} (info {info.code})"))

    def _on_hello(self, info: _ObjectFrame) -> None:
        if info.version != API_VERSION:
            raise ConnectionFailed(
                f"the server speaks version {info.version} of the API, not {API_VERSION}",
                hint="check --url",
                permanent=True,
            )
        # `conf` before any subscription, so that the numbering covers everything.
        self._outbox.append(msgspec.json.encode({"event": "conf", "flags": int(self.conf)}))
        if info.platform is not None and info.platform.status == 0:
            self._start_maintenance()
            return
        for channel in self.channels:
            self._ask(channel)

    def _start_maintenance(self) -> None:
        if not self.in_maintenance:
            self.in_maintenance = True
            self._events.append(Maintenance("started"))

    def _on_conf(self, conf: _ObjectFrame) -> None:
        if conf.status != "OK":
            self.conf = Conf.NONE
            self._events.append(Notice("the exchange refused the flags: sequence is unchecked"))
        elif conf.flags is not None:
            self.conf = Conf(conf.flags & sum(Conf))

    def _on_subscribed(self, subscribed: _ObjectFrame) -> None:
        channel = self._channel_asked(subscribed)
        if channel is None or subscribed.chan_id is None:
            return
        channel.state = ChannelState.ACTIVE
        channel.retry_at = None
        channel.chan_id = subscribed.chan_id
        channel.decoder = ChannelDecoder(channel.subscription, self.conf)
        channel.fresh = True
        self._by_chan[b"%d" % subscribed.chan_id] = channel
        self._events.append(Subscribed(channel.subscription.spec, subscribed.chan_id))

    def _on_unsubscribed(self, unsubscribed: _ObjectFrame) -> None:
        channel = self._forget(unsubscribed.chan_id)
        if channel is not None:
            self._ask(channel)

    def _on_error(self, error: _ObjectFrame) -> None:
        code = error.code or 0
        meaning = error_code(code, error.msg)
        if code in (10400, 10401):
            # The channel that we leave is gone already: join it again.
            self._on_unsubscribed(error)
            return
        channel = self._channel_asked(error)
        if channel is None:
            self._events.append(Notice(f"the exchange says: {error.msg} (code {code})"))
        elif meaning.action is Action.ACTIVE:
            self._on_duplicate(channel, error.chan_id)
        elif meaning.action is Action.RETRY:
            channel.state = ChannelState.WANTED
            channel.retry_at = 0
        else:
            channel.state = ChannelState.REFUSED
            spec = channel.subscription.spec
            self._events.append(Rejected(spec, code, error.msg, meaning.remedy))

    def _on_duplicate(self, channel: Channel, chan_id: int | None) -> None:
        # The exchange has the channel, but its snapshot is not ours: leave it and join anew.
        if chan_id is None:
            self.reconnect_reason = f"{channel.subscription.spec} is subscribed but silent"
            return
        channel.chan_id = chan_id
        self._leave(channel)

    # Requests.

    def _ask(self, channel: Channel) -> None:
        channel.state = ChannelState.ASKED
        channel.sub_id = self._next_sub_id
        channel.retry_at = None
        self._next_sub_id += 1
        self._by_sub[channel.sub_id] = channel
        self._outbox.append(subscribe_message(channel.subscription, channel.sub_id))

    def _leave(self, channel: Channel) -> None:
        if channel.chan_id is not None:
            channel.state = ChannelState.LEAVING
            self._by_chan[b"%d" % channel.chan_id] = channel
            self._outbox.append(unsubscribe_message(channel.chan_id))

    def _resubscribe_all(self) -> None:
        for channel in self.channels:
            if channel.state is ChannelState.ACTIVE:
                self._leave(channel)
            elif channel.state is ChannelState.WANTED:
                self._ask(channel)

    def _forget(self, chan_id: int | None) -> Channel | None:
        channel = self._by_chan.pop(b"%d" % chan_id, None) if chan_id is not None else None
        if channel is None or channel.state is not ChannelState.LEAVING:
            return None
        channel.chan_id = None
        channel.decoder = None
        return channel

    def _channel_asked(self, answer: _ObjectFrame) -> Channel | None:
        """Whose request this answers: by `subId`, or by the echo where a server has not ours."""
        if isinstance(answer.sub_id, int) and answer.sub_id in self._by_sub:
            return self._by_sub.pop(answer.sub_id)
        for channel in self.channels:
            if channel.state is ChannelState.ASKED and _echoes(answer, channel.subscription):
                self._by_sub.pop(channel.sub_id, None)
                return channel
        return None


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


def _echoes(answer: _ObjectFrame, subscription: Subscription) -> bool:
    """Whether everything that the answer repeats is what this subscription asked for."""
    for name, value in subscription.parameters().items():
        echoed = getattr(answer, name)
        if echoed is not None and str(echoed) != value:
            return False
    return answer.channel is not None


def _ignore(_: _ObjectFrame) -> None:
    pass
