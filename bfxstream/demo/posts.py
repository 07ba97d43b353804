"""Calls of the authenticated REST API, on the WebSocket server's port: POST, which it refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, cast

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Response

_MOST_BYTES = 64 << 10


class Post(NamedTuple):
    """One call."""

    path: str
    headers: Mapping[str, str]
    """By their names in lower case."""
    body: str


Answer = Callable[[Post], Response]


class PostConnection(ServerConnection):
    """A connection of the library, unless it begins with POST."""

    def __init__(self, answer: Answer, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._answer = answer
        self._received: bytearray | None = None

    def data_received(self, data: bytes) -> None:
        if self._received is None and data.startswith(b"POST ") and self.request is None:
            self._received = bytearray()
        if self._received is None:
            super().data_received(data)
            return
        self._received += data
        post = read_post(bytes(self._received))
        if post is not None:
            self.transport.write(self._answer(post).serialize())
        if post is not None or len(self._received) > _MOST_BYTES:
            self.transport.close()


def connection_type(answer: Answer) -> type[ServerConnection]:
    """What the server makes its connections with."""
    return cast("type[ServerConnection]", partial(PostConnection, answer))


def read_post(received: bytes) -> Post | None:
    """The call, as soon as all of it is there."""
    head, end, body = received.partition(b"\r\n\r\n")
    request, *lines = head.decode("latin-1").split("\r\n")
    fields = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in fields}
    length = headers.get("content-length", "0")
    if not end or not length.isdecimal() or len(body) < int(length):
        return None
    path = request.split(" ")[1] if request.count(" ") == 2 else ""
    return Post(path, headers, body[: int(length)].decode("utf-8", "replace"))
