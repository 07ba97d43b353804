"""The API's codes, each with what it asks of the client."""

from __future__ import annotations

import pytest

from bfxstream.protocol.codes import ERROR_CODES, Action, Conf, error_code

# API: abbreviations and error codes
DOCUMENTED = {
    10000: Action.FIX,
    10001: Action.FIX,
    10008: Action.RETRY,
    10011: Action.FIX,
    10012: Action.FIX,
    10020: Action.FIX,
    10050: Action.CONF_REFUSED,
    10100: Action.CREDENTIALS,
    10111: Action.CREDENTIALS,
    10112: Action.CREDENTIALS,
    10113: Action.CREDENTIALS,
    10114: Action.CREDENTIALS,
    10200: Action.FORGET,
    10300: Action.FIX,
    10301: Action.ACTIVE,
    10302: Action.FIX,
    10305: Action.OTHER_CONNECTION,
    10400: Action.FORGET,
    10401: Action.FORGET,
    11000: Action.RETRY,
    11010: Action.RATE_LIMIT,
    20060: Action.RETRY,
}


def test_every_documented_error_code_has_its_action():
    assert {code: known.action for code, known in ERROR_CODES.items()} == DOCUMENTED


@pytest.mark.parametrize("code", DOCUMENTED)
def test_every_documented_error_code_has_a_name_and_a_remedy(code):
    known = error_code(code)
    assert known.name.startswith(("ERR_", "EVT_"))
    assert known.remedy


@pytest.mark.parametrize("code", [10005, 10006, 10201, 10500, 10999])
def test_an_unknown_code_below_11000_is_not_tried_again(code):
    assert error_code(code).action is Action.FIX


@pytest.mark.parametrize("code", [0, 5, 11001, 11999, 20051, 29999])
def test_any_other_unknown_code_is_tried_again(code):
    assert error_code(code).action is Action.RETRY


@pytest.mark.parametrize(
    "message",
    ["symbol: invalid", "precision: invalid", "length: invalid", "channel: unknown", ""],
)
def test_a_refused_subscription_is_final_where_an_input_is_named(message):
    assert error_code(10300, message).action is Action.FIX


@pytest.mark.parametrize("message", ["subscribe: failed", "please try later"])
def test_a_refused_subscription_is_tried_again_where_no_input_is_named(message):
    assert error_code(10300, message).action is Action.RETRY


def test_the_flags_have_the_apis_values():
    assert {flag.name: flag.value for flag in Conf if flag} == {
        "TIMESTAMP": 32768,
        "SEQ_ALL": 65536,
        "OB_CHECKSUM": 131072,
        "BULK_UPDATES": 536870912,
    }
