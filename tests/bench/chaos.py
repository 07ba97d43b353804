"""A run of the installed command through faults, and what the exchange's journal says of it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bfxstream.demo import DemoExchange

from .contestants import SCRIPT
from .healing import Events, Healing, healings
from .latency import percentile
from .table import Metric, Row, Table
from .truth import Comparison, Journal, Line, Verdict, lines
from .turns import Bench

SYMBOLS = ("tBTCUSD", "tETHUSD", "tXRPUSD")
SPECS = [
    spec
    for symbol in SYMBOLS
    for spec in (f"trades:{symbol}", f"book:{symbol}:P0:F0:25", f"candles:1m:{symbol}")
]
RATE = 200.0
CONNECTS_A_MINUTE = 20
DROPS = 100
FAULTS = 500
_BREATH = 30.0
"""Least seconds between two faults: a connection counts as healthy only after some."""
_HEARTBEAT = 15.0
_MINUTE = 60.0
_PATIENCE = 10.0
_LOOK = 0.05

_FAULTS, _HEALED = Metric("faults"), Metric("healed")
_NOTICED, _HEAL_P50, _HEAL_P99 = (
    Metric(f"{name} s", 2) for name in ("noticed, longest", "healed, p50", "healed, p99")
)


@dataclass
class Outcome:
    """What came of one run."""

    verdict: Verdict
    healings: dict[str, Healing]
    refused: int
    """Connections that the exchange refused because there were too many in a minute."""
    attempts: list[int]
    """When (ms) the exchange saw each attempt to connect, whatever it answered."""
    stats: Line
    code: int
    stderr: str


class Chaos:
    """A demo exchange with faults and a client of it; times scaled by one factor for both."""

    def __init__(
        self,
        folder: Path,
        faults: Sequence[str],
        *,
        scale: float,
        specs: Sequence[str] = SPECS,
        rate: float = RATE,
        seed: int = 5,
    ) -> None:
        self._folder = folder
        self._scale = scale
        self._specs = specs
        self.client: subprocess.Popen[bytes]
        self.reader: subprocess.Popen[bytes]
        """What takes the client's output from a pipe."""
        self.exchange = DemoExchange(
            seed=seed,
            rate=rate,
            heartbeat=_HEARTBEAT * scale,
            connects_a_minute=CONNECTS_A_MINUTE,
            requests_a_minute=None,
            minute=_MINUTE * scale,
            faults=faults,
            log_file=folder / "log",
            journal_file=folder / "journal",
        )

    def run(self, goes_on: Callable[[], bool]) -> Outcome:
        """Stream for as long as it goes on, to its end if the client ends by itself."""
        out, err = self._folder / "stdout", self._folder / "stderr"
        with self.exchange, out.open("wb") as stdout, err.open("wb") as stderr:
            self.reader = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=stdout)
            self.client = client = subprocess.Popen(
                [*self._command(), "--url", self.exchange.url],
                stdin=subprocess.DEVNULL,
                stdout=self.reader.stdin,
                stderr=stderr,
                env={**os.environ, "BFXSTREAM_TIME_SCALE": str(self._scale)},
            )
            try:
                look_ups = _LookUps(out)
                while client.poll() is None and (goes_on() or look_ups.pending()):
                    time.sleep(_LOOK)
                client.terminate()  # unlike SIGINT it is never ignored from the start
                code = client.wait(_PATIENCE)
            finally:
                client.kill()
                client.wait()
                self.reader.communicate()
        return self._outcome(code, err.read_text())

    def _command(self) -> list[str]:
        options = ("-o", "jsonl", "--events", "--seq", "--stats", "-q")
        return [str(SCRIPT), "stream", *self._specs, *options]

    def _outcome(self, code: int, stderr: str) -> Outcome:
        with (self._folder / "journal").open("rb") as journal:
            comparison = Comparison(Journal(lines(journal)))
        events = []
        with (self._folder / "stdout").open("rb") as stdout:
            for line in lines(stdout):
                comparison.take(line)
                if "event" in line:
                    events.append(line)
        with (self._folder / "log").open("rb") as text:
            log = list(lines(text))
        return Outcome(
            comparison.conclude(),
            healings(log, Events(events)),
            sum(line["event"] == "refused" and line["status"] == 429 for line in log),
            [line["mts"] for line in log if line["event"] in ("connected", "refused")],
            _stats(stderr),
            code,
            stderr,
        )


class _LookUps:
    """What a run looks up, as its output tells: one that is ended meanwhile ends with a gap."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._read = 0
        self._specs: set[str] = set()

    def pending(self) -> bool:
        with self._out.open("rb") as printed:
            printed.seek(self._read)
            text = printed.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._read += len(whole)
        for event in lines(line for line in whole.splitlines() if b'"event"' in line):
            if event["event"] == "backfilling":
                self._specs.add(event["spec"])
            elif event["event"] in ("backfilled", "gap"):
                self._specs.discard(event["spec"])
        return bool(self._specs)


def _stats(stderr: str) -> Line:
    found = [line for line in stderr.splitlines() if line.startswith("{")]
    return json.loads(found[-1]) if found else {}


def chaos(bench: Bench) -> Iterator[Table]:
    """Every kind of fault in turn, against the journal; then what was printed, compared."""
    seconds = bench.minutes * 60
    every = max(seconds / (FAULTS * 1.06), _BREATH * bench.scale)
    plan = f"all:every={every:.3f},scale={bench.scale}"
    with contextlib.ExitStack() as stack:
        folder = bench.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        run = Chaos(folder, [plan], scale=bench.scale)
        ends_at = time.monotonic() + seconds
        bench.progress(f"chaos for {bench.minutes:g} minutes: {plan}, files in {folder}")
        outcome = run.run(lambda: time.monotonic() < ends_at)
    title = f"Chaos: {bench.minutes:g} min, {plan}, {RATE:g} events/s"
    yield Table(title, (_FAULTS, _HEALED, _NOTICED, _HEAL_P50, _HEAL_P99), _rows(outcome))
    yield Table("Printed, and held against the journal", *_compared(outcome))


def drops(bench: Bench) -> Iterator[Table]:
    """A hundred connections dropped in a row, each as soon as it has a channel."""
    minute = _MINUTE * bench.scale
    with tempfile.TemporaryDirectory() as folder:
        run = Chaos(Path(folder), [], scale=bench.scale, specs=SPECS[:3])

        def goes_on() -> bool:
            dropped = run.exchange.faults.get("drop", 0)
            if dropped == len(asked) and dropped < DROPS:
                asked.append(dropped)
                run.exchange.inject("drop")
            return dropped < DROPS

        asked: list[int] = []
        outcome = run.run(goes_on)
    row = Row(f"{DROPS} drops")
    row.add(Metric("attempts"), len(outcome.attempts))
    row.add(Metric("most in a minute"), most_within(outcome.attempts, minute * 1000))
    row.add(Metric("refused"), outcome.refused)
    row.add(Metric("trades lost"), len(outcome.verdict.lost))
    title = (
        f"{DROPS} drops in a row, a minute of {minute:g} s, at most {CONNECTS_A_MINUTE} connects"
    )
    yield Table(title, tuple(row.values), [row])


def most_within(times: Sequence[int], window: float) -> int:
    """How many of these rising times at most fall into any window of this length."""
    return max(
        (bisect_left(times, begin + window) - place for place, begin in enumerate(times)),
        default=0,
    )


def _rows(outcome: Outcome) -> list[Row]:
    rows = []
    for kind, healing in sorted(outcome.healings.items()):
        row = Row(kind)
        row.add(_FAULTS, healing.faults)
        if healing.healed_after:
            took = sorted(healing.healed_after)
            row.add(_HEALED, len(took))
            row.add(_NOTICED, max(healing.noticed_after, default=0.0))
            row.add(_HEAL_P50, percentile(took, 0.50))
            row.add(_HEAL_P99, percentile(took, 0.99))
        rows.append(row)
    total = Row("all")
    total.add(_FAULTS, sum(healing.faults for healing in outcome.healings.values()))
    total.add(_HEALED, sum(len(healing.healed_after) for healing in outcome.healings.values()))
    return [*rows, total]


def _compared(outcome: Outcome) -> tuple[tuple[Metric, ...], list[Row]]:
    verdict = outcome.verdict
    compared, wrong = Metric("compared"), Metric("wrong")
    counts = {
        "trades": (verdict.trades, len(verdict.altered)),
        "trades lost": (verdict.trades, len(verdict.lost)),
        "trades twice": (verdict.trades, len(verdict.twice)),
        "trades out of order": (verdict.trades, len(verdict.disordered)),
        "books": (verdict.books, len(verdict.wrong_books)),
        "closed candles": (verdict.candles, len(verdict.wrong_candles)),
        "connects refused": (len(outcome.attempts), outcome.refused),
    }
    rows = []
    for name, (how_many, faulty) in counts.items():
        row = Row(name)
        row.add(compared, how_many)
        row.add(wrong, faulty)
        rows.append(row)
    rows[0].remark(f"{verdict.backfilled} of them filled in; {verdict.gaps} gaps told")
    for name, found in verdict.faults.items():
        rows[0].remark(f"{name}: {', '.join(found[:3])}")
    if outcome.code != 143:
        rows[-1].remark(f"the client ended by itself with {outcome.code}: {outcome.stderr[-200:]}")
    return (compared, wrong), rows
