"""Who runs: how each client is started, and how many lines it owes for a load."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from . import peers
from .measure import Run

Counts = Mapping[str, int]
BARE, OURS = "bare loop", "bfxstream"
SCRIPT = Path(sys.executable).with_name("bfxstream")
_USAGE = 2  # bfxstream's exit code when it will not even try.


@dataclass(frozen=True)
class Contestant:
    """One client; the address and the specs follow its command."""

    name: str
    command: tuple[str, ...]
    lines: Callable[[Counts], int] | None = None
    """How many lines the whole load must give; None where that depends on the timing."""
    env: dict[str, str] = field(default_factory=dict)
    proving: tuple[str, ...] = ()
    """Ours alone: the command of a first run, not timed, that tells what it missed."""
    verifies: bool = True
    """Ours alone: whether it must then have checked every checksum."""
    remark: str = ""
    label: str = ""
    """Its name in the table, where the plain name would not say enough."""

    def proof(self) -> Contestant | None:
        """The same client with what shows that it misses nothing; None where nothing would."""
        return replace(self, command=self.proving, proving=()) if self.proving else None

    def live(self) -> Contestant:
        """The same client, writing each line at once: for its latency."""
        if self.name == OURS:
            return self
        return replace(self, command=(*self.command, "--flush"))

    def faults(self, run: Run) -> list[str]:
        """What it missed or got wrong; empty for a run that counts."""
        if run.error:
            refused = self.name == OURS and run.status == _USAGE
            return [f"{'refused' if refused else 'FAULT'}: {run.error}"]
        found = []
        if self.lines is not None and run.lines != self.lines(run.counts):
            found.append(f"{run.lines} lines, not {self.lines(run.counts)}")
        if self.name == OURS and not self.proving:
            found += _faults_of_ours(run, verifies=self.verifies)
        return [f"FAULT: {fault}" for fault in found]


def _faults_of_ours(run: Run, *, verifies: bool) -> list[str]:
    stats = next((line for line in run.stderr.splitlines() if line.startswith("{")), None)
    if stats is None:
        return ["no statistics"]
    counted = json.loads(stats)
    must_be_none = ("gaps", "checksum_mismatches", "bad_frames", "reconnects", "resyncs")
    found = [f"{counted[name]} {name}" for name in must_be_none if counted[name]]
    if verifies and counted["checksums"] != run.counts.get("cs", 0):
        found.append(f"{counted['checksums']} checksums, not {run.counts.get('cs', 0)}")
    return found


def ours(*options: str) -> Contestant:
    """The installed console script with its default flags; `--stats` proves a run beside them."""
    always = (str(SCRIPT), "stream", *options, "--no-reconnect")
    return Contestant(
        OURS,
        (*always, "--url"),
        lambda n: n["snapshot_rows"] + _records(n),
        proving=(*always, "--stats", "--url"),
    )


def raw() -> Contestant:
    """Ours with `-o raw`: every message as it came, books not looked into."""
    return replace(ours("-o", "raw"), lines=_all_messages, verifies=False)


def top() -> Contestant:
    """Ours with `--view top`: a line a burst, and where a burst ends depends on the timing."""
    return replace(ours("--view", "top"), lines=None)


def bare(*, printing: bool = False) -> Contestant:
    """The do-nothing loop of websocket-client, in our own venv."""
    command = (sys.executable, str(peers.SCRIPTS / "bare_loop.py"))
    if printing:
        return Contestant(f"{BARE}, print and flush", (*command, "--print"), _all_messages)
    return Contestant(BARE, command, lambda _: 0)


def peer(found: peers.Peer) -> Contestant:
    """Another client, with the lines that its script prints."""
    owed: dict[str, Callable[[Counts], int]] = {
        "bitfinex-api-py": _events,
        "bitfinex-api-node": _events,
        "cryptofeed": lambda n: n["snapshot"] + n["snapshot_trades"] + _records(n),
    }
    remark = "" if found.name in owed else "one line for all updates since the last look"
    return Contestant(found.name, found.command, owed.get(found.name), found.env, remark=remark)


def _records(counts: Counts) -> int:
    return sum(counts.get(kind, 0) for kind in ("book", "te", "ticker"))


def _events(counts: Counts) -> int:
    return counts["snapshot"] + _records(counts) + counts.get("tu", 0)


def _frames(counts: Counts) -> int:
    kinds = ("snapshot", "book", "te", "tu", "ticker", "hb", "cs")
    return sum(counts.get(kind, 0) for kind in kinds)


def _all_messages(counts: Counts) -> int:
    """With the objects: `info`, `conf` and a `subscribed` for each snapshot."""
    return _frames(counts) + counts["snapshot"] + 2


def available(names: Sequence[str], cache: Path) -> tuple[list[Contestant], dict[str, str]]:
    """The peers that can run, and for all what is known: the version, or why it is skipped."""
    found, notes = [], {}
    for name in names:
        one = peers.find(name, cache)
        if isinstance(one, peers.Peer):
            found.append(peer(one))
            notes[name] = one.version
        else:
            notes[name] = f"skipped: {one}"
    return found, notes
