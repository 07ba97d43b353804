"""Proving who we are: the signed `auth` event and its answer, signed REST calls, hidden secrets."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, NoReturn

import msgspec
from msgspec import Struct

from bfxstream.errors import CredentialsError
from bfxstream.protocol.codes import error_code
from bfxstream.protocol.decode import UNREADABLE

MAX_NONCE = 2**53 - 1
"""API: ws-auth: a nonce is at most what a double holds exactly."""

_CANCEL_ON_DISCONNECT = 4
"""The value of `dms`, the dead-man switch (API: ws-auth)."""


class Secret:
    """Text that no log, format, copy or traceback with locals shows: only `reveal` gives it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the one place that needs it: never to be kept in a variable."""
        return self._text

    def __repr__(self) -> str:
        return "<hidden>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not to be copied or written down")


class Credentials(NamedTuple):
    """An API key and the secret that signs for it."""

    key: Secret
    secret: Secret


def auth_message(
    credentials: Credentials,
    nonce: int,
    filters: Sequence[str] = (),
    *,
    dms: bool = False,
    calc: bool = False,
) -> Secret:
    """The `auth` event, its text hidden like the key and the signature in it (API: ws-auth).

    Without filters everything is sent. With `dms` the exchange cancels the session's open
    orders when the connection is gone; with `calc` it sends what it has to calculate, such as
    the profit of positions.
    """
    request: dict[str, Any] = {
        "event": "auth",
        "apiKey": credentials.key,
        "authNonce": nonce,
        "authPayload": f"AUTH{nonce}",
        "authSig": _signature(credentials, f"AUTH{nonce}"),
    }
    if dms:
        request["dms"] = _CANCEL_ON_DISCONNECT
    if calc:
        request["calc"] = 1
    if filters:
        request["filter"] = list(filters)
    return Secret(msgspec.json.encode(request, enc_hook=Secret.reveal).decode())


def rest_headers(
    credentials: Credentials, endpoint: str, nonce: int, body: str
) -> dict[str, Secret]:
    """The headers that sign a POST of this body, exactly as it is sent.

    `endpoint` has no version and no slash before it: `auth/r/trades/hist` (API: REST auth).
    """
    payload = f"/api/v2/{endpoint}{nonce}{body}"
    return {
        "bfx-nonce": Secret(str(nonce)),
        "bfx-apikey": credentials.key,
        "bfx-signature": _signature(credentials, payload),
    }


def _signature(credentials: Credentials, payload: str) -> Secret:
    key = credentials.secret
    return Secret(hmac.new(key.reveal().encode(), payload.encode(), "sha384").hexdigest())


class Permission(Struct):
    """What a key may do in one scope."""

    read: int = 0
    write: int = 0


class AuthAnswer(Struct):
    """The exchange's answer to an `auth` event."""

    event: Literal["auth"]
    status: str = ""
    code: int | None = None
    msg: str | None = None
    user_id: int | None = msgspec.field(default=None, name="userId")
    caps: Any = None

    @property
    def accepted(self) -> bool:
        """Any word but OK is a refusal: both FAIL and FAILED are documented."""
        return self.status == "OK"

    def permissions(self) -> dict[str, Permission] | None:
        """What the key may do, by scope (`orders`, `wallets`…); None where it is not said."""
        try:
            if isinstance(self.caps, str):  # JSON within JSON, in the older form
                return msgspec.json.decode(self.caps, type=dict[str, Permission])
            return msgspec.convert(self.caps, dict[str, Permission])
        except UNREADABLE:
            return None

    def refusal(self) -> CredentialsError:
        """The error that a refusal is: the exchange's words, and what to check."""
        said = f"{self.msg or 'no reason given'} (code {self.code})"
        remedy = error_code(self.code or 0, self.msg or "").remedy
        return CredentialsError(f"the exchange refused the API key: {said}", hint=remedy)


decode_auth_answer = msgspec.json.Decoder(AuthAnswer).decode
"""Reads the `auth` event of the exchange; raises msgspec.DecodeError for anything else."""


def require_permission(answer: AuthAnswer, scope: str, *, write: bool = False) -> None:
    """Raise CredentialsError where the exchange says that the key may not do this."""
    known = answer.permissions()
    if known is None:
        return
    permission = known.get(scope, Permission())
    if not (permission.write if write else permission.read):
        verb = "change" if write else "read"
        raise CredentialsError(
            f"the API key may not {verb} {scope}",
            hint="give the key this permission at the exchange, or use another key",
        )


_TELLING = ("event", "status", "chanId", "caps", "code", "msg")
"""What an answer says without telling whose account it is."""


def is_auth(frame: bytes) -> bool:
    """Whether this frame is an `auth` event, of ours or of the exchange's."""
    return _event_of(frame).get("event") == "auth"


def without_identity(frame: bytes) -> bytes:
    """The frame; of an answer to `auth` only what a session needs to go on."""
    event = _event_of(frame)
    if event.get("event") != "auth":
        return frame
    return msgspec.json.encode({name: event[name] for name in _TELLING if name in event})


def _event_of(frame: bytes) -> dict[str, Any]:
    if not frame.lstrip().startswith(b"{") or b"auth" not in frame:
        return {}
    try:
        return msgspec.json.decode(frame, type=dict[str, Any])
    except UNREADABLE:
        return {"event": "auth"}  # whatever it is, it is not to be shown
