"""The properties of contacts that matter to a lead process, in our own words.

Names, types and which are read-only: as seen in portals (checked 2026-11-21); labels are ours.
"""

from __future__ import annotations

from crmbridge.sandbox.hubspot import stage_dates
from crmbridge.sandbox.hubspot.definitions import P, table, with_options
from crmbridge.sandbox.hubspot.lifecycle import DEFAULT_STAGES

_CHOICES = {
    "lifecyclestage": DEFAULT_STAGES,
    "hs_lead_status": {
        "NEW": "New",
        "OPEN": "Open",
        "IN_PROGRESS": "In progress",
        "OPEN_DEAL": "Open deal",
        "UNQUALIFIED": "Unqualified",
        "ATTEMPTED_TO_CONTACT": "Attempted to contact",
        "CONNECTED": "Connected",
        "BAD_TIMING": "Bad timing",
    },
    "hs_analytics_source": {
        "ORGANIC_SEARCH": "Organic search",
        "PAID_SEARCH": "Paid search",
        "EMAIL_MARKETING": "E-mail marketing",
        "SOCIAL_MEDIA": "Organic social",
        "REFERRALS": "Referrals",
        "OTHER_CAMPAIGNS": "Other campaigns",
        "DIRECT_TRAFFIC": "Direct traffic",
        "OFFLINE": "Offline sources",
        "PAID_SOCIAL": "Paid social",
        "AI_REFERRALS": "AI referrals",
    },
    "hs_persona": {"persona_1": "Persona 1", "persona_2": "Persona 2"},
    "hs_buying_role": {
        "BLOCKER": "Blocker",
        "BUDGET_HOLDER": "Budget holder",
        "CHAMPION": "Champion",
        "DECISION_MAKER": "Decision maker",
        "END_USER": "End user",
        "EXECUTIVE_SPONSOR": "Executive sponsor",
        "INFLUENCER": "Influencer",
        "OTHER": "Other",
    },
    "hs_legal_basis": {
        "Legitimate interest – prospect/lead": "Legitimate interest: prospect",
        "Freely given consent from contact": "Consent",
        "Not applicable": "Not applicable",
    },
    "hs_marketable_status": {"true": "Marketing contact", "false": "Non-marketing contact"},
    "hs_pipeline": {"contacts-lifecycle-pipeline": "Lifecycle stage pipeline"},
    "hs_seniority": {"executive": "Executive", "director": "Director", "manager": "Manager"},
    "hs_last_sales_activity_type": {
        "CALL": "Call", "COMMUNICATION": "Message", "EMAIL": "E-mail", "MEETING": "Meeting", "NOTE": "Note",
        "TASK": "Task",
    },
}  # fmt: skip

_PERSON = table("""
email | E-mail | string/text | unique
firstname | First name
lastname | Last name
salutation | Salutation
phone | Phone number | string/phonenumber
mobilephone | Mobile phone number | string/phonenumber
fax | Fax number | string/phonenumber
hs_additional_emails | Additional e-mail addresses | enumeration/checkbox | unique external
work_email | Work e-mail
jobtitle | Job title
job_function | Job function
hs_seniority | Seniority | enumeration/select
hs_buying_role | Buying role | enumeration/checkbox
hs_persona | Persona | enumeration/radio
company | Company name
website | Website
industry | Industry
numemployees | Number of employees
annualrevenue | Annual revenue
company_size | Company size
address | Street address
city | City
state | State or region
zip | Postal code
country | Country or region
hs_country_region_code | Country code
hs_state_code | State code
hs_language | Preferred language
hs_timezone | Time zone
hs_linkedin_url | LinkedIn address
message | Message | string/textarea
date_of_birth | Date of birth
gender | Gender
""")
_STATE = table("""
lifecyclestage | Lifecycle stage | enumeration/radio
hs_lead_status | Lead status | enumeration/radio
hs_pipeline | Pipeline | enumeration/select | external
hubspot_owner_id | Contact owner | enumeration/select | owner
hubspot_owner_assigneddate | Owner assigned at | datetime | ro
hubspot_team_id | Team of the owner | string | ro
hubspotscore | HubSpot score | number/calculation_score | ro
hs_predictivecontactscore_v2 | Likelihood to close | number | ro
hs_v2_date_entered_current_stage | Entered the current stage | datetime | ro
hs_is_unworked | Not worked yet | bool | ro
hs_contact_enrichment_opt_out | Enrichment opt out | bool | ro
associatedcompanyid | Primary company | number | company
closedate | Became a customer at | datetime
hs_latest_open_lead_date | Latest open lead | datetime | ro
hs_latest_qualified_lead_date | Latest qualified lead | datetime | ro
hs_latest_disqualified_lead_date | Latest disqualified lead | datetime | ro
num_associated_deals | Associated deals | number | ro
first_deal_created_date | First deal created at | datetime | ro
recent_deal_amount | Recent deal amount | number | ro
recent_deal_close_date | Recent deal closed at | datetime | ro
total_revenue | Total revenue | number | ro
""")
_CONSENT = table("""
hs_email_optout | Unsubscribed from all e-mail | enumeration/booleancheckbox
hs_email_optout_survey_reason | Reason for unsubscribing | string | ro
hs_email_is_ineligible | Not eligible for e-mail | bool | ro
hs_email_bad_address | Invalid e-mail address | bool | ro
hs_email_quarantined | E-mail address quarantined | bool | ro
hs_email_hard_bounce_reason_enum | Reason of the hard bounce | string | ro
hs_legal_basis | Legal basis for processing | enumeration/checkbox
hs_marketable_status | Marketing contact status | enumeration/select | ro
""")
_WEB = table("""
hs_analytics_source | Original traffic source | enumeration/select | ro
hs_analytics_source_data_1 | Original source drill-down 1 | string | ro
hs_analytics_source_data_2 | Original source drill-down 2 | string | ro
hs_latest_source | Latest traffic source | string | ro
hs_latest_source_timestamp | Latest traffic source at | datetime | ro
hs_analytics_first_timestamp | First seen | datetime | ro
hs_analytics_last_timestamp | Last seen | datetime | ro
hs_analytics_last_visit_timestamp | Last session at | datetime | ro
hs_analytics_first_url | First page seen | string | ro
hs_analytics_last_url | Last page seen | string | ro
hs_analytics_num_page_views | Page views | number | ro
hs_analytics_num_visits | Sessions | number | ro
hs_analytics_num_event_completions | Event completions | number | ro
hs_analytics_average_page_views | Average page views | number | ro
hs_analytics_first_touch_converting_campaign | First converting campaign | string | ro
hs_analytics_last_touch_converting_campaign | Last converting campaign | string | ro
first_conversion_date | First conversion at | datetime | ro
first_conversion_event_name | First conversion | string | ro
recent_conversion_date | Recent conversion at | datetime | ro
recent_conversion_event_name | Recent conversion | string | ro
num_conversion_events | Form submissions | number | ro
num_unique_conversion_events | Unique forms submitted | number | ro
ip_country | Country by address of the visit
ip_country_code | Country code by address of the visit
ip_state | State by address of the visit
ip_city | City by address of the visit
""")
_EMAIL = table("""
hs_email_delivered | Marketing e-mails delivered | number | ro
hs_email_open | Marketing e-mails opened | number | ro
hs_email_click | Marketing e-mails clicked | number | ro
hs_email_replied | Marketing e-mails replied | number | ro
hs_email_bounce | Marketing e-mails bounced | number | ro
hs_email_first_send_date | First marketing e-mail sent at | datetime | ro
hs_email_first_open_date | First marketing e-mail opened at | datetime | ro
hs_email_first_click_date | First marketing e-mail clicked at | datetime | ro
hs_email_first_reply_date | First marketing e-mail reply at | datetime | ro
hs_email_last_send_date | Last marketing e-mail sent at | datetime | ro
hs_email_last_open_date | Last marketing e-mail opened at | datetime | ro
hs_email_last_click_date | Last marketing e-mail clicked at | datetime | ro
hs_email_last_reply_date | Last marketing e-mail reply at | datetime | ro
hs_email_last_email_name | Last marketing e-mail | string | ro
hs_email_sends_since_last_engagement | Sent since last engagement | number | ro
hs_sales_email_last_opened | Last sales e-mail opened at | datetime | ro
hs_sales_email_last_clicked | Last sales e-mail clicked at | datetime | ro
hs_sales_email_last_replied | Last sales e-mail replied at | datetime
""")
_SALES = table("""
num_notes | Sales activities | number | ro
num_contacted_notes | Times contacted | number | ro
notes_last_contacted | Last contacted | datetime | ro
notes_last_updated | Last activity | datetime | ro
notes_next_activity_date | Next activity | datetime | ro
hs_last_sales_activity_date | Last engagement | datetime | ro
hs_last_sales_activity_timestamp | Last engagement at | datetime | ro
hs_last_sales_activity_type | Last engagement type | enumeration/select | ro
hs_sa_first_engagement_date | First engagement | datetime | ro
hs_sa_first_engagement_object_type | First engagement type | string | ro
hs_time_to_first_engagement | Time to first engagement | number | ro
hs_first_outreach_date | First outreach | datetime | ro
hs_lead_response_time | Lead response time | number | ro
hs_latest_meeting_activity | Latest meeting activity | datetime
engagements_last_meeting_booked | Last meeting booked in the tool | datetime
""")
_SYSTEM = table("""
hs_object_id | Record id | number | ro
createdate | Created at | datetime | ro
lastmodifieddate | Modified at | datetime | ro
hs_lastmodifieddate | Object modified at | datetime | ro hidden
hs_createdate | Object created at | datetime | ro hidden
hs_object_source | Record source | string | ro hidden
hs_object_source_id | Record source id | string | ro hidden
hs_object_source_label | Record source label | string | ro
hs_unique_creation_key | Unique creation key | string | unique ro hidden
hs_all_contact_vids | All ids of this contact | enumeration/checkbox | ro hidden external
hs_merged_object_ids | Merged record ids | enumeration/checkbox | ro hidden external
hs_calculated_merged_vids | Merged ids with times | string | ro hidden
hs_is_contact | Is a contact | bool | ro hidden
hs_email_domain | E-mail domain | string | ro
hs_full_name_or_email | Full name or e-mail | string | ro
hs_was_imported | Was imported | bool | ro
hs_associated_target_accounts | Associated target accounts | number/calculation_rollup | ro hidden
hs_currently_enrolled_in_prospecting_agent | Enrolled in prospecting agent | bool | ro hidden
hs_prospecting_agent_actively_enrolled_count | Active prospecting agents | number | ro hidden
hs_prospecting_agent_total_enrolled_count | Prospecting agents in all | number | ro hidden
hs_membership_has_accessed_private_content | Accessed private content | number | ro hidden
hs_registered_member | Registered member | number | ro hidden
hs_sequences_actively_enrolled_count | Active sequences | number | ro hidden
""")
#: What every new contact has (recorded answer, checked 2026-11-21).
NEW_CONTACT = {
    "hs_is_contact": "true",
    "num_notes": "0",
    "hs_associated_target_accounts": "0",
    "hs_currently_enrolled_in_prospecting_agent": "false",
    "hs_prospecting_agent_actively_enrolled_count": "0",
    "hs_prospecting_agent_total_enrolled_count": "0",
    "hs_membership_has_accessed_private_content": "0",
    "hs_registered_member": "0",
    "hs_sequences_actively_enrolled_count": "0",
}

#: Group name to its label and properties.
CONTACT_GROUPS: dict[str, tuple[str, list[P]]] = {
    "contactinformation": ("Contact information", with_options([*_PERSON, *_STATE, *_SYSTEM], _CHOICES)),
    # `Portal.follow_stages` fills it: which generations exist is a switch.
    stage_dates.GROUP: ("Lifecycle stage properties", []),
    "contact_consent": ("Consent", with_options(_CONSENT, _CHOICES)),
    "analyticsinformation": ("Web analytics history", with_options(_WEB, _CHOICES)),
    "emailinformation": ("E-mail information", _EMAIL),
    "sales_properties": ("Sales properties", with_options(_SALES, _CHOICES)),
}
