"""Sign-in, versions, limits, describe, tooling and loading. "sf_8_n" names line n of the facts, §8."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest

from crmbridge.errors import ConfigError
from crmbridge.sandbox.salesforce import SalesforceApp
from crmbridge.sandbox.world import World
from tests.sandbox.salesforce import NOW, Answer, Client

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.fixture
def client() -> Client:
    return Client()


def sign_in(client: Client, form: dict[str, str], **headers: str) -> Answer:
    return client.call("POST", "/services/oauth2/token", urlencode(form).encode(), **headers)


def test_an_unknown_or_missing_token_is_401_with_a_list_sf_8_1(client: Client) -> None:
    client.token = "00D000000000001!nobody"
    refused = client.soql("SELECT Id FROM Lead")
    assert refused.status == 401
    assert refused.body == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
    assert client.get("limits", authorization="Basic eDp5").status == 401


def test_the_word_oauth_is_as_good_as_bearer(client: Client) -> None:
    assert client.get("limits", authorization=f"OAuth {client.token}").status == 200


def test_client_credentials_come_in_the_form_or_as_basic_sf_8_1(client: Client) -> None:
    auth = client.app.org.auth
    form = {"grant_type": "client_credentials"}
    whole = sign_in(client, {**form, "client_id": auth.client_id, "client_secret": auth.client_secret})
    pair = base64.b64encode(f"{auth.client_id}:{auth.client_secret}".encode()).decode()
    basic = sign_in(client, form, authorization=f"Basic {pair}")
    assert whole.status == basic.status == 200
    assert {"access_token", "instance_url", "id", "issued_at", "signature", "token_type"} <= set(basic.body)
    assert basic.body["instance_url"] == "http://sf.example:1"
    assert client.app.org.seeds.org_id in basic.body["id"]
    client.token = basic.body["access_token"]
    assert client.get("limits").status == 200


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "client_id": "x"}, "invalid_client_id"),
        ({"grant_type": "client_credentials", "client_id": "ID", "client_secret": "x"}, "invalid_client"),
        ({"grant_type": JWT_GRANT, "assertion": "x.y.z"}, "invalid_grant"),
        (
            {
                "grant_type": "refresh_token",
                "client_id": "ID",
                "client_secret": "SECRET",
                "refresh_token": "x",
            },
            "invalid_grant",
        ),
    ],
)
def test_a_refused_sign_in_is_an_object_with_error_sf_8_1(
    client: Client, form: dict[str, str], error: str
) -> None:
    auth = client.app.org.auth
    real = {"ID": auth.client_id, "SECRET": auth.client_secret}
    refused = sign_in(client, {name: real.get(value, value) for name, value in form.items()})
    assert refused.status == 400
    assert (refused.body["error"], set(refused.body)) == (error, {"error", "error_description"})


def assertion(ready: dict[str, str], **changes: Any) -> str:
    claims = {
        "iss": ready["client_id"],
        "sub": ready["username"],
        "aud": "https://login.salesforce.com",
        "exp": str(int(time.time()) + 180),
    }
    return jwt.encode(claims | changes, Path(ready["private_key_file"]).read_text(), algorithm="RS256")


def test_a_jwt_signed_with_the_ready_lines_key_gives_a_token_sf_8_1(client: Client, tmp_path: Path) -> None:
    ready = client.app.ready("http://sf.example:1", tmp_path)
    granted = sign_in(client, {"grant_type": JWT_GRANT, "assertion": assertion(ready)})
    assert granted.status == 200
    assert "refresh_token" not in granted.body
    # cumulusci's assertions end the second they are made: clocks may differ.
    ending = sign_in(client, {"grant_type": JWT_GRANT, "assertion": assertion(ready, exp=int(time.time()))})
    assert ending.status == 200
    for wrong in (
        {"aud": "https://evil.example"},
        {"sub": "nobody"},
        {"iss": "x"},
        {"exp": 1},
        {"exp": "soon"},
    ):
        refused = sign_in(client, {"grant_type": JWT_GRANT, "assertion": assertion(ready, **wrong)})
        assert refused.status == 400, wrong


def test_the_ready_line_works_after_a_reset(client: Client, tmp_path: Path) -> None:
    ready = client.app.ready("http://sf.example:1", tmp_path)
    client.lead()
    client.custom("Lead.X__c", label="X", type="Text", length=5)
    client.app.reset()
    assert client.token == ready["session_id"]
    assert client.app.state()["org_id"] == ready["org_id"]
    assert client.records("SELECT Id FROM Lead") == []
    assert client.soql("SELECT X__c FROM Lead").code == "INVALID_FIELD"


def test_tokens_expire_on_demand_after_calls_or_when_unused_sf_8_1(client: Client) -> None:
    client.options.token_calls = 2
    assert [client.get("limits").status for _ in range(3)] == [200, 200, 401]
    client.options.token_calls = 0
    client.app.reset()
    client.options.session_seconds = 60
    client.world.clock.advance(59)
    assert client.get("limits").status == 200
    client.world.clock.advance(61)
    assert client.get("limits").status == 401
    client.app.reset()
    client.app.act("expire_tokens", {})
    assert client.get("limits").status == 401


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/services/data/v99.0/limits", 404, "NOT_FOUND"),
        ("/services/data/v62/limits", 404, "NOT_FOUND"),
        ("/services/data/v30.0/limits", 410, "UNSUPPORTED_API_VERSION"),
        ("/services/data/v62.0/nothing/here", 404, "NOT_FOUND"),
        ("/services/Soap/u/62.0", 404, "NOT_FOUND"),
        ("/elsewhere", 404, "NOT_FOUND"),
    ],
)
def test_a_wrong_version_or_resource_is_not_found_sf_8_2(
    client: Client, path: str, status: int, code: str
) -> None:
    answer = client.get(path)
    assert (answer.status, answer.code) == (status, code)


@pytest.mark.parametrize("version", ["31.0", "45.0", "68.0"])
def test_every_version_in_use_is_served_with_or_without_a_slash_sf_8_2(client: Client, version: str) -> None:
    listed = client.get("/services/data", authorization="").body
    assert f"/services/data/v{version}" in [entry["url"] for entry in listed]
    for tail in ("", "/", "/limits/", "/sobjects/Lead/"):
        assert client.get(f"/services/data/v{version}{tail}").status == 200
    created = client.post(f"/services/data/v{version}/sobjects/Lead/", {"LastName": "A", "Company": "A"})
    assert created.headers["Location"].startswith(f"/services/data/v{version}/sobjects/Lead/00Q")


def test_too_long_a_uri_is_refused_in_html_sf_8_2(client: Client) -> None:
    answer = client.get("/services/data/v62.0/query/" + "x" * 16_384)
    assert answer.status == 414
    assert answer.headers["Content-Type"].startswith("text/html")


def test_a_method_a_resource_does_not_know_is_405(client: Client) -> None:
    assert client.call("PUT", "limits").code == "METHOD_NOT_ALLOWED"


def test_each_call_counts_until_the_limit_is_reached_sf_8_3(client: Client) -> None:
    client.options.daily_api_requests = 3
    assert client.get("limits").headers["Sforce-Limit-Info"] == "api-usage=1/3"
    client.soql("SELECT Foo FROM Lead")
    assert client.get("limits").body["DailyApiRequests"] == {"Max": 3, "Remaining": 0}
    refused = client.get("limits")
    assert refused.status == 403
    assert refused.body == [
        {"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}
    ]
    client.world.clock.advance(25 * 3600)
    assert client.get("limits").status == 200


def test_record_counts_leave_out_empty_objects(client: Client) -> None:
    client.lead()
    counts = client.get("limits/recordCount?sObjects=Lead,Contact,Foo").body
    assert counts == {"sObjects": [{"count": 1, "name": "Lead"}]}


def test_the_user_and_the_org_can_be_asked_for(client: Client) -> None:
    org = client.app.org
    info = client.get("/services/oauth2/userinfo").body
    assert info["preferred_username"] == "integration@org.example"
    identity = client.get(f"/id/{org.seeds.org_id}/{info['user_id']}").body
    assert identity["organization_id"] == org.seeds.org_id
    assert client.records("SELECT Id FROM Organization") == [{"Id": org.seeds.org_id}]
    assert client.get(f"sobjects/User/{info['user_id']}").body["Username"] == info["preferred_username"]


def test_describe_has_validators_and_answers_304_sf_8_24(client: Client) -> None:
    for path in ("sobjects", "sobjects/Lead/describe"):
        full = client.get(path)
        assert full.status == 200
        same = client.get(path, if_modified_since=full.headers["Last-Modified"])
        assert (same.status, same.body, same.headers["ETag"]) == (304, None, full.headers["ETag"])
    client.world.clock.advance(5)
    client.custom("Lead.X__c", label="X", type="Text", length=5)
    assert client.get("sobjects", if_modified_since=full.headers["Last-Modified"]).status == 200


def test_describe_tells_what_it_enforces_sf_8_6(client: Client) -> None:
    lead = client.get("sobjects/lead/describe").body
    fields = {field["name"]: field for field in lead["fields"]}
    needed = [
        name
        for name, field in fields.items()
        if field["createable"] and not field["nillable"] and not field["defaultedOnCreate"]
    ]
    assert sorted(needed) == ["Company", "LastName"]
    assert fields["OwnerId"]["referenceTo"] == ["Group", "User"]
    assert fields["Status"]["picklistValues"][0]["defaultValue"] is True
    children = {child["relationshipName"] for child in lead["childRelationships"]}
    assert {"Tasks", "Events", "Histories", "CampaignMembers"} <= children


def test_basic_information_lists_recent_records(client: Client) -> None:
    first, second = client.lead(), client.lead(LastName="Roe")
    basic = client.get("sobjects/Lead").body
    assert basic["objectDescribe"]["keyPrefix"] == "00Q"
    assert [row["Id"] for row in basic["recentItems"]] == [second, first]


#: Metadata of a custom field -> describe type, length, precision.
CUSTOM: dict[str, tuple[dict[str, Any], tuple[str, int, int]]] = {
    "Text": ({"length": 36}, ("string", 36, 0)),
    "LongTextArea": ({"length": 5000, "visibleLines": 3}, ("textarea", 5000, 0)),
    "Number": ({"precision": 5, "scale": 1}, ("double", 0, 5)),
    "Checkbox": ({"defaultValue": False}, ("boolean", 0, 0)),
    "DateTime": ({}, ("datetime", 0, 0)),
    "Date": ({}, ("date", 0, 0)),
    "Email": ({}, ("email", 80, 0)),
    "Url": ({}, ("url", 255, 0)),
}


@pytest.mark.parametrize("kind", CUSTOM)
def test_a_custom_field_can_be_made_described_written_and_queried(client: Client, kind: str) -> None:
    metadata, expected = CUSTOM[kind]
    client.custom("Contact.Mine__c", label="My field", type=kind, **metadata)
    described = {field["name"]: field for field in client.get("sobjects/Contact/describe").body["fields"]}
    mine = described["Mine__c"]
    assert (mine["type"], mine["length"], mine["precision"]) == expected
    assert (mine["label"], mine["custom"], mine["createable"], mine["updateable"]) == (
        "My field",
        True,
        True,
        True,
    )
    assert client.soql("SELECT Mine__c FROM Contact").status == 200
    found = client.get(
        "tooling/query?q=SELECT Id, DeveloperName FROM CustomField WHERE TableEnumOrId = 'Contact'"
    )
    assert [row["DeveloperName"] for row in found.body["records"]] == ["Mine"]


def test_a_custom_picklist_is_restricted_when_asked_for(client: Client) -> None:
    values = [{"fullName": "new", "label": "New", "default": False}, {"valueName": "old", "isActive": False}]
    value_set = {"restricted": True, "valueSetDefinition": {"sorted": False, "value": values}}
    client.custom("Lead.Stage__c", label="Stage", type="Picklist", valueSet=value_set)
    lead = client.lead(Stage__c="NEW")
    assert client.get(f"sobjects/Lead/{lead}").body["Stage__c"] == "new"
    refused = client.patch(f"sobjects/Lead/{lead}", {"Stage__c": "other"})
    assert refused.code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"FullName": "Lead.X__c"}, "REQUIRED_FIELD_MISSING"),
        ({"FullName": "Foo.X__c", "Metadata": {"type": "Text"}}, "INVALID_CROSS_REFERENCE_KEY"),
        ({"FullName": "Lead.X", "Metadata": {"type": "Text"}}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"FullName": "Lead.X__c", "Metadata": {"type": ["Text"]}}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"FullName": "Lead.X__c", "Metadata": {"type": "Text", "length": 300}}, "FIELD_INTEGRITY_EXCEPTION"),
    ],
)
def test_a_custom_field_that_cannot_be_is_refused(client: Client, body: dict[str, Any], code: str) -> None:
    assert client.post("tooling/sobjects/CustomField", body).code == code


def test_a_custom_field_is_made_once(client: Client) -> None:
    client.custom("Lead.X__c", label="X", type="Text", length=5)
    again = {"FullName": "Lead.x__c", "Metadata": {"label": "X", "type": "Text", "length": 5}}
    assert client.post("tooling/sobjects/CustomField", again).code == "DUPLICATE_DEVELOPER_NAME"


def test_a_file_is_loaded_past_the_rules_for_clients(client: Client) -> None:
    header = ["LastName", "Company", "Id", "CreatedDate", "NumberOfEmployees", "IsConverted"]
    lead = "00Q000000000001EAA"
    rows = [(2, ["Doe", "Acme", lead, "2025-01-01T00:00:00Z", "5", "true"]), (3, ["Roe", "", "", "", "", ""])]
    result = client.app.load_csv("lead", header, rows, create_fields=False)
    assert result.ids == (lead, "")
    assert [(row.line, row.reason) for row in result.skipped] == [(3, "REQUIRED_FIELD_MISSING: Company")]
    row = client.get(f"sobjects/Lead/{lead}").body
    assert (row["CreatedDate"], row["SystemModstamp"]) == ("2025-01-01T00:00:00.000+0000",) * 2
    assert (row["NumberOfEmployees"], row["IsConverted"], row["Name"]) == (5, True, "Doe")


def test_unknown_columns_are_all_refused_or_become_custom_fields(client: Client) -> None:
    header = ["LastName", "Company", "Lead Quality", "Tags__c"]
    rows = [(2, ["Doe", "Acme", "High", "a"])]
    with pytest.raises(ConfigError) as caught:
        client.app.load_csv("Lead", header, rows, create_fields=False)
    assert [problem.key for problem in caught.value.problems] == ["Lead.Lead Quality", "Lead.Tags__c"]
    result = client.app.load_csv("Lead", header, rows, create_fields=True)
    assert result.created_fields == ("Lead_Quality__c", "Tags__c")
    assert client.records("SELECT Lead_Quality__c, Tags__c FROM Lead") == [
        {"Lead_Quality__c": "High", "Tags__c": "a"}
    ]
    with pytest.raises(ConfigError):
        client.app.load_csv("Foo", header, rows, create_fields=True)


def test_an_action_must_be_known_and_its_arguments_fit(client: Client) -> None:
    with pytest.raises(ConfigError):
        client.app.act("explode", {})
    with pytest.raises(ConfigError):
        client.app.act("merge", {"object": "Lead"})


def test_a_page_of_metadata_about_a_query_can_be_asked_for(client: Client) -> None:
    columns = client.get("query?columns=true&q=SELECT Id, Name FROM Lead").body["columnMetadata"]
    assert [column["columnName"] for column in columns] == ["Id", "Name"]
    assert client.get("query?explain=SELECT Id FROM Lead").body["plans"]


def test_a_state_file_keeps_records_fields_and_the_ready_line(tmp_path: Path) -> None:
    first = World(state=tmp_path / "state.db", clock=NOW)
    app = SalesforceApp(first)
    app.load_csv("Lead", ["LastName", "Company", "Tags"], [(2, ["Doe", "Acme", "a"])], create_fields=True)
    token, state = app.org.auth.first_token, app.state()
    first.close()
    second = World(state=tmp_path / "state.db", clock=NOW)
    again = SalesforceApp(second)
    assert (again.org.auth.first_token, again.state()) == (token, state)
    second.close()
