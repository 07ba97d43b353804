"""The sinks of a pipe: bytes as promised, one write a batch, and a reader that may leave."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import pty
from pathlib import Path

import pytest
from msgspec import Raw

from bfxstream.condition import Condition
from bfxstream.errors import ReaderGone, ReaderStalled, UsageError
from bfxstream.output.csv import CsvSink
from bfxstream.output.descriptors import LineWriter
from bfxstream.output.fields import check_condition, check_fields, known_fields, values_of
from bfxstream.output.jsonl import FieldsJsonLinesSink, JsonLinesSink
from bfxstream.output.raw import RawSink
from bfxstream.protocol.account.filters import AccountFilter
from bfxstream.protocol.channels import AccountSubscription, parse_spec
from bfxstream.protocol.events import Gap
from bfxstream.protocol.records import BookLevel, BookTop, FullBook, Ticker, Trade
from bfxstream.protocol.views import BookView


def trade(trade_id: int = 1, **more) -> Trade:
    return Trade("trades", "tBTCUSD", "te", trade_id, 1700, Raw(b"-1e-7"), Raw(b"60400"), **more)


TRADE_LINE = (
    '{"channel":"trades","symbol":"tBTCUSD","type":"te","id":1,"mts":1700,'
    '"amount":-1e-7,"price":60400}\n'
)
FULL_DISK = Path("/dev/full")
FULL = FullBook("book", "tBTCUSD", 5, [(Raw(b"1.50"), 2, Raw(b"3"))], [], "ok")


class Pipe:
    """A pipe with a writer on its one end."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        os.set_blocking(self.reading, False)
        self.writer = LineWriter(self.writing)
        self.open = {self.reading, self.writing}

    def read(self) -> str:
        try:
            return os.read(self.reading, 1 << 20).decode()
        except BlockingIOError:
            return ""

    def close(self, end: int) -> None:
        self.open.remove(end)
        os.close(end)


@pytest.fixture
def pipe():
    made = Pipe()
    yield made
    for end in list(made.open):
        made.close(end)


@pytest.fixture
def writes(monkeypatch):
    """Everything that is handed to the system, a list element each call."""
    calls: list[bytes] = []
    real = os.write

    def write(descriptor: int, data) -> int:
        calls.append(bytes(data))
        return real(descriptor, data)

    monkeypatch.setattr("bfxstream.output.descriptors.os.write", write)
    return calls


# JSON Lines.


def test_a_record_is_one_line_with_its_tokens_as_they_came(pipe):
    JsonLinesSink(pipe.writer).write([trade()])
    assert pipe.read() == TRADE_LINE


def test_stamps_are_left_out_unless_they_are_set(pipe):
    JsonLinesSink(pipe.writer).write([trade(seq=7, received_mts=8, server_mts=None)])
    stamped = TRADE_LINE.replace("}", ',"seq":7,"received_mts":8,"server_mts":null}')
    assert pipe.read() == stamped


def test_a_whole_book_is_one_line(pipe):
    JsonLinesSink(pipe.writer).write([FULL])
    assert pipe.read() == (
        '{"channel":"book","symbol":"tBTCUSD","mts":5,"bids":[[1.50,2,3]],"asks":[],'
        '"checksum":"ok"}\n'
    )


def test_an_event_says_first_which_it_is(pipe):
    JsonLinesSink(pipe.writer).write([Gap(None, 5, 9, mts=3)])
    assert pipe.read().startswith('{"event":"gap","spec":null,"first":5,"last":9,')


def test_what_one_read_brought_leaves_in_one_write(pipe, writes):
    JsonLinesSink(pipe.writer).write([trade(i) for i in range(300)])
    assert len(writes) == 1
    assert pipe.read().count("\n") == 300


def test_a_record_has_left_when_write_returns(pipe):
    sink = JsonLinesSink(pipe.writer)
    for i in (1, 2):
        sink.write([trade(i)])
        assert f'"id":{i},' in pipe.read()


@pytest.mark.parametrize("make", [JsonLinesSink, RawSink, lambda w: FieldsJsonLinesSink(w, ["id"])])
def test_an_empty_batch_writes_nothing(pipe, writes, make):
    make(pipe.writer).write([])
    assert writes == []


# Chosen fields.


def test_chosen_fields_come_in_the_users_order(pipe):
    FieldsJsonLinesSink(pipe.writer, ["price", "id", "amount"]).write([trade()])
    assert pipe.read() == '{"price":60400,"id":1,"amount":-1e-7}\n'


def test_a_field_that_a_record_does_not_have_is_null(pipe):
    FieldsJsonLinesSink(pipe.writer, ["price", "bid", "seq"]).write([trade()])
    assert pipe.read() == '{"price":60400,"bid":null,"seq":null}\n'


def test_events_stay_whole_among_chosen_fields(pipe):
    FieldsJsonLinesSink(pipe.writer, ["price"]).write([Gap("trades:tBTCUSD", 5, 9), trade()])
    event, record = map(json.loads, pipe.read().splitlines())
    assert (event["event"], event["first"]) == ("gap", 5)
    assert record == {"price": 60400}


def test_the_chosen_values_of_a_record_are_its_own_objects():
    price = Raw(b"60400")
    record = Trade("trades", "tBTCUSD", "te", 1, 2, Raw(b"1"), price)
    assert values_of(record, ["price"])[0] is price


@pytest.mark.parametrize(
    ("specs", "view", "fields"),
    [
        (["trades:tBTCUSD"], BookView.LEVELS, "channel symbol type id mts amount price"),
        (["trades:fUSD"], BookView.LEVELS, "channel symbol type id mts amount rate period"),
        (["book:tBTCUSD"], BookView.LEVELS, "channel symbol type side price count amount"),
        (["book:tBTCUSD"], BookView.FULL, "channel symbol mts bids asks checksum"),
        (
            ["trades:tBTCUSD", "book:tBTCUSD", "trades:fUSD"],
            BookView.LEVELS,
            "channel symbol type id mts amount price side count rate period",
        ),
    ],
)
def test_the_known_fields_are_those_of_every_record_in_order_and_once(specs, view, fields):
    wishes = [parse_spec(spec) for spec in specs]
    assert known_fields(wishes, view, seq=False, timestamps=False) == fields.split()


def test_an_account_has_the_fields_of_what_is_wanted_of_it():
    wishes, wanted = [AccountSubscription()], AccountFilter(["wallet"])
    fields = known_fields(wishes, BookView.LEVELS, seq=False, timestamps=False, account=wanted)
    assert fields == [
        *("channel", "kind", "type", "wallet_type", "currency", "balance"),
        *("unsettled_interest", "balance_available", "description", "meta"),
    ]
    check_condition(Condition("balance > 1"), wishes, BookView.LEVELS, fields, wanted)
    with pytest.raises(UsageError, match="unknown field 'exec_price' in --until"):
        check_condition(Condition("exec_price > 1"), wishes, BookView.LEVELS, fields, wanted)


def test_stamps_are_known_fields_where_they_are_asked_for():
    wishes = [parse_spec("trades:tBTCUSD")]
    assert known_fields(wishes, BookView.LEVELS, seq=True, timestamps=False)[-1] == "seq"
    both = known_fields(wishes, BookView.LEVELS, seq=True, timestamps=True)
    assert both[-3:] == ["seq", "received_mts", "server_mts"]


def test_an_unknown_field_is_named_and_the_known_ones_are_listed():
    check_fields(["id", "mts"], ["mts", "id", "price"])
    with pytest.raises(UsageError) as raised:
        check_fields(["id", "nope"], ["mts", "id", "price"])
    assert "'nope'" in raised.value.what
    assert "mts, id, price" in raised.value.hint


# CSV.


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_the_header_comes_first_even_where_nothing_follows(pipe):
    CsvSink(pipe.writer, ["id", "price"])
    assert pipe.read() == "id,price\n"


def test_a_record_is_one_line_of_its_tokens(pipe):
    CsvSink(pipe.writer, ["symbol", "id", "amount", "price"]).write([trade()])
    assert pipe.read() == "symbol,id,amount,price\ntBTCUSD,1,-1e-7,60400\n"


def test_null_and_what_a_record_does_not_have_are_empty_cells(pipe):
    null = Raw(b"null")
    top = BookTop("book", "tBTCUSD", null, null, Raw(b"1"), Raw(b"2"), null, null)
    sink = CsvSink(pipe.writer, ["symbol", "bid", "ask", "price", "seq"])
    sink.write([top, trade(), FULL])
    assert cells(pipe.read())[1:] == [
        ["tBTCUSD", "", "1", "", ""],
        ["tBTCUSD", "", "", "60400", ""],
        ["tBTCUSD", "", "", "", ""],
    ]


def test_a_book_that_was_not_proven_has_an_empty_checksum(pipe):
    unproven = FullBook("book", "tBTCUSD", 5, [], [], None)
    CsvSink(pipe.writer, ["checksum"]).write([unproven, FULL])
    assert pipe.read() == 'checksum\n""\nok\n'


def test_the_levels_of_a_book_are_one_quoted_cell_of_json(pipe):
    CsvSink(pipe.writer, ["bids", "asks"]).write([FULL])
    assert cells(pipe.read())[1] == ["[[1.50,2,3]]", "[]"]


def test_text_with_commas_and_quotes_is_quoted(pipe):
    odd = trade()
    odd.symbol = 't"A,B'
    CsvSink(pipe.writer, ["symbol", "id"]).write([odd])
    text = pipe.read()
    assert '"t""A,B",1\n' in text
    assert cells(text)[1] == ['t"A,B', "1"]


def test_a_batch_of_csv_leaves_in_one_write(pipe, writes):
    sink = CsvSink(pipe.writer, ["id"])
    sink.write([trade(i) for i in range(100)])
    sink.write([])
    assert len(writes) == 2, "the header and the batch"


# Raw.


def test_frames_leave_unchanged_a_line_each_and_in_one_write(pipe, writes):
    frames = [b"[5,[1,2,-3.50],1]", b'{"event":"info", "version":2}', b'[5,"hb",2]']
    RawSink(pipe.writer).write(frames)
    assert pipe.read().encode() == b"".join(frame + b"\n" for frame in frames)
    assert len(writes) == 1


def test_a_line_break_inside_a_frame_becomes_a_space(pipe):
    RawSink(pipe.writer).write([b'[5,\n"hb"]'])
    assert pipe.read() == '[5, "hb"]\n'


def test_on_a_terminal_frames_have_no_commands_for_it():
    ours, theirs = pty.openpty()
    try:
        RawSink(LineWriter(theirs)).write([b'[5,"\x1b[2J\xff"]', b'[5,"hb"]'])
        assert os.read(ours, 1000).decode() == '[5,"\ufffd"]\r\n[5,"hb"]\r\n'
    finally:
        os.close(ours)
        os.close(theirs)


# The descriptor.


def test_a_pipe_that_takes_a_part_gets_the_rest(monkeypatch):
    taken: list[bytes] = []

    def write(_: int, data) -> int:
        taken.append(bytes(data[:7]))
        return len(taken[-1])

    reading, writing = os.pipe()
    try:
        monkeypatch.setattr("bfxstream.output.descriptors.os.write", write)
        LineWriter(writing).write(TRADE_LINE.encode())
    finally:
        os.close(reading)
        os.close(writing)
    assert b"".join(taken) == TRADE_LINE.encode()
    assert len(taken) > 10


def fill(pipe: Pipe, line: bytes, count: int) -> None:
    """Write lines to a reader that takes none of them, whom nobody waits for."""
    writer = LineWriter(pipe.writing, may_wait=lambda: False)
    with pytest.raises(ReaderStalled):
        writer.write(line * count)
    writer.close()


@pytest.mark.parametrize("length", [10, 333, 5000, 100_000])
def test_a_reader_that_takes_nothing_is_left_with_whole_lines(pipe, length):
    fcntl.fcntl(pipe.writing, fcntl.F_SETPIPE_SZ, 4096)
    line = b"x" * (length - 1) + b"\n"
    fill(pipe, line, 1000)
    text = pipe.read().encode()
    assert text
    assert text == line * (len(text) // length)


def test_a_reader_is_waited_for_as_long_as_it_may_be(pipe):
    looks = []

    def may_wait() -> bool:
        # Nobody has read until now: the reader takes what there is, and all of it is written.
        looks.append(pipe.read())
        return True

    writer = LineWriter(pipe.writing, may_wait)
    lines = TRADE_LINE.encode() * 2000
    writer.write(lines)
    writer.close()
    assert len(looks) > 1
    assert "".join(looks) + pipe.read() == lines.decode()


def test_the_pipe_stays_as_it_was_for_those_who_share_it(pipe):
    pipe.writer.write(b"x\n")
    assert os.get_blocking(pipe.writing)


def test_a_pipe_that_was_given_without_blocking_is_waited_for_too(pipe):
    os.set_blocking(pipe.writing, False)
    fill(pipe, b"line\n", 20_000)


SINKS = [
    JsonLinesSink,
    lambda writer: FieldsJsonLinesSink(writer, ["id"]),
    lambda writer: CsvSink(writer, ["id"]),
    RawSink,
]


@pytest.mark.parametrize("make", SINKS, ids=["jsonl", "fields", "csv", "raw"])
def test_a_write_to_a_reader_that_has_left_says_so(pipe, make):
    sink = make(pipe.writer)
    pipe.close(pipe.reading)
    with pytest.raises(ReaderGone):
        sink.write([b"[5]"] if make is RawSink else [trade()])


@pytest.mark.parametrize("make", SINKS, ids=["jsonl", "fields", "csv", "raw"])
def test_a_reader_that_has_left_is_noticed_without_a_write(pipe, writes, make):
    sink = make(pipe.writer)
    del writes[:]
    sink.tick(100.0)
    pipe.close(pipe.reading)
    sink.tick(100.5)  # not looked at more than once a second
    with pytest.raises(ReaderGone):
        sink.tick(101.0)
    assert writes == []


def test_a_file_has_no_reader_that_could_leave(tmp_path):
    with (tmp_path / "out").open("wb") as file:
        writer = LineWriter(file.fileno())
        sink = JsonLinesSink(writer)
        for now in (10.0, 20.0):
            sink.tick(now)
        sink.write([trade()])
        sink.close()
    assert (tmp_path / "out").read_text() == TRADE_LINE


@pytest.mark.skipif(not FULL_DISK.exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_an_os_error():
    with FULL_DISK.open("wb") as full, pytest.raises(OSError, match="No space"):
        LineWriter(full.fileno()).write(b"x\n")


def test_records_of_every_kind_go_into_one_stream(pipe):
    null = Raw(b"null")
    ticker = Ticker("ticker", "tBTCUSD", *[Raw(b"1")] * 10, null)
    level = BookLevel("book", "tBTCUSD", "update", "bid", Raw(b"1"), 0, Raw(b"1"))
    JsonLinesSink(pipe.writer).write([ticker, trade(), level, FULL])
    channels = [json.loads(line)["channel"] for line in pipe.read().splitlines()]
    assert channels == ["ticker", "trades", "book", "book"]
