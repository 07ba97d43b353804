"""`bfxstream demo-exchange`: the demo exchange alone, for any client of the API."""

from __future__ import annotations

import math
from pathlib import Path

import click

from bfxstream.cli.options import option
from bfxstream.cli.signals import Signals
from bfxstream.errors import BfxStreamError, ConnectionFailed, UsageError


@click.command(name="demo-exchange")
@option("--port", type=click.IntRange(0, 65535), default=0, help="0: any free port.")
@option("--seed", type=int, help="The same seed gives the same market, trade for trade.")
@option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True, max=5000),
    default=100.0,
    help="Orders and cancels a second, over all symbols.",
)
@option(
    "--log",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Note connections made, refused and closed in this file, as JSON Lines.",
)
def demo_exchange(port: int, seed: int | None, rate: float, log: Path | None) -> None:
    """Run the demo exchange on loopback until it is interrupted.

    It prints its URL, then serves the exchange's WebSocket and REST API to any client.

    \b
    Examples:
      bfxstream demo-exchange --port 8080 --seed 7
      bfxstream trades tBTCUSD --url ws://127.0.0.1:8080/ws/2
    """
    from bfxstream.demo import DemoExchange  # noqa: PLC0415  asyncio and websockets cost 100 ms

    if not math.isfinite(rate):
        raise UsageError(f"--rate {rate} is no rate", hint="use a number from above 0 to 5000")
    with Signals():
        exchange = DemoExchange(seed=seed, rate=rate, port=port, log_file=log)
        try:
            exchange.start()
        except OSError as error:
            raise _explained(error, port) from None
        try:
            click.echo(exchange.url)
            exchange.wait()
        finally:
            exchange.stop()


def _explained(error: OSError, port: int) -> BfxStreamError:
    reason = error.strerror or error
    if error.filename is not None:
        return UsageError(f"cannot write {error.filename}: {reason}", hint="choose another file")
    return ConnectionFailed(f"cannot listen on port {port}: {reason}", hint="choose another --port")
