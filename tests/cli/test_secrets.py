"""Key, secret and signature are nowhere: not in a traceback of any stage, a log, a core dump."""

from __future__ import annotations

import pickle
import pprint
import re
import resource
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import websocket
from demo_account import CREDENTIALS, access, options
from end_to_end.command import PATIENCE, STARTED, clean_environment
from websocket import ABNF, WebSocket

from bfxstream.account import AccountState
from bfxstream.demo.access import DEMO_KEY, DEMO_SECRET
from bfxstream.errors import ConnectionFailed
from bfxstream.protocol.account import session
from bfxstream.protocol.account.answers import Pending
from bfxstream.protocol.auth import auth_message, rest_headers
from bfxstream.protocol.channels import AccountSubscription
from bfxstream.stream import connection
from bfxstream.stream.market import MarketStream

ORDER = ["order", "new", "tBTCUSD", "--side", "buy", "--amount", "0.01", "--price", "60000"]
SIGNATURE = re.compile("[0-9a-f]{96}")


def assert_clean(text: str) -> None:
    assert DEMO_KEY not in text
    assert DEMO_SECRET not in text
    assert not SIGNATURE.search(text)


class Crash(BaseException):
    """Something that nobody expects, and nothing catches."""


def crash(*_: Any, **__: Any) -> None:
    raise Crash


def crash_at_auth(function: Callable[..., Any], *, after: bool = False) -> Callable[..., Any]:
    """A function that crashes when it is given the signed event, or when it has done with it."""

    def perhaps(*arguments: Any, **options: Any) -> Any:
        is_auth = any(isinstance(each, str) and "apiKey" in each for each in arguments)
        if is_auth and not after:
            raise Crash
        result = function(*arguments, **options)
        if is_auth:
            raise Crash
        return result

    return perhaps


STAGES: dict[str, tuple[Any, str, Any]] = {
    "before it connects": (connection, "open_socket", crash),
    "in the handshake": (websocket._core, "handshake", crash),
    "while it authenticates": (ABNF, "create_frame", crash_at_auth(ABNF.create_frame)),
    "when that is sent": (WebSocket, "send", crash_at_auth(WebSocket.send, after=True)),
    "at the answer to it": (session, "decode_auth_answer", crash),
    "while it streams": (AccountState, "receive", crash),
    "while an order is in flight": (Pending, "receive", crash),
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_crash_at_any_stage_shows_none_of_them(stage, command, monkeypatch, capfd):
    monkeypatch.setattr(*STAGES[stage])
    arguments = [*ORDER, "--yes"] if "order" in stage else ["account", "--once"]
    with pytest.raises(Crash) as failure:
        command(*arguments, "--debug")
    assert_clean(report(failure.value))
    out, err = capfd.readouterr()
    assert_clean(out + err)
    assert "apiKey" in err or "auth" not in stage


def test_nor_does_a_crash_of_a_signed_call(exchange, tmp_path, monkeypatch):
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("http.client.HTTPConnection.endheaders", fail)
    with pytest.raises(ConnectionFailed) as failure:
        access(exchange, tmp_path).rest.open_orders()
    said = report(failure.value)
    assert "RuntimeError" in said
    assert_clean(said)


def report(error: BaseException) -> str:
    """All that a crash reporter could get hold of: every frame's variables, and every cause."""
    parts = []
    seen: BaseException | None = error
    while seen is not None:
        parts += [*traceback.format_exception_only(seen), repr(seen.args)]
        for frame, _ in traceback.walk_tb(seen.__traceback__):
            if Path(frame.f_code.co_filename).parent != Path(__file__).parent:
                parts += [f"{name} = {value!r}" for name, value in frame.f_locals.items()]
        seen = seen.__cause__ or seen.__context__
    return "\n".join(parts)


def test_whatever_holds_them_hides_them(exchange, tmp_path):
    way = access(exchange, tmp_path)
    stream = MarketStream([AccountSubscription()], options(exchange), account=way)
    headers = rest_headers(CREDENTIALS, "auth/r/orders", 1, "{}")
    event = auth_message(CREDENTIALS, 1)
    for holder in (CREDENTIALS, way, way.rest, stream, stream.account, headers, event):
        shown = f"{holder!r} {holder!s} {getattr(holder, '__dict__', '')} {pprint.pformat(holder)}"
        assert_clean(shown)
    for secret in (CREDENTIALS, event):
        with pytest.raises(TypeError):
            pickle.dumps(secret)


def test_what_the_exchange_repeats_of_them_is_not_shown(exchange, tmp_path):
    shown: list[bytes] = []
    tap = access(exchange, tmp_path).hiding(lambda number, way, mts, frames: shown.extend(frames))
    signed = auth_message(CREDENTIALS, 1).reveal().encode()
    tap(1, "received", 0, [b'{"event":"error","msg":"auth: dup",' + signed[1:], b"[0,[]]"])
    assert_clean(shown[0].decode())
    assert b'"apiKey":"<hidden>"' in shown[0]
    assert shown[1] == b"[0,[]]"


# From outside of the process.


def test_nothing_outside_of_the_process_has_them_and_it_leaves_no_core(environ, tmp_path):
    """Not its arguments, nor the report of a deadly signal; there is no dump, and no child."""
    command = [sys.executable, "-X", "dev", "-X", "faulthandler", "-m", "bfxstream"]
    most = resource.getrlimit(resource.RLIMIT_CORE)[1]
    with (tmp_path / "stderr").open("w+") as errors:
        running = subprocess.Popen(
            [*command, "account", "--debug"],
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=tmp_path,
            env=clean_environment(**environ),
            text=True,
            preexec_fn=partial(resource.setrlimit, resource.RLIMIT_CORE, (most, most)),  # noqa: PLW1509
        )
        STARTED.append(running)
        assert running.stdout is not None
        printed = running.stdout.readline()
        process = Path(f"/proc/{running.pid}")
        assert_clean((process / "cmdline").read_text())
        assert re.search(r"core file size +0 ", (process / "limits").read_text())
        assert (process / f"task/{running.pid}/children").read_text() == ""
        running.send_signal(signal.SIGABRT)
        printed += running.communicate(timeout=PATIENCE)[0]
        errors.seek(0)
        said = errors.read()
    assert running.returncode == -signal.SIGABRT
    assert "Fatal Python error: Aborted" in said
    assert '"apiKey":"<hidden>"' in said
    assert_clean(printed + said)
    assert not list(tmp_path.glob("core*"))


@pytest.mark.skipif(sys.platform != "linux", reason="prctl(2) is Linux's")
def test_whoever_holds_them_cannot_be_dumped_whatever_takes_the_dumps():
    asks = (
        "import ctypes, sys; from bfxstream.cli.credentials import read_credentials;"
        "read_credentials(print); sys.exit(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    )
    given = clean_environment(BFX_API_KEY="key", BFX_API_SECRET="secret")
    assert subprocess.run([sys.executable, "-c", asks], env=given, check=False).returncode == 0
