"""Create, update, upsert and delete, with everything the service does around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmbridge.sandbox.options import SalesforceOptions
from crmbridge.sandbox.salesforce import checks, places
from crmbridge.sandbox.salesforce.caller import Caller
from crmbridge.sandbox.salesforce.derive import derived
from crmbridge.sandbox.salesforce.failures import ApiError, not_found, refuse
from crmbridge.sandbox.salesforce.fields import Field
from crmbridge.sandbox.salesforce.history import History
from crmbridge.sandbox.salesforce.orgrules import OrgRules
from crmbridge.sandbox.salesforce.relations import with_resolved_parents
from crmbridge.sandbox.salesforce.schema import SObject
from crmbridge.sandbox.salesforce.store import Row, Store
from crmbridge.sandbox.salesforce.values import BadValue, to_stored

#: What goes into the recycle bin together with a record.
_CASCADES = {
    "Account": (("Contact", "AccountId"), ("Opportunity", "AccountId")),
    "Campaign": (("CampaignMember", "CampaignId"), ("CampaignMemberStatus", "CampaignId")),
    "Contact": (("CampaignMember", "ContactId"), ("OpportunityContactRole", "ContactId")),
    "Lead": (("CampaignMember", "LeadId"), ("Task", "WhoId"), ("Event", "WhoId")),
    "Opportunity": (("OpportunityContactRole", "OpportunityId"),),
}


class SeveralMatches(Exception):
    """An external id that more than one record has."""

    def __init__(self, ids: list[str]) -> None:
        super().__init__("several records match")
        self.ids = ids


class Writer:
    """Write records as the service does: checked, stamped, with history and the org's rules."""

    def __init__(self, store: Store, rules: OrgRules) -> None:
        self._store = store
        self._rules = rules
        self.history = History(store)
        #: What the current request changed so far, for the audit log.
        self.effects: list[str] = []

    def create(self, caller: Caller, item: SObject, body: Mapping[str, Any]) -> str:
        """Create a record and give its id.

        Raises:
            ApiError: The service refuses it; nothing was written.
        """
        self._may(item, "create")
        seen, item = item, self._store.named(item.name)
        body = with_resolved_parents(self._store, item, body)
        if any(name.lower() == "id" for name in body):
            raise refuse("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", ["Id"])
        given = checks.stored(checks.writable(seen, body, create=True))
        if self._options.state_country_codes:
            given |= places.completed(item, {}, given)
        row = self._completed(caller, item, given)
        with self._store.world.transaction():
            self._checked(item, row, row, create=True)
            self._store.insert(item, [row])
            self.companions(item, [row])
            self.history.created(caller.user_id, item, row)
            self._rules.after_write(caller, item, row["Id"], row)
        self._effect(item, row["Id"], "created", given)
        return str(row["Id"])

    def update(self, caller: Caller, item: SObject, record_id: str, body: Mapping[str, Any]) -> None:
        """Change fields of a record; null clears. Stamps move even if nothing differs.

        Raises:
            ApiError: The service refuses it; nothing was written.
        """
        self._may(item, "update")
        seen, item = item, self._store.named(item.name)
        before = self.existing(item, record_id)
        body = with_resolved_parents(self._store, item, body)
        given = checks.stored(checks.writable(seen, body, create=False))
        if self._options.state_country_codes:
            given |= places.completed(item, before, given)
        if item.name == "Lead" and before["IsConverted"]:
            raise refuse("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", fields=[])
        checks.required(item, given, create=False)
        changes = given | self._rules.assigned(caller, item)
        row = {**before, **changes}
        changes |= derived(self._store, item.name, row, changes) | self._stamps(caller, item)
        with self._store.world.transaction():
            self._checked(item, {**before, **changes}, changes, create=False)
            self.history.changed(caller.user_id, item, before, changes)
            self._store.update(item, record_id, changes)
            self._rules.after_write(caller, item, record_id, given)
        self._effect(item, record_id, "updated", given)

    def upsert(
        self,
        caller: Caller,
        item: SObject,
        key: Field,
        value: Any,
        body: Mapping[str, Any],
        *,
        update_only: bool = False,
    ) -> tuple[str, bool]:
        """Update the record with this external id, or create it; give its id and whether it is new.

        Raises:
            SeveralMatches: More than one record has it.
            ApiError: The service refuses the write.
        """
        wanted = self.key_value(key, value)
        found = self._store.matches(item, key, wanted)
        if len(found) > 1:
            raise SeveralMatches(found)
        if found:
            self.update(caller, item, found[0], body)
            return found[0], False
        if update_only or key.name == "Id":
            raise not_found()
        return self.create(caller, item, {**body, key.name: value}), True

    def delete(self, item: SObject, record_id: str, caller: Caller) -> None:
        """Move a record to the recycle bin; what cannot be undeleted is removed for good."""
        self._may(item, "delete")
        self.existing(item, record_id)
        if item.has("IsDeleted"):
            self._store.update(item, record_id, {"IsDeleted": 1, **self._stamps(caller, item)})
        else:
            self._store.remove(item, record_id)
        self._effect(item, record_id, "deleted", {})
        for child, reference in _CASCADES.get(item.name, ()):
            live = f'"{reference}" = ? AND IsDeleted = 0'
            for row in self._store.rows(self._store.named(child), live, (record_id,)):
                self.delete(self._store.named(child), row["Id"], caller)

    def erase(self, item: SObject, record_id: str) -> None:
        """Take a deleted record and what was deleted with it out of the recycle bin, for good."""
        self._store.remove(item, record_id)
        for child, reference in _CASCADES.get(item.name, ()):
            gone = f'"{reference}" = ? AND IsDeleted = 1'
            for row in self._store.rows(self._store.named(child), gone, (record_id,)):
                self.erase(self._store.named(child), row["Id"])

    def companions(self, item: SObject, rows: Sequence[Row]) -> None:
        """Create what comes with new records: a campaign has two member statuses from the start."""
        if item.name != "Campaign":
            return
        statuses = self._store.named("CampaignMemberStatus")
        for row in rows:
            audit = {name: value for name, value in row.items() if statuses.has(name) and name != "IsDeleted"}
            self._store.insert(
                statuses,
                [
                    {**audit, "Id": self._store.new_ids(statuses)[0], "CampaignId": row["Id"], "Label": label}
                    | {"SortOrder": order, "IsDefault": int(order == 1), "HasResponded": int(order == 2)}
                    for order, label in enumerate(("Sent", "Responded"), 1)
                ],
            )

    def existing(self, item: SObject, record_id: str) -> Row:
        """Give a record that is not deleted.

        Raises:
            ApiError: It is deleted or was never there.
        """
        row = self._store.get(item, record_id)
        if row is None:
            raise not_found()
        if row.get("IsDeleted"):
            raise refuse("ENTITY_IS_DELETED", "entity is deleted", [], status=404)
        return row

    def key_value(self, key: Field, value: Any) -> Any:
        """Give an external id as it is stored.

        Raises:
            ApiError: It does not fit the field, or is empty.
        """
        try:
            stored = to_stored(key, value)
        except BadValue as bad:
            raise ApiError(400, [bad.fault]) from None
        if stored is None:
            message = f"{key.name} not specified"
            raise refuse("MISSING_ARGUMENT", message, fields=[])
        return stored

    @property
    def _options(self) -> SalesforceOptions:
        return self._store.world.options.salesforce

    def _may(self, item: SObject, ability: str) -> None:
        if not item.can(ability) and self._store.named(item.name).can(ability):
            raise refuse(
                "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", [], status=403
            )
        if not item.can(ability):
            code = (
                "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
                if ability != "delete"
                else "INSUFFICIENT_ACCESS_OR_READONLY"
            )
            message = f"entity type {item.name} does not support {ability}"
            raise refuse(code, message, fields=[])

    def _completed(self, caller: Caller, item: SObject, given: Row) -> Row:
        checks.required(item, given, create=True)
        defaults = {
            column.name: column.default
            for column in item.columns()
            if isinstance(column.default, str) and given.get(column.name) is None
        }
        row: Row = {"Id": self._store.new_ids(item)[0], **given, **defaults}
        if item.has("OwnerId") and row.get("OwnerId") is None:
            row["OwnerId"] = caller.user_id
        if item.has("RecordTypeId") and row.get("RecordTypeId") is None:
            row["RecordTypeId"] = self._default_record_type(item)
        row |= self._rules.assigned(caller, item)
        row |= self._stamps(caller, item, create=True)
        return row | derived(self._store, item.name, row, row)

    def _default_record_type(self, item: SObject) -> str | None:
        """Give the first active record type of an object, which every profile here has as its default."""
        types = self._store.named("RecordType")
        found = self._store.rows(types, "SobjectType = ? AND IsActive = 1", (item.name,))
        return str(found[0]["Id"]) if found else None

    def _checked(self, item: SObject, row: Row, changes: Mapping[str, Any], *, create: bool) -> None:
        checks.references(self._store, item, changes)
        checks.object_rules(self._store, item, row, create=create)
        checks.unique(self._store, item, changes, row["Id"])

    def _stamps(self, caller: Caller, item: SObject, *, create: bool = False) -> Row:
        stamp = self._store.stamp()
        stamps = {"LastModifiedDate": stamp, "LastModifiedById": caller.user_id, "SystemModstamp": stamp}
        if create:
            stamps |= {"CreatedDate": stamp, "CreatedById": caller.user_id}
        return {name: value for name, value in stamps.items() if item.has(name)}

    def _effect(self, item: SObject, record_id: str, done: str, given: Mapping[str, Any]) -> None:
        names = " " + ", ".join(given) if given else ""
        self.effects.append(f"salesforce {item.name} {record_id} {done}{names}")
