"""What all tests share: this folder on the path, hypothesis' settings, a cache, a clean end."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from end_to_end.command import STARTED
from hypothesis import settings

# The same examples in every run: a test fails for a change of the code, never by chance.
settings.register_profile("bfxstream", derandomize=True, deadline=None, max_examples=100)
settings.load_profile("bfxstream")


# A shell that starts us in the background has SIGINT ignored, and so would every command here.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The user's cache stays as it is: commands that tests run inherit this one."""
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = before


@pytest.fixture(autouse=True)
def _nothing_runs_on() -> Iterator[None]:
    """However a test ends, what it has started ends with it."""
    before = len(STARTED)
    yield
    for process in STARTED[before:]:
        with process:  # closes its pipes and waits for it
            process.kill()
    del STARTED[before:]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache for one test: where bfxstream keeps its files in it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "bfxstream"


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores: a third of the suite's time is spent waiting."""
    return (os.cpu_count() or 1) + 1
