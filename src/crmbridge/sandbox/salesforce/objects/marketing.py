"""Campaigns and their members."""

from __future__ import annotations

CAMPAIGN = """
+id | Campaign ID
+deleted
Name                     string(80)      cu | Name
ParentId                 reference       ncu  ->Campaign child=ChildCampaigns | Parent Campaign ID
Type                     picklist(40)    ncu | Type
Status                   picklist(40)    ncud | Status
StartDate                date            ncu | Start Date
EndDate                  date            ncu | End Date
ExpectedRevenue          currency(18,0)  ncu | Expected Revenue in Campaign
BudgetedCost             currency(18,0)  ncu | Budgeted Cost in Campaign
ActualCost               currency(18,0)  ncu | Actual Cost in Campaign
ExpectedResponse         percent(10,2)   ncud | Expected Response (%)
NumberSent               double(18,0)    ncud | Num Sent in Campaign
IsActive                 boolean         cud | Active
Description              textarea(32000) ncu | Description
NumberOfLeads            int             d | Leads in Campaign
NumberOfConvertedLeads   int             d | Converted Leads in Campaign
NumberOfContacts         int             d | Contacts in Campaign
NumberOfResponses        int             d | Responses in Campaign
NumberOfOpportunities    int             d | Opportunities in Campaign
NumberOfWonOpportunities int             d | Won Opportunities in Campaign
AmountAllOpportunities   currency(18,0)  d | Value Opportunities in Campaign
AmountWonOpportunities   currency(18,0)  d | Value Won Opportunities in Campaign
OwnerId                  reference       cud  ->User | Owner ID
+audit
LastActivityDate         date            n | Last Activity
LastViewedDate           datetime        n | Last Viewed Date
LastReferencedDate       datetime        n | Last Referenced Date
CampaignMemberRecordTypeId reference     ncu  ->RecordType | Record Type ID
+currency
+recordtype
"""

CAMPAIGN_MEMBER = """
+id | Campaign Member ID
+deleted
CampaignId           reference       c    ->Campaign child=CampaignMembers | Campaign ID
LeadId               reference       nc   ->Lead child=CampaignMembers | Lead ID
ContactId            reference       nc   ->Contact child=CampaignMembers | Contact ID
Status               picklist(40)    ncud | Status
HasResponded         boolean         d | Responded
+audit
FirstRespondedDate   date            n | First Responded Date
Salutation           picklist(40)    n | Salutation
Name                 string(255)     n | Name
FirstName            string(40)      n | First Name
LastName             string(80)      n | Last Name
Title                string(128)     n | Title
Email                email(80)       n | Email
Phone                phone(40)       n | Phone
City                 string(40)      n | City
State                string(80)      n | State/Province
Country              string(80)      n | Country
LeadSource           picklist(255)   n | Lead Source
CompanyOrAccount     string(255)     n | Company (Account)
Type                 string(40)      n | Type
LeadOrContactId      reference       n    ->Contact,Lead rel= | Related Record ID
LeadOrContactOwnerId reference       n    ->Group,User names | Related Record Owner ID
DoNotCall            boolean         d | Do Not Call
HasOptedOutOfEmail   boolean         d | Email Opt Out
+currency
"""

MEMBER_STATUS = """
+id | Campaign Member Status ID
+deleted
CampaignId   reference  c    ->Campaign child=CampaignMemberStatuses rel= | Campaign ID
Label        string(765) cu | Label
SortOrder    int        ncu | Sort Order
IsDefault    boolean    cud | Default
HasResponded boolean    cud | Responded
+audit
"""
