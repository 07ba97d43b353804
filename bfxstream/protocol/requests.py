"""What is asked of the exchange over one connection, what it answers, and what it announces."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from bfxstream.errors import ConnectionFailed
from bfxstream.protocol.channel_state import (
    NOBODY,
    Channel,
    ChannelState,
    Receiver,
    Taker,
    ignore,
)
from bfxstream.protocol.channels import (
    LiquidationsSubscription,
    StatusSubscription,
    Subscription,
    TradesSubscription,
    subscribe_message,
    unsubscribe_message,
)
from bfxstream.protocol.codes import API_VERSION, Action, Conf, InfoCode, error_code
from bfxstream.protocol.decode import (
    ROW,
    ROWS,
    ChannelDecoder,
    Decode,
    FrameReader,
    Message,
    finite_check,
    rows_kind,
)
from bfxstream.protocol.events import (
    Event,
    Maintenance,
    Notice,
    Rejected,
    Resync,
    Subscribed,
)
from bfxstream.protocol.flags import conf_for
from bfxstream.protocol.objects import ObjectFrame
from bfxstream.protocol.patience import Patience
from bfxstream.protocol.together import ReadTogether

_SILENCE = (
    "not confirmed, while other requests are answered",
    "check the symbol: the exchange is silent about one that it does not know",
)
"""What is said about a status key that gets no answer, and what to do."""


class Requests:
    """The channels of one connection: asked for, confirmed, refused, left and looked after."""

    def __init__(
        self,
        wanted: Sequence[Subscription],
        receivers: Sequence[Receiver] | None = None,
        takers: Sequence[Taker] = (),
        *,
        timestamps: bool = False,
        patience: Patience | None = None,
    ) -> None:
        """Without receivers the frames are numbered and audited, but not taken apart; without
        takers none are decoded together."""
        self.patience = patience or Patience()
        self._reads_rows = receivers is not None
        self._reads_together = bool(takers) or not self._reads_rows
        receivers = receivers or [ignore] * len(wanted)
        self.channels = list(map(Channel, wanted, receivers, takers or [NOBODY] * len(wanted)))
        self.reconnect_reason = ""
        """Set where this connection cannot go on and a new one must be made."""
        self.maintenance_since: float | None = None
        self.events: list[Event] = []
        """What happened, oldest first, until `take_events`."""
        self.now = 0.0
        """Seconds of any steady clock, at what is received next."""
        self._next_look = 0.0
        self._outbox: list[bytes] = []
        self._next_sub_id = 1
        self._answered_at = float("-inf")
        """When the last pong came."""
        self._set_conf(conf_for(wanted, timestamps=timestamps))
        self._by_chan: dict[bytes, Channel] = {}
        self._by_sub: dict[int, Channel] = {}
        self._handlers: dict[str, Callable[[ObjectFrame], None]] = {
            "info": self._on_info,
            "conf": self._on_conf,
            "subscribed": self._on_subscribed,
            "unsubscribed": self._on_unsubscribed,
            "error": self._on_error,
            "pong": self._on_pong,
        }

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
        self.now = now
        if self.maintenance_since is not None:
            if now - self.maintenance_since >= self.patience.maintenance:
                self.reconnect_reason = "the exchange's maintenance does not end"
            return
        if now < self._next_look:
            return
        self._next_look = now + self.patience.look
        for channel in self.channels:
            self._look_after(channel, now)

    def resubscribe(self, channel: Channel, reason: str) -> None:
        """Leave the channel and join it again, so that a new snapshot comes."""
        if channel.state is ChannelState.ACTIVE:
            self.events.append(Resync(channel.subscription.spec, reason))
            self._leave(channel)

    def heal(self, channel: Channel) -> None:
        """Have a snapshot make up for what is lost: at once, or as soon as one may be asked for."""
        if channel.state is not ChannelState.ACTIVE:
            return  # one is to come
        if self._may_heal(channel):
            channel.healed_at = self.now
            self.resubscribe(channel, "a frame was unreadable")
        elif not channel.heal_due:
            channel.heal_due = True
            self._distrust(channel)

    def change(
        self, channel: Channel, wish: Subscription, receiver: Receiver, taker: Taker
    ) -> bool:
        """Have another wish in the channel's place; False while the exchange is not ready."""
        if channel.state not in (ChannelState.WANTED, ChannelState.ACTIVE, ChannelState.LEAVING):
            return False
        if self.in_maintenance:
            return False
        if channel.state is ChannelState.ACTIVE:
            self._leave(channel)
            channel.ignore()
        channel.subscription = channel.asked_as = wish
        channel.receiver, channel.taker = receiver, taker
        return True

    def take_displaced(self) -> list[Channel]:
        """The channels that this connection has no room for; none until all are answered.

        The exchange takes them on another connection (API: error 10305); they are forgotten here.
        """
        states = [channel.state for channel in self.channels]
        waiting = (c for c in self.channels if c.state is ChannelState.ASKED and not c.asked_again)
        if ChannelState.DISPLACED not in states or any(waiting):
            return []
        displaced = [c for c in self.channels if c.state is ChannelState.DISPLACED]
        self.channels = [c for c in self.channels if c.state is not ChannelState.DISPLACED]
        return displaced

    def ping(self, cid: int) -> None:
        """Ask for a sign of life (API: General, ping)."""
        self._outbox.append(msgspec.json.encode({"event": "ping", "cid": cid}))

    @property
    def in_maintenance(self) -> bool:
        """Whether the exchange has stopped for a while: nothing is asked of it."""
        return self.maintenance_since is not None

    # Events of the exchange.

    def _receive_event(self, event: ObjectFrame) -> None:
        handler = self._handlers.get(event.event)
        if handler is None:
            self.events.append(Notice(f"unknown event from the exchange: {event.event}"))
        else:
            handler(event)

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
            self.maintenance_since = self.now
            self.events.append(Maintenance("started"))

    def _on_conf(self, conf: ObjectFrame) -> None:
        if conf.status != "OK":
            self._set_conf(Conf.NONE)
            self.events.append(Notice("the exchange refused the flags: nothing can be audited"))
        elif conf.flags is not None:
            self._set_conf(Conf(conf.flags & sum(Conf)))

    def _set_conf(self, conf: Conf) -> None:
        self.conf = conf
        """The flags asked for, then the flags that the exchange says are active."""
        # Looked at for every read, and asking an enum costs a microsecond.
        self._numbered, self._stamped = bool(conf & Conf.SEQ_ALL), bool(conf & Conf.TIMESTAMP)
        self._reader = FrameReader(conf)
        self._channels_changed()

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
        channel.put_off = 0
        channel.heard = True
        self._route(subscribed.chan_id, channel)
        self.events.append(Subscribed(channel.subscription.spec, subscribed.chan_id))

    def _route(self, chan_id: int, channel: Channel) -> None:
        self._by_chan[b"%d" % chan_id] = channel
        self._channels_changed()

    def _unroute(self, chan_id: int | None) -> Channel | None:
        self._channels_changed()
        return self._by_chan.pop(b"%d" % (chan_id or 0), None)

    def _channels_changed(self) -> None:
        """What reads the frames of all channels in one call is to be made anew."""
        self._read_together: ReadTogether | None = None

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

    def _on_pong(self, pong: ObjectFrame) -> None:
        self._answered_at = self.now

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
        elif meaning.action in (Action.RETRY, Action.RATE_LIMIT):
            self._put_off(channel, meaning.action)
            self.events.append(Notice(f"{said}; {channel.subscription.spec}: {meaning.remedy}"))
        elif meaning.action is Action.OTHER_CONNECTION:
            self._enter(channel, ChannelState.DISPLACED)
            self.events.append(Notice(f"{said}: {channel.subscription.spec}"))
        elif channel.asked_as is channel.subscription and (
            other_spelling := channel.subscription.other_spelling
        ):
            channel.asked_as = other_spelling
            self._ask(channel)
        else:
            self._refuse(channel, code, error.msg or "", meaning.remedy)

    def _refuse(self, channel: Channel, code: int | None, message: str, remedy: str) -> None:
        self._enter(channel, ChannelState.REFUSED)
        self.events.append(Rejected(channel.subscription.spec, code, message, remedy))

    def _put_off(self, channel: Channel, action: Action) -> None:
        patience = self.patience
        self._enter(channel, ChannelState.WANTED)
        if action is Action.RATE_LIMIT:
            channel.retry_at = self.now + patience.rate_limit
        else:
            wait = min(patience.retry * 2 ** min(channel.put_off, 10), patience.retry_most)
            channel.retry_at = self.now + wait
        channel.put_off += 1

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
        self._enter(channel, ChannelState.ACTIVE)  # to be left, now or behind the maintenance
        self._leave(channel)
        channel.ignore()

    # Requests.

    def _ask(self, channel: Channel) -> None:
        """Ask for the channel, or note that it is wanted while the exchange is not ready."""
        if self.maintenance_since is not None:
            self._enter(channel, ChannelState.WANTED)
            return
        self._enter(channel, ChannelState.ASKED)
        self._by_sub.pop(channel.sub_id, None)  # a late answer is known by what it echoes
        channel.sub_id = self._next_sub_id
        self._next_sub_id += 1
        self._by_sub[channel.sub_id] = channel
        self._outbox.append(subscribe_message(channel.asked_as, channel.sub_id))

    def _leave(self, channel: Channel) -> None:
        """Leave the channel, or have it ready to be left while the exchange is not."""
        if channel.chan_id is None:
            return
        self._distrust(channel)
        if self.maintenance_since is None:
            self._enter(channel, ChannelState.LEAVING)
            self._outbox.append(unsubscribe_message(channel.chan_id))

    def _distrust(self, channel: Channel) -> None:
        """Something is missing before what comes next: it has to wait for a snapshot."""
        self._channels_changed()
        if isinstance(channel.subscription, TradesSubscription):
            channel.fresh = True  # each trade counts; they belong behind the next snapshot
        elif not isinstance(channel.subscription, LiquidationsSubscription):  # each counts, too
            channel.ignore()  # rows of a book with a hole are of no use

    def _resubscribe_all(self) -> None:
        for channel in self.channels:
            if channel.state is ChannelState.ACTIVE:
                self._leave(channel)
            elif channel.state is ChannelState.WANTED and not self._is_put_off(channel):
                self._ask(channel)

    def _is_put_off(self, channel: Channel) -> bool:
        return channel.retry_at is not None and self.now < channel.retry_at

    def _look_after(self, channel: Channel, now: float) -> None:
        """What a channel needs that has been in its state for too long."""
        waited = now - channel.since
        match channel.state:
            case ChannelState.WANTED if channel.retry_at is not None and now >= channel.retry_at:
                self._ask(channel)
            case ChannelState.ASKED if waited >= self._confirm_time(channel):
                self._ask_again(channel)
            case ChannelState.LEAVING if waited >= self.patience.leave:
                self.reconnect_reason = f"{channel.subscription.spec} cannot be left"
            case ChannelState.ACTIVE if channel.heal_due and self._may_heal(channel):
                self.heal(channel)
            case ChannelState.ACTIVE if channel.heard:
                channel.heard = False
                channel.heard_at = now
            case ChannelState.ACTIVE if now - channel.heard_at >= self.patience.silence:
                channel.heard_at = now
                self.resubscribe(channel, f"nothing came for {self.patience.silence:g} s")

    def _may_heal(self, channel: Channel) -> bool:
        return self.now - channel.healed_at >= self.patience.heal

    def _ask_again(self, channel: Channel) -> None:
        spec = channel.subscription.spec
        by_silence = isinstance(channel.subscription, StatusSubscription)
        if channel.asked_again and by_silence and self._answered_at > channel.since:
            self._refuse(channel, None, *_SILENCE)
            return
        if channel.asked_again and not self._by_chan:
            self.reconnect_reason = f"{spec} is never confirmed"
            return
        # While others are, a new connection would only take those away for a while.
        self.events.append(Notice(f"{spec} is not confirmed; asking again"))
        channel.asked_again = True
        self._ask(channel)
        if by_silence:
            self.ping(channel.sub_id)

    def _confirm_time(self, channel: Channel) -> float:
        status = isinstance(channel.subscription, StatusSubscription)
        return self.patience.status_confirm if status else self.patience.confirm

    def _enter(self, channel: Channel, state: ChannelState) -> None:
        channel.state = state
        channel.since = self.now
        channel.retry_at = None
        channel.heal_due = False

    def _channel_asked(self, answer: ObjectFrame) -> Channel | None:
        """Whose request this answers: by `subId`, or by the echo where a server has not ours."""
        if isinstance(answer.sub_id, int) and answer.sub_id in self._by_sub:
            return self._by_sub.pop(answer.sub_id)
        for channel in self.channels:
            if channel.state is ChannelState.ASKED and answer.echoes(channel.asked_as):
                self._by_sub.pop(channel.sub_id, None)
                return channel
        return None
