"""The meeting pack: the same figures as of three moments, and the differences between them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmbridge.errors import ConfigError
from crmbridge.presenting import meeting
from crmbridge.report import window
from crmbridge.report.changes import counted
from tests.docs.invented_year import NOW
from tests.docs.report_picture import document
from tests.unit.report.pages import LEADS, acorn, pack_html, tree, words


def rows() -> dict[str, list[str]]:
    (section,) = tree(pack_html()).xpath("//section[@id='changes']")
    return {words(row[0]): [words(cell) for cell in row[1:]] for row in section.findall(".//tbody/tr")}


def test_what_changed_is_the_difference_of_two_reports() -> None:
    """S91: since the last meeting, beside the same time before it."""
    now, last, before = (counted(document(LEADS, days)) for days in (0, 7, 14))
    found = rows()
    for key, name in (
        ("leads", "leads"),
        ("qualified", "qualified"),
        ("recycled", "given back"),
        ("won", "won"),
    ):
        assert found[name][:2] == [f"{now[key] - last[key]}", f"{last[key] - before[key]}"]  # type: ignore[operator]
    assert found["qualified"][3] == acorn().document["definitions"]["qualified"]


def test_the_pack_has_decisions_targets_and_outcomes() -> None:
    """S91, S88, S89: decisions to take, performance against targets, wins and losses."""
    root = tree(pack_html())
    parts = [each.get("id") for each in root.iter("section")]
    assert parts[:2] == ["changes", "decisions"]
    assert {"quota", "conversion", "follow_up", "review", "reasons", "feedback", "almost", "due"} <= set(
        parts
    )
    (review,) = root.xpath("//section[@id='review']")
    assert not review.xpath(".//details[not(@class)]")  # gone through one by one: nothing is behind a click
    assert "From Nov 16, 2026" in words(root.find(".//header"))


def test_a_week_is_looked_at_unless_somebody_says_otherwise() -> None:
    assert window(NOW, None) == (NOW - timedelta(days=7), NOW - timedelta(days=14))
    assert window(NOW, NOW - timedelta(days=14)) == (NOW - timedelta(days=14), NOW - timedelta(days=28))


def test_a_meeting_that_is_to_come_is_no_last_meeting() -> None:
    tomorrow = NOW.date() + timedelta(days=1)
    with pytest.raises(ConfigError, match="the last meeting is to come"):
        meeting(lambda _: {}, lambda _: acorn(), (NOW, tomorrow))


def test_the_pack_speaks_other_languages() -> None:
    told = words(tree(pack_html("fr")))
    assert ("Décisions à prendre" in told, "Decisions" in told) == (True, False)
