"""A small HTTP server in the place of the exchange's REST API, on a free port of loopback."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE = 10

CONF = {
    "pub:list:pair:exchange": [
        "BTCUSD",
        "BTCUST",
        "DSHUSD",
        "DUSK:USD",
        "ETHBTC",
        "TESTBTC:TESTUSD",
    ],
    "pub:list:pair:margin": ["BTCUSD", "ETHBTC"],
    "pub:list:pair:futures": ["BTCF0:USTF0", "ETHF0:BTCF0"],
    "pub:list:currency": ["BTC", "BTCF0", "DSH", "DUSK", "ETH", "USD", "UST", "USTF0"],
    "pub:list:currency:margin": ["BTC", "USD", "UST"],
    "pub:map:currency:sym": [["USTF0", "USDt"], ["BTCF0", "BTC"], ["DSH", "DASH"], ["UST", "USDt"]],
    "pub:info:pair": [
        ["BTCUSD", [None, None, None, "0.00006", "2000.0", None, None, None, 0.2, 0.1, None, None]],
        ["DUSK:USD", [None, None, None, "22.0", "500000.0", None]],
    ],
    "pub:info:pair:futures": [
        ["BTCF0:USTF0", [None, None, None, "0.00006", "100.0", None, None, None, 0.01, 0.005]]
    ],
}
"""A few of the exchange's symbols, in the layouts of its `conf` lists."""


@dataclass
class RestServer:
    """What it says to each path, and what it was asked."""

    answer: Callable[[str], tuple[int, bytes]]
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """Each request's path and query, in order."""
    base: str = ""
    """Where the API begins."""


def as_conf(path: str) -> tuple[int, bytes]:
    """The answer to `conf/KEY,KEY…`: an outer array with an element for each key."""
    keys = path.rpartition("/conf/")[2].split(",")
    return 200, json.dumps([CONF.get(key) for key in keys]).encode()


def saying(body: Any, status: int = 200) -> Callable[[str], tuple[int, bytes]]:
    """The same answer to every path: bytes as they are, anything else as JSON."""
    said = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda path: (status, said)


@contextmanager
def rest_server(
    answer: Callable[[str], tuple[int, bytes]] = as_conf, tls: ssl.SSLContext | None = None
) -> Iterator[RestServer]:
    """Serve until the block ends."""
    served = RestServer(answer)

    class Handler(BaseHTTPRequestHandler):
        timeout = PATIENCE

        def do_GET(self) -> None:
            served.asked.append(self.path)
            status, body = served.answer(self.path)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **served.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    served.base = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}/v2"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=PATIENCE)
