"""The org's own rules around writes: assignment, duplicates, validation. All are switches, off at first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crmbridge.sandbox.salesforce import ids
from crmbridge.sandbox.salesforce.caller import Caller
from crmbridge.sandbox.salesforce.failures import refuse
from crmbridge.sandbox.salesforce.schema import SObject
from crmbridge.sandbox.salesforce.store import Row, Store

#: Tells whether a stored record fulfils a SOQL condition: object, id, condition.
Condition = Callable[[SObject, str, str], bool]

_DUPLICATE_MESSAGE = "Use one of these records?"


class OrgRules:
    """What an administrator set up."""

    def __init__(self, store: Store, fulfils: Condition) -> None:
        self._store = store
        self._fulfils = fulfils

    def assigned(self, caller: Caller, item: SObject) -> Row:
        """Give the owner the active assignment rule sets on a lead; empty when none runs.

        It replaces an owner the caller named, and runs unless ``Sforce-Auto-Assign`` is FALSE.
        """
        wanted = self._store.world.options.salesforce.assignment_owner
        if item.name != "Lead" or not wanted or not caller.assigns:
            return {}
        return {"OwnerId": self._owner_id(wanted)}

    def _owner_id(self, wanted: str) -> str | None:
        for name, column in (("User", "Username"), ("User", "Email"), ("Group", "Name")):
            rows = self._store.rows(self._store.named(name), f'"{column}" = ?', (wanted,))
            if rows:
                return str(rows[0]["Id"])
        return ids.to_long(wanted)

    def after_write(self, caller: Caller, item: SObject, record_id: str, given: Mapping[str, Any]) -> None:
        """Refuse a record that was just stored; the caller takes it back.

        Raises:
            ApiError: A duplicate rule or a validation rule fires.
        """
        if given.get("Email") and item.name in ("Lead", "Contact"):
            self._duplicates(caller, item, record_id, given["Email"])
        for rule in sorted(self._store.world.options.salesforce.validation_rules):
            object_, condition, message = [*map(str.strip, rule.split("|")), "", ""][:3]
            if object_ == item.name and self._fulfils(item, record_id, condition):
                raise refuse("FIELD_CUSTOM_VALIDATION_EXCEPTION", message, fields=[])

    def _duplicates(self, caller: Caller, item: SObject, record_id: str, email: str) -> None:
        mode = self._store.world.options.salesforce.duplicate_rule
        if mode == "off" or (mode == "alert" and caller.saves_duplicates):
            return
        twins = [
            (kind, other)
            for kind in ("Lead", "Contact")
            for other in self._twins(kind, email)
            if other != record_id
        ]
        if twins:
            result = _duplicate_result(caller, item, twins, allow_save=mode == "alert")
            raise refuse("DUPLICATES_DETECTED", _DUPLICATE_MESSAGE, duplicateResut=result)

    def _twins(self, kind: str, email: str) -> list[str]:
        item = self._store.named(kind)
        return self._store.matches(item, item.fields["email"], email)


def _duplicate_result(
    caller: Caller, item: SObject, twins: list[tuple[str, str]], *, allow_save: bool
) -> dict[str, Any]:
    records = [
        {
            "additionalInformation": [],
            "fieldDiffs": [],
            "matchConfidence": 100.0,
            "record": {
                "attributes": {"type": kind, "url": f"{caller.base}/sobjects/{kind}/{record_id}"},
                "Id": record_id,
            },
        }
        for kind, record_id in twins
    ]
    match = {
        "entityType": item.name,
        "errors": [],
        "matchEngine": "FuzzyMatchEngine",
        "matchRecords": records,
        "rule": f"Standard_{item.name}_Match_Rule_v1_0",
        "size": len(records),
        "success": True,
    }
    return {
        "allowSave": allow_save,
        "duplicateRule": f"Standard_{item.name}_Duplicate_Rule",
        "duplicateRuleEntityType": item.name,
        "errorMessage": _DUPLICATE_MESSAGE,
        "matchResults": [match],
    }
