"""Orders whose connection fails before their answer, and what the exchange's journal says of it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from bfxstream.demo import DemoExchange
from bfxstream.demo.access import DEMO_KEY, DEMO_SECRET

from .contestants import SCRIPT
from .table import Metric, Row, Table
from .truth import Line, lines
from .turns import Bench

NOTHING = "nothing"
STRIKES = (
    *("drop:on=answer", "stall:on=answer", "truncate:on=answer"),
    *("drop:on=order", "stall:on=order", NOTHING),
)
"""What befalls the connection of an order, in turn."""

INTERRUPTIONS = ("stall", "drop", "truncate", "skip", "close")
"""What befalls the connection of `account`, in turn."""

_LIMIT, _MARKET, _IOC = "EXCHANGE LIMIT", "EXCHANGE MARKET", "EXCHANGE IOC"
ORDERS = (
    ("--side", "buy", "--amount", "0.002", "--type", _LIMIT, "--price", "60000"),  # rests
    ("--side", "buy", "--amount", "0.002", "--type", _LIMIT, "--price", "80000"),
    ("--side", "sell", "--amount", "0.002", "--type", _LIMIT, "--price", "60000"),
    ("--side", "buy", "--amount", "0.003", "--type", _MARKET),
    ("--side", "sell", "--amount", "0.003", "--type", _MARKET),
    ("--side", "buy", "--amount", "0.003", "--type", _IOC, "--price", "69000"),
    ("--side", "buy", "--amount", "0.002", "--type", _LIMIT, "--price", "80000", "--post-only"),
    ("--side", "buy", "--amount", "90", "--type", _LIMIT, "--price", "60000"),  # is rejected
)
FIRST_CID = 1_000
_RATE = 50.0
_PATIENCE = 60.0
_LOOK = 0.1
_VERDICTS = {0: "done", 1: "unknown", 3: "rejected"}
_NOT_SENT = "not sent"
_COLUMNS = ("rounds", *_VERDICTS.values(), _NOT_SENT, "doubled", "wrong")
_EXECUTION = (
    *("id", "symbol", "mts_create", "order_id", "exec_amount", "exec_price", "order_type"),
    *("order_price", "maker", "fee", "fee_currency", "cid"),
)


@dataclass
class Round:
    """One order, and what its command said of it."""

    strike: str
    cid: int
    code: int
    record: Line | None
    stderr: str

    @property
    def verdict(self) -> str:
        """What was said of the order."""
        if self.code == 1 and "nothing was sent" in self.stderr:
            return _NOT_SENT
        return _VERDICTS.get(self.code, f"exit {self.code}")


class OrderJournal:
    """What truly became of the orders."""

    def __init__(self, path: Path) -> None:
        self.ids: defaultdict[int, set[int]] = defaultdict(set)
        """By client id; more than one is a doubled order."""
        self.orders: defaultdict[int, list[Line]] = defaultdict(list)
        """By id, all that happened to it."""
        self.executions: dict[int, Line] = {}
        with path.open("rb") as text:
            for line in lines(text):
                if line["type"] == "execution":
                    self.executions[line["id"]] = line
                elif line["type"] == "order":
                    self.ids[line["cid"]].add(line["id"])
                    self.orders[line["id"]].append(line)

    def wrong(self, round_: Round) -> str:
        """What is not true of what was said; nothing where all of it is."""
        ids, record = self.ids[round_.cid], round_.record
        if round_.code == 0:
            if record is None or ids != {record["id"]}:
                return f"said to be done: {sorted(ids)} are, not {record}"
            same = ("cid", "symbol", "amount_orig", "order_type", "price")
            known = self.orders[record["id"]][-1]
            return ", ".join(name for name in same if record[name] != known[name])
        if round_.code == 3 or round_.verdict == _NOT_SENT:
            return f"said to be {round_.verdict}: {sorted(ids)} are there" if ids else ""
        if round_.code == 1:
            told = "is unknown" in round_.stderr and str(round_.cid) in round_.stderr
            return "" if told else f"said of it: {round_.stderr.strip()}"
        return f"exit code {round_.code}: {round_.stderr.strip()}"


@dataclass
class Told:
    """What `account` printed, held against the journal."""

    executions: int = 0
    backfilled: int = 0
    ended: int = 0
    reconnects: int = 0
    wrong: list[str] = field(default_factory=list)


def held_against(journal: OrderJournal, printed: list[Line]) -> Told:
    """Each execution once with its fee, at most once without, and each end of an order once."""
    told = Told()
    final: dict[int, Line] = {}
    seen: set[tuple[str, int]] = set()
    for line in printed:
        if "event" in line:
            told.reconnects += line["event"] == "reconnected"
            continue
        with_fee = line["kind"] == "trade" and line["type"] != "te"
        if line["kind"] == "trade" or line["type"] == "oc":
            name = ("fee" if with_fee else line["type"], line["id"])
            if name in seen:
                told.wrong.append(f"{name} twice")
            seen.add(name)
        if with_fee:
            told.backfilled += line["type"] == "backfill"
            final[line["id"]] = line
        if line["type"] == "oc":
            told.ended += 1
            known = journal.orders[line["id"]][-1]
            if (line["status"], line["amount"]) != (known["status"], known["amount"]):
                told.wrong.append(f"order {line['id']} ended as {known['status']}")
    told.executions = len(final)
    for number in final.keys() ^ journal.executions.keys():
        told.wrong.append(f"execution {number} {'made up' if number in final else 'lost'}")
    for number in final.keys() & journal.executions.keys():
        if any(final[number][name] != journal.executions[number][name] for name in _EXECUTION):
            told.wrong.append(f"execution {number} altered")
    ends = {i for i, known in journal.orders.items() if known[-1]["code"] == "oc"}
    told.wrong += [f"the end of order {i} lost" for i in ends - {i for n, i in seen if n == "oc"}]
    return told


class OrderChaos:
    """A demo exchange, `account` on it all the time, and one order after the other."""

    def __init__(self, folder: Path, *, scale: float, seed: int = 5) -> None:
        self._folder = folder
        self._rng = Random(seed)
        self.rounds: list[Round] = []
        self.exchange = DemoExchange(
            seed=seed,
            rate=_RATE,
            heartbeat=15.0 * scale,
            requests_a_minute=None,
            log_file=folder / "log",
            journal_file=folder / "journal",
        )
        self._env = {**os.environ, "BFXSTREAM_TIME_SCALE": str(scale)} | {
            "BFX_API_KEY": DEMO_KEY,
            "BFX_API_SECRET": DEMO_SECRET,
            "XDG_STATE_HOME": str(folder / "state"),
        }

    @property
    def journal(self) -> OrderJournal:
        """What has happened until now."""
        return OrderJournal(self._folder / "journal")

    def run(self, count: int, progress: Callable[[str], None]) -> Told:
        """So many rounds; then what `account` printed of them."""
        out, err = self._folder / "stdout", self._folder / "stderr"
        with self.exchange, out.open("wb") as stdout, err.open("wb") as stderr:
            account = subprocess.Popen(
                [str(SCRIPT), "account", "--events", "-q", "--url", self.exchange.url],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env=self._env,
            )
            try:
                _until(lambda: b'"os"' in out.read_bytes() or b'"ws"' in out.read_bytes())
                for number in range(count):
                    self.rounds.append(self._round(number))
                    progress(f"order {number + 1} of {count}: {self.rounds[-1].verdict}")
                self._command("cancel-all")
                _until(lambda: not held_against(self.journal, _printed(out)).wrong)
                account.terminate()
                account.wait(_PATIENCE)
            finally:
                account.kill()
                account.wait()
            return held_against(self.journal, _printed(out))

    def _round(self, number: int) -> Round:
        strike = STRIKES[number % len(STRIKES)]
        interrupted = number % 2 == 0
        if interrupted:
            self.exchange.inject(INTERRUPTIONS[number // 2 % len(INTERRUPTIONS)])
        if strike != NOTHING:
            self.exchange.inject(strike)
        cid = FIRST_CID + number
        order = self._rng.choice(ORDERS)
        done = self._command("new", "tBTCUSD", *order, "--cid", str(cid))
        records = [json.loads(line, parse_float=str) for line in done.stdout.splitlines()]
        return Round(strike, cid, done.returncode, next(iter(records), None), done.stderr)

    def _command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(SCRIPT), "order", *arguments, "--yes", "--url", self.exchange.url],
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            env=self._env,
            check=False,
        )


def _until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not condition() and time.monotonic() < deadline:
        time.sleep(_LOOK)


def _printed(out: Path) -> list[Line]:
    """All whole lines until now."""
    text = out.read_bytes()
    return list(lines(text[: text.rfind(b"\n") + 1].splitlines()))


def orders(bench: Bench) -> Iterator[Table]:
    """Orders whose connection drops, stalls or is cut off before the answer is whole."""
    with contextlib.ExitStack() as stack:
        folder = bench.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        chaos = OrderChaos(folder, scale=bench.scale)
        told = chaos.run(bench.rounds, bench.progress)
        yield _of_rounds(chaos)
        yield _of_account(chaos.journal, told)


def _of_rounds(chaos: OrderChaos) -> Table:
    counted = [Metric(name) for name in _COLUMNS]
    rounds, *verdicts, doubled, wrong = counted
    rows = []
    journal = chaos.journal
    for strike in STRIKES:
        struck = [each for each in chaos.rounds if each.strike == strike]
        row = Row(strike)
        row.add(rounds, len(struck))
        for metric in verdicts:
            row.add(metric, sum(each.verdict == metric.name for each in struck))
        row.add(doubled, sum(len(journal.ids[each.cid]) > 1 for each in struck))
        faults = [fault for each in struck if (fault := journal.wrong(each))]
        row.add(wrong, len(faults))
        for fault in faults[:3]:
            row.remark(fault)
        unknown = [each for each in struck if each.verdict == "unknown"]
        taken = sum(bool(journal.ids[each.cid]) for each in unknown)
        row.remark(f"{taken} of the unknown were carried out" if unknown else "")
        rows.append(row)
    title = f"{len(chaos.rounds)} orders, a fault before each one's answer"
    return Table(title, tuple(counted), rows)


def _of_account(journal: OrderJournal, told: Told) -> Table:
    row = Row("account")
    row.add(Metric("reconnects"), told.reconnects)
    row.add(Metric("executions in the journal"), len(journal.executions))
    row.add(Metric("printed"), told.executions)
    row.add(Metric("orders ended"), told.ended)
    row.add(Metric("wrong"), len(told.wrong))
    row.remark(f"{told.backfilled} of the executions filled in")
    for fault in told.wrong[:3]:
        row.remark(fault)
    return Table("What `account` printed, held against the journal", tuple(row.values), [row])
