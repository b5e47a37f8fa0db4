"""What happens to records other than by REST writes: conversion, merge, undelete, archiving, automation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crmbridge.errors import ConfigError, Problem
from crmbridge.sandbox.salesforce import ids
from crmbridge.sandbox.salesforce.org import Org
from crmbridge.sandbox.salesforce.schema import SObject
from crmbridge.sandbox.salesforce.store import Row

_COPIED_TO_CONTACT = (
    "FirstName", "LastName", "Salutation", "Title", "Email", "Phone", "MobilePhone", "Fax", "Description",
    "LeadSource", "DoNotCall", "HasOptedOutOfEmail", "HasOptedOutOfFax",
)  # fmt: skip
_PLACES = ("Street", "City", "State", "PostalCode", "Country")
_COPIED_TO_ACCOUNT = ("Phone", "Website", "Industry", "AnnualRevenue", "NumberOfEmployees", "Rating")


class Lifecycle:
    """Actions of people and jobs inside the org; tests and the control API call them."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._store = org.store
        self._actions: dict[str, Callable[..., dict[str, Any]]] = {
            "convert": self.convert,
            "merge": self.merge,
            "undelete": self.undelete,
            "archive_activities": self.archive_activities,
            "touch": self.touch,
            "expire_tokens": self.expire_tokens,
        }

    def act(self, action: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Do an action by name.

        Raises:
            ConfigError: The action is unknown or its arguments do not fit.
        """
        if action not in self._actions:
            known = ", ".join(sorted(self._actions))
            raise ConfigError([Problem("salesforce", action, "there is no such action", f"known: {known}")])
        try:
            with self._org.world.transaction():
                return self._actions[action](**arguments)
        except TypeError:
            raise ConfigError([Problem("salesforce", action, "the arguments do not fit")]) from None

    def convert(
        self,
        lead_id: str,
        *,
        account_id: str | None = None,
        contact_id: str | None = None,
        status: str = "Closed - Converted",
        opportunity_name: str | None = None,
        owner_id: str | None = None,
    ) -> dict[str, Any]:
        """Convert a lead as convertLead does.

        Args:
            lead_id: An open lead.
            account_id: Existing account; None makes one of the lead's company.
            contact_id: Existing contact, whose empty fields are filled; None makes one.
            status: The converted status.
            opportunity_name: None makes no opportunity.
            owner_id: Owner of the new records; needed when a queue owns the lead.
        """
        lead_item, lead = self._live("Lead", lead_id)
        if lead["IsConverted"]:
            raise _problem("convert", "the lead is converted already")
        owner = owner_id or lead["OwnerId"]
        if not str(owner).startswith("005"):
            raise _problem("convert", "a queue owns the lead: owner_id is needed")
        account = account_id or self._account(lead, owner)
        contact = self._contact(lead, contact_id, account, owner)
        opportunity = self._opportunity(lead, opportunity_name, account, contact, owner)
        changes = {
            "IsConverted": 1,
            "Status": status,
            "ConvertedDate": self._store.stamp()[:10],
            "ConvertedAccountId": account,
            "ConvertedContactId": contact,
            "ConvertedOpportunityId": opportunity,
        }
        self._org.writer.history.special(self._user_id, lead_item, lead["Id"], "leadConverted")
        self._org.writer.history.changed(self._user_id, lead_item, lead, {"Status": status})
        self._change(lead_item, lead["Id"], changes)
        self._move_people(lead["Id"], contact)
        return {"account_id": account, "contact_id": contact, "opportunity_id": opportunity}

    def merge(self, object: str, master_id: str, loser_ids: list[str]) -> dict[str, Any]:
        """Merge records into a master: the others are deleted, what referred to them is moved."""
        item, master = self._live(object, master_id)
        for loser_id in loser_ids:
            _, loser = self._live(object, loser_id)
            self._repoint(loser["Id"], master["Id"])
            self._change(item, loser["Id"], {"IsDeleted": 1, "MasterRecordId": master["Id"]})
        self._change(item, master["Id"], {})
        return {"master_id": master["Id"]}

    def undelete(self, object: str, record_id: str) -> dict[str, Any]:
        """Take a record out of the recycle bin."""
        item = self._store.named(object)
        row = self._store.get(item, ids.to_long(record_id) or "")
        if row is None or not row.get("IsDeleted"):
            raise _problem("undelete", "there is no such deleted record")
        self._change(item, row["Id"], {"IsDeleted": 0})
        return {"id": row["Id"]}

    def archive_activities(self, before: str) -> dict[str, Any]:
        """Archive closed tasks and past events whose day is before a date (``2026-01-31``)."""
        counts = {}
        for name, closed in (("Task", "IsClosed = 1 AND "), ("Event", "")):
            item = self._store.named(name)
            done = self._store.db.execute(
                f"UPDATE {item.table} SET IsArchived = 1 WHERE {closed}ActivityDate < ?",  # noqa: S608 - constants
                (before,),
            )
            counts[name] = done.rowcount
        return counts

    def touch(self, object: str, record_id: str) -> dict[str, Any]:
        """Move SystemModstamp alone, as automation does."""
        item, row = self._live(object, record_id)
        self._store.update(item, row["Id"], {"SystemModstamp": self._store.stamp()})
        return {"id": row["Id"]}

    def expire_tokens(self) -> dict[str, Any]:
        """End all sessions; clients must sign in again."""
        self._org.auth.expire()
        return {"expired": True}

    @property
    def _user_id(self) -> str:
        return self._org.seeds.integration_user_id

    def _live(self, object_: str, record_id: str) -> tuple[SObject, Row]:
        item = self._org.schema.get(object_)
        row = self._store.get(item, ids.to_long(record_id) or "") if item is not None else None
        if item is None or row is None or row.get("IsDeleted"):
            raise _problem(object_, "there is no such record")
        return item, row

    def _create(self, object_: str, values: Mapping[str, Any]) -> str:
        body = {name: value for name, value in values.items() if value is not None}
        return self._org.writer.create(self._org.system_caller(), self._store.named(object_), _booleans(body))

    def _account(self, lead: Row, owner: str) -> str:
        copied = {name: lead[name] for name in _COPIED_TO_ACCOUNT}
        places = {f"Billing{name}": lead[name] for name in _PLACES}
        return self._create("Account", {"Name": lead["Company"], "OwnerId": owner, **copied, **places})

    def _contact(self, lead: Row, contact_id: str | None, account: str, owner: str) -> str:
        values = {name: lead[name] for name in _COPIED_TO_CONTACT}
        values |= {f"Mailing{name}": lead[name] for name in _PLACES}
        if contact_id is None:
            return self._create("Contact", {**values, "AccountId": account, "OwnerId": owner})
        item, contact = self._live("Contact", contact_id)
        empty = {name: value for name, value in values.items() if not contact[name] and value}
        self._change(item, contact["Id"], empty)
        return str(contact["Id"])

    def _opportunity(self, lead: Row, name: str | None, account: str, contact: str, owner: str) -> str | None:
        if name is None:
            return None
        values = {"Name": name, "AccountId": account, "OwnerId": owner, "LeadSource": lead["LeadSource"]}
        values |= {"StageName": "Prospecting", "CloseDate": self._store.stamp()[:10]}
        opportunity = self._create("Opportunity", values)
        role = {"OpportunityId": opportunity, "ContactId": contact, "IsPrimary": True}
        self._create("OpportunityContactRole", role)
        return opportunity

    def _move_people(self, lead_id: str, contact_id: str) -> None:
        for name in ("Task", "Event"):
            item = self._store.named(name)
            for row in self._store.rows(item, "WhoId = ?", (lead_id,)):
                self._change(item, row["Id"], {"WhoId": contact_id})
        members = self._store.named("CampaignMember")
        for row in self._store.rows(members, "LeadId = ?", (lead_id,)):
            self._change(
                members,
                row["Id"],
                {"ContactId": contact_id, "LeadOrContactId": contact_id, "Type": "Contact"},
            )

    def _repoint(self, loser_id: str, master_id: str) -> None:
        for item in self._org.schema.objects.values():
            for column in item.columns():
                if column.child is not None and column.refers_to:
                    for row in self._store.rows(item, f'"{column.name}" = ?', (loser_id,)):
                        self._change(item, row["Id"], {column.name: master_id})

    def _change(self, item: SObject, record_id: str, changes: Mapping[str, Any]) -> None:
        stamp = self._store.stamp()
        stamps = {"LastModifiedDate": stamp, "LastModifiedById": self._user_id, "SystemModstamp": stamp}
        own = {name: value for name, value in stamps.items() if item.has(name)}
        self._store.update(item, record_id, {**changes, **own})


def _booleans(body: dict[str, Any]) -> dict[str, Any]:
    flags = ("DoNotCall", "HasOptedOutOfEmail", "HasOptedOutOfFax")
    return {name: bool(value) if name in flags else value for name, value in body.items()}


def _problem(key: str, message: str) -> ConfigError:
    return ConfigError([Problem("salesforce", key, message)])
