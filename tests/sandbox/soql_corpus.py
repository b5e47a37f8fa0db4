"""SOQL statements that are valid, and such that are not, whoever reads them.

Syntax only: every valid one is answered by a new org, every other one is refused as malformed. Typing
rules have tests of their own in test_soql.py.
"""

from __future__ import annotations

_FIELDS = """
SELECT Id FROM Lead
select id from lead
SELECT Id,Name,Email,Company FROM Lead
SELECT Id, Name FROM Account
SELECT Id , Name FROM Contact
SELECT Lead.Id, Lead.Name FROM Lead
SELECT l.Id, l.Owner.Name FROM Lead l
SELECT Id, Owner.Name, Owner.Type, Owner.IsActive FROM Lead
SELECT Id, Owner.Username, CreatedBy.Username FROM Lead
SELECT Id, Account.Name, Account.Owner.Name FROM Contact
SELECT Id, Account.Parent.Parent.Parent.Name FROM Contact
SELECT Id, Who.Name, What.Name, Who.Type FROM Task
SELECT Id, Lead.Name, Contact.Name, Campaign.Name FROM CampaignMember
SELECT BillingAddress, ShippingAddress FROM Account
SELECT FIELDS(STANDARD) FROM Lead
SELECT FIELDS(ALL) FROM Lead LIMIT 200
SELECT FIELDS(CUSTOM), Id FROM Lead LIMIT 1
SELECT toLabel(Status) FROM Lead
SELECT Id, toLabel(Status) shown FROM Lead
SELECT FORMAT(AnnualRevenue) FROM Lead
SELECT FORMAT(CreatedDate) made, Id FROM Lead
SELECT Id FROM Group
SELECT Id, Type FROM Group WHERE Type = 'Queue'
SELECT TYPEOF Owner WHEN User THEN Name, Email WHEN Group THEN Name END FROM Lead
SELECT Id, TYPEOF What WHEN Account THEN Phone ELSE Name END FROM Task
SELECT Id, (SELECT Id, Subject FROM Tasks) FROM Lead
SELECT Id, (SELECT Id FROM Contacts), (SELECT Id FROM Opportunities) FROM Account
SELECT Id, (SELECT Id FROM Contacts WHERE Email != null ORDER BY Name LIMIT 5) FROM Account
SELECT Id, (SELECT Field, OldValue, NewValue FROM Histories) FROM Lead
SELECT Id, (SELECT Contact.Name, Role FROM OpportunityContactRoles) FROM Opportunity
SELECT Name, (SELECT LastName FROM Account.Contacts) FROM Account
SELECT Id FROM Organization
SELECT MasterLabel, IsConverted FROM LeadStatus
SELECT QueueId, SobjectType FROM QueueSobject
SELECT Id, DeveloperName FROM RecordType
SELECT Id, Territory2.Name FROM UserTerritory2Association
"""

_CONDITIONS = r"""
Email = 'a@b.example'
Email != 'a@b.example'
Email <> 'a@b.example'
Email = null
Email != NULL
Email = ''
Email='a@b.example'AND Company='x'
LastName = 'O\'Brien'
LastName = 'back\\slash'
LastName = 'tab\t and \n line'
LastName = 'ünïcode ✓'
LastName LIKE 'A%'
LastName like '%son'
LastName LIKE '_nna'
LastName LIKE '100\%'
(NOT LastName LIKE 'A%')
NOT LastName LIKE 'A%'
NOT (LastName = 'A')
NOT (LastName = 'A' OR LastName = 'B')
LastName IN ('A')
LastName IN ('A','B' , 'C')
LastName IN ('A', null)
LastName in ('A','B') and Company not in ('C')
LastName NOT IN ('A', 'B')
NumberOfEmployees = 5
NumberOfEmployees > 5
NumberOfEmployees >= 5 AND NumberOfEmployees <= 10
NumberOfEmployees < -5
NumberOfEmployees IN (1, 2, 3)
AnnualRevenue > 1.5
AnnualRevenue = 0.25
AnnualRevenue >= 1000000
AnnualRevenue != null
IsConverted = true
IsConverted = FALSE
IsConverted != True
HasOptedOutOfEmail = false AND DoNotCall = false
CreatedDate > 2026-01-01T00:00:00Z
CreatedDate > 2026-01-01T00:00:00.000Z
CreatedDate >= 2026-01-01T00:00:00+01:00
CreatedDate <= 2026-01-01T00:00:00-08:00
SystemModstamp >= 2026-01-01T00:00:00+00:00 AND SystemModstamp < 2026-02-01T00:00:00+00:00
CreatedDate IN (2026-01-01T00:00:00Z, 2026-01-02T00:00:00Z)
ConvertedDate = 2026-01-31
ConvertedDate >= 2026-01-01 AND ConvertedDate < 2027-01-01
ConvertedDate = null
CreatedDate = TODAY
CreatedDate = yesterday
CreatedDate > TOMORROW
CreatedDate = LAST_WEEK
CreatedDate = THIS_WEEK
CreatedDate = NEXT_WEEK
CreatedDate = LAST_MONTH
CreatedDate = THIS_MONTH
CreatedDate = NEXT_MONTH
CreatedDate = LAST_90_DAYS
CreatedDate = NEXT_90_DAYS
CreatedDate = THIS_QUARTER
CreatedDate = LAST_QUARTER
CreatedDate = NEXT_QUARTER
CreatedDate = THIS_YEAR
CreatedDate = LAST_YEAR
CreatedDate = NEXT_YEAR
CreatedDate = THIS_FISCAL_QUARTER
CreatedDate = LAST_FISCAL_YEAR
CreatedDate = LAST_N_DAYS:7
CreatedDate >= LAST_N_DAYS:365
CreatedDate = NEXT_N_DAYS:3
CreatedDate = LAST_N_WEEKS:2
CreatedDate = NEXT_N_WEEKS:2
CreatedDate = LAST_N_MONTHS:6
CreatedDate = NEXT_N_MONTHS:6
CreatedDate = LAST_N_QUARTERS:4
CreatedDate = LAST_N_YEARS:2
CreatedDate = N_DAYS_AGO:30
CreatedDate < N_WEEKS_AGO:2
CreatedDate < N_MONTHS_AGO:2
CreatedDate = N_YEARS_AGO:1
CreatedDate = LAST_N_FISCAL_QUARTERS:2
CALENDAR_YEAR(CreatedDate) = 2026
CALENDAR_MONTH(CreatedDate) IN (1, 2)
CALENDAR_QUARTER(CreatedDate) = 4
DAY_IN_WEEK(CreatedDate) = 2
DAY_IN_MONTH(CreatedDate) > 15
DAY_IN_YEAR(CreatedDate) < 100
HOUR_IN_DAY(CreatedDate) >= 9
DAY_ONLY(CreatedDate) = 2026-11-21
FISCAL_YEAR(CreatedDate) = 2026
OwnerId = '005000000000001'
OwnerId = '005000000000001AAA'
OwnerId IN ('005000000000001AAA', '00G000000000001EAA')
Id = '00Q000000000001EAA'
Owner.Name = 'Ann'
Owner.Type = 'Queue'
Owner.IsActive = true
Lead.Owner.Name = 'Ann'
CreatedBy.Manager.Name != null
Status = 'Open - Not Contacted'
Status IN ('Open - Not Contacted', 'Working - Contacted') AND Rating = 'Hot'
(Rating = 'Hot')
((Rating = 'Hot'))
(Rating = 'Hot' OR Rating = 'Cold') AND Industry = 'Energy'
(Rating = 'Hot' AND Industry = 'Energy') OR (Rating = 'Cold' AND Industry = 'Media')
((Rating = 'Hot' OR Rating = 'Cold') AND (Industry = 'Energy' OR (Industry = 'Media' AND City = 'Bonn')))
Rating = 'Hot' AND (NOT City = 'Bonn')
Rating = 'Hot' AND (NOT (City = 'Bonn' OR City = 'Köln'))
Rating = 'A' OR Rating = 'B' OR Rating = 'C' OR Rating = 'D'
OwnerId IN (SELECT Id FROM User WHERE IsActive = true)
Id NOT IN (SELECT LeadId FROM CampaignMember)
Id IN (SELECT LeadId FROM CampaignMember WHERE Campaign.Name = 'Fair')
"""

_TAILS = """
ORDER BY Name
ORDER BY Name ASC
ORDER BY Name DESC
order by name desc nulls last
ORDER BY Name ASC NULLS FIRST
ORDER BY Email NULLS LAST
ORDER BY Rating, Name
ORDER BY Rating DESC, Name ASC, Id
ORDER BY Owner.Name
ORDER BY SystemModstamp, Id LIMIT 2000
LIMIT 1
LIMIT 0
limit 10 offset 5
LIMIT 10 OFFSET 0
OFFSET 10
WHERE Rating = 'Hot' ORDER BY Name LIMIT 1
WHERE Rating = 'Hot' LIMIT 5 OFFSET 5
FOR VIEW
FOR REFERENCE
LIMIT 1 FOR VIEW
USING SCOPE everything
USING SCOPE mine WHERE Rating = 'Hot'
WITH SECURITY_ENFORCED
WHERE Rating = 'Hot' WITH SECURITY_ENFORCED ORDER BY Name LIMIT 1
"""

_AGGREGATES = """
SELECT COUNT() FROM Lead
select count() from lead
SELECT COUNT() FROM Lead WHERE Rating = 'Hot'
SELECT COUNT(Id) FROM Lead
SELECT COUNT(Id) total FROM Lead
SELECT COUNT_DISTINCT(Company) FROM Lead
SELECT SUM(AnnualRevenue), AVG(AnnualRevenue), MIN(AnnualRevenue), MAX(AnnualRevenue) FROM Lead
SELECT MIN(CreatedDate) oldest, MAX(CreatedDate) newest FROM Lead
SELECT Status FROM Lead GROUP BY Status
SELECT Status, COUNT(Id) FROM Lead GROUP BY Status
SELECT Status, COUNT(Id) n FROM Lead GROUP BY Status ORDER BY COUNT(Id) DESC LIMIT 5
SELECT Status, Rating, COUNT(Id) FROM Lead GROUP BY Status, Rating
SELECT Status, COUNT(Id) FROM Lead GROUP BY Status HAVING COUNT(Id) > 1
SELECT Status, COUNT(Id) FROM Lead GROUP BY Status HAVING COUNT(Id) > 1 AND Status LIKE 'O%'
SELECT Owner.Name, COUNT(Id) FROM Lead GROUP BY Owner.Name
SELECT CALENDAR_YEAR(CreatedDate) y, COUNT(Id) FROM Lead GROUP BY CALENDAR_YEAR(CreatedDate)
SELECT CALENDAR_YEAR(CreatedDate) FROM Lead GROUP BY CALENDAR_YEAR(CreatedDate) ORDER BY COUNT(Id)
SELECT StageName, SUM(Amount) FROM Opportunity WHERE IsClosed = false GROUP BY StageName
SELECT Campaign.Name, COUNT(Id) FROM CampaignMember WHERE HasResponded = true GROUP BY Campaign.Name
"""

_INVALID = r"""
SELEC Id FROM Lead
SELECT FROM Lead
SELECT Id Lead
SELECT Id FROM
FROM Lead SELECT Id
SELECT * FROM Lead
SELECT Id,, Name FROM Lead
SELECT Id, FROM Lead
SELECT ,Id FROM Lead
SELECT Id Name Email FROM Lead
SELECT Id FROM Lead,
SELECT Id FROM Lead WHERE
SELECT Id FROM Lead WHERE Name
SELECT Id FROM Lead WHERE Name =
SELECT Id FROM Lead WHERE = 'A'
SELECT Id FROM Lead WHERE Name == 'A'
SELECT Id FROM Lead WHERE Name = 'A
SELECT Id FROM Lead WHERE Name = A'
SELECT Id FROM Lead WHERE Name = "A"
SELECT Id FROM Lead WHERE Name = 'O'Brien'
SELECT Id FROM Lead WHERE Name IN ()
SELECT Id FROM Lead WHERE Name IN ('A'
SELECT Id FROM Lead WHERE Name IN ('A',)
SELECT Id FROM Lead WHERE Name IN (,'A')
SELECT Id FROM Lead WHERE Name IN ('A' 'B')
SELECT Id FROM Lead WHERE Name NOT ('A')
SELECT Id FROM Lead WHERE Name IS NULL
SELECT Id FROM Lead WHERE Name IS NOT NULL
SELECT Id FROM Lead WHERE Name BETWEEN 'A' AND 'B'
SELECT Id FROM Lead WHERE Name LIKE
SELECT Id FROM Lead WHERE Name = 'A' AND
SELECT Id FROM Lead WHERE Name = 'A' AND OR Company = 'B'
SELECT Id FROM Lead WHERE (Name = 'A'
SELECT Id FROM Lead WHERE Name = 'A')
SELECT Id FROM Lead WHERE ()
SELECT Id FROM Lead WHERE NOT
SELECT Id FROM Lead WHERE Name = 'A' && Company = 'B'
SELECT Id FROM Lead WHERE Name = 'A' || Company = 'B'
SELECT Id FROM Lead WHERE Name !== 'A'
SELECT Id FROM Lead WHERE NumberOfEmployees => 5
SELECT Id FROM Lead WHERE NumberOfEmployees > 5 + 1
SELECT Id FROM Lead ORDER Name
SELECT Id FROM Lead ORDER BY
SELECT Id FROM Lead ORDER BY Name,
SELECT Id FROM Lead ORDER BY Name DOWN
SELECT Id FROM Lead ORDER BY Name NULLS
SELECT Id FROM Lead ORDER BY Name NULLS MIDDLE
SELECT Id FROM Lead BY Name
SELECT Id FROM Lead GROUP Status
SELECT Status FROM Lead GROUP BY
SELECT Id FROM Lead LIMIT
SELECT Id FROM Lead LIMIT ten
SELECT Id FROM Lead LIMIT 5, 10
SELECT Id FROM Lead OFFSET 5 LIMIT 10
SELECT Id FROM Lead LIMIT 5 WHERE Name = 'A'
SELECT Id FROM Lead ORDER BY Name WHERE Name = 'A'
SELECT Id FROM Lead WHERE Name = 'A' WHERE Company = 'B'
SELECT Id FROM Lead; DROP TABLE Lead
SELECT Id FROM Lead -- comment
SELECT Id FROM Lead UNION SELECT Id FROM Contact
SELECT Id FROM Lead JOIN User ON OwnerId = Id
SELECT Id, (SELECT Id FROM Tasks FROM Lead
SELECT Id, (SELECT Id) FROM Lead
SELECT Id, () FROM Lead
SELECT COUNT( FROM Lead
SELECT Name || Company FROM Lead
SELECT 'text' FROM Lead
SELECT 5 FROM Lead
SELECT TYPEOF Owner THEN Name END FROM Lead
SELECT TYPEOF Owner WHEN User Name END FROM Lead
SELECT TYPEOF Owner WHEN User THEN Name FROM Lead
UPDATE Lead SET Name = 'A'
DELETE FROM Lead
INSERT INTO Lead VALUES (1)
FIND {Ann}
SELECT
"""


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


VALID = [
    *_lines(_FIELDS),
    *(f"SELECT Id FROM Lead WHERE {line}" for line in _lines(_CONDITIONS)),
    *(f"SELECT Id, Name FROM Lead {line}" for line in _lines(_TAILS)),
    *_lines(_AGGREGATES),
    "SELECT Id\n  FROM Lead\n WHERE Name = 'A'\n ORDER BY Name",
    "  SELECT  Id  FROM  Lead  ",
    "SELECT\tId\r\nFROM\tLead",
]
INVALID = [*_lines(_INVALID), "", "   "]
