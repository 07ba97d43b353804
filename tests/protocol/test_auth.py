"""Authentication: signatures as the exchange computes them, answers in words, nothing shown."""

from __future__ import annotations

import copy
import json
import pickle

import msgspec
import pytest
from reports import report_with_locals

from bfxstream.errors import CredentialsError, ExitCode
from bfxstream.protocol.auth import (
    AuthAnswer,
    Credentials,
    Secret,
    auth_message,
    decode_auth_answer,
    is_auth,
    require_permission,
    rest_headers,
    without_identity,
)

CREDENTIALS = Credentials(Secret("a key"), Secret("a secret"))
NONCE = 1_700_000_000_000_000

# openssl dgst -sha384 -hmac 'a secret', of AUTH1700000000000000 and of
# /api/v2/auth/r/trades/hist1700000000000001{"limit":5}
SOCKET_SIGNATURE = (
    "513f4df0b89bb9a8de844a0c3b6b8c84b4b4a6ad49eafd94b56767f2cd962c42"
    "64261a08c7cd05cfa2c212a61f18904a"
)
REST_SIGNATURE = (
    "220f1e1171b410620c38f8f3d66769af4d8b2787167da470beae893105e1ef3a"
    "0d0ac5d22004b8cfd807b8ecbf8a3f57"
)


def test_the_auth_event_signs_its_payload():
    assert json.loads(auth_message(CREDENTIALS, NONCE).reveal()) == {
        "event": "auth",
        "apiKey": "a key",
        "authNonce": NONCE,
        "authPayload": f"AUTH{NONCE}",
        "authSig": SOCKET_SIGNATURE,
    }


def test_the_auth_event_says_what_is_wanted_and_whether_orders_die_with_the_connection():
    wanted = auth_message(CREDENTIALS, NONCE, ["wallet", "notify"], dms=True, calc=True)
    event = json.loads(wanted.reveal())
    assert event["filter"] == ["wallet", "notify"]
    assert (event["dms"], event["calc"]) == (4, 1)


def test_a_rest_call_is_signed_over_its_path_nonce_and_body():
    headers = rest_headers(CREDENTIALS, "auth/r/trades/hist", NONCE + 1, '{"limit":5}')
    assert {name: value.reveal() for name, value in headers.items()} == {
        "bfx-nonce": str(NONCE + 1),
        "bfx-apikey": "a key",
        "bfx-signature": REST_SIGNATURE,
    }


# What nobody sees.


def shown(thing: object) -> str:
    return f"{thing} {thing!r} {thing!s} {[thing]} {thing:}"


def test_a_secret_shows_in_no_text_made_of_it():
    secret = Secret("XYZZY")
    everything = shown(secret) + shown(Credentials(secret, secret)) + shown({"a": secret})
    assert "XYZZY" not in everything
    assert secret.reveal() == "XYZZY"
    assert not hasattr(secret, "__dict__")


@pytest.mark.parametrize("write", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps])
def test_a_secret_is_neither_copied_nor_written(write):
    with pytest.raises(TypeError) as failure:
        write(Secret("XYZZY"))
    assert "XYZZY" not in str(failure.value)


def test_a_secret_is_not_written_by_msgspec_either():
    for encoder in (msgspec.json, msgspec.msgpack):
        with pytest.raises(TypeError):
            encoder.encode(CREDENTIALS)


def test_a_traceback_with_locals_shows_neither_key_nor_secret_nor_signature(monkeypatch):
    credentials = Credentials(Secret("XYZZY-KEY"), Secret("XYZZY-SECRET"))
    signature = json.loads(auth_message(credentials, NONCE).reveal())["authSig"]
    for broken in ("hmac.new", "msgspec.json.encode"):
        with monkeypatch.context() as patch:
            patch.setattr(broken, None)
            with pytest.raises(TypeError) as failure:
                auth_message(credentials, NONCE, ["wallet"], dms=True)
        report = report_with_locals(failure.value)
        assert "auth_message" in report
        assert "credentials" in report
        assert "XYZZY" not in report
        assert signature not in report


# Answers.


def answer(**fields) -> AuthAnswer:
    return decode_auth_answer(json.dumps({"event": "auth", "chanId": 0, **fields}).encode())


@pytest.mark.parametrize(
    "frame", [b'{"event":"info","version":2}', b'{"status":"OK"}', b"{}", b"[0,[]]", b"{"]
)
def test_what_is_no_answer_is_not_read_as_one(frame):
    with pytest.raises(msgspec.DecodeError):
        decode_auth_answer(frame)


def test_an_accepted_key_says_what_it_may_do():
    caps = {"orders": {"read": 1, "write": 0}, "wallets": {"read": 1}, "new": {}}
    for said in (caps, json.dumps(caps)):
        accepted = answer(status="OK", userId=5, auth_id="x", caps=said)
        assert accepted.accepted
        assert accepted.user_id == 5
        require_permission(accepted, "orders")
        with pytest.raises(CredentialsError, match="may not change orders"):
            require_permission(accepted, "orders", write=True)
        with pytest.raises(CredentialsError, match="may not read positions"):
            require_permission(accepted, "positions")


@pytest.mark.parametrize("space", [b"", b" ", b"\r\n\t"])
def test_whose_account_it_is_is_left_out_whatever_stands_before_the_answer(space):
    frame = space + b'{"event":"auth","status":"OK","userId":4711}'
    assert is_auth(frame)
    assert without_identity(frame) == b'{"event":"auth","status":"OK"}'


@pytest.mark.parametrize("caps", [None, "nonsense", 5, {"orders": 1}, "[" * 100_000])
def test_permissions_that_are_not_said_are_left_to_the_exchange(caps):
    require_permission(answer(status="OK", caps=caps), "orders", write=True)


@pytest.mark.parametrize(
    ("code", "said", "remedy"),
    [
        (10100, "apikey: invalid", "check the API key"),
        (10100, "apikey: digest invalid", "check the API secret"),
        (10112, "signature: invalid", "check the API secret"),
        (10114, "nonce: small", "its own key"),
        (10100, "nonce: small", "its own key"),
        (10199, "what: ever", "no more detail"),
        (None, None, ""),
    ],
)
@pytest.mark.parametrize("status", ["FAILED", "FAIL", ""])
def test_a_refused_key_is_the_exchanges_words_and_what_to_check(status, code, said, remedy):
    refused = answer(status=status, code=code, msg=said)
    assert not refused.accepted
    error = refused.refusal()
    assert error.exit_code is ExitCode.CREDENTIALS
    assert str(code) in str(error)
    assert (said or "no reason") in str(error)
    assert remedy in str(error)
