"""Base, theirs, ours: what is written, what is left alone, what is a conflict."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crmbridge.model import Decision, Lead, LeadStatus, Memory, StageRole, Value
from crmbridge.plan import PlanContext, plan_lead
from crmbridge.ports import Planned, StoredLead
from tests.unit.people import CONTACT, LEAD, NOW, OWNERS, PERSON, part, person, same

RANK = {"lead": 0, "mql": 1, "sal": 2, "recycled": 3}


class Everything:
    """A CRM object that can hold every field in the list."""

    def __init__(self, *names: str, stages: tuple[str, ...] = tuple(RANK)) -> None:
        self.writable = names
        self.stages = stages

    def expresses(self, name: str, value: Value) -> bool:
        return name != "stage" or value in self.stages

    def place(self, name: str, value: Value) -> int | None:
        return None

    def length(self, name: str) -> int | None:
        return 10 if name == "city" else None


CONTEXT = PlanContext(
    targets={
        ("hubspot", "contacts"): Everything(
            "stage", "status", "owner", "score", stages=("lead", "mql", "sal")
        ),
        ("salesforce", "Lead"): Everything("stage", "status", "owner", "score", "process_version"),
        ("salesforce", "Contact"): Everything("stage", "owner"),
    },
    owners=OWNERS,
    authority=lambda name: "newest",
    same=same,
    stage_rank=RANK,
    create_fields=("last_name", "company", "email"),
    required={("salesforce", "Lead"): ("last_name", "company")},
)
OURS = replace(CONTEXT, authority=lambda name: "ours")


def decision(stage: str = "mql", **more: Any) -> Decision:
    role = {"lead": StageRole.LEAD, "mql": StageRole.QUALIFIED, "sal": StageRole.ACCEPTED}
    values: dict[str, Any] = {
        "lead_id": "L1",
        "process_version": "1",
        "decided_at": NOW,
        "stage": stage,
        "role": role.get(stage, StageRole.RECYCLED),
        "status": None,
        "fit_score": 40.0,
        "engagement_score": 30.0,
        "score": 70.0,
    }
    return Decision(**values | more)


def planned(stored: StoredLead, made: Decision, context: PlanContext = CONTEXT, **lead: Any) -> Planned:
    refs = tuple(item.record.ref for item in stored.records)
    return plan_lead(stored, Lead(id="L1", records=refs, **lead), made, context)


def written(plan: Planned) -> dict[str, tuple[Value, Value]]:
    return {f"{change.crm}.{change.field}": (change.old, change.new) for change in plan.changes}


def test_ours_equal_to_theirs_is_nothing_to_do() -> None:
    plan = planned(person(part(CONTACT, {"stage": "mql", "score": 70.0})), decision())
    assert plan.changes == ()
    assert set(plan.agreed) == {(CONTACT, "stage", "mql"), (CONTACT, "score", 70.0)}


@pytest.mark.parametrize(
    ("base", "changed", "expected"),
    [
        pytest.param({}, {}, {"salesforce.status": ("working", "accepted")}, id="never touched by us"),
        pytest.param(
            {"status": "working"}, {}, {"salesforce.status": ("working", "accepted")}, id="as we left it"
        ),
        pytest.param({"status": "new"}, {}, {}, id="a person changed it after us"),
        pytest.param({}, {"status": NOW}, {}, id="a person changed it since we first saw it"),
    ],
)
def test_people_win(base: dict[str, Value], changed: dict[str, Any], expected: dict[str, Any]) -> None:
    theirs = part(LEAD, {"status": "working"}, base=base, changed_at=changed)
    plan = planned(person(theirs), decision("sal", status=LeadStatus.ACCEPTED))
    assert written(plan) == expected
    assert [conflict.kind for conflict in plan.conflicts] == ([] if expected else ["field"])


def test_a_field_that_is_ours_is_written_whatever_stands_there() -> None:
    theirs = part(LEAD, {"status": "working"}, base={"status": "new"})
    plan = planned(person(theirs), decision("sal", status=LeadStatus.ACCEPTED), OURS)
    assert written(plan) == {"salesforce.status": ("working", "accepted")}


def test_a_working_owner_who_was_there_before_us_is_not_replaced() -> None:
    plan = planned(person(part(LEAD, {"owner": "005B"})), decision(), owner="ann@example.com")
    assert plan.changes == ()
    assert [(conflict.field, conflict.theirs, conflict.ours) for conflict in plan.conflicts] == [
        ("owner", "005B", "005A")
    ]


@pytest.mark.parametrize("nobody", [None, "00G1", "005G"], ids=["empty", "a queue", "somebody who left"])
def test_a_lead_that_nobody_works_gets_its_owner(nobody: str | None) -> None:
    plan = planned(person(part(LEAD, {"owner": nobody})), decision(), owner="ann@example.com")
    assert written(plan) == {"salesforce.owner": (nobody, "005A")}


def test_a_queue_never_owns_a_contact() -> None:
    plan = planned(person(part(PERSON, {"owner": None})), decision(), owner="salesforce:Group:00G1")
    assert plan.changes == ()


def test_hubspot_s_stage_is_never_moved_back() -> None:
    plan = planned(person(part(CONTACT, {"stage": "sal"}, base={"stage": "sal"})), decision("mql"))
    assert plan.changes == ()


def test_a_stage_that_the_crm_cannot_express_is_left_alone() -> None:
    plan = planned(person(part(CONTACT, {"stage": "mql"}, base={"stage": "mql"})), decision("recycled"))
    assert plan.changes == ()


def test_a_value_without_a_mapping_is_never_overwritten() -> None:
    theirs = part(LEAD, {"status": None}, unknown={"status": "Limbo"})
    plan = planned(person(theirs), decision(), status=LeadStatus.NEW)
    assert (plan.changes, plan.conflicts[0].kind) == ((), "unknown_value")


def test_a_score_that_hardly_moved_is_not_rewritten() -> None:
    assert planned(person(part(CONTACT, {"score": 66.0})), decision()).changes == ()
    assert written(planned(person(part(CONTACT, {"score": 65.0})), decision())) == {
        "hubspot.score": (65.0, 70.0)
    }


def test_the_process_version_rides_along_and_never_goes_alone() -> None:
    alone = part(LEAD, {"score": 70.0, "process_version": "0"})
    assert planned(person(alone), decision()).changes == ()
    along = part(LEAD, {"score": 0.0, "process_version": "0"})
    assert set(written(planned(person(along), decision()))) == {
        "salesforce.score",
        "salesforce.process_version",
    }


HANDED_OVER = decision(memory=Memory(stage="mql", qualified_at=NOW, assigned_owner="ann@example.com"))


def test_a_lead_handed_over_is_created_in_salesforce_with_its_data_and_owner() -> None:
    stored = person(part(CONTACT, {"stage": "mql", "status": "new", "owner": "11", "score": 70.0}))
    plan = planned(
        stored,
        HANDED_OVER,
        status=LeadStatus.NEW,
        owner="ann@example.com",
        last_name="Lee",
        company="Lee Ltd",
    )
    assert {change.id for change in plan.changes} == {None}
    assert {change.field: change.new for change in plan.changes} == {
        "last_name": "Lee",
        "company": "Lee Ltd",
        "lead_id": "L1",
        "stage": "mql",
        "status": "new",
        "owner": "005A",
        "score": 70.0,
        "process_version": "1",
    }


def test_placeholders_are_never_written() -> None:
    plan = planned(person(part(CONTACT, {"stage": "mql"})), HANDED_OVER, last_name="Lee")
    assert not [change for change in plan.changes if change.crm == "salesforce"]
    assert [(item.kind, item.field) for item in plan.conflicts] == [("missing_for_create", "company")]


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(replace(HANDED_OVER, held="held_opt_out"), id="held"),
        pytest.param(decision("lead"), id="not handed over"),
        pytest.param(decision("mql", adopted=True), id="adopted as it was"),
    ],
)
def test_nothing_is_created_for_a_lead_that_we_did_not_hand_over(made: Decision) -> None:
    """S32: leads that are not qualified stay in the marketing database."""
    plan = planned(person(part(CONTACT, {"stage": "mql"})), made, last_name="Lee", company="Lee Ltd")
    assert not [change for change in plan.changes if change.id is None]


def with_city(*more: str) -> PlanContext:
    """A company that also writes the city, and copies it into new records."""
    targets = {("hubspot", "contacts"): Everything("city"), ("salesforce", "Lead"): Everything("city", *more)}
    fields = (*CONTEXT.create_fields, "city")
    return replace(CONTEXT, targets=targets, create_fields=fields)


def test_a_field_of_the_person_is_written_where_the_company_says_so() -> None:
    stored = person(part(CONTACT, {"city": "Bonn"}), part(LEAD, {"city": "Ulm"}))
    assert written(planned(stored, decision(), with_city(), city="Bonn")) == {
        "salesforce.city": ("Ulm", "Bonn")
    }
    assert written(planned(stored, decision(), with_city(), city=None)) == {}


def test_a_text_that_the_other_crm_cannot_hold_is_left_out_and_listed() -> None:
    stored = person(part(CONTACT, {"city": "Llanfairpwll"}))
    lead = {"last_name": "Lee", "company": "Lee Ltd", "city": "Llanfairpwll"}
    context = with_city("stage")
    only_salesforce = {key: target for key, target in context.targets.items() if key[0] == "salesforce"}
    plan = planned(stored, HANDED_OVER, replace(context, targets=only_salesforce), **lead)
    assert {change.field for change in plan.changes} == {"last_name", "company", "stage", "lead_id"}
    assert [(item.kind, item.field) for item in plan.conflicts] == [("too_long", "city")]


def test_the_same_in_gives_the_same_out() -> None:
    stored = person(
        part(CONTACT, {"stage": "lead", "score": 0.0}), part(LEAD, {"owner": None, "score": None})
    )
    assert planned(stored, HANDED_OVER) == planned(stored, HANDED_OVER)
