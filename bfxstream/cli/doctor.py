"""`bfxstream doctor`: one check after the other, from this machine to the exchange and the key."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

import click

from bfxstream.cli.access import account_access
from bfxstream.cli.credentials import KEY, SECRET
from bfxstream.cli.endpoint import Endpoint, endpoint
from bfxstream.cli.machine import (
    check_folder,
    check_key_files,
    check_terminal,
    check_versions,
    terminal_of,
)
from bfxstream.cli.options import (
    DEBUG,
    DEMO,
    JSON,
    NO_COLOR,
    REST_URL,
    SOME_TIME,
    URL,
    option,
    resolve_output,
)
from bfxstream.cli.signals import Signals
from bfxstream.cli.stderr import say
from bfxstream.cli.types import OutputType
from bfxstream.errors import BfxStreamError, ConnectionFailed, ExitCode, UsageError
from bfxstream.folders import user_folder
from bfxstream.output.descriptors import LineWriter
from bfxstream.output.jsonl import JsonLinesSink
from bfxstream.protocol.records import Check
from bfxstream.stream.account_link import AccountAccess
from bfxstream.stream.checkup import (
    Finding,
    Visit,
    check_clock,
    check_connect,
    check_dns,
    check_limits,
    check_permissions,
    check_platform,
    check_proxy,
    check_rest,
    check_tls,
    failed_in_tls,
    visit,
)
from bfxstream.stream.nonces import state_folder
from bfxstream.stream.rest import RestClient

_FROM_FILES = f"{KEY}_FILE", f"{SECRET}_FILE"


class _Skipped(Exception):
    """There is nothing to check, or no way to."""


@click.command()
@option(
    "--output",
    "-o",
    type=OutputType(["auto", "table", "jsonl"]),
    default="auto",
    help="auto: a table on a terminal, JSON Lines in a pipe.",
)
@JSON
@option(
    "--timeout",
    type=SOME_TIME,
    default=10.0,
    show_default=False,
    help="For each step on the network.  [default: 10s]",
)
@URL
@REST_URL
@DEMO
@DEBUG
@NO_COLOR
def doctor(
    output: str,
    json: bool,
    timeout: float,
    url: str | None,
    rest_url: str | None,
    demo: bool,
    debug: bool,
    no_color: bool,
) -> int:
    """Check what a stream needs: this machine, the network, the exchange, and your key.

    Each check is ok, a warning, failed or skipped, with what to do. Exit code 1 if one failed, 4 if
    it was the credentials, 0 otherwise. No secret is ever printed.

    \b
    Examples:
      bfxstream doctor
      bfxstream doctor --demo --json | jq -r '[.check, .state] | @tsv'
      bfxstream doctor --json | jq 'select(.state == "failed")'
    """
    output = resolve_output(output, json, sys.stdout.isatty())
    with Signals(), endpoint(url, rest_url, demo) as place:
        checkup = _Checkup(_printer(output, no_color))
        _check_machine(checkup)
        _check_network(checkup, place, timeout)
        _check_key(checkup, place, timeout)
    if checkup.failed:
        say(f"failed: {', '.join(checkup.failed)}")
    return checkup.exit_code


class _Checkup:
    """Makes the checks, shows each at once, and remembers how bad the worst was."""

    def __init__(self, show: Callable[[Check], None]) -> None:
        self._show = show
        self.failed: list[str] = []
        self.exit_code = ExitCode.OK

    def make(self, name: str, check: Callable[[], Finding]) -> None:
        """Show what this check finds, whatever it raises."""
        try:
            found, state, remedy = check()
        except _Skipped as why:
            self._show(Check(check=name, state="skipped", found=str(why)))
        except (BfxStreamError, OSError) as error:
            self._fail(name, error)
        else:
            self._show(Check(check=name, state=state, found=found, remedy=remedy))

    def _fail(self, name: str, error: BfxStreamError | OSError) -> None:
        what, hint, code = str(error), "", ExitCode.CONNECTION
        if isinstance(error, BfxStreamError):
            what, hint, code = error.what, error.hint, error.exit_code
        if isinstance(error, ConnectionFailed) and not hint:
            hint = "check the network, --url and --rest-url; --demo works offline"
        self.failed.append(name)
        self.exit_code = max(self.exit_code, code)
        self._show(Check(check=name, state="failed", found=what, remedy=hint or None))


def _printer(output: str, no_color: bool) -> Callable[[Check], None]:
    if output == "table":
        from bfxstream.output.table.checks import ChecksTable  # noqa: PLC0415  rich costs 90 ms

        return ChecksTable(color=False if no_color else None).show
    sink = JsonLinesSink(LineWriter(sys.stdout.fileno()))
    return lambda check: sink.write([check])


def _check_machine(checkup: _Checkup) -> None:
    def terminal() -> Finding:
        found = terminal_of((sys.stdout, sys.stderr, sys.stdin))
        if found is None:
            raise _Skipped("there is none: JSON Lines are printed")
        return check_terminal(found)

    cache = user_folder("XDG_CACHE_HOME") / "bfxstream"
    checkup.make("versions", check_versions)
    checkup.make("terminal", terminal)
    checkup.make("cache", lambda: check_folder(cache, "the list of symbols"))
    checkup.make("nonces", lambda: check_folder(state_folder(), "the last nonce of a key"))
    checkup.make("limits", check_limits)


def _check_network(checkup: _Checkup, place: Endpoint, timeout: float) -> None:
    checkup.make("proxy", lambda: check_proxy(place.url))
    checkup.make("dns", lambda: check_dns(place.url, timeout))
    way = _Way(place.url, timeout)
    checkup.make("connect", way.connect)
    checkup.make("tls", way.tls)
    checkup.make("platform", lambda: check_platform(way.visit()))
    checkup.make("clock", lambda: check_clock(way.visit()))
    checkup.make("rest", lambda: check_rest(RestClient(place.rest_base, timeout=timeout)))


class _Way:
    """One visit of the exchange, and what can be told by it."""

    def __init__(self, url: str, timeout: float) -> None:
        self._url = url
        self._timeout = timeout
        self._seen: Visit | None = None
        self._failure: ConnectionFailed | None = None

    def connect(self) -> Finding:
        try:
            self._seen = visit(self._url, self._timeout)
        except ConnectionFailed as error:
            self._failure = error
            raise
        return check_connect(self._seen)

    def visit(self) -> Visit:
        if self._seen is None:
            raise _Skipped("there is no connection")
        return self._seen

    def tls(self) -> Finding:
        if not self._url.startswith("wss:"):
            raise _Skipped("ws:// has none")
        if self._failure is not None and failed_in_tls(self._failure):
            raise self._failure
        certificate = self.visit().certificate
        if certificate is None:
            raise _Skipped("the server showed no certificate")
        return check_tls(certificate, time.time())


def _check_key(checkup: _Checkup, place: Endpoint, timeout: float) -> None:
    warnings: list[str] = []
    access: list[AccountAccess] = []

    def credentials() -> Finding:
        if place.demo:
            access.append(account_access(place, warnings.append, timeout=timeout))
            return Finding("the demo exchange's own")
        variables = [each for each in (KEY, SECRET, *_FROM_FILES) if each in os.environ]
        if not variables:
            raise _Skipped(f"{KEY} and {SECRET} are not set: only account and order need them")
        try:
            access.append(account_access(place, warnings.append, timeout=timeout))
        except UsageError as error:
            raise _Skipped(error.what) from None
        return Finding(f"from {' and '.join(variables)}")

    def key_files() -> Finding:
        if place.demo or not any(name in os.environ for name in _FROM_FILES):
            raise _Skipped("none are named")
        return check_key_files(warnings)

    def permissions() -> Finding:
        if not access:
            raise _Skipped("there are no credentials to ask with")
        return check_permissions(access[0].rest)

    checkup.make("credentials", credentials)
    checkup.make("key-files", key_files)
    checkup.make("permissions", permissions)
