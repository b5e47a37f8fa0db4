"""The HubSpot-Salesforce connector as an actor: a third party that writes to both CRMs by its own rules.

Every 15 simulated minutes (`ConnectorOptions.every_minutes`) it looks at what changed on either side since
its last run, finds or makes the counterpart, and copies mapped fields by the rule of each. Whoever writes a
field that it prefers from Salesforce sees the value come back within 15 minutes: that is what it is here for.

    sandbox = Sandbox(connector=ConnectorOptions(fields=[FieldMapping(hubspot="phone", lead="Phone")]))
    sandbox.advance(15 * 60)
    sandbox.connector_state()["writes"]

It acts in HubSpot with the change source SALESFORCE and in Salesforce as the user ``connector@org.example``.
Values of HubSpot have a time each, those of Salesforce the time of their record. What it does not do: react
at once to single changes, copy activities, campaigns and deleted records.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import Any

from crmbridge.sandbox.clock import from_ms, to_ms
from crmbridge.sandbox.connector_rules import ConnectorOptions, FieldMapping, winner
from crmbridge.sandbox.connector_sides import OWNER, HubSpotSide, Refused, SalesforceSide
from crmbridge.sandbox.hubspot.app import HubSpotApp
from crmbridge.sandbox.hubspot.lifecycle import PROPERTY, allowed
from crmbridge.sandbox.hubspot.objects import CONTACTS
from crmbridge.sandbox.hubspot.store import Record
from crmbridge.sandbox.salesforce.app import SalesforceApp
from crmbridge.sandbox.salesforce.store import Row
from crmbridge.sandbox.world import World

_KEPT = 10_000
_OBJECTS = ("Lead", "Contact")
_IDS = {"Lead": "salesforceleadid", "Contact": "salesforcecontactid"}
_LINKS = (
    "CREATE TABLE IF NOT EXISTS connector_link (record TEXT PRIMARY KEY, object TEXT NOT NULL,"
    " contact INTEGER NOT NULL)"
)
_VALUES = (
    "CREATE TABLE IF NOT EXISTS connector_value (record TEXT NOT NULL, property TEXT NOT NULL,"
    " hubspot TEXT NOT NULL, salesforce TEXT NOT NULL, PRIMARY KEY (record, property)) WITHOUT ROWID"
)


class Connector:
    """The actor; off until `switch` gives it settings."""

    def __init__(self, world: World, hubspot: HubSpotApp, salesforce: SalesforceApp) -> None:
        self._world = world
        self._hubspot = HubSpotSide(hubspot.portal)
        self._salesforce = SalesforceSide(salesforce.org)
        self.options: ConnectorOptions | None = None
        for statement in (_LINKS, _VALUES):
            world.db.execute(statement)
        #: A job of an older one does nothing.
        self._generation = 0
        self._last_ms = 0
        #: Runs since the start or reset.
        self.runs = 0
        self.writes: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self.refusals: deque[dict[str, Any]] = deque(maxlen=_KEPT)

    def switch(self, options: ConnectorOptions | None) -> None:
        """Start with settings (the first run is one interval from now), go on with others, or stop (None)."""
        self._generation += 1
        self.options = options
        if options is not None:
            self._hubspot.portal.settle()
            with self._world.transaction():
                self._hubspot.prepare()
                self._salesforce.prepare()
            self._schedule(options, self._generation, self._world.clock.now_ms())

    def reset(self) -> None:
        """Forget what it did; its settings stay in force."""
        for table in ("connector_link", "connector_value"):
            self._world.db.execute(f"DELETE FROM {table}")  # noqa: S608 - constants
        self._last_ms, self.runs = 0, 0
        self.writes.clear()
        self.refusals.clear()
        self.switch(self.options)

    def state(self) -> dict[str, Any]:
        """Tell what it did: number of runs, every write, every refusal (the newest 10,000, oldest first)."""
        return {
            "on": self.options is not None,
            "options": self.options.as_dict() if self.options else None,
            "runs": self.runs,
            "writes": list(self.writes),
            "refusals": list(self.refusals),
        }

    def run_once(self) -> None:
        """Do one run now, as the clock does at each interval."""
        options = self.options
        if options is None:
            return
        self._hubspot.portal.settle()
        since, now = self._last_ms, self._world.clock.now_ms()
        with self._world.transaction():
            for object_, record_id, contact_id in self._candidates(options, since):
                self._bring_together(options, object_, record_id, contact_id)
            if options.stages_by_opportunity:
                self._move_stages(_stamp(since))
        self._last_ms = now
        self.runs += 1

    def _schedule(self, options: ConnectorOptions, generation: int, from_ms: int) -> None:
        # From the moment at which the last run was due, not from when it was done: no drift.
        due = from_ms + round(options.every_minutes * 60_000)

        async def job() -> None:
            if generation == self._generation:
                self._schedule(options, generation, due)
                self.run_once()

        self._world.jobs.at(due, job)

    def _candidates(self, options: ConnectorOptions, since: int) -> list[tuple[str, str, int]]:
        """Give the pairs to look at, each once: those changed on either side, and new ones."""
        pairs: dict[tuple[str, str], int] = {}
        for object_ in _OBJECTS:
            for row in self._salesforce.changed_since(object_, _stamp(since)):
                found = self._of_salesforce(options, object_, row)
                pairs |= {found[:2]: found[2]} if found else {}
        for contact_id in self._hubspot.changed_since(since):
            found = self._of_hubspot(options, contact_id)
            pairs |= {found[:2]: found[2]} if found else {}
        return [(object_, record_id, contact) for (object_, record_id), contact in pairs.items()]

    def _of_salesforce(
        self, options: ConnectorOptions, object_: str, row: Row
    ) -> tuple[str, str, int] | None:
        """Find or make the contact of a lead or contact; a converted lead lives on as its contact."""
        linked = self._contact_of(row["Id"])
        if row["IsDeleted"]:
            self._unlink(row["Id"])
            return None
        if object_ == "Lead" and row["IsConverted"]:
            self._unlink(row["Id"])
            return self._link("Contact", str(row["ConvertedContactId"]), linked) if linked else None
        if linked is not None:
            return object_, row["Id"], linked
        address = str(row["Email"] or "")
        record = self._hubspot.by_email(address) if address else None
        if record is None and address and options.from_salesforce:
            record = self._new_contact(options, object_, row)
        return self._link(object_, row["Id"], record.id) if record else None

    def _of_hubspot(self, options: ConnectorOptions, contact_id: int) -> tuple[str, str, int] | None:
        """Find or make the lead or contact of a HubSpot contact."""
        row = self._world.db.execute(
            "SELECT object, record FROM connector_link WHERE contact = ? ORDER BY object LIMIT 1",
            (contact_id,),
        ).fetchone()
        if row is not None:
            return str(row[0]), str(row[1]), contact_id
        record = self._hubspot.get(contact_id)
        address = record.properties.get("email", "") if record else ""
        if record is None or not address or not self._included(options, record):
            return None
        found = self._salesforce.by_email(address)
        if found is not None:
            return self._link(found[0], str(found[1]["Id"]), contact_id)
        made = self._new_record(options, record) if options.creates else ""
        return self._link(options.creates, made, contact_id) if made else None

    def _included(self, options: ConnectorOptions, record: Record) -> bool:
        if options.inclusion_list:
            number = options.inclusion_list
            return number.isdecimal() and record.id in self._hubspot.portal.lists.member_ids(int(number))
        return record.properties.get(PROPERTY, "") not in ("", "subscriber")

    def _new_contact(self, options: ConnectorOptions, object_: str, row: Row) -> Record | None:
        values = {
            item.hubspot: value
            for item in options.fields
            if item.rule != "never" and (value := self._as_hubspot(object_, row, item))
        }
        try:
            record = self._hubspot.create(values)
        except Refused as refused:
            self._refused("hubspot", row["Id"], refused)
            return None
        self._wrote("hubspot", "contacts", str(record.id), sorted(values), created=True)
        return record

    def _new_record(self, options: ConnectorOptions, record: Record) -> str:
        object_ = options.creates
        values = {
            name: value
            for item in options.fields
            if (name := item.field(object_)) and item.rule != "never"
            and (value := self._as_salesforce(item, record.properties.get(item.hubspot, "")))
        }  # fmt: skip
        try:
            made = self._salesforce.create(object_, values)
        except Refused as refused:
            self._refused("salesforce", str(record.id), refused)
            return ""
        self._wrote("salesforce", object_, made, sorted(values), created=True)
        return made

    def _bring_together(
        self, options: ConnectorOptions, object_: str, record_id: str, contact_id: int
    ) -> None:
        """Copy the mapped fields of one pair, then note the ids and the values."""
        record, row = self._hubspot.get(contact_id), self._salesforce.get(object_, record_id)
        if record is None or row is None or row["IsDeleted"]:
            return
        mapped = [item for item in options.fields if item.field(object_)]
        to_hubspot, to_salesforce = self._decide(mapped, object_, row, record)
        if to_salesforce and self._included(options, record):
            self._write_salesforce(object_, record_id, to_salesforce)
        for name, value in to_hubspot.items():
            self._write_hubspot(record, name, value)
        account = str(row.get("AccountId") or "") if object_ == "Contact" else ""
        ids = {_IDS[object_]: record_id} | ({"salesforceaccountid": account} if account else {})
        self._hubspot.stamp(record, ids)
        self._remember(mapped, object_, self._salesforce.get(object_, record_id) or row, record)

    def _decide(
        self, mapped: list[FieldMapping], object_: str, row: Row, record: Record
    ) -> tuple[dict[str, str], dict[str, str]]:
        known = {
            name: (hubspot, salesforce)
            for name, hubspot, salesforce in self._world.db.execute(
                "SELECT property, hubspot, salesforce FROM connector_value WHERE record = ?", (row["Id"],)
            )
        }
        to_hubspot: dict[str, str] = {}
        to_salesforce: dict[str, str] = {}
        for item in mapped:
            ours, theirs = record.properties.get(item.hubspot, ""), self._as_hubspot(object_, row, item)
            side = winner(
                item.rule, ours, theirs, known.get(item.hubspot), newer=self._newer(record, row, item)
            )
            if side == "salesforce" and (theirs or item.hubspot != OWNER):
                to_hubspot[item.hubspot] = theirs
            elif side == "hubspot":
                value = self._as_salesforce(item, ours)
                to_salesforce |= {item.field(object_): value} if value or item.hubspot != OWNER else {}
        return to_hubspot, to_salesforce

    def _newer(self, record: Record, row: Row, item: FieldMapping) -> bool:
        if item.rule != "two_way":
            return False
        return self._hubspot.changed_at(record, item.hubspot) // 1000 > _moment(row) // 1000

    def _write_hubspot(self, record: Record, name: str, value: str) -> None:
        try:
            changed = self._hubspot.write(record, {name: value})
        except Refused as refused:
            self._refused("hubspot", str(record.id), refused)
        else:
            if changed:
                self._wrote("hubspot", "contacts", str(record.id), changed)

    def _write_salesforce(self, object_: str, record_id: str, values: dict[str, str]) -> None:
        try:
            self._salesforce.write(object_, record_id, values)
        except Refused as refused:
            self._refused("salesforce", record_id, refused)
        else:
            self._wrote("salesforce", object_, record_id, sorted(values))

    def _as_hubspot(self, object_: str, row: Row, item: FieldMapping) -> str:
        text = self._salesforce.text(object_, row, item.field(object_)) if item.field(object_) else ""
        if item.hubspot == OWNER:
            return self._hubspot.owner_id(self._salesforce.user_email(text))
        return self._hubspot.normal(item.hubspot, text)

    def _as_salesforce(self, item: FieldMapping, value: str) -> str:
        if item.hubspot == OWNER:
            return self._salesforce.user_id(self._hubspot.owner_email(value))
        return value

    def _remember(self, mapped: list[FieldMapping], object_: str, row: Row, record: Record) -> None:
        self._world.db.executemany(
            "INSERT OR REPLACE INTO connector_value VALUES (?, ?, ?, ?)",
            [
                (
                    row["Id"],
                    item.hubspot,
                    record.properties.get(item.hubspot, ""),
                    self._as_hubspot(object_, row, item),
                )
                for item in mapped
            ],
        )

    def _move_stages(self, since: str) -> None:
        """Let open and won opportunities move the contacts in their roles, forward only."""
        opportunities = {row["Id"] for row in self._salesforce.changed_since("Opportunity", since)}
        roles = self._salesforce.changed_since("OpportunityContactRole", since)
        opportunities |= {row["OpportunityId"] for row in roles}
        store = self._salesforce.org.store
        for opportunity_id in sorted(opportunities):
            deal = self._salesforce.get("Opportunity", opportunity_id)
            if deal is None or deal["IsDeleted"] or (deal["IsClosed"] and not deal["IsWon"]):
                continue
            where = "OpportunityId = ? AND IsDeleted = 0"
            for role in store.rows(store.named("OpportunityContactRole"), where, (opportunity_id,)):
                self._move(str(role["ContactId"]), "customer" if deal["IsWon"] else "opportunity")

    def _move(self, salesforce_contact: str, stage: str) -> None:
        number = self._contact_of(salesforce_contact)
        record = self._hubspot.get(number) if number is not None else None
        stages = self._hubspot.portal.catalog.stages(CONTACTS)
        if record is not None and stage in stages:
            old = record.properties.get(PROPERTY, "")
            if allowed(stages, old, stage, "ignore") != old:
                self._write_hubspot(record, PROPERTY, stage)

    def _contact_of(self, record_id: str) -> int | None:
        query = "SELECT contact FROM connector_link WHERE record = ?"
        row = self._world.db.execute(query, (record_id,)).fetchone()
        record = self._hubspot.get(int(row[0])) if row else None
        return record.id if record else None

    def _link(self, object_: str, record_id: str, contact_id: int) -> tuple[str, str, int]:
        row = (record_id, object_, contact_id)
        self._world.db.execute("INSERT OR REPLACE INTO connector_link VALUES (?, ?, ?)", row)
        return object_, record_id, contact_id

    def _unlink(self, record_id: str) -> None:
        for table in ("connector_link", "connector_value"):
            self._world.db.execute(f"DELETE FROM {table} WHERE record = ?", (record_id,))  # noqa: S608 - constants

    def _wrote(
        self, crm: str, object_: str, record_id: str, names: list[str], *, created: bool = False
    ) -> None:
        entry = {"at": self._world.clock.iso(), "crm": crm, "object": object_, "id": record_id}
        self.writes.append({**entry, "fields": names, "created": created})

    def _refused(self, crm: str, record_id: str, refused: Refused) -> None:
        entry = {"at": self._world.clock.iso(), "crm": crm, "id": record_id, "reason": str(refused)}
        self.refusals.append(entry)


def _stamp(moment_ms: int) -> str:
    return from_ms(moment_ms).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _moment(row: Row) -> int:
    return to_ms(datetime.fromisoformat(str(row["SystemModstamp"])))
