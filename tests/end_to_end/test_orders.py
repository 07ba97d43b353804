"""Orders from the command line, through faults: once each, and their outcomes as they were."""

from __future__ import annotations

from pathlib import Path

from bench.orders import STRIKES, OrderChaos


def test_no_order_is_doubled_and_nothing_untrue_is_said_whatever_comes_before_the_answer(
    tmp_path: Path,
) -> None:
    chaos = OrderChaos(tmp_path, scale=0.02)
    told = chaos.run(len(STRIKES), print)
    journal = chaos.journal
    assert [fault for each in chaos.rounds if (fault := journal.wrong(each))] == []
    assert all(len(journal.ids[each.cid]) <= 1 for each in chaos.rounds)
    assert {each.strike: each.verdict for each in chaos.rounds}["drop:on=order"] == "unknown"
    assert told.reconnects > 0
    assert told.wrong == []
