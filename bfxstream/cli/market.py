"""The commands that stream public market data: ticker, trades, book, and any mix of them."""

from __future__ import annotations

from typing import Any

import click

from bfxstream.cli.options import (
    TIME,
    Settings,
    flag,
    is_explicit,
    option,
    streaming_options,
)
from bfxstream.cli.run import run_stream
from bfxstream.cli.specs import read_specs
from bfxstream.cli.types import SpecType, SymbolType
from bfxstream.errors import UsageError
from bfxstream.protocol.channels import (
    LENGTHS,
    BookSubscription,
    Frequency,
    Precision,
    Subscription,
    TickerSubscription,
    TradesSubscription,
)
from bfxstream.protocol.views import BookView

_symbols = click.argument(
    "symbols", metavar="SYMBOL...", nargs=-1, required=True, type=SymbolType()
)
_view = option(
    "--view",
    type=click.Choice([BookView.LEVELS.value, BookView.FULL.value, BookView.TOP.value]),
    default=BookView.LEVELS.value,
    help="levels: every row. full: the whole book after each burst. top: the best bid and ask.",
)
_every = option("--every", type=TIME, help="With --view full or top: at most one in this time.")
_every_update = flag("--every-update", help="Print both te and tu of a trade, not the first alone.")


@click.command()
@_symbols
@streaming_options
def ticker(symbols: tuple[str, ...], **shared: Any) -> int:
    """Best prices, last price and the day's figures of each SYMBOL.

    \b
    Examples:
      bfxstream ticker tBTCUSD tETHUSD
      bfxstream ticker btcusd --once --json | jq -r .last_price
      bfxstream ticker fUSD --fields frr,bid,ask
    """
    return run_stream([TickerSubscription(symbol) for symbol in symbols], Settings(**shared))


@click.command()
@_symbols
@_every_update
@streaming_options
def trades(symbols: tuple[str, ...], every_update: bool, **shared: Any) -> int:
    """Every trade of each SYMBOL, exactly once, oldest first.

    \b
    Examples:
      bfxstream trades tBTCUSD
      bfxstream trades tBTCUSD --no-snapshot | jq -c '[.mts, .amount, .price]'
      bfxstream trades tBTCUSD tETHUSD -o csv > trades.csv
    """
    subscriptions = [TradesSubscription(symbol) for symbol in symbols]
    return run_stream(subscriptions, Settings(**shared), every_update=every_update)


@click.command()
@_symbols
@option(
    "--prec",
    type=click.Choice([prec.value for prec in Precision]),
    default="P0",
    help="P0…P4: levels by 5…1 significant digits of price. R0: single orders.",
)
@option(
    "--freq",
    type=click.Choice([freq.value for freq in Frequency]),
    default="F0",
    help="F0: in real time. F1: every two seconds.",
)
@option(
    "--len",
    "length",
    type=click.Choice([str(length) for length in LENGTHS]),
    default="25",
    help="Levels (R0: orders) on each side.",
)
@_view
@_every
@streaming_options
def book(
    symbols: tuple[str, ...],
    prec: str,
    freq: str,
    length: str,
    view: str,
    every: float | None,
    **shared: Any,
) -> int:
    """The order book of each SYMBOL, kept and verified by checksum.

    \b
    Examples:
      bfxstream book tBTCUSD
      bfxstream book tBTCUSD --view top | jq -r .spread
      bfxstream book tBTCUSD --view full --every 1s > books.jsonl
      bfxstream book fUSD --prec P1 --len 100
    """
    subscriptions = [
        BookSubscription(symbol, Precision(prec), Frequency(freq), int(length))
        for symbol in symbols
    ]
    return _run_books(subscriptions, shared, view, every, every_update=False)


@click.command()
@click.argument("specs", metavar="[SPEC]...", nargs=-1, type=SpecType())
@option(
    "--from",
    "file",
    type=click.Path(),
    metavar="FILE",
    help="Read SPECs from a file, one a line; - is stdin.",
)
@_view
@_every
@_every_update
@streaming_options
def stream(
    specs: tuple[Subscription, ...],
    file: str | None,
    view: str,
    every: float | None,
    every_update: bool,
    **shared: Any,
) -> int:
    """Several channels in one run and one output.

    A SPEC is ticker:SYMBOL, trades:SYMBOL or book:SYMBOL[:PREC][:FREQ][:LEN]. More than
    one connection takes (25) are spread over several.

    \b
    Examples:
      bfxstream stream ticker:tBTCUSD trades:tBTCUSD book:tBTCUSD:P0:F0:25
      echo trades:tBTCUSD | bfxstream stream --from -
      bfxstream stream trades:tBTCUSD trades:tETHUSD ticker:fUSD > market.jsonl
    """
    subscriptions = [*specs, *(read_specs(file) if file is not None else ())]
    if not subscriptions:
        raise UsageError("no subscription is given", hint="give a SPEC, or --from FILE")
    return _run_books(subscriptions, shared, view, every, every_update=every_update)


def _run_books(
    subscriptions: list[Any],
    shared: dict[str, Any],
    view: str,
    every: float | None,
    *,
    every_update: bool,
) -> int:
    if every is not None and view == BookView.LEVELS.value and is_explicit("every"):
        raise UsageError("--every thins whole books only", hint="add --view full or --view top")
    return run_stream(
        subscriptions,
        Settings(**shared),
        view=BookView(view),
        every=every or 0.0,
        every_update=every_update,
    )
