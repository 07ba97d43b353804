"""A stream whose exchange sends whatever one likes, and what must hold whatever that is."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from bfxstream.errors import BfxStreamError, ConnectionFailed
from bfxstream.protocol.channels import parse_spec
from bfxstream.protocol.events import Event
from bfxstream.stream.connection import ConnectionLost
from bfxstream.stream.limiter import RateLimiter
from bfxstream.stream.market import MarketStream
from bfxstream.stream.options import StreamOptions
from bfxstream.stream.world import World

SPECS = (
    "trades:tBTCUSD",
    "book:tBTCUSD:P0:F0:25",
    "book:tBTCUSD:R0:F0:25",
    "ticker:tBTCUSD",
    "candles:1m:tBTCUSD",
    "trades:fUSD",
    "book:fUSD:P0:F0:25",
    "ticker:fUSD",
    "deriv:tBTCF0:USTF0",
    "liq:global",
)
_LEVELS = b"[100,2,0.5],[101,1,-0.25]"
_FUNDING_LEVELS = b"[0.0002,30,2,-5],[0.0003,2,1,7]"
_TICKER = b"1,2,3,4,5,6,7,8,9,10,null"
_FUNDING_TICKER = b"1,2,3,4,5,6,7,8,9,10,11,12,13,null,null,16,null"
_DERIV = (
    b"1700000000000,null,100.5,100,null,5,null,1700000300000,0.1,7,null,0.0001,null,null,100.2,"
    b"null,null,42,null,null,null,-0.05,0.05"
)
_LIQUIDATION = b'"pos",5,1700000000000.5,null,"tBTCF0:USTF0",-1,100,null,1,1,null,99'
SNAPSHOTS = (
    b"[[7,1700000000007,-0.5,100],[6,1700000000006,0.5,100]]",
    b"[%b]" % _LEVELS,
    b"[[11,100,0.5],[12,101,-0.25]]",
    b"[%b]" % _TICKER,
    b"[[60000,1,2,3,1,5.5],[0,1,2,3,1,5.5]]",
    b"[[7,1700000000007,-50,0.0002,30]]",
    b"[%b]" % _FUNDING_LEVELS,
    b"[%b]" % _FUNDING_TICKER,
    b"[%b]" % _DERIV,
    b"[[%b]]" % _LIQUIDATION,
)
UPDATES = (
    b'1,"te",[8,1700000000008,-0.5,100.5]',
    b'1,"tu",[8,1700000000008,-0.5,100.5]',
    b"2,[[100,0,1],[99,1,2]]",
    b'2,"cs",-1175357890',
    b"3,[[11,0,1]]",
    b"4,[%b]" % _TICKER,
    b"5,[60000,1,2.5,3,1,6.5]",
    b'6,"fte",[8,1700000000008,-50,0.0003,2]',
    b"7,[[0.0002,30,0,-1]]",
    b"8,[%b]" % _FUNDING_TICKER,
    b"9,[%b]" % _DERIV,
    b"10,[[%b]]" % _LIQUIDATION,
    b'4,"hb"',
    b"99,[1,2,3]",
)
"""Each without its brackets and its number, on the channels of SPECS, which are 1 to 10."""
EVENTS = (
    b'{"event":"info","code":20060,"msg":"Maintenance"}',
    b'{"event":"info","code":20061,"msg":""}',
    b'{"event":"info","code":20051}',
    b'{"event":"info","version":2,"platform":{"status":0}}',
    b'{"event":"error","code":10300,"msg":"subscribe: failed","subId":1}',
    b'{"event":"error","code":10301,"msg":"dup","subId":2,"chanId":50}',
    b'{"event":"error","code":10305,"msg":"limit","subId":3}',
    b'{"event":"unsubscribed","status":"OK","chanId":1}',
    b'{"event":"subscribed","channel":"ticker","symbol":"tBTCUSD","chanId":51,"subId":4}',
    b'{"event":"conf","status":"OK","flags":0}',
    b'{"event":"pong","cid":"x"}',
)


class _Clock:
    """Stands still, but for the waits."""

    def __init__(self) -> None:
        self._now = 1000.0

    def now(self) -> float:
        return self._now

    def wall_mts(self) -> int:
        return round(self._now * 1000)

    def wait(self, seconds: float) -> None:
        self._now += seconds


class _Connection:
    """Answers until all is confirmed, then sends what it was given, then breaks off."""

    def __init__(self, reads: Iterable[list[bytes]]) -> None:
        self._reads = iter(reads)
        self._answers = [b'{"event":"info","version":2,"platform":{"status":1}}']
        self._joined = 0
        self._seq = 0

    def read(self, patience: float) -> list[bytes]:
        if self._answers:
            answers, self._answers = self._answers, []
            return answers
        for frames in self._reads:
            return [self._numbered(frame) for frame in frames]
        raise ConnectionLost("the end")

    def _numbered(self, frame: bytes) -> bytes:
        """The frame, `#` in it replaced by the number that is due."""
        if b"#" not in frame:
            return frame
        self._seq += 1
        return frame.replace(b"#", b"%d" % self._seq)

    def send(self, requests: Sequence[bytes]) -> None:
        for request in map(json.loads, requests):
            if request["event"] == "conf":
                self._say({"event": "conf", "status": "OK", "flags": request["flags"]})
            elif request["event"] == "subscribe" and self._joined < len(SPECS):
                snapshot = SNAPSHOTS[self._joined]
                self._joined += 1
                self._say({**request, "event": "subscribed", "chanId": self._joined})
                self._answers.append(self._numbered(b"[%d,%b,#]" % (self._joined, snapshot)))

    def _say(self, event: dict[str, Any]) -> None:
        self._answers.append(json.dumps(event).encode())

    def interrupt(self) -> None:
        pass

    def abandon(self) -> None:
        pass

    def close(self) -> None:
        pass


def stream_of(reads: Iterable[list[bytes]], *, seq: bool = False) -> MarketStream:
    """A stream of SPECS that is sent these frames behind the snapshots, one list a read."""
    connections = [_Connection(reads)]

    def connect(url: str, timeout: float, number: int) -> _Connection:
        if not connections:
            raise ConnectionFailed("there is only one")
        return connections.pop()

    return MarketStream(
        list(map(parse_spec, SPECS)),
        StreamOptions(url="ws://hostile.test/ws/2", events=True, seq=seq, reconnect=False),
        on_event=lambda event: None,
        world=World(clock=_Clock(), open=connect, limiter=RateLimiter()),
    )


def withstand(reads: Iterable[list[bytes]], *, seq: bool = False) -> int:
    """Let a stream take all of it; how many records that made.

    Raises whatever the stream should not have: its own errors are its right.
    """
    records = 0
    stream = stream_of(reads, seq=seq)
    with suppress(BfxStreamError):
        for batch in stream.batches():
            for item in batch:
                _check(item)
                records += not isinstance(item, Event)
    stream.close()
    for book in stream.books.values():
        book.checksum()
    return records


def _check(item: Any) -> None:
    line = msgspec.json.encode(item)
    assert b"\n" not in line
    plain = json.loads(line, parse_constant=_refuse)
    if isinstance(item, Event):
        assert item.sentence().isprintable()
        assert all(value.isprintable() for value in plain.values() if isinstance(value, str))
    else:
        assert all(map(_is_usable, plain.values())), line


def _is_usable(value: Any) -> bool:
    """Whether it is a text, nothing, or a number that is one."""
    if isinstance(value, (int, float)):
        return math.isfinite(value)
    return value is None or isinstance(value, str)


def _refuse(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def corpus() -> Iterator[bytes]:
    """What the exchange does send, a frame each, `#` for its number."""
    for update in UPDATES:
        yield b"[%b,#]" % update
    yield from EVENTS
