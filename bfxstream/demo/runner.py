"""The event loop of the demo exchange: handshakes, requests, and the hub's timer."""

from __future__ import annotations

import asyncio
import logging
import math
from concurrent.futures import Future
from contextlib import suppress
from http import HTTPStatus
from itertools import count
from random import Random

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from bfxstream.demo.account_rest import AccountRestApi
from bfxstream.demo.conditions import Condition, Conditions
from bfxstream.demo.fault_plans import FaultPlan, Moment
from bfxstream.demo.faults import Faults
from bfxstream.demo.hub import Hub
from bfxstream.demo.limits import Allowance
from bfxstream.demo.link import Link
from bfxstream.demo.log import ServerLog, wall_ms
from bfxstream.demo.posts import Post, connection_type
from bfxstream.demo.rest import PREFIX, RestApi
from bfxstream.demo.session import Session

PATH = "/ws/2"
"""Where the exchange has its stream."""

_NO_ENDPOINT = f"There is nothing here; the stream is at {PATH}.\n".encode("ascii")
_MOST_RECEIVED = 64 << 10
_CLOSE_SECONDS = 1.0

# A library's logger: silent unless the application asks for it.
_log = logging.getLogger("bfxstream.demo")
_log.addHandler(logging.NullHandler())


class Runner:
    """What lives in the thread: the server, the open connections, the timer."""

    def __init__(
        self,
        hub: Hub,
        rest: RestApi,
        account_rest: AccountRestApi,
        log: ServerLog,
        *,
        seed: int,
        heartbeat: float,
        connects: Allowance,
        conditions: Conditions,
        faults: Faults,
    ) -> None:
        self._hub = hub
        self._rest = rest
        self._account_rest = account_rest
        self._log = log
        self._rng = Random(f"{seed}:server")
        self._heartbeat = heartbeat
        self._connects = connects
        self._numbers = count(1)
        self._links: dict[int, Link] = {}
        self._conditions = conditions
        self.faults = faults
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

    def inject(self, plan: FaultPlan) -> None:
        """Let a fault happen, from any thread."""
        with suppress(RuntimeError):
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._inject, plan)

    async def run(self, host: str, port: int, listening: Future[int]) -> None:
        """Serve until stopped."""
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._on_loop_error)
        server = await serve(
            self._serve_client,
            host,
            port,
            process_request=self._on_request,
            create_connection=connection_type(self._on_post),
            compression=None,
            ping_interval=None,  # the exchange sends no pings of the WebSocket layer
            max_size=_MOST_RECEIVED,
            close_timeout=_CLOSE_SECONDS,
            logger=_log,
        )
        async with server:
            listening.set_result(_port_of(server))
            await self._stopping.wait()
            if self._timer is not None:
                self._timer.cancel()
            for link in self._links.values():
                link.end()

    def _inject(self, plan: FaultPlan) -> None:
        self.faults.inject(plan)
        self._turn()

    def _on_request(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer what is no handshake, or one that is refused; None lets the client in."""
        now = asyncio.get_running_loop().time()
        try:
            if request.path.startswith(PREFIX):
                answer = self._rest.answer(request.path, now)
                return _response(answer.status, answer.body, answer.content_type)
            if "Upgrade" in request.headers:
                return self._refusal(connection, request.path, now)
        except Exception as error:
            self._fail(error)
            raise
        return None

    def _on_post(self, post: Post) -> Response:
        """Answer a call of the authenticated REST API."""
        now = asyncio.get_running_loop().time()
        try:
            answer = self._account_rest.answer(post.path, post.headers, post.body, now)
        except Exception as error:
            self._fail(error)
            raise
        return _response(answer.status, answer.body, answer.content_type)

    def _refusal(self, connection: ServerConnection, path: str, now: float) -> Response | None:
        if path.partition("?")[0] != PATH:
            return _response(HTTPStatus.NOT_FOUND, _NO_ENDPOINT, "text/plain")
        if not self._connects.take(now):
            status = HTTPStatus.TOO_MANY_REQUESTS
        elif Condition.UNAVAILABLE in self._conditions:
            status = HTTPStatus.SERVICE_UNAVAILABLE
        else:
            return None
        self._log.note("refused", client=_client_of(connection), status=int(status))
        return _response(status, status.phrase.encode("ascii"), "text/plain")

    async def _serve_client(self, connection: ServerConnection) -> None:
        number = next(self._numbers)
        session = Session(
            self._hub,
            Random(self._rng.getrandbits(64)),
            heartbeat=self._heartbeat,
            clock=asyncio.get_running_loop().time,
            wall=wall_ms,
            conditions=self._conditions,
        )
        self._links[number] = link = Link(number, session, connection)
        try:
            self._log.note("connected", number, client=_client_of(connection))
            session.open()
            self._turn()
            async for message in connection:
                self._receive(link, message)
                self._turn()
        except ConnectionClosed:
            pass  # the end of every connection that is not closed with code 1000 or 1001
        except Exception as error:
            self._fail(error)
        finally:
            session.close()
            del self._links[number]
            self._note_end(number, connection.protocol.close_code)

    def _note_end(self, number: int, code: int | None) -> None:
        try:
            self._log.note("closed", number, code=None if code is None else int(code))
        except OSError as error:
            self._fail(error)

    def _receive(self, link: Link, message: str | bytes) -> None:
        """Let the session answer, if no fault comes between."""
        session, now = link.session, asyncio.get_running_loop().time()
        is_order = session.is_order(message)
        if is_order and self.faults.strike(Moment.ORDER, link, now):
            return
        session.receive(message)
        if is_order:
            self.faults.strike(Moment.ANSWER, link, now)

    def _tick(self) -> None:
        self._timer = None
        try:
            self._hub.advance(asyncio.get_running_loop().time())
            self._turn()
        except Exception as error:
            self._fail(error)

    def _turn(self) -> None:
        """Let faults happen that are due, and send what there is to send."""
        self.faults.advance(asyncio.get_running_loop().time(), self._links.values())
        for link in list(self._links.values()):
            link.flush(self.faults.tamper)
        self._schedule()

    def _schedule(self) -> None:
        loop = asyncio.get_running_loop()
        due = min(self._hub.next_due(loop.time()), self.faults.next_due())
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
        if due < math.inf and not self._stopping.is_set():
            self._timer = loop.call_at(due, self._tick)

    def _on_loop_error(self, _loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        error = context.get("exception")
        self._fail(
            error if isinstance(error, BaseException) else RuntimeError(str(context["message"]))
        )

    def _fail(self, error: BaseException) -> None:
        self.failure = self.failure or error
        self._stopping.set()


def _response(status: int, body: bytes, content_type: str) -> Response:
    headers = Headers(
        [
            ("Content-Type", content_type),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
        ]
    )
    return Response(status, HTTPStatus(status).phrase, headers, body)


def _client_of(connection: ServerConnection) -> str:
    address = connection.remote_address
    # A client that has gone already has no address any more.
    return f"{address[0]}:{address[1]}" if address else ""


def _port_of(server: Server) -> int:
    port: int = next(iter(server.sockets)).getsockname()[1]
    return port
