"""What stands in for the REST API and the account while a recording is played."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import msgspec

from bfxstream.capture.steps import Answered
from bfxstream.errors import ConnectionFailed, RateLimited
from bfxstream.protocol.account.filters import AccountFilter
from bfxstream.protocol.account.records import AccountTrade
from bfxstream.protocol.auth import Credentials, Secret
from bfxstream.protocol.numbers import NULL
from bfxstream.protocol.rows import CandleRow, FundingTradeRow, TradeRow
from bfxstream.protocol.symbols import Market, market_of
from bfxstream.stream.account_link import AccountAccess
from bfxstream.stream.nonces import Nonces
from bfxstream.stream.recovery import Missed


class ReplayedHistory:
    """Answers when the recording has them; a question that was not asked then gets none."""

    def __init__(self) -> None:
        self._asked: list[tuple[tuple[Any, ...], Future[list[Any]]]] = []
        self._times: Counter[tuple[Any, ...]] = Counter()

    def trades(self, symbol: str, start: int, end: int, limit: int) -> Future[list[Any]]:
        return self._ask("trades", symbol, start, end, limit)

    def candles(self, key: str, start: int, end: int, limit: int) -> Future[list[Any]]:
        return self._ask("candles", key, start, end, limit)

    def answer(self, step: Answered) -> None:
        """The recorded run knew this now."""
        question = (step.asked, step.key, step.start, step.end, step.limit, step.time)
        found = next((each for each in self._asked if each[0] == question), None)
        if found is None:
            return
        self._asked.remove(found)
        told = found[1]
        if step.rows != NULL:
            told.set_result(msgspec.json.decode(step.rows, type=_rows_type(step)))
        elif step.wait is not None:
            told.set_exception(RateLimited(step.failure, hint=step.hint, wait=step.wait))
        else:
            told.set_exception(
                ConnectionFailed(step.failure, hint=step.hint, permanent=step.permanent)
            )

    def _ask(self, *question: Any) -> Future[list[Any]]:
        told: Future[list[Any]] = Future()
        self._times[question] += 1
        self._asked.append(((*question, self._times[question]), told))
        return told


def _rows_type(step: Answered) -> Any:
    if step.asked == "candles":
        return list[CandleRow]
    return list[FundingTradeRow] if market_of(step.key) is Market.FUNDING else list[TradeRow]


class ReplayedRecovery:
    """What an account did meanwhile, when the recording has it; what was before, it has not."""

    looking_back = False

    def __init__(self) -> None:
        self._known: list[Missed] = []
        self._warnings: list[str] = []
        self._wanted = 0
        self._given = 0

    @property
    def done(self) -> bool:
        return self._given == self._wanted

    def want(self, since: int, lost: Collection[int]) -> None:
        self._wanted += 1

    def take(self) -> list[Missed]:
        known, self._known = self._known, []
        if known:
            self._given = known[-1].number
        return known

    def look_back(self, since: int) -> None:
        pass

    def take_past(self) -> list[AccountTrade]:
        return []

    def take_warnings(self) -> list[str]:
        known, self._warnings = self._warnings, []
        return known

    def warn(self, text: str) -> None:
        """The recorded run was told this now."""
        self._warnings.append(text)

    def come(self, missed: Missed) -> None:
        """The recorded run knew this now."""
        self._known.append(missed)

    def close(self) -> None:
        pass


class ReplayedAccount(AccountAccess):
    """An account that was open then: nothing is signed, and REST is not asked."""

    def __init__(self, url: str, filters: Sequence[str]) -> None:
        nobody = Secret("")
        nonces = Nonces(nobody, Path(), lambda text: None)
        wanted = AccountFilter(filters)
        super().__init__(url, url, Credentials(nobody, nobody), nonces, wanted=wanted)

    def signed(self) -> bytes:
        return b""

    def hidden(self, frame: bytes) -> bytes:
        return frame
