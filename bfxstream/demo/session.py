"""One client's conversation: its requests, its channels, the frames' numbers; no socket."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any
from uuid import UUID

import msgspec

from bfxstream.demo.feeds import Update
from bfxstream.demo.hub import Hub, next_on_grid
from bfxstream.demo.keys import KeySubscription
from bfxstream.demo.requests import Rejected, subscription_of
from bfxstream.protocol.channels import Subscription
from bfxstream.protocol.codes import API_VERSION, MAX_SUBSCRIPTIONS, Conf
from bfxstream.protocol.symbols import Market

Message = dict[str, Any]

_encode = msgspec.json.encode


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
    ) -> None:
        self._hub = hub
        self._rng = rng
        self._interval = heartbeat
        self._clock = clock
        self._wall = wall
        self._flags = Conf.NONE
        self._sequence = 0
        self._channels: dict[int, Subscription] = {}
        self._past_ids: set[int] = set()
        self._outbox: list[bytes] = []
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
                "platform": {"status": 1},
            }
        )

    def close(self) -> None:
        """Leave every channel: the connection is gone."""
        for chan_id, subscription in self._channels.items():
            self._hub.unsubscribe(subscription, self, chan_id)
        self._channels.clear()
        self._hub.leave(self)

    def receive(self, text: str | bytes) -> None:
        """Answer one message; what is not a JSON object is passed over in silence."""
        try:
            message = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            return
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

    def heartbeat(self, now: float) -> None:
        """Send every channel's at once, by rising id, busy or not."""
        self.heartbeat_at = next_on_grid(self.heartbeat_at, self._interval, now)
        for chan_id in sorted(self._channels):
            self._send_frame(chan_id, b'"hb"')

    def take_output(self) -> list[bytes]:
        """What is to be sent, each a text frame's payload, and forget it."""
        output, self._outbox = self._outbox, []
        return output

    def _send_frame(self, chan_id: int, body: bytes) -> None:
        # Tail: sequence number first, then time (recorded traffic, both flags on).
        self._sequence += 1
        tail = b""
        if self._flags & Conf.SEQ_ALL:
            tail = b",%d" % self._sequence
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

    def _on_auth(self, _message: Message) -> None:
        self._send_event(
            {
                "event": "auth",
                "status": "FAILED",
                "chanId": 0,
                "code": 10100,
                "msg": "apikey: invalid",
            }
        )

    def _on_subscribe(self, message: Message) -> None:
        subscription = subscription_of(message, self._hub.market.instruments)
        if subscription is None:
            return
        named = _named(subscription)
        for chan_id, active in self._channels.items():
            if active == subscription:
                raise Rejected(10301, "subscribe: dup", {"chanId": chan_id, **named})
        if len(self._channels) >= MAX_SUBSCRIPTIONS:
            raise Rejected(10305, "subscribe: limit", named)
        chan_id = self._new_id()
        self._channels[chan_id] = subscription
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
        subscription = self._channels.pop(chan_id)
        self._hub.unsubscribe(subscription, self, chan_id)
        self._send_event({"event": "unsubscribed", "status": "OK", "chanId": chan_id})

    def _new_id(self) -> int:
        # Opaque, in no order, and never used again on this connection.
        while (chan_id := self._rng.randrange(10_000, 1_000_000)) in self._past_ids:
            pass
        self._past_ids.add(chan_id)
        return chan_id


def _named(subscription: Subscription) -> Message:
    """What answers name besides what was asked for."""
    if isinstance(subscription, KeySubscription):
        return {}
    funding = subscription.market is Market.FUNDING
    return {"currency" if funding else "pair": subscription.symbol[1:]}
