"""One streaming run: wires subscriptions, stream and sink together and ends them in good order."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import click
import msgspec

from bfxstream.cli.limits import Limits
from bfxstream.cli.options import Settings
from bfxstream.cli.reporter import Reporter
from bfxstream.cli.signals import Interrupted, Signals
from bfxstream.errors import ExitCode, UsageError
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
from bfxstream.stream.feeds import FeedOptions
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
    """Stream to standard output until a limit, a signal or an error; the exit code."""
    output = resolve_output(settings, sys.stdout.isatty())
    _check(subscriptions, settings, output, view)
    if output == "table" and settings.count is None:
        view = BookView.STATE
    feeds = FeedOptions(
        book_view=view,
        snapshots=not settings.no_snapshot,
        every_update=every_update,
        once=settings.once,
        every=every,
    )
    with Signals() as signals, _endpoint(settings) as url, ExitStack() as ending:
        reporter = Reporter(settings, silent=output == "table" and sys.stderr.isatty())
        stream = MarketStream(
            subscriptions,
            _stream_options(settings, url, feeds, output),
            on_event=reporter.report,
            on_frame=reporter.frame if settings.debug else None,
        )
        ending.callback(_end_stream, stream, settings)
        sink = _make_sink(output, stream, settings, view)
        ending.callback(sink.close)
        try:
            _pump(stream, sink, Limits(settings), signals)
        except Interrupted as interrupted:
            return interrupted.exit_code
    return ExitCode.OK


def _pump(stream: MarketStream, sink: Sink, limits: Limits, signals: Signals) -> None:
    for items in stream.batches():
        now = time.monotonic()
        with signals.held():
            sink.write(limits.admit(items, now))
            sink.tick(now)
        if limits.reached(now) or (limits.once and stream.complete):
            return


def resolve_output(settings: Settings, is_terminal: bool) -> str:
    """The format of this run: `auto` is decided by the terminal, and by nothing else."""
    if settings.json:
        if settings.output not in ("auto", "jsonl"):
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
        if output == "raw":
            raise UsageError("--fields does not go with -o raw", hint="frames are not taken apart")
        check_fields(settings.fields, _known_fields(subscriptions, settings, view))
    if settings.events and output in ("raw", "csv"):
        raise UsageError(f"--events does not go with -o {output}", hint="use -o jsonl")
    if settings.once and settings.no_snapshot:
        raise UsageError("--once and --no-snapshot exclude each other")


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
        strict=settings.strict,
        tick=_TABLE_TICK if output == "table" else _PIPE_TICK,
    )


def _make_sink(output: str, stream: MarketStream, settings: Settings, view: BookView) -> Sink:
    if output == "table":
        from bfxstream.output.table import TableSink  # noqa: PLC0415  rich costs 90 ms

        return TableSink(
            stream.subscriptions,
            stream.books,
            stream.status,
            fields=settings.fields,
            color=False if settings.no_color else None,
        )
    writer = LineWriter(sys.stdout.fileno())
    if output == "raw":
        return RawSink(writer)
    if output == "csv":
        known = _known_fields(stream.subscriptions, settings, view)
        return CsvSink(writer, settings.fields or known)
    return (
        FieldsJsonLinesSink(writer, settings.fields) if settings.fields else JsonLinesSink(writer)
    )


@contextmanager
def _endpoint(settings: Settings) -> Iterator[str]:
    """The URL of this run; the demo exchange lives as long as the run does."""
    if not settings.demo:
        yield check_url(settings.url or policy.PUBLIC_URL)
        return
    context = click.get_current_context()
    if context.get_parameter_source("url") is click.core.ParameterSource.COMMANDLINE:
        raise UsageError("--demo and --url exclude each other")
    from bfxstream.demo import DemoExchange  # noqa: PLC0415  asyncio and websockets cost 100 ms

    with DemoExchange() as exchange:
        yield exchange.url


def _end_stream(stream: MarketStream, settings: Settings) -> None:
    stream.close()
    if settings.stats:
        sys.stderr.write(msgspec.json.encode(stream.stats).decode() + "\n")
