"""Trees, graphs, paged children, territories, record types, places, currencies and rights of an org."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.salesforce import BASE, Client


@pytest.fixture
def client() -> Client:
    return Client()


def node(object_: str, reference: str, **body: Any) -> dict[str, Any]:
    return {"attributes": {"type": object_, "referenceId": reference}, **body}


def test_a_tree_makes_parents_and_children_at_once(client: Client) -> None:
    contacts = {"records": [node("Contact", "c1", LastName="Ash"), node("Contact", "c2", LastName="Bay")]}
    tree = {
        "records": [node("Account", "a1", Name="Acme", Contacts=contacts), node("Account", "a2", Name="B")]
    }
    made = client.post("composite/tree/Account/", tree)
    assert made.status == 201
    assert made.body["hasErrors"] is False
    ids = {result["referenceId"]: result["id"] for result in made.body["results"]}
    assert ids.keys() == {"a1", "a2", "c1", "c2"}
    assert client.records("SELECT Id, AccountId FROM Contact ORDER BY LastName") == [
        {"Id": ids["c1"], "AccountId": ids["a1"]},
        {"Id": ids["c2"], "AccountId": ids["a1"]},
    ]


def test_one_bad_record_of_a_tree_undoes_all(client: Client) -> None:
    children = {"records": [node("Contact", "c1")]}
    tree = {"records": [node("Account", "a1", Name="Acme", Contacts=children)]}
    refused = client.post("composite/tree/Account", tree)
    assert (refused.status, refused.body["hasErrors"]) == (400, True)
    assert [(one["referenceId"], one["errors"][0]["statusCode"]) for one in refused.body["results"]] == [
        ("c1", "REQUIRED_FIELD_MISSING")
    ]
    assert client.records("SELECT Id FROM Account") == []


@pytest.mark.parametrize(
    "records",
    [
        [],
        [{"Name": "no reference"}],
        [node("Account", "a", Name="A"), node("Account", "a", Name="B")],
        [node("Lead", "a", Name="A")],
        [node("Account", f"a{number}", Name="A") for number in range(201)],
    ],
)
def test_a_tree_that_cannot_be_is_refused(client: Client, records: list[Any]) -> None:
    assert client.post("composite/tree/Account", {"records": records}).status == 400


def call(reference: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
    part = {"referenceId": reference, "method": method, "url": f"{BASE}/{path}"}
    return part if body is None else {**part, "body": body}


def test_each_graph_succeeds_or_fails_as_a_whole(client: Client) -> None:
    lead = {"LastName": "Ash", "Company": "A"}
    good = [
        call("l", "POST", "sobjects/Lead", lead),
        call("t", "POST", "sobjects/Task", {"WhoId": "@{l.id}", "Subject": "Call"}),
    ]
    bad = [call("l", "POST", "sobjects/Lead", lead), call("x", "POST", "sobjects/Lead", {})]
    body = {"graphs": [{"graphId": "1", "compositeRequest": good}, {"graphId": "2", "compositeRequest": bad}]}
    answer = client.post("composite/graph", body)
    first, second = answer.body["graphs"]
    assert (first["graphId"], first["isSuccessful"]) == ("1", True)
    assert [part["httpStatusCode"] for part in first["graphResponse"]["compositeResponse"]] == [201, 201]
    assert second["isSuccessful"] is False
    halted, failed = second["graphResponse"]["compositeResponse"]
    assert halted["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert failed["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert client.soql("SELECT COUNT() FROM Lead").body["totalSize"] == 1
    assert answer.headers["Sforce-Limit-Info"] == "api-usage=1/100000"


def graphs(count: int, parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {"graphs": [{"graphId": str(number), "compositeRequest": parts} for number in range(count)]}


def test_after_14_failed_graphs_the_others_are_not_tried(client: Client) -> None:
    answers = client.post("composite/graph", graphs(20, [call("x", "POST", "sobjects/Lead", {})])).body
    codes = [
        one["graphResponse"]["compositeResponse"][0]["body"][0]["errorCode"] for one in answers["graphs"]
    ]
    assert codes == ["REQUIRED_FIELD_MISSING"] * 14 + ["PROCESSING_HALTED"] * 6


def test_graphs_have_limits(client: Client) -> None:
    read = call("x", "GET", "limits")
    chain = [call("n0", "GET", "limits")]
    chain += [call(f"n{i}", "GET", f"sobjects/Lead/@{{n{i - 1}.id}}") for i in range(1, 16)]
    names = [item["name"] for item in client.get("sobjects").body["sobjects"]][:16]
    kinds = [call(name, "GET", f"sobjects/{name}") for name in names]
    for body in (graphs(76, [read]), graphs(51, [call(f"x{i}", "GET", "limits") for i in range(10)])):
        assert client.post("composite/graph", body).code == "LIMIT_EXCEEDED"
    for parts in (chain, kinds):
        assert client.post("composite/graph", graphs(1, parts)).code == "LIMIT_EXCEEDED"
    assert client.post("composite/graph", {"graphs": [{"graphId": "1"}]}).status == 400


def test_children_beyond_a_page_have_a_locator_of_their_own_sf_8_17(client: Client) -> None:
    lead = client.lead()
    client.lead()
    rows = [(number, [lead, f"T{number}"]) for number in range(450)]
    client.app.load_csv("Task", ["WhoId", "Subject"], rows, create_fields=False)
    page = client.soql(
        "SELECT Id, (SELECT Subject FROM Tasks) FROM Lead", sforce_query_options="batchSize=200"
    ).body
    tasks, none = (record["Tasks"] for record in page["records"])
    assert none is None
    assert (tasks["totalSize"], tasks["done"], len(tasks["records"])) == (450, False, 200)
    found, following = list(tasks["records"]), tasks["nextRecordsUrl"]
    while following:
        inner = client.get(following).body
        found += inner["records"]
        following = inner.get("nextRecordsUrl")
    assert [row["Subject"] for row in found] == [f"T{number}" for number in range(450)]


def test_reading_on_ends_the_locators_of_children_sf_8_18(client: Client) -> None:
    rows = [(number, [f"L{number}", "A"]) for number in range(300)]
    leads = client.app.load_csv("Lead", ["LastName", "Company"], rows, create_fields=False).ids
    tasks = [(number, [leads[0], "T"]) for number in range(201)]
    client.app.load_csv("Task", ["WhoId", "Subject"], tasks, create_fields=False)
    page = client.soql(
        "SELECT Id, (SELECT Id FROM Tasks) FROM Lead", sforce_query_options="batchSize=200"
    ).body
    inner = page["records"][0]["Tasks"]["nextRecordsUrl"]
    assert client.get(inner).status == 200
    assert client.get(page["nextRecordsUrl"]).body["done"] is True
    assert client.get(inner).code == "INVALID_QUERY_LOCATOR"


def test_pages_may_come_short_and_still_give_every_row_once_sf_8_18(client: Client) -> None:
    rows = [(number, [f"L{number}", "A"]) for number in range(3_000)]
    client.app.load_csv("Lead", ["LastName", "Company"], rows, create_fields=False)
    client.options.short_pages = True
    page = client.soql("SELECT LastName FROM Lead", sforce_query_options="batchSize=500").body
    names, sizes = [], []
    while True:
        names += [row["LastName"] for row in page["records"]]
        sizes.append(len(page["records"]))
        if page["done"]:
            break
        again = client.get(page["nextRecordsUrl"]).body
        page = client.get(page["nextRecordsUrl"]).body
        assert page == again
    assert names == [f"L{number}" for number in range(3_000)]
    assert len(set(sizes)) > 2


def territory(client: Client) -> tuple[str, str]:
    """Make a territory in an active model; give model and territory."""
    kind = client.create(
        "Territory2Type", DeveloperName="Geo", MasterLabel="Geo", Priority=1, Language="en_US"
    )
    model = client.create("Territory2Model", Name="2026", DeveloperName="FY26")
    parts = {"Name": "North", "DeveloperName": "North", "Territory2TypeId": kind}
    found = client.create("Territory2", Territory2ModelId=model, **parts)
    assert client.patch(f"sobjects/Territory2Model/{model}", {"State": "Active"}).status == 204
    return model, found


def test_territories_are_described_written_and_queried(client: Client) -> None:
    model, north = territory(client)
    ann, lead = client.user("ann"), client.lead()
    role = client.create(
        "UserTerritory2Association", UserId=ann, Territory2Id=north, RoleInTerritory2="Account Manager"
    )
    client.create("ObjectTerritory2Association", ObjectId=lead, Territory2Id=north)
    active = "Territory2.Territory2Model.State = 'Active'"
    found = client.records(f"SELECT Territory2.Name FROM ObjectTerritory2Association WHERE {active}")
    assert found[0]["Territory2"]["Name"] == "North"
    assert client.records("SELECT SobjectType, AssociationCause FROM ObjectTerritory2Association") == [
        {"SobjectType": "Lead", "AssociationCause": "Territory2Manual"}
    ]
    assert client.records("SELECT UserId, IsActive FROM UserTerritory2Association") == [
        {"UserId": ann, "IsActive": True}
    ]
    assert client.delete(f"sobjects/UserTerritory2Association/{role}").status == 204
    deal = client.create(
        "Opportunity", Name="D", StageName="Prospecting", CloseDate="2026-12-01", Territory2Id=north
    )
    assert client.get(f"sobjects/Opportunity/{deal}").body["Territory2Id"] == north
    other = client.create("Territory2Model", Name="2027", DeveloperName="FY27")
    refused = client.patch(f"sobjects/Territory2Model/{other}", {"State": "Active"})
    assert refused.code == "FIELD_INTEGRITY_EXCEPTION"
    for name in ("Territory2", "Territory2Model", "Territory2Type"):
        assert client.get(f"sobjects/{name}/describe").body["createable"] is True
    assert client.get(f"sobjects/Territory2Model/{model}").body["ActivatedDate"] is not None


def test_an_org_without_territories_does_not_know_them(client: Client) -> None:
    client.options.territories = False
    assert client.soql("SELECT Id FROM Territory2").code == "INVALID_TYPE"
    assert client.get("sobjects/Territory2/describe").status == 404
    assert client.soql("SELECT Territory2Id FROM Opportunity").code == "INVALID_FIELD"
    assert "Territory2" not in {item["name"] for item in client.get("sobjects").body["sobjects"]}


def test_record_types_appear_when_an_object_has_one(client: Client) -> None:
    assert client.soql("SELECT RecordTypeId FROM Lead").code == "INVALID_FIELD"
    info = client.get("sobjects/Lead/describe").body["recordTypeInfos"]
    assert [(one["developerName"], one["defaultRecordTypeMapping"]) for one in info] == [("Master", True)]
    inbound = client.create(
        "RecordType", Name="Inbound", DeveloperName="Inbound", SobjectType="Lead", IsActive=True
    )
    partner = client.create(
        "RecordType", Name="Partner", DeveloperName="Partner", SobjectType="Lead", IsActive=True
    )
    info = client.get("sobjects/Lead/describe").body["recordTypeInfos"]
    assert [(one["developerName"], one["defaultRecordTypeMapping"], one["master"]) for one in info] == [
        ("Inbound", True, False),
        ("Partner", False, False),
        ("Master", False, True),
    ]
    client.lead(LastName="A")
    client.lead(LastName="B", RecordTypeId=partner)
    found = client.records("SELECT RecordTypeId, RecordType.DeveloperName FROM Lead ORDER BY LastName")
    assert [row["RecordTypeId"] for row in found] == [inbound, partner]
    assert found[1]["RecordType"]["DeveloperName"] == "Partner"
    other = client.create("RecordType", Name="X", DeveloperName="X", SobjectType="Contact", IsActive=True)
    refused = client.post("sobjects/Lead", {"LastName": "A", "Company": "B", "RecordTypeId": other})
    assert refused.code == "INVALID_CROSS_REFERENCE_KEY"


def test_states_and_countries_have_codes_when_the_org_says_so(client: Client) -> None:
    assert client.soql("SELECT CountryCode FROM Lead").code == "INVALID_FIELD"
    client.lead(Country="Nowhere")
    client.options.state_country_codes = True
    lead = client.lead(CountryCode="US", State="california")
    row = client.get(f"sobjects/Lead/{lead}").body
    assert (row["Country"], row["CountryCode"], row["State"], row["StateCode"]) == (
        "United States",
        "US",
        "California",
        "CA",
    )
    assert row["Address"]["countryCode"] == "US"
    assert client.patch(f"sobjects/Lead/{lead}", {"StateCode": "TX"}).status == 204
    assert client.records("SELECT State FROM Lead WHERE StateCode = 'TX'") == [{"State": "Texas"}]
    for body in ({"Country": "Nowhere"}, {"State": "Bavaria"}, {"Country": "", "State": "Texas"}):
        refused = client.patch(f"sobjects/Lead/{lead}", body)
        assert refused.code == "FIELD_INTEGRITY_EXCEPTION", body
    fields = {field["name"]: field for field in client.get("sobjects/Lead/describe").body["fields"]}
    values = {value["value"]: value["label"] for value in fields["CountryCode"]["picklistValues"]}
    assert values["DE"] == "Germany"


def test_an_org_may_have_several_currencies(client: Client) -> None:
    assert client.soql("SELECT CurrencyIsoCode FROM Opportunity").code == "INVALID_FIELD"
    assert client.soql("SELECT IsoCode FROM CurrencyType").code == "INVALID_TYPE"
    client.options.multi_currency = True
    deal = {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-12-01"}
    client.create("Opportunity", **deal)
    client.create("Opportunity", **deal, CurrencyIsoCode="EUR")
    codes = client.records("SELECT CurrencyIsoCode FROM Opportunity ORDER BY Id")
    assert [row["CurrencyIsoCode"] for row in codes] == ["USD", "EUR"]
    refused = client.post("sobjects/Opportunity", {**deal, "CurrencyIsoCode": "XXX"})
    assert refused.code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    corporate = client.records("SELECT IsoCode, ConversionRate FROM CurrencyType WHERE IsCorporate = true")
    assert corporate == [{"IsoCode": "USD", "ConversionRate": 1.0}]


def test_a_hidden_field_is_nowhere_sf_8_6(client: Client) -> None:
    lead = client.lead(Phone="1")
    client.options.hidden_fields = frozenset({"Lead.Phone"})
    assert "Phone" not in {field["name"] for field in client.get("sobjects/Lead/describe").body["fields"]}
    assert client.soql("SELECT Phone FROM Lead").code == "INVALID_FIELD"
    assert client.soql("SELECT Id FROM Lead WHERE Phone = '1'").code == "INVALID_FIELD"
    assert "Phone" not in client.get(f"sobjects/Lead/{lead}").body
    assert client.patch(f"sobjects/Lead/{lead}", {"Phone": "2"}).code == "INVALID_FIELD"
    assert client.get(f"composite/sobjects/Lead?ids={lead}&fields=Phone").code == "INVALID_FIELD"
    job = client.ingest("update", f"Id,Phone\n{lead},2\n")
    assert client.finished(job)["errorMessage"] == "InvalidBatch : Field name not found : Phone"


def test_a_field_that_is_only_read_refuses_writes_sf_8_6(client: Client) -> None:
    lead = client.lead(Phone="1")
    client.options.read_only_fields = frozenset({"Lead.Phone"})
    field = next(one for one in client.get("sobjects/Lead/describe").body["fields"] if one["name"] == "Phone")
    assert (field["createable"], field["updateable"]) == (False, False)
    refused = client.patch(f"sobjects/Lead/{lead}", {"Phone": "2"})
    assert (refused.code, refused.body[0]["fields"]) == ("INVALID_FIELD_FOR_INSERT_UPDATE", ["Phone"])
    assert client.records("SELECT Phone FROM Lead") == [{"Phone": "1"}]


def test_rights_on_objects_are_enforced_and_described_sf_8_6(client: Client) -> None:
    lead = client.lead()
    client.options.read_only_objects = frozenset({"Lead"})
    for refused in (
        client.post("sobjects/Lead", {"LastName": "A", "Company": "B"}),
        client.patch(f"sobjects/Lead/{lead}", {"City": "Bonn"}),
        client.delete(f"sobjects/Lead/{lead}"),
    ):
        assert (refused.status, refused.code) == (403, "INSUFFICIENT_ACCESS_OR_READONLY")
    shown = client.get("sobjects/Lead/describe").body
    assert (shown["createable"], shown["updateable"], shown["deletable"]) == (False, False, False)
    assert client.create("Contact", LastName="Ash")
    client.options.hidden_objects = frozenset({"Contact"})
    assert client.soql("SELECT Id FROM Contact").code == "INVALID_TYPE"
    assert client.get("sobjects/Contact/describe").code == "NOT_FOUND"


def test_a_read_only_profile_writes_nothing_and_sets_nothing_up_sf_8_6(client: Client) -> None:
    client.options.read_only_profile = True
    refused = client.post("sobjects/Contact", {"LastName": "Ash"})
    assert refused.code == "INSUFFICIENT_ACCESS_OR_READONLY"
    field = {"FullName": "Lead.X__c", "Metadata": {"type": "Text", "length": 5}}
    for path, body in (
        ("tooling/sobjects/CustomField", field),
        ("jobs/ingest", {"operation": "insert", "object": "Lead"}),
    ):
        refused = client.post(path, body)
        assert (refused.status, refused.code) == (403, "INSUFFICIENT_ACCESS")
    record = {"attributes": {"type": "Lead"}, "LastName": "A", "Company": "B"}
    result = client.post("composite/sobjects", {"records": [record]}).body[0]
    assert result["errors"][0]["statusCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"


def test_a_new_field_is_hidden_until_a_permission_set_shows_it_sf_8_6(client: Client) -> None:
    client.options.new_fields_hidden = True
    client.custom("Lead.New__c", label="New", type="Text", length=9)
    assert client.soql("SELECT New__c FROM Lead").code == "INVALID_FIELD"
    assert client.post("sobjects/Lead", {"LastName": "A", "Company": "B", "New__c": "x"}).status == 400
    ours = client.create("PermissionSet", Name="ours", Label="Ours")
    right = {"ParentId": ours, "SobjectType": "Lead", "Field": "Lead.New__c", "PermissionsRead": True}
    shown = client.create("FieldPermissions", **right)
    assert client.soql("SELECT New__c FROM Lead").code == "INVALID_FIELD"
    user = client.get("/services/oauth2/userinfo").body["user_id"]
    client.create("PermissionSetAssignment", PermissionSetId=ours, AssigneeId=user)
    assert client.soql("SELECT New__c FROM Lead").status == 200
    lead = client.lead()
    assert client.patch(f"sobjects/Lead/{lead}", {"New__c": "x"}).code == "INVALID_FIELD_FOR_INSERT_UPDATE"
    client.patch(f"sobjects/FieldPermissions/{shown}", {"PermissionsEdit": True})
    assert client.patch(f"sobjects/Lead/{lead}", {"New__c": "x"}).status == 204
    assert client.post("sobjects/FieldPermissions", right).code == "DUPLICATE_VALUE"
    bad = client.post("sobjects/FieldPermissions", {**right, "Field": "Lead.Foo__c"})
    assert bad.code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


def test_the_stamp_of_describe_moves_with_permissions_sf_8_24(client: Client) -> None:
    before = client.get("sobjects/Lead/describe").headers["Last-Modified"]
    client.world.clock.advance(60)
    assert client.get("sobjects/Lead/describe", if_modified_since=before).status == 304
    client.options.hidden_fields = frozenset({"Lead.Fax"})
    assert client.get("sobjects/Lead/describe", if_modified_since=before).status == 200


def test_archived_activities_are_read_by_query_all_sf_8_9(client: Client) -> None:
    lead = client.lead()
    client.create("Task", WhoId=lead, Subject="Old", Status="Completed", ActivityDate="2025-01-01")
    client.create("Event", WhoId=lead, StartDateTime="2025-01-01T10:00:00Z", DurationInMinutes=30)
    assert client.app.act("archive_activities", {"before": "2026-01-01"}) == {"Task": 1, "Event": 1}
    for name in ("Task", "Event"):
        assert client.records(f"SELECT Id FROM {name}") == []
        assert client.records(f"SELECT IsArchived FROM {name}", "queryAll") == [{"IsArchived": True}]
        assert client.get(f"limits/recordCount?sObjects={name}").body == {"sObjects": []}


def test_small_set_up_objects_are_real(client: Client) -> None:
    statuses = client.records("SELECT ApiName, IsConverted, IsDefault FROM LeadStatus ORDER BY SortOrder")
    assert [row["ApiName"] for row in statuses if row["IsConverted"]] == ["Closed - Converted"]
    campaign = client.create("Campaign", Name="Fair")
    extra = client.create(
        "CampaignMemberStatus", CampaignId=campaign, Label="Attended", HasResponded=True, SortOrder=3
    )
    labels = client.records("SELECT Label FROM CampaignMemberStatus ORDER BY SortOrder")
    assert [row["Label"] for row in labels] == ["Sent", "Responded", "Attended"]
    assert client.patch(f"sobjects/CampaignMemberStatus/{extra}", {"Label": "Came"}).status == 204
    deal = client.create("Opportunity", Name="D", StageName="Prospecting", CloseDate="2026-12-01")
    client.patch(f"sobjects/Opportunity/{deal}", {"StageName": "Closed Won", "Amount": 5})
    stages = client.records("SELECT StageName, Amount FROM OpportunityHistory ORDER BY Id")
    assert [(row["StageName"], row["Amount"]) for row in stages] == [
        ("Prospecting", None),
        ("Closed Won", 5.0),
    ]
    assert [row["Field"] for row in client.records("SELECT Field FROM OpportunityFieldHistory")] == [
        "created",
        "StageName",
    ]
    for name in ("LeadStatus", "LeadHistory", "OpportunityHistory", "OpportunityFieldHistory"):
        assert client.get(f"sobjects/{name}/describe").body["createable"] is False
        assert client.post(f"sobjects/{name}", {}).code == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
