"""The pane of candles: a chart, and the last candles in a table."""

from __future__ import annotations

import pytest
from rich.console import Console
from table_scene import (
    START,
    Terminal,
    candle,
    console_on,
    funding_candle,
    random_candles,
    rows_of,
    sink_for,
)

from bfxstream.output.table import TableSink, theme
from bfxstream.output.table.candles import KEPT, CandlesPane
from bfxstream.output.table.theme import look_for
from bfxstream.protocol.channels import CandlesSubscription

SPEC = "candles:1m:tBTCUSD"


def sink_with(count: int = 100, *specs: str) -> TableSink:
    sink = sink_for(*(specs or [SPEC]))
    sink.write(random_candles(count))
    return sink


def table_rows(text: str) -> list[list[str]]:
    return [words for words in rows_of(text) if words and words[0].startswith("10-")]


@pytest.mark.parametrize(
    ("width", "height", "candles", "rows"), [(80, 24, 30, 3), (120, 40, 50, 9), (200, 60, 90, 12)]
)
def test_the_chart_and_the_table_grow_with_the_screen(
    width: int, height: int, candles: int, rows: int
) -> None:
    text = sink_with().render(width, height, START).text
    volumes = [line for line in text.split("\n") if ":" in line and "TIME" not in line]
    assert volumes
    last_row_of_volumes = text.split("\n")[text.split("\n").index(volumes[0]) - 1]
    assert len(last_row_of_volumes.strip("│").split()) >= candles
    assert len(table_rows(text)) == rows


def test_the_table_has_the_newest_candle_on_top_and_says_up_and_down_by_signs() -> None:
    sink = sink_for(SPEC)
    sink.write([candle(1, (100, 98, 105, 97.5, 2)), candle(2, (98, 99, 99.5, 98, 1))])
    newest, older = table_rows(sink.render(100, 30, START).text)
    assert newest[:9] == ["10-10", "00:02", "98.0", "99.5", "98.0", "99.0", "▲", "+1.02%", "1"]
    assert older[:9] == ["10-10", "00:01", "100.0", "105.0", "97.5", "98.0", "▼", "-2.00%", "2"]
    assert newest[9] == older[9][: len(newest[9]) - 1] + newest[9][-1]


def test_the_frame_tells_what_is_shown_and_where_the_price_is() -> None:
    sink = sink_for(SPEC)
    sink.write([candle(1, (100, 98, 105, 97.5, 2))])
    title = sink.render(80, 24, START).text.split("\n")[0]
    assert "tBTCUSD 1m" in title
    assert "98.0  ▼ -2.00%" in title


def test_a_candle_that_comes_again_takes_the_place_of_its_former_state() -> None:
    sink = sink_for(SPEC)
    sink.write([candle(1, (100, 98, 105, 97.5, 2)), candle(2), candle(1, (100, 99, 105, 97.5, 3))])
    rows = table_rows(sink.render(100, 30, START).text)
    assert [row[1] for row in rows] == ["00:02", "00:01"]
    assert rows[1][5] == "99.0"


def test_candles_of_each_time_frame_and_period_have_a_chart_of_their_own() -> None:
    sink = sink_for(SPEC, "candles:1h:tBTCUSD", "candles:1h:fUSD:p30", "candles:1h:fUSD:p2")
    sink.write([candle(1, (100, 111, 111, 100, 1)), candle(1, (100, 122, 122, 100, 1), "1h")])
    sink.write([funding_candle(1, "p30")])
    text = sink.render(160, 50, START).text
    assert "tBTCUSD 1m" in text and "tBTCUSD 1h" in text
    assert "fUSD 1h p30 % a day" in text and "fUSD 1h p2 % a day" in text
    assert (text.count("111 "), text.count("122 ")) >= (2, 2)
    assert text.count("waiting for candles…") == 1
    assert "0.0210  ▲ +5.00%" in text or "0.021  ▲ +5.00%" in text


def test_a_short_screen_gives_up_the_table_and_a_tiny_one_the_chart() -> None:
    sink = sink_with()
    assert "CLOSE" not in sink.render(80, 15, START).text
    assert "█" in sink.render(80, 15, START).text
    tiny = sink.render(80, 4, START).text
    assert "┃" not in tiny
    assert len(table_rows(tiny)) == 1
    [row] = table_rows(sink.render(40, 3, START).text)
    assert row[1] == "01:39"


def test_chosen_fields_are_a_table_without_a_chart() -> None:
    sink = sink_for(SPEC, fields=["mts", "close", "timeframe"])
    sink.write([candle(1), candle(2, (1, 2.5, 3, 1, 1))])
    rows = rows_of(sink.render(80, 24, START).text)
    assert ["mts", "close", "timeframe"] in rows
    assert ["1760054520000", "2.5", "1m"] in rows
    assert "┃" not in sink.render(80, 24, START).text


def test_prices_that_stand_still_are_a_chart_too() -> None:
    sink = sink_for(SPEC)
    sink.write([candle(i, (100, 100, 100, 100, 0)) for i in range(30)])
    text = sink.render(80, 24, START).text
    assert "100" in text
    assert "0.00%" in text


def test_no_more_candles_are_kept_than_a_screen_can_show() -> None:
    look = look_for(console_on(Terminal()), colored=True)
    pane = CandlesPane(CandlesSubscription("tBTCUSD", "1m"), look, None)
    for i in range(KEPT + 50):
        pane.take(candle(i))
    assert len(pane._candles) == KEPT
    assert min(pane._candles) == candle(50).mts


def test_what_stays_behind_is_a_chart_of_a_good_size() -> None:
    frame = sink_with().render(100, 50, START, final=True)
    assert 18 <= len(frame.lines) <= 26
    assert "┃" in frame.text


def test_a_pipe_gets_a_line_for_each_candle_of_a_snapshot_the_newest_and_a_chart_at_the_end() -> (
    None
):
    pipe = Terminal(interactive=False)
    sink = sink_for(SPEC, console=Console(file=pipe, width=80))
    sink.write(random_candles(50))
    sink.write([candle(50, (59400, 59500, 59510.5, 59390, 1.5)), candle(51, (59500,) * 4 + (1,))])
    told = pipe.getvalue().split("\n")
    assert [line.split()[:5] for line in told[:-1]] == [
        ["candles", "tBTCUSD", "1m", "10-10", f"00:{minute}"] for minute in (49, 50, 51)
    ]
    assert "open 59,400.0" in told[1]
    sink.close()
    assert "┃" in pipe.getvalue()


def test_a_direction_is_told_by_colour_too() -> None:
    sink = sink_for(SPEC)
    sink.write([candle(1, (100, 98, 105, 97.5, 2))])
    styles = [
        s.style for line in sink.render(80, 24, START).lines for s in line if "98.0" in s.text
    ]
    assert theme.BOLD + theme.DOWN in styles
