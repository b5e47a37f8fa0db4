"""A mapping names fields and values in both directions, and says all that is wrong with it at once."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crmbridge.errors import ConfigError, MappingError
from crmbridge.mapping import CANONICAL, OPTIONAL, Kind, Mapping, ObjectMap
from crmbridge.model import ActivityKind, LeadStatus, Money, Value
from crmbridge.ports import FieldOption, FieldSchema, Schema

STAGES = ("lead", "mql", "sal", "sales_qualified", "opportunity", "customer", "recycled", "disqualified")


def company(text: str = "") -> Mapping:
    return Mapping.parse(tomllib.loads("format = 1\n" + text))


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        Mapping.parse(tomllib.loads(text))
    return [str(problem) for problem in caught.value.problems]


def contacts(mapping: Mapping | None = None) -> ObjectMap:
    found = (mapping or Mapping.default()).object("hubspot", "contacts")
    assert found is not None
    return found


def leads(mapping: Mapping | None = None) -> ObjectMap:
    found = (mapping or Mapping.default()).object("salesforce", "Lead")
    assert found is not None
    return found


def field(name: str, *options: str, restricted: bool = True, **more: Any) -> FieldSchema:
    return FieldSchema(
        name=name,
        label=name,
        type="picklist" if options else "string",
        createable=True,
        updateable=True,
        options=tuple(FieldOption(value=option, label=option) for option in options),
        restricted=restricted,
        **more,
    )


def live(*fields: FieldSchema) -> dict[str, FieldSchema]:
    return {found.name: found for found in fields}


# the defaults ----------------------------------------------------------------------------------------
def test_a_company_that_writes_nothing_has_both_crms_mapped() -> None:
    mapping = Mapping.default()
    objects = [
        (found.crm, found.object) for crm in ("hubspot", "salesforce") for found in mapping.objects(crm)
    ]
    assert objects == [("hubspot", "contacts"), ("salesforce", "Lead"), ("salesforce", "Contact")]
    assert mapping.object("hubspot", "leads") is None


@pytest.mark.parametrize("canonical", sorted(CANONICAL.keys() - OPTIONAL))
def test_every_canonical_field_is_mapped_by_default_somewhere(canonical: str) -> None:
    mapping = Mapping.default()
    assert any(found.field(canonical) for crm in ("hubspot", "salesforce") for found in mapping.objects(crm))


@pytest.mark.parametrize("object", ["contacts", "Lead", "Contact"])
def test_every_default_stage_is_written_or_deliberately_left_alone(object: str) -> None:
    crm = "hubspot" if object == "contacts" else "salesforce"
    found = Mapping.default().object(crm, object)
    assert found is not None
    assert all(found.expresses("stage", stage) or found.leaves_alone("stage", stage) for stage in STAGES)


@pytest.mark.parametrize("status", [s for s in LeadStatus if s is not LeadStatus.UNKNOWN])
def test_every_status_has_a_place_in_every_object(status: LeadStatus) -> None:
    for found in (contacts(), leads()):
        assert found.expresses("status", status.value) or found.leaves_alone("status", status.value)


def test_a_conversion_is_read_and_never_written() -> None:
    assert leads().read({"Status": "Closed - Converted"})[0]["status"] == "converted"
    assert leads().leaves_alone("status", "converted")
    with pytest.raises(MappingError):
        leads().to_raw("status", "converted")


def test_the_defaults_decide_what_may_be_written() -> None:
    mapping = Mapping.default()
    assert {"stage", "status", "owner", "lead_id", "why"} <= mapping.writable("hubspot", "contacts")
    assert "email" not in mapping.writable("salesforce", "Lead")
    assert mapping.writable("salesforce", "Case") == frozenset()
    assert (mapping.create_salesforce_leads, mapping.create_hubspot_contacts) == (True, False)
    assert mapping.compare_and_set == {"owner"}
    assert "email" in mapping.create_fields


def test_each_field_has_an_authority() -> None:
    mapping = company('[authority]\ncity = "hubspot"')
    asked = ("owner", "stage", "score", "city", "phone")
    assert [mapping.authority(name) for name in asked] == [
        "salesforce",
        "newest",
        "ours",
        "hubspot",
        "newest",
    ]


def test_the_summaries_fields_are_asked_for_with_the_contact() -> None:
    mapping = Mapping.default()
    assert ActivityKind.FORM_SUBMISSION in {summary.kind for summary in mapping.summaries}
    assert {s.at for s in mapping.summaries} <= set(contacts().names)
    assert contacts().summaries == mapping.summaries


# reading ---------------------------------------------------------------------------------------------
def test_a_hubspot_contact_is_read_from_its_strings() -> None:
    fields, unknown = contacts().read(
        {
            "email": "Ann@Example.com",
            "firstname": " Ann ",
            "lastname": "",
            "phone": "030 123456",
            "country": "Deutschland",
            "state": "Bayern",
            "annualrevenue": "1000000",
            "createdate": "2026-05-01T10:00:00.000Z",
            "hs_email_optout": "true",
            "lifecyclestage": "subscriber",
            "hs_lead_status": "open",
            "numemployees": "5-25",
            "not_mapped": "x",
        }
    )
    assert fields == {
        "email": "ann@example.com",
        "first_name": "Ann",
        "last_name": None,
        "phone": "+4930123456",
        "country": "DE",
        "region": "DE-BY",
        "annual_revenue": Money(Decimal(1000000)),
        "created_at": datetime(2026, 5, 1, 10, tzinfo=UTC),
        "opted_out": True,
        "stage": "lead",
        "status": "new",
        "employee_count": None,
    }
    assert unknown == {"employee_count": "5-25"}


def test_native_types_are_read_like_their_texts() -> None:
    fields, unknown = leads().read({"HasOptedOutOfEmail": True, "NumberOfEmployees": 50, "DoNotCall": None})
    assert fields == {"opted_out": True, "employee_count": 50, "do_not_call": None}
    assert unknown == {}


def test_a_value_without_a_mapping_is_kept_raw() -> None:
    fields, unknown = leads().read({"Status": "Parked", "crmbridge_Stage__c": "mql"})
    assert (fields, unknown) == ({"status": None, "stage": "mql"}, {"status": "Parked"})


@pytest.mark.parametrize("value", [[1], {"a": 1}, object(), b"x", 1e400])
def test_a_nested_or_odd_value_is_unknown_and_raises_nothing(value: object) -> None:
    fields, unknown = contacts().read(dict.fromkeys(contacts().names, value))
    assert fields["email"] is None
    assert "email" in unknown


def test_a_status_that_implies_a_reason_fills_it_only_where_nobody_gave_one() -> None:
    def reason(**raw: str | None) -> Value:
        return contacts().read({"hs_lead_status": "BAD_TIMING", **raw})[0].get("recycle_reason")

    assert reason() == "timing"
    assert reason(crmbridge_recycle_reason=None) == "timing"
    assert reason(crmbridge_recycle_reason="no_budget") == "no_budget"
    assert reason(crmbridge_recycle_reason="odd") is None


def test_money_keeps_the_currency_of_its_own_field() -> None:
    mapping = company('[hubspot.fields]\nannual_revenue = { name = "rev", currency = "rev_currency" }')
    fields, _ = contacts(mapping).read({"rev": "12.50", "rev_currency": "usd"})
    assert fields == {"annual_revenue": Money(Decimal("12.50"), "USD")}


# writing ---------------------------------------------------------------------------------------------
def test_enumerations_are_written_as_the_first_value_of_the_crm() -> None:
    assert contacts().to_raw("stage", "customer") == "customer"
    assert contacts().to_raw("status", "new") == "NEW"
    assert leads().to_raw("status", "new") == "Open - Not Contacted"
    assert contacts().to_raw("status", None) is None


def test_a_status_that_implies_a_reason_is_never_written() -> None:
    mapping = company('[hubspot.statuses]\nrecycled = ["BAD_TIMING", "GIVEN_BACK"]')
    assert contacts(mapping).to_raw("status", "recycled") == "GIVEN_BACK"


def test_a_country_is_written_as_its_name_or_as_its_code_where_the_field_holds_codes() -> None:
    assert leads().to_raw("country", "DE") == "Germany"
    coded = leads().offered(live(field("Country"), field("CountryCode"), field("State"), field("StateCode")))
    assert coded.names == ("CountryCode", "StateCode")
    assert (coded.to_raw("country", "DE"), coded.to_raw("region", "US-CA")) == ("DE", "CA")
    assert coded.read({"CountryCode": "US", "StateCode": "CA"})[0] == {"country": "US", "region": "US-CA"}


def test_what_has_no_mapping_is_refused_by_name() -> None:
    with pytest.raises(MappingError, match="stage 'sal' has no mapping in field lifecyclestage"):
        contacts().to_raw("stage", "sal")
    with pytest.raises(MappingError, match="field shoe_size is not mapped"):
        contacts().to_raw("shoe_size", 43)


def test_a_companys_own_field_is_translated_both_ways() -> None:
    mapping = company(
        """
        [hubspot.fields]
        tier = { name = "tier", kind = "text", values = { gold = ["A", "A+"], silver = "B" } }
        is_mql = { name = "mql", values = { true = "Ja", false = "Nein" } }
        [write]
        hubspot = ["tier", "is_mql"]
        """
    )
    assert contacts(mapping).read({"tier": "A+", "mql": "nein"}) == ({"tier": "gold", "is_mql": False}, {})
    assert [contacts(mapping).to_raw("tier", "gold"), contacts(mapping).to_raw("is_mql", True)] == ["A", "Ja"]
    assert mapping.writable("hubspot", "contacts") == {"tier", "is_mql"}


# overriding ------------------------------------------------------------------------------------------
def test_a_companys_file_overrides_the_defaults_key_by_key() -> None:
    mapping = company(
        """
        [hubspot.fields]
        phone = "work_phone"
        mobile_phone = false
        [hubspot.stages]
        mql = "4711"
        nurture = "4712"
        """
    )
    found = contacts(mapping)
    phone = found.field("phone")
    assert phone is not None
    assert (phone.name, phone.kind) == ("work_phone", Kind.PHONE)
    assert found.field("mobile_phone") is None
    assert [found.to_raw("stage", name) for name in ("mql", "nurture", "lead")] == ["4711", "4712", "lead"]


def test_a_value_that_the_company_claims_is_taken_from_the_defaults() -> None:
    mapping = company('[hubspot.statuses]\nattempting = "IN_PROGRESS"')
    fields, _ = contacts(mapping).read({"hs_lead_status": "IN_PROGRESS"})
    assert fields == {"status": "attempting"}
    assert contacts(mapping).to_raw("status", "working") == "CONNECTED"


def test_status_moves_to_hubspots_leads_object_where_the_company_says_so() -> None:
    mapping = company('[hubspot]\nstatus_object = "leads"')
    assert contacts(mapping).field("status") is None
    found = mapping.object("hubspot", "leads")
    assert found is not None
    assert found.read({"hs_pipeline_stage": "qualified-stage-id"})[0] == {"status": "sales_qualified"}


def test_the_fingerprint_moves_with_every_value_and_with_nothing_else() -> None:
    same = company('[hubspot.fields]\nphone = "phone"')
    other = company('[hubspot.fields]\nphone = "phone2"')
    assert Mapping.default().fingerprint == company().fingerprint == same.fingerprint
    assert other.fingerprint != same.fingerprint


# fitting to the live CRM -----------------------------------------------------------------------------
def test_of_several_values_the_first_that_the_crm_offers_is_written() -> None:
    fitted = leads().offered(live(field("Status", "New", "Working", "Closed - Not Converted")))
    assert [fitted.to_raw("status", s) for s in ("new", "disqualified")] == ["New", "Closed - Not Converted"]
    assert fitted.leaves_alone("status", "accepted")
    assert fitted.read({"Status": "Sales Accepted"})[0] == {"status": "accepted"}


def test_what_the_company_chose_is_written_even_if_the_crm_does_not_offer_it() -> None:
    chosen = leads(company('[salesforce.lead.statuses]\naccepted = "SAL!"'))
    assert chosen.offered(live(field("Status", "New"))).to_raw("status", "accepted") == "SAL!"


def test_fields_that_do_not_exist_are_not_asked_for() -> None:
    fitted = leads().offered(live(field("Email"), field("AnnualRevenue")))
    assert fitted.names == ("AnnualRevenue", "Email")
    assert leads().offered({}) is not None
    assert leads().offered({}).names == leads().names


def test_the_currency_field_is_asked_for_only_where_it_exists() -> None:
    assert "CurrencyIsoCode" not in leads().names
    fitted = leads().offered(live(field("AnnualRevenue"), field("CurrencyIsoCode")))
    assert fitted.names == ("AnnualRevenue", "CurrencyIsoCode")
    raw = {"AnnualRevenue": 5, "CurrencyIsoCode": "EUR"}
    assert fitted.read(raw)[0] == {"annual_revenue": Money(Decimal(5), "EUR")}


def test_a_country_picklist_is_written_with_its_own_option() -> None:
    fitted = contacts().offered(live(field("country", "Deutschland", "Österreich")))
    assert fitted.to_raw("country", "AT") == "Österreich"


def test_a_whole_mapping_is_fitted_to_both_crms() -> None:
    schema = Schema(crm="salesforce", objects={"Lead": live(field("Email"))})
    fitted = Mapping.default().offered({"salesforce": schema})
    assert leads(fitted).names == ("Email",)
    assert contacts(fitted).names == contacts().names
    assert fitted.fingerprint == Mapping.default().fingerprint


# what is refused -------------------------------------------------------------------------------------
#: A file with a mistake in every section.
BROKEN = """
format = 1
hubspott = 1
[hubspot.fields]
emial = "email"
email = 3
[hubspot.statuses]
neww = "NEW"
[authority]
owner = "salesfroce"
shoe_size = "ours"
[write]
hubspot = ["ownr", "created_at"]
score_step = -1
"""
OWN_FIELD = "if it is a company's own field, give its kind; or did you mean 'email'?"
AUTHORITY = "must be one of hubspot, salesforce, newest, ours"


def test_all_problems_come_at_once_each_with_its_place_and_what_to_do() -> None:
    found = problems(BROKEN)
    assert found == [
        "mapping.toml: hubspott: unknown key → did you mean 'hubspot'?",
        f"mapping.toml: hubspot.fields.emial: a company's own field needs a kind → {OWN_FIELD}",
        "mapping.toml: hubspot.fields.email: must be a field name, a table with name, or false",
        "mapping.toml: hubspot.statuses.neww: is no lead status → did you mean 'new'?",
        f"mapping.toml: authority.owner: {AUTHORITY} → did you mean 'salesforce'?",
        "mapping.toml: write.score_step: must be a number of points, 0 or more",
        "mapping.toml: write.hubspot[0]: ownr is not mapped here → did you mean 'owner'?",
        "mapping.toml: write.hubspot[1]: created_at is never written → take it out of the list",
        "mapping.toml: authority.shoe_size: is no field of this mapping",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "mapping.toml: format is missing"),
        ("format = 2", "mapping.toml: format: format 2 is not known"),
        ("format = true", "mapping.toml: format: format True is not known"),
        ("format = 1\nhubspot = 3", "mapping.toml: hubspot: must be a table"),
        ("format = 1\n[hubspot]\nfields = []", "mapping.toml: hubspot.fields: must be a table"),
        ("format = 1\n[hubspot.fields]\ndomain = 'x'", "hubspot.fields.domain: is read by crmbridge itself"),
        ("format = 1\n[hubspot.fields]\n'Job Title' = 'x'", "must be a name of small letters"),
        ("format = 1\n[hubspot.fields]\nphone = 'My Phone'", "must be the CRM's internal field name"),
        ("format = 1\n[hubspot.fields]\nphone = { kind = 'phone' }", "hubspot.fields.phone: name is missing"),
        (
            "format = 1\n[hubspot.fields]\nphone = { name = 'x', kind = 'date' }",
            "phone is of kind phone, not date",
        ),
        (
            "format = 1\n[hubspot.fields]\nx = { name = 'x', kind = 'stage' }",
            "kind stage belongs to the field stage",
        ),
        (
            "format = 1\n[hubspot.fields]\nx = { name = 'x', kind = 'datetime', values = { a = 'b' } }",
            "takes no values",
        ),
        (
            "format = 1\n[hubspot.fields]\nstage = { name = 'x', values = { a = 'b' } }",
            "write them under stages",
        ),
        (
            "format = 1\n[hubspot.fields]\ncity = { name = 'x', code = 'y' }",
            "only a country or region has a code",
        ),
        ("format = 1\n[hubspot.fields]\ncity = { name = 'x', currency = 'y' }", "only money has a currency"),
        ("format = 1\n[hubspot.stages]\nmql = true", "hubspot.stages.mql: must be the CRM's value, a list"),
        (
            "format = 1\n[hubspot.stages]\nmql = ['a', '']",
            "hubspot.stages.mql: must be the CRM's value, a list",
        ),
        (
            "format = 1\n[hubspot.stages]\nmql = 'a'\nsal = 'a'",
            "hubspot.stages.sal: value 'a' means 'mql' already",
        ),
        ("format = 1\n[hubspot.status_reasons]\nX = 1", "hubspot.status_reasons.X: must be a text"),
        ("format = 1\n[[hubspot.summaries]]\nkind = 'email_opend'\nat = 'x'", "did you mean 'email_opened'?"),
        ("format = 1\n[[hubspot.summaries]]\nkind = 'call'", "hubspot.summaries[0]: at is missing"),
        ("format = 1\n[hubspot]\nsummaries = 1", "hubspot.summaries: must be a list"),
        (
            "format = 1\n[hubspot]\nstatus_object = 'lead'",
            "hubspot.status_object: must be one of contacts, leads",
        ),
        ("format = 1\n[write]\ncreate_salesforce_leads = 1", "must be true or false"),
        ("format = 1\n[write]\ncreate_fields = ['shoe']", "write.create_fields[0]: shoe is not mapped here"),
        ("format = 1\n[write]\nscore_step = nan", "write.score_step: must be a number"),
        ("format = 1\n[hubspot.lead]\nstages = {}", "hubspot.lead.stages: unknown key"),
    ],
)
def test_each_mistake_has_its_sentence(text: str, expected: str) -> None:
    assert any(expected in problem for problem in problems(text)), problems(text)


def test_a_file_is_loaded_with_or_without_a_bom_and_a_missing_one_gives_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    assert Mapping.load(path).fingerprint == Mapping.load(None).fingerprint == Mapping.default().fingerprint
    path.write_bytes(b'\xef\xbb\xbfformat = 1\n[hubspot.fields]\nphone = "p"\n')
    assert contacts(Mapping.load(path)).to_raw("phone", "+1") == "+1"


@pytest.mark.parametrize("content", [b"format = ", b"\xff\xfe", b"format = 1\nformat = 1"])
def test_a_broken_file_is_one_problem_with_its_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mapping.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"mapping\.toml: is no readable TOML"):
        Mapping.load(path)
