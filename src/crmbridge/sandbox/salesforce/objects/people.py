"""Leads, contacts and accounts: the people and companies."""

from __future__ import annotations

LEAD = """
+id | Lead ID
+deleted
MasterRecordId            reference       n    ->Lead | Master Record ID
LastName                  string(80)      cu   in=Name | Last Name
FirstName                 string(40)      ncu  in=Name | First Name
Salutation                picklist(40)    ncu  in=Name | Salutation
Name                      string(121)     - | Full Name
Title                     string(128)     ncu | Title
Company                   string(255)     cu | Company
+address
Phone                     phone(40)       ncu | Phone
MobilePhone               phone(40)       ncu | Mobile Phone
Fax                       phone(40)       ncu | Fax
Email                     email(80)       ncu  idLookup | Email
Website                   url(255)        ncu | Website
PhotoUrl                  url(255)        n | Photo URL
Description               textarea(32000) ncu | Description
LeadSource                picklist(255)   ncu | Lead Source
Status                    picklist(255)   cud | Status
Industry                  picklist(255)   ncu | Industry
Rating                    picklist(255)   ncu | Rating
AnnualRevenue             currency(18,0)  ncu | Annual Revenue
NumberOfEmployees         int             ncu | Employees
OwnerId                   reference       cud  ->Group,User names | Owner ID
IsConverted               boolean         cd | Converted
ConvertedDate             date            n | Converted Date
ConvertedAccountId        reference       n    ->Account | Converted Account ID
ConvertedContactId        reference       n    ->Contact | Converted Contact ID
ConvertedOpportunityId    reference       n    ->Opportunity | Converted Opportunity ID
IsUnreadByOwner           boolean         cud | Unread By Owner
+audit
LastActivityDate          date            n | Last Activity
LastViewedDate            datetime        n | Last Viewed Date
LastReferencedDate        datetime        n | Last Referenced Date
Jigsaw                    string(20)      ncu | Data.com Key
JigsawContactId           string(20)      n    rel=JigsawContact | Jigsaw Contact ID
CleanStatus               picklist(40)    ncu  restricted | Clean Status
CompanyDunsNumber         string(9)       ncu | Company D-U-N-S Number
DandbCompanyId            reference       ncu  ->DandBCompany | D&B Company ID
EmailBouncedReason        string(255)     nu -fls | Email Bounced Reason
EmailBouncedDate          datetime        nu -fls | Email Bounced Date
IndividualId              reference       ncu  ->Individual -fls | Individual ID
DoNotCall                 boolean         cud | Do Not Call
HasOptedOutOfEmail        boolean         cud | Email Opt Out
HasOptedOutOfFax          boolean         cud | Fax Opt Out
+currency
+recordtype
"""

CONTACT = """
+id | Contact ID
+deleted
MasterRecordId            reference       n    ->Contact | Master Record ID
AccountId                 reference       ncu  ->Account child=Contacts | Account ID
LastName                  string(80)      cu   in=Name | Last Name
FirstName                 string(40)      ncu  in=Name | First Name
Salutation                picklist(40)    ncu  in=Name | Salutation
Name                      string(121)     - | Full Name
+address Other
+address Mailing
Phone                     phone(40)       ncu | Business Phone
Fax                       phone(40)       ncu | Business Fax
MobilePhone               phone(40)       ncu | Mobile Phone
HomePhone                 phone(40)       ncu | Home Phone
OtherPhone                phone(40)       ncu | Other Phone
AssistantPhone            phone(40)       ncu | Asst. Phone
ReportsToId               reference       ncu  ->Contact | Reports To ID
Email                     email(80)       ncu  idLookup | Email
Title                     string(128)     ncu | Title
Department                string(80)      ncu | Department
AssistantName             string(40)      ncu | Assistant's Name
LeadSource                picklist(255)   ncu | Lead Source
Birthdate                 date            ncu | Birthdate
Description               textarea(32000) ncu | Contact Description
OwnerId                   reference       cud  ->User | Owner ID
+audit
LastActivityDate          date            n | Last Activity
LastCURequestDate         datetime        n | Last Stay-in-Touch Request Date
LastCUUpdateDate          datetime        n | Last Stay-in-Touch Save Date
LastViewedDate            datetime        n | Last Viewed Date
LastReferencedDate        datetime        n | Last Referenced Date
EmailBouncedReason        string(255)     ncu -fls | Email Bounced Reason
EmailBouncedDate          datetime        ncu -fls | Email Bounced Date
IsEmailBounced            boolean         d | Is Email Bounced
PhotoUrl                  url(255)        n | Photo URL
Jigsaw                    string(20)      ncu | Data.com Key
JigsawContactId           string(20)      n    rel=JigsawContact | Jigsaw Contact ID
CleanStatus               picklist(40)    ncu  restricted | Clean Status
IndividualId              reference       ncu  ->Individual -fls | Individual ID
DoNotCall                 boolean         cud | Do Not Call
HasOptedOutOfEmail        boolean         cud | Email Opt Out
HasOptedOutOfFax          boolean         cud | Fax Opt Out
+currency
+recordtype
"""

ACCOUNT = """
+id | Account ID
+deleted
MasterRecordId            reference       n    ->Account | Master Record ID
Name                      string(255)     cu | Account Name
Type                      picklist(40)    ncu | Account Type
RecordTypeId              reference       ncu  ->RecordType -fls | Record Type ID
ParentId                  reference       ncu  ->Account child=ChildAccounts | Parent Account ID
+address Billing
+address Shipping
Phone                     phone(40)       ncu | Account Phone
Fax                       phone(40)       ncu | Account Fax
AccountNumber             string(40)      ncu | Account Number
Website                   url(255)        ncu | Website
PhotoUrl                  url(255)        n | Photo URL
Sic                       string(20)      ncu | SIC Code
Industry                  picklist(40)    ncu | Industry
AnnualRevenue             currency(18,0)  ncu | Annual Revenue
NumberOfEmployees         int             ncu | Employees
Ownership                 picklist(40)    ncu | Ownership
TickerSymbol              string(20)      ncu | Ticker Symbol
Description               textarea(32000) ncu | Account Description
Rating                    picklist(40)    ncu | Account Rating
Site                      string(80)      ncu | Account Site
OwnerId                   reference       cud  ->User | Owner ID
+audit
LastActivityDate          date            n | Last Activity
LastViewedDate            datetime        n | Last Viewed Date
LastReferencedDate        datetime        n | Last Referenced Date
IsPartner                 boolean         ud | Partner Account
IsCustomerPortal          boolean         ud | Customer Portal Account
ChannelProgramName        string(255)     n    -filter -sort | Channel Program Name
ChannelProgramLevelName   string(255)     n    -filter -sort | Channel Program Level Name
Jigsaw                    string(20)      ncu | Data.com Key
JigsawCompanyId           string(20)      n    rel=JigsawCompany | Jigsaw Company ID
CleanStatus               picklist(40)    ncu  restricted | Clean Status
AccountSource             picklist(40)    ncu | Account Source
DunsNumber                string(9)       ncu | D-U-N-S Number
Tradestyle                string(255)     ncu | Tradestyle
NaicsCode                 string(8)       ncu | NAICS Code
NaicsDesc                 string(120)     ncu | NAICS Description
YearStarted               string(4)       ncu | Year Started
SicDesc                   string(80)      ncu | SIC Description
DandbCompanyId            reference       ncu  ->DandBCompany | D&B Company ID
OperatingHoursId          reference       ncu  ->OperatingHours | Operating Hour ID
+currency
"""
