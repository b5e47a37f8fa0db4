"""Sales territories (Territory2): models, territories, and who and what belongs to them.

Fields by the object reference (pages territory2 …, checked 2026-11-21). Key prefixes of the two association
objects were not found written down; ours are unused ones.
"""

from __future__ import annotations

TYPE = """
+id | Territory Type ID
+deleted
DeveloperName string(80)     cu | Territory Type Name
Language      picklist(40)   cud restricted | Master Language
MasterLabel   string(80)     cu | Label
Description   textarea(1000) ncu | Description
Priority      int            cu | Priority
+audit
"""

MODEL = """
+id | Territory Model ID
+deleted
Name             string(80)     cu | Label
DeveloperName    string(80)     cu | Name
Description      textarea(1000) ncu | Description
State            picklist(40)   cud restricted | State
ActivatedDate    datetime       n | Activated Date
DeactivatedDate  datetime       n | Deactivated Date
ClosedDate       datetime       n | Closed Date
LastRunRulesEndDate datetime    n | Assignment Rules Last Run End Date
+audit
+currency
"""

TERRITORY = """
+id | Territory ID
Name                   string(80)     cu | Label
DeveloperName          string(80)     cu | Territory Name
Territory2TypeId       reference      cu   ->Territory2Type child=Territories | Territory Type ID
Territory2ModelId      reference      c    ->Territory2Model child=Territories | Territory Model ID
ParentTerritory2Id     reference      ncu  ->Territory2 child=ChildTerritories | Parent Territory ID
Description            textarea(1000) ncu | Description
ForecastUserId         reference      ncu  ->User | Forecast Manager ID
AccountAccessLevel     picklist(40)   cud restricted | Account Access
OpportunityAccessLevel picklist(40)   cud restricted | Opportunity Access
CaseAccessLevel        picklist(40)   ncud restricted | Case Access
ContactAccessLevel     picklist(40)   ncud restricted | Contact Access
LastModifiedById       reference      d  ->User | Last Modified By ID
LastModifiedDate       datetime       d | Last Modified Date
SystemModstamp         datetime       d | System Modstamp
+currency
"""

USER_ASSOCIATION = """
+id | User Territory Association ID
UserId           reference    c   ->User child=UserTerritory2Associations | User ID
Territory2Id     reference    c   ->Territory2 child=UserTerritory2Associations | Territory ID
IsActive         boolean      d | Is Active
RoleInTerritory2 picklist(40) ncu | Role in Territory
LastModifiedById reference    d   ->User | Last Modified By ID
LastModifiedDate datetime     d | Last Modified Date
SystemModstamp   datetime     d | System Modstamp
"""

#: What a territory may be given: accounts since v30, leads since v55 (checked 2026-11-21).
OBJECT_ASSOCIATION = """
+id | Object Territory Association ID
+deleted
ObjectId         reference    c   ->Account,Lead child=ObjectTerritory2Associations | Object ID
Territory2Id     reference    c   ->Territory2 child=ObjectTerritory2Associations | Territory ID
AssociationCause picklist(40) cd  restricted | Association Cause
SobjectType      picklist(40) n   restricted | Object
LastModifiedById reference    d   ->User | Last Modified By ID
LastModifiedDate datetime     d | Last Modified Date
SystemModstamp   datetime     d | System Modstamp
"""
