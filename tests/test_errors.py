"""The errors that can end a run, and what each says to the shell."""

from __future__ import annotations

import inspect
import re

import pytest

from bfxstream import errors
from bfxstream.errors import BfxStreamError, ConnectionFailed, ExitCode

CODES = {
    "BfxStreamError": 1,
    "ConnectionFailed": 1,
    "RateLimited": 1,
    "NothingReceived": 1,
    "CaptureFailed": 1,
    "UsageError": 2,
    "Refused": 3,
    "CredentialsError": 4,
    "CompletenessLost": 5,
}


def classes() -> dict[str, type[BfxStreamError]]:
    return {
        name: value
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, BfxStreamError)
    }


def test_every_error_has_the_exit_code_of_the_interface():
    assert {name: int(error.exit_code) for name, error in classes().items()} == CODES


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes():
    drawn = re.findall(r"^(?:[│ ]*[├└]── )?([A-Z]\w+) +(\d)", errors.__doc__ or "", re.MULTILINE)
    assert {name: int(code) for name, code in drawn} == CODES


def test_the_exit_codes_are_those_of_the_interface():
    assert {code.name: code.value for code in ExitCode} == {
        "OK": 0,
        "CONNECTION": 1,
        "USAGE": 2,
        "REFUSED": 3,
        "CREDENTIALS": 4,
        "INCOMPLETE": 5,
        "INTERRUPTED": 130,
        "TERMINATED": 143,
    }


@pytest.mark.parametrize("error", classes().values(), ids=lambda error: error.__name__)
def test_an_error_says_what_happened_and_what_to_do_in_one_line(error):
    assert str(error("it broke")) == "it broke"
    assert str(error("it broke", hint="mend it")) == "it broke; mend it"


def test_a_connection_is_worth_another_try_unless_it_says_otherwise():
    assert not ConnectionFailed("lost").permanent
    assert ConnectionFailed("no such thing", permanent=True).permanent
