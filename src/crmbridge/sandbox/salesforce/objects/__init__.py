"""The objects of a new org, as tables in our own words.

Names, types, lengths and rights of Lead, Contact, Account, Event, Opportunity and OpportunityContactRole
agree with describes recorded in real orgs; no describe of the others is published under a free licence,
theirs follow the vendor's object reference (checked 2026-11-21).
"""

from __future__ import annotations

from dataclasses import dataclass

from crmbridge.sandbox.salesforce.objects import (
    activities,
    marketing,
    people,
    sales,
    setup,
    territories,
    users,
)
from crmbridge.sandbox.salesforce.objects.picklists import PICKLISTS

__all__ = ["ALIASES", "OBJECTS", "PICKLISTS", "Standard"]


@dataclass(frozen=True, slots=True)
class Standard:
    """A standard object before any company changed it."""

    name: str
    prefix: str
    label: str
    plural: str
    table: str
    #: Words of: "create", "update", "delete", "undelete", "merge", "replicate".
    abilities: str


_FULL = "create update delete undelete merge replicate"
_PLAIN = "create update delete undelete replicate"
_LINK = "create update delete replicate"

ALIASES = {"@WHAT": activities.WHAT}

OBJECTS = (
    Standard("Account", "001", "Account", "Accounts", people.ACCOUNT, _FULL),
    Standard("Campaign", "701", "Campaign", "Campaigns", marketing.CAMPAIGN, _PLAIN),
    Standard("CampaignMember", "00v", "Campaign Member", "Campaign Member", marketing.CAMPAIGN_MEMBER, _LINK),
    Standard(
        "CampaignMemberStatus",
        "01Y",
        "Campaign Member Status",
        "Campaign Member Status",
        marketing.MEMBER_STATUS,
        _LINK,
    ),
    Standard("Contact", "003", "Contact", "Contacts", people.CONTACT, _FULL),
    Standard(
        "ContactHistory", "03C", "Contact History", "Contact History", setup.HISTORY.format(o="Contact"), ""
    ),
    Standard("CurrencyType", "01L", "Currency Type", "Currency Types", setup.CURRENCY_TYPE, ""),
    Standard("Event", "00U", "Event", "Events", activities.EVENT, _PLAIN),
    Standard(
        "FieldPermissions",
        "01k",
        "Field Permissions",
        "Field Permissions",
        users.FIELD_PERMISSIONS,
        "create update delete",
    ),
    Standard("Group", "00G", "Group", "Group", users.GROUP, "create update delete"),
    Standard("GroupMember", "011", "Group Member", "Group Member", users.GROUP_MEMBER, "create delete"),
    Standard("Lead", "00Q", "Lead", "Leads", people.LEAD, _FULL),
    Standard("LeadHistory", "03L", "Lead History", "Lead History", setup.HISTORY.format(o="Lead"), ""),
    Standard("LeadStatus", "01J", "Lead Status Value", "Lead Status Value", setup.LEAD_STATUS, ""),
    Standard(
        "ObjectTerritory2Association",
        "0Or",
        "Object Territory Association",
        "Object Territory Associations",
        territories.OBJECT_ASSOCIATION,
        "create delete replicate",
    ),
    Standard("Opportunity", "006", "Opportunity", "Opportunities", sales.OPPORTUNITY, _PLAIN),
    Standard(
        "OpportunityContactRole",
        "00K",
        "Opportunity Contact Role",
        "Opportunity Contact Role",
        sales.CONTACT_ROLE,
        _LINK,
    ),
    Standard(
        "OpportunityFieldHistory",
        "017",
        "Opportunity Field History",
        "Opportunity Field History",
        setup.HISTORY.format(o="Opportunity"),
        "",
    ),
    Standard(
        "OpportunityHistory",
        "008",
        "Opportunity History",
        "Opportunity History",
        sales.OPPORTUNITY_HISTORY,
        "",
    ),
    Standard(
        "OpportunityStage", "01J", "Opportunity Stage", "Opportunity Stage", sales.OPPORTUNITY_STAGE, ""
    ),
    Standard("Organization", "00D", "Organization", "Organizations", users.ORGANIZATION, "update"),
    Standard(
        "PermissionSet",
        "0PS",
        "Permission Set",
        "Permission Sets",
        users.PERMISSION_SET,
        "create update delete",
    ),
    Standard(
        "PermissionSetAssignment",
        "0Pa",
        "Permission Set Assignment",
        "Permission Set Assignments",
        users.PERMISSION_SET_ASSIGNMENT,
        "create delete",
    ),
    Standard("QueueSobject", "03g", "Queue Sobject", "Queue Sobject", users.QUEUE_SOBJECT, "create delete"),
    Standard("RecordType", "012", "Record Type", "Record Types", setup.RECORD_TYPE, "create update"),
    Standard("Task", "00T", "Task", "Tasks", activities.TASK, _PLAIN),
    Standard("TaskStatus", "01J", "Task Status Value", "Task Status Value", activities.TASK_STATUS, ""),
    Standard("Territory2", "0MI", "Territory", "Territories", territories.TERRITORY, _LINK),
    Standard("Territory2Model", "0MA", "Territory Model", "Territory Models", territories.MODEL, _LINK),
    Standard("Territory2Type", "0M5", "Territory Type", "Territory Types", territories.TYPE, _LINK),
    Standard("User", "005", "User", "Users", users.USER, "create update replicate"),
    Standard(
        "UserTerritory2Association",
        "0Ur",
        "User Territory Association",
        "User Territory Associations",
        territories.USER_ASSOCIATION,
        _LINK,
    ),
)
