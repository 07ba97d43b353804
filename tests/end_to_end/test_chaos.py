"""Through every fault that the exchange can have: what was printed is what truly was."""

from __future__ import annotations

import time
from pathlib import Path

from bench.chaos import Chaos

from bfxstream.demo.fault_plans import ALL, LASTING
from bfxstream.demo.market import SNAPSHOT_TRADES

SCALE = 0.02
CALM = 0.2
"""Seconds between two faults, in which the stream can be whole."""
WHOLE = 3.5
"""Seconds after the last of them: healed by then, with a book in the journal, which has one a
second. How many seconds of whole books lie between the faults is the machine's affair."""

PATIENCE = 60.0


def test_through_every_kind_of_fault_the_records_are_the_journals(tmp_path: Path) -> None:
    run = Chaos(tmp_path, [], scale=SCALE)
    ends_at = time.monotonic() + PATIENCE
    kinds = list(ALL)
    calm_since = time.monotonic()

    def goes_on() -> bool:
        """One after the other, each a little after the last has happened."""
        nonlocal calm_since
        now = time.monotonic()
        if len(run.exchange.faults) < len(ALL) - len(kinds):
            calm_since = now
        elif kinds and now - calm_since >= CALM:
            kind = kinds.pop()
            lasting = f":for={LASTING[kind] * SCALE:g}s" if kind in LASTING else ""
            run.exchange.inject(kind.value + lasting)
        is_over = len(run.exchange.faults) == len(ALL) and now - calm_since >= WHOLE
        return not is_over and now < ends_at

    outcome = run.run(goes_on)
    assert set(outcome.healings) == {kind.value for kind in ALL}
    assert outcome.code == 143, outcome.stderr
    assert outcome.refused == 0
    assert outcome.stats["reconnects"] >= 5
    verdict = outcome.verdict
    assert verdict.faults == {}
    assert verdict.gaps == 0
    assert verdict.trades > 3 * SNAPSHOT_TRADES
    assert verdict.books > 0
