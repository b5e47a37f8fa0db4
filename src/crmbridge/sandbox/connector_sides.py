"""The two sides of the connector: the sandbox's own HubSpot and Salesforce, read and written from within."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crmbridge.sandbox.hubspot import writing
from crmbridge.sandbox.hubspot.definitions import table
from crmbridge.sandbox.hubspot.objects import CONTACTS
from crmbridge.sandbox.hubspot.portal import Portal, Source
from crmbridge.sandbox.hubspot.store import Record
from crmbridge.sandbox.hubspot.values import Invalid, checked
from crmbridge.sandbox.hubspot.writing import InvalidValues, Values, Write
from crmbridge.sandbox.salesforce.caller import Caller
from crmbridge.sandbox.salesforce.failures import ApiError
from crmbridge.sandbox.salesforce.fields import NUMERIC, Field
from crmbridge.sandbox.salesforce.org import Org
from crmbridge.sandbox.salesforce.store import Row

USERNAME = "connector@org.example"
#: How HubSpot names the connector as the source of a change (recalled, 2026-11-21).
SOURCE = Source("SALESFORCE", "connector")
OWNER = "hubspot_owner_id"
_GROUP = "salesforceinformation"
#: Their presence tells that a portal runs the connector (checked 2026-11-21).
_PROPERTIES = table("""
salesforceleadid | Salesforce lead id | string | ro
salesforcecontactid | Salesforce contact id | string | ro
salesforceaccountid | Salesforce account id | string | ro
salesforcelastsynctime | Last Salesforce sync | datetime | ro
""")
_NOT_PROVIDED = "[not provided]"


class Refused(Exception):
    """A write that one of the CRMs does not take; the text holds names and codes, never values."""


class HubSpotSide:
    """The portal as the connector sees it."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal

    def prepare(self) -> None:
        """Make the connector's own properties."""
        catalog = self.portal.catalog
        if _GROUP not in catalog.groups(CONTACTS):
            shown = {"name": _GROUP, "label": "Salesforce information", "displayOrder": 9, "archived": False}
            catalog.put("group", CONTACTS, _GROUP, shown)
        missing = [row for row in _PROPERTIES if row.name not in catalog.properties(CONTACTS)]
        catalog.fill_group(CONTACTS, _GROUP, missing)

    def changed_since(self, since_ms: int) -> list[int]:
        """Give contacts changed at or after a moment, ascending ids."""
        rows = self.portal.world.db.execute(
            "SELECT id FROM hs_contacts WHERE archived = 0 AND modified >= ? ORDER BY id", (since_ms,)
        )
        return [row[0] for row in rows]

    def get(self, contact_id: int) -> Record | None:
        """Give a contact that is not archived; a merged-away id gives its survivor."""
        store = self.portal.store
        number = store.survivors(CONTACTS, [contact_id]).get(contact_id, contact_id)
        record = store.get(CONTACTS, [number]).get(number)
        return None if record is None or record.archived else record

    def by_email(self, address: str) -> Record | None:
        """Find a contact by any of its addresses."""
        found = self.portal.store.find(CONTACTS, "email", [address.strip().lower()])
        return self.get(next(iter(found.values()))) if found else None

    def changed_at(self, record: Record, name: str) -> int:
        """Tell when a value was set, epoch milliseconds."""
        history = self.portal.store.history(CONTACTS, [record.id], [name])
        return history[0].at if history else record.created

    def normal(self, name: str, text: str) -> str:
        """Bring a value into the form in which HubSpot would keep it; unchanged if it would not."""
        definition = self.portal.catalog.properties(CONTACTS).get(name)
        try:
            return checked(definition, text, self.portal.owners.active_ids()) if definition else text
        except Invalid:
            return text

    def write(self, record: Record, values: Mapping[str, str]) -> list[str]:
        """Write values by the portal's rules and give the properties that changed.

        Raises:
            Refused: The portal does not take them; nothing was written.
        """
        try:
            good = writing.validated(self.portal, CONTACTS, values)
            changed = writing.resolved(self.portal, CONTACTS, record, good)
        except InvalidValues as invalid:
            raise Refused("; ".join(f"{item.name}: {item.code}" for item in invalid.problems)) from None
        if writing.conflict(self.portal, CONTACTS, changed, record.id) is not None:
            raise Refused("email: CONFLICT")
        writing.update_many(self.portal, CONTACTS, [Write(record, changed)], SOURCE)
        return sorted(changed)

    def create(self, values: Mapping[str, str]) -> Record:
        """Make a contact.

        Raises:
            Refused: The portal does not take it.
        """
        try:
            good = writing.validated(self.portal, CONTACTS, values)
        except InvalidValues as invalid:
            raise Refused("; ".join(f"{item.name}: {item.code}" for item in invalid.problems)) from None
        if writing.conflict(self.portal, CONTACTS, good, None) is not None:
            raise Refused("email: CONFLICT")
        return writing.create_many(self.portal, CONTACTS, [good], SOURCE)[0]

    def stamp(self, record: Record, ids: Values) -> None:
        """Set the ids of the counterpart, and when the two were last brought together."""
        changed = {name: value for name, value in ids.items() if record.properties.get(name, "") != value}
        if changed:
            writing.update_many(self.portal, CONTACTS, [Write(record, changed)], SOURCE)
        moment = {"salesforcelastsynctime": self.portal.world.clock.iso()}
        writing.touch(self.portal, CONTACTS, record, moment)

    def owner_email(self, owner_id: str) -> str:
        """Give an owner's address; "" for an unknown one."""
        shown = self.portal.owners.get(int(owner_id), by_user=False, archived=False) if owner_id else None
        return str(shown["email"]) if shown else ""

    def owner_id(self, address: str) -> str:
        """Give the active owner with an address; "" for nobody."""
        found = self.portal.owners.page(archived=False, email=address, from_id=0, limit=1) if address else []
        return str(found[0]["id"]) if found else ""


class SalesforceSide:
    """The org as the connector's own user sees it."""

    def __init__(self, org: Org) -> None:
        self.org = org
        self._caller = org.system_caller()

    def prepare(self) -> None:
        """Make the connector's user, so that its writes can be told from those of others."""
        users = self.org.store.named("User")
        found = self.org.store.rows(users, "Username = ?", (USERNAME,))
        if not found:
            template = self.org.store.get(users, self.org.seeds.integration_user_id) or {}
            own = {"Id": self.org.store.new_ids(users)[0], "Username": USERNAME, "Email": USERNAME,
                   "LastName": "Connector", "Name": "Connector", "Alias": "connect",
                   "CommunityNickname": "connect"}  # fmt: skip
            self.org.store.insert(users, [{**template, **own}])
            found = [own]
        headers = {"sforce-auto-assign": "FALSE"}
        self._caller = Caller(user_id=str(found[0]["Id"]), version="62.0", headers=headers)

    def changed_since(self, object_: str, stamp: str) -> list[Row]:
        """Give records changed at or after a stamp of the service's, deleted ones too, oldest first."""
        return self.org.store.rows(self.org.store.named(object_), "SystemModstamp >= ?", (stamp,))

    def get(self, object_: str, record_id: str) -> Row | None:
        """Give a record, deleted or not."""
        return self.org.store.get(self.org.store.named(object_), record_id)

    def by_email(self, address: str) -> tuple[str, Row] | None:
        """Find a contact, else an open lead, by its address."""
        for object_, more in (("Contact", ""), ("Lead", " AND IsConverted = 0")):
            item = self.org.store.named(object_)
            found = self.org.store.rows(item, f"Email = ? AND IsDeleted = 0{more}", (address,))
            if found:
                return object_, found[0]
        return None

    def text(self, object_: str, row: Row, name: str) -> str:
        """Give a value as HubSpot would write it."""
        column = self.org.store.named(object_).find(name)
        value = row.get(name)
        if value is None or column is None:
            return ""
        if column.type == "boolean":
            return "true" if value else "false"
        if column.type in NUMERIC and float(value).is_integer():
            return str(int(value))
        return str(value)

    def write(self, object_: str, record_id: str, values: Mapping[str, str]) -> None:
        """Write values by the org's rules.

        Raises:
            Refused: The org does not take them.
        """
        self._do(object_, values, lambda body: self._update(object_, record_id, body))

    def create(self, object_: str, values: Mapping[str, str]) -> str:
        """Make a record and give its id; a missing last name or company is filled in.

        Raises:
            Refused: The org does not take it.
        """
        needed = {"LastName": _NOT_PROVIDED} | ({"Company": _NOT_PROVIDED} if object_ == "Lead" else {})
        given = {**needed, **{name: value for name, value in values.items() if value}}
        item = self.org.store.named(object_)
        return self._do(object_, given, lambda body: self.org.writer.create(self._caller, item, body))

    def user_email(self, user_id: str) -> str:
        """Give an active user's address; "" for a queue and for those who left."""
        row = self.org.store.get(self.org.store.named("User"), user_id)
        return str(row["Email"]) if row and row["IsActive"] else ""

    def user_id(self, address: str) -> str:
        """Give the active user with an address; "" for nobody."""
        users = self.org.store.named("User")
        found = self.org.store.rows(users, "Email = ? AND IsActive = 1", (address,)) if address else []
        return str(found[0]["Id"]) if found else ""

    def _update(self, object_: str, record_id: str, body: dict[str, Any]) -> str:
        self.org.writer.update(self._caller, self.org.store.named(object_), record_id, body)
        return record_id

    def _do(self, object_: str, values: Mapping[str, str], work: Callable[[dict[str, Any]], str]) -> str:
        item = self.org.store.named(object_)
        body = {name: _native(item.find(name), value) for name, value in values.items()}
        try:
            return str(work(body))
        except ApiError as error:
            raise Refused(f"{object_}: {error.faults[0].code}") from None
        finally:
            self.org.writer.effects.clear()


def _native(column: Field | None, text: str) -> Any:
    """Give a text as JSON of the field's type; what it cannot be stays text and is refused by the org."""
    if not text or column is None:
        return False if column is not None and column.type == "boolean" else None
    try:
        if column.type in NUMERIC:
            return float(text)
        return int(text) if column.type == "int" else text == "true" if column.type == "boolean" else text
    except ValueError:
        return text
