"""Users, queues and the organisation."""

from __future__ import annotations

USER = """
+id | User ID
Username             string(80)    cu   idLookup unique | Username
LastName             string(80)    cu   in=Name | Last Name
FirstName            string(40)    ncu  in=Name | First Name
Name                 string(121)   - | Full Name
CompanyName          string(80)    ncu | Company Name
Division             string(80)    ncu | Division
Department           string(80)    ncu | Department
Title                string(80)    ncu | Title
+address
Email                email(128)    cu   idLookup | Email
Phone                phone(40)     ncu | Phone
Fax                  phone(40)     ncu | Fax
MobilePhone          phone(40)     ncu | Mobile
Alias                string(8)     cu | Alias
CommunityNickname    string(40)    cud  unique | Nickname
IsActive             boolean       cud | Active
TimeZoneSidKey       picklist(40)  cud  restricted | Time Zone
UserRoleId           reference     ncu  ->UserRole | Role ID
LocaleSidKey         picklist(40)  cud  restricted | Locale
EmailEncodingKey     picklist(40)  cud  restricted | Email Encoding
ProfileId            reference     cud  ->Profile | Profile ID
UserType             picklist(40)  n    restricted | User Type
LanguageLocaleKey    picklist(40)  cud  restricted | Language
EmployeeNumber       string(20)    ncu | Employee Number
ManagerId            reference     ncu  ->User | Manager ID
LastLoginDate        datetime      n | Last Login
+audit
FederationIdentifier string(512)   ncu  idLookup unique | SAML Federation ID
+currency
DefaultCurrencyIsoCode picklist(40) ncud restricted if=currencies | Default Currency ISO Code
"""

GROUP = """
+id | Group ID
Name                   string(40)   cu | Name
DeveloperName          string(80)   ncu | Developer Name
RelatedId              reference    n    ->User,UserRole names | Related ID
Type                   picklist(40) c    restricted | Type
Email                  email(255)   ncu | Email
OwnerId                reference    d    ->Organization,User names | Owner ID
DoesSendEmailToMembers boolean      cud | Send Email to Members
DoesIncludeBosses      boolean      cud | Include Bosses
+audit
"""

GROUP_MEMBER = """
+id | Group Member ID
GroupId        reference c  ->Group child=GroupMembers | Group ID
UserOrGroupId  reference c  ->Group,User rel= | User/Group ID
SystemModstamp datetime  d | System Modstamp
"""

QUEUE_SOBJECT = """
+id | Queue Sobject ID
QueueId        reference    c  ->Group child=QueueSobjects | Group ID
SobjectType    picklist(40) c  restricted | Sobject Type
CreatedById    reference    d  ->User | Created By ID
SystemModstamp datetime     d | System Modstamp
"""

PERMISSION_SET = """
+id | PermissionSet ID
Name             string(80)    cu | Permission Set Name
Label            string(80)    cu | Permission Set Label
Description      string(255)   ncu | Description
NamespacePrefix  string(15)    n | Namespace Prefix
IsCustom         boolean       d | Custom
IsOwnedByProfile boolean       d | Owned by Profile
Type             picklist(40)  nd restricted | Type
+audit
"""

FIELD_PERMISSIONS = """
+id | Field Permissions ID
ParentId        reference     c  ->PermissionSet child=FieldPerms | Parent ID
SobjectType     picklist(40)  c  | Sobject Type Name
Field           picklist(255) c  | Field Name
PermissionsEdit boolean       cud | Edit Field
PermissionsRead boolean       cud | Read Field
SystemModstamp  datetime      d | System Modstamp
"""

PERMISSION_SET_ASSIGNMENT = """
+id | PermissionSetAssignment ID
PermissionSetId reference c  ->PermissionSet child=Assignments | Permission Set ID
AssigneeId      reference c  ->User child=PermissionSetAssignments | Assignee ID
SystemModstamp  datetime  d | System Modstamp
"""

ORGANIZATION = """
+id | Organization ID
Name                    string(80)   - | Name
Division                string(80)   n | Division
+address
Phone                   phone(40)    n | Phone
Fax                     phone(40)    n | Fax
PrimaryContact          string(80)   n | Primary Contact
ReceivesAdminInfoEmails boolean      d | Admin Info Emails
PreferencesRequireOpportunityProducts    boolean d | RequireOpportunityProducts
PreferencesTransactionSecurityPolicy     boolean d | TransactionSecurityPolicy
PreferencesTerminateOldestSession        boolean d | TerminateOldestSession
PreferencesConsentManagementEnabled      boolean d | ConsentManagementEnabled
PreferencesAutoSelectIndividualOnMerge   boolean d | AutoSelectIndividualOnMerge
PreferencesLightningLoginEnabled         boolean d | LightningLoginEnabled
PreferencesOnlyLLPermUserAllowed         boolean d | OnlyLLPermUserAllowed
UsesStartDateAsFiscalYearName boolean    d | Fiscal Year Name by Start
DefaultAccountAccess     picklist(40) n restricted | Default Account Access
DefaultContactAccess     picklist(40) n restricted | Default Contact Access
DefaultOpportunityAccess picklist(40) n restricted | Default Opportunity Access
DefaultLeadAccess        picklist(40) n restricted | Default Lead Access
DefaultCaseAccess        picklist(40) n restricted | Default Case Access
DefaultCalendarAccess    picklist(40) n restricted | Default Calendar Access
DefaultPricebookAccess   picklist(40) n restricted | Default Price Book Access
DefaultCampaignAccess    picklist(40) n restricted | Default Campaign Access
DelegatedAuthenticationServiceUrl url(1333) n | Delegated Authentication Service URL
ComplianceBccEmail       email(80)    n | Compliance BCC Email
UiSkin                   picklist(40) n restricted | UI Skin
NumKnowledgeService      int          n | Knowledge Licenses
WebToCaseDefaultOrigin   string(40)   n | Web to Cases Default Origin
MonthlyPageViewsUsed     int          n | Monthly Page Views Used
MonthlyPageViewsEntitlement int       n | Monthly Page Views Allowed
DefaultLocaleSidKey     picklist(40) -  restricted | Locale
TimeZoneSidKey          picklist(40) -  restricted | Time Zone
LanguageLocaleKey       picklist(40) -  restricted | Language
ReceivesInfoEmails      boolean      d | Info Emails
FiscalYearStartMonth    int          n | Fiscal Year Starts In
OrganizationType        picklist(40) n  restricted | Edition
NamespacePrefix         string(15)   n | Namespace Prefix
InstanceName            string(5)    n | Instance Name
IsSandbox               boolean      d | Is Sandbox
IsReadOnly              boolean      d | Is Read Only
TrialExpirationDate     datetime     n | Trial Expiration Date
SignupCountryIsoCode    string(2)    n | Signup Country ISO Code
+audit
"""
