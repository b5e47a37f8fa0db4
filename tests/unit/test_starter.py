"""`init` writes a company folder from the live schema: it guesses aloud, asks the rest, and parses."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmbridge.check import check
from crmbridge.mapping import Mapping
from crmbridge.ports import FieldOption, FieldSchema, Schema
from crmbridge.process import Process
from crmbridge.provision import needed
from crmbridge.starter import starter
from crmbridge.starter_words import REASON_WORDS, STAGE_WORDS, STATUS_WORDS, Words, meaning, slug

LIFECYCLE = ("subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer")
PLAIN_STATUS = ("Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted")


def field(name: str, *options: str | tuple[str, str], label: str = "", custom: bool = False) -> FieldSchema:
    pairs = [option if isinstance(option, tuple) else (option, option) for option in options]
    return FieldSchema(
        name=name,
        label=label or name,
        type="enumeration" if options else "string",
        createable=True,
        updateable=True,
        unique=name.endswith(("lead_id", "Lead_Id__c")),
        custom=custom,
        options=tuple(
            FieldOption(value=value, label=text, final=value == "Closed - Converted") for value, text in pairs
        ),
    )


def portal(*more: FieldSchema) -> dict[str, Schema]:
    plain = ("email", "firstname", "lastname", "phone", "jobtitle", "country", "hubspot_owner_id")
    fields = [*map(field, plain), field("lifecyclestage", *LIFECYCLE), field("hs_lead_status", "NEW"), *more]
    return {"hubspot": Schema(crm="hubspot", objects={"contacts": {found.name: found for found in fields}})}


def org(*more: FieldSchema, status: tuple[str, ...] = PLAIN_STATUS) -> dict[str, Schema]:
    plain = ("Email", "FirstName", "LastName", "Company", "Phone", "Title", "OwnerId")
    fields = [*map(field, plain), field("Status", *status), *more]
    return {"salesforce": Schema(crm="salesforce", objects={"Lead": {found.name: found for found in fields}})}


def files(schemas: dict[str, Schema], **more: Any) -> tuple[str, dict[str, Any]]:
    text = starter(schemas, {"hubspot": "123"}, **more)["mapping.toml"]
    return text, tomllib.loads(text)


def test_a_new_folder_has_four_files() -> None:
    found = starter({**portal(), **org()}, {"hubspot": "123", "salesforce": "00D"}, name="Acme")
    assert sorted(found) == [".env.example", "README.md", "mapping.toml", "process.toml"]
    assert "CRMBRIDGE_SALESFORCE__CLIENT_ID=" in found[".env.example"]
    assert "# Acme: lead process" in found["README.md"]


def test_a_company_with_one_crm_is_told_of_that_one_alone() -> None:
    found = starter(portal(), {"hubspot": "123"})
    assert "SALESFORCE" not in found[".env.example"]
    assert "salesforce" not in found["mapping.toml"]


def test_the_process_parses_and_names_the_account() -> None:
    text = starter(portal(), {"hubspot": "123"}, name='A "b" \\', timezone="Europe/Berlin", version="1")[
        "process.toml"
    ]
    process = Process.parse(tomllib.loads(text))
    assert process.identity.hubspot_portal_id == "123"
    assert process.identity.salesforce_org_id is None
    assert "QUESTION" in text


def test_what_was_written_passes_check_once_the_fields_are_provisioned() -> None:
    schemas = {**portal(field("hs_email_optout")), **org(field("HasOptedOutOfEmail"))}
    people = {name: field(name) for name in ("Email", "LastName", "Title", "OwnerId", "HasOptedOutOfEmail")}
    both = {**schemas["salesforce"].objects, "Contact": people}
    schemas["salesforce"] = Schema(crm="salesforce", objects=both)
    written = starter(schemas, {})
    process = Process.parse(tomllib.loads(written["process.toml"]))
    mapping = Mapping.parse(tomllib.loads(written["mapping.toml"]))
    for new in needed(mapping, schemas):
        crm = "hubspot" if new.object == "contacts" else "salesforce"
        fields = dict(schemas[crm].objects[new.object])
        kinds = {"number": "number", "integer": "number", "boolean": "bool", "datetime": "datetime"}
        made = field(new.name, *((option.value, option.label) for option in new.options))
        fields[new.name] = replace(made, type=kinds.get(new.kind, made.type))
        schemas[crm] = Schema(crm=schemas[crm].crm, objects={**schemas[crm].objects, new.object: fields})
    assert [str(p) for p in check(process, mapping, schemas, {}, {}) if p.severity == "error"] == []


def test_only_what_differs_from_the_defaults_is_written() -> None:
    found = [
        field(name) for name in ("Website", "Industry", "City", "PostalCode", "LeadSource", "CreatedDate")
    ]
    found += [
        field(name) for name in ("MobilePhone", "NumberOfEmployees", "AnnualRevenue", "Country", "State")
    ]
    found += [field("DoNotCall"), field("HasOptedOutOfEmail")]
    _, data = files(org(*found, status=("New", "Working", "Sales Accepted", "Nurture", "Disqualified")))
    assert data == {"format": 1}


def test_fields_that_do_not_exist_are_switched_off_but_consent_is_not() -> None:
    _, data = files(portal())
    assert data["hubspot"]["fields"]["persona"] is False
    assert "opted_out" not in data["hubspot"]["fields"]


def test_a_custom_lifecycle_stage_is_mapped_by_its_label() -> None:
    stages = field("lifecyclestage", *LIFECYCLE, ("4711", "Sales Accepted Lead"), ("4712", "Partner"))
    text, data = files(portal(stages))
    assert data["hubspot"]["stages"] == {"sal": "4711"}
    assert '# QUESTION: what does "4712" (Partner) mean? Add it to a row here.' in text


def test_a_custom_stage_field_of_a_lead_is_found_by_its_name_and_values() -> None:
    stage = field(
        "Funnel__c", "Raw", "MQL", "SAL", "SQL", ("R", "Recycled"), label="Lead Lifecycle", custom=True
    )
    _, data = files(org(stage))
    assert data["salesforce"]["lead"]["fields"]["stage"] == "Funnel__c"
    assert data["salesforce"]["lead"]["stages"] == {
        "lead": "Raw",
        "mql": "MQL",
        "sal": "SAL",
        "sales_qualified": "SQL",
        "recycled": "R",
        "opportunity": False,
        "customer": False,
        "disqualified": False,
    }


def test_where_a_standard_field_exists_a_custom_one_is_a_question_with_suggestions() -> None:
    funnel = field("funnel_stage", "MQL", "SAL", "Elsewhere", label="Funnel", custom=True)
    text, data = files(portal(funnel))
    assert "stage" not in data["hubspot"]["fields"]
    assert (
        '# QUESTION: does funnel_stage (Funnel) hold the stage? Then map it: stage = "funnel_stage"' in text
    )
    assert '# ? = "Elsewhere" Elsewhere' in text


def test_custom_recycle_reasons_are_mapped_and_shared_with_the_other_crm() -> None:
    reason = field(
        "Reject_Reason__c", "Bad timing", "Went dark", "Moved to Mars", label="Reason", custom=True
    )
    _, data = files({**portal(), **org(reason)})
    rows = data["salesforce"]["lead"]["recycle_reasons"]
    assert data["salesforce"]["lead"]["fields"]["recycle_reason"] == "Reject_Reason__c"
    assert (rows["timing"], rows["moved_to_mars"]) == ("Bad timing", "Moved to Mars")
    assert data["hubspot"]["recycle_reasons"] == {"moved_to_mars": "moved_to_mars"}


def test_a_status_that_only_a_conversion_sets_is_never_a_guess_for_anything_else() -> None:
    text, data = files(org(status=(*PLAIN_STATUS, "Qualified Out")))
    assert "Closed - Converted" not in str(data)
    assert "which value does sales set for accepted?" in text


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("Marketing Qualified Lead", STAGE_WORDS, "mql"),
        ("salesQualified", STAGE_WORDS, "sales_qualified"),
        ("SAL", STAGE_WORDS, "sal"),
        ("Oportunity", STAGE_WORDS, "opportunity"),
        ("Partner", STAGE_WORDS, None),
        ("", STAGE_WORDS, None),
        ("Open - Not Contacted", STATUS_WORDS, "new"),
        ("Not qualified", STATUS_WORDS, "disqualified"),
        ("Closed - Not Converted", STATUS_WORDS, "disqualified"),
        ("New / Working", STATUS_WORDS, None),
        ("Bad timing", REASON_WORDS, "timing"),
        ("Lost to competitor", REASON_WORDS, "chose_competitor"),
    ],
)
def test_a_label_means_what_its_longest_phrase_means_or_is_asked_about(
    text: str, words: Words, expected: str | None
) -> None:
    assert meaning(text, words) == expected


@pytest.mark.parametrize(
    ("text", "code"), [("Went dark (60 days)", "went_dark_60_days"), ("60 d", "r_60_d"), ("日", "")]
)
def test_a_reason_code_is_made_of_the_labels_words(text: str, code: str) -> None:
    assert slug(text) == code


@settings(deadline=None, max_examples=50)
@given(value=st.text(min_size=1), label=st.text(), name=st.text())
def test_hostile_labels_and_names_stay_inside_their_comment(value: str, label: str, name: str) -> None:
    schemas = {
        **portal(field("lifecyclestage", *LIFECYCLE, (value, label))),
        **org(field("Reject_Reason__c", (value, label), ("t", "Timing"), ("b", "Budget"), custom=True)),
    }
    written = starter(schemas, {}, name=name)
    Mapping.parse(tomllib.loads(written["mapping.toml"]))
    Process.parse(tomllib.loads(written["process.toml"]))
