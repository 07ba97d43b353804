"""`bfxstream demo-exchange`: the demo exchange alone, for any client of the API."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bfxstream.cli.offering import offering
from bfxstream.cli.options import option
from bfxstream.cli.signals import Signals
from bfxstream.cli.stderr import say
from bfxstream.cli.time_scale import time_scale
from bfxstream.cli.types import CountType
from bfxstream.errors import BfxStreamError, ConnectionFailed, UsageError

if TYPE_CHECKING:
    from bfxstream.demo import DemoExchange

FILE = click.Path(dir_okay=False, path_type=Path)


def _kinds() -> list[str]:
    """What can go wrong."""
    from bfxstream.demo.fault_plans import Kind  # noqa: PLC0415

    return ["all", *(kind.value for kind in Kind)]


@click.command(name="demo-exchange")
@option("--port", type=CountType(0, 65535), default=0, help="0: any free port.")
@option("--seed", type=int, help="The same seed gives the same market, trade for trade.")
@option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True, max=5000),
    default=100.0,
    help="Orders and cancels a second, over all symbols.",
)
@option(
    "--fault",
    "faults",
    multiple=True,
    metavar="KIND[:every=…]",
    shell_complete=offering(_kinds),
    help="Let something go wrong, again and again: see below. May be given several times.",
)
@option("--log", type=FILE, help="Note connections and faults in this file, as JSON Lines.")
@option("--journal", type=FILE, help="Note all trades, books and orders, as JSON Lines.")
def demo_exchange(
    port: int,
    seed: int | None,
    rate: float,
    faults: tuple[str, ...],
    log: Path | None,
    journal: Path | None,
) -> None:
    """Run the demo exchange on loopback until it is interrupted.

    It prints its URL, then serves the exchange's WebSocket and REST API to any client. Its
    account has the key demo-exchange-key and the secret demo-exchange-secret.

    \b
    Faults, such as --fault drop:every=5s or --fault skip:every=1000 (frames):
      drop              a connection breaks off with a TCP RST
      close             a connection is closed with a close frame
      stall             a connection stays open, but nothing comes any more; for=60s
      truncate          a connection ends in the middle of a frame
      slow              a connection trickles; for=5s
      mute              one channel falls silent until it is subscribed anew
      skip              a frame is lost, with its sequence number
      dup               a frame comes twice, with one sequence number
      corrupt-checksum  a book's checksum is wrong
      garbage           something comes that is no frame of the API
      reconnect         info 20051 to all; those still there after for=5s are closed
      maintenance       info 20060 to all, 20061 after for=10s
      reject            a connection is closed, subscriptions are refused; for=10s
      http-503          a connection is closed, handshakes are refused; for=10s
      no-history        REST has no past trades; always, or every=… and for=…
      all               all of them in turn, but for no-history; scale=0.1 shortens
                        how long each lasts, not how often they come: that is every=
    Each comes every 30 s, give or take a half, where nothing is said.

    \b
    Faults that strike the connection an order of the account comes by, at each order, or at every
    so many (--fault drop:on=answer,every=3):
      on=order          as the order comes, and it is lost: drop, stall
      on=answer         it is carried out, its answer does not come (whole): drop, stall, truncate

    \b
    Examples:
      bfxstream demo-exchange --port 8080 --seed 7
      bfxstream demo-exchange --fault drop:every=10s --fault stall:for=40s
      bfxstream trades tBTCUSD --url ws://127.0.0.1:8080/ws/2
    """
    from bfxstream.demo import DemoExchange  # noqa: PLC0415  asyncio and websockets cost 100 ms

    if not math.isfinite(rate):
        raise UsageError(f"--rate {rate} is no rate", hint="use a number from above 0 to 5000")
    with Signals():
        exchange = DemoExchange(
            seed=seed,
            rate=rate,
            port=port,
            heartbeat=15.0 * time_scale(),
            faults=faults,
            log_file=log,
            journal_file=journal,
            lived_in=True,
        )
        try:
            exchange.start()
        except OSError as error:
            raise _explained(error, port) from None
        try:
            click.echo(exchange.url)
            exchange.wait()
        finally:
            _stop(exchange)


def _stop(exchange: DemoExchange) -> None:
    try:
        exchange.stop()
    except OSError as error:
        if error.filename is None:
            raise
        raise BfxStreamError(
            f"cannot write {error.filename}: {error.strerror or error}",
            hint="the demo exchange has ended; make room, or choose another file",
        ) from None
    finally:
        _account_for(exchange)


def _account_for(exchange: DemoExchange) -> None:
    """Say what the run had that nobody would want in a real one."""
    if exchange.faults:
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(exchange.faults.items()))
        say(f"faults: {counts}")
    lost = sum(entry.details["seconds"] for entry in exchange.log if entry.event == "behind")
    if lost:
        say(f"the market fell {lost:.1f} s behind; use a lower --rate")


def _explained(error: OSError, port: int) -> BfxStreamError:
    # asyncio's own text repeats the address.
    reason = os.strerror(error.errno) if error.errno else error
    if error.filename is not None:
        return UsageError(f"cannot write {error.filename}: {reason}", hint="choose another file")
    return ConnectionFailed(f"cannot listen on port {port}: {reason}", hint="choose another --port")
