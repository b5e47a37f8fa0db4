"""Fields the service keeps itself: names, closed flags, fiscal periods, what a campaign member copies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from crmbridge.sandbox.salesforce.store import Row, Store

#: A rule gets the record as it will be and what changes, and gives more changes.
Rule = Callable[[Store, Row, Mapping[str, Any]], dict[str, Any]]

_MEMBER_COPIES = (
    "Salutation", "FirstName", "LastName", "Name", "Title", "Email", "Phone", "LeadSource", "DoNotCall",
    "HasOptedOutOfEmail",
)  # fmt: skip


def derived(store: Store, object_: str, row: Row, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values that follow from a write.

    Args:
        store: Where stages, statuses and people are looked up.
        object_: API name of the object.
        row: The record as it will be after the write.
        changes: What the write changes; all fields of a new record.
    """
    rule = _RULES.get(object_)
    return rule(store, row, changes) if rule is not None else {}


def _person(_store: Store, row: Row, changes: Mapping[str, Any]) -> dict[str, Any]:
    if not {"FirstName", "LastName"} & set(changes):
        return {}
    return {"Name": " ".join(filter(None, (row.get("FirstName"), row.get("LastName"))))[:121]}


def _user(store: Store, row: Row, changes: Mapping[str, Any]) -> dict[str, Any]:
    more = _person(store, row, changes)
    return more | ({"IsActive": 1} if "Id" in changes and "IsActive" not in changes else {})


def _contact(store: Store, row: Row, changes: Mapping[str, Any]) -> dict[str, Any]:
    more = _person(store, row, changes)
    if "EmailBouncedReason" in changes:
        more["IsEmailBounced"] = int(bool(changes["EmailBouncedReason"]))
    return more


def _opportunity(store: Store, row: Row, changes: Mapping[str, Any]) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if "StageName" in changes:
        more |= _staged(store, row, changes)
    if "CloseDate" in changes and row.get("CloseDate"):
        year, month = int(row["CloseDate"][:4]), int(row["CloseDate"][5:7])
        quarter = (month + 2) // 3
        more |= {"FiscalYear": year, "FiscalQuarter": quarter, "Fiscal": f"{year} {quarter}"}
    if row.get("Amount") is not None:
        probability = more.get("Probability", row.get("Probability")) or 0
        more["ExpectedRevenue"] = round(row["Amount"] * probability / 100, 2)
    return more


def _staged(store: Store, row: Row, changes: Mapping[str, Any]) -> dict[str, Any]:
    stages = store.rows(store.named("OpportunityStage"), "ApiName = ?", (row["StageName"],))
    stage = stages[0] if stages else {}
    more = {
        "IsClosed": stage.get("IsClosed", 0),
        "IsWon": stage.get("IsWon", 0),
        "ForecastCategory": stage.get("ForecastCategory", "Pipeline"),
        "LastStageChangeDate": store.stamp(),
    }
    if changes.get("ForecastCategoryName") is None:
        more["ForecastCategoryName"] = stage.get("ForecastCategoryName", "Pipeline")
    if changes.get("Probability") is None:
        more["Probability"] = stage.get("DefaultProbability", 0.0)
    return more


def _task(store: Store, row: Row, changes: Mapping[str, Any]) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if "Status" in changes:
        statuses = store.rows(store.named("TaskStatus"), "ApiName = ?", (row["Status"],))
        closed = statuses[0]["IsClosed"] if statuses else 0
        more = {"IsClosed": closed, "CompletedDateTime": store.stamp() if closed else None}
    if "Priority" in changes:
        more["IsHighPriority"] = int(row.get("Priority") == "High")
    return more | _account_of(store, row, changes)


def _event(store: Store, row: Row, changes: Mapping[str, Any]) -> dict[str, Any]:
    more = _account_of(store, row, changes)
    start = row.get("StartDateTime") or row.get("ActivityDateTime")
    if start and {"StartDateTime", "ActivityDateTime", "DurationInMinutes", "EndDateTime"} & set(changes):
        begin = datetime.fromisoformat(start)
        minutes = _minutes(row, changes, begin)
        end = begin + timedelta(minutes=minutes)
        more |= {"StartDateTime": start, "ActivityDateTime": start, "ActivityDate": start[:10]}
        more |= {"DurationInMinutes": minutes, "EndDate": end.date().isoformat()}
        more["EndDateTime"] = end.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    return more


def _minutes(row: Row, changes: Mapping[str, Any], begin: datetime) -> int:
    if changes.get("EndDateTime") and changes.get("DurationInMinutes") is None:
        return int((datetime.fromisoformat(row["EndDateTime"]) - begin).total_seconds() // 60)
    return int(row.get("DurationInMinutes") or 60)


def _account_of(store: Store, row: Row, changes: Mapping[str, Any]) -> dict[str, Any]:
    if not {"WhoId", "WhatId"} & set(changes):
        return {}
    for reference in (row.get("WhatId"), row.get("WhoId")):
        found = store.by_id(reference)
        if found is not None:
            item, target = found
            return {"AccountId": target["Id"] if item.name == "Account" else target.get("AccountId")}
    return {"AccountId": None}


def _member(store: Store, row: Row, changes: Mapping[str, Any]) -> dict[str, Any]:
    more: dict[str, Any] = {}
    person_id = row.get("ContactId") or row.get("LeadId")
    found = store.by_id(person_id)
    if found is not None and {"ContactId", "LeadId"} & set(changes):
        more = _copied(*found[1:], kind=found[0].name)
    if "Status" in changes or not row.get("Status"):
        more |= _responded(store, row)
    return more


def _copied(person: Row, *, kind: str) -> dict[str, Any]:
    place = "" if kind == "Lead" else "Mailing"
    return {
        **{name: person.get(name) for name in _MEMBER_COPIES},
        **{name: person.get(place + name) for name in ("City", "State", "Country")},
        "CompanyOrAccount": person.get("Company"),
        "Type": kind,
        "LeadOrContactId": person["Id"],
        "LeadOrContactOwnerId": person.get("OwnerId"),
    }


def _responded(store: Store, row: Row) -> dict[str, Any]:
    statuses = store.rows(
        store.named("CampaignMemberStatus"), "CampaignId = ? AND IsDeleted = 0", (row.get("CampaignId"),)
    )
    if not row.get("Status"):
        row["Status"] = next((status["Label"] for status in statuses if status["IsDefault"]), "Sent")
    wanted = row["Status"].lower()
    has = next((status["HasResponded"] for status in statuses if status["Label"].lower() == wanted), 0)
    more = {"Status": row["Status"], "HasResponded": has}
    if has and not row.get("FirstRespondedDate"):
        more["FirstRespondedDate"] = store.stamp()[:10]
    return more


def _territory_user(_store: Store, _row: Row, _changes: Mapping[str, Any]) -> dict[str, Any]:
    return {"IsActive": 1}


def _territory_object(store: Store, row: Row, changes: Mapping[str, Any]) -> dict[str, Any]:
    found = store.by_id(row.get("ObjectId")) if "ObjectId" in changes else None
    return {} if found is None else {"SobjectType": found[0].name}


def _territory_model(store: Store, row: Row, changes: Mapping[str, Any]) -> dict[str, Any]:
    stamped = {"Active": "ActivatedDate", "Archived": "DeactivatedDate"}.get(str(row.get("State")))
    return {stamped: store.stamp()} if stamped and "State" in changes else {}


_RULES: dict[str, Rule] = {
    "Lead": _person,
    "Contact": _contact,
    "User": _user,
    "Opportunity": _opportunity,
    "Task": _task,
    "Event": _event,
    "CampaignMember": _member,
    "ObjectTerritory2Association": _territory_object,
    "Territory2Model": _territory_model,
    "UserTerritory2Association": _territory_user,
}
