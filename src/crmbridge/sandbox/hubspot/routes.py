"""The route table: one row for each operation, for the v3/v4 and the dated paths alike.

A dated path (``/crm/objects/2026-03/contacts``) means the same as its numbered one
(``/crm/v3/objects/contacts``): both are brought to one form before the table is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from crmbridge.sandbox.http import Response
from crmbridge.sandbox.hubspot.call import Call
from crmbridge.sandbox.hubspot.objects import LEADS, ObjectType, object_type

DATED = ("2025-09", "2026-03", "2026-09")
_BETA = tuple(f"{version}-beta" for version in DATED)
#: Families under /crm to the numbered versions that served them before dated ones.
_FAMILIES = {
    "objects": ("v3", "v4"),
    "owners": ("v3",),
    "properties": ("v3",),
    "property-validations": ("v3",),
    "pipelines": ("v3",),
    "schemas": ("v3",),
    "lists": ("v3",),
    "associations": ("v4",),
}
#: Families elsewhere: pattern of the path, the name it gets, versions.
_ELSEWHERE = (
    (r"/account-info/({v})(/.*)", "account-info", ("v3", *DATED)),
    (r"/oauth/({v})(/.*)", "oauth", ("v1", "v2", "v3", *DATED)),
    (r"/webhooks/({v})(/.*)", "webhooks", ("v3", "2025-09", "2026-03")),
    # Renamed on the way to 2026-09 (checked 2026-11-21).
    (r"/app-webhooks/({v})(/.*)", "webhooks", ("2026-09",)),
    (r"/marketing/({v})/forms(/.*)?", "forms", ("v3",)),
    (r"/marketing/forms/({v})(/.*)?", "forms", (*DATED, *_BETA)),
    (r"/form-integrations/({v})/submissions(/.*)", "submissions", ("v1",)),
    (r"/submissions/({v})/integration(/.*)", "submit", ("v3",)),
    (r"/crm-object-schemas/({v})/schemas(/.*)?", "schemas", ("v3", *DATED)),
)
_VERSION = r"v\d|\d{4}-\d\d(?:-beta)?"
_NUMBERED = re.compile(r"/crm/(v\d)/([\w-]+)(/.*)?")
_DATED = re.compile(r"/crm/([\w-]+)/(\d{4}-\d\d)(/.*)?")
_OTHERS = tuple(
    (re.compile(pattern.format(v=_VERSION)), family, versions) for pattern, family, versions in _ELSEWHERE
)

Handler = Callable[[Call], Response]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation."""

    method: str
    #: Segments after bringing the path to one form; "{name}" matches any one segment.
    path: str
    handler: Handler
    #: "read", "write" or "schema" of the object type; "any" token; "none": no token; else the scope itself.
    right: str = "read"
    #: Numbered versions that have it; dated paths have all.
    versions: tuple[str, ...] = ("v3", "v4")
    #: Does not count for the ten-second limit but for the one of searches.
    is_search: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """The route of a request and what its path names; no route: nothing there, or another method is."""

    route: Route | None
    params: dict[str, str]
    #: The path exists with another method.
    other_method: bool = False
    #: As the path names it: "v3", "2026-09".
    version: str = ""


class Table:
    """Routes by the number of their segments; literal segments stand before names."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._by_length: dict[int, list[tuple[str, tuple[str, ...], Route]]] = {}
        for route in routes:
            names = tuple(route.path.split("/"))
            self._by_length.setdefault(len(names), []).append((route.method, names, route))

    def match(self, method: str, path: str) -> Match:
        """Find the route of a path: the first row that fits.

        A record id may hold an encoded slash; it is matched after decoding, as HubSpot's own gateway does.
        """
        version, plain = _plain(path)
        if not plain:
            return Match(None, {})
        segments = plain.split("/")
        other = False
        for row_method, names, route in self._by_length.get(len(segments), ()):
            params = _fit(names, segments)
            if params is None or (version.startswith("v") and not _has(route, version, segments[0])):
                continue
            if row_method == method:
                return Match(route, params, version=version)
            other = True
        return Match(None, {}, other)


def required_scopes(route: Route, params: dict[str, str]) -> tuple[str, ...]:
    """Give scopes of which the token needs any one; none needed: empty.

    Raises:
        HubSpotError: 400, the path names an unknown object type.
    """
    if route.right in ("any", "none"):
        return ()
    if route.right not in _RIGHTS:
        return (route.right,)
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
        return (version, family + (rest or "")) if known else ("", "")
    if found := _DATED.fullmatch(path):
        family, version, rest = found.groups()
        known = version in DATED and family in _FAMILIES
        return (version, family + (rest or "")) if known else ("", "")
    for pattern, name, versions in _OTHERS:
        if (found := pattern.fullmatch(path)) and found[1] in versions:
            return found[1], name + (found[2] or "")
    return "", ""


def _fit(names: Iterable[str], segments: list[str]) -> dict[str, str] | None:
    params: dict[str, str] = {}
    for name, segment in zip(names, segments, strict=True):
        if name.startswith("{"):
            params[name[1:-1]] = segment
        elif name != segment:
            return None
    return params
