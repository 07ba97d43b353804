"""The account's session: it authenticates by itself and heals by a new connection."""

from __future__ import annotations

import json
from typing import Any

import pytest
from account_frames import row

from bfxstream.errors import CredentialsError
from bfxstream.protocol.account.session import AUTH_REQUEST, AccountSession
from bfxstream.protocol.events import Subscribed

CONF = 98304  # SEQ_ALL and TIMESTAMP
MTS = 1_790_000_000_000


def event(**fields: Any) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()


class Talk:
    """A session that was greeted, and what it took."""

    def __init__(self, **options: Any) -> None:
        self.taken: list[Any] = []
        self.session = AccountSession(
            [lambda message, fresh: self.taken.append(message)], **options
        )
        self.session.tick(0.0)
        self.hear(event(event="info", version=2, platform={"status": 1}))
        self.hear(event(event="conf", status="OK", flags=CONF))

    def hear(self, frame: bytes) -> None:
        self.session.receive(frame)

    def accept(self) -> None:
        self.hear(event(event="auth", status="OK", chanId=0, userId=1, caps={}))


def test_flags_come_first_then_the_authentication():
    conf, auth = Talk().session.frames_to_send()
    assert json.loads(conf) == {"event": "conf", "flags": CONF}
    assert auth == AUTH_REQUEST


def test_messages_are_taken_once_the_exchange_has_accepted():
    talk = Talk()
    talk.hear(b'[0,"hb",1,%d]' % MTS)
    talk.accept()
    talk.hear(json.dumps([0, "wu", row("wallet"), 2, 1, MTS], separators=(",", ":")).encode())
    [message] = talk.taken
    assert (message.code, message.seq, message.server_mts) == ("wu", 2, MTS)
    wallet = json.dumps([0, "wu", row("wallet"), 3, 2, MTS]).encode()
    assert talk.session.server_mts_of(wallet) == MTS
    assert talk.session.take_events() == [Subscribed("account", 0)]
    assert talk.session.reconnect_reason == ""


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b'[0,"hb",5,%d]' % MTS, "messages of the account may be missing"),
        (b'[0,"wu",["exchange"],1,1,%d]' % MTS, "a frame was unreadable"),
        (event(event="info", code=20051, msg=""), "info 20051"),
    ],
)
def test_what_is_missing_needs_a_new_connection(frame, reason):
    talk = Talk()
    talk.accept()
    talk.hear(frame)
    assert reason in talk.session.reconnect_reason


def test_a_refusal_is_an_error_with_the_exchanges_words():
    talk = Talk()
    with pytest.raises(CredentialsError, match=r"apikey: invalid.*10100"):
        talk.hear(event(event="auth", status="FAILED", chanId=0, code=10100, msg="apikey: invalid"))


def test_a_nonce_that_was_overtaken_is_worth_another_connection():
    refusal = event(event="auth", status="FAILED", chanId=0, code=10114, msg="nonce: small")
    talk = Talk(forgives_nonce=True)
    talk.hear(refusal)
    assert talk.session.nonce_refused
    assert "nonce: small" in talk.session.reconnect_reason
    with pytest.raises(CredentialsError, match="nonce"):
        Talk().hear(refusal)


def test_the_authentication_waits_for_the_end_of_a_maintenance():
    session = AccountSession(None)
    session.receive(event(event="info", version=2, platform={"status": 0}))
    assert AUTH_REQUEST not in session.frames_to_send()


def test_silence_instead_of_an_answer_needs_a_new_connection():
    talk = Talk()
    talk.session.tick(31.0)
    assert "not answered" in talk.session.reconnect_reason
