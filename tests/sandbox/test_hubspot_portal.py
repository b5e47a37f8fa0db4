"""What portals differ in: labels, pipelines, validation rules, stage dates, archive (facts: hubspot §9)."""

from __future__ import annotations

from typing import Any

import pytest

from crmbridge.sandbox import Sandbox
from tests.sandbox.conftest import Http

CONTACTS = "/crm/v3/objects/contacts"
LABELS = "/crm/v4/associations/contacts/companies/labels"
DAY = 86_400


class TestLabels:
    """HS-9.21"""

    def linked(self, http: Http) -> tuple[str, str, int, int]:
        contact = http.contact(email="a@example.com")
        company = http.post("/crm/v3/objects/companies", {"properties": {"name": "Acorn"}}).json["id"]
        wanted = {"name": "decision_maker", "label": "Decision maker", "inverseLabel": "Decided by"}
        there, back = http.post(LABELS, wanted).json["results"]
        spec = [{"associationCategory": "USER_DEFINED", "associationTypeId": there["typeId"]}]
        inputs = [{"from": {"id": contact}, "to": {"id": company}, "types": spec}]
        done = http.post("/crm/v4/associations/contacts/companies/batch/create", {"inputs": inputs})
        assert (done.status, done.json["results"][0]["labels"]) == (201, ["Decision maker"])
        return contact, company, there["typeId"], back["typeId"]

    def types(self, http: Http, start: str, end: str, key: str) -> set[tuple[str, int, str | None]]:
        body = {"inputs": [{"id": key}]}
        shown = http.post(f"/crm/v4/associations/{start}/{end}/batch/read", body).json["results"]
        found = [item for result in shown for to in result["to"] for item in to["associationTypes"]]
        return {(item["category"], item["typeId"], item["label"]) for item in found}

    def test_a_label_is_seen_from_both_ends_beside_the_unlabelled_type(self, http: Http) -> None:
        contact, company, there, back = self.linked(http)
        assert self.types(http, "contacts", "companies", contact) >= {
            ("USER_DEFINED", there, "Decision maker"),
            ("HUBSPOT_DEFINED", 279, None),
        }
        assert ("USER_DEFINED", back, "Decided by") in self.types(http, "companies", "contacts", company)

    def test_a_label_is_renamed_taken_off_and_deleted(self, http: Http) -> None:
        contact, company, there, _ = self.linked(http)
        changed = {"associationTypeId": there, "label": "Buyer", "inverseLabel": "Bought by"}
        assert http("PUT", LABELS, changed).status == 204
        assert ("USER_DEFINED", there, "Buyer") in self.types(http, "contacts", "companies", contact)
        assert "Bought by" in {label for _, _, label in self.types(http, "companies", "contacts", company)}
        spec = [{"associationCategory": "USER_DEFINED", "associationTypeId": there}]
        inputs = [{"from": {"id": contact}, "to": {"id": company}, "types": spec}]
        path = "/crm/v4/associations/contacts/companies/batch/labels/archive"
        assert http.post(path, {"inputs": inputs}).status == 204
        left = {number for _, number, _ in self.types(http, "contacts", "companies", contact)}
        assert left == {1, 279}
        assert http("DELETE", f"{LABELS}/{there}").status == 204
        assert len(http.get(LABELS).json["results"]) == 2

    def test_deleting_a_label_takes_it_off_everywhere(self, http: Http) -> None:
        contact, _, there, _ = self.linked(http)
        http("DELETE", f"{LABELS}/{there}")
        assert {number for _, number, _ in self.types(http, "contacts", "companies", contact)} == {1, 279}

    def test_a_record_can_be_made_with_a_label(self, http: Http) -> None:
        _, company, there, _ = self.linked(http)
        spec = [{"associationCategory": "USER_DEFINED", "associationTypeId": there}]
        links = [{"to": {"id": company}, "types": spec}]
        body = {"properties": {"email": "b@example.com"}, "associations": links}
        record_id = http.post(CONTACTS, body).json["id"]
        assert ("USER_DEFINED", there, "Decision maker") in self.types(
            http, "contacts", "companies", record_id
        )

    @pytest.mark.parametrize("wanted", [{}, {"name": "a b", "label": "x"}, {"name": "x"}])
    def test_a_label_needs_name_and_text(self, http: Http, wanted: dict[str, str]) -> None:
        assert http.post(LABELS, wanted).status == 400

    def test_a_label_is_made_once_and_must_fit(self, http: Http) -> None:
        contact, company, there, _ = self.linked(http)
        assert http.post(LABELS, {"name": "decision_maker", "label": "Other"}).status == 409
        path = f"/crm/v4/objects/contacts/{contact}/associations/companies/{company}"
        wrong = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": there}]
        assert http("PUT", path, wrong).status == 400
        assert http("DELETE", f"{LABELS}/279").status == 404


class TestPipelines:
    """HS-9.23"""

    def test_the_lifecycle_stages_are_managed_as_a_pipeline(self, http: Http) -> None:
        base = "/crm/v3/pipelines/contacts/contacts-lifecycle-pipeline/stages"
        made = http.post(base, {"label": "Sales accepted", "displayOrder": 3}).json
        assert made["id"].isdecimal()
        options = http.get("/crm/v3/properties/contacts/lifecyclestage").json["options"]
        assert made["id"] in [option["value"] for option in options]
        record_id = http.contact(email="a@example.com", lifecyclestage=made["id"])
        entered = f"hs_v2_date_entered_{made['id']}"
        assert http.read(record_id, entered)[entered]
        assert http("DELETE", f"{base}/{made['id']}?validateReferencesBeforeDelete=true").status == 400
        assert http("DELETE", f"{base}/{made['id']}").status == 204
        assert http.update(http.contact(email="b@example.com"), lifecyclestage=made["id"]).status == 400

    def test_deals_have_further_pipelines(self, http: Http) -> None:
        stages = [{"label": "Talk", "displayOrder": 0, "metadata": {"probability": "0.5"}}]
        made = http.post(
            "/crm/v3/pipelines/deals", {"label": "Partners", "displayOrder": 1, "stages": stages}
        ).json
        stage = made["stages"][0]["id"]
        properties = {"dealname": "Acorn", "pipeline": made["id"], "dealstage": stage}
        deal = http.post("/crm/v3/objects/deals", {"properties": properties}).json["id"]
        assert http.read(deal, "hs_deal_stage_probability", object="deals") == {
            "hs_deal_stage_probability": "0.5"
        }
        path = f"/crm/v3/pipelines/deals/{made['id']}"
        assert http("DELETE", f"{path}?validateDealStageUsagesBeforeDelete=true").status == 400
        audit = http.get(f"{path}/audit").json["results"]
        assert [(item["action"], item["identifier"]) for item in audit] == [("CREATE", made["id"])]

    @pytest.mark.parametrize(
        ("kind", "body"),
        [
            ("contacts", {"label": "x", "stages": [{"label": "y"}]}),
            ("deals", {"label": "x", "stages": []}),
            ("deals", {"stages": [{"label": "y", "metadata": {"probability": "1"}}]}),
            ("deals", {"label": "x", "stages": [{"label": "y"}]}),
            ("notes", {"label": "x", "stages": [{"label": "y"}]}),
        ],
    )
    def test_a_pipeline_must_be_as_documented(self, http: Http, kind: str, body: dict[str, Any]) -> None:
        assert http.post(f"/crm/v3/pipelines/{kind}", body).status == 400

    def test_the_last_pipeline_and_the_last_stage_stay(self, http: Http) -> None:
        assert http("DELETE", "/crm/v3/pipelines/deals/default").status == 400
        assert http.get("/crm/v3/pipelines/deals/nothing").status == 404
        assert http.get("/crm/v3/pipelines/deals/default/stages/nothing").status == 404


class TestRules:
    """HS-9.10: an administrator's rules hold on 2026-09 and not on v3."""

    def rules(self, sandbox: Sandbox, name: str, kind: str, *arguments: str) -> None:
        rules = [{"ruleType": kind, "ruleArguments": list(arguments)}]
        sandbox.act("hubspot", "set_validation_rules", object="contacts", property=name, rules=rules)

    @pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
    def test_a_write_may_pass_on_v3_and_fail_on_2026_09(
        self, sandbox: Sandbox, http: Http, version: str
    ) -> None:
        self.rules(sandbox, "phone", "REGEX", r"\+\d+")
        base = CONTACTS if version == "v3" else f"/crm/objects/{version}/contacts"
        written = http.post(base, {"properties": {"email": "a@example.com", "phone": "none"}})
        batch = {"inputs": [{"properties": {"email": "b@example.com", "phone": "none"}}]}
        statuses = (written.status, http.post(f"{base}/batch/create", batch).status)
        assert statuses == ((400, 400) if version == "2026-09" else (201, 201))
        if version == "2026-09":
            assert written.json["errors"][0]["code"] == "PROPERTY_VALIDATION_RULE_FAILED"
            good = {"properties": {"email": "a@example.com", "phone": "+49"}}
            assert http.post(base, good).status == 201

    @pytest.mark.parametrize(
        ("name", "rule", "values"),
        [
            ("city", ("MIN_LENGTH", "3"), ("Ulm", "X")),
            ("city", ("MAX_LENGTH", "3"), ("Ulm", "Bonn")),
            ("city", ("ALPHANUMERIC",), ("Ulm", "Bad Ems")),
            ("associatedcompanyid", ("MIN_NUMBER", "5"), ("5", "4")),
            ("associatedcompanyid", ("MAX_NUMBER", "5"), ("5", "6")),
            ("email", ("EMAIL_ALLOWED_DOMAINS", "example.com"), ("b@Example.com", "b@example.org")),
            ("email", ("EMAIL_BLOCKED_DOMAINS", "example.org"), ("b@example.com", "b@example.org")),
            ("city", ("SPECIAL_CHARACTERS", "#"), ("#", "##")),
        ],
    )
    def test_each_rule_holds(
        self, sandbox: Sandbox, http: Http, name: str, rule: tuple[str, ...], values: tuple[str, str]
    ) -> None:
        self.rules(sandbox, name, *rule)
        path = f"/crm/objects/2026-09/contacts/{http.contact(email='a@example.com')}"
        statuses = [http("PATCH", path, {"properties": {name: value}}).status for value in (*values, "")]
        # Kinds of rules that are only kept refuse nothing.
        assert statuses == [200, 200 if rule[0] == "SPECIAL_CHARACTERS" else 400, 200]

    def test_rules_can_be_read(self, sandbox: Sandbox, http: Http) -> None:
        self.rules(sandbox, "city", "MIN_LENGTH", "3")
        shown = http.get("/crm/v3/property-validations/0-1").json["results"]
        assert [item["propertyName"] for item in shown] == ["city"]
        one = http.get("/crm/property-validations/2026-09/contacts/city").json["results"]
        assert (one[0]["ruleType"], one[0]["ruleArguments"]) == ("MIN_LENGTH", ["3"])
        assert http.get("/crm/v3/property-validations/0-1/nonsense").status == 404


class TestStageDates:
    """HS-9.13: three generations of date properties."""

    @pytest.mark.parametrize(
        ("generation", "name"),
        [
            ("old", "hs_lifecyclestage_lead_date"),
            ("middle", "hs_date_entered_lead"),
            ("v2", "hs_v2_date_entered_lead"),
        ],
    )
    def test_a_portal_has_the_generations_of_the_switch(
        self, sandbox: Sandbox, http: Http, generation: str, name: str
    ) -> None:
        sandbox.set_options(hubspot={"stage_date_generations": [generation]})
        record_id = http.contact(email="a@example.com", lifecyclestage="lead")
        assert http.read(record_id, name)[name]
        known = {item["name"] for item in http.get("/crm/v3/properties/contacts").json["results"]}
        others = {"hs_lifecyclestage_lead_date", "hs_date_entered_lead", "hs_v2_date_entered_lead"}
        assert known & others == {name}

    def test_v2_counts_the_time_in_a_stage(self, sandbox: Sandbox, http: Http) -> None:
        record_id = http.contact(email="a@example.com", lifecyclestage="lead")
        for stage in ("", "lead", ""):
            sandbox.advance(100)
            http.update(record_id, lifecyclestage=stage)
        names = ("hs_v2_latest_time_in_lead", "hs_v2_cumulative_time_in_lead")
        latest, total = (int(value or 0) for value in http.read(record_id, *names).values())
        assert 100_000 <= latest < 110_000
        assert 200_000 <= total < 220_000

    def test_an_unknown_generation_is_refused(self, control: Http) -> None:
        body = {"hubspot": {"stage_date_generations": ["v9"]}}
        assert control.post("/options", body).status == 400


def test_archived_records_are_kept_for_90_days(sandbox: Sandbox, http: Http) -> None:
    """HS-9.18"""
    record_id = http.contact(email="a@example.com")
    http("DELETE", f"{CONTACTS}/{record_id}")
    sandbox.advance(89 * DAY)
    assert http.get(f"{CONTACTS}/{record_id}?archived=true").status == 200
    sandbox.advance(DAY)
    assert http.get(f"{CONTACTS}/{record_id}?archived=true").status == 404
    assert http.get(f"{CONTACTS}?archived=true").json == {"results": []}


def test_search_order_jitters_when_told(sandbox: Sandbox, http: Http) -> None:
    """HS-9.19"""
    ids = [http.contact(email=f"p{number}@example.com") for number in range(20)]
    assert http.found(limit=100) == ids
    sandbox.set_options(hubspot={"search_order_jitter": True})
    found = http.found(limit=100)
    assert (sorted(found), found != ids) == (ids, True)


def test_messages_are_activities_too(http: Http) -> None:
    """HS-9.22"""
    contact = http.contact(email="a@example.com")
    spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 81}]
    properties = {"hs_timestamp": "2026-11-01T09:00:00Z", "hs_communication_channel_type": "SMS"}
    body = {"properties": properties, "associations": [{"to": {"id": contact}, "types": spec}]}
    assert http.post("/crm/v3/objects/communications", body).status == 201
    assert http.read(contact, "hs_last_sales_activity_type") == {
        "hs_last_sales_activity_type": "COMMUNICATION"
    }
