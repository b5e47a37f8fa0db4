"""What people do in both CRMs while a run is under way, and what stands in a field now."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from benchmarks.campaign.crms import Crms
from crmbridge.sandbox.hubspot import merging
from crmbridge.sandbox.hubspot.objects import BY_NAME, CONTACTS
from crmbridge.sandbox.salesforce.caller import Caller
from crmbridge.sandbox.salesforce.failures import ApiError


class Place(NamedTuple):
    """One field of one record."""

    crm: str
    object: str
    id: str
    field: str


@dataclass(frozen=True, slots=True)
class Edit:
    """What a person set."""

    place: Place
    #: As the CRM keeps it, and what stood there before.
    raw: str
    before: str
    #: Address of the person whom the record is about: the same in both CRMs.
    email: str
    #: The record had changed in the same second before: Salesforce's stamps do not tell the two apart.
    same_second: bool


#: Canonical field -> its names in (HubSpot, Salesforce); the campaign's mapping may write all of them.
FIELDS = {
    "owner": ("hubspot_owner_id", "OwnerId"),
    "status": ("hs_lead_status", "Status"),
    "stage": ("lifecyclestage", "crmbridge_Stage__c"),
    "job_title": ("jobtitle", "Title"),
    "city": ("city", "City"),
}
#: Values that people set, as (HubSpot, Salesforce) keep them; owners are looked up.
_VALUES = {
    "status": [
        ("NEW", "Open - Not Contacted"),
        ("IN_PROGRESS", "Working - Contacted"),
        ("UNQUALIFIED", "Closed - Not Converted"),
    ],
    "stage": [
        ("lead", "lead"),
        ("salesqualifiedlead", "sales_qualified"),
        ("opportunity", "opportunity"),
        ("customer", "customer"),
    ],
    "job_title": [(title, title) for title in ("Head of Sales", "Clerk", "VP Finance", "Student")],
    "city": [(city, city) for city in ("Ghent", "Lyon", "Graz", "Porto")],
}
_SIDES = {"hubspot": 0, "salesforce": 1}
_MARKER = re.compile(r"\[crmbridge [0-9a-f]+\]")


class People:
    """Everybody who works in the CRMs of one company, by chance of a seed."""

    def __init__(self, crms: Crms, chance: random.Random) -> None:
        self.crms, self.chance = crms, chance
        self._owners = self._team()
        self._caller = Caller(user_id=crms.salesforce.org.seeds.integration_user_id, version="62.0")
        self._new = 0

    # what stands there -------------------------------------------------------------------------------
    def live(self) -> list[tuple[str, str, str]]:
        """Give (crm, object, id) of every person's record that can be edited."""
        db = self.crms.world.db
        contacts = db.execute(f"SELECT id FROM {CONTACTS.table} WHERE archived = 0 ORDER BY id")  # noqa: S608 - a constant
        found = [("hubspot", "contacts", str(row[0])) for row in contacts]
        for name, condition in (("Lead", "IsDeleted = 0 AND IsConverted = 0"), ("Contact", "IsDeleted = 0")):
            rows = self.crms.salesforce.org.store.rows(self._item(name), condition)
            found += [("salesforce", name, str(row["Id"])) for row in rows]
        return found

    def values(self, crm: str, object: str, id: str) -> dict[str, Any]:
        """Give the fields of a live record as the CRM keeps them; empty when it is gone."""
        if crm == "hubspot":
            record = self.crms.hubspot.portal.store.get(CONTACTS, [int(id)]).get(int(id))
            return dict(record.properties) if record and not record.archived else {}
        row = self.crms.salesforce.org.store.get(self._item(object), id)
        return row if row and not row["IsDeleted"] and not row.get("IsConverted") else {}

    def value(self, place: Place) -> str | None:
        """Give what a field holds; None when its record is gone."""
        values = self.values(*place[:3])
        return _text(values.get(FIELDS[place.field][_SIDES[place.crm]])) if values else None

    def pair(self, place: Place, raw: str) -> str:
        """Name a value independently of the CRM that holds it: the same wish, in either CRM's words."""
        pairs = self._owners if place.field == "owner" else _VALUES[place.field]
        side = _SIDES[place.crm]
        return next((pair[0] for pair in pairs if pair[side] == raw), raw)

    def emails(self) -> Iterator[tuple[str, str, str]]:
        """Give (object, id, address) of every person's record."""
        for record in self.live():
            yield record[1], record[2], email_of(self.values(*record))

    def notes(self) -> list[str]:
        """Give the marker of every note and task that crmbridge made, in both CRMs."""
        tasks = self.crms.salesforce.org.store.rows(self._item("Task"), "IsDeleted = 0")
        texts = [str(row["Subject"]) for row in tasks]
        for name, column in (("tasks", "hs_task_body"), ("notes", "hs_note_body")):
            kind = BY_NAME[name]
            rows = self.crms.world.db.execute(f"SELECT id FROM {kind.table} WHERE archived = 0")  # noqa: S608 - a constant
            found = self.crms.hubspot.portal.store.get(kind, [int(row[0]) for row in rows])
            texts += [str(record.properties.get(column)) for record in found.values()]
        return [marker for text in texts for marker in _MARKER.findall(text)]

    # what people do ----------------------------------------------------------------------------------
    def edit(self, among: Sequence[tuple[str, str, str]] = (), body: str = "") -> Edit | None:
        """Let somebody change one field of one of these records, or of any; None when nothing changed.

        Args:
            body: Of a request that writes: a field that it names is chosen, if there is one.
        """
        live = self.live()
        chosen = [record for record in among if record in live] or live
        record = crm, target, _ = self.chance.choice(chosen)
        named = [name for name, columns in FIELDS.items() if f'"{columns[_SIDES[crm]]}"' in body]
        name = self.chance.choice(named or list(FIELDS))
        place = Place(*record, name)
        values = [value[_SIDES[crm]] for value in (self._owners if name == "owner" else _VALUES[name])]
        raw = self.chance.choice(values)
        column, before = FIELDS[name][_SIDES[crm]], self.values(*record)
        if column not in self._columns(crm, target) or _text(before.get(column)) == raw:
            return None
        try:
            self._set(place, column, raw)
        except ApiError:  # a rule of the org says no to people as well
            return None
        stamps = before.get("SystemModstamp"), self.values(*record).get("SystemModstamp")
        return Edit(place, raw, _text(before.get(column)), email_of(before), stamps[0] == stamps[1])

    def stir(self) -> None:
        """Do something that is more than an edit: somebody arrives, is converted, merged or thrown away."""
        work = self.chance.choice((self._arrive, self._arrive, self._convert, self._throw_away, self._merge))
        work()

    def _set(self, place: Place, column: str, raw: str) -> None:
        if place.crm == "hubspot":
            self._act("hubspot", "edit", object="contacts", id=place.id, properties={column: raw})
            return
        org = self.crms.salesforce.org
        with self.crms.world.transaction():
            org.writer.update(self._caller, self._item(place.object), place.id, {column: raw})
        org.writer.effects.clear()

    def _arrive(self) -> None:
        """Fill in a form: the same person may come to both CRMs."""
        self._new += 1
        email = f"new{self._new}.{self.chance.randrange(10**6)}@example.com"
        row = {"email": email, "lastname": "Newcomer", "company": "Fern Ltd", "phone": "+4930123456"}
        row |= {"country": "Germany", "jobtitle": "Head of Sales", "numemployees": "200"}
        row |= {"lifecyclestage": "lead", "recent_conversion_event_name": "Demo request"}
        row |= {"recent_conversion_date": self.crms.world.clock.iso(), "num_conversion_events": "1"}
        self._load("hubspot", "contacts", row)
        if self.chance.random() < 0.3:
            row = {"Email": email, "LastName": "Newcomer", "Company": "Fern Ltd"}
            self._load("salesforce", "Lead", row)

    def _convert(self) -> None:
        leads = self._all("Lead")
        if leads:
            owner = self.chance.choice(self._owners)[1]
            self._act("salesforce", "convert", lead_id=self.chance.choice(leads), owner_id=owner)

    def _throw_away(self) -> None:
        leads = self._all("Lead")
        if leads:
            org = self.crms.salesforce.org
            org.writer.delete(self._item("Lead"), self.chance.choice(leads), self._caller)
            org.writer.effects.clear()

    def _merge(self) -> None:
        contacts = [int(found) for found in self._all("contacts")]
        portal = self.crms.hubspot.portal
        found = portal.store.get(CONTACTS, self.chance.sample(contacts, 2)) if len(contacts) > 1 else {}
        if len(found) == 2:
            with self.crms.world.transaction():
                merging.merge(portal, CONTACTS, *found.values())

    def _all(self, target: str) -> list[str]:
        return [record[2] for record in self.live() if record[1] == target]

    # helpers -----------------------------------------------------------------------------------------
    def _act(self, crm: str, action: str, **arguments: Any) -> None:
        self.crms.apps[crm].act(action, arguments)

    def _load(self, crm: str, object: str, row: dict[str, str]) -> None:
        self.crms.apps[crm].load_csv(object, list(row), [(2, list(row.values()))], create_fields=False)

    def _item(self, object: str) -> Any:
        return self.crms.salesforce.org.store.named(object)

    def _columns(self, crm: str, object: str) -> set[str]:
        if crm == "hubspot":
            return {names[0] for names in FIELDS.values()}
        return {name for _, name in FIELDS.values() if self._item(object).has(name)}

    def _team(self) -> list[tuple[str, str]]:
        """Pair the ids of everybody who works in both CRMs."""
        users = self.crms.salesforce.org.store.rows(self._item("User"), "IsActive = 1")
        by_email = {str(user["Email"]).lower(): str(user["Id"]) for user in users}
        owners = self.crms.hubspot.portal.owners
        page = owners.page(archived=False, email="", from_id=0, limit=100)
        found = {str(owner["email"]).lower(): str(owner["id"]) for owner in page}
        return [(found[email], by_email[email]) for email in sorted(found.keys() & by_email.keys())]


def email_of(values: dict[str, Any]) -> str:
    """Give the address of whom a record is about, "" for none."""
    return str(values.get("email") or values.get("Email") or "").lower()


def _text(value: Any) -> str:
    return "" if value is None else str(value)
