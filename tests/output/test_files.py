"""Files that are written as a whole, or not at all."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from bfxstream.errors import BfxStreamError, UsageError
from bfxstream.output.files import check_writable, write_whole


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "book.svg"
    file.write_text("an old and longer one")
    write_whole(file, "né")
    assert file.read_text(encoding="utf-8") == "né"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
def test_who_could_not_read_the_old_file_cannot_read_the_new_one(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "account.svg"
    file.write_text("old")
    file.chmod(mode)
    write_whole(file, "new")
    assert stat.S_IMODE(file.stat().st_mode) == mode


def test_who_has_the_old_file_open_goes_on_reading_it(tmp_path: Path) -> None:
    file = tmp_path / "book.svg"
    file.write_text("old")
    with file.open() as reader:
        write_whole(file, "new")
        assert reader.read() == "old"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    file, link = tmp_path / "file.svg", tmp_path / "link.svg"
    link.symlink_to(file)
    write_whole(link, "new")
    assert link.is_symlink()
    assert file.read_text() == "new"


def test_a_failure_is_one_sentence_and_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    file = tmp_path / "book.svg"
    file.write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BfxStreamError, match=r"cannot write .*book\.svg: No space left on device"):
        write_whole(file, "new")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_device_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(BfxStreamError, match="/dev/full: No space left on device"):
        write_whole(Path("/dev/full"), "x")
    assert Path("/dev/full").is_char_device()

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write_whole(pipe, "through")
    reader.join(10)
    assert read == ["through"]
    assert pipe.is_fifo()


def test_what_cannot_be_written_is_known_before(tmp_path: Path) -> None:
    check_writable(tmp_path / "new.svg")
    check_writable(Path(os.devnull))
    for path, reason in (
        (tmp_path, "is a directory"),
        (tmp_path / "none" / "x.svg", "there is no directory"),
    ):
        with pytest.raises(UsageError, match=reason):
            check_writable(path)
