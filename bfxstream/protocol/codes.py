"""The numbers of the API: `conf` flags, info codes and error codes, each with its remedy."""

from __future__ import annotations

import enum
from typing import NamedTuple

API_VERSION = 2
MAX_SUBSCRIPTIONS = 25
"""Per connection: the lowest figure in the documents (API: Requirements and limitations)."""


class Conf(enum.IntFlag):
    """Flags of the `conf` event (API: General, configuration)."""

    NONE = 0
    TIMESTAMP = 32768
    SEQ_ALL = 65536
    OB_CHECKSUM = 131072
    BULK_UPDATES = 536870912


class InfoCode(enum.IntEnum):
    """Codes of `info` events after the first one."""

    GENERAL = 5000
    STOP = 20051
    RESYNC_START = 20060
    RESYNC_STOP = 20061


class Action(enum.Enum):
    """What an error code asks of the client."""

    FIX = "fix"  # the request is wrong: asking again gives the same answer
    RETRY = "retry"  # passes by itself: ask again after a while
    RATE_LIMIT = "rate limit"  # passes by itself, after a minute of silence
    OTHER_CONNECTION = "other connection"  # this socket is full
    ACTIVE = "active"  # it is already as we asked
    FORGET = "forget"  # the channel is gone already
    CONF_REFUSED = "conf refused"  # go on without the flags
    CREDENTIALS = "credentials"


class ErrorCode(NamedTuple):
    """One error code: the glossary's name, what it means for the user, what the client does."""

    name: str
    remedy: str
    action: Action


ERROR_CODES: dict[int, ErrorCode] = {
    10000: ErrorCode("ERR_UNK", "the exchange does not know this request", Action.FIX),
    10001: ErrorCode("ERR_GENERIC", "check the symbol and the options", Action.FIX),
    10008: ErrorCode("ERR_CONCURRENCY", "another request was under way; retrying", Action.RETRY),
    10011: ErrorCode("ERR_PREC", "a precision is P0, P1, P2, P3, P4 or R0", Action.FIX),
    10012: ErrorCode("ERR_LEN", "a length is 1, 25, 100 or 250", Action.FIX),
    10020: ErrorCode("ERR_PARAMS", "check the symbol and the options", Action.FIX),
    10050: ErrorCode("ERR_CONF_FAIL", "the stream goes on without it", Action.CONF_REFUSED),
    10100: ErrorCode("ERR_AUTH_FAIL", "check the API key and its permissions", Action.CREDENTIALS),
    10111: ErrorCode("ERR_AUTH_PAYLOAD", "check the API key", Action.CREDENTIALS),
    10112: ErrorCode("ERR_AUTH_SIG", "check the API secret", Action.CREDENTIALS),
    10113: ErrorCode("ERR_AUTH_HMAC", "check the API secret", Action.CREDENTIALS),
    10114: ErrorCode(
        "ERR_AUTH_NONCE",
        "another program uses this key with a larger nonce: give each program its own key",
        Action.CREDENTIALS,
    ),
    10200: ErrorCode("ERR_UNAUTH_FAIL", "the connection was not authenticated", Action.FORGET),
    10300: ErrorCode("ERR_SUB_FAIL", "check the symbol and the options", Action.FIX),
    10301: ErrorCode("ERR_SUB_MULTI", "already subscribed", Action.ACTIVE),
    10302: ErrorCode("ERR_SUB_UNK", "the exchange has no such channel", Action.FIX),
    10305: ErrorCode(
        "ERR_SUB_LIMIT",
        "too many channels on one connection",
        Action.OTHER_CONNECTION,
    ),
    10400: ErrorCode("ERR_UNSUB_FAIL", "the channel was not open", Action.FORGET),
    10401: ErrorCode("ERR_UNSUB_NOT", "the channel was not subscribed", Action.FORGET),
    11000: ErrorCode("ERR_READY", "the exchange is not ready; retrying", Action.RETRY),
    11010: ErrorCode(
        "ERR_RATE_LIMIT", "too many requests; retrying in a minute", Action.RATE_LIMIT
    ),
    20060: ErrorCode("EVT_RESYNC_START", "the exchange is in maintenance; retrying", Action.RETRY),
}

_NAMES_AN_INPUT = ("invalid", "unknown")

_AUTH_REMEDIES = {"digest": 10112, "nonce": 10114}
"""10100 is the exchange's general refusal of a key: its text may say which other one it is."""


def error_code(code: int, message: str = "") -> ErrorCode:
    """What an error code means; an unknown 10xxx is not retried, other unknown codes are.

    10300 is the exchange's general refusal: permanent where its text names an input
    (`symbol: invalid`), otherwise worth another try.
    """
    known = ERROR_CODES.get(code)
    if known is None:
        if 10000 <= code < 11000:
            return ErrorCode(f"ERR_{code}", "the exchange gives no more detail", Action.FIX)
        return ErrorCode(f"ERR_{code}", "retrying", Action.RETRY)
    for word, meant in _AUTH_REMEDIES.items():
        if code == 10100 and word in message:
            return ERROR_CODES[meant]
    if code == 10300 and message and not any(word in message for word in _NAMES_AN_INPUT):
        return known._replace(remedy="retrying", action=Action.RETRY)
    return known
