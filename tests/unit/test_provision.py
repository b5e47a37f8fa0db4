"""`provision` names the custom fields that the mapping needs and the CRMs lack, and nothing else."""

from __future__ import annotations

import tomllib

import pytest

from crmbridge.mapping import Mapping
from crmbridge.ports import FieldSchema, NewField, Schema
from crmbridge.provision import needed


def schema(crm: str, objects: dict[str, tuple[str, ...]]) -> Schema:
    return Schema(
        crm="hubspot" if crm == "hubspot" else "salesforce",
        objects={
            kind: {
                name: FieldSchema(name=name, label=name, type="string", createable=True, updateable=True)
                for name in names
            }
            for kind, names in objects.items()
        },
    )


#: CRMs as they come: no field of ours.
FRESH = {
    "hubspot": schema(
        "hubspot", {"contacts": ("email", "lifecyclestage", "hs_lead_status", "hubspot_owner_id")}
    ),
    "salesforce": schema("salesforce", {"Lead": ("Email", "Status"), "Contact": ("Email",)}),
}


def company(text: str = "") -> Mapping:
    return Mapping.parse(tomllib.loads("format = 1\n" + text))


def named(fields: tuple[NewField, ...], object: str) -> dict[str, NewField]:
    return {field.name: field for field in fields if field.object == object}


def test_the_external_id_field_of_every_object_comes_first() -> None:
    found = needed(company(), FRESH)
    assert [(field.object, field.name) for field in found if field.external_id] == [
        ("Contact", "crmbridge_Lead_Id__c"),
        ("Lead", "crmbridge_Lead_Id__c"),
        ("contacts", "crmbridge_lead_id"),
    ]
    assert all(field.external_id for field in found[:3])
    assert found[0].length == 64


def test_every_new_field_says_what_it_is_for() -> None:
    for field in needed(company(), FRESH):
        assert field.label
        assert field.description
        assert len(field.label) <= 40, "Salesforce takes 40 characters"


def test_stages_statuses_and_reasons_become_the_options() -> None:
    found = named(needed(company('[salesforce.contact.stages]\nnurture = "nurture"'), FRESH), "Contact")
    stage = found["crmbridge_Stage__c"]
    assert stage.kind == "enumeration"
    assert [(option.value, option.label) for option in stage.options][:3] == [
        ("nurture", "Nurture"),
        ("lead", "Lead"),
        ("mql", "MQL"),
    ]
    assert "sales_qualified" in {option.value for option in found["crmbridge_Status__c"].options}
    assert "no_budget" in {option.value for option in found["crmbridge_Recycle_Reason__c"].options}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("crmbridge_score", "number"),
        ("crmbridge_recycle_count", "integer"),
        ("crmbridge_is_mql", "boolean"),
        ("crmbridge_qualified_at", "datetime"),
        ("crmbridge_why", "long_text"),
        ("crmbridge_manual_mql", "boolean"),
        ("crmbridge_recycle_reason", "enumeration"),
    ],
)
def test_a_new_field_has_the_kind_of_what_it_holds(name: str, kind: str) -> None:
    assert named(needed(company(), FRESH), "contacts")[name].kind == kind


def test_standard_fields_and_fields_that_are_only_read_are_never_made() -> None:
    mapping = company('[hubspot.fields]\nvisits = { name = "total_visits", kind = "number" }')
    names = set(named(needed(mapping, FRESH), "contacts"))
    assert not names & {"hs_persona", "phone", "total_visits"}


def test_a_companys_own_field_that_is_written_is_made() -> None:
    mapping = company(
        '[hubspot.fields]\nnotes = { name = "our_notes", kind = "text" }\n[write]\nhubspot = ["notes"]'
    )
    found = named(needed(mapping, FRESH), "contacts")
    assert (found["our_notes"].label, found["our_notes"].length) == ("Notes", 255)


def test_nothing_is_needed_a_second_time_or_for_an_object_that_is_not_there() -> None:
    fields = needed(company(), FRESH)
    full = {
        crm: schema(
            crm,
            {
                kind: (*live, *(field.name for field in fields if field.object == kind))
                for kind, live in found.objects.items()
            },
        )
        for crm, found in FRESH.items()
    }
    assert needed(company(), full) == ()
    assert needed(company(), {"hubspot": schema("hubspot", {})}) == ()
    assert needed(company(), {}) == ()
