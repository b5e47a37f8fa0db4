"""The published shapes of HubSpot's answers, from a folder beside the project, and a check against them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

SHAPES = Path(__file__).parents[3] / "shared" / "shapes" / "hubspot"
_GENERIC = re.compile(r"(list|dict)\[(?:str, )?(.+)\]")
_SIMPLE: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "int": int,
    "bool": bool,
    "float": (int, float),
    "object": object,
}
#: Numbers in live answers although the shapes say text (facts: hubspot §2.11, recorded answers).
NUMBERS = {
    ("MultiAssociatedObjectWithLabel", "toObjectId"),
    ("LabelsBetweenObjectPair", "fromObjectId"),
    ("LabelsBetweenObjectPair", "toObjectId"),
}
#: Required by the shapes and absent from recorded answers.
ABSENT = {
    ("StandardError", "links"),
    ("StandardError", "errors"),
    ("StandardError", "context"),
    ("FieldGroup", "fields"),
}
#: Unions that were folded into one shape: which keys are needed depends on the kind.
UNIONS = {
    "DependentFieldDependentField",
    "HubSpotFormDefinitionAllOfLegalConsentOptions",
    "PublicPropertyAssociationFilterBranchFilterBranchesInner",
    "PublicPropertyAssociationFilterBranchFiltersInner",
    "PublicSurveyMonkeyValueFilterValueComparison",
}


@dataclass(frozen=True)
class Operation:
    """One operation of one API."""

    api: str
    name: str
    method: str
    path: str
    body_model: str | None
    responses: dict[str, str]

    def __str__(self) -> str:
        return f"{self.api}.{self.name}"


def operations() -> Iterator[Operation]:
    for file in sorted(SHAPES.glob("*.json")):
        for item in json.loads(file.read_text("utf-8"))["operations"]:
            yield Operation(
                file.stem,
                item["python"],
                item["method"],
                item["path"],
                item["body_model"],
                item["responses"],
            )


def models(api: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SHAPES / f"{api}.json").read_text("utf-8"))["models"]
    return loaded


def problems(known: dict[str, Any], kind: str, value: Any, where: str = "") -> Iterator[str]:
    """Give what does not fit; null fits everywhere, unknown keys are allowed."""
    if value is None:
        return
    if found := _GENERIC.fullmatch(kind):
        yield from _many(known, found[1], found[2], value, where)
    elif kind == "datetime":
        if not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is None:
            yield f"{where}: {value!r} is no moment"
    elif kind in _SIMPLE:
        wanted = _SIMPLE[kind]
        if not isinstance(value, wanted) or (isinstance(value, bool) and kind in ("int", "str", "float")):
            yield f"{where}: {value!r} is no {kind}"
    else:
        yield from _model(known, kind, value, where)


def _many(known: dict[str, Any], outer: str, inner: str, value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, list if outer == "list" else dict):
        yield f"{where}: {type(value).__name__} is no {outer}"
        return
    pairs: Any = enumerate(value) if isinstance(value, list) else value.items()
    for key, item in pairs:
        yield from problems(known, inner, item, f"{where}[{key}]")


def _model(known: dict[str, Any], name: str, value: Any, where: str) -> Iterator[str]:
    model = known[name]
    if not isinstance(value, dict):
        yield f"{where}: {type(value).__name__} is no {name}"
        return
    for key in model["required"]:
        if key not in value and (name, key) not in ABSENT and name not in UNIONS:
            yield f"{where}.{key}: missing"
    for key, kind in model["fields"].items():
        if key in value and not ((name, key) in NUMBERS and isinstance(value[key], int)):
            yield from problems(known, kind, value[key], f"{where}.{key}")
    for key, allowed in (model.get("enums") or {}).items():
        if value.get(key) is not None and value[key] not in allowed and name not in UNIONS:
            yield f"{where}.{key}: {value[key]!r} is none of {allowed}"
