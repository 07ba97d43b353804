"""The kept list of symbols: by exchange, by age, and whole whatever happens."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest
from rest_server import rest_server

from bfxstream.protocol.symbol_list import SymbolList
from bfxstream.stream import policy
from bfxstream.stream.limiter import RateLimiter
from bfxstream.stream.rest import RestClient
from bfxstream.stream.symbol_cache import SymbolCache, ask_for_symbols

REAL = policy.PUBLIC_REST_URL
OTHER = "http://127.0.0.1:8080/v2"


@pytest.fixture(scope="module")
def found() -> SymbolList:
    with rest_server() as server:
        return ask_for_symbols(RestClient(server.base, limiter=RateLimiter()))


def made_older(folder: Path, seconds: float) -> None:
    (file,) = folder.glob("*.json")
    then = time.time() - seconds
    os.utime(file, (then, then))


def test_what_was_stored_is_loaded_and_fresh(tmp_path, found):
    cache = SymbolCache(tmp_path / "new" / "folder")
    assert cache.load(REAL) is None
    cache.store(REAL, found)
    kept = cache.load(REAL)
    assert kept is not None
    assert kept.symbols.names == found.names
    assert kept.symbols.codes == found.codes
    assert bytes(kept.symbols.symbols[0].min_order_size) == b"0.00006"
    assert kept.fresh


@pytest.mark.parametrize(("age", "fresh"), [(23 * 3600, True), (25 * 3600, False), (-3600, False)])
def test_a_list_is_fresh_for_a_day_and_never_from_the_future(tmp_path, found, age, fresh):
    cache = SymbolCache(tmp_path)
    cache.store(REAL, found)
    made_older(tmp_path, age)
    kept = cache.load(REAL)
    assert kept is not None
    assert kept.fresh is fresh
    assert kept.age == pytest.approx(age, abs=60)


def test_each_exchange_has_a_list_of_its_own(tmp_path, found):
    cache = SymbolCache(tmp_path)
    cache.store(OTHER, SymbolList(found.symbols[:1], {}))
    assert cache.load(REAL) is None
    assert cache.load("http://127.0.0.1:8081/v2") is None
    cache.store(REAL, found)
    kept = cache.load(OTHER)
    assert kept is not None
    assert len(kept.symbols.symbols) == 1


def test_completions_have_another_exchanges_list_until_the_real_one_is_known(tmp_path, found):
    cache = SymbolCache(tmp_path)
    one = SymbolList(found.symbols[:1], {})
    for base, names in ((OTHER, one), (REAL, found), (OTHER, found)):
        cache.store(base, one if base == OTHER else found)
        assert (tmp_path / "symbols.txt").read_text().split() == names.names


def test_a_list_for_completions_alone_is_no_kept_list(tmp_path, found):
    cache = SymbolCache(tmp_path / "new")
    cache.complete_with(SymbolList(found.symbols[:1], {}))
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["symbols.txt"]
    cache.store(REAL, found)
    cache.complete_with(SymbolList(found.symbols[:1], {}))
    assert (tmp_path / "new" / "symbols.txt").read_text().split() == found.names


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"symbols":[{}],"codes":{}}', b"\xff"])
def test_a_damaged_file_counts_as_none(tmp_path, found, damage):
    cache = SymbolCache(tmp_path)
    cache.store(REAL, found)
    (file,) = tmp_path.glob("*.json")
    file.write_bytes(damage)
    assert cache.load(REAL) is None
    cache.store(REAL, found)
    assert cache.load(REAL) is not None


def test_a_write_that_fails_leaves_the_old_list_and_nothing_else(tmp_path, found, monkeypatch):
    cache = SymbolCache(tmp_path)
    cache.store(REAL, found)
    before = sorted(tmp_path.iterdir())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        cache.store(REAL, SymbolList([], {}))
    assert sorted(tmp_path.iterdir()) == before
    kept = cache.load(REAL)
    assert kept is not None
    assert kept.symbols.names == found.names


def test_the_folder_is_the_users_alone(tmp_path, found):
    folder = tmp_path / "bfxstream"
    SymbolCache(folder).store(REAL, found)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
