"""The account's connection: it signs, and sends what the account's owner asks for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from bfxstream.errors import UsageError
from bfxstream.protocol.account.filters import AccountFilter
from bfxstream.protocol.account.session import AUTH_REQUEST, AccountSession
from bfxstream.protocol.auth import Credentials, auth_message, require_permission
from bfxstream.stream.account_feed import AccountFeed
from bfxstream.stream.account_rest import AccountRest
from bfxstream.stream.connection import Connection
from bfxstream.stream.intake import Intake
from bfxstream.stream.link import FrameTap, Link
from bfxstream.stream.network import is_loopback, shallow
from bfxstream.stream.nonces import Nonces
from bfxstream.stream.policy import REQUEST_TIMEOUT, REQUESTS, RateLimit
from bfxstream.stream.recovery import recovery_of
from bfxstream.stream.world import World

_NONCES_FORGIVEN = 2
"""In a row: more are no accident."""

_SIGNATURE = re.compile(rb"[0-9a-fA-F]{96}")
_HIDDEN = b"<hidden>"


def check_account_url(url: str) -> str:
    """The URL, if secrets may be sent there. Raises UsageError otherwise."""
    parts = urlsplit(url)
    if parts.scheme not in ("wss", "https") and not is_loopback(parts.hostname):
        raise UsageError(
            f"{parts.scheme}://{parts.hostname} is not encrypted: credentials are not sent there",
            hint="use wss://, or a server on this machine",
        )
    return url


class AccountAccess:
    """Where an account is, the proof that it is ours, and what of it is wanted."""

    def __init__(
        self,
        url: str,
        rest_base: str,
        credentials: Credentials,
        nonces: Nonces,
        *,
        wanted: AccountFilter | None = None,
        dms: bool = False,
        calc: bool = False,
        requests: RateLimit = REQUESTS,
        timeout: float = REQUEST_TIMEOUT,
    ) -> None:
        """With `calc` the exchange calculates profits, too; `timeout` is a look-up's, in seconds.

        Raises UsageError where a URL is neither encrypted nor on this machine.
        """
        self.url = check_account_url(url)
        self.wanted = wanted or AccountFilter()
        self.rest = AccountRest(
            check_account_url(rest_base), credentials, nonces, requests, timeout
        )
        self._credentials = credentials
        self._nonces = nonces
        self._dms = dms
        self._calc = calc

    def signed(self) -> bytes:
        """A new `auth` event; never to be kept."""
        filters = self.wanted.for_exchange()
        nonce = self._nonces.next()
        message = auth_message(self._credentials, nonce, filters, dms=self._dms, calc=self._calc)
        return message.reveal().encode()

    def hidden(self, frame: bytes) -> bytes:
        """The frame without what proves who we are: the exchange may repeat it."""
        key = self._credentials.key.reveal().encode()
        return _SIGNATURE.sub(_HIDDEN, frame.replace(key, _HIDDEN))

    def hiding(self, tap: FrameTap) -> FrameTap:
        """A tap that is shown hidden frames alone."""

        def show(number: int, direction: str, mts: int, frames: list[bytes]) -> None:
            tap(number, direction, mts, list(map(self.hidden, frames)))

        return show


class AccountLink(Link):
    """The connection of an account's feed alone."""

    def __init__(
        self,
        number: int,
        access: AccountAccess,
        intake: Intake,
        world: World,
        on_frames: FrameTap | None = None,
    ) -> None:
        look_up = world.recovery or recovery_of
        recovery = look_up(number, access.rest, intake.options.policy)
        self.feed = AccountFeed(0, intake.context, access.wanted, recovery)
        tap = None if on_frames is None else access.hiding(on_frames)
        super().__init__(number, [self.feed], intake, world, tap, url=access.url)
        self._access = access
        self._last: AccountSession | None = None
        self._nonce_refusals = 0

    def request(self, message: bytes) -> bool:
        """Send an input once; False where there is no connection that could take it.

        Raises CredentialsError where the key may not place orders.
        """
        session = self._session
        if not isinstance(session, AccountSession) or session.answer is None:
            return False
        require_permission(session.answer, "orders", write=True)
        session.request(message)
        return True

    def close(self) -> None:
        self.feed.close()
        super().close()

    def _make_session(self) -> AccountSession:
        refused = self._last is not None and self._last.nonce_refused
        self._nonce_refusals = self._nonce_refusals + 1 if refused else 0
        self.feed.begin()
        self._last = AccountSession(
            self._intake.receivers(self.feeds),
            forgives_nonce=self._nonce_refusals < _NONCES_FORGIVEN,
            patience=self._policy.patience,
        )
        return self._last

    def _send(self, connection: Connection, requests: Sequence[bytes]) -> None:
        for request in requests:
            if request != AUTH_REQUEST:
                connection.send([request])
                continue
            try:
                connection.send([self._access.signed()])
            except BaseException as error:
                raise shallow(error) from None
