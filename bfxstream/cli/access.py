"""The account of a run: where it is, and the credentials that open it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bfxstream.cli.credentials import read_credentials
from bfxstream.cli.endpoint import Endpoint
from bfxstream.protocol.account.filters import AccountFilter
from bfxstream.protocol.auth import Credentials, Secret
from bfxstream.stream import policy
from bfxstream.stream.account_link import AccountAccess, check_account_url
from bfxstream.stream.nonces import Nonces, state_folder

_DEMO_REQUESTS = policy.RateLimit(600, 60.0)


def account_access(
    place: Endpoint,
    warn: Callable[[str], None],
    *,
    words: Sequence[str] = (),
    dms: bool = False,
    calc: bool = False,
    timeout: float = policy.REQUEST_TIMEOUT,
) -> AccountAccess:
    """The way into the account; the demo exchange needs no credentials of the user's.

    Raises CredentialsError for what is missing, UsageError for a URL that gets no secrets or a
    filter that is none.
    """
    wanted = AccountFilter(words)
    url, rest_base = _account_place(place)
    check_account_url(url)
    credentials = _demo_credentials() if place.demo else read_credentials(warn)
    return AccountAccess(
        url,
        rest_base,
        credentials,
        Nonces(credentials.key, state_folder(), warn),
        wanted=wanted,
        dms=dms,
        calc=calc,
        requests=_DEMO_REQUESTS if place.demo else policy.REQUESTS,
        timeout=timeout,
    )


def _account_place(place: Endpoint) -> tuple[str, str]:
    """The account's own endpoints, where the user has not named others."""
    url, rest_base = place.url, place.rest_base
    return (
        policy.ACCOUNT_URL if url == policy.PUBLIC_URL else url,
        policy.ACCOUNT_REST_URL if rest_base == policy.PUBLIC_REST_URL else rest_base,
    )


def _demo_credentials() -> Credentials:
    from bfxstream.demo.access import DEMO_KEY, DEMO_SECRET  # noqa: PLC0415  only with --demo

    return Credentials(Secret(DEMO_KEY), Secret(DEMO_SECRET))
