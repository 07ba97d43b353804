"""What a scenario found: values of several runs, shown as medians with their range."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Metric:
    """One column."""

    name: str
    digits: int = 0


RATE = Metric("messages/s")
CPU = Metric("CPU µs/message", 2)
RSS = Metric("peak MiB", 1)
MESSAGES, LINES = Metric("messages"), Metric("lines")  # For `--json`: what was counted.


@dataclass
class Row:
    """One client, or one size: the values of all its runs."""

    name: str
    values: dict[Metric, list[float]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def add(self, metric: Metric, value: float) -> None:
        """One more run's value."""
        self.values.setdefault(metric, []).append(value)

    def remark(self, text: str) -> None:
        """Said once, however often it happens."""
        if text and text not in self.remarks:
            self.remarks.append(text)

    def median(self, metric: Metric) -> float | None:
        """None where no run counts."""
        values = self.values.get(metric)
        return statistics.median(values) if values else None

    def compare(self, metric: Metric, other: Row, what: str) -> None:
        """Remark on this row's share of another's."""
        ours, theirs = self.median(metric), other.median(metric)
        if ours and theirs and other is not self:
            self.remark(f"{ours / theirs:.2f} {what}")


@dataclass
class Table:
    """One scenario's rows; ratios are of the first metric, to the row named as baseline."""

    title: str
    metrics: tuple[Metric, ...]
    rows: list[Row]
    baseline: str | None = None

    def markdown(self) -> str:
        """The table as the README quotes it."""
        base = next((row for row in self.rows if row.name == self.baseline), None)
        head = ["", *(metric.name for metric in self.metrics)]
        if base is not None:
            head.insert(2, "ratio")
        lines = [[*head, ""]]
        for row in self.rows:
            cells = [row.name, *(_cell(row, metric) for metric in self.metrics)]
            if base is not None:
                cells.insert(2, _ratio(row, base, self.metrics[0]))
            lines.append([*cells, "; ".join(row.remarks)])
        if not any(line[-1] for line in lines):
            lines = [line[:-1] for line in lines]
        return f"### {self.title}\n\n" + _aligned(lines)

    def plain(self) -> dict[str, Any]:
        """For `--json`: every value of every run."""
        rows = [
            {
                "name": row.name,
                "values": {metric.name: values for metric, values in row.values.items()},
                "remarks": row.remarks,
            }
            for row in self.rows
        ]
        return {"title": self.title, "baseline": self.baseline, "rows": rows}


def _cell(row: Row, metric: Metric) -> str:
    values = row.values.get(metric)
    if not values:
        return "–"
    middle, low, high = (
        f"{value:,.{metric.digits}f}"
        for value in (statistics.median(values), min(values), max(values))
    )
    return f"{middle} ({low}–{high})" if len(values) > 1 else middle


def _ratio(row: Row, base: Row, metric: Metric) -> str:
    ours, theirs = row.median(metric), base.median(metric)
    return f"{ours / theirs:.2f}" if ours and theirs else "–"


def _aligned(lines: list[list[str]]) -> str:
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    rule = ["-" * max(width, 3) for width in widths]
    return "\n".join(_row(line, widths) for line in (lines[0], rule, *lines[1:]))


def _row(cells: Iterable[str], widths: list[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"
