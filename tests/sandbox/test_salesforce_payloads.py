"""The field tables against describes recorded in real orgs, where they are at hand (never committed)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.salesforce import Client

RECORDED = Path(__file__).parents[3] / "shared" / "payloads" / "salesforce" / "cci_bsd3"
OBJECTS = ("Lead", "Contact", "Account", "Event", "Opportunity", "OpportunityContactRole")
COMPARED = (
    "type", "length", "precision", "scale", "digits", "nillable", "createable", "updateable", "filterable",
    "sortable", "groupable", "aggregatable", "externalId", "idLookup", "referenceTo", "relationshipName",
    "defaultedOnCreate", "restrictedPicklist", "unique", "soapType", "label", "namePointing",
    "polymorphicForeignKey", "permissionable",
)  # fmt: skip
pytestmark = pytest.mark.skipif(not RECORDED.exists(), reason="the recorded payloads are not here")


def recorded(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((RECORDED / f"GET_sobjects_{name}_describe.json").read_text())
    return loaded


@pytest.mark.parametrize("name", OBJECTS)
def test_every_recorded_field_is_described_the_same_sf_8_6(name: str) -> None:
    ours = {field["name"]: field for field in Client().get(f"sobjects/{name}/describe").body["fields"]}
    theirs = {f["name"]: f for f in recorded(name)["fields"] if "__" not in f["name"]}
    assert not theirs.keys() - ours.keys()
    different = {
        (field, key): (ours[field][key], described[key])
        for field, described in theirs.items()
        for key in COMPARED
        if ours[field][key] != described[key]
    }
    assert different == {}


@pytest.mark.parametrize("name", OBJECTS)
def test_a_describe_has_the_recorded_keys_sf_8_6(name: str) -> None:
    ours, theirs = Client().get(f"sobjects/{name}/describe").body, recorded(name)
    assert theirs.keys() - ours.keys() == set()
    for part in ("fields", "childRelationships", "recordTypeInfos"):
        wanted = {key for item in theirs[part] for key in item}
        assert all(wanted <= item.keys() for item in ours[part])


def test_describe_global_has_the_recorded_keys() -> None:
    client = Client()
    theirs = json.loads((RECORDED / "GET_sobjects_Global_describe.json").read_text())
    ours = client.get("sobjects").body
    assert theirs.keys() == ours.keys()
    assert theirs["sobjects"][0].keys() - ours["sobjects"][0].keys() == set()
