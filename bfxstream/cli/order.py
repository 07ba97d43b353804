"""`bfxstream order`: the group of commands that send orders, and what they have in common."""

from __future__ import annotations

import secrets
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bfxstream.cli.group import LazyGroup
from bfxstream.cli.options import (
    DEBUG,
    DEMO,
    FIELDS,
    JSON,
    LIST_OUTPUT,
    NO_COLOR,
    QUIET,
    REST_URL,
    TIME,
    URL,
    flag,
    resolve_output,
)
from bfxstream.cli.stderr import is_terminal, say
from bfxstream.errors import BfxStreamError, ExitCode, Refused, UsageError

if TYPE_CHECKING:
    from bfxstream.cli.endpoint import Endpoint

_NO_SYMBOL = "symbol: invalid"
"""What the exchange says of a new order whose symbol it does not have."""

F = TypeVar("F", bound=Callable[..., Any])

_COMMANDS = {
    "new": ("bfxstream.cli.order_new", "Send a new order."),
    "update": ("bfxstream.cli.order_change", "Change an open order."),
    "cancel": ("bfxstream.cli.order_change", "Cancel open orders."),
    "cancel-all": ("bfxstream.cli.order_change", "Cancel every open order."),
    "list": ("bfxstream.cli.order_change", "List the open orders."),
}


@click.group(cls=LazyGroup, lazy_commands=_COMMANDS, invoke_without_command=True)
@click.pass_context
def order(ctx: click.Context) -> None:
    """Send, change, cancel and list orders of your account.

    The key and its secret come from BFX_API_KEY and BFX_API_SECRET, or from the files that
    BFX_API_KEY_FILE and BFX_API_SECRET_FILE name. Nothing is ever sent twice: where no answer
    comes within 5 s, or the connection is lost, the orders are looked up instead. What is found is
    reported as it is; else, after --timeout, its outcome is unknown: it may have been carried out.

    \b
    Exit codes: 0 the exchange has taken it, 1 its outcome is unknown (or there
    was no connection), 2 nothing was sent, 3 the exchange has rejected it (or
    has no order of that --cid), 4 credentials.

    \b
    Examples:
      bfxstream order new tBTCUSD --side buy --amount 0.01 --price 20000 --yes
      bfxstream order list
      bfxstream order cancel-all --yes
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@dataclass(frozen=True)
class OrderSettings:
    """What the shared options say, by their names."""

    output: str
    """A table, or a format of a pipe."""
    fields: tuple[str, ...] | None
    timeout: float | None
    url: str | None
    rest_url: str | None
    demo: bool
    quiet: bool
    verbose: bool
    debug: bool
    no_color: bool


def order_settings(*, output: str, json: bool, **shared: Any) -> OrderSettings:
    """What the shared options say. Raises UsageError for what cannot be printed."""
    settings = OrderSettings(resolve_output(output, json, is_terminal(sys.stdout)), **shared)
    if settings.fields is not None:
        from bfxstream.output.fields import check_fields  # noqa: PLC0415
        from bfxstream.protocol.account.records import Order  # noqa: PLC0415

        check_fields(settings.fields, Order.__struct_fields__)
    return settings


_SHARED = (
    LIST_OUTPUT,
    JSON,
    FIELDS,
    click.option("--timeout", type=TIME, help="How long to wait for an answer.  [default: 15s]"),
    URL,
    REST_URL,
    DEMO,
    QUIET,
    flag("--verbose", "-v", help="Every event of the connection."),
    DEBUG,
    NO_COLOR,
)

# None of these reads the environment: what trades is said on the command line.
_SENDING = (
    click.option("--yes", "-y", is_flag=True, help="Do not ask: for scripts."),
    click.option("--dry-run", is_flag=True, help="Print the message, and send nothing."),
)


def shared_options(command: F) -> F:
    """The options of every order command; see `OrderSettings`."""
    for add in reversed(_SHARED):
        command = add(command)
    return command


def sending_options(command: F) -> F:
    """The options of a command that sends something."""
    for add in reversed(_SENDING):
        command = add(command)
    return command


def confirm(
    request: Any,
    *,
    yes: bool,
    dry_run: bool,
    more: Callable[[], str] = str,
) -> bool:
    """Show what will be sent and ask; False where it is only shown.

    `more` is what else is to be known before it is decided.

    Raises UsageError where nobody can be asked, or the answer is no.
    """
    if dry_run:
        click.echo(request.message())
        return False
    if yes:
        return True
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr)):
        raise UsageError("there is no terminal to ask on; nothing was sent", hint="use --yes")
    from bfxstream.cli.order_words import in_words  # noqa: PLC0415

    say(in_words(request) + more())
    say(f"as it will be sent: {request.message().decode()}")
    if _ask("Send it? [y/N] ") not in (b"y", b"yes"):
        raise UsageError("not confirmed; nothing was sent")
    return True


def _ask(question: str) -> bytes:
    """A line typed after the question, in lower case; nothing at its end (Ctrl-D)."""
    from bfxstream.cli.signals import Signals  # noqa: PLC0415

    answer = b""
    with Signals():
        # What was typed before is no answer to it. And not click's prompt, which would write a
        # space to standard output.
        termios.tcflush(sys.stdin, termios.TCIFLUSH)
        sys.stderr.write(question)
        sys.stderr.flush()
        try:
            answer = sys.stdin.buffer.readline()
        finally:
            if not answer.endswith(b"\n"):
                sys.stderr.write("\n")
    return answer.strip().lower()


@contextmanager
def order_desk(settings: OrderSettings, *words: str) -> Iterator[Any]:
    """An OrderDesk, for the time of one command."""
    from bfxstream.cli.access import account_access  # noqa: PLC0415
    from bfxstream.cli.endpoint import endpoint  # noqa: PLC0415
    from bfxstream.cli.reporter import Reporter  # noqa: PLC0415
    from bfxstream.cli.signals import Signals  # noqa: PLC0415
    from bfxstream.cli.time_scale import time_scale  # noqa: PLC0415
    from bfxstream.stream.nearest import naming_the_nearest  # noqa: PLC0415
    from bfxstream.stream.options import StreamOptions  # noqa: PLC0415
    from bfxstream.stream.order_desk import OrderDesk  # noqa: PLC0415
    from bfxstream.stream.policy import Policy  # noqa: PLC0415

    with (
        Signals(),
        endpoint(settings.url, settings.rest_url, settings.demo) as place,
        naming_the_nearest(place.rest_base, demo=place.demo),
    ):
        reporter = Reporter(settings, silent=False)
        desk = OrderDesk(
            account_access(place, reporter.warn, words=words),
            StreamOptions(url=place.url, tick=0.05, policy=Policy().scaled(time_scale())),
            lambda symbol: _sizes(place, symbol),
            on_event=reporter.report,
            on_frames=reporter.frames if settings.debug else None,
        )
        try:
            yield desk
        finally:
            desk.close()


def _sizes(place: Endpoint, symbol: str) -> tuple[Decimal | None, Decimal | None]:
    """The least and the most of a symbol, where its list is at hand: nothing waits for it."""
    from bfxstream.protocol.numbers import decimal, is_null  # noqa: PLC0415
    from bfxstream.stream.rest import RestClient  # noqa: PLC0415
    from bfxstream.stream.symbol_cache import SymbolCache, ask_for_symbols  # noqa: PLC0415

    if place.demo:
        known = ask_for_symbols(RestClient(place.rest_base))
    elif kept := SymbolCache().load(place.rest_base):
        known = kept.symbols
    else:
        return None, None
    for each in known.symbols:
        if each.symbol == symbol:
            sizes = (each.min_order_size, each.max_order_size)
            least, most = (None if is_null(size) else decimal(size) for size in sizes)
            return least, most
    return None, None


def new_client_id() -> int:
    """An id for an order: what it is known by, whatever becomes of the connection."""
    from bfxstream.protocol.account.orders import ClientIds  # noqa: PLC0415

    ids = ClientIds(secrets.randbits(ClientIds.PROCESS_BITS))
    return ids.next(time.time_ns() // 1_000_000)


def print_orders(orders: Sequence[Any], settings: OrderSettings) -> None:
    """Orders as a table, or as lines of a pipe."""
    if sys.stdout is None:
        return
    if settings.output == "table":
        from bfxstream.output.table import orders as table  # noqa: PLC0415  rich costs 90 ms

        table.print_orders(orders, settings.fields, color=False if settings.no_color else None)
        return
    from bfxstream.output.descriptors import LineWriter  # noqa: PLC0415
    from bfxstream.output.pipe import pipe_sink  # noqa: PLC0415
    from bfxstream.protocol.account.records import Order  # noqa: PLC0415

    writer = LineWriter(sys.stdout.fileno())
    pipe_sink(settings.output, writer, settings.fields, Order.__struct_fields__).write(orders)


def carry_out(
    desk: Any, request: Any, pending: Any, settings: OrderSettings, *, follow: bool = False
) -> Any:
    """Send a request and follow it to its outcome; an interruption says what is known by then."""
    from bfxstream.cli.signals import Interrupted  # noqa: PLC0415

    try:
        return desk.carry_out(request.message(), pending, settings.timeout, follow)
    except Interrupted:
        if desk.sent:
            try:
                conclude(pending.give_up("interrupted"), request, settings)
            except BfxStreamError as error:
                say(str(error))
        raise


def conclude(outcome: Any, request: Any, settings: OrderSettings) -> int:
    """Print what became of a request; the exit code.

    Raises Refused for a rejection, BfxStreamError where the outcome is unknown.
    """
    from bfxstream.protocol.account.answers import Verdict  # noqa: PLC0415

    name, way = _name(request)
    print_orders(outcome.orders, settings)
    if outcome.verdict is Verdict.REJECTED:
        at_fault = [request.symbol] if outcome.words == _NO_SYMBOL else []
        raise Refused(f"the exchange rejected {name}: {outcome.words}", symbols=at_fault)
    if outcome.verdict is Verdict.UNKNOWN:
        raise BfxStreamError(
            f"what became of {name} is unknown: {outcome.words}",
            hint=f"look before sending it again: {way}",
        )
    return ExitCode.OK


def _name(request: Any) -> tuple[str, str]:
    """What a request is called, and the command that tells what became of it."""
    from bfxstream.protocol.account.orders import NewOrder, UpdateOrder  # noqa: PLC0415

    if isinstance(request, NewOrder):
        return f"the order with cid {request.cid}", f"bfxstream order list --cid {request.cid}"
    what = "change" if isinstance(request, UpdateOrder) else "cancel"
    return f"the request to {what}", "bfxstream order list"
