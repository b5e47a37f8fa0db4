"""The properties of every object but contacts, as far as a lead process reads or writes them."""

from __future__ import annotations

from crmbridge.sandbox.hubspot.definitions import P, table, with_options
from crmbridge.sandbox.hubspot.lifecycle import DEFAULT_STAGES
from crmbridge.sandbox.hubspot.properties_contacts import CONTACT_GROUPS

_SYSTEM = """
hs_object_id | Record id | number | ro
hs_lastmodifieddate | Modified at | datetime | ro
hs_object_source | Record source | string | ro hidden
hs_object_source_id | Record source id | string | ro hidden
hs_object_source_label | Record source label | string | ro
hs_merged_object_ids | Merged record ids | enumeration/checkbox | ro hidden external
hs_unique_creation_key | Unique creation key | string | unique ro hidden
hubspot_owner_id | Owner | enumeration/select | owner
hubspot_owner_assigneddate | Owner assigned at | datetime | ro
hubspot_team_id | Team of the owner | string | ro
"""
_WITH_CREATEDATE = _SYSTEM + "createdate | Created at | datetime | ro\n"
_ACTIVITY = (
    _SYSTEM
    + """
hs_createdate | Created at | datetime | ro
hs_timestamp | Activity date | datetime
hs_activity_type | Activity type
hs_engagement_source | Engagement source | string | ro
hs_attachment_ids | Attachments
hs_body_preview | Body preview | string | ro
""".lstrip()
)

COMPANIES = (
    _WITH_CREATEDATE
    + """
name | Company name
domain | Domain name
website | Website
phone | Phone number | string/phonenumber
industry | Industry
numberofemployees | Number of employees | number
annualrevenue | Annual revenue | number
address | Street address
city | City
state | State or region
zip | Postal code
country | Country or region
type | Type | enumeration/select
lifecyclestage | Lifecycle stage | enumeration/radio
hs_lead_status | Lead status | enumeration/radio
hs_num_open_deals | Open deals | number | ro
num_associated_contacts | Associated contacts | number | ro
num_associated_deals | Associated deals | number | ro
hs_is_target_account | Target account | enumeration/booleancheckbox
hs_parent_company_id | Parent company | number | ro
closedate | Became a customer at | datetime
description | Description | string/textarea
""".lstrip()
)
DEALS = (
    _WITH_CREATEDATE
    + """
dealname | Deal name
amount | Amount | number
deal_currency_code | Currency
closedate | Close date | datetime
dealstage | Deal stage | enumeration/radio
pipeline | Pipeline | enumeration/select
dealtype | Deal type | enumeration/radio
hs_is_closed | Is closed | bool | ro
hs_is_closed_won | Is won | bool | ro
hs_deal_stage_probability | Stage probability | number | ro
hs_closed_amount | Closed amount | number | ro
closed_lost_reason | Reason lost | string/textarea
closed_won_reason | Reason won | string/textarea
description | Description | string/textarea
""".lstrip()
)
LEADS = (
    _SYSTEM
    + """
hs_createdate | Created at | datetime | ro
hs_lead_name | Lead name
hs_lead_type | Lead type | enumeration/radio
hs_lead_label | Lead label | enumeration/radio
hs_pipeline | Pipeline | enumeration/select
hs_pipeline_stage | Lead stage | enumeration/radio
hs_lead_disqualification_reason | Reason for disqualification | enumeration/select
hs_lead_disqualification_note | Note on disqualification | string/textarea
hs_lead_is_open | Is open | bool | ro
hs_lead_source | Lead source
hs_primary_contact_id | Primary contact | number | ro
hs_associated_contact_email | Contact's e-mail | string | ro
""".lstrip()
)
CALLS = (
    _ACTIVITY
    + """
hs_call_title | Title
hs_call_body | Notes | string/textarea
hs_call_direction | Direction | enumeration/select
hs_call_status | Status | enumeration/select
hs_call_disposition | Outcome
hs_call_duration | Duration in milliseconds | number
hs_call_from_number | From number | string/phonenumber
hs_call_to_number | To number | string/phonenumber
hs_call_recording_url | Recording
""".lstrip()
)
EMAILS = (
    _ACTIVITY
    + """
hs_email_subject | Subject
hs_email_text | Text | string/textarea
hs_email_html | Body | string/html
hs_email_direction | Direction | enumeration/select
hs_email_status | Status | enumeration/select
hs_email_from_email | From | string | ro
hs_email_to_email | To | string | ro
hs_email_headers | Headers | string/textarea
hs_email_open_count | Opened | number | ro
hs_email_click_count | Clicked | number | ro
hs_email_reply_count | Replied | number | ro
""".lstrip()
)
MEETINGS = (
    _ACTIVITY
    + """
hs_meeting_title | Title
hs_meeting_body | Description | string/textarea
hs_internal_meeting_notes | Internal notes | string/textarea
hs_meeting_location | Location
hs_meeting_external_url | Link
hs_meeting_start_time | Start | datetime
hs_meeting_end_time | End | datetime
hs_meeting_outcome | Outcome | enumeration/select
""".lstrip()
)
COMMUNICATIONS = (
    _ACTIVITY
    + """
hs_communication_channel_type | Channel | enumeration/select
hs_communication_logged_from | Logged from | enumeration/select
hs_communication_body | Body | string/html
""".lstrip()
)
NOTES = _ACTIVITY + "hs_note_body | Note | string/html\n"
TASKS = (
    _ACTIVITY
    + """
hs_task_subject | Title
hs_task_body | Notes | string/textarea
hs_task_status | Status | enumeration/select
hs_task_priority | Priority | enumeration/select
hs_task_type | Type | enumeration/select
hs_task_completion_date | Completed at | datetime | ro
hs_task_is_completed | Is completed | bool | ro
""".lstrip()
)


def _same(*values: str) -> dict[str, str]:
    return {value: value.replace("_", " ").capitalize() for value in values}


_LEAD_STATUSES = next(
    row.options or {} for row in CONTACT_GROUPS["contactinformation"][1] if row.name == "hs_lead_status"
)
#: Options; the stages of deals and leads come from their pipelines.
_CHOICES = {
    "lifecyclestage": DEFAULT_STAGES,
    "hs_lead_status": _LEAD_STATUSES,
    "type": _same("PROSPECT", "PARTNER", "RESELLER", "VENDOR", "OTHER"),
    "dealtype": {"newbusiness": "New business", "existingbusiness": "Existing business"},
    "hs_lead_type": {
        "NEW BUSINESS": "New business",
        "RE_ATTEMPTING": "Re-attempting",
        "UPSELL": "Upsell",
        "RE-ENGAGING": "Re-engaging",
    },
    "hs_lead_label": _same("HOT", "WARM", "COLD"),
    "hs_lead_disqualification_reason": _same(
        "NO_RESPONSE", "NO_BUDGET", "BAD_TIMING", "NOT_A_FIT", "WENT_WITH_COMPETITOR", "OTHER"
    ),
    "hs_call_direction": _same("INBOUND", "OUTBOUND"),
    "hs_call_status": _same(
        "BUSY", "CALLING_CRM_USER", "CANCELED", "COMPLETED", "CONNECTING", "FAILED", "IN_PROGRESS",
        "MISSED", "NO_ANSWER", "QUEUED", "RINGING",
    ),
    "hs_email_direction": _same("EMAIL", "INCOMING_EMAIL", "FORWARDED_EMAIL"),
    "hs_email_status": _same("BOUNCED", "FAILED", "SCHEDULED", "SENDING", "SENT"),
    "hs_meeting_outcome": _same("SCHEDULED", "COMPLETED", "RESCHEDULED", "NO_SHOW", "CANCELED"),
    "hs_communication_channel_type": _same(
        "WHATS_APP", "LINKEDIN_MESSAGE", "SMS", "FACEBOOK_MESSENGER", "CUSTOM_CHANNEL_CONVERSATION"
    ),
    "hs_communication_logged_from": _same("CRM"),
    "hs_task_status": _same("NOT_STARTED", "IN_PROGRESS", "COMPLETED", "WAITING", "DEFERRED"),
    "hs_task_priority": _same("NONE", "LOW", "MEDIUM", "HIGH"),
    "hs_task_type": _same("EMAIL", "CALL", "TODO"),
}  # fmt: skip

Groups = dict[str, tuple[str, list[P]]]


def _one_group(singular: str, text: str) -> Groups:
    return {
        f"{singular}information": (
            f"{singular.capitalize()} information",
            with_options(table(text), _CHOICES),
        )
    }


#: Object type to its groups; a group is its label and its properties.
GROUPS: dict[str, Groups] = {
    "contacts": CONTACT_GROUPS,
    "companies": _one_group("company", COMPANIES),
    "deals": _one_group("deal", DEALS),
    "leads": _one_group("lead", LEADS),
    "calls": _one_group("call", CALLS),
    "emails": _one_group("email", EMAILS),
    "meetings": _one_group("meeting", MEETINGS),
    "notes": _one_group("note", NOTES),
    "tasks": _one_group("task", TASKS),
    "communications": _one_group("communication", COMMUNICATIONS),
}
