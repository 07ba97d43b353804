"""Who may use the demo account: keys, signatures and nonces, checked as the exchange does."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bfxstream.demo.requests import Rejected

DEMO_KEY, DEMO_SECRET = "demo-exchange-key", "demo-exchange-secret"
"""Good for everything, and known to everybody: what `--demo` uses."""

READ_ONLY_KEY = "demo-exchange-read-only-key"
"""Goes with the same secret; it may not place orders."""

_READ, _READ_WRITE, _NOTHING = {"read": 1, "write": 0}, {"read": 1, "write": 1}, {"read": 0}
_LARGEST_NONCE = 2**53 - 1
_NONCE_DIGITS = len(str(_LARGEST_NONCE))


@dataclass(frozen=True)
class Grant:
    """What a key may do."""

    trades: bool

    def caps(self) -> dict[str, dict[str, int]]:
        """The permissions by scope, as the `auth` event has them (API: ws-auth)."""
        return {
            "orders": _READ_WRITE if self.trades else _READ,
            "account": _READ,
            "funding": _READ,
            "history": _READ,
            "wallets": _READ,
            "withdraw": _NOTHING | {"write": 0},
            "positions": _READ,
        }


_GRANTS = {DEMO_KEY: Grant(trades=True), READ_ONLY_KEY: Grant(trades=False)}


class Gate:
    """Lets in who proves to have a key's secret; a nonce is good once, over all connections."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def admit_session(self, message: Mapping[str, Any]) -> Grant:
        """Check an `auth` event. Raises Rejected."""
        payload, signature = message.get("authPayload"), message.get("authSig")
        return self._admit(message.get("apiKey"), message.get("authNonce"), payload, signature)

    def admit_call(self, headers: Mapping[str, str], path: str, body: str) -> Grant:
        """Check the headers of a REST call; `path` begins with `auth/`. Raises Rejected."""
        nonce = headers.get("bfx-nonce")
        payload = f"/api/v2/{path}{nonce}{body}"
        return self._admit(headers.get("bfx-apikey"), nonce, payload, headers.get("bfx-signature"))

    def _admit(self, key: object, nonce: object, payload: object, signature: object) -> Grant:
        if not isinstance(key, str) or key not in _GRANTS:
            raise Rejected(10100, "apikey: invalid")
        if not isinstance(payload, str) or not isinstance(signature, str):
            raise Rejected(10100, "apikey: digest invalid")
        right = hmac.new(DEMO_SECRET.encode(), payload.encode(), "sha384").hexdigest()
        if not hmac.compare_digest(right.encode(), signature.encode("utf-8", "replace")):
            raise Rejected(10100, "apikey: digest invalid")
        self._use(key, nonce)
        return _GRANTS[key]

    def _use(self, key: str, nonce: object) -> None:
        text = str(nonce)  # a number, or its text
        number = int(text) if text.isdecimal() and len(text) <= _NONCE_DIGITS else 0
        if not self._last.get(key, 0) < number <= _LARGEST_NONCE:
            raise Rejected(10114, "nonce: small")
        self._last[key] = number
