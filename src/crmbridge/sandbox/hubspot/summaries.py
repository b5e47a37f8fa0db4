"""Properties of a contact that HubSpot keeps from its activities and company.

They move without the contact's change stamp, like all that HubSpot calculates (checked 2026-11-21).
"""

from __future__ import annotations

from crmbridge.sandbox.hubspot.objects import CONTACTS, PRIMARY_TYPES, ObjectType
from crmbridge.sandbox.hubspot.portal import Portal
from crmbridge.sandbox.hubspot.store import Record

#: Activities that mean that somebody talked to the contact.
_CONTACTED = frozenset({"calls", "communications", "emails", "meetings"})
_TYPES = {
    "calls": "CALL",
    "communications": "COMMUNICATION",
    "emails": "EMAIL",
    "meetings": "MEETING",
    "notes": "NOTE",
    "tasks": "TASK",
}


def follow_company(portal: Portal, contact_id: int) -> None:
    """Set the id of the primary company."""
    row = portal.world.db.execute(
        "SELECT to_id FROM hs_association WHERE from_type = 'contacts' AND from_id = ?"
        " AND to_type = 'companies' AND type_id = ?",
        (contact_id, PRIMARY_TYPES["contacts", "companies"]),
    ).fetchone()
    contact = portal.store.get(CONTACTS, [contact_id]).get(contact_id)
    if row and contact:
        contact.properties["associatedcompanyid"] = str(row[0])
        portal.store.put(CONTACTS, [contact])


def follow_activity(portal: Portal, contact_id: int, kind: ObjectType, activity_id: int) -> None:
    """Count an activity that was added to a contact."""
    contact = portal.store.get(CONTACTS, [contact_id]).get(contact_id)
    activity = portal.store.get(kind, [activity_id]).get(activity_id)
    if contact is None or activity is None or not portal.options.summaries_follow_activities:
        return
    _count(contact, kind, activity.properties.get("hs_timestamp", ""))
    portal.store.put(CONTACTS, [contact])


def _count(contact: Record, kind: ObjectType, at: str) -> None:
    properties = contact.properties
    properties["num_notes"] = str(int(properties.get("num_notes", "0")) + 1)
    _later(properties, "notes_last_updated", at)
    if kind.name not in _CONTACTED:
        return
    properties["num_contacted_notes"] = str(int(properties.get("num_contacted_notes", "0")) + 1)
    _later(properties, "notes_last_contacted", at)
    properties["hs_is_unworked"] = "false"
    if _later(properties, "hs_last_sales_activity_timestamp", at):
        properties["hs_last_sales_activity_date"] = at
        properties["hs_last_sales_activity_type"] = _TYPES[kind.name]
    if at and at < properties.get("hs_sa_first_engagement_date", "9"):
        properties["hs_sa_first_engagement_date"] = at
        properties["hs_sa_first_engagement_object_type"] = _TYPES[kind.name]


def _later(properties: dict[str, str], name: str, at: str) -> bool:
    """Move a stamp forward; stamps are texts that sort by time."""
    if not at or at <= properties.get(name, ""):
        return False
    properties[name] = at
    return True
