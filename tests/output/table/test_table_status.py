"""Derivatives as rows, liquidations as a list."""

from __future__ import annotations

from rich.console import Console
from table_scene import START, Terminal, deriv, liquidation, rows_of, sink_for

DERIV, LIQUIDATIONS = "deriv:tBTCF0:USTF0", "liq:global"


def row_of(text: str, symbol: str) -> list[str]:
    return next(words for words in rows_of(text) if words[:1] == [symbol])


def list_rows(text: str) -> list[list[str]]:
    return [words for words in rows_of(text) if words and words[0].startswith("10-")]


# Derivatives.


def test_a_derivative_is_a_row_of_what_a_trader_asks_for() -> None:
    sink = sink_for(DERIV)
    sink.write([deriv()])
    text = sink.render(140, 12, START + 2).text
    assert "Derivatives" in text
    assert row_of(text, "tBTCF0:USTF0") == [
        *["tBTCF0:USTF0", "86,676.3", "86,710.5", "86,670.5", "▲", "+0.01%"],
        *["-0.010000", "+0.015317", "08:00", "8,851.89", "62,210,385", "2s"],
    ]


def test_what_the_exchange_does_not_say_is_a_dash() -> None:
    sink = sink_for(DERIV)
    nothing = dict.fromkeys(("mark_price", "current_funding", "next_funding_evt_mts"))
    sink.write([deriv(**nothing)])
    row = row_of(sink.render(140, 12, START).text, "tBTCF0:USTF0")
    assert row[1] == "–"
    assert row.count("–") == 4


def test_a_narrow_screen_keeps_mark_price_and_funding() -> None:
    sink = sink_for(DERIV)
    sink.write([deriv()])
    text = sink.render(60, 12, START).text
    assert "MARK" in text and "FUNDING" in text
    assert "INSURANCE" not in text


def test_what_changed_is_highlighted_for_a_moment() -> None:
    sink = sink_for(DERIV)
    sink.write([deriv()])
    sink.render(140, 12, START)
    sink.write([deriv(mark_price=86700.5)])
    frame = sink.render(140, 12, START + 1)
    [cell] = [s for line in frame.lines for s in line if "86,700.5" in s.text]
    assert cell.style.reverse


def test_chosen_fields_of_a_derivative_are_its_columns() -> None:
    sink = sink_for(DERIV, fields=["symbol", "clamp_max", "next_funding_step"])
    sink.write([deriv()])
    assert row_of(sink.render(80, 12, START).text, "tBTCF0:USTF0")[1:] == ["0.0025", "3873"]


# Liquidations.


def test_a_liquidation_tells_its_side_and_its_state_in_words() -> None:
    sink = sink_for(LIQUIDATIONS)
    sink.write([
        liquidation(1, is_match=0, liquidation_price=None),
        liquidation(2, 1004.25, is_market_sold=1),
        liquidation(3, -0.5),
    ])  # fmt: skip
    assert [" ".join(row) for row in list_rows(sink.render(100, 20, START).text)] == [
        "10-10 00:00:03 tETHF0:USTF0 ▲ short 0.50 142.75 167.50 sold",
        "10-10 00:00:02 tETHF0:USTF0 ▼ long 1,004.25 142.75 167.50 taken over",
        "10-10 00:00:01 tETHF0:USTF0 ▲ short 2.50 142.75 – triggered",
    ]


def test_the_list_fills_its_height_and_waits_with_a_word() -> None:
    sink = sink_for(LIQUIDATIONS)
    assert "waiting for liquidations…" in sink.render(80, 20, START).text
    sink.write([liquidation(i) for i in range(2000)])
    assert len(list_rows(sink.render(80, 20, START).text)) == 20 - 4
    assert len(list_rows(sink.render(80, 3, START).text)) == 1


def test_chosen_fields_of_a_liquidation_are_its_columns() -> None:
    sink = sink_for(LIQUIDATIONS, fields=["pos_id", "mts", "is_match"])
    sink.write([liquidation(7)])
    assert ["7", "1760054407000.25", "1"] in rows_of(sink.render(80, 20, START).text)


def test_plain_lines_say_the_same() -> None:
    pipe = Terminal(interactive=False)
    sink = sink_for(DERIV, LIQUIDATIONS, console=Console(file=pipe))
    sink.write([deriv(), liquidation(1, is_match=0, liquidation_price=None)])
    assert [" ".join(line.split()) for line in pipe.getvalue().split("\n")[:2]] == [
        "deriv tBTCF0:USTF0 mark 86,676.3172 spot 86,670.5000 funding -0.0001 interest 8,851.89",
        "liq tETHF0:USTF0 10-10 00:00:01 short amount -2.5 entry 142.75 price – triggered",
    ]
