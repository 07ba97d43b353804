"""Frames and events of the exchange, built as it sends them."""

from __future__ import annotations

import json
from typing import Any

from bfxstream.protocol.channel_state import Channel, Receiver
from bfxstream.protocol.channels import parse_spec
from bfxstream.protocol.codes import Conf
from bfxstream.protocol.decode import ChannelDecoder, FrameReader, Kind, Message
from bfxstream.protocol.session import Session

ALL_FLAGS = 32768 | 65536 | 131072 | 536870912


def encode(value: Any) -> bytes:
    """The value as the exchange writes JSON: no white space."""
    return json.dumps(value, separators=(",", ":")).encode()


def event(name: str, **fields: Any) -> bytes:
    return encode({"event": name, **fields})


def hello(status: int = 1, version: int = 2) -> bytes:
    return event("info", version=version, serverId="0", platform={"status": status})


def info(code: int, msg: str = "") -> bytes:
    return event("info", code=code, msg=msg)


def confirmed_conf(flags: int) -> bytes:
    return event("conf", status="OK", flags=flags)


def subscribed(request: dict[str, Any], chan_id: int) -> bytes:
    """The confirmation of a request: everything that it said, and the channel's id."""
    return encode({**request, "event": "subscribed", "chanId": chan_id})


def error(request: dict[str, Any], code: int, msg: str, **more: Any) -> bytes:
    return encode({**request, "event": "error", "code": code, "msg": msg, **more})


def with_tail(*frame: Any, seq: int | None = None, mts: int | None = None) -> bytes:
    """An array frame with the tail that its flags ask for."""
    return encode([*frame, *(value for value in (seq, mts) if value is not None)])


class Conversation:
    """A session, and the exchange's side of its conversation: sends frames, reads requests."""

    def __init__(self, *specs: str, flags: int | None = None, timestamps: bool = False) -> None:
        self.arrivals: list[tuple[Channel, Message]] = []
        self.was_fresh = False
        receivers = [self._receiver(i) for i in range(len(specs))]
        wanted = [parse_spec(spec) for spec in specs]
        self.session = Session(wanted, receivers, timestamps=timestamps)
        self.flags = int(self.session.conf) if flags is None else flags
        self.seq = 0

    @property
    def channels(self) -> list[Channel]:
        return self.session.channels

    def say(self, *frames: bytes) -> list[Any]:
        """Hand the session frames; the messages that came of them."""
        for frame in frames:
            self.session.receive(frame)
        arrived, self.arrivals = self.arrivals, []
        return arrived

    def _receiver(self, index: int) -> Receiver:
        def receive(message: Message, fresh: bool) -> None:
            self.was_fresh = fresh
            self.arrivals.append((self.session.channels[index], message))

        return receive

    def requests(self) -> list[dict[str, Any]]:
        return [json.loads(frame) for frame in self.session.frames_to_send()]

    def events(self) -> list[Any]:
        return self.session.take_events()

    def greet(self) -> list[dict[str, Any]]:
        """Say hello and confirm the flags; the subscriptions that the session asked for."""
        self.say(hello())
        _, *wishes = self.requests()
        self.say(confirmed_conf(self.flags))
        return wishes

    def start(self) -> None:
        """Greet and confirm everything: channels 10, 11, 12… in the order of the requests."""
        for chan_id, request in enumerate(self.greet(), start=10):
            self.say(subscribed(request, chan_id))
        self.events()

    def after_start(self, *frames: bytes) -> list[Any]:
        """Start, then hand the session frames."""
        self.start()
        return self.say(*frames)

    def data(self, chan_id: int, *content: Any, skip: int = 0) -> list[Any]:
        """Send a channel's frame with the next sequence number, or one that skips some."""
        self.seq += 1 + skip
        return self.say(with_tail(chan_id, *content, seq=self.seq))


def decode(spec: str, frame: bytes, conf: Conf = Conf.NONE) -> Message:
    """One frame, read as the channel of this spec reads it."""
    return ChannelDecoder(parse_spec(spec), conf).decode(frame, frame.find(b",") + 1)


def sequence_of(frame: bytes, conf: Conf) -> int | None:
    """The sequence number of any channel's frame, by its layout alone."""
    return FrameReader(conf).decode(frame, frame.find(b",") + 1).seq


def rows_of(message: Message) -> list[Any]:
    """The rows of a message of any kind."""
    if message.kind is Kind.ROWS:
        return list(message.payload)
    with_row = (Kind.ROW, Kind.EXECUTED, Kind.UPDATED)
    return [message.payload] if message.kind in with_row else []
