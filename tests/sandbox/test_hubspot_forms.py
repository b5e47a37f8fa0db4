"""Forms, submissions, and what becomes of them (facts: hubspot §2.13, §9, line 25)."""

from __future__ import annotations

from typing import Any

import pytest

from crmbridge.sandbox import Sandbox
from tests.sandbox.conftest import Answer, Http

FORMS = "/marketing/v3/forms"


@pytest.fixture
def form(http: Http) -> str:
    answer = http.post(f"{FORMS}/", {"name": "Demo request", "formType": "hubspot"})
    assert answer.status == 201, answer.data
    return str(answer.json["id"])


def submit(
    sandbox: Sandbox, http: Http, form: str, body: dict[str, Any] | None = None, **values: str
) -> Answer:
    fields = [{"objectTypeId": "0-1", "name": name, "value": value} for name, value in values.items()]
    path = f"/submissions/v3/integration/submit/{sandbox.ready['hubspot']['portal_id']}/{form}"
    return http.post(path, body or {"fields": fields, "context": {"pageUri": "https://example.com/demo"}})


def submissions(http: Http, form: str, query: str = "") -> Any:
    return http.get(f"/form-integrations/v1/submissions/forms/{form}{query}").json


def test_submissions_come_newest_first_at_most_50_a_page(sandbox: Sandbox, http: Http, form: str) -> None:
    """HS-9.25"""
    for number in range(52):
        assert submit(sandbox, http, form, email=f"p{number}@example.com").status == 200
        sandbox.advance(1)
    page = submissions(http, form, "?limit=50")
    rest = submissions(http, form, f"?limit=50&after={page['paging']['next']['after']}")
    got = [item["values"][0]["value"] for item in page["results"] + rest["results"]]
    assert got == [f"p{number}@example.com" for number in reversed(range(52))]
    assert (len(page["results"]), "paging" in rest) == (50, False)
    assert page["results"][0]["pageUrl"] == "https://example.com/demo"
    assert isinstance(page["results"][0]["submittedAt"], int)
    assert http.get(f"/form-integrations/v1/submissions/forms/{form}?limit=51").status == 400


def test_submitting_needs_no_token_and_makes_a_contact(sandbox: Sandbox, http: Http, form: str) -> None:
    token, http.token = http.token, ""
    done = submit(
        sandbox, http, form, email="A@example.com", city="Bonn", nonsense="x", hs_lead_status="Lukewarm"
    )
    assert (done.status, done.json) == (200, {"inlineMessage": "Thanks for submitting the form."})
    http.token = token
    found = http.get("/crm/v3/objects/contacts/a@example.com?idProperty=email").json["id"]
    names = ("city", "hs_lead_status", "num_conversion_events", "recent_conversion_event_name")
    assert http.read(found, *names) == {
        "city": "Bonn",
        "hs_lead_status": None,
        "num_conversion_events": "1",
        "recent_conversion_event_name": "Demo request",
    }


def test_a_known_address_is_updated_and_counted(sandbox: Sandbox, http: Http, form: str) -> None:
    record_id = http.contact(email="a@example.com", city="Kiel", lifecyclestage="customer")
    submit(sandbox, http, form, email="a@example.com", city="Bonn", lifecyclestage="lead")
    submit(sandbox, http, form, email="a@example.com")
    names = ("city", "lifecyclestage", "num_conversion_events", "num_unique_conversion_events")
    assert list(http.read(record_id, *names).values()) == ["Bonn", "customer", "2", "1"]
    shown = http.get(f"/crm/v3/objects/contacts/{record_id}?propertiesWithHistory=city").json
    assert shown["propertiesWithHistory"]["city"][0]["sourceType"] == "FORM"


def test_the_contact_follows_later_when_told(sandbox: Sandbox, http: Http, form: str) -> None:
    sandbox.set_options(hubspot={"form_delay_seconds": 30})
    submit(sandbox, http, form, email="a@example.com")
    assert len(submissions(http, form)["results"]) == 1
    assert http.get("/crm/v3/objects/contacts").json["results"] == []
    sandbox.advance(30)
    assert len(http.get("/crm/v3/objects/contacts").json["results"]) == 1


def test_a_form_gives_the_stage_it_is_set_to(sandbox: Sandbox, http: Http, form: str) -> None:
    stages = [{"objectTypeId": "0-1", "value": "marketingqualifiedlead"}]
    http("PATCH", f"{FORMS}/{form}", {"configuration": {"lifecycleStages": stages}})
    submit(sandbox, http, form, email="a@example.com")
    assert http.get("/crm/v3/objects/contacts?properties=lifecyclestage").json["results"][0]["properties"][
        "lifecyclestage"
    ] == "marketingqualifiedlead"  # fmt: skip


@pytest.mark.parametrize("stages", [5, [5], [{"objectTypeId": "0-1", "value": "nonsense"}], None])
def test_a_stage_that_the_portal_lacks_is_not_taken(
    sandbox: Sandbox, http: Http, form: str, stages: Any
) -> None:
    http("PATCH", f"{FORMS}/{form}", {"configuration": {"lifecycleStages": stages}})
    assert submit(sandbox, http, form, email="a@example.com").status == 200
    record_id = http.get("/crm/v3/objects/contacts").json["results"][0]["id"]
    assert http.read(record_id, "lifecyclestage") == {"lifecyclestage": None}


def test_a_redirect_is_told(sandbox: Sandbox, http: Http, form: str) -> None:
    action = {"type": "redirect_url", "value": "https://example.com/thanks"}
    http("PATCH", f"{FORMS}/{form}", {"configuration": {"postSubmitAction": action}})
    assert submit(sandbox, http, form, email="a@example.com").json == {"redirectUri": action["value"]}


@pytest.mark.parametrize(
    "body", [{"fields": []}, {"fields": "x"}, {"fields": [{"value": "x"}]}, {"fields": [1]}]
)
def test_a_submission_must_be_as_documented(sandbox: Sandbox, http: Http, form: str, body: Any) -> None:
    assert submit(sandbox, http, form, body).json["errors"][0]["errorType"]


def test_an_archived_form_takes_nothing(sandbox: Sandbox, http: Http, form: str) -> None:
    assert http("DELETE", f"{FORMS}/{form}").status == 204
    assert submit(sandbox, http, form, email="a@example.com").status == 404
    assert http.get(f"{FORMS}/{form}").status == 404
    assert http.get(f"{FORMS}/{form}?archived=true").json["archivedAt"]
    assert http.get(f"{FORMS}/").json["results"] == []


def test_comments_of_a_blog_cannot_be_read(http: Http) -> None:
    form = http.post(FORMS, {"name": "Comments", "formType": "blog_comment"}).json["id"]
    answer = http.get(f"/form-integrations/v1/submissions/forms/{form}")
    assert (answer.status, answer.json["message"]) == (400, "FORM_TYPE_NOT_ALLOWED")


def test_forms_come_in_pages_with_an_escaped_cursor(http: Http) -> None:
    for number in range(3):
        http.post(FORMS, {"name": f"Form {number}"})
    page = http.get(f"{FORMS}?limit=2").json
    link = page["paging"]["next"]["link"].removeprefix(http.base_url)
    assert page["paging"]["next"]["after"] == "Mg%3D%3D"
    for path in (link, f"{FORMS}?limit=2&after=Mg%253D%253D"):
        assert [item["name"] for item in http.get(path).json["results"]] == ["Form 2"]
    assert http.get(f"{FORMS}?after=nonsense").status == 400


@pytest.mark.parametrize(
    "body", [{}, {"name": 1}, {"name": "x", "fieldGroups": {}}, {"name": "x", "configuration": []}]
)
def test_a_form_must_be_as_documented(http: Http, body: Any) -> None:
    assert http.post(FORMS, body).status == 400


def test_what_a_forgotten_person_submitted_is_forgotten(sandbox: Sandbox, http: Http, form: str) -> None:
    """HS-9.18"""
    submit(sandbox, http, form, email="a@example.com")
    record_id = http.get("/crm/v3/objects/contacts").json["results"][0]["id"]
    http.post("/crm/v3/objects/contacts/gdpr-delete", {"objectId": record_id})
    assert submissions(http, form) == {"results": []}


@pytest.mark.parametrize("refuses", [False, True])
def test_whether_a_forgotten_address_may_come_back_is_a_switch(
    sandbox: Sandbox, http: Http, form: str, refuses: bool
) -> None:
    """HS-9.18"""
    sandbox.set_options(hubspot={"blocklist_refuses_contacts": refuses})
    record_id = http.contact(email="a@example.com")
    http.post("/crm/v3/objects/contacts/gdpr-delete", {"objectId": record_id})
    unknown = {"objectId": "b@example.com", "idProperty": "email"}
    assert http.post("/crm/v3/objects/contacts/gdpr-delete", unknown).status == 204
    submit(sandbox, http, form, email="a@example.com")
    made = http.post("/crm/v3/objects/contacts", {"properties": {"email": "B@example.com"}})
    assert made.status == (400 if refuses else 201)
    assert len(http.get("/crm/v3/objects/contacts").json["results"]) == (0 if refuses else 2)
