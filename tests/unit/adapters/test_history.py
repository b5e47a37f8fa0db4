"""What both adapters make of recorded histories: who, when, which value, and what nobody can tell."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from crmbridge.adapters.hubspot import history as hubspot
from crmbridge.adapters.hubspot.answers import PastRow, PastValue
from crmbridge.adapters.salesforce import history as salesforce
from crmbridge.history import Doer, RecordHistory
from crmbridge.mapping import Mapping as CompanyMapping

MAPPING = CompanyMapping.default()
CREATED = "2026-01-05T09:00:00.000Z"
LEAD_ID = "00Q000000000001AAA"
ANN = "005000000000001AAA"
BOB = "005000000000002AAA"


def moment(day: int) -> datetime:
    return datetime(2026, 1, day, 9, tzinfo=UTC)


# HubSpot ---------------------------------------------------------------------------------------------
def contact(properties: dict[str, str | None] | None = None, **past: list[PastValue]) -> RecordHistory:
    wanted = hubspot._wanted(MAPPING, "contacts", ("stage", "status", "recycle_reason"))
    row = PastRow(
        id="1", properties={"createdate": CREATED, **(properties or {})}, properties_with_history=past
    )
    return hubspot.to_history(row, wanted)


def value(text: str, day: int, source: str = "CRM_UI") -> PastValue:
    return PastValue(value=text, timestamp=f"2026-01-{day:02}T09:00:00.000Z", source_type=source)


def test_newest_first_becomes_oldest_first_with_who_did_it() -> None:
    found = contact(
        lifecyclestage=[value("marketingqualifiedlead", 9, "AUTOMATION_PLATFORM"), value("lead", 5, "IMPORT")]
    )
    assert [(change.value, change.at, change.doer) for change in found.changes] == [
        ("lead", moment(5), Doer.INTEGRATION),
        ("mql", moment(9), Doer.AUTOMATION),
    ]
    assert found.since == {"stage": moment(5)}


@pytest.mark.parametrize("source", ["SOMETHING_NEW", ""])
def test_a_source_that_nobody_knows_stays_unknown(source: str) -> None:
    assert contact(lifecyclestage=[value("lead", 5, source)]).changes[0].doer is Doer.UNKNOWN


def test_a_value_without_a_mapping_keeps_its_text() -> None:
    (change,) = contact(lifecyclestage=[value("champion", 5)]).changes
    assert (change.value, change.raw) == (None, "champion")


def test_a_status_may_imply_its_reason() -> None:
    found = contact(hs_lead_status=[value("BAD_TIMING", 7)])
    assert {(change.field, change.value) for change in found.changes} == {
        ("status", "recycled"),
        ("recycle_reason", "timing"),
    }


@pytest.mark.parametrize(
    "properties",
    [
        {"hs_v2_date_entered_marketingqualifiedlead": "2026-01-09T09:00:00.000Z"},
        {"hs_date_entered_marketingqualifiedlead": "2026-01-09T09:00:00.000Z"},
        {"hs_lifecyclestage_marketingqualifiedlead_date": str(int(moment(9).timestamp() * 1000))},
        {
            "hs_v2_date_entered_marketingqualifiedlead": "2026-01-09T09:00:00.000Z",
            "hs_lifecyclestage_marketingqualifiedlead_date": "2026-01-20T09:00:00.000Z",
        },
    ],
    ids=["newest", "middle", "oldest", "the newest counts"],
)
def test_stage_dates_of_every_generation_are_read(properties: dict[str, str | None]) -> None:
    (stamp,) = contact(properties).stamps
    assert (stamp.stage, stamp.entered_at, stamp.left_at) == ("mql", moment(9), None)


def test_a_stage_with_several_values_was_entered_with_the_first_of_them() -> None:
    found = contact(
        {
            "hs_v2_date_entered_lead": "2026-01-09T09:00:00.000Z",
            "hs_v2_date_entered_subscriber": "2026-01-05T09:00:00.000Z",
            "hs_v2_date_exited_subscriber": "2026-01-07T09:00:00.000Z",
        }
    )
    assert [(stamp.stage, stamp.entered_at, stamp.left_at) for stamp in found.stamps] == [
        ("lead", moment(5), moment(7))
    ]


def test_merges_are_told_with_their_time() -> None:
    millis = int(moment(9).timestamp() * 1000)
    assert contact({"hs_calculated_merged_vids": f"7:{millis};8:"}).merges == {"7": moment(9), "8": None}


# Salesforce ------------------------------------------------------------------------------------------
def changed(field: str, old: Any, new: Any, day: int, user: str = "Standard") -> dict[str, Any]:
    return {
        "Field": field,
        "OldValue": old,
        "NewValue": new,
        "CreatedDate": f"2026-01-{day:02}T09:00:00.000+0000",
        "CreatedBy": {"UserType": user},
    }


def lead(*rows: dict[str, Any], tracked_since: int = 1, **more: Any) -> RecordHistory | None:
    found = MAPPING.object("salesforce", "Lead")
    assert found is not None
    fields = {
        "Status": ("status", found.reader("status")),
        "Owner": ("owner", found.reader("owner")),
    }
    since = dict.fromkeys(("status", "owner"), moment(tracked_since))
    wanted = salesforce._Wanted("Lead", fields, since)  # type: ignore[arg-type]
    wire = {"Id": LEAD_ID, "CreatedDate": CREATED, **more}
    return salesforce.to_history(wire, iter(rows), wanted)


def test_the_first_row_tells_what_was_there_since_the_creation() -> None:
    found = lead(changed("Status", "Open - Not Contacted", "Working - Contacted", 9))
    assert found is not None
    assert [(change.value, change.at) for change in found.changes] == [
        ("new", moment(5)),
        ("working", moment(9)),
    ]
    assert found.since == {"status": moment(5), "owner": moment(5)}


def test_what_was_there_before_tracking_began_has_no_time() -> None:
    found = lead(changed("Status", "Open - Not Contacted", "Working - Contacted", 9), tracked_since=7)
    assert found is not None
    assert [(change.value, change.at) for change in found.changes] == [("new", None), ("working", moment(9))]
    assert found.since["status"] == moment(7)


def test_owners_come_once_by_their_ids() -> None:
    found = lead(changed("Owner", "Ann", "Bob", 9), changed("Owner", ANN, BOB, 9, "AutomatedProcess"))
    assert found is not None
    assert [(change.value, change.doer) for change in found.changes] == [
        (ANN, Doer.AUTOMATION),
        (BOB, Doer.AUTOMATION),
    ]


@pytest.mark.parametrize(
    ("rows", "at", "exact"),
    [
        ((), datetime(2026, 1, 20, tzinfo=UTC), False),
        ((changed("leadConverted", None, None, 20),), moment(20), True),
    ],
    ids=["the day", "the row"],
)
def test_a_conversion_is_told_as_exactly_as_it_is_known(rows: Any, at: datetime, exact: bool) -> None:
    found = lead(*rows, IsConverted=True, ConvertedDate="2026-01-20")
    assert found is not None
    (change,) = found.changes
    assert (change.value, change.at, change.exact) == ("converted", at, exact)


def test_a_status_that_tells_the_conversion_needs_no_other() -> None:
    found = lead(
        changed("Status", "Working - Contacted", "Closed - Converted", 20),
        IsConverted=True,
        ConvertedDate="2026-01-20",
    )
    assert found is not None
    assert [change.value for change in found.changes] == ["working", "converted"]


def test_a_deleted_lead_has_no_history_to_read() -> None:
    assert lead(changed("Status", None, "New", 9), IsDeleted=True) is None
