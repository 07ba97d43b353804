"""The commands that stream public market data, a channel each, and any mix of them."""

from __future__ import annotations

from typing import Any

import click

from bfxstream.cli.offering import offering
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
    PERIOD_EXAMPLES,
    TIMEFRAMES,
    BookSubscription,
    Frequency,
    LiquidationsSubscription,
    Precision,
    Subscription,
    TickerSubscription,
    TradesSubscription,
    derivative,
)
from bfxstream.protocol.channels import candles as candles_of
from bfxstream.protocol.symbols import Market, market_of
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
_closed = flag("--closed", help="Print each candle once: when a later one has begun.")


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
@flag("--every-update", help="Print both te and tu of a trade, not the first alone.")
@streaming_options
def trades(symbols: tuple[str, ...], every_update: bool, **shared: Any) -> int:
    """Every trade of each SYMBOL, exactly once, oldest first.

    \b
    Examples:
      bfxstream trades tBTCUSD
      bfxstream trades tBTCUSD | jq -c '[.mts, .amount, .price]'
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
    return _run_books(subscriptions, shared, view, every)


@click.command()
@_symbols
@option(
    "--timeframe",
    type=click.Choice(list(TIMEFRAMES)),
    default="1m",
    help="How long a candle is; 1m is a minute, 1M a month.",
)
@option(
    "--period",
    default="",
    show_default=False,
    shell_complete=offering(lambda: ["p2", "p30", "p120", "a30:p2:p30"]),
    help=f"Of funding currencies: {PERIOD_EXAMPLES}.",
)
@_closed
@streaming_options
def candles(
    symbols: tuple[str, ...], timeframe: str, period: str, closed: bool, **shared: Any
) -> int:
    """Open, close, high, low and volume of each SYMBOL, interval by interval.

    The candle that is under way comes again whenever it changes. With --closed each candle comes
    once: when the first trade of a later one shows that it is complete. What the exchange still
    corrects in it after that is an update without --closed, and nothing with it.

    \b
    Examples:
      bfxstream candles tBTCUSD --timeframe 5m
      bfxstream candles tBTCUSD --timeframe 1h --closed -n 24 | jq -r .close
      bfxstream candles fUSD --period p30 --timeframe 1h
      bfxstream candles tBTCUSD tETHUSD --timeframe 1D -o csv --once
    """
    funding = [symbol for symbol in symbols if market_of(symbol) is Market.FUNDING]
    if is_explicit("period") and not funding:
        raise UsageError("--period is for funding currencies", hint="leave it out, or name fUSD")
    subscriptions = [
        candles_of(symbol, timeframe, period if symbol in funding else "") for symbol in symbols
    ]
    return run_stream(subscriptions, Settings(**shared), closed=closed)


@click.command()
@_symbols
@flag("--every-update", help="Print also what repeats the record before it.")
@streaming_options
def deriv(symbols: tuple[str, ...], every_update: bool, **shared: Any) -> int:
    """The state of each derivative SYMBOL: mark price, funding, open interest.

    The exchange sends it every second, mostly unchanged; it is printed when it has changed.

    \b
    Examples:
      bfxstream deriv tBTCF0:USTF0 tETHF0:USTF0
      bfxstream deriv tBTCF0:USTF0 --once --json | jq -r .mark_price
      bfxstream deriv tBTCF0:USTF0 --fields mts,open_interest -o csv
    """
    subscriptions = [derivative(symbol) for symbol in symbols]
    return run_stream(subscriptions, Settings(**shared), every_update=every_update)


@click.command()
@streaming_options
def liquidations(**shared: Any) -> int:
    """Every liquidation of the exchange: its trigger, and its executions in the market.

    The first record may be hours old: it is the last that there was.

    \b
    Examples:
      bfxstream liquidations
      bfxstream liquidations --json | jq -c '[.symbol, .amount]'
    """
    return run_stream([LiquidationsSubscription()], Settings(**shared))


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
@flag("--every-update", help="Print both te and tu of a trade, and status that repeats.")
@_closed
@streaming_options
def stream(
    specs: tuple[Subscription, ...],
    file: str | None,
    view: str,
    every: float | None,
    every_update: bool,
    closed: bool,
    **shared: Any,
) -> int:
    """Several channels in one run and one output.

    A SPEC is ticker:SYMBOL, trades:SYMBOL, book:SYMBOL[:PREC][:FREQ][:LEN],
    candles:TIMEFRAME:SYMBOL[:PERIOD], deriv:SYMBOL, liq:global, or account, which has a
    connection of its own. More than one connection takes (25) are spread over several.

    \b
    Examples:
      bfxstream stream ticker:tBTCUSD trades:tBTCUSD book:tBTCUSD:P0:F0:25
      echo trades:tBTCUSD | bfxstream stream --from -
      bfxstream stream trades:tBTCUSD ticker:fUSD > market.jsonl
      bfxstream stream candles:1h:fUSD:p30 deriv:tBTCF0:USTF0 liq:global
    """
    subscriptions = [*specs, *(read_specs(file) if file is not None else ())]
    if not subscriptions:
        raise UsageError("no subscription is given", hint="give a SPEC, or --from FILE")
    return _run_books(subscriptions, shared, view, every, every_update=every_update, closed=closed)


def _run_books(
    subscriptions: list[Any],
    shared: dict[str, Any],
    view: str,
    every: float | None,
    *,
    every_update: bool = False,
    closed: bool = False,
) -> int:
    if every is not None and view == BookView.LEVELS.value and is_explicit("every"):
        raise UsageError("--every thins whole books only", hint="add --view full or --view top")
    return run_stream(
        subscriptions,
        Settings(**shared),
        view=BookView(view),
        every=every or 0.0,
        every_update=every_update,
        closed=closed,
    )
