"""Statuses from spreadsheets: every row is used or refused with a reason, and nothing is written twice."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crmbridge.backfill import BEGINNING, REFUSALS, SKIPS, Backfill, BackfillResult
from crmbridge.errors import ConfigError
from crmbridge.journey import EntryKind, Evidence
from crmbridge.testing import Killed
from tests.backfill.test_backfill import WRITTEN, Past

MAPPING = """\
[csv]
date_format = "%Y-%m-%d"
[key]
column = "E-Mail"
names = "email"
[dates]
mql = "Qualified"
sal = "Accepted"
recycled = "Given back"
[fields]
recycle_reason = "Why"
"""
HEADER = "E-Mail,Qualified,Accepted,Given back,Why"
LONG = """\
[csv]
files = [{ path = "log.csv", rows = "history", key = "Lead", value = "Stage", at = "On", reason = "Why" }]
date_format = "DD.MM.YYYY"
[stages]
MQL = "mql"
Sales = "sal"
Back = "recycled"
Junk = false
"""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Desk(Past):
    """Somebody with spreadsheets."""

    folder: Path

    def people(self, *names: str) -> None:
        """Make people whom both CRMs say nothing of but that they are there, since the year's first day."""
        for name in names:
            self.person(name, (0, "phone", "+4930901820"))
            self.hubspot.edit("contacts", name, created_at=at("2025-01-01"))

    def feed(self, *rows: str, mapping: str = MAPPING, header: str = HEADER, **more: Any) -> BackfillResult:
        file = self.folder / "log.csv"
        file.write_text("\n".join([header, *rows]) + "\n", "utf-8")
        return self.feed_file(file, mapping=mapping, **more)

    def feed_file(
        self, file: Path, *, mapping: str = MAPPING, apply: bool = True, also: Sequence[str] = ()
    ) -> BackfillResult:
        told = self.folder / "map.toml"
        told.write_text(mapping, "utf-8")
        request = Backfill(since=BEGINNING, also=also)
        return self.bridge.backfill_csv(told, [file], rejects=self.rejects, request=request, apply=apply)

    @property
    def rejects(self) -> Path:
        name = "rejects.csv" if not (self.folder / "rejects.csv").exists() else "more.csv"
        return self.folder / name

    def refused(self, name: str = "rejects.csv") -> list[tuple[str, str]]:
        with (self.folder / name).open(encoding="utf-8", newline="") as stream:
            return [(row["line"], row["reason"]) for row in csv.DictReader(stream)]

    def shown(self, name: str) -> dict[str, Any]:
        fields = self.hubspot.fields("contacts", name)
        return {key: fields[key] for key in WRITTEN if fields.get(key) is not None}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk()
    made.folder = tmp_path
    yield made
    made.close()


def test_dates_flags_and_the_timeline_come_from_the_file(desk: Desk) -> None:
    desk.people("ada", "bea")
    found = desk.feed(
        "ADA@example.com,2025-02-01,2025-02-01,,", "bea@example.com,2025-03-01,,2025-04-01,No time"
    )
    assert (found.written, found.failed, found.changes) == (2, 0, found.changes)
    told = found.told
    assert told is not None
    assert (told.rows, told.used, dict(told.refused)) == (2, 2, {})
    ada = desk.shown("ada")
    # Both on one day: the order of the way is kept, a second apart.
    assert (ada["qualified_at"], ada["accepted_at"]) == (at("2025-02-01"), at("2025-02-01T00:00:01"))
    assert (ada["is_mql"], ada["is_sal"]) == (True, True)
    bea = desk.shown("bea")
    assert (bea["qualified_at"], bea["recycled_at"]) == (at("2025-03-01"), at("2025-04-01"))
    assert (bea["recycle_count"], bea["is_mql"]) == (1, False)
    journey = desk.bridge.timeline("ada@example.com").journey
    csv_entries = [entry for entry in journey.entries if entry.source == "csv"]
    assert {entry.kind for entry in csv_entries} >= {EntryKind.STAGE, EntryKind.QUALIFIED, EntryKind.ACCEPTED}
    assert {entry.evidence for entry in csv_entries} == {Evidence.CERTAIN}


def test_the_same_file_again_changes_nothing(desk: Desk) -> None:
    desk.people("ada", "bea")
    rows = ("ada@example.com,2025-02-01,2025-02-03,,", "bea@example.com,2025-03-01,,,")
    assert desk.feed(*rows).written == 2
    before = desk.hubspot.write_calls
    again = desk.feed(*rows)
    assert (again.changes, again.written, again.past.changed) == (0, 0, 0)
    assert desk.hubspot.write_calls == before
    # What was told stays when the CRMs' history is read afresh.
    assert desk.bridge.rebuild_timelines().changed == 0


def test_every_row_is_used_or_refused_with_a_reason_and_its_line(desk: Desk) -> None:
    desk.people("ada", "bea", "cyd", "dan", "eve", "fay")
    desk.person("twin", (0, "phone", "+4930901820"), object="Lead")
    rows = (
        "ada@example.com,2025-02-01,,,",
        "nobody@example.com,2025-02-01,,,",
        "bea@example.com,01/02/2025,,,",
        "cyd@example.com,2027-02-01,,,",
        "dan@example.com,2024-02-01,,,",
        "eve@example.com,2025-02-05,2025-02-01,,",
        "fay@example.com,,,,",
        "fay@example.com,2025-02-05,,,",
        ",2025-02-05,,,",
        "ada@example.com,2025-02-01,,,",
        "gus@example.com,2025-02-05",
    )
    found = desk.feed(*rows)
    told = found.told
    assert told is not None
    assert (told.rows, told.used) == (11, 1)
    assert sorted(desk.refused(), key=lambda row: int(row[0])) == [
        ("3", "unknown_lead"),
        ("4", "bad_date"),
        ("5", "in_future"),
        ("6", "before_creation"),
        ("7", "contradictory"),
        ("8", "duplicate_key"),
        ("9", "duplicate_key"),
        ("10", "blank_key"),
        ("11", "duplicate_row"),
        ("12", "ragged_row"),
    ]
    assert told.refused.total() + told.used == told.rows
    assert set(told.refused) <= {*REFUSALS, *SKIPS}
    assert found.written == 1


def test_corrected_rejects_write_only_their_rows(desk: Desk) -> None:
    desk.people("ada", "bea", "cyd")
    desk.feed(
        "ada@example.com,2025-02-01,,,", "bea@example.com,1.3.2025,,,", 'cyd@example.com,2025-03-32,,,"a, b"'
    )
    rejects = desk.folder / "rejects.csv"
    assert desk.shown("bea") == {}
    text = rejects.read_text("utf-8")
    rejects.write_text(text.replace("1.3.2025", "2025-03-01"), "utf-8")
    before = desk.shown("ada")
    found = desk.feed_file(rejects)
    told = found.told
    assert told is not None
    assert (told.rows, told.used, dict(told.refused)) == (2, 1, {"bad_date": 1})
    assert (found.written, desk.shown("bea")["qualified_at"]) == (1, at("2025-03-01"))
    assert desk.shown("ada") == before
    # Lines are those of the file that was read; its rows have kept their cells.
    assert desk.refused("more.csv") == [("3", "bad_date")]
    assert "a, b" in (desk.folder / "more.csv").read_text("utf-8")


def test_a_lead_is_named_once(desk: Desk) -> None:
    ref = desk.person("ada", (0, "phone", "+4930901820"))
    desk.bridge.plan()
    mapping = MAPPING.replace('names = "email"', "")
    found = desk.feed("ada@example.com,2025-02-01,,,", f"{ref},2025-02-02,,,", mapping=mapping)
    assert found.told is not None
    assert (found.told.used, dict(found.told.refused)) == (0, {"named_twice": 2})
    assert desk.feed(f"{ref},2025-02-02,,,", mapping=mapping).written == 1


def test_keys_may_be_record_ids(desk: Desk) -> None:
    desk.people("ada")
    mapping = MAPPING.replace('"email"', '"hubspot:contacts"')
    assert desk.feed("ada,2025-02-01,,,", mapping=mapping).written == 1


def test_a_log_tells_one_row_per_change(desk: Desk) -> None:
    desk.people("ada", "bea", "cyd")
    header = "Lead,On,Stage,Why"
    rows = (
        "ada@example.com,01.02.2025,MQL,",
        "ada@example.com,05.02.2025,Back,no budget",
        "ada@example.com,01.03.2025,MQL,",
        "ada@example.com,02.03.2025,Junk,",
        "bea@example.com,01.02.2025,MQL,",
        "bea@example.com,02.02.2025,What,",
        "cyd@example.com,,MQL,",
    )
    found = desk.feed(*rows, mapping=LONG, header=header)
    assert found.told is not None
    assert (found.told.rows, found.told.used) == (7, 3)
    # The rows of one lead go together: half a history would be another one.
    assert dict(found.told.refused) == {"unknown_stage": 2, "not_counted": 1, "blank_date": 1}
    ada = desk.shown("ada")
    assert (ada["recycled_at"], ada["recycle_count"]) == (at("2025-02-05"), 1)
    assert desk.shown("bea") == {}


def test_a_later_file_replaces_what_an_earlier_one_told(desk: Desk) -> None:
    desk.people("ada")
    desk.feed("ada@example.com,2025-02-01,2025-02-03,,")
    found = desk.feed("ada@example.com,2025-02-02,2025-02-03,,")
    assert found.written == 1
    assert desk.shown("ada")["qualified_at"] == at("2025-02-02")


def test_what_people_put_there_stays(desk: Desk) -> None:
    desk.people("ada")
    desk.hubspot.edit("contacts", "ada", qualified_at=at("2025-05-05"))
    found = desk.feed("ada@example.com,2025-02-01,,,")
    assert desk.shown("ada")["qualified_at"] == at("2025-05-05")
    assert found.tally.kept == {"qualified_at": 1}


def test_what_the_crm_recorded_of_a_stage_counts(desk: Desk) -> None:
    desk.person("ada", (0, "stage", "lead"), (40, "stage", "mql"))
    desk.feed("ada@example.com,2025-03-01,2025-03-02,,")
    # The CRM recorded the MQL; it knows nothing of the SAL.
    assert desk.shown("ada")["qualified_at"] == at("2025-02-10")
    assert desk.shown("ada")["accepted_at"] == at("2025-03-02")


def test_a_stage_that_nobody_dated_came_after_what_the_file_tells(desk: Desk) -> None:
    desk.salesforce.past.tracked = ()
    desk.person("ada", (0, "stage", "sal"), object="Lead")
    desk.feed("ada@example.com,2025-02-01,,,")
    shown = desk.salesforce.fields("Lead", "ada")
    assert shown["qualified_at"] == at("2025-02-01")
    # How things stand is another matter: it is a SAL, and nobody knows since when.
    assert (shown.get("is_mql"), shown.get("is_sal"), shown.get("accepted_at")) == (None, None, None)


def test_nothing_is_kept_or_written_unless_asked(desk: Desk) -> None:
    desk.people("ada")
    found = desk.feed("ada@example.com,2025-02-01,,,", apply=False)
    assert (found.changes > 0, found.report, desk.shown("ada")) == (True, None, {})
    journey = desk.bridge.timeline("ada@example.com").journey
    assert not [entry for entry in journey.entries if entry.source == "csv"]


def test_a_stage_that_the_process_lacks_and_files_of_no_use_are_refused(desk: Desk) -> None:
    desk.people("ada")
    with pytest.raises(ConfigError) as refused:
        desk.feed("ada@example.com,2025-02-01,,,", mapping=MAPPING.replace("sal =", "accepted ="))
    assert "no stage 'accepted'" in str(refused.value)


def test_a_killed_one_goes_on(desk: Desk) -> None:
    names = [f"p{number}" for number in range(7)]
    desk.people(*names)
    desk.hubspot.batch_limit = 2
    rows = [f"{name}@example.com,2025-02-01,2025-02-03,," for name in names]

    def die() -> None:
        raise Killed

    desk.hubspot.meanwhile = die
    with pytest.raises(Killed):
        desk.feed(*rows)
    desk.seconds += 61
    desk.hubspot.meanwhile = None
    found = desk.feed(*rows)
    assert found.resumed_partitions == 1
    assert all(desk.shown(name)["accepted_at"] == at("2025-02-03") for name in names)


def test_the_rules_pass_nobody_whom_a_file_names(desk: Desk) -> None:
    desk.person("boss", (0, "stage", "lead"), (3, "job_title", "Head of Sales"))
    told = MAPPING.replace("[dates]", '[dates]\nlead = "Why"').replace('recycle_reason = "Why"', "")
    found = desk.feed("boss@example.com,,,,2025-02-02", mapping=told)
    assert found.tally.by_rules == 0
    assert Backfill(since=at("2025-01-01")).by_rules
