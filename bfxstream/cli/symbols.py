"""`bfxstream symbols`: what the exchange has, from a list that is kept for a day."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress

import click

from bfxstream.cli.endpoint import Endpoint, endpoint
from bfxstream.cli.options import (
    DEBUG,
    DEMO,
    FIELDS,
    JSON,
    LIST_OUTPUT,
    NO_COLOR,
    QUIET,
    REST_URL,
    URL,
    flag,
    option,
    resolve_output,
)
from bfxstream.cli.signals import Signals
from bfxstream.cli.stderr import say
from bfxstream.errors import ConnectionFailed, ExitCode, UsageError
from bfxstream.output.descriptors import LineWriter
from bfxstream.output.fields import check_fields
from bfxstream.output.pipe import pipe_sink
from bfxstream.protocol.nearest import nearest
from bfxstream.protocol.records import Symbol
from bfxstream.protocol.symbol_list import SymbolList, matches
from bfxstream.protocol.symbols import parse_symbol
from bfxstream.stream.nearest import did_you_mean
from bfxstream.stream.rest import RestClient
from bfxstream.stream.symbol_cache import Kept, SymbolCache, ask_for_symbols

_FIELDS = Symbol.__struct_fields__
_WAY_OUT = (
    "check the network and --rest-url, bfxstream doctor looks for the reason; --demo works offline"
)
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


@click.command()
@click.argument("pattern", required=False)
@option(
    "--kind",
    type=click.Choice(["exchange", "margin", "futures", "funding"]),
    help="Only these.",
)
@flag("--refresh", help="Ask the exchange, however new the list is that is kept.")
@LIST_OUTPUT
@JSON
@FIELDS
@URL
@REST_URL
@DEMO
@QUIET
@DEBUG
@NO_COLOR
def symbols(
    pattern: str | None,
    kind: str | None,
    refresh: bool,
    output: str,
    json: bool,
    fields: tuple[str, ...] | None,
    url: str | None,
    rest_url: str | None,
    demo: bool,
    quiet: bool,
    debug: bool,
    no_color: bool,
) -> int:
    """The exchange's symbols, or those that match PATTERN.

    PATTERN is a part of a symbol, or a glob for the whole of it; capitals, the leading t or f,
    and the colon may be left out.

    \b
    Examples:
      bfxstream symbols
      bfxstream symbols 'btc*' --kind margin
      bfxstream symbols usd --kind funding --fields symbol
      bfxstream symbols dusk | jq -r .min_order_size
    """
    output = resolve_output(output, json, sys.stdout.isatty())
    if fields is not None:
        check_fields(fields, _FIELDS)
    with Signals() as signals, endpoint(url, rest_url, demo) as place:
        known = _known_symbols(place, refresh, quiet)
        found = [
            symbol
            for symbol in known.symbols
            if (kind is None or kind in symbol.kind)
            and (pattern is None or matches(symbol.symbol, pattern))
        ]
        with signals.held:
            _print(found, output, fields, no_color)
    if not found and not quiet:
        say(_nothing(pattern, kind, known))
    return ExitCode.OK


def _known_symbols(place: Endpoint, refresh: bool, quiet: bool) -> SymbolList:
    """The list that is kept while it is fresh, else the exchange's, else the old one after all."""
    cache = SymbolCache()
    # The embedded exchange has no age: it is here, and may have changed with the program.
    kept = None if place.demo else cache.load(place.rest_base)
    if kept is not None and kept.fresh and not refresh:
        return kept.symbols
    try:
        found = ask_for_symbols(RestClient(place.rest_base))
    except ConnectionFailed as error:
        error.hint = error.hint or _WAY_OUT
        if kept is None:
            raise
        if refresh:
            error.hint = f"without --refresh there is the list of {_age(kept)} ago"
            raise
        if not quiet:
            say(f"{error.what}; this list is {_age(kept)} old")
        return kept.symbols
    try:
        if place.demo:
            cache.complete_with(found)
        else:
            cache.store(place.rest_base, found)
    except OSError as error:
        if not quiet:
            say(f"cannot keep the list of symbols in {error.filename}: {error.strerror or error}")
    return found


def _print(
    found: Sequence[Symbol], output: str, fields: Sequence[str] | None, no_color: bool
) -> None:
    if output == "table":
        from bfxstream.output.table.symbols import print_symbols  # noqa: PLC0415  rich: 90 ms

        print_symbols(found, fields, color=False if no_color else None)
        return
    pipe_sink(output, LineWriter(sys.stdout.fileno()), fields, _FIELDS).write(found)


def _nothing(pattern: str | None, kind: str | None, known: SymbolList) -> str:
    what = f"no {kind} symbol" if kind else "no symbol"
    if pattern is None:
        return what
    near: list[str] = []
    with suppress(UsageError):
        near = nearest(parse_symbol(pattern), known)
    return f"{what} matches {pattern!r}" + (f"; {did_you_mean(near)}" if near else "")


def _age(kept: Kept) -> str:
    """How old, in the largest unit that it fills: `3 days`."""
    age = max(1, int(kept.age))
    seconds, unit = next((seconds, unit) for seconds, unit in _UNITS if age >= seconds)
    count = age // seconds
    return f"{count} {unit}" + "s" * (count > 1)
