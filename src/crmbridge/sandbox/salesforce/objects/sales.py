"""Opportunities, who takes part in them, and their history."""

from __future__ import annotations

OPPORTUNITY = """
+id | Opportunity ID
+deleted
AccountId                 reference       ncu  ->Account child=Opportunities | Account ID
IsPrivate                 boolean         cud +fls | Private
Name                      string(120)     cu   idLookup | Name
Description               textarea(32000) ncu | Description
StageName                 picklist(255)   cu | Stage
Amount                    currency(18,2)  ncu | Amount
Probability               percent(3,0)    ncud | Probability (%)
ExpectedRevenue           currency(18,2)  n +fls | Expected Amount
TotalOpportunityQuantity  double(18,2)    ncu | Quantity
CloseDate                 date            cu | Close Date
Type                      picklist(255)   ncu | Opportunity Type
NextStep                  string(255)     ncu | Next Step
LeadSource                picklist(255)   ncu | Lead Source
IsClosed                  boolean         d | Closed
IsWon                     boolean         d | Won
ForecastCategory          picklist(40)    -    restricted | Forecast Category
ForecastCategoryName      picklist(255)   ncud restricted -fls | Forecast Category
CampaignId                reference       ncu  ->Campaign child=Opportunities | Campaign ID
HasOpportunityLineItem    boolean         d | Has Line Item
Pricebook2Id              reference       ncud ->Pricebook2 -fls | Price Book ID
OwnerId                   reference       cud  ->User | Owner ID
+audit
LastActivityDate          date            n | Last Activity
LastStageChangeDate       datetime        n | Last Stage Change Date
FiscalQuarter             int             n    in=Fiscal | Fiscal Quarter
FiscalYear                int             n    in=Fiscal | Fiscal Year
Fiscal                    string(6)       n | Fiscal Period
ContactId                 reference       nc   ->Contact rel= child=Opportunities -fls | Contact ID
LastViewedDate            datetime        n | Last Viewed Date
LastReferencedDate        datetime        n | Last Referenced Date
HasOpenActivity           boolean         d    -filter -sort | Has Open Activity
HasOverdueTask            boolean         d    -filter -sort | Has Overdue Task
LastAmountChangedHistoryId reference       n    ->OpportunityHistory | Opportunity History ID
LastCloseDateChangedHistoryId reference       n    ->OpportunityHistory | Opportunity History ID
+currency
+recordtype
Territory2Id              reference       ncu  ->Territory2 if=territories | Territory ID
"""

CONTACT_ROLE = """
+id | Contact Role ID
OpportunityId             reference       c    ->Opportunity child=OpportunityContactRoles | Opportunity ID
ContactId                 reference       cu   ->Contact child=OpportunityContactRoles | Contact ID
Role                      picklist(40)    ncu -fls | Role
IsPrimary                 boolean         cud | Primary
+audit
+deleted
"""

OPPORTUNITY_HISTORY = """
+id | History ID
OpportunityId    reference      -  ->Opportunity child=OpportunityHistories | Opportunity ID
CreatedById      reference      d  ->User | Created By ID
CreatedDate      datetime       d | Created Date
StageName        picklist(255)  - | Stage Name
Amount           currency(18,2) n | Amount
ExpectedRevenue  currency(18,2) n | Expected Revenue
CloseDate        date           n | Close Date
Probability      percent(3,0)   n | Probability (%)
ForecastCategory picklist(40)   -  restricted | To ForecastCategory
SystemModstamp   datetime       d | System Modstamp
+deleted
"""

OPPORTUNITY_STAGE = """
+id | Opportunity Stage ID
MasterLabel          string(255)  n | Master Label
ApiName              string(255)  - | API Name
IsActive             boolean      d | Active
SortOrder            int          n | Order
IsClosed             boolean      d | Closed
IsWon                boolean      d | Won
ForecastCategory     picklist(40) -  restricted | Forecast Category
ForecastCategoryName picklist(40) -  restricted | Forecast Category Name
DefaultProbability   percent(3,0) n | Probability (%)
Description          string(255)  n | Description
+audit
"""
