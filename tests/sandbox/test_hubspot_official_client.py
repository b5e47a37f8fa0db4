"""The official client, unmodified, over a real socket."""

from __future__ import annotations

import pytest
from hubspot import HubSpot
from hubspot.crm.associations.v4 import (
    BatchInputPublicFetchAssociationsBatchRequest,
    PublicFetchAssociationsBatchRequest,
)
from hubspot.crm.associations.v4.schema import PublicAssociationDefinitionCreateRequest
from hubspot.crm.contacts import (
    ApiException,
    BatchInputSimplePublicObjectBatchInput,
    BatchInputSimplePublicObjectBatchInputForCreate,
    BatchInputSimplePublicObjectBatchInputUpsert,
    BatchReadInputSimplePublicObjectId,
    PublicMergeInput,
    PublicObjectSearchRequest,
    SimplePublicObjectInput,
    SimplePublicObjectInputForCreate,
)
from hubspot.crm.lists import ListCreateRequest, ListSearchRequest
from hubspot.crm.pipelines import PipelineStageInput
from hubspot.crm.properties import PropertyCreate
from hubspot.webhooks import SettingsChangeRequest, SubscriptionCreateRequest

from crmbridge.sandbox import Sandbox
from crmbridge.sandbox.hubspot.tokens import PUBLIC_APP_ID
from tests.sandbox.conftest import Http


def made(official: HubSpot, **properties: str) -> str:
    given = SimplePublicObjectInputForCreate(properties=properties)
    return str(official.crm.contacts.basic_api.create(given).id)


def test_it_creates_reads_changes_and_archives(official: HubSpot) -> None:
    api = official.crm.contacts.basic_api
    record_id = made(official, email="a@example.com", firstname="Ada")
    api.update(record_id, SimplePublicObjectInput(properties={"phone": "1"}))
    read = api.get_by_id(
        "a@example.com", id_property="email", properties=["phone"], properties_with_history=["phone"]
    )
    assert (read.id, read.properties["phone"], read.properties_with_history["phone"][0].value) == (
        record_id,
        "1",
        "1",
    )
    api.archive(record_id)
    with pytest.raises(ApiException) as caught:
        api.get_by_id(record_id)
    assert caught.value.status == 404
    assert [item.id for item in api.get_page(archived=True).results] == [record_id]


def test_it_reads_everything_page_by_page(official: HubSpot) -> None:
    ids = [made(official, email=f"p{number}@example.com") for number in range(103)]
    assert [item.id for item in official.crm.contacts.get_all(properties=["email"])] == ids


def test_it_searches(official: HubSpot) -> None:
    record_id = made(official, email="a@example.com", city="Berlin")
    request = PublicObjectSearchRequest(
        filter_groups=[{"filters": [{"propertyName": "city", "operator": "EQ", "value": "Berlin"}]}],
        sorts=[{"propertyName": "lastmodifieddate", "direction": "ASCENDING"}],
        properties=["city"],
        limit=200,
    )
    found = official.crm.contacts.search_api.do_search(request)
    assert (found.total, [item.id for item in found.results]) == (1, [record_id])


def test_it_works_in_batches(official: HubSpot) -> None:
    api = official.crm.contacts.batch_api
    rows = [{"properties": {"email": f"p{number}@example.com"}, "associations": []} for number in range(3)]
    created = api.create(BatchInputSimplePublicObjectBatchInputForCreate(inputs=rows))
    ids = sorted(item.id for item in created.results)
    changes = [{"id": record_id, "properties": {"city": "Berlin"}} for record_id in [*ids, "999"]]
    updated = api.update(BatchInputSimplePublicObjectBatchInput(inputs=changes))
    assert (updated.num_errors, updated.errors[0].context) == (1, {"ids": ["999"]})
    wanted = BatchReadInputSimplePublicObjectId(
        inputs=[{"id": record_id} for record_id in ids], properties=["city"], properties_with_history=[]
    )
    assert {item.properties["city"] for item in api.read(wanted).results} == {"Berlin"}
    upserts = [{"id": "p0@example.com", "idProperty": "email", "properties": {"city": "Bonn"}}]
    done = api.upsert(BatchInputSimplePublicObjectBatchInputUpsert(inputs=upserts))
    assert [(item.id, item.new) for item in done.results] == [(ids[0], False)]


def test_it_merges(official: HubSpot) -> None:
    ids = [made(official, email=f"p{number}@example.com") for number in range(2)]
    merge = PublicMergeInput(primary_object_id=ids[0], object_id_to_merge=ids[1])
    assert official.crm.contacts.basic_api.merge(merge).id not in ids


def test_it_reads_the_schema_owners_and_associations(official: HubSpot) -> None:
    assert official.crm.owners.owners_api.get_page().results[0].email == "admin@example.com"
    assert len(official.crm.properties.core_api.get_all("contacts").results) > 100
    text = PropertyCreate(
        name="our_id", label="Our id", type="string", field_type="text", group_name="contactinformation"
    )
    assert official.crm.properties.core_api.create("contacts", text).name == "our_id"
    stages = official.crm.pipelines.pipelines_api.get_all("contacts").results[0].stages
    assert stages[0].id == "subscriber"
    record_id = made(official, email="a@example.com")
    asked = [PublicFetchAssociationsBatchRequest(id=record_id)]
    linked = official.crm.associations.v4.batch_api.get_page(
        "contacts",
        "companies",
        batch_input_public_fetch_associations_batch_request=BatchInputPublicFetchAssociationsBatchRequest(
            inputs=asked
        ),
    )
    assert linked.num_errors == 1


def test_it_keeps_lists(official: HubSpot) -> None:
    record_id = made(official, email="a@example.com")
    wanted = ListCreateRequest(name="Ours", object_type_id="0-1", processing_type="MANUAL")
    number = official.crm.lists.lists_api.create(wanted).list.list_id
    added = official.crm.lists.memberships_api.add(number, request_body=[record_id, "999"])
    assert (added.records_ids_added, added.record_ids_missing) == ([record_id], ["999"])
    page = official.crm.lists.memberships_api.get_page(number)
    assert [item.record_id for item in page.results] == [record_id]
    found = official.crm.lists.lists_api.do_search(ListSearchRequest(query="our", offset=0, count=500))
    assert (found.total, found.lists[0].additional_properties["hs_list_size"]) == (1, "1")


def test_it_changes_pipelines_and_labels(official: HubSpot) -> None:
    stage = PipelineStageInput(label="Sales accepted", display_order=3, metadata={"isClosed": "false"})
    stages = official.crm.pipelines.pipeline_stages_api
    new = stages.create("contacts", "contacts-lifecycle-pipeline", stage)
    assert made(official, email="a@example.com", lifecyclestage=new.id)
    labels = official.crm.associations.v4.schema.definitions_api
    request = PublicAssociationDefinitionCreateRequest(name="buyer", label="Buyer", inverse_label="Bought by")
    both = labels.create("contacts", "companies", request).results
    assert [item.label for item in both] == ["Buyer", "Bought by"]
    assert len(labels.get_all("contacts", "companies").results) == 3
    assert official.crm.schemas.core_api.get_all().results == []


def test_it_reads_forms(http: Http, official: HubSpot) -> None:
    http.post("/marketing/v3/forms/", {"name": "Demo"})
    read = official.marketing.forms.forms_api.get_page().results[0]
    assert (read.name, read.form_type, read.configuration.language) == ("Demo", "hubspot", "en")


def test_it_subscribes_to_webhooks(sandbox: Sandbox) -> None:
    ready = sandbox.ready["hubspot"]
    client = HubSpot(api_key=ready["developer_api_key"], host=ready["base_url"])
    app = int(PUBLIC_APP_ID)
    throttling = {"maxConcurrentRequests": 10}
    settings = SettingsChangeRequest(target_url="http://127.0.0.1:9/", throttling=throttling)
    assert client.webhooks.settings_api.configure(app, settings).target_url == "http://127.0.0.1:9/"
    wanted = SubscriptionCreateRequest(
        event_type="contact.propertyChange", property_name="lifecyclestage", active=True
    )
    new = client.webhooks.subscriptions_api.create(app, wanted)
    assert [item.id for item in client.webhooks.subscriptions_api.get_all(app).results] == [new.id]


def test_it_refreshes_its_token(sandbox: Sandbox, official: HubSpot) -> None:
    ready = sandbox.ready["hubspot"]
    names = ("client_id", "client_secret", "refresh_token")
    issued = official.oauth.tokens_api.create(
        grant_type="refresh_token", **{name: ready[name] for name in names}
    )
    assert issued.expires_in == 1800
    told = official.oauth.access_tokens_api.get(issued.access_token)
    assert told.hub_id == int(ready["portal_id"])
