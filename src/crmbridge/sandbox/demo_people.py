"""The invented people of the demo: who they are and what they did, by seed; no CRM is known here."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST_NAMES = (
    "Ada Amir Anna Aiko Bea Bruno Carla Chen Dana Dario Elif Emil Fatima Finn Grace Hana Hugo Ines Ivan Jana "
    "Jonas Kofi Lara Leo Lin Maja Marco Mei Nadia Noah Olga Omar Paula Pedro Quinn Rosa Sami Sofia Tara Theo "
    "Uma Viktor Wanda Xavi Yara Yusuf Zoe Zora"
).split()
LAST_NAMES = (
    "Abel Almeida Bauer Becker Bianchi Blake Castro Cho Dahl Dubois Egger Eriksen Fischer Fontana Garcia "
    "Haas Hansen Ito Ivanova Jensen Jones Kaya Keller Kowalski Lang Lopez Marsh Meyer Moreau Nagy Novak "
    "Olsen Patel Petrov Quist Reyes Rossi Sato Schmid Silva Tanaka Torres Ueda Vogel Weber Young Zeman Zhou"
).split()
TITLES = (
    "Chief Marketing Officer", "VP Sales", "Head of Operations", "Director of IT", "Marketing Manager",
    "Sales Operations Manager", "IT Administrator", "Analyst", "Student", "Procurement Specialist",
)  # fmt: skip
INDUSTRIES = ("Technology", "Manufacturing", "Healthcare", "Finance", "Education", "Retail")
_COMPANY_WORDS = "Acorn Birch Cedar Delta Ember Falcon Granite Harbor Indigo Juniper Kestrel Lumen".split()
_COMPANY_KINDS = "Systems Logistics Foods Labs Medical Partners Energy Software".split()
SIZES = (5, 20, 80, 250, 900, 4_000)

#: Country, cities with postal codes, and a telephone number of a range kept for fiction where there is one.
PLACES = (
    ("Germany", (("Berlin", "10115"), ("Hamburg", "20095"), ("München", "80331")), "+49 30 23125 {:03d}"),
    ("Austria", (("Wien", "1010"), ("Graz", "8010")), "+43 1 5355 {:03d}"),
    ("Switzerland", (("Zürich", "8001"), ("Bern", "3011")), "+41 44 668 18 {:02d}"),
    (
        "United States",
        (("New York", "10001"), ("Chicago", "60601"), ("Austin", "73301")),
        "+1 212 555 0{:03d}",
    ),
    ("United Kingdom", (("London", "EC1A 1BB"), ("Leeds", "LS1 1UR")), "+44 20 7946 0{:03d}"),
    ("France", (("Paris", "75001"), ("Lyon", "69001")), "+33 1 99 00 {:02d} 12"),
    ("Spain", (("Madrid", "28001"), ("Sevilla", "41001")), "+34 91 123 4{:03d}"),
    ("India", (("Mumbai", "400001"), ("Pune", "411001")), "+91 22 2345 6{:03d}"),
)
FORMS = ("Contact sales", "Demo request", "Newsletter", "Whitepaper download", "Webinar registration")
PAGES = ("/", "/pricing", "/product", "/blog/lead-scoring", "/careers", "/docs")
EMAILS = ("Spring newsletter", "Product update", "Webinar invitation", "Case study")
_MONTHS_BACK = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One invented person; None and False mean that the CRM does not know."""

    number: int
    first_name: str
    last_name: str
    #: None for about one in thirty.
    email: str | None
    #: None for about one in four.
    phone: str | None
    title: str
    company: str
    industry: str
    employees: int
    country: str
    city: str
    postal_code: str
    opted_out: bool
    do_not_call: bool
    #: How keen, from 0 to 1: decides what they did.
    interest: float
    created_at: datetime
    modified_at: datetime


def invent(chance: random.Random, count: int, now: datetime) -> list[Person]:
    """Invent people whose lives in the CRMs began within the past months."""
    return [_person(chance, number, now) for number in range(count)]


def moment_between(chance: random.Random, start: datetime, end: datetime) -> datetime:
    """Give a moment, whole seconds, so that both CRMs can keep it."""
    span = max(int((end - start).total_seconds()), 0)
    return (start + timedelta(seconds=chance.randint(0, span))).replace(microsecond=0)


def _person(chance: random.Random, number: int, now: datetime) -> Person:
    first, last = chance.choice(FIRST_NAMES), chance.choice(LAST_NAMES)
    country, cities, phone = chance.choice(PLACES)
    city, postal_code = chance.choice(cities)
    company = f"{chance.choice(_COMPANY_WORDS)} {chance.choice(_COMPANY_KINDS)}"
    created = moment_between(chance, now - timedelta(days=30 * _MONTHS_BACK), now - timedelta(days=1))
    return Person(
        number=number,
        first_name=first,
        last_name=last,
        email=f"{first}.{last}.{number}@example.com".lower() if chance.random() > 0.03 else None,
        phone=phone.format(number % 100) if chance.random() > 0.25 else None,
        title=chance.choice(TITLES),
        company=company,
        # The same company is in the same industry and of the same size whoever works there.
        industry=INDUSTRIES[sum(map(ord, company)) % len(INDUSTRIES)],
        employees=SIZES[sum(map(ord, company)) % 17 % len(SIZES)],
        country=country,
        city=city,
        postal_code=postal_code,
        opted_out=chance.random() < 0.05,
        do_not_call=chance.random() < 0.03,
        interest=chance.random(),
        created_at=created,
        modified_at=moment_between(chance, created, now),
    )
