"""Whatever is sent to whatever operation, the answer is one of the service: no 500, no hang, no traceback."""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmbridge.sandbox.http import Request, Response
from crmbridge.sandbox.hubspot.app import HubSpotApp
from crmbridge.sandbox.hubspot.route_table import ROUTES
from crmbridge.sandbox.hubspot.routes import Route
from crmbridge.sandbox.hubspot.tokens import PUBLIC_APP_ID
from crmbridge.sandbox.world import World

#: More examples where time is no matter.
EXAMPLES = 8 if os.environ.get("CI") == "true" else 1
FUZZ = {"deadline": None, "suppress_health_check": list(HealthCheck), "derandomize": True}

_NAMES = (
    "inputs properties id idProperty objectWriteTraceId propertiesWithHistory associations to from types "
    "associationCategory associationTypeId filterGroups filters propertyName operator value values "
    "highValue sorts direction query limit after name label type fieldType groupName options "
    "hasUniqueValue stages displayOrder metadata archived active eventType objectTypeId throttling "
    "maxConcurrentRequests targetUrl processingType filterBranch filterBranchType filterBranches "
    "filterType operation property listId offset count listIds processingTypes recordIdsToAdd "
    "recordIdsToRemove fields context configuration postSubmitAction lifecycleStages fieldGroups "
    "submittedAt primaryObjectId objectIdToMerge objectId tokenKey inverseLabel email firstname "
    "lifecyclestage hubspot_owner_id createdate hs_timestamp dealstage pipeline hs_object_id "
    "hs_additional_emails associatedcompanyid hs_buying_role "
)
_VALUES = (
    "contacts 0-1 0-3 leads email hs_object_id our_id lifecyclestage createdate lastmodifieddate EQ IN "
    "BETWEEN CONTAINS_TOKEN HAS_PROPERTY GTE a@b.example 101 102 10001 3000001 HUBSPOT_DEFINED "
    "USER_DEFINED string number enumeration date datetime bool select text contactinformation MANUAL "
    "DYNAMIC SNAPSHOT AND OR PROPERTY IN_LIST IS_EQUAL_TO IS_BETWEEN IS_KNOWN contact.creation "
    "contact.propertyChange object.creation http://127.0.0.1:9/ http://[ lead customer ;x 1767225600001 "
    "2026-02-30 99999999999999999999 1e999 NaN -1 DESCENDING -createdate default closedwon * % true "
)
SCALARS = (
    st.none() | st.booleans() | st.integers(-2, 2**70) | st.floats(allow_nan=False) | st.text(max_size=6)
) | st.sampled_from(_VALUES.split())
NAMES = st.sampled_from(_NAMES.split()) | st.text(max_size=4)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
BODIES = st.dictionaries(NAMES, JSON, max_size=6)
PARTS = {
    "type": ["contacts", "0-1", "deals", "leads", "notes", "2-1", "x"],
    "to": ["companies", "contacts", "0-3", "x"],
    "id": ["101", "0", "x", "a@b.example", "9" * 30],
    "to_id": ["101", "102", "x"],
    "name": ["email", "our_id", "contactinformation", "x"],
    "app": [PUBLIC_APP_ID, "x"],
    "list": ["1", "2", "x"],
    "source": ["1", "2"],
    "form": ["FORM", "x"],
    "portal": ["PORTAL", "x"],
    "pipeline": ["default", "contacts-lifecycle-pipeline", "x"],
    "stage": ["closedwon", "lead", "x"],
    "label": ["10001", "x"],
    "token": ["x"],
}
QUERIES = {
    "limit": ["1", "100", "0", "x", "9" * 12],
    "after": ["101", "x", "MQ==", "-1", "²"],
    "properties": ["email,city", "x", ""],
    "propertiesWithHistory": ["email", "lifecyclestage,x"],
    "associations": ["companies", "x"],
    "archived": ["true", "False", "x"],
    "idProperty": ["email", "our_id", "city", "userId"],
    "listName": ["x", ""],
    "listIds": ["1,2", "x"],
    "includeFilters": ["true"],
    "validateReferencesBeforeDelete": ["true"],
    "hapikey": ["x"],
    "email": ["a@b.example"],
}
QUERY = st.lists(
    st.sampled_from([(name, value) for name, values in QUERIES.items() for value in values]), max_size=3
)
_PREFIXES = {
    "account-info": "/account-info/v3",
    "oauth": "/oauth/v1",
    "webhooks": "/webhooks/v3",
    "forms": "/marketing/v3/forms",
    "submissions": "/form-integrations/v1/submissions",
    "submit": "/submissions/v3/integration",
}
#: What the service itself answers to a filter from the epoch on.
EPOCH = "There was a problem with the request."


class Portal:
    """A portal with one of most things, asked without a server in between."""

    def __init__(self) -> None:
        self.app = HubSpotApp(World())
        self.form = ""
        self.send("POST", "/crm/v3/objects/contacts", {"properties": {"email": "a@b.example"}})
        self.send("POST", "/crm/v3/objects/contacts", {"properties": {"email": "c@b.example"}})
        self.send("POST", "/crm/v3/objects/companies", {"properties": {"name": "Acorn"}})
        unique = {"name": "our_id", "label": "Id", "type": "string", "fieldType": "text"}
        unique |= {"groupName": "contactinformation", "hasUniqueValue": True}  # type: ignore[dict-item]
        self.send("POST", "/crm/v3/properties/contacts", unique)
        labels = "/crm/v4/associations/contacts/companies/labels"
        self.send("POST", labels, {"name": "buyer", "label": "Buyer"})
        self.send("POST", "/crm/v3/lists", {"name": "x", "objectTypeId": "0-1", "processingType": "MANUAL"})
        self.form = json.loads(self.send("POST", "/marketing/v3/forms", {"name": "Form"}).body)["id"]

    def send(
        self, method: str, path: str, body: Any = None, query: tuple[tuple[str, str], ...] = ()
    ) -> Response:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        token = self.app.portal.tokens.access_token
        return self.app.handle(
            Request(
                method=method,
                path=path.rstrip("/") or "/",
                raw_path=quote(path),
                query=query,
                headers={"authorization": f"Bearer {token}", "host": "x"},
                body=data,
            )
        )

    def path(self, route: Route, parts: dict[str, str]) -> str:
        family, _, rest = route.path.partition("/")
        numbered = "/crm/v4/" if "v3" not in route.versions else "/crm/v3/"
        base = _PREFIXES.get(family, f"{numbered}{family}")
        filled = rest
        special = {"FORM": self.form, "PORTAL": str(self.app.portal.portal_id)}
        for name, value in parts.items():
            filled = filled.replace(f"{{{name}}}", special.get(value, value))
        return f"{base}/{filled}"


@pytest.fixture(scope="module")
def portal() -> Portal:
    return Portal()


def refuse_500(answer: Response) -> None:
    if answer.status >= 500:
        assert json.loads(answer.body)["message"] == EPOCH, answer.body
    elif answer.body:
        json.loads(answer.body)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_no_operation_breaks(portal: Portal, route: Route) -> None:
    @settings(max_examples=3 * EXAMPLES, **FUZZ)  # type: ignore[arg-type]
    @given(
        parts=st.fixed_dictionaries({name: st.sampled_from(values) for name, values in PARTS.items()}),
        body=BODIES | st.lists(JSON, max_size=3),
        query=QUERY,
    )
    def ask(parts: dict[str, str], body: Any, query: list[tuple[str, str]]) -> None:
        refuse_500(portal.send(route.method, portal.path(route, parts), body, tuple(query)))

    ask()


_OPTION = {"label": "A", "value": "a", "displayOrder": 0, "hidden": False}
_PROPERTY = {"name": "fuzzed", "label": "F", "type": "enumeration", "fieldType": "select",
             "groupName": "contactinformation", "options": [_OPTION], "hasUniqueValue": False}  # fmt: skip
_STAGE = {"label": "S", "displayOrder": 0, "metadata": {"probability": "0.5"}}
_SPEC = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}
_PAIR = {"from": {"id": "101"}, "to": {"id": "101"}, "types": [_SPEC]}
_LEAF = {
    "filterType": "PROPERTY",
    "property": "email",
    "operation": {"operator": "IS_ANY_OF", "values": ["a"]},
}
_BRANCH = {"filterBranchType": "AND", "filters": [_LEAF], "filterBranches": []}
_FORM = {"name": "F", "formType": "hubspot", "fieldGroups": [{"groupType": "default_group", "fields": []}],
         "configuration": {"lifecycleStages": [{"objectTypeId": "0-1", "value": "lead"}],
                           "postSubmitAction": {"type": "thank_you", "value": "x"}}}  # fmt: skip
_FIELDS = [{"objectTypeId": "0-1", "name": "email", "value": "f@b.example"}]
_LINKS, _HOOKS = "/crm/v4/associations/contacts/companies", f"/webhooks/v3/{PUBLIC_APP_ID}"
_TARGET = {"targetUrl": "http://127.0.0.1:9/", "throttling": {"maxConcurrentRequests": 10}}
_WANTED = {"eventType": "object.propertyChange", "active": True, "propertyName": "x", "objectTypeId": "0-1"}
#: Requests that work; each is sent with one of its values replaced.
TEMPLATES: list[tuple[str, str, Any]] = [
    ("POST", "/crm/v3/properties/contacts", _PROPERTY),
    ("PATCH", "/crm/v3/properties/contacts/fuzzed", _PROPERTY),
    ("POST", "/crm/v3/properties/contacts/batch/create", {"inputs": [_PROPERTY]}),
    ("POST", "/crm/v3/properties/contacts/groups", {"name": "g", "label": "G", "displayOrder": 1}),
    ("PATCH", "/crm/v3/properties/contacts/groups/g", {"label": "G", "displayOrder": 1}),
    ("POST", "/crm/v3/pipelines/deals", {"label": "P", "displayOrder": 0, "stages": [_STAGE]}),
    ("PUT", "/crm/v3/pipelines/deals/default", {"label": "P", "displayOrder": 0, "stages": [_STAGE]}),
    ("POST", "/crm/v3/pipelines/deals/default/stages", _STAGE),
    ("POST", f"{_LINKS}/labels", {"name": "n", "label": "N", "inverseLabel": "M"}),
    ("POST", f"{_LINKS}/batch/create", {"inputs": [_PAIR]}),
    ("POST", f"{_LINKS}/batch/labels/archive", {"inputs": [_PAIR]}),
    ("PUT", "/crm/v4/objects/contacts/101/associations/companies/101", [_SPEC]),
    ("POST", "/crm/v3/objects/contacts", {
        "properties": {"email": "n@b.example", "hs_buying_role": ";CHAMPION", "closedate": "2026-01-01"},
        "associations": [{"to": {"id": "101"}, "types": [_SPEC]}]}),
    ("POST", "/crm/v3/lists", {"name": "L", "objectTypeId": "0-1", "processingType": "DYNAMIC",
                               "filterBranch": _BRANCH}),
    ("PUT", "/crm/v3/lists/2/update-list-filters", {"filterBranch": _BRANCH}),
    ("POST", "/marketing/v3/forms", _FORM),
    ("POST", "/submissions/v3/integration/submit/PORTAL/FORM", {"fields": _FIELDS, "submittedAt": "1",
                                                                "context": {"pageUri": "x"}}),
    ("PUT", f"{_HOOKS}/settings", _TARGET),
    ("POST", f"{_HOOKS}/subscriptions", _WANTED),
]  # fmt: skip


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Give the ways to every value within a value."""
    pairs: Any = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [way, *(found for key, item in pairs for found in places(item, (*way, key)))]


def replaced(value: Any, way: tuple[Any, ...], new: Any) -> Any:
    if not way:
        return new
    copy = value.copy()
    copy[way[0]] = replaced(value[way[0]], way[1:], new)
    return copy


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: f"{template[0]} {template[1]}")
def test_no_wrong_part_breaks(portal: Portal, template: tuple[str, str, Any]) -> None:
    method, path, body = template
    path = path.replace("PORTAL", str(portal.app.portal.portal_id)).replace("FORM", portal.form)
    refuse_500(portal.send(method, path, body))

    @settings(max_examples=10 * EXAMPLES, **FUZZ)  # type: ignore[arg-type]
    @given(way=st.sampled_from(places(body)), new=JSON)
    def ask(way: tuple[Any, ...], new: Any) -> None:
        refuse_500(portal.send(method, path, replaced(body, way, new)))

    ask()
    for kind in ("contacts", "deals"):  # whatever was accepted must not break what comes later
        for later in (f"/crm/v3/properties/{kind}", f"/crm/v3/pipelines/{kind}", f"/crm/v3/objects/{kind}"):
            refuse_500(portal.send("GET", later))
    refuse_500(
        portal.send(
            "POST", "/crm/v3/objects/contacts", {"properties": {"fuzzed": "a", "email": "q@b.example"}}
        )
    )
    refuse_500(portal.send("POST", "/crm/v3/lists/search", {}))


@pytest.mark.parametrize("path", ["/crm/v3/objects/contacts", "/crm/v3/lists", "/marketing/v3/forms"])
def test_half_a_surrogate_pair_is_no_json(portal: Portal, path: str) -> None:
    body = b'{"name": "\\ud800", "properties": {"email": "s@b.example", "city": "\\ud800"}}'
    assert portal.send("POST", path, body).status == 400


INPUTS = st.lists(st.dictionaries(NAMES, JSON, max_size=5), max_size=4)
WRITES = [
    ("POST", f"/crm/v3/objects/{kind}{verb}")
    for kind in ("contacts", "deals", "leads", "calls")
    for verb in ("", "/batch/create", "/batch/update", "/batch/upsert", "/batch/read")
]


@settings(max_examples=40 * EXAMPLES, **FUZZ)  # type: ignore[arg-type]
@given(target=st.sampled_from(WRITES), properties=st.dictionaries(NAMES, SCALARS, max_size=4), inputs=INPUTS)
def test_no_record_breaks(
    portal: Portal, target: tuple[str, str], properties: dict[str, Any], inputs: list[dict[str, Any]]
) -> None:
    rows = [{"id": "101", "idProperty": "our_id", "properties": properties, **item} for item in inputs]
    refuse_500(portal.send(*target, {"properties": properties, "inputs": rows}))


FILTER = st.fixed_dictionaries(
    {
        "propertyName": st.sampled_from(["email", "createdate", "hs_object_id", "hs_buying_role", "x"]),
        "operator": st.sampled_from(["EQ", "NEQ", "LT", "GTE", "BETWEEN", "IN", "NOT_IN", "HAS_PROPERTY",
                                     "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN", "x"]),
    },
    optional={"value": JSON, "values": JSON, "highValue": JSON},
)  # fmt: skip


@settings(max_examples=40 * EXAMPLES, **FUZZ)  # type: ignore[arg-type]
@given(filters=st.lists(FILTER, max_size=3), more=BODIES)
def test_no_search_breaks(portal: Portal, filters: list[dict[str, Any]], more: dict[str, Any]) -> None:
    groups = [{"filters": filters}]
    refuse_500(portal.send("POST", "/crm/v3/objects/contacts/search", {**more, "filterGroups": groups}))


OPERATION = st.fixed_dictionaries({"operator": st.sampled_from(_VALUES.split())}, optional={
    "value": JSON, "values": JSON, "lowerBound": JSON, "upperBound": JSON})  # fmt: skip
LEAF = st.fixed_dictionaries(
    {"filterType": st.sampled_from(["PROPERTY", "IN_LIST", "x"])},
    optional={"property": NAMES, "operation": OPERATION | JSON, "listId": JSON, "operator": SCALARS},
)


def branches(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    joined = st.lists(inner, min_size=1, max_size=2)
    return joined.map(lambda found: {"filterBranchType": "OR", "filterBranches": found})


BRANCH = st.recursive(
    st.fixed_dictionaries(
        {"filterBranchType": st.sampled_from(["AND", "OR", "x"]), "filters": st.lists(LEAF, max_size=3)}
    ),
    branches,
    max_leaves=4,
)


@settings(max_examples=25 * EXAMPLES, **FUZZ)  # type: ignore[arg-type]
@given(branch=BRANCH, name=st.text(min_size=1, max_size=8))
def test_no_list_filter_breaks(portal: Portal, branch: Any, name: str) -> None:
    body = {"name": name, "objectTypeId": "0-1", "processingType": "DYNAMIC", "filterBranch": branch}
    refuse_500(portal.send("POST", "/crm/v3/lists", body))
    refuse_500(portal.send("POST", "/crm/v3/lists/search", {}))


@settings(max_examples=25 * EXAMPLES, **FUZZ)  # type: ignore[arg-type]
@given(path=st.text(alphabet="aZ09%/.-_@ é\x00", max_size=20), body=st.binary(max_size=20))
def test_no_path_breaks(portal: Portal, path: str, body: bytes) -> None:
    for base in ("/", "/crm/v3/", "/crm/v3/objects/", "/crm/v3/objects/contacts/", "/oauth/v1/"):
        for method in ("GET", "POST", "PUT"):
            refuse_500(portal.send(method, base + path, body))


def test_deep_nesting_is_refused_not_followed(portal: Portal) -> None:
    for path in (
        "/crm/v3/objects/contacts",
        "/crm/v3/lists",
        "/marketing/v3/forms",
        "/crm/v3/objects/contacts/search",
    ):
        assert portal.send("POST", path, b'{"a":' * 50_000).status == 400
    branch: dict[str, Any] = {"filterBranchType": "AND", "filters": []}
    for _ in range(200):
        branch = {"filterBranchType": "AND", "filterBranches": [branch]}
    body = {"name": "deep", "objectTypeId": "0-1", "processingType": "DYNAMIC", "filterBranch": branch}
    assert portal.send("POST", "/crm/v3/lists", body).status == 400


def test_no_secret_and_no_file_is_reached_by_a_path(portal: Portal) -> None:
    for path in (
        "/../../etc/passwd",
        "/crm/v3/objects/contacts/..%2f..%2fetc%2fpasswd",
        "/crm/v3/objects/../owners",
    ):
        assert portal.send("GET", path).status in (400, 404)
