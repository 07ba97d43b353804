"""Nonces: they rise, whatever the clock, the other processes and the disk do."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from end_to_end.command import STARTED

from bfxstream.protocol.auth import Secret
from bfxstream.stream.nonces import Nonces, state_folder

KEY = Secret("XYZZY")
SECOND = 1_000_000_000


class Clock:
    """Nanoseconds, as many as are set."""

    def __init__(self, now: int = 1_700_000_000 * SECOND) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def nonces(folder: Path, clock=time.time_ns, key: Secret = KEY) -> Nonces:
    return Nonces(key, folder, pytest.fail, clock)


def test_a_nonce_is_the_clock_in_microseconds(tmp_path):
    assert nonces(tmp_path, Clock()).next() == 1_700_000_000_000_000


def test_nonces_rise_while_the_clock_stands_still(tmp_path):
    some = nonces(tmp_path, Clock())
    first = some.next()
    assert [some.next(), some.next()] == [first + 1, first + 2]


def test_nonces_rise_over_a_restart_with_the_clock_set_back(tmp_path):
    clock = Clock()
    last = nonces(tmp_path, clock).next()
    clock.now -= 3600 * SECOND
    assert nonces(tmp_path, clock).next() == last + 1
    clock.now += 7200 * SECOND
    assert nonces(tmp_path, clock).next() == clock.now // 1000


def test_each_key_has_its_own_and_no_file_names_one(tmp_path):
    clock = Clock()
    nonces(tmp_path, clock).next()
    assert nonces(tmp_path, clock, Secret("other")).next() == clock.now // 1000
    files = list(tmp_path.iterdir())
    assert len(files) == 2
    assert not any("XYZZY" in file.name or "XYZZY" in file.read_text() for file in files)


def test_the_file_is_for_its_owner_alone(tmp_path):
    folder = tmp_path / "state" / "bfxstream"
    nonces(folder).next()
    (file,) = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"-5\n", b"9" * 30, b"5\nrest of a longer one"]
)
def test_a_file_that_makes_no_sense_is_written_anew(tmp_path, content):
    clock = Clock()
    nonces(tmp_path, clock).next()
    (file,) = tmp_path.iterdir()
    file.write_bytes(content)
    first = nonces(tmp_path, clock).next()
    assert first == clock.now // 1000
    assert nonces(tmp_path, clock).next() == first + 1


def test_nobody_else_comes_between_the_reading_and_the_writing(tmp_path):
    """Each has the file opened for itself, as another process has."""
    reading, other_came_in = threading.Event(), threading.Event()
    now = Clock().now

    def slow_clock() -> int:
        reading.set()
        assert not other_came_in.wait(0.1), "it came in while the file was being changed"
        return now

    def other_clock() -> int:
        other_came_in.set()
        return now

    with ThreadPoolExecutor() as pool:
        first = pool.submit(nonces(tmp_path, slow_clock).next)
        assert reading.wait(10)
        second = pool.submit(nonces(tmp_path, other_clock).next)
        assert second.result(10) == first.result(10) + 1


def test_threads_that_share_a_counter_never_make_the_same_one(tmp_path):
    some = nonces(tmp_path, Clock())
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: some.next(), range(100)))
    assert len(set(made)) == 100


def test_another_process_goes_on_from_there(tmp_path):
    clock = Clock((1 << 52) * 1000)  # far ahead of the other's clock
    last = nonces(tmp_path, clock).next()
    program = (
        "import sys; from pathlib import Path; from bfxstream.protocol.auth import Secret; "
        "from bfxstream.stream.nonces import Nonces; "
        "print(Nonces(Secret('XYZZY'), Path(sys.argv[1]), print).next())"
    )
    other = subprocess.run(
        [sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True
    )
    assert int(other.stdout) == last + 1


def test_processes_at_the_same_time_never_make_the_same_one(tmp_path):
    program = (
        "import sys; from pathlib import Path; from bfxstream.protocol.auth import Secret; "
        "from bfxstream.stream.nonces import Nonces; "
        "some = Nonces(Secret('XYZZY'), Path(sys.argv[1]), print); input('ready\\n'); "
        "print(*(some.next() for _ in range(500)))"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    STARTED.extend(processes)
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    made = [[int(text) for text in each.communicate(timeout=60)[0].split()] for each in processes]
    assert len(set(made[0] + made[1])) == 1000
    assert all(each == sorted(each) for each in made)


@pytest.mark.parametrize("obstacle", ["file", "directory", "link"])
def test_where_nothing_can_be_kept_a_warning_says_so_once_and_nonces_still_rise(tmp_path, obstacle):
    folder = tmp_path / "state"
    if obstacle == "file":
        folder.write_text("in the way")
    else:
        nonces(folder).next()
        (file,) = folder.iterdir()
        file.unlink()
        file.mkdir() if obstacle == "directory" else file.symlink_to(tmp_path / "elsewhere")
    warnings: list[str] = []
    some = Nonces(KEY, folder, warnings.append, Clock())
    first = some.next()
    assert some.next() == first + 1
    (warning,) = warnings
    assert str(folder) in warning
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"XDG_STATE_HOME": "/var/state"}, "/var/state/bfxstream"),
        ({"XDG_STATE_HOME": "relative"}, "~/.local/state/bfxstream"),
        ({"XDG_STATE_HOME": ""}, "~/.local/state/bfxstream"),
        ({}, "~/.local/state/bfxstream"),
    ],
)
def test_state_lies_where_the_xdg_specification_says(environ, folder):
    assert state_folder(environ) == Path(folder).expanduser()


def test_a_user_without_a_home_keeps_nothing(monkeypatch):
    def no_home() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", no_home)
    assert state_folder({}).is_relative_to(os.devnull)
