"""A recording's file: bytes in are bytes out, whatever ends it, and however it is packed."""

from __future__ import annotations

import os
import stat
import time
from itertools import count
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw
from msgspec.structs import replace

from bfxstream.capture.lines import MOST_LINE_BYTES
from bfxstream.capture.reader import Capture
from bfxstream.capture.rotation import Rotation
from bfxstream.capture.steps import (
    Answered,
    AnyStep,
    Begun,
    Ended,
    Failed,
    Lost,
    Opened,
    Received,
    Sent,
    decode_line,
    encode_lines,
    frames_of,
    texts_of,
)
from bfxstream.capture.writer import CaptureWriter
from bfxstream.errors import CaptureFailed, UsageError

BEGUN = Begun(
    id="a",
    mts=1_000,
    us=5,
    url="wss://exchange.test/ws/2",
    subscriptions=["ticker:tBTCUSD"],
    seed=1,
)
ENDINGS = ["", ".gz", ".zst"]


@pytest.fixture(params=ENDINGS)
def ending(request: pytest.FixtureRequest) -> str:
    """Of a file's name, by which it is packed."""
    if request.param == ".zst":
        pytest.importorskip("zstandard", reason="Zstandard is optional")
    return str(request.param)


def received(number: int, *frames: bytes) -> Received:
    return Received(1, 1_000 + number, 10 * number, texts_of(frames))


def write(path: Path, *calls: list[AnyStep], **options: Any) -> Path:
    """Record these steps, a write for each list and a second between them; end the file."""
    writer = CaptureWriter(path, BEGUN, **({"clock": map(float, count()).__next__} | options))
    for steps in calls:
        writer.write(steps)
    writer.close()
    return path


def read(*paths: Path) -> list[AnyStep]:
    return list(Capture(paths).steps())


@given(st.lists(st.binary()))
def test_every_frame_is_read_as_it_was_whatever_its_bytes_are(frames: list[bytes]) -> None:
    line = encode_lines([Received(1, 2, 3, texts_of(frames))])
    assert line.count(b"\n") == 1
    step = decode_line(line)
    assert isinstance(step, Received)
    assert frames_of(step.frames) == frames


def test_every_kind_of_step_is_read_as_it_was(tmp_path: Path, ending: str) -> None:
    steps: list[AnyStep] = [
        Failed(1, 2, 3, "cannot connect", "wait", False, 60.0),
        Opened(1, 2, 4, "wss://exchange.test/ws/2"),
        Sent(1, 2, 5, ['{"event":"conf"}']),
        received(6, b'[1,"hb"]', b"\xff\x00garbage\n", "€".encode()),
        Answered(1, 2, 7, "trades", "tBTCUSD", 1, 2, 3, rows=Raw(b"[[1,2,1e-7,0.10]]")),
        Lost(2, 3, 8, "the connection was lost"),
    ]
    path = write(tmp_path / f"capture.jsonl{ending}", steps[:3], steps[3:])
    assert read(path) == steps


def test_who_ended_the_recording_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "capture", [received(1)], [Ended(0, 9, 9)])
    capture = Capture([path])
    assert [type(step) for step in capture.steps()] == [Received]
    assert capture.ended
    assert not capture.broken


def test_a_crash_at_any_byte_leaves_what_was_whole_by_then(tmp_path: Path, ending: str) -> None:
    steps = [received(number, b"[1,%d]" % number) for number in range(8)]
    whole = write(tmp_path / f"whole{ending}", *([step] for step in steps)).read_bytes()
    cut = tmp_path / f"cut{ending}"
    most = 0
    for size in range(len(whole)):
        cut.write_bytes(whole[:size])
        try:
            found = read(cut)
        except UsageError:
            assert most == 0  # the first line itself is not whole
            continue
        assert found == steps[: len(found)]
        assert len(found) >= most
        most = len(found)
    assert most >= len(steps) - 1


def test_where_it_breaks_off_is_told(tmp_path: Path, ending: str) -> None:
    whole = write(tmp_path / f"whole{ending}", [received(1, b"[1]")], [received(2, b"[2]")])
    os.truncate(whole, whole.stat().st_size - 3)
    capture = Capture([whole])
    assert list(capture.steps())[:1] == [received(1, b"[1]")]
    assert capture.broken.startswith(f"{whole} breaks off after line")


def test_what_was_written_is_in_the_file_before_it_is_ended(tmp_path: Path, ending: str) -> None:
    now = 0.0
    writer = CaptureWriter(tmp_path / f"live{ending}", BEGUN, clock=lambda: now)
    for number in range(3):
        now += 1  # a packed file is flushed with the next write after a quarter of a second
        writer.write([received(number)])
    assert len(read(tmp_path / f"live{ending}")) == 3
    writer.close()


def test_what_was_written_is_in_the_file_soon_though_nothing_follows(
    tmp_path: Path, ending: str
) -> None:
    now = 0.0
    path = tmp_path / f"live{ending}"
    writer = CaptureWriter(path, BEGUN, clock=lambda: now)
    writer.write([received(1)])
    now += 1
    writer.flush_if_due()
    assert read(path) == [received(1)]
    size = path.stat().st_size
    now += 1
    writer.flush_if_due()
    assert path.stat().st_size == size
    writer.close()


def test_files_that_were_joined_are_read_as_one(tmp_path: Path) -> None:
    path = tmp_path / "joined.gz"
    write(tmp_path / "a.gz", [received(1)])
    write(tmp_path / "b.gz", [received(2)])
    path.write_bytes((tmp_path / "a.gz").read_bytes() + (tmp_path / "b.gz").read_bytes())
    assert read(path) == [received(1), received(2)]


def test_a_file_is_told_by_its_content_not_by_its_name(tmp_path: Path, ending: str) -> None:
    path = write(tmp_path / f"capture{ending}", [received(1)])
    path.rename(tmp_path / "renamed.txt")
    assert read(tmp_path / "renamed.txt") == [received(1)]


# Files that are there already, and disks that are full.


def test_a_file_that_exists_is_left_alone_without_force(tmp_path: Path) -> None:
    path = tmp_path / "capture"
    path.write_text("precious")
    with pytest.raises(UsageError, match="exists already"):
        write(path, [received(1)])
    assert path.read_text() == "precious"
    assert read(write(path, [received(1)], force=True)) == [received(1)]


def test_what_an_account_has_is_for_its_owner_alone(tmp_path: Path) -> None:
    CaptureWriter(tmp_path / "a", replace(BEGUN, account_url="wss://exchange.test/ws/2")).close()
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


def test_a_full_disk_is_an_error_at_once() -> None:
    with pytest.raises(CaptureFailed, match="cannot write /dev/full: No space left"):
        CaptureWriter(Path("/dev/full"), BEGUN)


def test_a_disk_that_becomes_full_is_an_error_and_the_end_is_not_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = CaptureWriter(tmp_path / "capture", BEGUN)
    writer.write([received(1)])

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(CaptureFailed, match="No space left"):
            writer.write([received(2)])
    assert writer.failed
    writer.write([received(3)])  # another thread, which does not know yet
    writer.close()
    assert read(tmp_path / "capture") == [received(1)]


@pytest.mark.parametrize(
    ("frames", "is_kept"),
    [((), False), ((b'{"event":"info"}',), False), ((b'{"event":"info"}', b'[1,"hb"]'), True)],
)
def test_a_file_without_data_is_not_kept(
    tmp_path: Path, frames: tuple[bytes, ...], is_kept: bool
) -> None:
    writer = CaptureWriter(tmp_path / "capture", BEGUN)
    writer.write([Failed(1, 2, 3, "cannot connect", "wait", False, 60.0), received(1, *frames)])
    writer.close()
    assert writer.discard_empty() is not is_kept
    assert (tmp_path / "capture").exists() is is_kept


# Parts.


def parts_of(folder: Path, rotation: Rotation, steps: int, ending: str = "") -> list[Path]:
    write(
        folder / f"btc.jsonl{ending}",
        *(
            [Opened(1, 0, 0, "wss://x")] if number == 0 else [received(number)]
            for number in range(steps)
        ),
        rotation=rotation,
    )
    return sorted(folder.glob(f"btc-*.jsonl{ending}"))


@pytest.mark.parametrize("rotation", [Rotation(seconds=5), Rotation(size=600)])
def test_a_recording_in_parts_is_read_as_one_in_any_order(
    tmp_path: Path, ending: str, rotation: Rotation
) -> None:
    if rotation.size and ending:
        rotation = Rotation(size=40)  # packed, there is little in them
    parts = parts_of(tmp_path, rotation, 20, ending)
    assert len(parts) > 2
    assert parts[0].name.startswith("btc-19700101T0000")
    assert read(*parts)[1:] == [received(number) for number in range(1, 20)]
    assert read(*reversed(parts)) == read(*parts)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("2026.11.jsonl.gz", "2026.11-19700101T000001Z.jsonl.gz"),
        ("btc.usd", "btc.usd-19700101T000001Z"),
        (".hidden.jsonl", ".hidden-19700101T000001Z.jsonl"),
    ],
)
def test_a_part_has_its_time_before_the_ending_of_its_name(
    tmp_path: Path, name: str, part: str
) -> None:
    CaptureWriter(tmp_path / name, BEGUN, rotation=Rotation(size=1000)).close()
    assert [path.name for path in tmp_path.iterdir()] == [part]


def test_parts_have_something_in_them_and_none_follows_the_end(tmp_path: Path) -> None:
    path = tmp_path / "btc.jsonl"
    now = 0.0
    writer = CaptureWriter(path, BEGUN, rotation=Rotation(seconds=5), clock=lambda: now)
    writer.write([received(1)])
    now = 6.0
    writer.write([Ended(0, 9, 9)])
    assert len(list(tmp_path.iterdir())) == 1
    writer.close()
    writer.write([received(2)])  # a thread that was left behind
    assert len(list(tmp_path.iterdir())) == 1
    assert read(*tmp_path.iterdir()) == [received(1)]


def test_what_follows_a_missing_part_begins_with_the_next_connection(tmp_path: Path) -> None:
    parts = parts_of(tmp_path, Rotation(size=700), 20)
    by_part = sorted(parts, key=lambda path: Capture([path]).begun.part)
    capture = Capture([by_part[0], *by_part[2:]])
    assert "part 2" in capture.notes[0]
    assert capture.missing_parts == [2]
    *before, last = capture.steps()
    assert before == read(by_part[0])
    assert isinstance(last, Lost)


def test_parts_of_two_recordings_are_refused(tmp_path: Path) -> None:
    first = write(tmp_path / "a", [received(1)])
    second = tmp_path / "b"
    second.write_bytes(first.read_bytes().replace(b'"id":"a"', b'"id":"b"'))
    with pytest.raises(UsageError, match=f"of 2 recordings.*: {first}; {second}"):
        Capture([first, second])
    with pytest.raises(UsageError, match=f"{first} and {first} are the same part"):
        Capture([first, first])


# What is no recording.


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\x1f\x8b", "is no recording"),
        (b'{"channel":"ticker","symbol":"tBTCUSD"}\n', "is no recording"),
        (b"hello\n" * 100, "is no recording"),
        (b'{"step":"begun","format":1', "its first line is not whole"),
        (b'[1,"hb"]\n', "no 'subscribed' event"),
    ],
)
def test_what_is_no_recording_is_said_in_one_line(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=reason):
        Capture([path])


def test_a_format_of_the_future_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "capture", [received(1)])
    path.write_bytes(path.read_bytes().replace(b'"format":1', b'"format":2'))
    with pytest.raises(UsageError, match="format 2"):
        Capture([path])


def test_a_line_that_is_damaged_is_told_with_its_number(tmp_path: Path) -> None:
    path = write(tmp_path / "capture", [received(1)], [received(2)], [received(3)])
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = b'{"step":"received"}\n'
    path.write_bytes(b"".join(lines))
    steps = Capture([path]).steps()
    assert next(steps) == received(1)
    with pytest.raises(CaptureFailed, match="line 3: the recording is damaged"):
        next(steps)


def test_a_line_without_an_end_is_no_recording_and_takes_no_longer_than_it_is_long(
    tmp_path: Path,
) -> None:
    path = tmp_path / "zeros"
    path.write_bytes(b"")
    os.truncate(path, MOST_LINE_BYTES + 100_000)
    began = time.process_time()
    with pytest.raises(CaptureFailed, match="line 1: it does not end"):
        Capture([path])
    assert time.process_time() - began < 2


@pytest.mark.parametrize("harm", [b"\0" * 50, b""], ids=["zeros", "a hole"])
def test_a_packed_file_is_read_up_to_where_it_is_damaged(
    tmp_path: Path, ending: str, harm: bytes
) -> None:
    if not ending:
        pytest.skip("not packed")
    noise = Random(1)
    steps = [received(number, b"[1,%d]" % noise.getrandbits(4000)) for number in range(300)]
    path = write(tmp_path / f"capture{ending}", *([step] for step in steps))
    packed = path.read_bytes()
    middle = len(packed) // 2
    path.write_bytes(packed[:middle] + harm + packed[middle + 50 :])
    found: list[AnyStep] = []
    with pytest.raises(CaptureFailed, match=r"line \d+: the recording is damaged"):
        for step in Capture([path]).steps():
            found.append(step)
    assert found[:100] == steps[:100]  # gzip alone may notice a digit or two later


def test_what_comes_through_a_pipe_is_read_as_a_file_is(tmp_path: Path, ending: str) -> None:
    steps = [received(number, b"[1,%d]" % number) for number in range(5)]
    content = write(tmp_path / f"capture{ending}", steps).read_bytes()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    capture = Capture([pipe])
    assert list(capture.steps()) == steps
    assert capture.position == len(content)
    writer.join()


def test_zstandard_that_is_not_installed_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("importlib.import_module", missing)
    with pytest.raises(UsageError, match=r"bfxstream\[zst\]"):
        CaptureWriter(tmp_path / "capture.zst", BEGUN)
