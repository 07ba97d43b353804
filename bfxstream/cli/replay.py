"""`bfxstream replay`: a recording through the pipeline of a live run, or checked."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

import click

from bfxstream.capture.reader import Capture
from bfxstream.cli.limits import Limits
from bfxstream.cli.options import (
    TIME,
    Settings,
    flag,
    is_explicit,
    option,
    resolve_output,
    streaming_options_but,
)
from bfxstream.cli.progress import ReplayProgress
from bfxstream.cli.reporter import Reporter
from bfxstream.cli.run import (
    check_options,
    end_stream,
    feed_options,
    make_sink,
    pump,
)
from bfxstream.cli.signals import Signals
from bfxstream.cli.stderr import is_terminal, say
from bfxstream.cli.tables import Tables
from bfxstream.cli.types import SpeedType, SymbolType, When, WhenType
from bfxstream.errors import (
    CompletenessLost,
    ConnectionFailed,
    ExitCode,
    NothingReceived,
    UsageError,
)
from bfxstream.output.sink import PacedSink, Sink
from bfxstream.protocol.channels import Subscription
from bfxstream.protocol.views import BookView
from bfxstream.stream.feed import FeedOptions
from bfxstream.stream.market import MarketStream
from bfxstream.stream.options import StreamOptions
from bfxstream.stream.policy import Policy
from bfxstream.stream.replaying import Pace, Replay

_OF_CONNECTING = (
    *("url", "rest_url", "demo", "retry_for", "no_reconnect", "timeout", "duration"),
    *("record", "rotate", "svg", "size"),
)
"""What a replay cannot have otherwise than the recorded run had it."""

_OF_REPORT = (
    *("files", "verify", "output", "json", "strict"),
    *("quiet", "verbose", "debug", "no_color"),
)
"""What --verify goes with."""

_CHANNELS = ("ticker", "trades", "book", "candles", "deriv", "liq", "account")


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path())
@option(
    "--speed",
    type=SpeedType(),
    help="1x as it was, 10x ten times as fast, max as fast as it goes  "
    "[default: 1x on a live table, else max]",
)
@option("--from", "begin", type=WhenType(), help="Print from this moment on: a time, or 5m in.")
@option("--to", "end", type=WhenType(), help="Stop at this moment: a time, or 10m in.")
@option(
    "--channel",
    "channels",
    type=click.Choice(_CHANNELS),
    multiple=True,
    help="Only this channel; may be given several times.",
)
@option(
    "--symbol",
    "symbols",
    type=SymbolType(),
    multiple=True,
    help="Only this symbol; may be given several times.",
)
@option(
    "--view",
    type=click.Choice([BookView.LEVELS.value, BookView.FULL.value, BookView.TOP.value]),
    default=BookView.LEVELS.value,
    help="levels: every row. full: the whole book after each burst. top: the best bid and ask.",
)
@option("--every", type=TIME, help="With --view full or top: at most one in this time.")
@flag("--every-update", help="Print both te and tu of a trade, and status that repeats.")
@flag("--closed", help="Print each candle once: when a later one has begun.")
@flag("--verify", help="Print no records but a report of what is missing; exit 5 if anything is.")
@streaming_options_but(*_OF_CONNECTING)
def replay(
    files: tuple[str, ...],
    speed: float | None,
    begin: When | None,
    end: When | None,
    channels: tuple[str, ...],
    symbols: tuple[str, ...],
    view: str,
    every: float | None,
    every_update: bool,
    closed: bool,
    verify: bool,
    **shared: Any,
) -> int:
    """Play a recording as if it were live: what it subscribed to, in any format and view.

    With the options that the recorded run had, the output is that run's, byte for byte: on the
    recording's clock, over its reconnects. Several FILEs are the parts of one recording, in any
    order; - is stdin. A recording that breaks off, as after a crash, is played up to there.

    FILE may also have bare frames, one a line, as other tools record them, perhaps with the time
    of their arrival before each: `1618677543.95: [17470,"hb",3]`.

    Exit code 2 where FILE is no recording, 1 where it is damaged, 5 where --verify finds that
    something is missing.

    \b
    Examples:
      bfxstream replay btc.jsonl.gz -o jsonl | jq .price
      bfxstream replay btc.jsonl.gz --speed 10x --channel book -o table
      bfxstream replay btc.jsonl.gz --to 10m --channel book --view top -o csv
      bfxstream replay btc.jsonl.gz --verify
    """
    settings = Settings(**shared)
    if every is not None and view == BookView.LEVELS.value and is_explicit("every"):
        raise UsageError("--every thins whole books only", hint="add --view full or --view top")
    if verify:
        _check_report_options()
    capture = Capture([Path(file) for file in files])
    if not settings.quiet:
        for note in capture.notes:
            say(note)
    if verify:
        from bfxstream.cli.verify import print_report  # noqa: PLC0415  rich costs 90 ms

        return print_report(capture, settings)
    wanted = _chosen(capture.subscriptions, channels, symbols)
    output = resolve_output(settings.output, settings.json, is_terminal(sys.stdout))
    if output == "raw" and len(wanted) < len(capture.subscriptions):
        raise UsageError(
            "--channel and --symbol do not go with -o raw", hint="frames are printed as they are"
        )
    check_options(wanted, settings, output, BookView(view), closed=closed)
    feeds = feed_options(
        settings, output, BookView(view), every or 0.0, every_update=every_update, closed=closed
    )
    if speed is None:
        speed = 1.0 if output == "table" and is_terminal(sys.stdout) else math.inf
    window = _window(capture.begun.mts, begin, end)
    if settings.strict and capture.missing_parts:
        raise CompletenessLost(capture.missing_in_words, hint="name all parts of the recording")
    played = Replay(
        capture,
        Pace(speed, begin_mts=window.begin_mts),
        tells_silence=capture.foreign is None,
        keeps_ids=capture.foreign is None or output == "raw",
    )
    options = _stream_options(capture, settings, feeds, output)
    _play(capture, played, options, wanted, settings, BookView(view), output, window)
    if settings.strict and capture.broken:
        raise CompletenessLost(capture.broken)
    if capture.broken and not settings.quiet:
        say(f"{capture.broken}: played up to there")
    return ExitCode.OK


def _check_report_options() -> None:
    """Raise UsageError for options that say which records are printed: a report has none."""
    for parameter in click.get_current_context().command.params:
        name = parameter.name or ""
        if name not in _OF_REPORT and is_explicit(name):
            raise UsageError(
                f"--verify does not go with {parameter.opts[0]}",
                hint="it checks the whole recording",
            )


class _Window(NamedTuple):
    """What is printed of a recording, in ms since 1970."""

    begin_mts: float
    end_mts: float


def _window(begun_mts: int, begin: When | None, end: When | None) -> _Window:
    """Raises UsageError where nothing can be in it."""
    begin_mts = begin.at(begun_mts) if begin else -math.inf
    end_mts = end.at(begun_mts) if end else math.inf
    if end_mts < begin_mts:
        raise UsageError("--to is before --from")
    if end_mts < begun_mts:
        raise UsageError(f"--to is before the recording, which begins at {_moment(begun_mts)}")
    return _Window(begin_mts, end_mts)


def _moment(mts: float) -> str:
    """As --from and --to take it."""
    moment = datetime.fromtimestamp(mts / 1000, tz=timezone.utc)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _stream_options(
    capture: Capture, settings: Settings, feeds: FeedOptions, output: str
) -> StreamOptions:
    begun = capture.begun
    policy = Policy().scaled(begun.time_scale)
    return StreamOptions(
        url=begun.url,
        feeds=feeds,
        frames_only=output == "raw",
        events=settings.events,
        seq=settings.seq,
        timestamps=settings.timestamps,
        measure_latency=settings.stats,
        reconnect=begun.reconnect,
        retry_for=begun.retry_for,
        strict=settings.strict,
        policy=policy.patient() if capture.foreign else policy,
    )


def _play(
    capture: Capture,
    played: Replay,
    options: StreamOptions,
    wanted: Sequence[Subscription],
    settings: Settings,
    view: BookView,
    output: str,
    window: _Window,
) -> None:
    with Signals() as signals, ExitStack() as ending:
        reporter = Reporter(settings, silent=output == "table" and is_terminal(sys.stderr))
        stream = MarketStream(
            capture.subscriptions,
            options,
            on_event=reporter.report,
            on_frames=reporter.frames if settings.debug else None,
            world=played.world,
            account=played.account,
            only=wanted,
        )
        stream.status.endpoint = ""  # nobody is connected to it
        limits = Limits(settings, time.monotonic(), gives_up=False)
        ending.callback(end_stream, stream, settings, limits)
        clock = played.clock.now
        kept = played.account.wanted if played.account is not None else None
        tables = Tables()
        tables.clock = clock
        sink: Sink = make_sink(output, stream, settings, view, signals, limits, tables, kept)
        if output == "table":
            sink = PacedSink(sink, clock)
        elif ReplayProgress.is_wanted(settings):
            sink = ReplayProgress(sink, capture)
        ending.callback(sink.close)
        batches = _played(stream, played, window, settings)
        try:
            pump(stream, batches, sink, limits, signals, output == "table")
        except ConnectionFailed as failure:
            raise NothingReceived(
                "the recording has nothing to replay: its run never connected", hint=failure.what
            ) from None


def _chosen(
    recorded: Sequence[Subscription], channels: Sequence[str], symbols: Sequence[str]
) -> list[Subscription]:
    wanted = [
        each
        for each in recorded
        if (not channels or each.channel in channels) and (not symbols or each.symbol in symbols)
    ]
    if not wanted:
        has = ", ".join(each.spec for each in recorded)
        raise UsageError("the recording has nothing of that", hint=f"it has {has}")
    return wanted


def _played(
    stream: MarketStream, played: Replay, window: _Window, settings: Settings
) -> Iterator[list[Any]]:
    """The stream's batches within these times, until the recording ends.

    Raises NothingReceived where it ends before they begin.
    """
    try:
        begun_mts = mts = played.clock.wall_mts()
        told_second = None
        for batch in played.follow(stream.batches()):
            mts = played.clock.wall_mts()
            if mts // 1000 != told_second:
                told_second = mts // 1000
                stream.status.activity = f"replay {played.pace}, {_moment(mts)}"
            if mts > window.end_mts:
                return
            yield batch if mts >= window.begin_mts else []
        if mts < window.begin_mts:
            raise NothingReceived(
                "nothing was recorded in that time",
                hint=f"the recording is from {_moment(begun_mts)} to {_moment(mts)}",
            )
    except ConnectionFailed as error:
        # That the recorded run lost its connection for good is its end, and no failure of ours.
        if settings.verbose or settings.debug:
            say(f"the recorded run ended: {error.what}")
        return
