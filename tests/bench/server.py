"""The bench's server: answers the subscriptions, then sends as fast as it can, or at a pace.

It talks to the harness in JSON lines: `port`, then for each client `ready` (everything is
encoded and waits for a line on standard input) and `done`. A client may open several
connections; the load starts when the last channel has been asked for.
"""

from __future__ import annotations

import argparse
import json
import selectors
import socket
import ssl
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from .load import KINDS, SYMBOLS, Channel, Frame, Load, heartbeat
from .wire import CLOSE_FRAME, Connection, Plain, Tls, text_frame

TIMESTAMP, SEQ_ALL, OB_CHECKSUM = 32768, 65536, 131072
_SERVED_FLAGS = TIMESTAMP | SEQ_ALL | OB_CHECKSUM  # no bulk updates: all get the same frames
_CHUNK_FRAMES = 20_000
_PATIENCE = 120.0
_SETTLING = 0.3


class Session:
    """One connection with its flags, its channels and its sequence."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.channels: set[int] = set()
        self.flags = 0
        self.seq = 0
        connection.say(
            {"event": "info", "version": 2, "serverId": "bench", "platform": {"status": 1}}
        )

    def encoded(self, frame: Frame) -> bytes:
        """The frame as this connection gets it: with its tail."""
        if frame.kind == "cs" and not self.flags & OB_CHECKSUM:
            frame = heartbeat(frame.chan_id)  # So that every client gets as many frames.
        self.seq += 1
        seq = f",{self.seq}" if self.flags & SEQ_ALL else ""
        mts = f",{time.time_ns() // 1_000_000}" if self.flags & TIMESTAMP else ""
        return text_frame(f"{frame.head}{seq}{mts}]".encode())


class Service:
    """Serves one client after the other with the same load."""

    def __init__(self, listener: socket.socket, options: argparse.Namespace) -> None:
        self._listener = listener
        self._options = options
        self._context = _tls_context(options)
        self._made: tuple[Load, list[Frame]] | None = None
        self._load()  # Made before the first client comes, who must not wait for it.

    def serve(self) -> None:
        """One client from its first connection to its end."""
        load, frames = self._load()
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            try:
                sessions = self._gather(selector, load)
            except OSError:
                sessions = []  # It left before it had subscribed: the harness sees why.
            try:
                if sessions:
                    self._blast(sessions, load, frames)
            except OSError as error:
                tell(event="done", error=str(error) or type(error).__name__)
            finally:
                for key in list(selector.get_map().values()):
                    if key.data is not None:
                        key.data.connection.transport.socket.close()

    def _load(self) -> tuple[Load, Iterable[Frame]]:
        """The load and its frames; kept for the next client unless they are too many."""
        options = self._options
        if self._made is not None:
            return self._made
        load = Load(options.symbols.split(","), kinds=options.kinds.split(","), length=options.len)
        frames = islice(load.frames(), options.messages)
        if options.lazy:
            return load, frames
        self._made = load, list(frames)
        return self._made

    def _accept(self) -> Session:
        connection, _ = self._listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(_PATIENCE)
        if self._context is None:
            return Session(Connection(Plain(connection)))
        a_frame = self._options.tls == "frames"
        return Session(Connection(Tls(connection, self._context, record_a_frame=a_frame)))

    def _gather(self, selector: selectors.BaseSelector, load: Load) -> list[Session]:
        """Let the client subscribe to every channel, over as many connections as it likes."""
        sessions = []
        waiting = {(channel.name, channel.symbol): channel for channel in load.channels}
        # After the last subscription a client may still have flags to ask for, as ccxt has.
        while (ready := selector.select(_SETTLING if not waiting else None)) or waiting:
            for key, _ in ready:
                if key.data is None:
                    session = self._accept()
                    sessions.append(session)
                    selector.register(
                        session.connection.transport.socket, selectors.EVENT_READ, session
                    )
                else:
                    for message in key.data.connection.hear():
                        _answer(key.data, message, waiting, load)
        return sessions

    def _blast(self, sessions: list[Session], load: Load, frames: Iterable[Frame]) -> None:
        counts = Counter(snapshot=len(load.channels))
        counts["snapshot_rows"] = sum(frame.rows for frame in load.snapshots.values())
        trades = [channel.chan_id for channel in load.channels if channel.name == "trades"]
        counts["snapshot_trades"] = sum(load.snapshots[i].rows - 1 for i in trades)
        passing = counted(frames, counts)
        owners = {chan_id: session for session in sessions for chan_id in session.channels}
        if self._options.rate:
            sent = self._paced(passing, owners)
        else:
            sent = self._at_once(passing, owners)
        _close([session for session in sessions if session.channels])
        end = time.monotonic()
        _close([session for session in sessions if not session.channels])
        tell(event="done", end=end, counts=counts, connections=len(sessions), **sent)

    def _at_once(self, frames: Iterator[Frame], owners: dict[int, Session]) -> dict[str, Any]:
        chunks: Iterable[tuple[Session, bytes]] = _chunks(frames, owners)
        if not self._options.lazy:
            chunks = list(chunks)
        _wait_for_go(owners.values())
        begin = time.monotonic()
        for session, data in chunks:
            session.connection.transport.socket.sendall(data)
        return {"begin": begin}

    def _paced(self, frames: Iterator[Frame], owners: dict[int, Session]) -> dict[str, Any]:
        """So many frames at a time as `--burst` says; for a trade's `te`, when it was sent."""
        ready = [(frame, owners[frame.chan_id]) for frame in frames]
        wire = [(session.connection.transport, session.encoded(frame)) for frame, session in ready]
        times = []
        _wait_for_go(owners.values())
        begin = time.monotonic()
        for i, (transport, data) in enumerate(wire):
            due = begin + i // self._options.burst * self._options.burst / self._options.rate
            if (delay := due - time.monotonic()) > 0:
                time.sleep(delay)
            times.append(time.monotonic_ns())
            transport.send(data)
        trades = {
            trade_id(frame): sent
            for (frame, _), sent in zip(ready, times, strict=True)
            if frame.kind == "te"
        }
        return {"begin": begin, "trades": trades}


def trade_id(frame: Frame) -> int:
    """The id of the trade in a `te` frame."""
    return int(frame.head.split("[")[2].split(",")[0])


def counted(frames: Iterable[Frame], counts: Counter[str]) -> Iterator[Frame]:
    """The same frames, counted by kind as they pass."""
    for frame in frames:
        counts[frame.kind] += 1
        yield frame


def tell(**message: Any) -> None:
    """One line to the harness."""
    print(json.dumps(message), flush=True)


def _close(sessions: list[Session]) -> None:
    for session in sessions:
        session.connection.transport.send(CLOSE_FRAME)
    for session in sessions:
        session.connection.wait_for_close()


def _wait_for_go(sessions: Iterable[Session]) -> None:
    for session in set(sessions):
        session.connection.transport.check()
    tell(event="ready")
    if not sys.stdin.readline():
        raise SystemExit


def _answer(
    session: Session,
    message: dict[str, Any],
    waiting: dict[tuple[str, str], Channel],
    load: Load,
) -> None:
    say = session.connection.say
    if message["event"] == "conf":
        session.flags = int(message["flags"]) & _SERVED_FLAGS
        say({"event": "conf", "status": "OK", "flags": session.flags})
    elif message["event"] == "ping":
        say({**message, "event": "pong", "ts": time.time_ns() // 1_000_000})
    elif message["event"] == "subscribe":
        channel = waiting.pop((message["channel"], message["symbol"]))
        session.channels.add(channel.chan_id)
        book = {"prec": "P0", "freq": "F0", "len": "25"} if channel.name == "book" else {}
        echo = {**book, **message, "len": str(message.get("len", 25))} if book else message
        first = {"event": "subscribed", "channel": channel.name, "chanId": channel.chan_id}
        say({**first, **echo, **first, "pair": channel.symbol[1:]})
        session.connection.transport.send(session.encoded(load.snapshots[channel.chan_id]))


def _chunks(frames: Iterator[Frame], owners: dict[int, Session]) -> Iterator[tuple[Session, bytes]]:
    while part := list(islice(frames, _CHUNK_FRAMES)):
        wire: dict[Session, list[bytes]] = {}
        for frame in part:
            session = owners[frame.chan_id]
            wire.setdefault(session, []).append(session.encoded(frame))
        for session, encoded in wire.items():
            yield session, session.connection.transport.sealed(encoded)


def _tls_context(options: argparse.Namespace) -> ssl.SSLContext | None:
    if options.tls == "off":
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.certificate, options.key)
    return context


def main() -> None:
    """Serve clients one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=500_000)
    parser.add_argument("--symbols", default=",".join(SYMBOLS))
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--len", type=int, default=25)
    parser.add_argument("--rate", type=float, default=0, help="messages a second; 0: all at once")
    parser.add_argument("--burst", type=int, default=1, help="with --rate: messages at a time")
    parser.add_argument("--lazy", action="store_true", help="encode while sending, for long runs")
    parser.add_argument("--tls", choices=("off", "records", "frames"), default="off")
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    options = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        service = Service(listener, options)
        tell(event="port", port=listener.getsockname()[1])
        while True:
            service.serve()


if __name__ == "__main__":
    main()
