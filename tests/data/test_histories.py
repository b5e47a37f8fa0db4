"""Real shapes of property history, merges and Salesforce history (values hashed) load and give timelines."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from crmbridge.adapters.hubspot import history as hubspot
from crmbridge.adapters.hubspot.answers import PastRow, PastValue
from crmbridge.adapters.salesforce import history as salesforce
from crmbridge.history import OPPORTUNITY_STAGE, RecordHistory
from crmbridge.journey import EntryKind, Evidence
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.model import Opportunity, RecordRef
from crmbridge.timeline import Timeline, closed_at, rebuild
from tests.data.prepare import SHARED
from tests.unit.people import part, person
from tests.unit.timeline.past import context

SEEDS = SHARED / "fivetran_seeds"
pytestmark = pytest.mark.skipif(not SEEDS.is_dir(), reason="../shared with the seeds is absent")
READ_AT = datetime(2026, 6, 1, tzinfo=UTC)


def rows(name: str) -> list[dict[str, str]]:
    with SEEDS.joinpath(name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def moment(text: str) -> str:
    return f"{text.replace(' ', 'T')}Z"


@pytest.fixture(scope="module")
def changes() -> list[dict[str, str]]:
    return rows("hubspot/contact_property_history_data.csv")


def mapping(changes: list[dict[str, str]]) -> CompanyMapping:
    """Let the values that the commonest property takes be the stages of the process, by turns."""
    ((name, _),) = Counter(row["name"] for row in changes).most_common(1)
    values = sorted({row["value"] for row in changes if row["name"] == name})
    stages = {stage: values[start::3] for start, stage in enumerate(("lead", "mql", "sal"))}
    return CompanyMapping.parse(
        {"format": 1, "hubspot": {"fields": {"stage": "lifecyclestage"}, "stages": stages}}
    )


def histories(changes: list[dict[str, str]]) -> dict[str, RecordHistory]:
    """Put the rows on the wire as HubSpot sends them, and read them."""
    ((name, _),) = Counter(row["name"] for row in changes).most_common(1)
    past: defaultdict[str, list[PastValue]] = defaultdict(list)
    for row in changes:
        if row["name"] == name:
            past[row["contact_id"]].append(
                PastValue(value=row["value"], timestamp=moment(row["timestamp"]), source_type=row["source"])
            )
    wanted = hubspot._wanted(mapping(changes), "contacts", ("stage",))
    return {
        key: hubspot.to_history(
            PastRow(id=key, properties={}, properties_with_history={"lifecyclestage": values}), wanted
        )
        for key, values in past.items()
    }


def timeline_of(history: RecordHistory) -> Timeline:
    return rebuild(person(part(history.ref, {})), {history.ref: history}, context())


def test_every_row_of_the_property_history_is_an_entry(changes: list[dict[str, str]]) -> None:
    found = {key: timeline_of(history) for key, history in histories(changes).items()}
    name = Counter(row["name"] for row in changes).most_common(1)[0][0]
    told = {
        (key, entry.at)
        for key, timeline in found.items()
        for entry in timeline.journey.entries
        if entry.kind is EntryKind.STAGE
    }
    stamps = {
        (row["contact_id"], datetime.fromisoformat(moment(row["timestamp"])))
        for row in changes
        if row["name"] == name
    }
    assert told == stamps
    assert len(told) == 44
    assert {problem.kind for timeline in found.values() for problem in timeline.problems} == set()
    assert all(timeline.coverage["owner"] is Evidence.UNKNOWN for timeline in found.values())


def test_sources_that_no_row_knows_stay_unknown(changes: list[dict[str, str]]) -> None:
    doers = {row["source"]: hubspot.DOERS.get(row["source"]) for row in changes}
    assert doers["ASSOCIATIONS"] is not None
    assert doers["BCC_TO_CRM"] is None


def test_the_merge_audit_is_told(changes: list[dict[str, str]]) -> None:
    wanted = hubspot._wanted(mapping(changes), "contacts", ("stage",))
    audit = rows("hubspot/contact_merge_audit_data.csv")
    for row in audit:
        millis = int(datetime.fromisoformat(moment(row["timestamp"])).timestamp() * 1000)
        properties: dict[str, str | None] = {"hs_calculated_merged_vids": f"{row['vid_to_merge']}:{millis}"}
        history = hubspot.to_history(PastRow(id=row["canonical_vid"], properties=properties), wanted)
        (problem,) = timeline_of(history).problems
        assert (problem.kind, problem.at) == (
            "merged_histories",
            datetime.fromisoformat(moment(row["timestamp"])),
        )
    assert len(audit) == 4


def test_salesforce_opportunity_histories_tell_when_they_were_closed() -> None:
    seen = 0
    for row in rows("salesforce/sf_opportunity_history_data.csv"):
        history = salesforce._opportunity(_wire(row), iter([_staged(row)]))
        assert history is not None
        item = Opportunity(
            ref=history.ref,
            raw_stage=row["stage_name"],
            closed=row["is_closed"] == "true",
            won=row["is_won"] == "true",
            created_at=history.created_at,
        )
        expected = datetime.fromisoformat(moment(row["_fivetran_start"])) if item.closed else None
        assert closed_at(item, {history.ref: history}) == expected
        assert history.changes[0].field == OPPORTUNITY_STAGE
        seen += 1
    assert seen == 10


def _wire(row: Mapping[str, str]) -> dict[str, Any]:
    return {"Id": row["id"], "CreatedDate": moment(row["created_date"]), "IsDeleted": False}


def _staged(row: Mapping[str, str]) -> dict[str, Any]:
    return {"StageName": row["stage_name"], "CreatedDate": moment(row["_fivetran_start"])}


def test_a_converted_lead_tells_the_day_of_its_conversion() -> None:
    (row,) = rows("salesforce/sf_lead_data.csv") or [{}]
    wire = {
        "Id": row["id"],
        "CreatedDate": moment(row["created_date"]),
        "IsConverted": row["is_converted"] == "TRUE",
        "ConvertedDate": row["converted_date"][:10],
    }
    history = salesforce.to_history(wire, iter([]), salesforce._Wanted("Lead", {}, {}))
    assert history is not None
    found = timeline_of(history)
    statuses = [entry for entry in found.journey.entries if entry.kind is EntryKind.STATUS]
    assert [(entry.value, entry.evidence, entry.source) for entry in statuses] == [
        ("converted", Evidence.DERIVED, "salesforce.conversion")
    ]
    assert history.ref == RecordRef("salesforce", "Lead", row["id"])
