"""`bfxstream symbols`, and the nearest names of a refused symbol."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rest_server import RestServer, rest_server, saying

from bfxstream.cli import run_command
from bfxstream.cli.stderr import say
from bfxstream.errors import ConnectionFailed, NothingReceived, Refused
from bfxstream.stream import nearest, policy
from bfxstream.stream.nearest import naming_the_nearest

NOWHERE = "http://127.0.0.1:1/v2"


@pytest.fixture
def server(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RestServer]:
    """The exchange's lists, where the command looks for them."""
    with rest_server() as served:
        monkeypatch.setenv("BFXSTREAM_REST_URL", served.base)
        yield served


@pytest.fixture
def ask(capfd):
    """Runs `bfxstream symbols` in process: its exit code, its lines, what it said."""

    def answer(*arguments: str) -> tuple[int, list[str], str]:
        code = run_command(["symbols", *arguments])
        out, err = capfd.readouterr()
        return code, out.splitlines(), err

    return answer


def age(cache: Path, seconds: float) -> None:
    """Let the kept list be older."""
    (file,) = cache.glob("*.json")
    then = time.time() - seconds
    os.utime(file, (then, then))


# What is printed.


def test_a_format_of_other_commands_in_the_environment_is_none_of_ours(server, ask, monkeypatch):
    monkeypatch.setenv("BFXSTREAM_OUTPUT", "raw")
    code, lines, said = ask()
    assert (code, json.loads(lines[0])["channel"], said) == (0, "symbols", "")
    monkeypatch.setenv("BFXSTREAM_OUTPUT", "csv")
    assert ask()[1][0].startswith("channel,symbol,")
    assert ask("-o", "raw")[0] == 2


def test_a_pipe_gets_a_json_object_a_line(server, ask):
    code, lines, said = ask()
    assert (code, said) == (0, "")
    assert len(lines) == 11
    assert json.loads(lines[1]) == {
        "channel": "symbols",
        "symbol": "tBTCUSD",
        "kind": ["exchange", "margin"],
        "base": "BTC",
        "quote": "USD",
        "min_order_size": 0.00006,
        "max_order_size": 2000.0,
    }
    assert '"min_order_size":0.00006,' in lines[1]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["btcu"], "tBTCUSD tBTCUST"),
        (["--kind", "margin"], "tBTCUSD tETHBTC"),
        (["--kind", "funding", "us"], "fUSD fUST"),
        (["*usd*", "--kind", "futures"], ""),
    ],
)
def test_pattern_and_kind_choose(server, ask, arguments, found):
    _, lines, _ = ask(*arguments, "--fields", "symbol")
    assert [json.loads(line) for line in lines] == [{"symbol": name} for name in found.split()]


def test_csv_has_the_kinds_between_spaces(server, ask):
    _, lines, _ = ask("btcusd", "-o", "csv")
    assert lines == [
        "channel,symbol,kind,base,quote,min_order_size,max_order_size",
        "symbols,tBTCUSD,exchange margin,BTC,USD,0.00006,2000.0",
    ]
    assert ask("btcusd", "-o", "csv", "--fields", "quote,base")[1] == ["quote,base", "USD,BTC"]


def test_a_table_has_a_row_for_each(server, ask):
    _, lines, _ = ask("dusk", "-o", "table", "--no-color")
    assert [line.split() for line in lines] == [
        ["symbol", "kind", "least", "order", "largest", "order"],
        ["tDUSK:USD", "exchange", "22.0", "500000.0"],
    ]
    _, lines, _ = ask("fusd", "-o", "table", "--fields", "symbol,quote")
    assert [line.split() for line in lines] == [["symbol", "quote"], ["fUSD", "–"]]


def test_no_match_is_said_with_what_may_have_been_meant(server, ask):
    assert ask("nope") == (0, [], "bfxstream: no symbol matches 'nope'\n")
    assert ask("tBTCUSDT")[2].endswith("; did you mean tBTCUST or tBTCF0:USTF0?\n")
    assert ask("btcusd", "--kind", "futures")[2].startswith("bfxstream: no futures symbol")
    assert ask("nope", "-q") == (0, [], "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--fields", "symbol,nope"], ["'nope'", "min_order_size"]),
        (["--kind", "spot"], ["spot", "exchange"]),
        (["-o", "raw"], ["raw"]),
        (["--rest-url", "http://example.org/v2"], ["'http://example.org/v2'"]),
        (["--url", "http://example.org"], ["'http://example.org'"]),
    ],
)
def test_bad_usage_asks_nobody(server, ask, arguments, words):
    code, lines, said = ask(*arguments)
    assert (code, lines, said.count("\n")) == (2, [], 1)
    assert all(word in said for word in words)
    assert server.asked == []


# How often it asks.


def test_it_asks_once_a_day(server, ask, cache):
    first = ask()
    assert ask() == first
    assert len(server.asked) == 1
    age(cache, 25 * 3600)
    assert ask() == first
    assert len(server.asked) == 2
    assert ask("--refresh") == first
    assert len(server.asked) == 3


def test_the_demo_exchanges_list_serves_completions_alone(ask, cache):
    assert ask("--demo", "fUSD")[0] == 0
    assert [file.name for file in cache.iterdir()] == ["symbols.txt"]


def test_without_the_exchange_the_old_list_serves_and_its_age_is_told(server, ask, cache):
    _, lines, _ = ask()
    age(cache, 3 * 86400 + 60)
    server.answer = saying(b"<html>down</html>", 503)
    code, again, said = ask()
    assert (code, again) == (0, lines)
    assert said.count("\n") == 1
    assert "(HTTP 503)" in said
    assert said.endswith("this list is 3 days old\n")
    assert ask("-q") == (0, lines, "")


def test_a_refresh_that_fails_is_an_error(server, ask, cache):
    ask()
    age(cache, 7200)
    server.answer = saying(b"", 503)
    code, lines, said = ask("--refresh")
    assert (code, lines) == (1, [])
    assert "without --refresh there is the list of 2 hours ago" in said


def test_without_exchange_and_list_the_error_names_the_way_out(ask, cache):
    code, lines, said = ask("--rest-url", NOWHERE)
    assert (code, lines) == (1, [])
    assert NOWHERE in said
    assert "--demo works offline" in said


def test_a_cache_that_cannot_be_written_is_no_error(server, ask, cache):
    cache.write_text("a file in the folder's place")
    code, lines, said = ask()
    assert (code, len(lines)) == (0, 11)
    assert "cannot keep the list of symbols" in said


# Nearest names.


def refusal(base: str, *symbols: str, demo: bool = False) -> str:
    """What is said when the exchange refuses these symbols."""
    with pytest.raises(Refused) as raised, naming_the_nearest(base, demo=demo):
        raise Refused("no", hint="check the symbol", symbols=symbols)
    return str(raised.value)


def test_a_refused_symbol_names_the_nearest_and_keeps_the_list_for_the_next_one(server, cache):
    assert refusal(server.base, "tBTCUSDD") == "no; did you mean tBTCUSD?"
    assert refusal(server.base, "tBTCUSX") == "no; did you mean tBTCUST or tBTCUSD?"
    assert len(server.asked) == 1
    assert (cache / "symbols.txt").exists()


def test_several_refused_symbols_are_each_answered(server):
    said = refusal(server.base, "tBTCUSDD", "tXXXYYY", "fUSDT")
    assert said == "no; tBTCUSDD: did you mean tBTCUSD? fUSDT: did you mean fUST?"


def test_the_demo_exchange_is_asked_itself_and_leaves_no_list(server, cache):
    for _ in range(2):
        assert refusal(server.base, "tBTCUSDD", demo=True) == "no; did you mean tBTCUSD?"
    assert len(server.asked) == 2
    assert not cache.exists()


@pytest.mark.parametrize("symbols", [["tXXXYYY"], ["tBTCUSD"], []])
def test_where_nothing_is_near_the_refusal_stays_as_it_was(server, symbols):
    assert refusal(server.base, *symbols) == "no; check the symbol"


def test_where_no_list_is_had_the_refusal_stays_as_it_was(cache):
    assert refusal(NOWHERE, "tBTCUSDD") == "no; check the symbol"


def test_a_list_that_does_not_come_soon_is_not_waited_for(cache, monkeypatch):
    monkeypatch.setattr(policy, "NEAREST_TIMEOUT", 0.05)
    come = threading.Event()
    with rest_server(lambda path: (200, b"[]" if come.wait(10) else b"")) as slow:
        started = time.monotonic()
        assert refusal(slow.base, "tBTCUSDD") == "no; check the symbol"
        assert time.monotonic() - started < 5
        come.set()


def test_other_errors_pass_without_a_look_up(server):
    with pytest.raises(ConnectionFailed, match="lost"), naming_the_nearest(server.base):
        raise ConnectionFailed("lost")
    with naming_the_nearest(server.base):
        pass
    assert server.asked == []


def test_control_characters_of_a_list_never_reach_a_terminal(server, cache, capsys):
    server.answer = saying([["\x1b[2J"], *[[]] * 7])
    say(refusal(server.base, "tBTCUSDD"))
    assert "\x1b" not in capsys.readouterr().err


def test_a_symbol_that_is_silent_names_the_nearest_too(server):
    with pytest.raises(NothingReceived, match=r"no; did you mean tBTCF0:USTF0\?"):  # noqa: SIM117
        with naming_the_nearest(server.base):
            raise NothingReceived("no", symbols=["tBTXF0:USTF0"])


def test_the_question_is_asked_in_english():
    assert nearest.did_you_mean(["a"]) == "did you mean a?"
    assert nearest.did_you_mean(["a", "b"]) == "did you mean a or b?"
    assert nearest.did_you_mean(["a", "b", "c"]) == "did you mean a, b or c?"
