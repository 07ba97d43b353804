"""The board of tickers."""

from __future__ import annotations

import re

import pytest
from rich.segment import Segment
from table_scene import START, Clock, funding_ticker, rows_of, sink_for, ticker

from bfxstream.output.table import TableSink
from bfxstream.output.table.theme import FLASH_DOWN, FLASH_UP

SYMBOLS = ("ticker:tBTCUSD", "ticker:tETHUSD")


def segment_with(sink: TableSink, text: str, now: float) -> Segment:
    for line in sink.render(160, 24, now).lines:
        for segment in line:
            if segment.text == text:
                return segment
    raise AssertionError(f"{text!r} is not on the screen")


def headers(width: int) -> list[str]:
    sink = sink_for(*SYMBOLS)
    sink.write([ticker("tBTCUSD"), ticker("tETHUSD", last_price=3120.4, bid=3120.3, ask=3120.5)])
    lines = rows_of(sink.render(width, 24, START).text)
    return next(words for words in lines if words[:1] == ["SYMBOL"])


def test_every_symbol_has_its_row_from_the_start_in_the_order_asked_for() -> None:
    rows = rows_of(sink_for("ticker:tETHUSD", "ticker:tBTCUSD").render(100, 20, START).text)
    symbols = [words[0] for words in rows if words and words[0].startswith("t")]
    assert symbols == ["tETHUSD", "tBTCUSD"]
    eth = next(words for words in rows if words[:1] == ["tETHUSD"])
    assert set(eth[1:]) == {"–"}


def test_a_row_shows_the_figures_with_the_decimals_of_the_symbol() -> None:
    sink = sink_for("ticker:tBTCUSD")
    sink.write([ticker()])
    row = next(r for r in rows_of(sink.render(160, 20, START).text) if r[:1] == ["tBTCUSD"])
    assert row[:8] == [
        "tBTCUSD", "60,123.0", "▼", "-1.23%", "-740.0", "60,122.0", "60,124.5", "2.5",
    ]  # fmt: skip
    assert row[8] == "60,000.0"
    assert row[-3:] == ["61,000.0", "2,262.69", "now"]


def test_the_range_marks_the_last_price_between_low_and_high() -> None:
    sink = sink_for("ticker:tBTCUSD")
    sink.write([ticker(last_price=60000)])
    line = next(x for x in sink.render(160, 20, START).text.split("\n") if "tBTCUSD" in x)
    assert "60,000.0  " in line
    assert "●─" in line and "─●" not in line
    sink.write([ticker(last_price=61000)])
    line = next(x for x in sink.render(160, 20, START).text.split("\n") if "tBTCUSD" in x)
    assert "─●" in line and "●─" not in line


def test_numbers_end_in_the_same_column() -> None:
    sink = sink_for(*SYMBOLS)
    sink.write([ticker("tBTCUSD"), ticker("tETHUSD", last_price=3120.4, bid=1, ask=2)])
    lines = sink.render(100, 20, START).text.split("\n")
    head, btc, eth = (next(x for x in lines if f" {w}" in x) for w in ("SYMBOL", "tBTC", "tETH"))
    end = head.index("LAST") + len("LAST")
    assert btc[:end].endswith("60,123.0")
    assert eth[:end].endswith("3,120.4")


def test_the_most_important_columns_have_their_place_first() -> None:
    importance = ["SYMBOL", "LAST", "CHANGE", "BID", "ASK", "VOLUME"]
    lesser = {"SPREAD", "LOW", "HIGH", "AGE", "+/-"}
    assert headers(20) == importance[:2]
    assert headers(30) == importance[:3]
    assert headers(40) == importance[:4]
    assert headers(50) == importance[:5]
    assert set(importance) < set(headers(80))
    assert set(headers(199)) == lesser.union(importance)


def test_a_column_too_wide_leaves_its_room_to_a_lesser_one() -> None:
    assert headers(60) == ["SYMBOL", "LAST", "CHANGE", "BID", "ASK", "SPREAD"]
    assert headers(80)[-2:] == ["VOLUME", "AGE"]


@pytest.mark.parametrize("spec", ["ticker:tBTCUSD", "ticker:fUSD"])
@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 160, 200])
def test_columns_stand_still_from_the_first_frame_on(spec: str, width: int) -> None:
    sink = sink_for(spec)
    before = sink.render(width, 20, START).text.split("\n")
    sink.write([ticker(), funding_ticker()])
    after = sink.render(width, 20, START).text.split("\n")
    head = next(i for i, line in enumerate(before) if "SYMBOL" in line)
    assert after[head] == before[head]


@pytest.mark.parametrize("spec", ["ticker:tBTCUSD", "ticker:fUSD"])
def test_no_blank_margin_stays_between_the_last_column_and_the_border(spec: str) -> None:
    for width in range(60, 220):
        lines = sink_for(spec).render(width, 20, START).text.split("\n")
        assert re.search(r"[A-Z] │$", lines[1])
        assert len(lines[1]) == len(lines[0]) == width


def test_a_frame_closes_around_few_columns() -> None:
    sink = sink_for("ticker:tBTCUSD", fields=["symbol", "last_price"])
    lines = sink.render(120, 20, START).text.split("\n")
    assert len(lines[0]) == len(lines[1]) == len(lines[3]) < 40
    assert lines[1].endswith("last_price │")


def test_a_changed_price_is_highlighted_for_a_moment_and_says_where_it_went() -> None:
    clock = Clock()
    sink = sink_for("ticker:tBTCUSD", clock=clock)
    sink.write([ticker(last_price=60123, bid=60122)])
    assert segment_with(sink, "60,123.0", START).style not in (FLASH_UP, FLASH_DOWN)
    sink.write([ticker(last_price=60200, bid=60100)])
    assert segment_with(sink, "60,200.0", START + 1).style == FLASH_UP
    assert segment_with(sink, "60,100.0", START + 1).style == FLASH_DOWN
    assert segment_with(sink, "60,124.5", START + 1).style not in (FLASH_UP, FLASH_DOWN)
    assert segment_with(sink, "60,200.0", START + 1.6).style == FLASH_UP
    assert segment_with(sink, "60,200.0", START + 1.8).style not in (FLASH_UP, FLASH_DOWN)


def test_a_first_ticker_is_no_change() -> None:
    sink = sink_for("ticker:tBTCUSD")
    sink.render(100, 20, START)
    sink.write([ticker()])
    styles = [s.style for line in sink.render(160, 20, START + 1).lines for s in line]
    assert FLASH_UP not in styles and FLASH_DOWN not in styles


def test_the_age_is_that_of_the_symbols_own_last_ticker() -> None:
    clock = Clock()
    sink = sink_for(*SYMBOLS, clock=clock)
    sink.write([ticker("tBTCUSD")])
    clock.now += 30
    sink.write([ticker("tETHUSD")])
    rows = rows_of(sink.render(160, 20, START + 42).text)
    assert next(r for r in rows if r[:1] == ["tBTCUSD"])[-1] == "42s"
    assert next(r for r in rows if r[:1] == ["tETHUSD"])[-1] == "12s"


def test_null_tokens_are_dashes() -> None:
    sink = sink_for("ticker:tBTCUSD")
    sink.write([ticker(bid=None, ask=None, last_price=None, daily_change_relative=None, high=None)])
    row = next(r for r in rows_of(sink.render(160, 20, START).text) if r[:1] == ["tBTCUSD"])
    assert row == [
        "tBTCUSD", "–", "–", "-740", "–", "–", "–", "60,000", "–", "–", "2,262.69", "now",
    ]  # fmt: skip


def test_funding_rates_are_percent_a_day_and_a_year() -> None:
    sink = sink_for("ticker:fUSD")
    sink.write([funding_ticker()])
    text = sink.render(160, 20, START).text
    assert "rates in % a day" in text
    row = next(r for r in rows_of(text) if r[:1] == ["fUSD"])
    assert row[:9] == [
        "fUSD", "0.0200", "7.30%", "▲", "+5.12%", "0.0210", "30", "0.0195", "2",
    ]  # fmt: skip


def test_both_markets_have_a_table_of_their_own() -> None:
    sink = sink_for("ticker:fUSD", "ticker:tBTCUSD")
    sink.write([funding_ticker(), ticker()])
    text = sink.render(120, 30, START).text
    assert text.index("Tickers") < text.index("tBTCUSD") < text.index("Funding")
    assert text.index("Funding") < text.index("fUSD")


def test_chosen_fields_are_the_columns_under_their_own_names() -> None:
    sink = sink_for("ticker:tBTCUSD", fields=["ask", "symbol", "daily_change_relative"])
    sink.write([ticker()])
    rows = rows_of(sink.render(100, 20, START).text)
    assert ["ask", "symbol", "daily_change_relative"] in rows
    assert ["60,124.5", "tBTCUSD", "-0.0123"] in rows


def test_more_symbols_than_rows_are_counted() -> None:
    specs = [f"ticker:tAA{letter}USD" for letter in "ABCDEFGHIJ"]
    text = sink_for(*specs).render(80, 8, START).text
    assert "tAAAUSD" in text
    assert "tAAJUSD" not in text
    assert "5 more below" in text


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_a_frame_drawn_twice_is_the_same(width: int) -> None:
    sink = sink_for(*SYMBOLS)
    sink.write([ticker("tBTCUSD"), ticker("tETHUSD")])
    assert sink.render(width, 24, START).lines == sink.render(width, 24, START).lines
