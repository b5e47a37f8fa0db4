"""`check` finds everything that would go wrong in the CRMs, in one go, before anything is written."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from crmbridge.check import check
from crmbridge.errors import Problem
from crmbridge.mapping import FieldMap, Kind
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.model import Owner, OwnerKind
from crmbridge.ports import FieldOption, FieldSchema, Rights, Schema
from crmbridge.process import Process

PROCESS = """
format = 1
[process]
name = "Acme"
version = "1"
timezone = "UTC"
[identity]
[qualification]
threshold = 10.0
required = ["email"]
[routing]
mode = "direct"
triage = "kay@example.com"
[[fit]]
name = "Boss"
points = 30
when = [ { field = "job_title", op = "contains", value = "chief" } ]
[[recycle]]
reason = "timing"
cool_down_days = 90
max_cycles = 3
[[territory]]
name = "dach"
countries = ["DE"]
pool = "dach"
precedence = 1
[[pool]]
name = "dach"
[[pool.member]]
owner = "ann@example.com"
"""
ROLES = ("lead", "mql:qualified", "sal:accepted", "sales_qualified", "opportunity", "customer")
OFF = ("recycled", "disqualified")
#: With a step of the company's own, which has no role.
WITH_OWN = (*ROLES[:3], "meeting:-", *ROLES[3:], *OFF)
#: Kind -> the CRMs' type of a field that holds it.
TYPES: dict[Kind, tuple[str, str]] = {
    Kind.NUMBER: ("number", "double"),
    Kind.INTEGER: ("number", "int"),
    Kind.MONEY: ("number", "currency"),
    Kind.BOOLEAN: ("bool", "boolean"),
    Kind.DATETIME: ("datetime", "datetime"),
    Kind.DATE: ("date", "date"),
    Kind.LONG_TEXT: ("string", "textarea"),
}


def process(more: str = "", stages: tuple[str, ...] = (*ROLES, *OFF)) -> Process:
    tables = ""
    for stage in stages:
        name, _, role = stage.partition(":")
        tables += f'[[stage]]\nname = "{name}"\n' + ("" if role == "-" else f'role = "{role or name}"\n')
    return Process.parse(tomllib.loads(PROCESS + tables + more))


def company(text: str = "") -> CompanyMapping:
    return CompanyMapping.parse(tomllib.loads("format = 1\n" + text))


def live(found: FieldMap, crm: str) -> FieldSchema:
    options = tuple(FieldOption(value=raw, label=raw.title()) for raw in found.to_canonical)
    plain = ("enumeration", "picklist") if options else TYPES.get(found.kind, ("string", "string"))
    return FieldSchema(
        name=found.name,
        label=found.name,
        type=plain[crm == "salesforce"],
        createable=True,
        updateable=found.canonical != "created_at",
        unique=found.canonical == "lead_id",
        options=options,
        restricted=bool(options),
    )


def schemas(mapping: CompanyMapping | None = None, **features: set[str]) -> dict[str, Schema]:
    """Describe CRMs that have exactly what a mapping names."""
    return {
        crm: Schema(
            crm=crm,
            objects={
                object_map.object: {found.name: live(found, crm) for found in object_map.fields}
                for object_map in (mapping or CompanyMapping.default()).objects(crm)
            },
            features=frozenset(features.get(crm, ())),
        )
        for crm in ("hubspot", "salesforce")
    }


def changed(base: Mapping[str, Schema], object: str, name: str, **changes: Any) -> dict[str, Schema]:
    """Change one live field; with no changes it is taken away."""
    found = dict(base)
    for crm, schema in base.items():
        if object in schema.objects:
            fields = dict(schema.objects[object])
            before = fields.pop(name)
            if changes:
                fields[name] = replace(before, **changes)
            found[crm] = replace(schema, objects={**schema.objects, object: fields})
    return found


def owner(key: str, **changes: Any) -> Owner:
    both = {"hubspot_id": "1", "salesforce_id": "005", "hubspot_active": True, "salesforce_active": True}
    return Owner(key=key, kind=OwnerKind.PERSON, name="Somebody", **{**both, **changes})


OWNERS = {key: owner(key) for key in ("ann@example.com", "kay@example.com")}


def run(
    mapping: CompanyMapping | None = None,
    live_schemas: Mapping[str, Schema] | None = None,
    *,
    of: Process | None = None,
    rights: Mapping[str, Rights] | None = None,
    owners: Mapping[str, Owner] = OWNERS,
) -> list[Problem]:
    mapping = mapping or CompanyMapping.default()
    return list(check(of or process(), mapping, live_schemas or schemas(mapping), rights or {}, owners))


def only(found: list[Problem]) -> Problem:
    assert len(found) == 1, [str(problem) for problem in found]
    return found[0]


def test_what_fits_has_no_problem() -> None:
    assert run() == []


def test_a_company_with_one_crm_is_checked_for_that_one() -> None:
    alone = {"hubspot": schemas()["hubspot"]}
    owners = {key: owner(key, salesforce_id=None, salesforce_active=False) for key in OWNERS}
    assert run(live_schemas=alone, owners=owners) == []


# fields ----------------------------------------------------------------------------------------------
def test_a_missing_external_id_field_names_the_command_that_makes_it() -> None:
    problem = only(run(live_schemas=changed(schemas(), "Lead", "crmbridge_Lead_Id__c")))
    assert problem.severity == "error"
    assert problem.message.startswith("external id field missing")
    assert "crmbridge provision --apply" in problem.suggestion
    assert (problem.file, problem.key) == ("defaults/salesforce.toml", "salesforce.lead.fields.lead_id")


def test_missing_fields_of_ours_are_one_sentence_for_each_object() -> None:
    gone = changed(changed(schemas(), "Lead", "crmbridge_Score__c"), "Lead", "crmbridge_Why__c")
    problem = only(run(live_schemas=gone))
    assert (problem.key, problem.severity) == ("salesforce.lead.fields", "error")
    assert "crmbridge_Score__c, crmbridge_Why__c" in problem.message


def test_a_misspelt_field_that_could_be_made_is_a_question_first() -> None:
    mapping = company('[salesforce.lead.fields]\nstage = "crmbridge_Stagee__c"')
    problem = only(run(mapping, schemas()))
    assert problem.suggestion.startswith("did you mean 'crmbridge_Stage__c'? run `crmbridge provision")


def test_a_misspelt_field_of_the_companys_own_file_gets_the_nearest_name() -> None:
    mapping = company('[hubspot.fields]\njob_title = "job_titel"')
    problem = only(run(mapping, changed(schemas(mapping), "contacts", "job_titel") | {}))
    assert str(problem) == (
        "mapping.toml: hubspot.fields.job_title: contacts has no field job_titel, or the token may not see it"
        " → map job_title or set it to false"
    )
    near = only(run(mapping, {**schemas(mapping), "hubspot": schemas()["hubspot"]}))
    assert near.suggestion == "did you mean 'jobtitle'?"


def test_a_default_field_that_is_only_read_is_a_warning() -> None:
    problem = only(run(live_schemas=changed(schemas(), "Lead", "HasOptedOutOfEmail")))
    assert (problem.severity, problem.key) == ("warning", "salesforce.lead.fields.opted_out")


@pytest.mark.parametrize(
    ("object", "name", "changes", "severity", "expected"),
    [
        (
            "Lead",
            "crmbridge_Score__c",
            {"updateable": False},
            "error",
            "Lead.crmbridge_Score__c cannot be written",
        ),
        ("Lead", "Phone", {"createable": False}, "error", "Lead.Phone cannot be given on creation"),
        ("contacts", "crmbridge_lead_id", {"unique": False}, "error", "may hold the same id twice"),
        (
            "contacts",
            "crmbridge_score",
            {"type": "date"},
            "error",
            "of type date, which does not hold number",
        ),
        ("contacts", "crmbridge_qualified_at", {"type": "date"}, "error", "does not hold datetime"),
        ("contacts", "createdate", {"type": "bool"}, "warning", "of type bool, which does not hold datetime"),
        ("Lead", "crmbridge_Lead_Id__c", {"length": 18}, "error", "holds 18 characters, 64 are needed"),
        ("Lead", "crmbridge_Stage__c", {"length": 5}, "error", "holds 5 characters, 15 are needed"),
    ],
)
def test_a_field_that_cannot_hold_what_is_written_is_named(
    object: str, name: str, changes: dict[str, Any], severity: str, expected: str
) -> None:
    problem = only(run(live_schemas=changed(schemas(), object, name, **changes)))
    assert (problem.severity, expected in problem.message) == (severity, True), problem


def test_a_field_that_two_rules_write_is_refused() -> None:
    mapping = company('[hubspot.fields]\nfit_score = "crmbridge_score"')
    problem = only(run(mapping))
    assert problem.message == "contacts.crmbridge_score is written by fit_score and score"


def test_a_required_field_that_nobody_gives_on_creation_is_named() -> None:
    extra = schemas()
    fields = dict(extra["salesforce"].objects["Lead"])
    fields["Region__c"] = replace(fields["City"], name="Region__c", required=True)
    fields["Company"] = replace(fields["Company"], required=True)
    extra["salesforce"] = replace(
        extra["salesforce"], objects={**extra["salesforce"].objects, "Lead": fields}
    )
    problem = only(run(live_schemas=extra))
    assert (problem.key, problem.message) == (
        "write.create_fields",
        "Lead.Region__c must be given on creation",
    )


def test_country_codes_are_checked_instead_of_names_where_the_org_has_them() -> None:
    coded = schemas()
    fields = dict(coded["salesforce"].objects["Lead"])
    fields["CountryCode"] = replace(fields.pop("Country"), name="CountryCode", createable=False)
    coded["salesforce"] = replace(
        coded["salesforce"], objects={**coded["salesforce"].objects, "Lead": fields}
    )
    assert only(run(live_schemas=coded)).message == "Lead.CountryCode cannot be given on creation"


# values ----------------------------------------------------------------------------------------------
def test_an_option_that_does_not_exist_is_an_error_with_the_value_behind_a_label() -> None:
    mapping = company('[salesforce.lead.statuses]\naccepted = "Sales Okay"')
    options = (
        FieldOption(value="SO", label="Sales Okay"),
        *(FieldOption(value=v, label=v) for v in ("New", "X")),
    )
    found = run(mapping, changed(schemas(mapping), "Lead", "Status", options=options))
    errors = [problem for problem in found if problem.severity == "error"]
    assert str(only(errors)) == (
        "mapping.toml: salesforce.lead.statuses.accepted: Status has no option 'Sales Okay'"
        " → 'Sales Okay' is a label; its value is 'SO'"
    )


def test_an_open_picklist_takes_any_text_with_a_warning() -> None:
    mapping = company('[salesforce.lead.statuses]\naccepted = "Yes!"')
    options = (
        *schemas()["salesforce"].objects["Lead"]["Status"].options,
        FieldOption(value="Yes", label="Yes"),
    )
    open_list = changed(schemas(mapping), "Lead", "Status", options=options, restricted=False)
    problem = only(run(mapping, open_list))
    assert (problem.severity, problem.suggestion) == ("warning", "did you mean 'Yes'?")


def test_default_values_that_the_crm_does_not_offer_are_one_warning() -> None:
    options = tuple(FieldOption(value=v, label=v) for v in ("NEW", "OPEN", "IN_PROGRESS", "UNQUALIFIED"))
    found = run(live_schemas=changed(schemas(), "contacts", "hs_lead_status", options=options))
    problem = only(found)
    assert (problem.severity, problem.key) == ("warning", "hubspot.statuses")
    assert "accepted, attempting" in problem.message


def test_a_status_that_only_a_conversion_may_set_cannot_be_written() -> None:
    mapping = company('[salesforce.lead.statuses]\naccepted = "Closed - Converted"')
    fields = schemas(mapping)
    options = tuple(
        replace(option, final=option.value == "Closed - Converted")
        for option in fields["salesforce"].objects["Lead"]["Status"].options
    )
    errors = [
        p for p in run(mapping, changed(fields, "Lead", "Status", options=options)) if p.severity == "error"
    ]
    assert only(errors).message == "only a conversion may set 'Closed - Converted': it cannot mean accepted"


def test_sales_must_be_able_to_give_a_verdict_somewhere() -> None:
    text = "\n".join(
        f"[{table}.statuses]\naccepted = false"
        for table in ("hubspot", "salesforce.lead", "salesforce.contact")
    )
    problem = only(run(company(text)))
    assert (problem.severity, problem.key) == ("warning", "statuses.accepted")


# process against mapping -----------------------------------------------------------------------------
def test_a_stage_of_the_process_without_a_mapping_is_named_for_every_object() -> None:
    found = run(of=process(stages=WITH_OWN))
    assert {p.key for p in found} == {
        "hubspot.stages.meeting",
        "salesforce.lead.stages.meeting",
        "salesforce.contact.stages.meeting",
    }


def test_a_stage_that_is_left_alone_on_purpose_is_no_problem() -> None:
    text = "\n".join(
        f"[{table}.stages]\nmeeting = false" for table in ("hubspot", "salesforce.lead", "salesforce.contact")
    )
    assert run(company(text), of=process(stages=WITH_OWN)) == []


def test_a_row_for_a_stage_that_the_process_lacks_is_a_warning() -> None:
    problem = only(run(company('[hubspot.stages]\nmqll = "4711"')))
    assert (problem.severity, problem.suggestion) == ("warning", "did you mean 'mql'?")


def test_a_recycle_reason_without_a_mapping_is_named() -> None:
    found = run(of=process('[[recycle]]\nreason = "holiday"\ncool_down_days = 9\nmax_cycles = 1\n'))
    assert {p.key for p in found} == {
        "hubspot.recycle_reasons.holiday",
        "salesforce.lead.recycle_reasons.holiday",
        "salesforce.contact.recycle_reasons.holiday",
    }


def test_a_condition_on_a_field_that_nobody_maps_is_named_with_its_place() -> None:
    rule = '[[fit]]\nname = "Big shoes"\npoints = 5\nwhen = [ { field = "shoe_size", op = "present" } ]\n'
    problem = only(run(of=process(rule)))
    assert (problem.file, problem.key) == ("process.toml", "fit[1].when")
    assert problem.message == "nobody maps the field shoe_size"


def test_required_data_that_no_live_field_holds_is_an_error() -> None:
    gone = schemas()
    for kind, name in (("contacts", "email"), ("Lead", "Email"), ("Contact", "Email")):
        gone = changed(gone, kind, name)
    errors = [problem for problem in run(live_schemas=gone) if problem.severity == "error"]
    assert only(errors).key == "qualification.required"


# owners, rights, features ----------------------------------------------------------------------------
def test_an_owner_who_is_gone_is_named_by_place_and_never_by_address() -> None:
    found = run(owners={"ann@example.com": owner("ann@example.com", salesforce_active=False)})
    assert [(p.key, p.severity) for p in found] == [
        ("routing.triage", "error"),
        ("pool[0].member[0].owner", "error"),
    ]
    assert "@" not in " ".join(str(problem) for problem in found)


def test_an_owner_without_a_counterpart_is_a_warning() -> None:
    owners = {**OWNERS, "ann@example.com": owner("ann@example.com", hubspot_id=None, hubspot_active=False)}
    assert only(run(owners=owners)).severity == "warning"


def test_a_queue_is_found_by_its_name() -> None:
    queue = replace(owner("salesforce:Group:00G1"), kind=OwnerKind.QUEUE, name="Kay@Example.com")
    assert run(owners={"ann@example.com": OWNERS["ann@example.com"], queue.key: queue}) == []


def test_owners_that_nobody_has_read_yet_are_one_warning() -> None:
    problem = only(run(owners={}))
    assert (problem.severity, "run `crmbridge plan` once" in problem.suggestion) == ("warning", True)


def test_rights_that_lack_are_errors_and_rights_too_many_a_warning() -> None:
    rights = {
        "salesforce": Rights(granted=frozenset({"Lead.read", "Case.delete"}), needed=frozenset({"Lead.edit"}))
    }
    found = run(rights=rights)
    assert [(p.severity, p.message) for p in found] == [
        ("error", "the token lacks Lead.edit"),
        ("warning", "the token may do more than is needed: Case.delete, Lead.read"),
    ]


def test_hubspots_own_connector_is_a_warning_that_names_the_fields() -> None:
    problem = only(run(live_schemas=schemas(hubspot={"connector"})))
    assert problem.severity == "warning"
    assert "contacts.hubspot_owner_id" in problem.message


def test_person_accounts_are_refused() -> None:
    problem = only(run(live_schemas=schemas(salesforce={"person_accounts"})))
    assert (problem.severity, problem.file) == ("error", "salesforce")


def test_a_portal_without_the_leads_object_degrades_with_a_warning() -> None:
    mapping = company('[hubspot]\nstatus_object = "leads"')
    found = schemas(mapping)
    objects = {"contacts": found["hubspot"].objects["contacts"]}
    problem = only(run(mapping, {**found, "hubspot": replace(found["hubspot"], objects=objects)}))
    assert (problem.severity, problem.key) == ("warning", "hubspot.status_object")


def test_an_object_that_the_token_cannot_see_is_an_error() -> None:
    found = schemas()
    objects = {"Contact": found["salesforce"].objects["Contact"]}
    problem = only(run(live_schemas={**found, "salesforce": replace(found["salesforce"], objects=objects)}))
    assert problem.message == "the token cannot see Lead"


def test_a_summary_field_of_the_companys_own_file_must_exist() -> None:
    mapping = company('[[hubspot.summaries]]\nkind = "call"\nat = "emial"')
    problem = only(run(mapping))
    assert (problem.key, problem.suggestion) == ("hubspot.summaries[0].at", "did you mean 'email'?")


def test_errors_come_before_warnings() -> None:
    broken: Callable[..., dict[str, Schema]] = schemas
    found = run(live_schemas=changed(broken(hubspot={"connector"}), "Lead", "crmbridge_Lead_Id__c"))
    assert [problem.severity for problem in found] == ["error", "warning"]
