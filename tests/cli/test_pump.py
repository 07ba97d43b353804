"""One run between its stream and its sink: what was given out, and when it is over."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bfxstream.cli.run import pump
from bfxstream.cli.signals import Signals
from bfxstream.errors import Quit, ReaderStalled


class Ending:
    """A sink whose reader ends the run with the second batch."""

    def __init__(self, how: Exception) -> None:
        self._how = how
        self.shown: list[Any] = []

    def write(self, records: list[Any]) -> None:
        self.shown.append(records)

    def tick(self, now: float) -> None:
        if len(self.shown) == 2:
            raise self._how


@pytest.mark.parametrize(("how", "recorded"), [(Quit(), 2), (ReaderStalled(), 1)])
def test_what_was_given_out_is_recorded_and_nothing_else(how: Exception, recorded: int) -> None:
    given: list[Any] = []
    batches = [["a"], ["b"], ["c"]]
    stream: Any = SimpleNamespace(
        stats=SimpleNamespace(messages=0), silent=list, complete=False, last_failure=None
    )
    limits: Any = SimpleNamespace(admit=list, reached=lambda *_: False, once=False, printed=0)
    recorder: Any = SimpleNamespace(given_out=given.append)
    sink: Any = Ending(how)
    pump(stream, batches, sink, limits, Signals(), False, recorder)
    assert given == batches[:recorded]
