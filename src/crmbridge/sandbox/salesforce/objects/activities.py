"""Tasks and events, and the tables that say which task statuses are closed."""

from __future__ import annotations

EVENT = """
+id | Activity ID
WhoId                     reference       ncu  ->Contact,Lead child=Events names | Name ID
WhatId                    reference       ncu  ->@WHAT child=Events names | Related To ID
Subject                   combobox(255)   ncu  -group -fls | Subject
Location                  string(255)     ncu | Location
IsAllDayEvent             boolean         cud +fls | All-Day Event
ActivityDateTime          datetime        ncu -fls | Due Date Time
ActivityDate              date            ncu  -agg -fls | Due Date Only
DurationInMinutes         int             ncu -fls | Duration
StartDateTime             datetime        ncu -fls | Start Date Time
EndDateTime               datetime        ncu -fls | End Date Time
EndDate                   date            n | End Date
Description               textarea(32000) ncu | Description
AccountId                 reference       n    ->Account | Account ID
OwnerId                   reference       cud  ->Calendar,User names | Assigned To ID
IsPrivate                 boolean         cud | Private
ShowAs                    picklist(40)    ncud restricted -fls | Show Time As
+deleted
IsChild                   boolean         d | Is Child
IsGroupEvent              boolean         d | Is Group Event
GroupEventType            picklist(40)    nd   restricted | Group Event Type
+audit
IsArchived                boolean         d | Archived
RecurrenceActivityId      reference       n    ->Event rel= | Recurrence Activity ID
IsRecurrence              boolean         cd | Create Recurring Series of Events
RecurrenceStartDateTime   datetime        ncu -fls | Recurrence Start
RecurrenceEndDateOnly     date            ncu -fls | Recurrence End
RecurrenceTimeZoneSidKey  picklist(40)    ncu  restricted -fls | Recurrence Time Zone
RecurrenceType            picklist(40)    ncu  restricted -fls | Recurrence Type
RecurrenceInterval        int(9)          ncu -fls | Recurrence Interval
RecurrenceDayOfWeekMask   int(9)          ncu -fls | Recurrence Day of Week Mask
RecurrenceDayOfMonth      int(9)          ncu -fls | Recurrence Day of Month
RecurrenceInstance        picklist(40)    ncu  restricted -fls | Recurrence Instance
RecurrenceMonthOfYear     picklist(40)    ncu  restricted -fls | Recurrence Month of Year
ReminderDateTime          datetime        ncu -fls | Reminder Date/Time
IsReminderSet             boolean         cud | Reminder Set
EventSubtype              picklist(40)    nc   restricted -fls | Event Subtype
IsRecurrence2Exclusion    boolean         d | Historical Event, Not Following Recurrence
Recurrence2PatternText    textarea(512)   nc -fls | Recurrence Pattern
Recurrence2PatternVersion picklist(40)    n    restricted | Pattern Version
IsRecurrence2             boolean         d | Repeat
IsRecurrence2Exception    boolean         d | Is Exception
Recurrence2PatternStartDate datetime        n | Recurrence Pattern Start Date
Recurrence2PatternTimeZone string(255)     n | Recurrence Pattern Time Zone Reference
+currency
+recordtype
"""

TASK = """
+id | Activity ID
WhoId                     reference       ncu  ->Contact,Lead child=Tasks names | Name ID
WhatId                    reference       ncu  ->@WHAT child=Tasks names | Related To ID
Subject                   combobox(255)   ncu  -group | Subject
ActivityDate              date            ncu | Due Date Only
Status                    picklist(255)   cud | Status
Priority                  picklist(255)   cud | Priority
IsHighPriority            boolean         d | High Priority
OwnerId                   reference       cud  ->Group,User names | Assigned To ID
Description               textarea(32000) ncu | Description
+deleted
AccountId                 reference       n    ->Account | Account ID
IsClosed                  boolean         d | Closed
+audit
IsArchived                boolean         d | Archived
CallDurationInSeconds     int             ncu | Call Duration
CallType                  picklist(40)    ncu  restricted | Call Type
CallDisposition           string(255)     ncu | Call Result
CallObject                string(255)     ncu | Call Object Identifier
ReminderDateTime          datetime        ncu | Reminder Date/Time
IsReminderSet             boolean         cud | Reminder Set
RecurrenceActivityId      reference       n    ->Task rel= | Recurrence Activity ID
IsRecurrence              boolean         cd | Create Recurring Series of Tasks
RecurrenceStartDateOnly   date            ncu | Recurrence Start
RecurrenceEndDateOnly     date            ncu | Recurrence End
RecurrenceTimeZoneSidKey  picklist(40)    ncu  restricted | Recurrence Time Zone
RecurrenceType            picklist(40)    ncu  restricted | Recurrence Type
RecurrenceInterval        int(9)          ncu | Recurrence Interval
RecurrenceDayOfWeekMask   int(9)          ncu | Recurrence Day of Week Mask
RecurrenceDayOfMonth      int(9)          ncu | Recurrence Day of Month
RecurrenceInstance        picklist(40)    ncu  restricted | Recurrence Instance
RecurrenceMonthOfYear     picklist(40)    ncu  restricted | Recurrence Month of Year
RecurrenceRegeneratedType picklist(40)    ncu  restricted | Repeat This Task
TaskSubtype               picklist(40)    nc   restricted | Task Subtype
CompletedDateTime         datetime        n | Completed Date
+currency
+recordtype
"""

TASK_STATUS = """
+id | Task Status Value ID
MasterLabel string(255) n | Master Label
ApiName     string(255) - | API Name
SortOrder   int         n | Order
IsDefault   boolean     d | Is Default
IsClosed    boolean     d | Closed
+audit
"""

#: What an activity may be about (v59). Few of these objects exist here; describe names them all the same.
WHAT = (
    "Account,ApptBundleAggrDurDnscale,ApptBundleAggrPolicy,ApptBundleConfig,ApptBundlePolicy,"
    "ApptBundlePolicySvcTerr,ApptBundlePropagatePolicy,ApptBundleRestrictPolicy,ApptBundleSortPolicy,"
    "Asset,AssetRelationship,AssetWarranty,AssignedResource,AttributeDefinition,AttributePicklist,"
    "AttributePicklistValue,Campaign,Case,ChannelProgram,ChannelProgramLevel,"
    "CommSubscriptionConsent,ContactRequest,Contract,ContractLineItem,CreditMemo,DelegatedAccount,"
    "Entitlement,Expense,ExpenseReport,ExpenseReportEntry,Image,Invoice,LegalEntity,ListEmail,"
    "Location,MaintenanceAsset,MaintenancePlan,OperatingHoursHoliday,Opportunity,Order,"
    "PartnerFundAllocation,PartnerFundClaim,PartnerFundRequest,PartnerMarketingBudget,PartyConsent,"
    "ProcessException,Product2,ProductConsumed,ProductItem,ProductRequest,ProductRequestLineItem,"
    "ProductServiceCampaign,ProductServiceCampaignItem,ProductTransfer,ResourceAbsence,ReturnOrder,"
    "ReturnOrderLineItem,ServiceAppointment,ServiceContract,ServiceCrew,ServiceCrewMember,"
    "ServiceResource,Shift,ShiftPattern,ShiftPatternEntry,Shipment,ShipmentItem,Solution,"
    "TimeSheet,TimeSheetEntry,TravelMode,WarrantyTerm,WorkOrder,WorkOrderLineItem,WorkPlan,"
    "WorkPlanSelectionRule,WorkPlanTemplate,WorkPlanTemplateEntry,WorkStep,WorkStepTemplate"
)
