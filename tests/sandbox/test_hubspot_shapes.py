"""Every operation that is served answers in the shape that is published for it (issue 3, section 3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from crmbridge.sandbox import Sandbox
from crmbridge.sandbox.hubspot.route_table import TABLE
from crmbridge.sandbox.hubspot.tokens import PUBLIC_APP_ID
from tests.sandbox.conftest import Answer, Http
from tests.sandbox.hubspot_shapes import SHAPES, Operation, models, operations, problems

pytestmark = pytest.mark.skipif(not SHAPES.exists(), reason="the published shapes are not here")
#: Operations that the sandbox does not serve; docs/sandbox.md lists them.
NOT_SERVED = (
    "associations_v4.ReportApi",
    "associations_v4_schema.DefinitionConfigurationsApi",
    "imports.",
    "lists.FoldersApi",
    "lists.MappingApi",
)
_NUMBERS = count(1)
_OPEN = {"isClosed": "false", "probability": "0.5"}
Json = dict[str, Any]


class World:
    """A sandbox with one of everything; each use of a name makes a new one."""

    def __init__(self, sandbox: Sandbox) -> None:
        ready = sandbox.ready["hubspot"]
        self.sandbox = sandbox
        self.http = Http(ready["base_url"], ready["access_token"])
        self.refresh_token = ready["refresh_token"]
        self.ready = ready

    def made(self, path: str, body: Json) -> Any:
        answer = self.http.post(path, body)
        assert answer.status in (200, 201), answer.data
        return answer.json

    def properties(self, kind: str) -> Json:
        number = next(_NUMBERS)
        named = {
            "contacts": {"email": f"shape{number}@example.com"},
            "companies": {"name": f"Acorn {number}"},
            "deals": {"dealname": f"Deal {number}", "dealstage": "qualifiedtobuy"},
            "leads": {"hs_lead_name": f"Lead {number}"},
        }
        return named.get(kind, {"hs_timestamp": "2026-11-01T09:00:00Z"})

    def input(self, kind: str) -> Json:
        links = []
        if kind == "leads":
            spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 578}
            links = [{"to": {"id": self.record("contacts")}, "types": [spec]}]
        return {"properties": self.properties(kind), "associations": links}

    def record(self, kind: str) -> str:
        return str(self.made(f"/crm/v3/objects/{kind}", self.input(kind))["id"])

    def pair(self) -> tuple[str, str]:
        contact, company = self.record("contacts"), self.record("companies")
        path = f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}"
        assert self.http("PUT", path).status == 200
        return contact, company

    def property(self) -> Json:
        kind = {"type": "string", "fieldType": "text", "groupName": "contactinformation"}
        return {"name": f"shape_{next(_NUMBERS)}", "label": "Shape", **kind}

    def unique(self, kind: str) -> str:
        group = self.http.get(f"/crm/v3/properties/{kind}/groups").json["results"][0]["name"]
        item = {**self.property(), "groupName": group, "hasUniqueValue": True}
        there = [p["name"] for p in self.http.get(f"/crm/v3/properties/{kind}").json["results"]
                 if p["hasUniqueValue"] and p["name"].startswith("shape_")]  # fmt: skip
        return there[0] if there else str(self.made(f"/crm/v3/properties/{kind}", item)["name"])


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with Sandbox(seed=7) as sandbox:
        world = World(sandbox)
        yield world
        world.http.pool.clear()


def served(operation: Operation) -> bool:
    path = re.sub(r"\{objectType\}|\{fromObjectType\}|\{objectTypeId\}", "contacts", operation.path)
    path = re.sub(r"\{.*?\}", "companies", path).rstrip("/")
    found = TABLE.match(operation.method, path).route is not None
    return found and not str(operation).startswith(NOT_SERVED)


def all_operations() -> list[Operation]:
    return list(operations()) if SHAPES.exists() else []


def test_what_is_not_served_is_known() -> None:
    missing = {str(operation) for operation in all_operations() if not served(operation)}
    assert {name for name in missing if not name.startswith(NOT_SERVED)} == set()


def kind_of(operation: Operation) -> str:
    return "contacts" if operation.api == "objects_generic" else operation.api


def record_calls(world: World, operation: Operation) -> list[Answer]:
    """Calls of the API of one object type."""
    kind, http = kind_of(operation), world.http
    base = f"/crm/v3/objects/{kind}"
    one = f"{base}/{world.record(kind)}"
    return RECORD_CALLS[operation.name](world, http, kind, base, one)


def partial(http: Http, path: str, good: list[Json], bad: Json, **more: Any) -> list[Answer]:
    traced = [{**item, "objectWriteTraceId": str(number)} for number, item in enumerate([*good, bad])]
    return [http.post(path, {"inputs": good, **more}), http.post(path, {"inputs": traced, **more})]


def _create_batch(world: World, http: Http, kind: str, base: str) -> list[Answer]:
    first, second = world.input(kind), world.input(kind)
    bad = {"properties": {"no_such_property": "1"}, "associations": []}
    plain = http.post(f"{base}/batch/create", {"inputs": [first]})
    traced = [{**second, "objectWriteTraceId": "1"}, {**bad, "objectWriteTraceId": "2"}]
    return [plain, http.post(f"{base}/batch/create", {"inputs": traced})]


def _upsert(world: World, http: Http, kind: str, base: str) -> list[Answer]:
    name = world.unique(kind)
    good = [{"id": f"k{next(_NUMBERS)}", "idProperty": name, "properties": world.properties(kind)}]
    bad = {"id": f"k{next(_NUMBERS)}", "idProperty": name, "properties": {"no_such_property": "1"}}
    if kind == "leads":  # an upsert cannot associate: only leads that are there can be named
        lead = world.record(kind)
        world.http.update(lead, kind, **{name: str(good[0]["id"])})
        good[0]["properties"] = {"hs_lead_name": "Renamed"}
    return partial(http, f"{base}/batch/upsert", good, bad)


RECORD_CALLS: dict[str, Callable[[World, Http, str, str, str], list[Answer]]] = {
    "BasicApi.archive": lambda world, http, kind, base, one: [http("DELETE", one)],
    "BasicApi.create": lambda world, http, kind, base, one: [http.post(base, world.input(kind))],
    "BasicApi.get_by_id": lambda world, http, kind, base, one: [
        http.get(one),
        http.get(f"{one}?propertiesWithHistory=hs_createdate&associations=companies"),
    ],
    "BasicApi.get_page": lambda world, http, kind, base, one: [
        http.get(f"{base}?limit=1&associations=companies"),
        http.get(f"{base}?limit=50&propertiesWithHistory=email&archived=true"),
    ],
    "BasicApi.merge": lambda world, http, kind, base, one: [
        http.post(
            f"{base}/merge",
            {"primaryObjectId": one.rpartition("/")[2], "objectIdToMerge": world.record(kind)},
        )
    ],
    "BasicApi.purge": lambda world, http, kind, base, one: [
        http.post(f"{base}/gdpr-delete", {"objectId": one.rpartition("/")[2]})
    ],
    "BasicApi.update": lambda world, http, kind, base, one: [
        http("PATCH", one, {"properties": world.properties(kind)})
    ],
    "BatchApi.archive": lambda world, http, kind, base, one: [
        http.post(f"{base}/batch/archive", {"inputs": [{"id": one.rpartition("/")[2]}]})
    ],
    "BatchApi.create": lambda world, http, kind, base, one: _create_batch(world, http, kind, base),
    "BatchApi.read": lambda world, http, kind, base, one: [
        http.post(
            f"{base}/batch/read", {"inputs": [{"id": one.rpartition("/")[2]}], "properties": ["email"]}
        ),
        http.post(f"{base}/batch/read", {"inputs": [{"id": one.rpartition("/")[2]}, {"id": "0"}]}),
    ],
    "BatchApi.update": lambda world, http, kind, base, one: partial(
        http,
        f"{base}/batch/update",
        [{"id": one.rpartition("/")[2], "properties": world.properties(kind)}],
        {"id": world.record(kind), "properties": {"no_such_property": "1"}},
    ),
    "BatchApi.upsert": lambda world, http, kind, base, one: _upsert(world, http, kind, base),
    "SearchApi.do_search": lambda world, http, kind, base, one: [
        http.post(f"{base}/search", {"limit": 1, "filterGroups": [], "sorts": [], "properties": []})
    ],
}


def property_calls(world: World, operation: Operation) -> list[Answer]:
    http, base = world.http, "/crm/v3/properties/contacts"
    one = world.made(base, world.property())["name"]
    group = {"name": f"group_{next(_NUMBERS)}", "label": "Group"}
    made = world.made(f"{base}/groups", {**group, "name": f"{group['name']}x"})["name"]
    names = {"inputs": [{"name": one}], "archived": False}
    absent = {"inputs": [{"name": one}, {"name": "nothing"}], "archived": False}
    calls: dict[str, Callable[[], list[Answer]]] = {
        "BatchApi.archive": lambda: [http.post(f"{base}/batch/archive", names)],
        "BatchApi.create": lambda: [
            http.post(f"{base}/batch/create", {"inputs": [world.property()]}),
            http.post(f"{base}/batch/create", {"inputs": [world.property(), {"name": "email"}]}),
        ],
        "BatchApi.read": lambda: [http.post(f"{base}/batch/read", body) for body in (names, absent)],
        "CoreApi.archive": lambda: [http("DELETE", f"{base}/{one}")],
        "CoreApi.create": lambda: [http.post(base, world.property())],
        "CoreApi.get_all": lambda: [http.get(base), http.get(f"{base}?archived=true")],
        "CoreApi.get_by_name": lambda: [http.get(f"{base}/{one}"), http.get(f"{base}/lifecyclestage")],
        "CoreApi.update": lambda: [http("PATCH", f"{base}/{one}", {"label": "New"})],
        "GroupsApi.archive": lambda: [http("DELETE", f"{base}/groups/{made}")],
        "GroupsApi.create": lambda: [http.post(f"{base}/groups", group)],
        "GroupsApi.get_all": lambda: [http.get(f"{base}/groups")],
        "GroupsApi.get_by_name": lambda: [http.get(f"{base}/groups/{made}")],
        "GroupsApi.update": lambda: [http("PATCH", f"{base}/groups/{made}", {"label": "New"})],
    }
    return calls[operation.name]()


def pipeline_calls(world: World, operation: Operation) -> list[Answer]:
    http, base = world.http, "/crm/v3/pipelines/deals"
    stages = [{"label": f"Stage {order}", "displayOrder": order, "metadata": _OPEN} for order in range(2)]
    body = {"label": f"Pipeline {next(_NUMBERS)}", "displayOrder": 1, "stages": stages}
    made = world.made(base, body)
    one, stage = f"{base}/{made['id']}", f"{base}/{made['id']}/stages/{made['stages'][0]['id']}"
    calls: dict[str, Callable[[], Answer]] = {
        "PipelineAuditsApi.get_audit": lambda: http.get(f"{one}/audit"),
        "PipelineStageAuditsApi.get_audit": lambda: http.get(f"{stage}/audit"),
        "PipelineStagesApi.archive": lambda: http("DELETE", stage),
        "PipelineStagesApi.create": lambda: http.post(f"{one}/stages", {**stages[0], "label": "New"}),
        "PipelineStagesApi.get_all": lambda: http.get(f"{one}/stages"),
        "PipelineStagesApi.get_by_id": lambda: http.get(stage),
        "PipelineStagesApi.replace": lambda: http("PUT", stage, {**stages[0], "label": "New"}),
        "PipelineStagesApi.update": lambda: http("PATCH", stage, {"label": "New"}),
        "PipelinesApi.archive": lambda: http("DELETE", one),
        "PipelinesApi.create": lambda: http.post(base, {**body, "label": "Another"}),
        "PipelinesApi.get_all": lambda: http.get(base),
        "PipelinesApi.get_by_id": lambda: http.get(one),
        "PipelinesApi.replace": lambda: http("PUT", one, {**body, "label": "Other"}),
        "PipelinesApi.update": lambda: http("PATCH", one, {"label": "Other"}),
    }
    return [calls[operation.name]()]


def association_calls(world: World, operation: Operation) -> list[Answer]:
    http, (contact, company) = world.http, world.pair()
    pair = {"from": {"id": contact}, "to": {"id": company}}
    spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]
    one = f"/crm/v4/objects/contacts/{contact}/associations"
    base = "/crm/v4/associations/contacts/companies/batch"
    wrong = {**pair, "to": {"id": "nobody"}}
    calls: dict[str, Callable[[], list[Answer]]] = {
        "BasicApi.archive": lambda: [http("DELETE", f"{one}/companies/{company}")],
        "BasicApi.create_default": lambda: [http("PUT", f"{one}/default/companies/{company}")],
        "BasicApi.create": lambda: [http("PUT", f"{one}/companies/{company}", spec)],
        "BasicApi.get_page": lambda: [http.get(f"{one}/companies")],
        "BatchApi.archive_labels": lambda: [
            http.post(f"{base}/labels/archive", {"inputs": [{**pair, "types": spec}]})
        ],
        "BatchApi.archive": lambda: [
            http.post(f"{base}/archive", {"inputs": [{**pair, "to": [pair["to"]]}]})
        ],
        "BatchApi.create_default": lambda: [http.post(f"{base}/associate/default", {"inputs": [pair]})],
        "BatchApi.create": lambda: [
            http.post(f"{base}/create", {"inputs": [{**item, "types": spec} for item in items]})
            for items in ([pair], [pair, wrong])
        ],
        "BatchApi.get_page": lambda: [
            http.post(f"{base}/read", {"inputs": [{"id": key} for key in keys]})
            for keys in ([contact], [contact, world.record("contacts")])
        ],
    }
    return calls[operation.name]()


def label_calls(world: World, operation: Operation) -> list[Answer]:
    http, base = world.http, "/crm/v4/associations/contacts/companies/labels"
    name = f"label_{next(_NUMBERS)}"
    made = world.made(base, {"name": name, "label": name, "inverseLabel": f"{name} of"})["results"][0][
        "typeId"
    ]
    changed = {"associationTypeId": made, "label": f"{name} new", "inverseLabel": f"{name} old"}
    calls: dict[str, Callable[[], Answer]] = {
        "DefinitionsApi.create": lambda: http.post(base, {"name": f"{name}x", "label": f"{name}x"}),
        "DefinitionsApi.get_all": lambda: http.get(base),
        "DefinitionsApi.remove": lambda: http("DELETE", f"{base}/{made}"),
        "DefinitionsApi.update": lambda: http("PUT", base, changed),
    }
    return [calls[operation.name]()]


def owner_calls(world: World, operation: Operation) -> list[Answer]:
    world.sandbox.load("hubspot.owners", f"email,team\nowner{next(_NUMBERS)}@example.com,Sales\n")
    owners = world.http.get("/crm/v3/owners/?limit=1").json["results"]
    if operation.name == "OwnersApi.get_page":
        return [world.http.get(f"/crm/v3/owners/?archived={flag}") for flag in ("false", "true")]
    return [world.http.get(f"/crm/v3/owners/{owners[0]['id']}?archived=false")]


def oauth_calls(world: World, operation: Operation) -> list[Answer]:
    http, ready = world.http, world.ready
    form = "&".join(f"{name}={ready[name]}" for name in ("client_id", "client_secret", "refresh_token"))
    kind = {"Content_Type": "application/x-www-form-urlencoded"}
    issued = http.post("/oauth/v1/token", f"grant_type=refresh_token&{form}".encode(), **kind)
    calls: dict[str, Callable[[], Answer]] = {
        "AccessTokensApi.get": lambda: http.get(f"/oauth/v1/access-tokens/{issued.json['access_token']}"),
        "RefreshTokensApi.archive": lambda: http("DELETE", "/oauth/v1/refresh-tokens/unknown"),
        "RefreshTokensApi.get": lambda: http.get(f"/oauth/v1/refresh-tokens/{ready['refresh_token']}"),
        "TokensApi.create": lambda: issued,
    }
    return [calls[operation.name]()]


def webhook_calls(world: World, operation: Operation) -> list[Answer]:
    http, base = world.http, f"/webhooks/v3/{PUBLIC_APP_ID}"
    target = {"targetUrl": "http://127.0.0.1:9/hook", "throttling": {"maxConcurrentRequests": 10}}
    configured = http("PUT", f"{base}/settings", target)
    wanted = {"eventType": "contact.propertyChange", "propertyName": "city", "active": False}
    made = int(world.made(f"{base}/subscriptions", wanted)["id"])
    one, switch = f"{base}/subscriptions/{made}", f"{base}/subscriptions/batch/update"
    items = [{"id": made, "active": True}, {"id": 1, "active": True}]
    calls: dict[str, Callable[[], list[Answer]]] = {
        "SettingsApi.clear": lambda: [http("DELETE", f"{base}/settings")],
        "SettingsApi.configure": lambda: [configured],
        "SettingsApi.get_all": lambda: [http.get(f"{base}/settings")],
        "SubscriptionsApi.archive": lambda: [http("DELETE", one)],
        "SubscriptionsApi.create": lambda: [http.post(f"{base}/subscriptions", wanted)],
        "SubscriptionsApi.get_all": lambda: [http.get(f"{base}/subscriptions")],
        "SubscriptionsApi.get_by_id": lambda: [http.get(one)],
        "SubscriptionsApi.update_batch": lambda: [
            http.post(switch, {"inputs": items[:number]}) for number in (1, 2)
        ],
        "SubscriptionsApi.update": lambda: [http("PATCH", one, {"active": True})],
    }
    return calls[operation.name]()


def list_calls(world: World, operation: Operation) -> list[Answer]:
    http, base, contact = world.http, "/crm/v3/lists", world.record("contacts")
    where = {"filterType": "PROPERTY", "property": "email", "operation": {"operator": "IS_KNOWN"}}
    branch = {"filterBranchType": "OR", "filters": [], "filterBranches": [
        {"filterBranchType": "AND", "filters": [where], "filterBranches": []}]}  # fmt: skip
    name = f"List {next(_NUMBERS)}"
    wanted = {"name": name, "objectTypeId": "0-1", "processingType": "MANUAL"}
    one = f"{base}/{world.made(base, wanted)['list']['listId']}"
    dynamic = {**wanted, "name": f"{name} dynamic", "processingType": "DYNAMIC", "filterBranch": branch}
    other = f"{base}/{world.made(base, dynamic)['list']['listId']}"
    assert http("PUT", f"{one}/memberships/add", [contact]).json["recordsIdsAdded"] == [contact]
    change = {"recordIdsToAdd": [], "recordIdsToRemove": [contact]}
    calls: dict[str, Callable[[], Answer]] = {
        "ListsApi.create": lambda: http.post(f"{base}/", {**wanted, "name": f"{name} new"}),
        "ListsApi.do_search": lambda: http.post(f"{base}/search", {"count": 500}),
        "ListsApi.get_all": lambda: http.get(f"{base}/?listIds={one.rpartition('/')[2]}"),
        "ListsApi.get_by_id": lambda: http.get(f"{other}?includeFilters=true"),
        "ListsApi.get_by_name": lambda: http.get(
            f"{base}/object-type-id/0-1/name/{name.replace(' ', '%20')}"
        ),
        "ListsApi.remove": lambda: http("DELETE", one),
        "ListsApi.restore": lambda: (http("DELETE", one), http("PUT", f"{one}/restore"))[1],
        "ListsApi.update_list_filters": lambda: http(
            "PUT", f"{other}/update-list-filters", {"filterBranch": branch}
        ),
        "ListsApi.update_name": lambda: http("PUT", f"{one}/update-list-name?listName={next(_NUMBERS)}"),
        "MembershipsApi.add_all_from_list": lambda: http(
            "PUT", f"{one}/memberships/add-from/{other.rpartition('/')[2]}"
        ),
        "MembershipsApi.add_and_remove": lambda: http("PUT", f"{one}/memberships/add-and-remove", change),
        "MembershipsApi.add": lambda: http("PUT", f"{one}/memberships/add", [world.record("contacts")]),
        "MembershipsApi.get_lists": lambda: http.get(f"{base}/records/0-1/{contact}/memberships"),
        "MembershipsApi.get_page_ordered_by_added_to_list_date": lambda: http.get(
            f"{other}/memberships/join-order?limit=1"
        ),
        "MembershipsApi.get_page": lambda: http.get(f"{other}/memberships?limit=1"),
        "MembershipsApi.remove_all": lambda: http("DELETE", f"{one}/memberships"),
        "MembershipsApi.remove": lambda: http("PUT", f"{one}/memberships/remove", [contact]),
    }
    return [calls[operation.name]()]


def form_calls(world: World, operation: Operation) -> list[Answer]:
    http, base = world.http, "/marketing/v3/forms"
    field = {"objectTypeId": "0-1", "name": "email", "label": "E-mail", "required": True, "hidden": False,
             "fieldType": "email", "dependentFields": []}  # fmt: skip
    group = {"groupType": "default_group", "richTextType": "text", "fields": [field]}
    wanted = {"name": f"Form {next(_NUMBERS)}", "formType": "hubspot", "fieldGroups": [group]}
    one = f"{base}/{world.made(base, wanted)['id']}"
    calls: dict[str, Callable[[], Answer]] = {
        "FormsApi.archive": lambda: http("DELETE", one),
        "FormsApi.create": lambda: http.post(f"{base}/", wanted),
        "FormsApi.get_by_id": lambda: http.get(one),
        "FormsApi.get_page": lambda: http.get(f"{base}/?limit=1"),
        "FormsApi.replace": lambda: http("PUT", one, wanted),
        "FormsApi.update": lambda: http("PATCH", one, {"name": "New"}),
    }
    return [calls[operation.name]()]


CALLS: dict[str, Callable[[World, Operation], list[Answer]]] = {
    "properties": property_calls,
    "pipelines": pipeline_calls,
    "associations_v4": association_calls,
    "associations_v4_schema": label_calls,
    "owners": owner_calls,
    "oauth": oauth_calls,
    "lists": list_calls,
    "forms": form_calls,
    "webhooks": webhook_calls,
}


@pytest.mark.parametrize("operation", [item for item in all_operations() if served(item)], ids=str)
def test_the_answer_has_the_published_shape(world: World, operation: Operation) -> None:
    """HS-9.3"""
    answers = CALLS.get(operation.api, record_calls)(world, operation)
    seen = {str(answer.status) for answer in answers}
    assert seen == set(operation.responses) or (not operation.responses and seen == {"204"}), answers
    for answer in answers:
        assert bool(answer.data) is (answer.status != 204)
        if answer.data:
            model = operation.responses[str(answer.status)]
            assert list(problems(models(operation.api), model, answer.json)) == []
