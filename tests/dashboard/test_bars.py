"""Bars made of plain elements."""

from __future__ import annotations

from dashboard.components.bars import Part, bar

LINE = "border-right:2px solid #fff"


def test_a_line_stands_between_parts_and_not_where_a_bar_ends() -> None:
    assert LINE not in bar([Part(100, "good"), Part(0, "bad")], "all for")
    assert bar([Part(60, "good"), Part(40, "bad")], "most for").count(LINE) == 1
    assert bar([Part(20, "good"), Part(20, "bad"), Part(60, "calm")], "few for").count(LINE) == 2


def test_a_part_can_be_seen_however_small_and_none_where_there_is_nothing() -> None:
    assert bar([Part(0.01, "info")], "one of many").count("min-width:3px") == 1
    assert "min-width:3px" not in bar([Part(0, "info")], "none")


def test_what_a_bar_shows_is_told_in_words_that_stay_words() -> None:
    assert 'aria-label="&quot;&gt;&lt;b&gt;"' in bar([], '"><b>')
