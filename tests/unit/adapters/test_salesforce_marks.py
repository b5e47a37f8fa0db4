"""Watermarks that miss nothing, and queries that nobody can bend."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from crmbridge.adapters.salesforce.marks import Mark, Point, Probe, Window, parse_mark
from crmbridge.adapters.salesforce.soql import field_name, id18, is_id, query_path, select, within
from crmbridge.errors import Forbidden

OVERLAP = timedelta(minutes=2)


def row(number: int, time: str) -> dict[str, Any]:
    return {"Id": id18(f"00QAA{number:010}"), "SystemModstamp": f"2026-05-01T{time}.000+0000"}


def window(*rows: dict[str, Any], seen: Sequence[dict[str, Any]] = (), floor: Mark | None = None) -> Window:
    """Make a window over rows, of which the probe saw ``seen``; all of them if nothing is said."""
    made = Window(Probe(seen or rows), OVERLAP, floor)
    made.add(rows)
    return made


def test_a_mark_survives_being_written_down() -> None:
    mark = window(row(1, "07:00:00"), row(2, "07:10:00")).mark(is_end=True)
    assert mark is not None
    assert (mark.since, mark.rows_count) == ("2026-05-01T07:08:00Z", 1)
    assert parse_mark(str(mark)) == mark
    assert parse_mark(mark.since) == Mark(mark.since)


@pytest.mark.parametrize(
    "text", [None, "", "yesterday", "2026-05-01T07:00:00Z' OR Id != '", "2026-05-01T07:00:00Z 1 x y z"]
)
def test_what_is_no_mark_of_ours_reads_the_object_whole(text: str | None) -> None:
    assert parse_mark(text) is None


def test_a_row_edited_during_a_pass_does_not_move_the_mark_past_the_beginning_of_the_pass() -> None:
    before = [row(1, "07:00:00"), row(2, "07:10:00")]
    passed = window(row(1, "07:00:00"), row(2, "09:00:00"), seen=before)
    assert passed.mark(is_end=True) == Mark("2026-05-01T07:08:00Z")


def test_in_the_middle_of_a_pass_the_last_row_counts() -> None:
    passed = window(row(1, "07:00:00"), seen=[row(1, "07:00:00"), row(2, "07:10:00")])
    assert passed.mark(is_end=False) == Mark("2026-05-01T06:58:00Z")


def test_a_mark_never_goes_back() -> None:
    floor = Mark("2026-05-01T07:09:30Z")
    mark = window(row(1, "07:10:00"), floor=floor).mark(is_end=True)
    assert mark is not None
    assert mark.since == floor.since
    assert window(floor=floor).mark(is_end=True) == floor
    assert window().mark(is_end=True) is None


def test_the_order_of_a_place_is_stamp_and_id() -> None:
    point = Point("2026-05-01T07:00:00Z", "00QAA00000000012AA")
    assert point.rest == (
        "(SystemModstamp > 2026-05-01T07:00:00Z OR "
        "(SystemModstamp = 2026-05-01T07:00:00Z AND Id > '00QAA00000000012AA'))"
    )


@pytest.mark.parametrize(
    ("short", "full"),
    [("00D000000000062", "00D000000000062EAA"), ("0015e00000tW1f0", "0015e00000tW1f0AAC")],
)
def test_ids_grow_to_eighteen_characters(short: str, full: str) -> None:
    assert id18(short) == full
    assert id18(full) == full


@pytest.mark.parametrize("text", ["", "00Q", "../User/0050000", "00QAA0000000001 x", "00QAA000000000ä"])
def test_what_is_no_id_is_refused(text: str) -> None:
    assert not is_id(text)
    with pytest.raises(Forbidden):
        id18(text)


@pytest.mark.parametrize("name", ["Email FROM User", "Id)", "", "a.b.", "Na'me", "Näme"])
def test_what_is_no_field_name_never_gets_into_a_query(name: str) -> None:
    with pytest.raises(Forbidden):
        field_name(name)


def test_values_are_bound() -> None:
    query = select("Lead", ["Id", "Campaign.Name"], where=within("Key__c", ["o'x\\", 'a"b\n']), order="Id")
    assert query == (
        "SELECT Id, Campaign.Name FROM Lead WHERE Key__c IN ('o\\'x\\\\','a\\\"b\\n') ORDER BY Id"
    )
    assert query_path("SELECT Id FROM A&b", deleted=True) == "queryAll/?q=SELECT%20Id%20FROM%20A%26b"
