"""Credentials: from variables or files, and one line for everything that can be wrong with them."""

from __future__ import annotations

import os

import pytest
from reports import report_with_locals

from bfxstream.cli.credentials import read_credentials
from bfxstream.errors import CredentialsError

VARIABLES = ("BFX_API_KEY", "BFX_API_SECRET", "BFX_API_KEY_FILE", "BFX_API_SECRET_FILE")
VALUE = "XYZZY-0123456789"


@pytest.fixture
def given(monkeypatch, tmp_path):
    """Sets the variables: `_FILE` ones to a file with that content, unless it is a path."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)

    def give(mode: int = 0o600, **variables: str | bytes | os.PathLike[str]) -> None:
        for name, content in variables.items():
            value = content
            if isinstance(content, bytes):
                value = tmp_path / name
                value.write_bytes(content)
                value.chmod(mode)
            monkeypatch.setenv(name, os.fspath(value))

    return give


def read() -> tuple[str, str, list[str]]:
    warnings: list[str] = []
    credentials = read_credentials(warnings.append)
    return credentials.key.reveal(), credentials.secret.reveal(), warnings


def test_they_come_from_the_environment(given):
    given(BFX_API_KEY="key", BFX_API_SECRET=" secret\n")
    assert read() == ("key", "secret", [])


def test_they_come_from_files_and_from_a_mixture(given):
    given(BFX_API_KEY_FILE=b"key\n", BFX_API_SECRET_FILE=b"  secret\r\n")
    assert read() == ("key", "secret", [])
    given(BFX_API_KEY_FILE="", BFX_API_KEY="other")
    assert read() == ("other", "secret", [])


def test_a_blank_variable_counts_as_unset_beside_its_file(given):
    given(BFX_API_KEY=" ", BFX_API_KEY_FILE=b"key", BFX_API_SECRET="secret")
    assert read()[0] == "key"


def test_a_file_that_everybody_can_read_is_worth_a_warning(given):
    given(mode=0o644, BFX_API_SECRET_FILE=VALUE.encode())
    given(BFX_API_KEY_FILE=b"key")
    _, secret, (warning,) = read()
    assert secret == VALUE
    assert "BFX_API_SECRET_FILE" in warning
    assert "chmod 600" in warning
    assert VALUE not in warning


def test_a_pipe_is_a_file_too(given):
    reading, writing = os.pipe()
    os.write(writing, b"secret\n")
    os.close(writing)
    given(BFX_API_KEY="key", BFX_API_SECRET_FILE=f"/dev/fd/{reading}")
    assert read() == ("key", "secret", [])
    os.close(reading)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({}, ["BFX_API_KEY and BFX_API_SECRET are not set", "--demo"]),
        ({"BFX_API_KEY": VALUE}, ["BFX_API_KEY is given without BFX_API_SECRET"]),
        ({"BFX_API_SECRET": VALUE}, ["BFX_API_SECRET is given without BFX_API_KEY"]),
        ({"BFX_API_KEY": "", "BFX_API_SECRET": VALUE}, ["BFX_API_KEY is empty"]),
        ({"BFX_API_KEY_FILE": " ", "BFX_API_SECRET": VALUE}, ["BFX_API_KEY_FILE is empty"]),
        ({"BFX_API_KEY": VALUE, "BFX_API_KEY_FILE": b"x"}, ["both set", "BFX_API_KEY_FILE"]),
        ({"BFX_API_KEY": f"{VALUE} {VALUE}"}, ["BFX_API_KEY has characters"]),
        ({"BFX_API_KEY": f"{VALUE}\r\nX: y"}, ["BFX_API_KEY has characters"]),
        ({"BFX_API_KEY": f"{VALUE}\u00e9"}, ["BFX_API_KEY has characters"]),
        ({"BFX_API_SECRET_FILE": b" \n"}, ["the file of BFX_API_SECRET_FILE is empty"]),
        ({"BFX_API_SECRET_FILE": b"\xff" + VALUE.encode()}, ["BFX_API_SECRET_FILE has characters"]),
        ({"BFX_API_SECRET_FILE": f"{VALUE}\n{VALUE}".encode()}, ["has characters", "nothing else"]),
        ({"BFX_API_SECRET_FILE": VALUE.encode() * 1000}, ["BFX_API_SECRET_FILE is too large"]),
        ({"BFX_API_SECRET_FILE": f"/{VALUE}"}, ["BFX_API_SECRET_FILE", "No such file"]),
        ({"BFX_API_SECRET_FILE": f"{VALUE}\n" * 5000}, ["BFX_API_SECRET_FILE", "too long"]),
        ({"BFX_API_SECRET_FILE": "/"}, ["BFX_API_SECRET_FILE", "Is a directory"]),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_variable_and_never_the_value(
    given, variables, words
):
    given(**variables)
    with pytest.raises(CredentialsError) as failure:
        read()
    said = str(failure.value)
    for word in words:
        assert word in said
    assert "\n" not in said
    assert VALUE not in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read_is_said_to_be_so(given):
    given(mode=0o000, BFX_API_KEY="key", BFX_API_SECRET_FILE=VALUE.encode())
    with pytest.raises(CredentialsError, match="Permission denied"):
        read()


@pytest.mark.parametrize("kind", ["", "_FILE"])
@pytest.mark.parametrize("content", [VALUE, f"{VALUE} {VALUE}", VALUE * 1000])
def test_a_traceback_with_locals_never_shows_them(given, monkeypatch, kind, content):
    """Whatever breaks, and wherever: here the check of the characters does."""
    given(BFX_API_KEY="key", **{f"BFX_API_SECRET{kind}": content.encode() if kind else content})
    monkeypatch.setattr("bfxstream.cli.credentials._PRINTABLE", None)
    with pytest.raises((CredentialsError, AttributeError)) as failure:
        read_credentials(print)
    report = report_with_locals(failure.value)
    assert "read_credentials" in report
    assert VALUE not in report
