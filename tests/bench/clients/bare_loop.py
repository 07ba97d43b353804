"""websocket-client as its documentation shows it: a `recv()` loop that does nothing.

`--print` prints each frame and flushes, as a script whose output is read live has to.
"""

from __future__ import annotations

import json
import sys

import websocket

SEQ_ALL, OB_CHECKSUM = 65536, 131072


def subscribe(connection: websocket.WebSocket, specs: list[str]) -> None:
    """Ask for the same frames as bfxstream does."""
    connection.send(json.dumps({"event": "conf", "flags": SEQ_ALL | OB_CHECKSUM}))
    for spec in specs:
        channel, symbol, *book = spec.split(":")
        fields = dict(zip(("prec", "freq", "len"), book, strict=False))
        message = {"event": "subscribe", "channel": channel, "symbol": symbol, **fields}
        connection.send(json.dumps(message))


def main() -> None:
    """`bare_loop.py [--print] URL SPEC…`"""
    arguments = sys.argv[1:]
    printing = "--print" in arguments
    url, *specs = [argument for argument in arguments if argument != "--print"]
    connection = websocket.create_connection(url)
    subscribe(connection, specs)
    if printing:
        while message := connection.recv():
            print(message, flush=True)
    else:
        while connection.recv():
            pass


main()
