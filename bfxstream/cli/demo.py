"""`bfxstream demo-exchange`: the demo exchange alone, for any client of the API."""

from __future__ import annotations

import math
import signal

import click

from bfxstream.cli.options import option
from bfxstream.cli.signals import Signals
from bfxstream.errors import ConnectionFailed, UsageError


@click.command(name="demo-exchange")
@option("--port", type=click.IntRange(0, 65535), default=0, help="0: any free port.")
@option("--seed", type=int, help="The same seed gives the same market, trade for trade.")
@option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True, max=5000),
    default=100.0,
    help="Orders and cancels a second, over all symbols.",
)
def demo_exchange(port: int, seed: int | None, rate: float) -> int:
    """Run the demo exchange on loopback until it is interrupted.

    It prints its URL, then serves the exchange's WebSocket API to any client.

    \b
    Examples:
      bfxstream demo-exchange --port 8080 --seed 7
      bfxstream trades tBTCUSD --url ws://127.0.0.1:8080/ws/2
    """
    from bfxstream.demo import DemoExchange  # noqa: PLC0415  asyncio and websockets cost 100 ms

    if not math.isfinite(rate):
        raise UsageError(f"--rate {rate} is no rate", hint="use a number from above 0 to 5000")
    with Signals():
        try:
            exchange = DemoExchange(seed=seed, rate=rate, port=port)
            exchange.start()
        except OSError as error:
            raise ConnectionFailed(
                f"cannot listen on port {port}: {error.strerror or error}",
                hint="choose another --port",
            ) from None
        try:
            click.echo(exchange.url)
            while True:
                signal.pause()
        finally:
            exchange.stop()
