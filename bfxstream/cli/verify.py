"""`bfxstream replay --verify`: the report of a recording, as a table or as one JSON object."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence

import msgspec

from bfxstream.audit import audit
from bfxstream.capture.reader import Capture
from bfxstream.cli.options import Settings, is_explicit, resolve_output
from bfxstream.cli.stderr import is_terminal, say
from bfxstream.errors import ExitCode, UsageError
from bfxstream.protocol.report import ChannelReport, ConnectionReport, Report


def print_report(capture: Capture, settings: Settings) -> int:
    """Check the recording and print what was found; the exit code."""
    chosen = settings.output
    if chosen in ("csv", "raw") and not is_explicit("output"):
        chosen = "auto"
    output = resolve_output(chosen, settings.json, is_terminal(sys.stdout))
    if output not in ("table", "jsonl"):
        raise UsageError(f"--verify does not go with -o {output}", hint="use -o table or --json")
    report = audit(capture)
    if output == "jsonl":
        print_line(msgspec.json.encode(report).decode())
    else:
        _print_table(report, color=False if settings.no_color else None)
    if report.broken_off and not settings.quiet:
        say(f"{report.broken_off}; checked up to there")
    return ExitCode.OK if report.complete else ExitCode.INCOMPLETE


def print_line(text: str) -> None:
    """One line on standard output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _print_table(report: Report, *, color: bool | None) -> None:
    from rich.console import Console  # noqa: PLC0415  rich costs 90 ms
    from rich.table import Table  # noqa: PLC0415

    console = Console(no_color=color is False or None, highlight=False, soft_wrap=True)
    verdict = "complete" if report.complete else "NOT COMPLETE"
    style = "green" if report.complete else "bold red"
    console.print(f"[{style}]{verdict}[/]: {_summary(report)}")
    for columns, rows in (
        (_CONNECTION_COLUMNS, _connection_rows(report.connections)),
        (_CHANNEL_COLUMNS, [_figures_of(each) for each in report.channels]),
    ):
        table = Table(box=None, pad_edge=False)
        for index, name in enumerate(columns):
            table.add_column(name, justify="right" if index else "left", no_wrap=True)
        for row in rows:
            table.add_row(*row)
        console.print()
        console.print(table)
    console.print()
    for line in _totals(report):
        console.print(line)


def _summary(report: Report) -> str:
    seconds = ((report.ended_mts or 0) - (report.begun_mts or 0)) / 1000
    return (
        f"{report.frames:,} frames in {seconds:,.1f} s ({report.received:,} received, "
        f"{report.sent:,} sent)"
    )


def _totals(report: Report) -> list[str]:
    channels = report.channels
    checked, failed = (
        sum(c.checksums for c in channels),
        sum(c.checksums_failed for c in channels),
    )
    gaps = sum(each.gaps for each in report.connections)
    missing = sum(each.missing for each in report.connections)
    return [
        f"sequence numbers   {gaps:,} gaps, {missing:,} frames missing",
        f"checksums          {checked:,} checked, {checked - failed:,} matched, {failed:,} failed",
        f"books              {sum(c.unknown_deletes for c in channels):,} deletes of unknown "
        f"levels, {sum(c.crossed for c in channels):,} times crossed",
        f"trades             {sum(c.trades_repeated for c in channels):,} repeated, "
        f"{sum(c.trades_out_of_order for c in channels):,} out of order, "
        f"{sum(c.trades_missing for c in channels):,} holes between connections",
        f"other frames       {report.events:,} events, {report.unrouted:,} of unknown channels, "
        f"{report.unreadable:,} unreadable",
    ]


_CONNECTION_COLUMNS = ("connection", "frames", "sequence", "gaps", "missing", "repeated")


def _connection_rows(connections: Sequence[ConnectionReport]) -> list[list[str]]:
    """A row each; one that was made anew says how often."""
    times = Counter[int]()
    rows = []
    for each in connections:
        times[each.connection] += 1
        again = times[each.connection] - 1
        name = f"{each.connection}, anew ({again})" if again else str(each.connection)
        rows.append([name, *_cells_of(each)])
    return rows


def _cells_of(each: ConnectionReport) -> list[str]:
    numbers = "not numbered" if each.first_seq is None else f"{each.first_seq}..{each.last_seq}"
    counts = (each.gaps, each.missing, each.repeated)
    return [f"{each.frames:,}", numbers, *(f"{count:,}" for count in counts)]


_CHANNEL_COLUMNS = ("channel", "frames", "snapshots", "rows", "checksums matched", "faults")


def _figures_of(each: ChannelReport) -> list[str]:
    matched = each.checksums - each.checksums_failed
    faults = (
        *(each.checksums_failed, each.crossed),
        *(each.trades_repeated, each.trades_out_of_order, each.trades_missing),
    )
    counts = [f"{count:,}" for count in (each.frames, each.snapshots, each.rows)]
    checksums = f"{matched:,} of {each.checksums:,}" if each.checksums else ""
    return [each.spec, *counts, checksums, f"{sum(faults):,}"]
