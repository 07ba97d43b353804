"""One streaming run: wires subscriptions, stream and sink together and ends them in good order."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import msgspec

from bfxstream.cli.endpoint import Endpoint, endpoint
from bfxstream.cli.limits import Limits
from bfxstream.cli.options import Settings, is_explicit, resolve_output
from bfxstream.cli.reporter import Reporter
from bfxstream.cli.signals import GRACE_SECONDS, Interrupted, Signals
from bfxstream.cli.stderr import is_terminal, say
from bfxstream.cli.tables import PICTURE, Tables, not_drawn, picture_sink, resolve_picture
from bfxstream.cli.time_scale import time_scale
from bfxstream.errors import (
    BfxStreamError,
    ExitCode,
    Quit,
    ReaderStalled,
    UsageError,
)
from bfxstream.output.descriptors import LineWriter
from bfxstream.output.fields import check_condition, check_fields, known_fields
from bfxstream.output.pipe import pipe_sink
from bfxstream.output.sink import Sink, Sinks, SteadySink
from bfxstream.protocol.channels import AccountSubscription, BookSubscription, Subscription
from bfxstream.protocol.views import BookView
from bfxstream.stream import policy
from bfxstream.stream.feed import FeedOptions
from bfxstream.stream.link import FrameTap
from bfxstream.stream.market import MarketStream
from bfxstream.stream.nearest import naming_the_nearest
from bfxstream.stream.options import StreamOptions
from bfxstream.stream.policy import Policy

if TYPE_CHECKING:
    from bfxstream.cli.recording import RecordOnly
    from bfxstream.protocol.account.filters import AccountFilter
    from bfxstream.stream.account_link import AccountAccess
    from bfxstream.stream.recording import Recorder

_PIPE_TICK = 0.25
_TABLE_TICK = 0.05


def run_stream(
    subscriptions: Sequence[Subscription],
    settings: Settings,
    *,
    view: BookView = BookView.LEVELS,
    every: float = 0.0,
    every_update: bool = False,
    closed: bool = False,
    account_filters: Sequence[str] = (),
    dms: bool = False,
    tables: Tables | None = None,
    only_record: RecordOnly | None = None,
) -> int:
    """Stream to standard output until a limit or an error; the exit code.

    `tables` where it is not each in its own that is to be shown. With `only_record` nothing is
    printed: what is received is recorded alone.

    Raises BfxStreamError for what went wrong, Interrupted for a signal.
    """
    tables = tables or Tables()
    output = "jsonl"
    if only_record is None:
        output = resolve_output(settings.output, settings.json, sys.stdout.isatty())
        output = resolve_picture(settings, output)
    draws = output in ("table", PICTURE)
    wanted = _wanted_of_account(subscriptions, account_filters)
    check_options(subscriptions, settings, output, view, closed=closed, account=wanted)
    feeds = feed_options(settings, output, view, every, every_update=every_update, closed=closed)
    with (
        Signals() as signals,
        endpoint(settings.url, settings.rest_url, settings.demo) as place,
        naming_the_nearest(place.rest_base, demo=place.demo),
        ExitStack() as ending,
    ):
        screen_is_stderr = output == "table" and is_terminal(sys.stderr)
        reporter = Reporter(settings, silent=screen_is_stderr)
        access = None
        if AccountSubscription() in subscriptions:
            from bfxstream.cli.access import account_access  # noqa: PLC0415  few runs have one

            access = account_access(place, reporter.warn, words=account_filters, dms=dms, calc=True)
        options = _stream_options(settings, place, feeds, output)
        recorder = _recorder(settings, options, subscriptions, only_record, access, ending)
        stream = MarketStream(
            subscriptions,
            options,
            on_event=reporter.report,
            on_frames=_tap(reporter.frames if settings.debug else None, recorder),
            world=recorder.world if recorder else None,
            account=access,
        )
        stream.status.demo = place.demo
        stream.status.activity = "recording" if recorder else ""
        limits = Limits(settings, time.monotonic())
        ending.callback(end_stream, stream, settings, limits)
        sinks: list[Sink] = []
        if only_record is not None:
            sinks.append(only_record.sink)
        elif output != PICTURE:
            sinks.append(make_sink(output, stream, settings, view, signals, limits, tables, wanted))
        picture = None
        if settings.svg is not None and output != "raw":
            picture = picture_sink(tables, stream, settings, wanted)
            sinks.append(SteadySink(picture, stream.still))
        sink = sinks[0] if len(sinks) == 1 else Sinks(sinks)
        ending.callback(sink.close)
        if settings.duration is not None:
            ending.enter_context(signals.ending_in(settings.duration))
        pump(stream, stream.batches(), sink, limits, signals, draws, recorder)
    if picture is not None and not picture.saved:
        raise not_drawn(settings)
    return ExitCode.OK


def feed_options(
    settings: Settings,
    output: str,
    view: BookView,
    every: float,
    *,
    every_update: bool,
    closed: bool,
) -> FeedOptions:
    """What the records of this run are to be."""
    draws = output in ("table", PICTURE)
    # A table looks at the books itself; records are made where they are counted or looked at.
    without_records = settings.count is None and settings.until is None
    return FeedOptions(
        book_view=BookView.STATE if draws and without_records else view,
        snapshots=not settings.no_snapshot,
        every_update=every_update,
        closed=closed,
        once=settings.once,
        whole_candles=draws,
        past_executions=draws,
        every=every,
    )


def pump(
    stream: MarketStream,
    batches: Iterable[list[Any]],
    sink: Sink,
    limits: Limits,
    signals: Signals,
    draws: bool,
    recorder: Recorder | None = None,
) -> None:
    """Let the sink have the stream's batches until a limit is reached, then what is held back."""
    try:
        wants_more = _pump_live(stream, batches, sink, limits, signals, draws, recorder)
    except (BfxStreamError, Interrupted):
        _pump_rest(stream, sink, limits, signals, recorder)
        raise
    if wants_more:
        _pump_rest(stream, sink, limits, signals, recorder)
        if stream.lost is not None:
            raise stream.lost


def _pump_live(
    stream: MarketStream,
    batches: Iterable[list[Any]],
    sink: Sink,
    limits: Limits,
    signals: Signals,
    draws: bool,
    recorder: Recorder | None,
) -> bool:
    """Until a limit is reached; whether the sink would still have what was received before."""
    messages = 0
    for items in batches:
        now = time.monotonic()
        if not _give(items, sink, limits, signals, recorder, now):
            return False
        # A table draws from books that give no records: there every frame is data.
        received = stream.stats.messages > messages if draws else bool(items)
        messages = stream.stats.messages
        if limits.reached(received, now, stream.silent):
            break
        if limits.once and stream.complete:
            return False
    if stream.last_failure is not None and not limits.printed:
        raise stream.last_failure
    return not limits.satisfied


def _pump_rest(
    stream: MarketStream, sink: Sink, limits: Limits, signals: Signals, recorder: Recorder | None
) -> None:
    for items in stream.last_batches():
        if not _give(items, sink, limits, signals, recorder, time.monotonic()):
            return


def _give(
    items: list[Any],
    sink: Sink,
    limits: Limits,
    signals: Signals,
    recorder: Recorder | None,
    now: float,
) -> bool:
    """Let the sink have what came; False where it takes no more."""
    takes_more = True
    with signals.held:
        try:
            sink.write(limits.admit(items))
            sink.tick(now)
        except ReaderStalled:
            return False
        except Quit:  # the reader has seen it, and has had enough
            takes_more = False
        if recorder is not None:
            recorder.given_out(items)
    return takes_more


def _recorder(
    settings: Settings,
    options: StreamOptions,
    subscriptions: Sequence[Subscription],
    only: RecordOnly | None,
    account: AccountAccess | None,
    ending: ExitStack,
) -> Recorder | None:
    """What records this run, where that is wanted."""
    if settings.record is None:
        if settings.rotate is not None and is_explicit("rotate"):
            raise UsageError("--rotate goes with a recording", hint="add --record FILE")
        return None
    from bfxstream.cli.recording import recording  # noqa: PLC0415  few runs are recorded

    return ending.enter_context(recording(settings, options, subscriptions, only, account))


def _tap(shown: FrameTap | None, recorder: Recorder | None) -> FrameTap | None:
    """What sees the frames that pass: both, one, or nobody."""
    if recorder is None or shown is None:
        return shown if recorder is None else recorder.tap

    def both(number: int, direction: str, mts: int, frames: list[bytes]) -> None:
        recorder.tap(number, direction, mts, frames)
        shown(number, direction, mts, frames)

    return both


def check_options(
    subscriptions: Sequence[Subscription],
    settings: Settings,
    output: str,
    view: BookView,
    *,
    closed: bool,
    account: AccountFilter | None = None,
) -> None:
    """Raise UsageError for options that do not go together."""
    if not any(isinstance(each, BookSubscription) for each in subscriptions):
        for name in ("view", "every"):
            if is_explicit(name):
                raise UsageError(
                    f"--{name} is for books, and there is none", hint="leave it out, or add a book"
                )
    if closed and output == "raw":
        raise _not_raw("closed")
    if settings.fields is not None or settings.until is not None:
        known = _known_fields(subscriptions, settings, view, account)
        if settings.fields is not None:
            check_fields(settings.fields, [*known, "total"] if output == "table" else known)
        if settings.until is not None:
            check_condition(settings.until, subscriptions, view, known, account)
    if output == "raw":
        _check_raw(settings)
    if settings.events and output in ("raw", "csv"):
        raise UsageError(f"--events does not go with -o {output}", hint="use -o jsonl")
    if settings.once and settings.no_snapshot:
        raise UsageError("--once and --no-snapshot exclude each other")


def _check_raw(settings: Settings) -> None:
    for name in ("fields", "no_snapshot", "seq", "timestamps", "until"):
        if getattr(settings, name):
            raise _not_raw(name)


def _not_raw(name: str) -> UsageError:
    return UsageError(
        f"--{name.replace('_', '-')} does not go with -o raw", hint="frames are printed as they are"
    )


def _known_fields(
    subscriptions: Sequence[Subscription],
    settings: Settings,
    view: BookView,
    account: AccountFilter | None,
) -> list[str]:
    seq, timestamps = settings.seq, settings.timestamps
    return known_fields(subscriptions, view, seq=seq, timestamps=timestamps, account=account)


def _wanted_of_account(
    subscriptions: Sequence[Subscription], words: Sequence[str]
) -> AccountFilter | None:
    """What is wanted of the account; None where it is not subscribed."""
    if AccountSubscription() not in subscriptions:
        return None
    from bfxstream.protocol.account.filters import AccountFilter  # noqa: PLC0415  few runs have one

    return AccountFilter(words)


def _stream_options(
    settings: Settings, place: Endpoint, feeds: FeedOptions, output: str
) -> StreamOptions:
    return StreamOptions(
        url=place.url,
        rest_url=place.rest_base,
        feeds=feeds,
        frames_only=output == "raw",
        events=settings.events,
        seq=settings.seq,
        timestamps=settings.timestamps,
        # A recording has the exchange's times: whoever replays it may want them.
        measure_latency=settings.stats or settings.record is not None,
        reconnect=not settings.no_reconnect,
        retry_for=settings.retry_for,
        connect_timeout=_connect_timeout(settings),
        strict=settings.strict,
        tick=_TABLE_TICK if output == "table" else _PIPE_TICK,
        policy=Policy().scaled(time_scale()),
    )


def make_sink(
    output: str,
    stream: MarketStream,
    settings: Settings,
    view: BookView,
    signals: Signals,
    limits: Limits,
    tables: Tables,
    account: AccountFilter | None,
) -> Sink:
    """What prints in this format."""
    if output == "table":
        return SteadySink(tables.sink(stream, settings, signals, account), stream.still)

    def may_wait() -> bool:
        now = time.monotonic()
        return not (signals.overdue(now) or limits.overdue(now, GRACE_SECONDS))

    return pipe_sink(
        output,
        LineWriter(sys.stdout.fileno(), may_wait),
        settings.fields,
        _known_fields(stream.subscriptions, settings, view, account),
    )


def _connect_timeout(settings: Settings) -> float:
    """No step of connecting may take longer than the user wants to wait in all."""
    waits = (policy.CONNECT_TIMEOUT, settings.timeout, settings.duration)
    return min(wait for wait in waits if wait is not None)


def end_stream(stream: MarketStream, settings: Settings, limits: Limits) -> None:
    """Close it, and tell its counters where they are asked for."""
    stream.close()
    stream.stats.records = limits.printed
    if settings.stats:
        say(msgspec.json.encode(stream.stats).decode(), who="")
