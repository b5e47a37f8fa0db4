"""Invented leads in both CRMs: about half in HubSpot only, a tenth in both, the rest in Salesforce."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from crmbridge.sandbox import demo_people as people
from crmbridge.sandbox.app import CrmApp
from crmbridge.sandbox.demo_people import Person, moment_between
from crmbridge.sandbox.world import World

Row = Mapping[str, object]
#: The sales team, in both CRMs under the same address; Dan has left.
TEAM = (
    ("Ann", "Berg", True),
    ("Ben", "Cole", True),
    ("Chloe", "Dubois", True),
    ("Dan", "Evans", False),
    ("Kay", "Ito", True),
)
QUEUE = "Inbound leads"
#: Lead.Status values in use, with how often; the first is what nobody has touched yet.
_STATUSES = (("Open - Not Contacted", 70), ("Working - Contacted", 22), ("Closed - Not Converted", 8))
_SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")
_STAGES = (
    ("subscriber", 25),
    ("lead", 60),
    ("marketingqualifiedlead", 7),
    ("opportunity", 4),
    ("customer", 4),
)


def fill(world: World, apps: Mapping[str, CrmApp], count: int) -> None:
    """Invent ``count`` people and put them where they belong; the same seed invents the same people."""
    chance = random.Random(f"demo {world.seed}")
    # Whole hours: a demo started twice in an hour has the same past.
    now = world.clock.now().replace(minute=0, second=0, microsecond=0)
    invented = people.invent(chance, count, now)
    if "hubspot" in apps:
        in_hubspot = [person for person in invented if person.number % 10 < 6]
        _HubSpot(apps["hubspot"], random.Random(f"hubspot {world.seed}"), now).fill(in_hubspot)
    if "salesforce" in apps:
        in_salesforce = [person for person in invented if person.number % 10 in (0, 6, 7, 8, 9)]
        _Salesforce(apps["salesforce"], random.Random(f"salesforce {world.seed}"), now).fill(in_salesforce)


def address(first: str, last: str) -> str:
    """Give the address of somebody of the sales team."""
    return f"{first}.{last}@example.com".lower()


class _Filler:
    """Puts rows into one CRM."""

    def __init__(self, app: CrmApp, chance: random.Random, now: datetime) -> None:
        self._app, self._chance, self._now = app, chance, now
        #: Ids of those of the team who can own a lead, and of the one who has left.
        self._owners: list[str] = []
        self._gone = ""

    def _load(self, object: str, rows: Iterable[Row]) -> list[str]:
        """Load rows that name their own columns; gives ids."""
        rows = list(rows)
        header = list(dict.fromkeys(name for row in rows for name in row))
        cells = [[_text(row.get(name)) for name in header] for row in rows]
        result = self._app.load_csv(object, header, enumerate(cells, 2), create_fields=False)
        if result.skipped:
            raise AssertionError(f"the demo's own {object} were refused: {result.skipped[0]}")
        return list(result.ids)

    def _pick(self, choices: Sequence[tuple[str, int]]) -> str:
        names, weights = zip(*choices, strict=True)
        return str(self._chance.choices(names, weights)[0])

    def _owner(self, share: float) -> str:
        """Give an owner, or "" for nobody; now and then it is the one who has left."""
        if self._chance.random() >= share:
            return ""
        return self._gone if self._chance.random() < 0.04 else self._chance.choice(self._owners)

    def _since(self, person: Person) -> datetime:
        return moment_between(self._chance, person.created_at, self._now)


class _HubSpot(_Filler):
    def fill(self, invented: Sequence[Person]) -> None:
        """Put owners, companies, contacts and their activities in."""
        self._fill_owners()
        contacts = self._load("contacts", [self._contact(person) for person in invented])
        pairs = list(zip(invented, contacts, strict=True))
        self._fill_companies(pairs)
        keen = [(person, contact) for person, contact in pairs if person.interest > 0.75]
        self._load("calls", [self._call(person, contact) for person, contact in keen[::3]])
        self._load("meetings", [self._meeting(person, contact) for person, contact in keen[::5]])

    def _fill_owners(self) -> None:
        rows: list[Row] = [
            {"email": address(first, last), "firstName": first, "lastName": last, "team": "Sales"}
            for first, last, active in TEAM
            if active
        ]
        self._owners = self._load("owners", rows)
        gone = [
            {"email": address(first, last), "firstName": first, "lastName": last, "archived": "true"}
            for first, last, active in TEAM
            if not active
        ]
        self._load("owners", gone)

    def _fill_companies(self, pairs: Sequence[tuple[Person, str]]) -> None:
        members: dict[str, list[tuple[Person, str]]] = {}
        for person, contact in pairs:
            members.setdefault(person.company, []).append((person, contact))
        self._load(
            "companies",
            [
                {
                    "name": name,
                    "domain": f"{name.replace(' ', '-').lower()}.example",
                    "industry": staff[0][0].industry,
                    "numberofemployees": staff[0][0].employees,
                    "country": staff[0][0].country,
                    "createdate": min(person.created_at for person, _ in staff),
                    "associations.contacts": ";".join(contact for _, contact in staff),
                }
                for name, staff in members.items()
            ],
        )

    def _contact(self, person: Person) -> Row:
        return {
            "email": person.email,
            "firstname": person.first_name,
            "lastname": person.last_name,
            "phone": person.phone,
            "jobtitle": person.title,
            "company": person.company,
            "industry": person.industry,
            "numemployees": person.employees,
            "country": person.country,
            "city": person.city,
            "zip": person.postal_code,
            "lifecyclestage": self._pick(_STAGES),
            "hs_lead_status": "NEW" if self._chance.random() < 0.2 else None,
            "hubspot_owner_id": self._owner(0.2),
            "hs_email_optout": "true" if person.opted_out else None,
            "hs_analytics_source": self._chance.choice(("ORGANIC_SEARCH", "EMAIL_MARKETING", "REFERRALS")),
            "createdate": person.created_at,
            "lastmodifieddate": person.modified_at,
            **self._web(person),
            **self._emails(person),
            **self._form(person),
        }

    def _owner(self, share: float) -> str:
        return "" if self._chance.random() >= share else self._chance.choice(self._owners)

    def _web(self, person: Person) -> Row:
        visits = int(person.interest * 12)
        if not visits:
            return {}
        page = self._chance.choice(people.PAGES)
        return {
            "hs_analytics_num_visits": visits,
            "hs_analytics_num_page_views": visits * self._chance.randint(1, 5),
            "hs_analytics_last_timestamp": self._since(person),
            "hs_analytics_last_url": f"https://www.example.com{page}",
        }

    def _emails(self, person: Person) -> Row:
        if person.email is None or self._chance.random() < 0.4:
            return {}
        sent = self._since(person)
        stamps: dict[str, object] = {"hs_email_last_send_date": sent, "hs_email_delivered": 3}
        stamps["hs_email_last_email_name"] = self._chance.choice(people.EMAILS)
        if person.interest > 0.4:
            stamps |= {
                "hs_email_last_open_date": min(sent + timedelta(hours=2), self._now),
                "hs_email_open": 3,
            }
        if person.interest > 0.7:
            stamps |= {
                "hs_email_last_click_date": min(sent + timedelta(hours=3), self._now),
                "hs_email_click": 2,
            }
        return stamps

    def _form(self, person: Person) -> Row:
        if person.interest < 0.55:
            return {}
        name, at = self._chance.choice(people.FORMS), self._since(person)
        return {
            "recent_conversion_event_name": name,
            "recent_conversion_date": at,
            "num_conversion_events": 1,
        }

    def _call(self, person: Person, contact: str) -> Row:
        return {
            "hs_timestamp": self._since(person),
            "hs_call_title": "First call",
            "hs_call_direction": self._chance.choice(("INBOUND", "OUTBOUND")),
            "hs_call_status": self._chance.choice(("COMPLETED", "NO_ANSWER")),
            "hs_call_duration": self._chance.randint(0, 900) * 1000,
            "hubspot_owner_id": self._chance.choice(self._owners),
            "associations.contacts": contact,
        }

    def _meeting(self, person: Person, contact: str) -> Row:
        start = self._since(person)
        return {
            "hs_timestamp": start,
            "hs_meeting_title": "Product demonstration",
            "hs_meeting_start_time": start,
            "hs_meeting_end_time": start + timedelta(minutes=30),
            "hs_meeting_outcome": self._chance.choice(("SCHEDULED", "COMPLETED", "NO_SHOW")),
            "hubspot_owner_id": self._chance.choice(self._owners),
            "associations.contacts": contact,
        }


class _Salesforce(_Filler):
    def fill(self, invented: Sequence[Person]) -> None:
        """Put users, a queue, leads, some customers' contacts and their activities in."""
        self._fill_users()
        queue = self._load("Group", [{"Name": QUEUE, "DeveloperName": "Inbound_leads", "Type": "Queue"}])[0]
        self._load("QueueSobject", [{"QueueId": queue, "SobjectType": "Lead"}])
        self._owners.append(queue)
        customers = [person for person in invented if person.number % 50 == 6]
        prospects = [person for person in invented if person.number % 50 != 6]
        leads = self._load("Lead", [self._lead(person) for person in prospects])
        self._fill_tasks([pair for pair in zip(prospects, leads, strict=True) if pair[0].interest > 0.6])
        self._fill_customers(customers)

    def _fill_users(self) -> None:
        rows = [self._user(first, last, active) for first, last, active in TEAM]
        ids = self._load("User", rows)
        self._owners = [user for user, (*_, active) in zip(ids, TEAM, strict=True) if active]
        self._gone = next(user for user, (*_, active) in zip(ids, TEAM, strict=True) if not active)

    def _user(self, first: str, last: str, active: bool) -> Row:
        return {
            "Username": f"{address(first, last)}.crm",
            "Email": address(first, last),
            "FirstName": first,
            "LastName": last,
            "Alias": f"{first[0]}{last}".lower()[:8],
            "IsActive": "true" if active else "false",
            "TimeZoneSidKey": "Europe/Berlin",
            "LocaleSidKey": "en_US",
            "LanguageLocaleKey": "en_US",
            "EmailEncodingKey": "UTF-8",
        }

    def _lead(self, person: Person) -> Row:
        return {
            "FirstName": person.first_name,
            "LastName": person.last_name,
            "Email": person.email,
            "Phone": person.phone,
            "Title": person.title,
            "Company": person.company,
            "Industry": person.industry,
            "NumberOfEmployees": person.employees,
            "Country": person.country,
            "City": person.city,
            "PostalCode": person.postal_code,
            "Status": self._pick(_STATUSES),
            "LeadSource": self._chance.choice(_SOURCES),
            "OwnerId": self._owner(0.5) or self._owners[-1],
            "HasOptedOutOfEmail": "true" if person.opted_out else "false",
            "DoNotCall": "true" if person.do_not_call else "false",
            "CreatedDate": person.created_at,
            "LastModifiedDate": person.modified_at,
        }

    def _fill_tasks(self, pairs: Sequence[tuple[Person, str]]) -> None:
        self._load("Task", [self._task(person, lead) for person, lead in pairs])
        self._load("Event", [self._event(person, lead) for person, lead in pairs[::4]])

    def _task(self, person: Person, lead: str) -> Row:
        at = self._since(person)
        kind = self._chance.choice(("Call", "Email"))
        return {
            "WhoId": lead,
            "Subject": kind,
            "TaskSubtype": kind,
            "Status": "Completed",
            "ActivityDate": at.date().isoformat(),
            "OwnerId": self._chance.choice(self._owners[:-1]),
            "CreatedDate": at,
        }

    def _event(self, person: Person, lead: str) -> Row:
        at = self._since(person)
        return {
            "WhoId": lead,
            "Subject": "Meeting",
            "DurationInMinutes": 30,
            "StartDateTime": at,
            "ActivityDateTime": at,
            "OwnerId": self._chance.choice(self._owners[:-1]),
            "CreatedDate": at,
        }

    def _fill_customers(self, customers: Sequence[Person]) -> None:
        owners = [self._chance.choice(self._owners[:-1]) for _ in customers]
        accounts = self._load(
            "Account",
            _rows(customers, lambda person, index: {
                "Name": f"{person.company} {person.number}",
                "Type": "Customer - Direct",
                "Industry": person.industry,
                "NumberOfEmployees": person.employees,
                "BillingCountry": person.country,
                "OwnerId": owners[index],
            }),
        )  # fmt: skip
        self._load(
            "Contact",
            _rows(customers, lambda person, index: {
                "FirstName": person.first_name,
                "LastName": person.last_name,
                "Email": person.email,
                "Phone": person.phone,
                "Title": person.title,
                "MailingCountry": person.country,
                "AccountId": accounts[index],
                "OwnerId": owners[index],
                "CreatedDate": person.created_at,
            }),
        )  # fmt: skip


def _rows(persons: Sequence[Person], row: Callable[[Person, int], Row]) -> list[Row]:
    return [row(person, index) for index, person in enumerate(persons)]


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return str(value)
