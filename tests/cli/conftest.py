"""Commands of the account's owner, in process, on a demo exchange."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from demo_account import owner
from end_to_end.command import Result

from bfxstream.cli import run_command
from bfxstream.demo import DemoExchange
from bfxstream.stream.limiter import LIMITER, RateLimiter

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGALRM)


@pytest.fixture(scope="module")
def exchange() -> Iterator[DemoExchange]:
    """A quiet market: what moves there are the orders of the tests."""
    with DemoExchange(seed=2, rate=50) as running:
        yield running


@pytest.fixture
def environ(exchange: DemoExchange, tmp_path: Path) -> dict[str, str]:
    """The owner's, with a state folder of the test's own."""
    return owner(exchange, tmp_path)


@pytest.fixture
def new_process(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """What runs next stands for a process of its own, which has a count of connects of its own."""
    return lambda: monkeypatch.setattr(LIMITER, "_endpoints", RateLimiter()._endpoints)


@pytest.fixture
def command(
    environ: dict[str, str],
    new_process: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Iterator[Callable[..., Result]]:
    """Runs a command with what the environment has besides; it leaves no handlers behind."""
    handlers = {number: signal.getsignal(number) for number in _SIGNALS}

    def run(*arguments: str, **changed: str | None) -> Result:
        new_process()
        with monkeypatch.context() as given:
            for name, value in (environ | {"BFXSTREAM_TIME_SCALE": "0.2"} | changed).items():
                if value is None:
                    given.delenv(name, raising=False)
                else:
                    given.setenv(name, value)
            code = run_command(list(arguments))
        out, err = capfd.readouterr()
        return Result(out, err, code)

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)
