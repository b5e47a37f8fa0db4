"""The route table: one row for each operation, for the v3/v4 and the dated paths alike.

A dated path (``/crm/objects/2026-03/contacts``) means the same as its numbered one
(``/crm/v3/objects/contacts``): both are brought to one form before the table is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from crmbridge.sandbox.http import Response
from crmbridge.sandbox.hubspot import handle_account as account
from crmbridge.sandbox.hubspot import handle_associations as linking
from crmbridge.sandbox.hubspot import handle_batches as batches
from crmbridge.sandbox.hubspot import handle_objects as objects
from crmbridge.sandbox.hubspot import handle_schema as schema
from crmbridge.sandbox.hubspot.call import Call
from crmbridge.sandbox.hubspot.handle_search import search
from crmbridge.sandbox.hubspot.objects import LEADS, ObjectType, object_type

DATED = ("2025-09", "2026-03", "2026-09")
#: Family to the numbered versions that served it before dated ones.
_FAMILIES = {
    "objects": ("v3", "v4"),
    "owners": ("v3",),
    "properties": ("v3",),
    "pipelines": ("v3",),
    "schemas": ("v3",),
    "associations": ("v4",),
}
_NUMBERED = re.compile(r"/crm/(v\d)/(\w+)(/.*)?")
_DATED = re.compile(r"/crm/(\w+)/(\d{4}-\d\d)(/.*)?")
_TOP_LEVEL = re.compile(r"/(account-info|oauth)/(v\d|\d{4}-\d\d)(/.*)")
_VERSIONS = {"account-info": ("v3", *DATED), "oauth": ("v1", "v2", "v3", *DATED)}

Handler = Callable[[Call], Response]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation."""

    method: str
    #: Segments after bringing the path to one form; "{name}" matches any one segment.
    path: str
    handler: Handler
    #: "read" or "write" of the object type; "schema"; "owners"; "any" token; "none": no token.
    right: str = "read"
    #: Numbered versions that have it; dated paths have all.
    versions: tuple[str, ...] = ("v3", "v4")
    #: Does not count for the ten-second limit but for the one of searches.
    is_search: bool = False


_O = "objects/{type}"
_A = "associations/{type}/{to}"
_ONE = "objects/{type}/{id}/associations"
_P = "properties/{type}"
_V3, _V4 = ("v3",), ("v4",)
_FROM_TO = "{to}/{to_id}"

#: Literal segments stand before names: the first row that fits is taken.
ROUTES = (
    Route("POST", f"{_O}/search", search, "read", _V3, is_search=True),
    Route("POST", f"{_O}/batch/read", batches.batch_read, "read", _V3),
    Route("POST", f"{_O}/batch/create", batches.batch_create, "write", _V3),
    Route("POST", f"{_O}/batch/update", batches.batch_update, "write", _V3),
    Route("POST", f"{_O}/batch/upsert", batches.batch_upsert, "write", _V3),
    Route("POST", f"{_O}/batch/archive", batches.batch_archive, "write", _V3),
    Route("POST", f"{_O}/merge", objects.merge_records, "write", _V3),
    Route("POST", f"{_O}/gdpr-delete", objects.gdpr_delete, "write", _V3),
    Route("GET", _O, objects.list_records, "read", _V3),
    Route("POST", _O, objects.create_record, "write", _V3),
    Route("GET", f"{_O}/{{id}}", objects.get_record, "read", _V3),
    Route("PATCH", f"{_O}/{{id}}", objects.update_record, "write", _V3),
    Route("DELETE", f"{_O}/{{id}}", objects.archive_record, "write", _V3),
    Route("PUT", f"{_ONE}/default/{_FROM_TO}", linking.put_default, "write", _V4),
    Route("PUT", f"{_ONE}/{_FROM_TO}", linking.put_labelled, "write", _V4),
    Route("DELETE", f"{_ONE}/{_FROM_TO}", linking.delete_one, "write", _V4),
    Route("GET", f"{_ONE}/{{to}}", linking.list_one, "read", _V4),
    Route("POST", f"{_A}/batch/read", linking.batch_read, "read", _V4),
    Route("POST", f"{_A}/batch/associate/default", linking.batch_default, "write", _V4),
    Route("POST", f"{_A}/batch/create", linking.batch_create, "write", _V4),
    Route("POST", f"{_A}/batch/archive", linking.batch_archive, "write", _V4),
    Route("GET", f"{_A}/labels", linking.labels, "read", _V4),
    Route("POST", f"{_P}/batch/read", schema.batch_read_properties),
    Route("POST", f"{_P}/batch/create", schema.batch_create_properties, "schema"),
    Route("POST", f"{_P}/batch/archive", schema.batch_archive_properties, "schema"),
    Route("GET", f"{_P}/groups", schema.list_groups),
    Route("POST", f"{_P}/groups", schema.create_group, "schema"),
    Route("GET", f"{_P}/groups/{{name}}", schema.get_group),
    Route("PATCH", f"{_P}/groups/{{name}}", schema.update_group, "schema"),
    Route("DELETE", f"{_P}/groups/{{name}}", schema.archive_group, "schema"),
    Route("GET", _P, schema.list_properties),
    Route("POST", _P, schema.create_property, "schema"),
    Route("GET", f"{_P}/{{name}}", schema.get_property),
    Route("PATCH", f"{_P}/{{name}}", schema.update_property, "schema"),
    Route("DELETE", f"{_P}/{{name}}", schema.archive_property, "schema"),
    Route("GET", "pipelines/{type}", schema.list_pipelines),
    Route("GET", "pipelines/{type}/{pipeline}", schema.get_pipeline),
    Route("GET", "pipelines/{type}/{pipeline}/stages", schema.list_stages),
    Route("GET", "owners", account.list_owners, "owners"),
    Route("GET", "owners/{id}", account.get_owner, "owners"),
    Route("GET", "schemas", account.schemas, "any"),
    Route("GET", "account-info/details", account.account_details, "any"),
    Route("GET", "account-info/api-usage/daily/private-apps", account.daily_usage, "any"),
    Route("POST", "oauth/private-apps/get/access-token-info", account.token_info, "any"),
    Route("POST", "oauth/token", account.oauth_token, "none"),
    Route("GET", "oauth/access-tokens/{token}", account.oauth_access_token, "none"),
    Route("DELETE", "oauth/refresh-tokens/{token}", account.oauth_revoke, "none"),
)


@dataclass(frozen=True, slots=True)
class Match:
    """The route of a request and what its path names; no route: nothing there, or another method is."""

    route: Route | None
    params: dict[str, str]
    #: The path exists with another method.
    other_method: bool = False


def match(method: str, path: str) -> Match:
    """Find the route of a path.

    A record id may hold an encoded slash; it is matched after decoding, as HubSpot's own gateway does.
    """
    version, plain = _plain(path)
    if not plain:
        return Match(None, {})
    segments = plain.split("/")
    other = False
    for row_method, names, route in _BY_LENGTH.get(len(segments), ()):
        params = _fit(names, segments)
        if params is None or (version.startswith("v") and not _has(route, version, segments[0])):
            continue
        if row_method == method:
            return Match(route, params)
        other = True
    return Match(None, {}, other)


def required_scopes(route: Route, params: dict[str, str]) -> tuple[str, ...]:
    """Give scopes of which the token needs any one; none needed: empty.

    Raises:
        HubSpotError: 400, the path names an unknown object type.
    """
    if route.right in ("any", "none"):
        return ()
    if route.right == "owners":
        return ("crm.objects.owners.read",)
    return _RIGHTS[route.right](object_type(params["type"]), route.path)


def needs_leads(params: dict[str, str]) -> bool:
    """Tell whether a call is about the Leads object, which not every portal has."""
    return any(key in params and object_type(params[key]) is LEADS for key in ("type", "to"))


def _has(route: Route, version: str, family: str) -> bool:
    # What is not an object or association has one numbered version, which `_plain` has checked.
    return family not in ("objects", "associations") or version in route.versions


def _read(kind: ObjectType, path: str) -> tuple[str, ...]:
    if path.startswith(("properties", "pipelines")):
        return (*kind.read_scopes, f"crm.schemas.{_schema_name(kind)}.read")
    return kind.read_scopes


def _write(kind: ObjectType, path: str) -> tuple[str, ...]:
    del path
    return kind.write_scopes


def _schema(kind: ObjectType, path: str) -> tuple[str, ...]:
    del path
    return (f"crm.schemas.{_schema_name(kind)}.write",)


def _schema_name(kind: ObjectType) -> str:
    return kind.name if kind.name in ("companies", "deals") else "contacts"


_RIGHTS = {"read": _read, "write": _write, "schema": _schema}


def _plain(path: str) -> tuple[str, str]:
    """Give the version and the path without "crm" and version; both empty when there is no such API."""
    if found := _NUMBERED.fullmatch(path):
        version, family, rest = found.groups()
        known = version in _FAMILIES.get(family, ())
    elif found := _DATED.fullmatch(path):
        family, version, rest = found.groups()
        known = version in DATED and family in _FAMILIES
    elif found := _TOP_LEVEL.fullmatch(path):
        family, version, rest = found.groups()
        known = version in _VERSIONS[family]
        version = "top"
    else:
        return "", ""
    return (version, family + (rest or "")) if known else ("", "")


def _fit(names: Iterable[str], segments: list[str]) -> dict[str, str] | None:
    params: dict[str, str] = {}
    for name, segment in zip(names, segments, strict=True):
        if name.startswith("{"):
            params[name[1:-1]] = segment
        elif name != segment:
            return None
    return params


def _by_length() -> dict[int, list[tuple[str, tuple[str, ...], Route]]]:
    table: dict[int, list[tuple[str, tuple[str, ...], Route]]] = {}
    for route in ROUTES:
        names = tuple(route.path.split("/"))
        table.setdefault(len(names), []).append((route.method, names, route))
    return table


_BY_LENGTH = _by_length()
