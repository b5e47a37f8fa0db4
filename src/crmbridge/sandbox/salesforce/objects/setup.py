"""Set-up tables and field history."""

from __future__ import annotations

LEAD_STATUS = """
+id | Lead Status Value ID
MasterLabel string(255) n | Master Label
ApiName     string(255) - | API Name
SortOrder   int         n | Order
IsDefault   boolean     d | Is Default
IsConverted boolean     d | Converted
+audit
"""

RECORD_TYPE = """
+id | Record Type ID
Name              string(80)     cu | Name
DeveloperName     string(80)     cu | Record Type Name
NamespacePrefix   string(15)     n | Namespace Prefix
Description       textarea(255)  ncu | Description
BusinessProcessId reference      ncu  ->BusinessProcess rel= | Business Process ID
SobjectType       picklist(40)   c    restricted | SObject Type Name
IsActive          boolean        cud | Active
+audit
"""

#: Only in orgs with several currencies; exactly one is the corporate one, with rate 1.
CURRENCY_TYPE = """
+id | Currency Type ID
IsoCode        picklist(3)   -  restricted | Currency ISO Code
ConversionRate double(18,6)  - | Conversion Rate
DecimalPlaces  int(2)        - | Decimal Places
IsActive       boolean       d | Active
IsCorporate    boolean       d | Corporate Currency
+audit
"""

#: Field history of one object: ``{o}`` is the object tracked. Old and new values can be read, never filtered.
HISTORY = """
+id | History ID
+deleted
{o}Id       reference     -  ->{o} child=Histories | {o} ID
CreatedById reference     d  ->User | Created By ID
CreatedDate datetime      d | Created Date
Field       picklist(255) -  restricted | Changed Field
DataType    picklist(40)  n  restricted | Datatype
OldValue    anyType       n  -filter -sort -group -agg | Old Value
NewValue    anyType       n  -filter -sort -group -agg | New Value
"""
