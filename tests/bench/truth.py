"""What a run printed with `--events --seq`, held against the journal of its exchange."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

Line = dict[str, Any]

_TRADE = ("mts", "amount", "price", "rate", "period")
_CANDLE = ("open", "close", "high", "low", "volume")
_INTERRUPTIONS = ("reconnecting", "maintenance")


def lines(text: Iterable[str | bytes]) -> Iterator[Line]:
    """JSON Lines, numbers digit for digit. Raises ValueError for half a line."""
    return (json.loads(line, parse_float=str) for line in text)


@dataclass
class Verdict:
    """How much was compared, and each thing that was found wrong."""

    trades: int = 0
    backfilled: int = 0
    books: int = 0
    """Comparisons of a whole book."""
    candles: int = 0
    gaps: int = 0
    """Holes in trades or candles that the run itself has told."""
    lost: list[str] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)
    """Those among the lost that lie in no hole that the run has told."""
    twice: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)
    """Trades that nobody made, or not so."""
    wrong_books: list[str] = field(default_factory=list)
    wrong_candles: list[str] = field(default_factory=list)

    @property
    def faults(self) -> dict[str, list[str]]:
        """All that was found wrong, by what it is."""
        return {name: found for name, found in vars(self).items() if found and type(found) is list}


class Journal:
    """What truly was."""

    def __init__(self, journal: Iterable[Line]) -> None:
        self.trades: defaultdict[str, dict[int, Line]] = defaultdict(dict)
        self.candles: defaultdict[str, dict[int, Line]] = defaultdict(dict)
        self.books: defaultdict[int, deque[tuple[int, Line]]] = defaultdict(deque)
        """By channel, in order: the number at which the book is compared, and the book."""
        for line in journal:
            if line["type"] == "trade":
                self.trades[line["symbol"]][line["id"]] = line
            elif line["type"] == "candle":
                self.candles[line["key"]][line["mts"]] = line
            elif line["type"] == "book":
                for chan_id, seq in line["seqs"].items():
                    self.books[int(chan_id)].append((seq, line))


class _Book:
    """A book as a reader holds it who does what the printed records say, and knows no more."""

    def __init__(self) -> None:
        self.chan_id = 0
        self.known = False
        self._joining = False
        self._rows: dict[tuple[str, str], tuple[str, ...]] = {}

    def subscribed(self, chan_id: int) -> None:
        self.chan_id = chan_id
        self._joining = True

    def broken(self) -> None:
        """Its next snapshot replaces everything."""
        self.known = False

    def apply(self, record: Line) -> None:
        if record["type"] == "snapshot" and self._joining:
            self._rows.clear()
            self._joining, self.known = False, True
        place = (record["side"], str(record["price"]))
        if record["count"]:
            self._rows[place] = _row(record["price"], record["count"], record["amount"])
        else:
            self._rows.pop(place, None)

    def equals(self, line: Line) -> bool:
        return set(self._rows.values()) == {_row(*row) for row in line["rows"]}


def _row(*tokens: Any) -> tuple[str, ...]:
    return tuple(map(str, tokens))


class Comparison:
    """Reads a run's lines in their order; one connection, books of trading pairs."""

    def __init__(self, journal: Journal) -> None:
        self.verdict = Verdict()
        self._journal = journal
        self._books: defaultdict[str, _Book] = defaultdict(_Book)
        self._ids: defaultdict[str, list[int]] = defaultdict(list)
        self._candles: defaultdict[str, dict[int, Line]] = defaultdict(dict)
        self._holes: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        self._seq = 0

    def take(self, line: Line) -> None:
        """One line of standard output."""
        if "event" in line:
            self._take_event(line)
            return
        if line.get("seq") is not None and line["seq"] > self._seq:
            self._reach(line["seq"])
        if line["channel"] == "trades":
            self._take_trade(line)
        elif line["channel"] == "candles":
            key = f"trade:{line['timeframe']}:{line['symbol']}"
            self._candles[key][line["mts"]] = line
        elif line["channel"] == "book":
            self._books[line["symbol"]].apply(line)

    def conclude(self) -> Verdict:
        """What all of it amounts to."""
        for symbol, ids in self._ids.items():
            printed, holes = set(ids), self._holes[f"trades:{symbol}"]
            first_id, last_id = min(ids), max(ids)
            for trade in self._journal.trades[symbol]:
                if first_id < trade < last_id and trade not in printed:
                    name = f"{symbol} {trade}"
                    self.verdict.lost.append(name)
                    if not any(first < trade < last for first, last in holes):
                        self.verdict.untold.append(name)
        for key, printed_candles in self._candles.items():
            self._compare_candles(key, printed_candles)
        return self.verdict

    def _take_event(self, event: Line) -> None:
        kind, spec = event["event"], event.get("spec")
        channel, _, rest = (spec or "").partition(":")
        if kind == "subscribed" and channel == "book":
            self._books[rest.partition(":")[0]].subscribed(event["chan_id"])
        elif kind in ("connected", "reconnected"):
            self._seq = 0
        elif kind in _INTERRUPTIONS or (kind == "gap" and spec is None):
            for book in self._books.values():
                book.broken()
        elif kind == "resync" and channel == "book":
            self._books[rest.partition(":")[0]].broken()
        elif kind == "gap":
            self.verdict.gaps += 1
            self._holes[event["spec"]].append((event["first"], event["last"]))

    def _reach(self, seq: int) -> None:
        """All before this number has come: compare the books that the journal has there."""
        self._seq = seq
        for symbol, book in self._books.items():
            due = self._journal.books[book.chan_id]
            while due and due[0][0] < seq:
                number, line = due.popleft()
                if book.known:
                    self.verdict.books += 1
                    if not book.equals(line):
                        self.verdict.wrong_books.append(f"{symbol} at {number}, {line['mts']}")

    def _take_trade(self, trade: Line) -> None:
        symbol, number = trade["symbol"], trade["id"]
        name = f"{symbol} {number} ({trade['type']})"
        verdict, ids = self.verdict, self._ids[symbol]
        verdict.trades += 1
        verdict.backfilled += trade["type"] == "backfill"
        made = self._journal.trades[symbol].get(number)
        if made is None or any(trade.get(each) != made.get(each) for each in _TRADE):
            verdict.altered.append(name)
        if ids and number <= ids[-1]:
            (verdict.twice if number in ids else verdict.disordered).append(name)
        ids.append(number)

    def _compare_candles(self, key: str, printed: dict[int, Line]) -> None:
        """The closed ones: all between the first and the running one, in their last state."""
        for mts, closed in self._journal.candles[key].items():
            if not min(printed) <= mts < max(printed):
                continue
            self.verdict.candles += 1
            told = printed.get(mts)
            if told is None or any(told[name] != closed[name] for name in _CANDLE):
                self.verdict.wrong_candles.append(f"{key} {mts}")
