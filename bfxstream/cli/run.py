"""One streaming run: wires subscriptions, stream and sink together and ends them in good order."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TextIO

import click
import msgspec

from bfxstream.cli.limits import Limits
from bfxstream.cli.options import Settings
from bfxstream.cli.reporter import Reporter
from bfxstream.cli.signals import Signals
from bfxstream.cli.stderr import say
from bfxstream.errors import BfxStreamError, ExitCode, UsageError
from bfxstream.output.csv import CsvSink
from bfxstream.output.descriptors import LineWriter
from bfxstream.output.fields import check_fields, known_fields
from bfxstream.output.jsonl import FieldsJsonLinesSink, JsonLinesSink
from bfxstream.output.raw import RawSink
from bfxstream.output.sink import Sink
from bfxstream.protocol.channels import Subscription
from bfxstream.protocol.codes import MAX_SUBSCRIPTIONS
from bfxstream.protocol.views import BookView
from bfxstream.stream import policy
from bfxstream.stream.connect import check_url
from bfxstream.stream.feed import FeedOptions
from bfxstream.stream.market import MarketStream, StreamOptions

_PIPE_TICK = 0.25
_TABLE_TICK = 0.05


def run_stream(
    subscriptions: Sequence[Subscription],
    settings: Settings,
    *,
    view: BookView = BookView.LEVELS,
    every: float = 0.0,
    every_update: bool = False,
) -> int:
    """Stream to standard output until a limit or an error; the exit code.

    Raises BfxStreamError for what went wrong, Interrupted for a signal.
    """
    if sys.stdout is None:
        raise BfxStreamError("standard output is closed: there is nowhere to print to")
    output = resolve_output(settings, sys.stdout.isatty())
    _check(subscriptions, settings, output, view)
    feeds = FeedOptions(
        # A table looks at the books itself; records are made where they are counted.
        book_view=BookView.STATE if output == "table" and settings.count is None else view,
        snapshots=not settings.no_snapshot,
        every_update=every_update,
        once=settings.once,
        every=every,
    )
    with Signals() as signals, _endpoint(settings) as url, ExitStack() as ending:
        screen_is_stderr = output == "table" and _is_terminal(sys.stderr)
        reporter = Reporter(settings, silent=screen_is_stderr)
        stream = MarketStream(
            subscriptions,
            _stream_options(settings, url, feeds, output),
            on_event=reporter.report,
            on_frame=reporter.frame if settings.debug else None,
        )
        stream.status.demo = settings.demo
        ending.callback(_end_stream, stream, settings)
        sink = _make_sink(output, stream, settings, view, signals)
        ending.callback(sink.close)
        _pump(stream, sink, Limits(settings, time.monotonic()), signals, output)
    return ExitCode.OK


def _pump(stream: MarketStream, sink: Sink, limits: Limits, signals: Signals, output: str) -> None:
    messages = 0
    for items in stream.batches():
        now = time.monotonic()
        with signals.held():
            sink.write(limits.admit(items))
            sink.tick(now)
        stream.stats.records = limits.printed
        # A table draws from books that give no records: there every frame is data.
        received = stream.stats.messages > messages if output == "table" else bool(items)
        messages = stream.stats.messages
        if limits.reached(received, now):
            break
        if limits.once and stream.complete:
            return
    if stream.last_failure is not None and not limits.printed:
        raise stream.last_failure


def resolve_output(settings: Settings, is_terminal: bool) -> str:
    """The format of this run: `auto` is decided by the terminal, and by nothing else."""
    if settings.json:
        if settings.output not in ("auto", "jsonl") and is_explicit("output"):
            raise UsageError(f"--json and -o {settings.output} exclude each other")
        return "jsonl"
    if settings.output == "auto":
        return "table" if is_terminal else "jsonl"
    return settings.output


def _check(
    subscriptions: Sequence[Subscription], settings: Settings, output: str, view: BookView
) -> None:
    if len(set(subscriptions)) > MAX_SUBSCRIPTIONS:
        raise UsageError(
            f"{len(set(subscriptions))} subscriptions are more than one connection takes "
            f"({MAX_SUBSCRIPTIONS})",
            hint="share them out over several runs",
        )
    if settings.fields is not None:
        known = _known_fields(subscriptions, settings, view)
        check_fields(settings.fields, [*known, "total"] if output == "table" else known)
    if output == "raw":
        _check_raw(settings)
    if settings.events and output in ("raw", "csv"):
        raise UsageError(f"--events does not go with -o {output}", hint="use -o jsonl")
    if settings.once and settings.no_snapshot:
        raise UsageError("--once and --no-snapshot exclude each other")


def _check_raw(settings: Settings) -> None:
    for name in ("fields", "no_snapshot", "seq", "timestamps"):
        if getattr(settings, name):
            raise UsageError(
                f"--{name.replace('_', '-')} does not go with -o raw",
                hint="frames are printed as they are",
            )


def _known_fields(
    subscriptions: Sequence[Subscription], settings: Settings, view: BookView
) -> list[str]:
    return known_fields(subscriptions, view, seq=settings.seq, timestamps=settings.timestamps)


def _stream_options(settings: Settings, url: str, feeds: FeedOptions, output: str) -> StreamOptions:
    return StreamOptions(
        url=url,
        feeds=feeds,
        frames_only=output == "raw",
        events=settings.events,
        seq=settings.seq,
        timestamps=settings.timestamps,
        measure_latency=settings.stats,
        reconnect=not settings.no_reconnect,
        retry_for=settings.retry_for,
        connect_timeout=_connect_timeout(settings),
        strict=settings.strict,
        tick=_TABLE_TICK if output == "table" else _PIPE_TICK,
    )


def _make_sink(
    output: str, stream: MarketStream, settings: Settings, view: BookView, signals: Signals
) -> Sink:
    if output == "table":
        from bfxstream.output.table import TableSink  # noqa: PLC0415  rich costs 90 ms

        table = TableSink(
            stream.subscriptions,
            stream.books,
            stream.status,
            fields=settings.fields,
            color=False if settings.no_color else None,
        )
        signals.guard_screen(table.suspend, table.resume)
        return table
    writer = LineWriter(sys.stdout.fileno())
    if output == "raw":
        return RawSink(writer)
    if output == "csv":
        known = _known_fields(stream.subscriptions, settings, view)
        return CsvSink(writer, settings.fields or known)
    return (
        FieldsJsonLinesSink(writer, settings.fields) if settings.fields else JsonLinesSink(writer)
    )


def _connect_timeout(settings: Settings) -> float:
    """No step of connecting may take longer than the user wants to wait in all."""
    waits = (policy.CONNECT_TIMEOUT, settings.timeout, settings.duration)
    return min(wait for wait in waits if wait is not None)


@contextmanager
def _endpoint(settings: Settings) -> Iterator[str]:
    """The URL of this run; the demo exchange lives as long as the run does."""
    if settings.demo and is_explicit("url") and is_explicit("demo"):
        raise UsageError("--demo and --url exclude each other")
    if not settings.demo or is_explicit("url"):
        yield check_url(policy.PUBLIC_URL if settings.url is None else settings.url)
        return
    from bfxstream.demo import DemoExchange  # noqa: PLC0415  asyncio and websockets cost 100 ms

    with DemoExchange() as exchange:
        yield exchange.url


def is_explicit(option: str) -> bool:
    """Whether the option stands on the command line: it beats the environment's."""
    source = click.get_current_context().get_parameter_source(option)
    return source is click.core.ParameterSource.COMMANDLINE


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _end_stream(stream: MarketStream, settings: Settings) -> None:
    stream.close()
    if settings.stats:
        say(msgspec.json.encode(stream.stats).decode(), who="")
