"""The tape of trades."""

from __future__ import annotations

from table_scene import START, funding_trade, rows_of, sink_for, trade


def tape_rows(text: str) -> list[list[str]]:
    return [words for words in rows_of(text) if words and words[0].count(":") == 2]


def test_the_newest_trade_is_on_top() -> None:
    sink = sink_for("trades:tBTCUSD")
    sink.write([trade(i, 0.5) for i in range(1, 4)])
    times = [row[0] for row in tape_rows(sink.render(80, 24, START).text)]
    assert times == ["00:00:00.003", "00:00:00.002", "00:00:00.001"]


def test_a_row_tells_side_price_and_amount_by_words_not_by_colour_alone() -> None:
    sink = sink_for("trades:tBTCUSD")
    sink.write([trade(1, 0.25, 60123), trade(2, -1.5, 60122.5)])
    sell, buy = tape_rows(sink.render(80, 24, START).text)
    assert sell[1:5] == ["▼", "sell", "60,122.5", "1.50"]
    assert buy[1:5] == ["▲", "buy", "60,123.0", "0.25"]
    assert "TIME UTC" in sink.render(80, 24, START).text


def test_bars_are_as_long_as_the_amounts_compare() -> None:
    sink = sink_for("trades:tBTCUSD")
    sink.write([trade(1, 2), trade(2, -1), trade(3, 0.00001)])
    smallest, half, whole = tape_rows(sink.render(100, 24, START).text)
    assert set(whole[-1]) == {"█"}
    assert half[-1] == whole[-1][: len(whole[-1]) // 2]
    assert smallest[-1] == "▏"


def test_the_tape_fills_its_height_and_no_more() -> None:
    sink = sink_for("trades:tBTCUSD")
    sink.write([trade(i, 1) for i in range(5000)])
    assert len(tape_rows(sink.render(80, 24, START).text)) == 24 - 4
    assert len(tape_rows(sink.render(40, 24, START).text)) == 24 - 3


def test_the_symbol_is_told_only_where_there_are_several() -> None:
    one = sink_for("trades:tBTCUSD")
    assert "SYMBOL" not in one.render(80, 24, START).text
    assert "Trades tBTCUSD" in one.render(80, 24, START).text
    one.write([trade(1, 1)])
    assert "SYMBOL" not in one.render(80, 24, START).text
    two = sink_for("trades:tBTCUSD", "trades:tETHUSD")
    two.write([trade(1, 1), trade(2, 1, 3120.4, "tETHUSD")])
    rows = tape_rows(two.render(80, 24, START).text)
    assert [row[1] for row in rows] == ["tETHUSD", "tBTCUSD"]
    assert [row[4] for row in rows] == ["3,120.4", "60,123"]


def test_columns_go_in_the_order_of_their_importance_and_the_side_stays() -> None:
    sink = sink_for("trades:tBTCUSD")
    sink.write([trade(1, -0.25)])
    assert "█" in sink.render(50, 20, START).text
    narrow = sink.render(31, 20, START).text
    assert "█" not in narrow
    assert tape_rows(narrow) == [["00:00:00.001", "▼", "60,123", "0.25"]]
    tiny = sink.render(20, 20, START).text
    assert "TIME" not in tiny
    assert ["▼", "60,123", "0.25"] in rows_of(tiny)


def test_the_share_of_what_was_bought_is_told() -> None:
    sink = sink_for("trades:tBTCUSD")
    sink.write([trade(1, 3), trade(2, -1)])
    assert "▲ 75%  ▼ 25%" in sink.render(80, 24, START).text


def test_a_trade_that_comes_as_te_and_as_tu_is_shown_once() -> None:
    sink = sink_for("trades:tBTCUSD")
    sink.write([trade(1, 3), trade(1, 3, kind="tu"), trade(2, 1)])
    assert len(tape_rows(sink.render(80, 24, START).text)) == 2


def test_funding_trades_show_rate_and_period() -> None:
    sink = sink_for("trades:fUSD")
    sink.write([funding_trade(1, -1500.5, 0.0002, 30)])
    text = sink.render(100, 24, START).text
    assert "Funding trades fUSD" in text
    assert ["TIME", "UTC", "SIDE", "%", "A", "DAY", "DAYS", "AMOUNT"] in rows_of(text)
    assert tape_rows(text)[0][1:6] == ["▼", "sell", "0.02", "30", "1,500.5"]


def test_chosen_fields_are_the_columns_with_the_sign_of_the_amount() -> None:
    sink = sink_for("trades:tBTCUSD", fields=["id", "amount", "price"])
    sink.write([trade(17, "-0.5", 60123)])
    rows = rows_of(sink.render(80, 24, START).text)
    assert ["id", "amount", "price"] in rows
    assert ["17", "-0.5", "60,123"] in rows


def test_an_empty_tape_says_that_it_waits() -> None:
    assert "waiting for trades…" in sink_for("trades:tBTCUSD").render(80, 24, START).text


def test_one_row_is_a_trade_and_not_the_header() -> None:
    sink = sink_for("trades:tBTCUSD")
    sink.write([trade(1, 1), trade(2, 1)])
    text = sink.render(80, 3, START).text
    assert [row[0] for row in tape_rows(text)] == ["00:00:00.002"]
    assert "TIME" not in text and "waiting" not in text
