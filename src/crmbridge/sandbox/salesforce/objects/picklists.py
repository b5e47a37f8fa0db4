"""Values of the picklists of a new org, as ``Object.Field`` or, for every object, ``Field``.

Values are divided by "|"; the default one begins with "*". Recorded 2022-2026 in orgs of version 52 to 66.
"""

from __future__ import annotations

_INDUSTRIES = (
    "Agriculture|Apparel|Banking|Biotechnology|Chemicals|Communications|Construction|Consulting|"
    "Education|Electronics|Energy|Engineering|Entertainment|Environmental|Finance|Food & Beverage|Government|"
    "Healthcare|Hospitality|Insurance|Machinery|Manufacturing|Media|Not For Profit|Recreation|Retail|"
    "Shipping|Technology|Telecommunications|Transportation|Utilities|Other"
)
_SOURCES = "Web|Phone Inquiry|Partner Referral|Purchased List|Other"
_GEOCODE = "Address|NearAddress|Block|Street|ExtendedZip|Zip|Neighborhood|City|County|State|Unknown"
_FORECAST = "Omitted|Pipeline|BestCase|MostLikely|Forecast|Closed"
_ZONES = (
    "Pacific/Auckland|Australia/Sydney|Asia/Tokyo|Asia/Shanghai|Asia/Kolkata|Asia/Dubai|Europe/Istanbul|"
    "Europe/Berlin|Europe/Paris|Europe/London|*GMT|America/Sao_Paulo|America/New_York|America/Chicago|"
    "America/Denver|America/Los_Angeles|Pacific/Honolulu"
)

PICKLISTS = {
    "Salutation": "Mr.|Ms.|Mrs.|Dr.|Prof.",
    "Lead.Salutation": "Mr.|Ms.|Mrs.|Dr.|Prof.|Mx.",
    **{f"{p}GeocodeAccuracy": _GEOCODE for p in ("", "Mailing", "Other", "Billing", "Shipping")},
    "LeadSource": _SOURCES,
    "AccountSource": _SOURCES,
    "Lead.Status": "*Open - Not Contacted|Working - Contacted|Closed - Converted|Closed - Not Converted",
    "Industry": _INDUSTRIES,
    "Rating": "Hot|Warm|Cold",
    "CleanStatus": "Matched|Different|Acknowledged|NotFound|Inactive|Pending|SelectMatch|Skipped",
    "Account.Type": (
        "Prospect|Customer - Direct|Customer - Channel|Channel Partner / Reseller|Installation Partner|"
        "Technology Partner|Other"
    ),
    "Ownership": "Public|Private|Subsidiary|Other",
    "Opportunity.StageName": (
        "Prospecting|Qualification|Needs Analysis|Value Proposition|Id. Decision Makers|Perception Analysis|"
        "Proposal/Price Quote|Negotiation/Review|Closed Won|Closed Lost"
    ),
    "Opportunity.Type": (
        "Existing Customer - Upgrade|Existing Customer - Replacement|Existing Customer - Downgrade|"
        "New Customer"
    ),
    "ForecastCategory": _FORECAST,
    "ForecastCategoryName": "Omitted|Pipeline|Best Case|Commit|Closed",
    "Role": (
        "Business User|Decision Maker|Economic Buyer|Economic Decision Maker|Evaluator|Executive Sponsor|"
        "Influencer|Technical Buyer|Other"
    ),
    "Event.Subject": "Call|Email|Meeting|Send Letter/Quote|Other",
    "Task.Subject": "Call|Email|Send Letter|Send Quote|Other",
    "ShowAs": "*Busy|OutOfOffice|Free",
    "GroupEventType": "*0|1|2|3",
    "EventSubtype": "Event",
    "TaskSubtype": "*Task|Email|ListEmail|Cadence|Call",
    "Task.Status": "*Not Started|In Progress|Completed|Waiting on someone else|Deferred",
    "Task.Priority": "High|*Normal|Low",
    "CallType": "Internal|Inbound|Outbound",
    "RecurrenceType": (
        "RecursDaily|RecursEveryWeekday|RecursMonthly|RecursMonthlyNth|RecursWeekly|RecursYearly|RecursYearlyNth"
    ),
    "RecurrenceInstance": "First|Second|Third|Fourth|Last",
    "RecurrenceMonthOfYear": (
        "January|February|March|April|May|June|July|August|September|October|November|December"
    ),
    "RecurrenceRegeneratedType": (
        "RecurrenceRegenerateAfterDueDate|RecurrenceRegenerateAfterToday|RecurrenceRegenerated"
    ),
    "RecurrenceTimeZoneSidKey": _ZONES.replace("*", ""),
    "TimeZoneSidKey": _ZONES,
    "Recurrence2PatternVersion": "1|2",
    "Campaign.Type": (
        "Conference|Webinar|Trade Show|Public Relations|Partners|Referral Program|Advertisement|Banner Ads|"
        "Direct Mail|Email|Telemarketing|Other"
    ),
    "Campaign.Status": "*Planned|In Progress|Completed|Aborted",
    "CampaignMember.Status": "*Sent|Responded",
    "UserType": "*Standard|PowerPartner|CSPLitePortal|CustomerSuccess|PowerCustomerSuccess|CsnOnly|Guest",
    "LocaleSidKey": "*en_US|en_GB|de_DE|fr_FR|es_ES|it_IT|ja_JP",
    "LanguageLocaleKey": "*en_US|de|es|fr|it|ja|nl_NL|pt_BR",
    "EmailEncodingKey": "*UTF-8|ISO-8859-1|Shift_JIS",
    "Group.Type": "Regular|Role|RoleAndSubordinates|Organization|Queue|Territory|TerritoryAndSubordinates",
    "QueueSobject.SobjectType": "Lead|Task|Case",
    "RecordType.SobjectType": "Account|Campaign|Contact|Event|Lead|Opportunity|Task",
    "CurrencyIsoCode": "*USD|EUR|GBP",
    "IsoCode": "USD|EUR|GBP",
    "Language": "*en_US|de|es|fr|it|ja|nl_NL|pt_BR",
    "Territory2Model.State": "*Planning|Active|Archived",
    "AccountAccessLevel": "*Read|Edit|All",
    "OpportunityAccessLevel": "*None|Read|Edit",
    "CaseAccessLevel": "*None|Read|Edit",
    "ContactAccessLevel": "*None|Read|Edit",
    "RoleInTerritory2": "Account Manager|Sales Engineer",
    "AssociationCause": "*Territory2Manual|Territory2AssignmentRule",
    "ObjectTerritory2Association.SobjectType": "Account|Lead",
    "OrganizationType": "*Developer Edition|Enterprise Edition|Professional Edition|Unlimited Edition",
}
