"""Invented rows in the shape in which both CRMs send them, made page by page from a few templates.

A template row holds ``@@@@@@`` where the page's number goes and ``###`` for its last three digits, so that
every person, address, telephone number and stamp is somebody's own, and a page costs the server two
replacements of bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

HUBSPOT_ROWS = 100
SALESFORCE_ROWS = 2000
#: Pages that differ in more than the number.
TEMPLATES = 20
TOKEN = "@@@@@@"
SHORT_TOKEN = "###"

_FIRST = ("Ada", "Bela", "Carla", "Deniz", "Emil", "Freya", "Gita", "Hugo", "Ines", "Jonas", "Kira", "Luis")
_LAST = ("Adler", "Brandt", "Costa", "Dahl", "Eriksen", "Fontaine", "Gruber", "Hansen", "Ivanova", "Jansen")
_TITLES = ("Head of Sales", "VP Marketing", "Sales Manager", "Student", "Engineer", "Administrator", None)
_INDUSTRIES = ("Software", "Manufacturing", "Finance", "Retail", None)
_PLACES = (
    ("Germany", "Berlin", "10115", "030 44"),
    ("Austria", "Vienna", "1010", "01 53"),
    ("Switzerland", "Zürich", "8001", "044 "),
    ("United States", "Boston", "02108", "(617) "),
    ("United Kingdom", "London", "EC1A 1BB", "020 7"),
    ("France", "Paris", "75001", "01 4"),
)
_SOURCES = ("ORGANIC_SEARCH", "EMAIL_MARKETING", "REFERRALS", "PAID_SEARCH", "DIRECT_TRAFFIC")
_PAGES = ("/pricing", "/product", "/blog/lead-scoring", "/contact")
_EMPTY_HUBSPOT = (
    "annualrevenue associatedcompanyid crmbridge_accepted_at crmbridge_engagement_score crmbridge_fit_score "
    "crmbridge_is_mql crmbridge_is_sal crmbridge_lead_id crmbridge_manual_by crmbridge_manual_mql "
    "crmbridge_process_version crmbridge_qualified_at crmbridge_recycle_count crmbridge_recycle_reason "
    "crmbridge_recycle_until crmbridge_recycled_at crmbridge_score crmbridge_why hs_additional_emails "
    "hs_analytics_first_touch_converting_campaign hs_merged_object_ids hs_persona salesforcecontactid "
    "salesforceleadid hs_sales_email_last_replied hubspot_owner_id hs_lead_status state mobilephone"
).split()
_EMPTY_SALESFORCE = (
    "AnnualRevenue MasterRecordId ConvertedContactId MobilePhone State Website crmbridge_Accepted_At__c "
    "crmbridge_Engagement_Score__c crmbridge_Fit_Score__c crmbridge_Is_MQL__c crmbridge_Is_SAL__c "
    "crmbridge_Lead_Id__c crmbridge_Manual_By__c crmbridge_Manual_MQL__c crmbridge_Process_Version__c "
    "crmbridge_Qualified_At__c crmbridge_Recycle_Count__c crmbridge_Recycle_Reason__c "
    "crmbridge_Recycle_Until__c crmbridge_Recycled_At__c crmbridge_Score__c crmbridge_Stage__c "
    "crmbridge_Why__c"
).split()
#: Users in Salesforce, owners in HubSpot; the same two people.
TEAM = (
    ("ann.berg@example.com", "Ann", "11", "005000000000001AAA"),
    ("ben.cole@example.com", "Bob", "12", "005000000000002AAA"),
)


def _stamp(number: int, day: int, *, offset: str = "Z") -> str:
    """Give a stamp of its own for every row and page: the page makes the milliseconds."""
    date = f"2026-{1 + day % 9:02d}-{1 + number % 28:02d}"
    return f"{date}T{number % 24:02d}:{day % 60:02d}:{number // 24 % 60:02d}.{SHORT_TOKEN}{offset}"


def email(number: int) -> str:
    """Give the address of a template row; both CRMs know the person by it."""
    return f"p{number:04d}-{TOKEN}@company{number % 400}.example.com"


def contact(number: int) -> dict[str, str | None]:
    """Make the properties of a HubSpot contact: every mapped one, empty ones too, as HubSpot sends them."""
    country, city, postal_code, area = _PLACES[number % len(_PLACES)]
    seen = number % 3 == 0
    return dict.fromkeys(_EMPTY_HUBSPOT) | {
        "email": email(number),
        "firstname": _FIRST[number % len(_FIRST)],
        "lastname": _LAST[number % len(_LAST)],
        "phone": f"{area}{number:04d}{SHORT_TOKEN}",
        "jobtitle": _TITLES[number % len(_TITLES)],
        "company": f"Company {number % 400}",
        "website": f"https://www.company{number % 400}.example.com",
        "industry": _INDUSTRIES[number % len(_INDUSTRIES)],
        "numemployees": str(number % 3000),
        "country": country,
        "city": city,
        "zip": postal_code,
        "lifecyclestage": "lead" if number % 4 else "subscriber",
        "hs_email_optout": "true" if number % 40 == 0 else None,
        "hs_analytics_source": _SOURCES[number % len(_SOURCES)],
        "createdate": _stamp(number, 1),
        "lastmodifieddate": _stamp(number, 9),
        "hs_analytics_last_timestamp": _stamp(number, 8),
        "hs_analytics_last_url": f"https://www.example.com{_PAGES[number % len(_PAGES)]}",
        "hs_email_last_send_date": _stamp(number, 7),
        "hs_email_last_open_date": _stamp(number, 16) if seen else None,
        "hs_email_last_click_date": _stamp(number, 25) if seen else None,
        "hs_email_last_email_name": "Newsletter October",
        "recent_conversion_date": _stamp(number, 6) if number % 5 == 0 else None,
        "recent_conversion_event_name": "Webinar" if number % 5 == 0 else None,
    }


def lead(number: int) -> dict[str, Any]:
    """Make a Salesforce Lead row with every mapped field."""
    country, city, postal_code, area = _PLACES[number % len(_PLACES)]
    return dict.fromkeys(_EMPTY_SALESFORCE) | {
        "Id": f"00Q{number:04d}00{TOKEN}AAA",
        "IsDeleted": False,
        "IsConverted": False,
        "SystemModstamp": _stamp(number, 9, offset="+0000").replace(SHORT_TOKEN, "000"),
        "LastModifiedDate": _stamp(number, 9, offset="+0000").replace(SHORT_TOKEN, "000"),
        "CreatedDate": _stamp(number, 1, offset="+0000").replace(SHORT_TOKEN, "000"),
        "FirstName": _FIRST[number % len(_FIRST)],
        "LastName": _LAST[number % len(_LAST)],
        "Email": email(number),
        "Phone": f"{area}{number:04d}{SHORT_TOKEN}",
        "Title": _TITLES[number % len(_TITLES)],
        "Company": f"Company {number % 400}",
        "Industry": _INDUSTRIES[number % len(_INDUSTRIES)],
        "NumberOfEmployees": number % 3000,
        "Country": country,
        "City": city,
        "PostalCode": postal_code,
        "LeadSource": "Web",
        "Status": "Open - Not Contacted",
        "OwnerId": TEAM[number % 2][3],
        "HasOptedOutOfEmail": number % 40 == 0,
        "DoNotCall": False,
        "crmbridge_Manual_MQL__c": False,
        "crmbridge_Is_MQL__c": False,
        "crmbridge_Is_SAL__c": False,
    }


def numbered(template: bytes, number: int) -> bytes:
    """Make a page of a template."""
    page = template.replace(TOKEN.encode(), b"%06d" % number)
    return page.replace(SHORT_TOKEN.encode(), b"%03d" % (number % 1000))


class HubSpotPages:
    """Pages of 100 contacts.

    Args:
        settled: Template row -> properties that differ: what a plan wrote there.
        generation: Rows of a later one have another city and another stamp.
    """

    def __init__(
        self, total: int, settled: Mapping[int, dict[str, str]] | None = None, generation: int = 1
    ) -> None:
        self.total = total
        self._settled = settled or {}
        self._generation = generation

    @cached_property
    def _templates(self) -> list[bytes]:
        return [self._template(number) for number in range(TEMPLATES)]

    def everybody(self) -> bytes:
        """Give one page of 2,000 contacts: the people of Salesforce's first page."""
        return b'{"results":[' + b",".join(numbered(page, 0)[1:-1] for page in self._templates) + b"]}"

    def _template(self, page: int) -> bytes:
        rows = [self._row(page * HUBSPOT_ROWS + place) for place in range(HUBSPOT_ROWS)]
        return json.dumps(rows).encode()

    def _row(self, number: int) -> dict[str, Any]:
        properties: dict[str, str | None] = {**contact(number), **self._settled.get(number, {})}
        at = _stamp(number, 9 + self._generation)
        if self._generation > 1:
            properties |= {"city": f"Town {self._generation}", "lastmodifieddate": at}
        return {
            # The page's number in front: ids ascend from page to page.
            "id": f"1{TOKEN}{number:04d}",
            "properties": {"hs_object_id": f"1{TOKEN}{number:04d}", **properties},
            "createdAt": properties["createdate"],
            "updatedAt": at,
            "archived": False,
        }

    def page(self, number: int) -> bytes:
        """Give the results of a page, as JSON."""
        return numbered(self._templates[number % TEMPLATES], number)

    def answer(self, number: int) -> bytes:
        """Give the whole answer, which names the page after it."""
        more = (number + 1) * HUBSPOT_ROWS < self.total
        paging = b',"paging":{"next":{"after":"%d"}}' % (number + 1) if more else b""
        return b'{"results":' + self.page(number) + paging + b"}"


class SalesforcePages:
    """Pages of 2,000 Leads: one template, whose numbers the people of HubSpot's first pages share."""

    def __init__(self, total: int) -> None:
        self.total = total

    @cached_property
    def _template(self) -> bytes:
        kind = {"type": "Lead", "url": "/services/data/v62.0/sobjects/Lead/00Q"}
        return json.dumps([{"attributes": kind, **lead(n)} for n in range(SALESFORCE_ROWS)]).encode()

    def page(self, number: int) -> bytes:
        """Give the records of a page, as JSON."""
        return numbered(self._template, number)

    def answer(self, number: int) -> bytes:
        """Give a query's result, which names the page after it."""
        more = (number + 1) * SALESFORCE_ROWS < self.total
        where = f"/services/data/v62.0/query/01g000000000001AAA-{number + 1}"
        following = b',"done":false,"nextRecordsUrl":"%s"' % where.encode() if more else b',"done":true'
        return b'{"totalSize":%d,"records":%s%s}' % (self.total, self.page(number), following)
