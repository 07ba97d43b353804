"""One client's conversation: its requests, its channels, the frames' numbers; no socket."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

import msgspec

from bfxstream.demo.conditions import Condition, Conditions
from bfxstream.demo.feeds import Update
from bfxstream.demo.hub import Hub, next_on_grid
from bfxstream.demo.keys import KeySubscription
from bfxstream.demo.requests import Rejected, subscription_of
from bfxstream.protocol.channels import Subscription
from bfxstream.protocol.codes import API_VERSION, MAX_SUBSCRIPTIONS, Conf, InfoCode
from bfxstream.protocol.symbols import Market

Message = dict[str, Any]

_encode = msgspec.json.encode

_ACCOUNT = 0
"""The channel of the account (API: ws-auth)."""

_CANCEL_ON_DISCONNECT = 4
"""The value of `dms`, the dead-man switch."""

_ORDER = re.compile(r'\s*\[\s*0\s*,\s*"o')
"""How a request begins that concerns orders: `on`, `ou`, `oc`, `oc_multi`, `ox_multi`."""


@dataclass(slots=True)
class _Channel:
    subscription: Subscription
    joined: bool = True
    """Whether its feed's updates reach us."""
    beating: bool = True
    in_step: bool = True
    """Whether the client has had every update since the snapshot."""


class Session:
    """Answers requests and numbers frames. `clock` gives monotonic seconds, `wall` milliseconds
    since 1970: tails and pongs tell the server's real time, trades tell the market's."""

    def __init__(
        self,
        hub: Hub,
        rng: Random,
        *,
        heartbeat: float,
        clock: Callable[[], float],
        wall: Callable[[], int],
        conditions: Conditions | None = None,
    ) -> None:
        self._hub = hub
        self._rng = rng
        self._interval = heartbeat
        self._clock = clock
        self._wall = wall
        self._conditions = Conditions() if conditions is None else conditions
        self._flags = Conf.NONE
        self._sequence = 0
        self._channels: dict[int, _Channel] = {}
        self._outbox: list[bytes] = []
        self._is_member = False
        """Whether it hears of the account."""
        self._account_sequence = 0
        self._events: dict[str, Callable[[Message], None]] = {
            "ping": self._on_ping,
            "conf": self._on_conf,
            "subscribe": self._on_subscribe,
            "unsubscribe": self._on_unsubscribe,
            "auth": self._on_auth,
        }
        self.heartbeat_at = clock() + heartbeat
        """Every channel's, on the connection's own grid (API: General, heartbeating)."""

    def open(self) -> None:
        """Greet the client, and let it hear the market."""
        self._hub.join(self)
        server_id = UUID(int=self._rng.getrandbits(128), version=4)
        self._send_event(
            {
                "event": "info",
                "version": API_VERSION,
                "serverId": str(server_id),
                "platform": {"status": 0 if self._in_maintenance else 1},
            }
        )

    def close(self) -> None:
        """Leave every channel: the connection is gone, or as good as gone."""
        for chan_id in self._channels:
            self._part(chan_id)
        self._channels.clear()
        self._is_member = False
        self._hub.account.leave(self)
        self._hub.leave(self)

    def channels(self) -> list[int]:
        """The ids of the channels that are served."""
        return [chan_id for chan_id, channel in self._channels.items() if channel.joined]

    @property
    def serves(self) -> bool:
        """Whether there is anything that it sends."""
        return self._is_member or bool(self.channels())

    def mute(self, chan_id: int) -> None:
        """Fall silent on one channel: neither updates nor heartbeats any more."""
        self._part(chan_id)
        self._channels[chan_id].beating = False

    def pause(self) -> None:
        """Maintenance begins: nothing but heartbeats until `resume`."""
        self._inform(InfoCode.RESYNC_START, "Maintenance mode")
        for chan_id in self._channels:
            self._part(chan_id)

    def resume(self) -> None:
        """Maintenance is over: updates go on, but whoever keeps a book must subscribe anew."""
        self._inform(InfoCode.RESYNC_STOP, "Maintenance mode over")
        for chan_id, channel in self._channels.items():
            if not channel.joined and channel.beating:
                self._hub.subscribe(channel.subscription, self, chan_id, self._clock())
                channel.joined = True

    def announce_stop(self) -> None:
        """The server is about to restart: the client should reconnect."""
        self._inform(InfoCode.STOP, "Stopping. Please try to reconnect")

    def sequence_of(self, chan_id: int) -> int | None:
        """The number of the last frame, for a channel whose client has had every update."""
        return self._sequence if self._channels[chan_id].in_step else None

    def is_order(self, text: str | bytes) -> bool:
        """Whether a message asks something of the account's orders."""
        return self._is_member and isinstance(text, str) and bool(_ORDER.match(text))

    def receive(self, text: str | bytes) -> None:
        """Answer one message; what is not a JSON object is passed over in silence."""
        try:
            message = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            return
        if isinstance(message, list) and self._is_member:
            self._hub.request(self, message, self._clock())
        if not isinstance(message, dict):
            return
        event = message.get("event")
        answer = self._events.get(event) if isinstance(event, str) else None
        try:
            if answer is None:
                raise Rejected(10000, f"event: invalid ({event})")
            answer(message)
        except Rejected as rejected:
            self._send_event(
                message
                | {"event": "error", "msg": rejected.reason, "code": rejected.code}
                | rejected.details
            )

    def deliver(self, chan_id: int, update: Update) -> None:
        """Send a channel's update in the form that this client asked for."""
        if update.bulk is not None and self._flags & Conf.BULK_UPDATES:
            self._send_frame(chan_id, update.bulk)
        else:
            for body in update.bodies:
                self._send_frame(chan_id, body)
        if update.checksum is not None and self._flags & Conf.OB_CHECKSUM:
            self._send_frame(chan_id, update.checksum)

    def deliver_account(self, code: str, row: bytes) -> None:
        """Send a message of channel 0, which has a second number of its own, but for answers."""
        body = b'"%b",%b' % (code.encode("ascii"), row)
        if code == "n":
            self._send_frame(_ACCOUNT, body)
        else:
            self._account_sequence += 1
            self._send_frame(_ACCOUNT, body, b",%d" % self._account_sequence)

    def heartbeat(self, now: float) -> None:
        """Send every channel's at once, by rising id, busy or not."""
        self.heartbeat_at = next_on_grid(self.heartbeat_at, self._interval, now)
        if self._is_member:
            self._send_frame(_ACCOUNT, b'"hb"')
        for chan_id in sorted(self._channels):
            if self._channels[chan_id].beating:
                self._send_frame(chan_id, b'"hb"')

    def take_output(self) -> list[bytes]:
        """What is to be sent, each a text frame's payload, and forget it."""
        output, self._outbox = self._outbox, []
        return output

    def _send_frame(self, chan_id: int, body: bytes, account_sequence: bytes = b"") -> None:
        # Tail: sequence number first, then time (recorded traffic, both flags on).
        self._sequence += 1
        tail = b""
        if self._flags & Conf.SEQ_ALL:
            tail = b",%d%b" % (self._sequence, account_sequence)
        if self._flags & Conf.TIMESTAMP:
            tail += b",%d" % self._wall()
        self._send(b"[%d,%b%b]" % (chan_id, body, tail))

    def _send_event(self, event: Message) -> None:
        self._send(_encode(event))

    def _send(self, payload: bytes) -> None:
        self._outbox.append(payload)

    def _on_ping(self, message: Message) -> None:
        pong: Message = {"event": "pong", "ts": self._wall()}
        if "cid" in message:
            pong["cid"] = message["cid"]
        self._send_event(pong)

    def _on_conf(self, message: Message) -> None:
        flags = message.get("flags")
        if not isinstance(flags, int) or isinstance(flags, bool) or flags < 0:
            raise Rejected(10050, "conf: invalid")
        self._flags = Conf(flags & sum(Conf))
        self._send_event({"event": "conf", "status": "OK", "flags": flags})

    def _on_auth(self, message: Message) -> None:
        answer: Message = {"event": "auth", "chanId": _ACCOUNT}
        if "subId" in message:
            answer["subId"] = message["subId"]
        try:
            if self._is_member:
                raise Rejected(10100, "auth: dup")
            if self._in_maintenance:
                raise Rejected(11000, "ready: not yet")
            grant = self._hub.account.gate.admit_session(message)
        except Rejected as rejected:
            refusal = {"status": "FAILED", "code": rejected.code, "msg": rejected.reason}
            self._send_event(answer | refusal)
            return
        auth_id = UUID(int=self._rng.getrandbits(128), version=4)
        welcome = {"status": "OK", "userId": 1, "auth_id": str(auth_id), "caps": grant.caps()}
        self._send_event(answer | welcome)
        self._is_member = True
        self._hub.open(self._clock())
        given = message.get("filter")
        words = given if isinstance(given, list) else []
        filters = [each for each in words if isinstance(each, str)]
        cancels_at_end = message.get("dms") == _CANCEL_ON_DISCONNECT
        self._hub.account.join(
            self,
            grant,
            filters,
            cancels_at_end=cancels_at_end,
            calculates=message.get("calc") == 1,
        )

    @property
    def _in_maintenance(self) -> bool:
        return Condition.MAINTENANCE in self._conditions

    def _inform(self, code: InfoCode, text: str) -> None:
        self._send_event({"event": "info", "code": int(code), "msg": text})

    def _part(self, chan_id: int) -> None:
        channel = self._channels[chan_id]
        if channel.joined:
            self._hub.unsubscribe(channel.subscription, self, chan_id)
        channel.joined = channel.in_step = False

    def _on_subscribe(self, message: Message) -> None:
        if self._in_maintenance:
            raise Rejected(11000, "ready: not yet")
        if Condition.REJECTING in self._conditions:
            raise Rejected(10300, "subscribe: failed")
        subscription = subscription_of(message, self._hub.market.instruments)
        if subscription is None:
            return
        named = _named(subscription)
        for chan_id, channel in self._channels.items():
            if channel.subscription == subscription:
                raise Rejected(10301, "subscribe: dup", {"chanId": chan_id, **named})
        if len(self._channels) >= MAX_SUBSCRIPTIONS:
            raise Rejected(10305, "subscribe: limit", named)
        chan_id = self._hub.issue_id(self._rng)
        self._channels[chan_id] = _Channel(subscription)
        echo = {"subId": message["subId"]} if "subId" in message else {}
        self._send_event(
            {
                "event": "subscribed",
                "chanId": chan_id,
                **subscription.parameters(),
                **echo,
                **named,
            }
        )
        snapshot = self._hub.subscribe(subscription, self, chan_id, self._clock())
        self._send_frame(chan_id, snapshot)

    def _on_unsubscribe(self, message: Message) -> None:
        # The id must be a number: a text is not understood (bitfinex-api-node 4.0.16).
        chan_id = message.get("chanId")
        if not isinstance(chan_id, int) or chan_id not in self._channels:
            raise Rejected(10400, "unsubscribe: invalid")
        self._part(chan_id)
        del self._channels[chan_id]
        self._send_event({"event": "unsubscribed", "status": "OK", "chanId": chan_id})


def _named(subscription: Subscription) -> Message:
    """What answers name besides what was asked for."""
    if isinstance(subscription, KeySubscription):
        return {}
    funding = subscription.market is Market.FUNDING
    return {"currency" if funding else "pair": subscription.symbol[1:]}
