"""What a failure story needs: a company over both emulated CRMs, and hands that do what people do there."""

from __future__ import annotations

import copy
import tomllib
from typing import Any

from crmbridge.adapters.hubspot import HubSpot
from crmbridge.adapters.retry import RetryPolicy
from crmbridge.adapters.salesforce import Salesforce
from crmbridge.bridge import Bridge
from crmbridge.ledger import SqlLedger
from crmbridge.mapping import Mapping
from crmbridge.process import Process
from crmbridge.results import Plan, Result
from crmbridge.sandbox import Sandbox
from crmbridge.sandbox.hubspot.objects import CONTACTS
from crmbridge.sandbox.options import Options
from crmbridge.sandbox.salesforce.caller import Caller
from tests.contract.shop import _USERS, PROCESS, REPS

#: The shop's process: whoever has an address is an MQL, Germany goes to Ann and Bob, the rest to Tia.
SHOP: dict[str, Any] = tomllib.loads(PROCESS)


def shop(**changed: Any) -> dict[str, Any]:
    """Give the shop's process with some sections replaced."""
    return copy.deepcopy(SHOP) | changed


class Story:
    """A company at its beginning: reps and custom fields in both CRMs, nobody else, an empty ledger."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        sandbox.run(lambda: setattr(sandbox.world, "options", Options()))
        sandbox.reset()
        self._people()
        #: The ledger's clock: the lease of a run that died has run out after a minute.
        self.seconds = 0.0
        self.ledger = SqlLedger("sqlite://", clock=lambda: self.seconds, lease_seconds=60.0)
        self.bridge = self.open()
        self.bridge.create_fields(self.bridge.needed_fields())
        self._seen = 0
        self.look()

    def open(self, process: dict[str, Any] | None = None, mapping: dict[str, Any] | None = None) -> Bridge:
        """Open the company over the same ledger, as a new process does; it is `bridge` from now on."""
        rules = Mapping.parse({"format": 1, **(mapping or {})})
        policy = RetryPolicy(sleep=lambda _seconds: None, jitter=lambda: 0.0, attempts=2)
        hubspot, salesforce = self.sandbox.ready["hubspot"], self.sandbox.ready["salesforce"]
        self.hubspot = HubSpot(
            rules, access_token=hubspot["access_token"], base_url=hubspot["base_url"], policy=policy
        )
        self.salesforce = Salesforce(
            rules,
            instance_url=salesforce["instance_url"],
            session_id=salesforce["session_id"],
            policy=policy,
        )
        self.bridge = Bridge(
            Process.parse(process or SHOP),
            rules,
            hubspot=self.hubspot,
            salesforce=self.salesforce,
            ledger=self.ledger,
            clock=lambda: self.sandbox.run(self.sandbox.world.clock.now),
        )
        return self.bridge

    # runs --------------------------------------------------------------------------------------------
    def sync(self, *, full: bool = False) -> Result:
        """Make one run, a minute after whatever was before."""
        self.pass_time()
        result = self.bridge.sync(full=full)
        self.pass_time()
        return result

    def plan(self) -> Plan:
        """See what a run would do, a minute after whatever was before."""
        self.pass_time()
        return self.bridge.plan()

    def pass_time(self, *, minutes: float = 1, days: float = 0) -> None:
        """Let time pass for the CRMs and for the ledger."""
        seconds = minutes * 60 + days * 86_400
        self.sandbox.advance(seconds)
        self.seconds += seconds

    # what people do ----------------------------------------------------------------------------------
    def contact(self, email: str, **properties: str) -> str:
        """Put a contact into HubSpot; one with everything that sales needs unless told otherwise."""
        row = {"email": email, "lastname": "Doe", "company": "Acme", "country": "DE"} | properties
        return self._load("hubspot.contacts", row)

    def lead(self, email: str, **fields: str) -> str:
        """Put a lead into Salesforce."""
        row = {"Email": email, "LastName": "Doe", "Company": "Acme", "Country": "DE"} | fields
        return self._load("salesforce.Lead", row)

    def edit_contact(self, record_id: str, **properties: str) -> None:
        """Edit as a person does on HubSpot's page."""
        self.sandbox.act("hubspot", "edit", object="contacts", id=record_id, properties=properties)

    def edit_lead(self, record_id: str, **fields: Any) -> None:
        """Edit as a rep does on Salesforce's page."""
        self.sandbox.run(lambda: self._edit_lead(record_id, fields))

    def leave(self, name: str) -> None:
        """Let a rep leave both CRMs."""
        self._activate(name, active=False)

    def come_back(self, name: str) -> None:
        """Let a rep come back."""
        self._activate(name, active=True)

    # what stands there -------------------------------------------------------------------------------
    def properties(self, contact: str) -> dict[str, str]:
        """Give the properties of a contact."""
        store = self.sandbox.hubspot.portal.store
        return self.sandbox.run(lambda: dict(store.get(CONTACTS, [int(contact)])[int(contact)].properties))

    def leads(self, **wanted: Any) -> list[dict[str, Any]]:
        """Give the live leads that have these values, oldest first."""
        store = self.sandbox.salesforce.org.store
        rows = self.sandbox.run(lambda: store.rows(store.named("Lead"), "IsDeleted = 0"))
        return [row for row in rows if wanted.items() <= row.items()]

    def only_lead(self, email: str) -> dict[str, Any]:
        """Give the one lead with an address."""
        (row,) = self.leads(Email=email)
        return row

    def owner_name(self, owner_id: str) -> str:
        """Name the rep behind an id of either CRM."""
        return self._names[owner_id]

    def owners(self) -> list[str]:
        """Name the owners of all leads, oldest lead first."""
        return [self.owner_name(row["OwnerId"]) for row in self.leads()]

    def look(self) -> None:
        """Leave out of `effects` what happened so far."""
        self._seen = max((entry["seq"] for entry in self.sandbox.audit()), default=0)

    def effects(self) -> list[str]:
        """Say what calls have changed since `look`, without values."""
        return [effect for entry in self.sandbox.audit(self._seen) for effect in entry["effects"]]

    def conflicts(self) -> list[tuple[str, str | None]]:
        """Give kind and field of every conflict of the next plan."""
        return [(conflict.kind, conflict.field) for conflict in self.plan().conflicts()]

    # helpers -----------------------------------------------------------------------------------------
    def _people(self) -> None:
        tail = "true,Europe/Berlin,en_US,en_US,UTF-8"
        owners = [f"{name}@example.com,{name},Rep" for name in REPS]
        users = [f"{name}@example.com.crm,{name}@example.com,{name},Rep,{name},{tail}" for name in REPS]
        in_hubspot = self.sandbox.load("hubspot.owners", "\n".join(["email,firstName,lastName", *owners])).ids
        in_salesforce = self.sandbox.load("salesforce.User", "\n".join([_USERS, *users])).ids
        self.hubspot_ids = dict(zip(REPS, in_hubspot, strict=True))
        self.user_ids = dict(zip(REPS, in_salesforce, strict=True))
        self._names = {
            found: name for ids in (self.hubspot_ids, self.user_ids) for name, found in ids.items()
        }

    def _load(self, name: str, row: dict[str, str]) -> str:
        cells = ['"' + value.replace('"', '""') + '"' for value in row.values()]
        report = self.sandbox.load(name, ",".join(row) + "\n" + ",".join(cells))
        assert report.skipped == ()
        return report.ids[0]

    def _edit_lead(self, record_id: str, fields: dict[str, Any]) -> None:
        org = self.sandbox.salesforce.org
        caller = Caller(user_id=self.user_ids["tia"], version="62.0", headers={"sforce-auto-assign": "FALSE"})
        org.writer.update(caller, org.store.named("Lead"), record_id, fields)
        org.writer.effects.clear()

    def _activate(self, name: str, *, active: bool) -> None:
        self.sandbox.act("hubspot", "owner_returns" if active else "owner_leaves", id=self.hubspot_ids[name])
        org = self.sandbox.salesforce.org
        caller = Caller(user_id=org.seeds.integration_user_id, version="62.0")
        user, values = self.user_ids[name], {"IsActive": active}
        self.sandbox.run(lambda: org.writer.update(caller, org.store.named("User"), user, values))
