"""The demo account's owner for tests: every message of the account is held against the API."""

from __future__ import annotations

import json
from decimal import Decimal
from types import TracebackType
from typing import Any

from account_layouts import check_message
from demo_account import CREDENTIALS, next_nonce
from demo_client import Client

from bfxstream.protocol.auth import Credentials, auth_message

ORDER_FIELDS = {"id": 0, "cid": 2, "amount": 6, "original": 7, "status": 13, "price": 16}


class AccountClient(Client):
    """A client that is the account's owner."""

    def authenticate(self, credentials: Credentials = CREDENTIALS, **more: Any) -> dict[str, Any]:
        message = json.loads(auth_message(credentials, next_nonce()).reveal())
        return self.ask("auth", **(message | more))

    def order(self, code: str, **body: Any) -> None:
        self.request(code, body)

    def request(self, code: str, body: Any) -> None:
        """Send an input of the account."""
        self.socket.send(json.dumps([0, code, None, body]))

    def told(self, code: str, **wanted: Any) -> list[Any]:
        """The next row of this code, of an order with these fields."""

        def matches(frame: list[Any]) -> bool:
            if frame[:2] != [0, code]:
                return False
            return all(frame[2][ORDER_FIELDS[name]] == value for name, value in wanted.items())

        row: list[Any] = self.frame(matches)[2]
        return row

    def answer(self) -> tuple[str, str]:
        """Status and words of the next notification."""
        row = self.told("n")
        return row[6], row[7]

    def wallets(self, kind: str = "exchange") -> dict[str, Decimal]:
        """One wallet of the snapshot."""
        rows = self.told("ws")
        return {row[1]: Decimal(str(row[2])) for row in rows if row[0] == kind}

    def codes(self) -> list[str]:
        """The codes of the account's messages so far, in their order."""
        return [frame[1] for frame in self.frames if frame[0] == 0]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        for chan_id, code, *rest in self.frames:
            if chan_id == 0 and code != "hb":
                check_message(code, rest[0])
