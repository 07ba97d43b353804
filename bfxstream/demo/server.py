"""The demo exchange on a real port: WebSocket connections in a thread of their own."""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from random import Random
from types import TracebackType

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from bfxstream.demo.hub import Hub
from bfxstream.demo.market import START_MTS, Market
from bfxstream.demo.session import Session

_MOST_UNSENT = 4 << 20
"""Bytes that may wait for one client; a slower one is disconnected, as the exchange does."""

_MOST_RECEIVED = 64 << 10
_CLOSE_SECONDS = 1.0

# A library's logger: silent unless the application asks for it.
_log = logging.getLogger("bfxstream.demo")
_log.addHandler(logging.NullHandler())


class DemoExchange:
    """A simulated exchange that speaks Bitfinex's WebSocket API v2 on a local port.

    The same seed gives the same market, event for event; without one each run differs, and
    its clock starts at the present. `rate` is events per second over all symbols and decides
    only how fast the market is played; `heartbeat` is the seconds between heartbeats.
    """

    def __init__(
        self,
        *,
        seed: int | None = None,
        rate: float = 100.0,
        host: str = "127.0.0.1",
        port: int = 0,
        heartbeat: float = 15.0,
    ) -> None:
        if not (0 < rate < math.inf and 0 < heartbeat < math.inf):
            raise ValueError("rate and heartbeat must be positive")
        self._seed = secrets.randbits(64) if seed is None else seed
        self._seeded = seed is not None
        self._rate = rate
        self._host = host
        self._port = port
        self._heartbeat = heartbeat
        self._thread: threading.Thread | None = None
        self._runner: _Runner | None = None
        self.url = ""
        """Where clients connect, such as `ws://127.0.0.1:49152/ws/2`; valid after `start`."""

    def start(self) -> None:
        """Listen, and serve in a daemon thread. Raises OSError when the port is taken."""
        if self._thread is not None:
            raise RuntimeError("the demo exchange is running")
        market = Market(self._seed, START_MTS if self._seeded else _wall())
        hub = Hub(market, self._rate)
        runner = _Runner(hub, self._seed, self._heartbeat)
        listening: Future[int] = Future()
        thread = threading.Thread(
            target=_serve_in_thread,
            args=(runner, self._host, self._port, listening),
            name="demo-exchange",
            daemon=True,
        )
        thread.start()
        try:
            port = listening.result()
        except BaseException:
            thread.join()
            raise
        host = f"[{self._host}]" if ":" in self._host else self._host
        self.url = f"ws://{host}:{port}/ws/2"
        self._thread, self._runner = thread, runner

    def stop(self) -> None:
        """Close every connection and end the thread.

        Raises what went wrong inside the server, if anything did.
        """
        thread, runner = self._thread, self._runner
        if thread is None or runner is None:
            return
        runner.stop()
        thread.join()
        self._thread = self._runner = None
        if runner.failure is not None:
            raise runner.failure

    def __enter__(self) -> DemoExchange:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _wall() -> int:
    return time.time_ns() // 1_000_000


def _serve_in_thread(runner: _Runner, host: str, port: int, listening: Future[int]) -> None:
    try:
        asyncio.run(runner.run(host, port, listening))
    except BaseException as error:
        if listening.done():
            runner.failure = runner.failure or error
        else:
            listening.set_exception(error)


class _Runner:
    """What lives in the thread: the event loop's timer, and the open connections."""

    def __init__(self, hub: Hub, seed: int, heartbeat: float) -> None:
        self._hub = hub
        self._rng = Random(f"{seed}:server")
        self._heartbeat = heartbeat
        self._sessions: dict[Session, ServerConnection] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self.failure: BaseException | None = None
        """The first unexpected exception; it also ends the server."""

    def stop(self) -> None:
        """End the server, from any thread."""
        # A server that failed has closed its loop already.
        with suppress(RuntimeError):
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._stopping.set)

    async def run(self, host: str, port: int, listening: Future[int]) -> None:
        """Serve until stopped."""
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._on_loop_error)
        server = await serve(
            self._serve_client,
            host,
            port,
            compression=None,
            ping_interval=None,  # the exchange sends no pings of the WebSocket layer
            max_size=_MOST_RECEIVED,
            close_timeout=_CLOSE_SECONDS,
            logger=_log,
        )
        async with server:
            listening.set_result(_port_of(server))
            await self._stopping.wait()
            self._end()

    def _end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for connection in self._sessions.values():
            if connection.protocol.state is not State.OPEN:
                # After a protocol error the library waits for the client to hang up,
                # for ever where it does not.
                connection.transport.abort()

    async def _serve_client(self, connection: ServerConnection) -> None:
        session = Session(
            self._hub,
            Random(self._rng.getrandbits(64)),
            heartbeat=self._heartbeat,
            clock=asyncio.get_running_loop().time,
            wall=_wall,
        )
        self._sessions[session] = connection
        try:
            session.open()
            self._flush(session, connection)
            self._schedule()
            async for message in connection:
                session.receive(message)
                self._flush(session, connection)
                self._schedule()
        except ConnectionClosed:
            pass  # the end of every connection that is not closed with code 1000 or 1001
        except Exception as error:
            self._fail(error)
        finally:
            session.close()
            del self._sessions[session]

    def _tick(self) -> None:
        self._timer = None
        try:
            self._hub.advance(asyncio.get_running_loop().time())
            for session, connection in self._sessions.items():
                self._flush(session, connection)
        except Exception as error:
            self._fail(error)
        else:
            self._schedule()

    def _schedule(self) -> None:
        loop = asyncio.get_running_loop()
        due = self._hub.next_due(loop.time())
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
        if due < math.inf and not self._stopping.is_set():
            self._timer = loop.call_at(due, self._tick)

    def _flush(self, session: Session, connection: ServerConnection) -> None:
        """Write a turn's frames in one go: the one place where frames leave."""
        payloads = session.take_output()
        gone = connection.protocol.state is not State.OPEN or connection.transport.is_closing()
        if not payloads or gone:
            return
        for payload in payloads:
            connection.protocol.send_text(payload)
        # Written past the library's `send`, which would wait for a slow client, and
        # would cost each frame a system call and twice the time.
        connection.transport.write(b"".join(connection.protocol.data_to_send()))
        if connection.transport.get_write_buffer_size() > _MOST_UNSENT:
            connection.transport.abort()

    def _on_loop_error(self, _loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        error = context.get("exception")
        self._fail(
            error if isinstance(error, BaseException) else RuntimeError(str(context["message"]))
        )

    def _fail(self, error: BaseException) -> None:
        self.failure = self.failure or error
        self._stopping.set()


def _port_of(server: Server) -> int:
    port: int = next(iter(server.sockets)).getsockname()[1]
    return port
