"""What the terminal receives, and what a person sees on it."""

from __future__ import annotations

import re

import pyte
import pytest
from rich.segment import Segment
from table_scene import (
    START,
    Clock,
    Terminal,
    console_on,
    level_book,
    live_status,
    sink_for,
    ticker,
    trade,
)

from bfxstream.output.table import TableSink
from bfxstream.output.table.lines import Frame
from bfxstream.output.table.screen import Screen, has_cursor_control
from bfxstream.protocol.status import State

ENTER = "\x1b[?1049h\x1b[?25l"
LEAVE = "\x1b[?2026l\x1b[0m\x1b[?25h\x1b[?1049l"
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Seen:
    """A terminal emulator that shows what the sink wrote to its file."""

    def __init__(self, terminal: Terminal, width: int, height: int) -> None:
        self._terminal = terminal
        self._fed = 0
        self.screen = pyte.Screen(width, height)
        self._stream = pyte.Stream(self.screen)

    def lines(self) -> list[str]:
        text = self._terminal.getvalue()
        # What pyte leaves out: the terminal driver's line ends, and the alternate screen.
        new = re.sub("\r*\n", "\r\n", text[self._fed :])
        for part in re.split(r"(\x1b\[\?1049[hl])", new):
            if part.startswith("\x1b[?1049"):
                self.screen.erase_in_display(2)
                self.screen.cursor_position()
            else:
                self._stream.feed(part)
        self._fed = len(text)
        return [line.rstrip() for line in self.screen.display]


def test_the_first_frame_enters_the_alternate_screen_and_hides_the_cursor() -> None:
    terminal = Terminal()
    sink = sink_for("book:tBTCUSD", console=console_on(terminal))
    assert terminal.writes == []
    sink.tick(START)
    assert len(terminal.writes) == 1
    assert terminal.writes[0].startswith(ENTER + "\x1b[?2026h\x1b[H")
    assert terminal.writes[0].endswith("\x1b[?2026l")


def test_a_frame_is_one_write_from_home_without_clearing() -> None:
    terminal = Terminal()
    sink = sink_for("ticker:tBTCUSD", console=console_on(terminal))
    sink.tick(START)
    sink.write([ticker()])
    sink.tick(START + 0.2)
    assert len(terminal.writes) == 2
    frame = terminal.writes[1]
    assert frame.startswith("\x1b[?2026h\x1b[H") and frame.endswith("\x1b[J\x1b[?2026l")
    assert "\x1b[2J" not in frame
    assert frame.count("\r\n") == 29
    assert "\n\n" not in frame.replace("\r", "")


@pytest.mark.parametrize(("width", "height"), [(100, 30), (80, 24), (60, 20), (40, 12)])
def test_a_person_sees_the_frame_as_it_was_rendered(width: int, height: int) -> None:
    terminal = Terminal()
    sink = sink_for(
        "ticker:tBTCUSD",
        "book:tBTCUSD",
        "trades:tBTCUSD",
        console=console_on(terminal, width, height),
    )
    sink.write([ticker(), *(trade(i, 1 - 0.1 * i) for i in range(40))])
    sink.tick(START)
    seen = Seen(terminal, width, height)
    assert seen.lines() == sink.render(width, height, START).text.split("\n")
    assert seen.screen.cursor.hidden


def test_only_lines_that_end_before_the_edge_are_erased_to_it() -> None:
    terminal = Terminal()
    sink_for("ticker:tBTCUSD", console=console_on(terminal, 80, 24)).tick(START)
    rows = terminal.writes[0].split("\r\n")
    # At the edge the cursor still stands on the last cell, which would be erased.
    assert all(row.endswith(("╮\x1b[0m", "│\x1b[0m", "╯\x1b[0m")) for row in rows[:4])
    assert all(row.endswith("\x1b[K") for row in rows[4:-1])


def test_leaving_twice_restores_once() -> None:
    terminal = Terminal()
    screen = Screen(console_on(terminal))
    screen.leave()
    screen.draw(Frame(100, [[Segment("x")]]))
    screen.leave()
    screen.leave()
    assert terminal.getvalue().count(LEAVE) == 1


def test_a_resize_is_drawn_at_the_next_tick_and_leaves_nothing_behind() -> None:
    terminal = Terminal()
    console = console_on(terminal, 100, 30)
    sink = sink_for("book:tBTCUSD", "trades:tBTCUSD", console=console)
    sink.write([trade(i, 1) for i in range(40)])
    sink.tick(START)
    seen = Seen(terminal, 100, 30)
    seen.lines()
    seen.screen.resize(20, 60)
    console.size = (60, 20)
    sink.tick(START + 0.11)
    assert seen.lines() == sink.render(60, 20, START + 0.11).text.split("\n")
    seen.screen.resize(40, 120)
    console.size = (120, 40)
    sink.tick(START + 0.22)
    assert seen.lines() == sink.render(120, 40, START + 0.22).text.split("\n")


def test_a_screen_that_grew_is_erased_below_a_shorter_frame() -> None:
    terminal = Terminal()
    sink = sink_for("ticker:tBTCUSD", console=console_on(terminal, 80, 10))
    seen = Seen(terminal, 80, 24)
    seen.screen.draw("rubbish" * 200)
    sink.tick(START)
    lines = seen.lines()
    assert not any("rubbish" in line for line in lines)
    assert "connected" in lines[9]


def test_frames_come_at_most_ten_times_a_second() -> None:
    terminal, clock = Terminal(), Clock()
    sink = sink_for("trades:tBTCUSD", console=console_on(terminal), clock=clock)
    for millisecond in range(2000):
        clock.now = START + millisecond / 1000
        sink.write([trade(millisecond, 1)])
        sink.tick(clock.now)
    assert 19 <= len(terminal.writes) <= 20


def test_nothing_is_drawn_while_nothing_changes() -> None:
    terminal = Terminal()
    status = live_status(last_received=None)
    sink = sink_for("ticker:tBTCUSD", console=console_on(terminal), status=status)
    for tenth in range(10, 22):
        sink.tick(START + tenth / 10)
    drawn = len(terminal.writes)
    for tenth in range(22, 60):
        sink.tick(START + tenth / 10)
    assert len(terminal.writes) == drawn


def test_the_age_alone_is_reason_enough_to_draw() -> None:
    terminal = Terminal()
    sink = sink_for("ticker:tBTCUSD", console=console_on(terminal))
    sink.tick(START + 3)
    sink.tick(START + 8)
    assert "updated 8s ago" in ESCAPE.sub("", terminal.writes[-1])


def test_a_highlight_goes_out_by_itself() -> None:
    terminal, clock = Terminal(), Clock()
    sink = sink_for("ticker:tBTCUSD", console=console_on(terminal, 160), clock=clock)
    sink.write([ticker(last_price=60123)])
    sink.tick(START)
    clock.now = START + 0.2
    sink.write([ticker(last_price=60200)])
    sink.tick(START + 0.2)
    assert "\x1b[1;7;32m60,200.0" in terminal.writes[-1]
    sink.tick(START + 0.95)
    assert "\x1b[1;7;32m60,200.0" not in terminal.writes[-1]
    assert "60,200.0" in terminal.writes[-1]


def closed(sink: TableSink, terminal: Terminal) -> str:
    before = len(terminal.getvalue())
    sink.close()
    return terminal.getvalue()[before:]


def test_closing_restores_the_terminal_first_and_then_prints_the_last_state_once() -> None:
    terminal = Terminal()
    sink = sink_for("ticker:tBTCUSD", console=console_on(terminal, 80, 24))
    sink.write([ticker()])
    sink.tick(START)
    output = closed(sink, terminal)
    assert output.startswith(LEAVE)
    left_behind = ESCAPE.sub("", output).rstrip("\n").split("\n")
    assert len(left_behind) == 5
    assert "60,123.0" in left_behind[2]
    assert "ended" in left_behind[-1] and "Ctrl-C" not in left_behind[-1]
    assert output.endswith("\n")
    assert closed(sink, terminal) == ""
    sink.write([ticker()])
    sink.tick(START + 5)
    assert closed(sink, terminal) == ""


def test_closing_after_an_error_in_the_middle_of_a_frame_restores_too() -> None:
    terminal = Terminal()
    book = level_book([(100, 1)], [(101, 1)])
    sink = sink_for("book:tBTCUSD", books={"book:tBTCUSD": book}, console=console_on(terminal))
    sink.tick(START)
    terminal.write("\x1b[?2026h\x1b[Hhalf a fra")
    output = closed(sink, terminal)
    seen = Seen(terminal, 100, 30)
    assert "tBTCUSD P0" in seen.lines()[0]
    assert "ended" in seen.lines()[4]
    assert "half a fra" not in "".join(seen.lines())
    assert not seen.screen.cursor.hidden
    assert output.count("\x1b[?1049l") == 1


def test_a_last_state_that_cannot_be_drawn_leaves_a_restored_terminal() -> None:
    terminal = Terminal()
    book = level_book([(100, 1)], [(101, 1)])
    sink = sink_for("book:tBTCUSD", books={"book:tBTCUSD": book}, console=console_on(terminal))
    sink.tick(START)
    del book.bids
    with pytest.raises(AttributeError):
        sink.close()
    assert terminal.getvalue().endswith(LEAVE)
    sink.close()


def test_a_run_that_never_drew_leaves_the_screen_alone_but_prints_what_it_has() -> None:
    terminal = Terminal()
    sink = sink_for("ticker:tBTCUSD", console=console_on(terminal))
    assert closed(sink, terminal) == ""
    sink = sink_for("ticker:tBTCUSD", console=console_on(terminal))
    sink.write([ticker()])
    output = closed(sink, terminal)
    assert "60,123.0" in output
    assert "1049" not in output and "?25" not in output


def test_without_colour_no_colour_is_sent_but_signs_stay() -> None:
    terminal = Terminal()
    sink = sink_for("ticker:tBTCUSD", "book:tBTCUSD", console=console_on(terminal), color=False)
    sink.write([ticker()])
    sink.tick(START)
    codes = {
        c for run in re.findall(r"\x1b\[([0-9;]+)m", terminal.getvalue()) for c in run.split(";")
    }
    assert codes <= {"0", "1", "2", "7"}
    assert "▼ -1.23%" in ESCAPE.sub("", terminal.getvalue())


@pytest.mark.parametrize("variable", ["NO_COLOR", "FORCE_COLOR"])
def test_no_color_is_honoured_unless_colour_is_asked_for(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rich.console import Console  # noqa: PLC0415  it reads the environment when it is made

    monkeypatch.setenv(variable, "1")
    for color, expected in ((None, variable == "FORCE_COLOR"), (True, True), (False, False)):
        terminal = Terminal()
        console = Console(file=terminal, width=80, height=24)
        sink = sink_for("ticker:tBTCUSD", console=console, color=color)
        sink.tick(START)
        assert ("36m" in terminal.getvalue()) is expected


def test_a_pipe_has_no_cursor_even_if_colour_is_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert has_cursor_control(console_on(Terminal()))
    assert not has_cursor_control(console_on(Terminal(interactive=False)))
    for term in ("dumb", "unknown", "DUMB", ""):
        assert not has_cursor_control(console_on(Terminal()), {"TERM": term})


def test_suspending_gives_the_terminal_back_and_resuming_draws_everything_again() -> None:
    terminal, clock = Terminal(), Clock()
    sink = sink_for("ticker:tBTCUSD", console=console_on(terminal, 80, 24), clock=clock)
    sink.write([ticker()])
    sink.tick(START)
    seen = Seen(terminal, 80, 24)
    before = seen.lines()
    drawn = len(terminal.writes)
    sink.suspend()
    assert terminal.writes[drawn:] == [LEAVE]
    seen.lines()
    assert not seen.screen.cursor.hidden

    sink.write([ticker(last_price=61000)])
    sink.tick(START + 60)
    sink.suspend()
    assert terminal.writes[drawn:] == [LEAVE]

    sink.resume()
    assert terminal.writes[drawn + 1].startswith(ENTER)
    assert seen.lines() == before
    assert seen.screen.cursor.hidden
    sink.resume()
    assert len(terminal.writes) == drawn + 2
    sink.tick(START + 60.01)
    assert seen.lines() == sink.render(80, 24, START + 60.01).text.split("\n")
    assert "61,000.0" in "".join(seen.lines())


def test_a_terminal_resized_while_suspended_is_drawn_at_its_new_size() -> None:
    terminal = Terminal()
    console = console_on(terminal, 100, 30)
    sink = sink_for("book:tBTCUSD", console=console)
    sink.tick(START)
    sink.suspend()
    console.size = (60, 20)
    sink.resume()
    seen = Seen(terminal, 60, 20)
    sink.tick(START + 1)
    assert seen.lines() == sink.render(60, 20, START + 1).text.split("\n")


def test_a_signal_in_the_middle_of_an_update_neither_reads_the_book_nor_spoils_a_frame() -> None:
    terminal = Terminal()
    book = level_book([(100, 1)], [(101, 1)])
    sink = sink_for("book:tBTCUSD", books={"book:tBTCUSD": book}, console=console_on(terminal))
    sink.tick(START)
    bids = book.bids
    del book.bids
    sink.suspend()
    sink.resume()
    book.bids = bids
    sink.tick(START + 0.2)
    assert "tBTCUSD P0" in Seen(terminal, 100, 30).lines()[0]


def test_suspending_before_anything_was_drawn_leaves_the_screen_alone() -> None:
    terminal = Terminal()
    sink = sink_for("ticker:tBTCUSD", console=console_on(terminal))
    sink.suspend()
    sink.tick(START)
    sink.resume()
    assert terminal.writes == []
    sink.tick(START + 1)
    assert terminal.writes[0].startswith(ENTER)


def test_a_suspended_table_can_be_closed_and_closed_ones_stay_so() -> None:
    terminal = Terminal()
    sink = sink_for("ticker:tBTCUSD", console=console_on(terminal, 80, 24))
    sink.write([ticker()])
    sink.tick(START)
    sink.suspend()
    output = closed(sink, terminal)
    assert LEAVE not in output
    assert "60,123.0" in output and "ended" in output
    drawn = len(terminal.writes)
    sink.suspend()
    sink.resume()
    sink.tick(START + 5)
    assert len(terminal.writes) == drawn


def test_a_terminal_stopped_from_outside_is_drawn_anew_when_it_goes_on() -> None:
    terminal = Terminal()
    sink = sink_for("ticker:tBTCUSD", console=console_on(terminal, 80, 24))
    sink.tick(START)
    sink.resume()
    sink.tick(START + 0.2)
    assert len(terminal.writes) == 2
    assert ENTER not in terminal.writes[1]


def test_a_reconnects_reason_is_drawn_as_soon_as_it_is_known() -> None:
    terminal = Terminal()
    status = live_status()
    sink = sink_for("ticker:tBTCUSD", console=console_on(terminal, 80, 24), status=status)
    sink.tick(START)
    status.notice = "cannot connect: connection refused"
    sink.tick(START + 0.2)
    assert "cannot connect: connection refused" in ESCAPE.sub("", terminal.writes[-1])


def test_closing_prints_every_ticker_even_beyond_the_screens_height() -> None:
    terminal = Terminal()
    specs = [f"ticker:tAA{letter}USD" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    sink = sink_for(*specs, console=console_on(terminal, 80, 12))
    sink.write([ticker("tAAAUSD")])
    sink.tick(START)
    output = closed(sink, terminal)
    assert all(spec.removeprefix("ticker:") in output for spec in specs)


def test_a_run_that_never_had_anything_to_show_leaves_its_reason_behind() -> None:
    terminal = Terminal()
    status = live_status(state=State.RECONNECTING, notice="cannot connect: connection refused")
    sink = sink_for("ticker:tBTCUSD", console=console_on(terminal, 80, 24), status=status)
    sink.tick(START)
    left_behind = ESCAPE.sub("", closed(sink, terminal))
    assert left_behind == " cannot connect: connection refused\n"
