"""Every reader gives a value, None for nothing, or UNKNOWN: it never raises and never invents."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmbridge.model import UNSET, Money
from crmbridge.normalise import (
    UNKNOWN,
    Kind,
    Readers,
    company_domain,
    company_key,
    is_free_mail,
    read_boolean,
    read_country,
    read_date,
    read_datetime,
    read_email,
    read_integer,
    read_long_text,
    read_money,
    read_multi,
    read_number,
    read_phone,
    read_region,
    read_text,
    read_url,
    registrable_domain,
)
from crmbridge.normalise.people import _validated
from crmbridge.normalise.places import country_codes, country_name, region_name
from crmbridge.normalise.readers import MEMORY_SIZE, PAIR_READERS, PLAIN_READERS

ONE_ARGUMENT: dict[Kind, Callable[..., Any]] = {**PLAIN_READERS, **PAIR_READERS}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Ann@Example.COM", "ann@example.com"),
        ("  ann@example.com\n", "ann@example.com"),
        ("Ann Lee <ann@example.com>", "ann@example.com"),
        ("ann+news@mail.example.co.uk", "ann+news@mail.example.co.uk"),
        ("jörg@example.com", "jörg@example.com"),
        ("ann@xn--mller-kva.example", "ann@müller.example"),
        ("", None),
        (None, None),
        ("ann@", UNKNOWN),
        ("ann@localhost", UNKNOWN),
        ("ann@127.0.0.1", UNKNOWN),
        ("ann at example.com", UNKNOWN),
        ("a@b.example; c@d.example", UNKNOWN),
        ("x" * 65 + "@example.com", UNKNOWN),
        (17, UNKNOWN),
    ],
)
def test_an_email_is_lower_case_without_a_display_name(raw: Any, expected: Any) -> None:
    assert read_email(raw) == expected


@pytest.mark.parametrize("text", ["a.b@example.com", "a_b-c+d@x-y.example.org", "1@2.io", "A@B.Museum"])
def test_the_fast_path_for_emails_agrees_with_the_library(text: str) -> None:
    assert read_email(text) == _validated(text)


@pytest.mark.parametrize(
    ("raw", "country", "expected"),
    [
        ("030 123456", "DE", "+4930123456"),
        ("+49 (30) 123456", None, "+4930123456"),
        ("+49 (30) 123456", "US", "+4930123456"),
        ("0049 30 123456", "DE", "+4930123456"),
        ("(415) 555-0100 ext. 12", "US", "+14155550100"),
        ("030 123456", None, "030 123456"),
        (4155550100, "US", "+14155550100"),
        ("12345", None, UNKNOWN),
        ("call me", "DE", UNKNOWN),
        ("12", "DE", UNKNOWN),
        ("555-0100", "US", UNKNOWN),
        ("+999 1", None, UNKNOWN),
        ("9" * 80, None, UNKNOWN),
        ("", "DE", None),
    ],
)
def test_a_phone_is_e164_by_the_country_of_the_record(raw: Any, country: str | None, expected: Any) -> None:
    assert read_phone(raw, country) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("NO", "NO"),
        ("no", "NO"),
        ("DE", "DE"),
        ("DEU", "DE"),
        ("Germany", "DE"),
        ("Deutschland", "DE"),
        ("Allemagne", "DE"),
        ("Alemania", "DE"),
        ("ドイツ", "DE"),
        ("UK", "GB"),
        ("U.S.A.", "US"),
        ("The Netherlands", "NL"),
        ("Korea, Republic of", "KR"),
        ("Czech Republic", "CZ"),
        ("Côte d’Ivoire", "CI"),
        ("kosovo", "XK"),
        ("Georgia", "GE"),
        ("Kongo", UNKNOWN),
        ("Europe", UNKNOWN),
        ("Atlantis", UNKNOWN),
        ("xx", UNKNOWN),
        ("   ", None),
        (47, UNKNOWN),
    ],
)
def test_a_country_is_read_from_text_in_many_languages(raw: Any, expected: Any) -> None:
    assert read_country(raw) == expected


def test_the_name_that_is_written_for_a_country_is_read_back_as_it() -> None:
    assert [code for code in sorted(country_codes()) if read_country(country_name(code)) != code] == []


@pytest.mark.parametrize(
    ("raw", "country", "expected"),
    [
        ("CA", "US", "US-CA"),
        ("California", "US", "US-CA"),
        ("us-ca", None, "US-CA"),
        ("Québec", "CA", "CA-QC"),
        ("Quebec", "CA", "CA-QC"),
        ("Bavaria", "DE", "DE-BY"),
        ("Bayern", "DE", "DE-BY"),
        ("BY", "DE", "DE-BY"),
        ("CA", None, UNKNOWN),
        ("California", "DE", UNKNOWN),
        ("US-CA", "DE", UNKNOWN),
        ("", "US", None),
    ],
)
def test_a_region_is_read_inside_its_country(raw: Any, country: str | None, expected: Any) -> None:
    assert read_region(raw, country) == expected


@pytest.mark.parametrize("code", ["US-CA", "CA-QC", "DE-BY", "FR-BRE", "JP-13"])
def test_the_name_that_is_written_for_a_region_is_read_back_as_it(code: str) -> None:
    assert read_region(region_name(code), code[:2]) == code


@pytest.mark.parametrize(
    ("reader", "raw", "expected"),
    [
        (read_text, "  a \n b ", "a b"),
        (read_text, 5.0, "5"),
        (read_text, True, "true"),
        (read_text, {"a": 1}, UNKNOWN),
        (read_long_text, " a\nb ", "a\nb"),
        (read_number, "17", 17.0),
        (read_number, " -1.5e3 ", -1500.0),
        (read_number, "1,234,567.5", 1234567.5),
        (read_number, "1.234.567,5", 1234567.5),
        (read_number, "1,234", UNKNOWN),
        (read_number, "nan", UNKNOWN),
        (read_number, float("inf"), UNKNOWN),
        (read_number, "1_000", UNKNOWN),
        (read_number, True, UNKNOWN),
        (read_integer, "17.0", 17),
        (read_integer, 17, 17),
        (read_integer, "17.5", UNKNOWN),
        (read_integer, "5-25", UNKNOWN),
        (read_integer, "1e300", UNKNOWN),
        (read_boolean, "TRUE", True),
        (read_boolean, "no", False),
        (read_boolean, 1, True),
        (read_boolean, "maybe", UNKNOWN),
        (read_boolean, "", None),
        (read_multi, "b;a;;a", "a;b"),
        (read_multi, ["b", "a"], "a;b"),
        (read_multi, ";", None),
        (read_multi, [1], UNKNOWN),
        (read_url, " https://Example.com/a?b ", "https://Example.com/a?b"),
        (read_url, "example.com", "example.com"),
        (read_url, "n/a", UNKNOWN),
        (read_url, "javascript:alert(1)", UNKNOWN),
        (read_money, "500", Money(Decimal(500))),
        (read_money, "EUR 500.50", Money(Decimal("500.50"), "EUR")),
        (read_money, 12.5, Money(Decimal("12.5"))),
        (read_money, "$500", UNKNOWN),
        (read_money, "", None),
    ],
)
def test_plain_values_are_read_from_texts_and_native_types(
    reader: Callable[[Any], Any], raw: Any, expected: Any
) -> None:
    found = reader(raw)
    assert (found, type(found)) == (expected, type(expected))


def test_money_takes_its_currency_from_a_field_of_its_own_unless_the_text_says_it() -> None:
    assert read_money("500", "usd") == Money(Decimal(500), "USD")
    assert read_money("500 EUR", "USD") == Money(Decimal(500), "EUR")


NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("2026-05-01T12:00:00Z", NOON),
        ("2026-05-01T12:00:00.000+0000", NOON),
        ("2026-05-01T14:00:00+02:00", NOON),
        ("2026-05-01T12:00:00", NOON),
        (str(int(NOON.timestamp() * 1000)), NOON),
        (int(NOON.timestamp() * 1000), NOON),
        (NOON.astimezone(timezone(timedelta(hours=5))), NOON),
        ("2026-05-01", datetime(2026, 5, 1, tzinfo=UTC)),
        (date(2026, 5, 1), datetime(2026, 5, 1, tzinfo=UTC)),
        ("1777636800", UNKNOWN),
        ("20260501", UNKNOWN),
        ("01/05/2026", UNKNOWN),
        ("0001-01-01T00:00:00+14:00", UNKNOWN),
        (10**18, UNKNOWN),
        (float("nan"), UNKNOWN),
        (True, UNKNOWN),
        ("", None),
    ],
)
def test_a_moment_is_utc_however_it_is_written(raw: Any, expected: Any) -> None:
    assert read_datetime(raw) == expected


def test_a_day_is_its_midnight_in_utc() -> None:
    assert read_date("2026-05-01T23:00:00Z") == datetime(2026, 5, 1, tzinfo=UTC)
    assert read_date("soon") is UNKNOWN


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Acme GmbH & Co. KG", "ACME"),
        ("The Home Depot, Inc.", "Home Depot"),
        ("McDonald's Corporation", "McDonalds Corp."),
        ("Müller AG", "Muller Aktiengesellschaft"),
        ("GTX Pro", "GTXPro"),
        ("Procter & Gamble Co", "Procter and Gamble"),
        ("トヨタ自動車株式会社", "トヨタ自動車"),
    ],
)
def test_spellings_of_one_company_share_a_key(left: str, right: str) -> None:
    assert company_key(left) == company_key(right) != ""


def test_different_companies_have_different_keys() -> None:
    names = ["Acme", "Acme Labs", "Apple Bank", "Apple", "S.A.", "Inc.", "北京", "東京"]
    assert len({company_key(name) for name in names}) == len(names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://www.Acme.co.uk/about?x=1", "acme.co.uk"),
        ("ann@mail.acme.com", "acme.com"),
        ("www.acme.example", "acme.example"),
        ("localhost", None),
        ("127.0.0.1", None),
        ("co.uk", None),
        ("", None),
        ("http://[::1", None),
    ],
)
def test_the_registrable_domain_comes_without_network(text: str, expected: str | None) -> None:
    assert registrable_domain(text) == expected


def test_free_mail_and_throw_away_addresses_are_nobodys_company() -> None:
    assert is_free_mail("GMAIL.com")
    assert is_free_mail("mailinator.com")
    assert [company_domain(text) for text in ("ann@gmail.com", "ann@acme.com")] == [None, "acme.com"]


@pytest.mark.parametrize("kind", ONE_ARGUMENT, ids=lambda kind: kind.value)
@settings(deadline=None)  # the first text that needs a library pays for its import
@given(
    raw=st.one_of(
        st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.binary(), st.lists(st.text())
    )
)
def test_no_reader_raises_whatever_comes(kind: Kind, raw: Any) -> None:
    ONE_ARGUMENT[kind](raw)


@pytest.mark.parametrize("kind", PLAIN_READERS, ids=lambda kind: kind.value)
@settings(deadline=None)
@given(raw=st.text())
def test_what_was_read_is_read_again_as_itself(kind: Kind, raw: str) -> None:
    first = PLAIN_READERS[kind](raw)
    if first is not UNKNOWN:
        assert PLAIN_READERS[kind](first) == first


def test_a_memory_is_bounded_and_keeps_texts_apart_from_numbers() -> None:
    memory = Readers().plain[Kind.TEXT]
    assert [memory[value] for value in (True, 1, "1", 1.0)] == ["true", "1", "1", "1"]
    for number in range(2 * MEMORY_SIZE):
        assert memory[f"text {number}"] == f"text {number}"
    assert len(memory) <= MEMORY_SIZE
    assert memory[UNSET] is UNSET


def test_importing_the_readers_loads_no_heavy_library() -> None:
    heavy = "{'babel', 'pycountry', 'phonenumbers', 'email_validator', 'tldextract', 'cleanco', 'requests'}"
    code = f"import sys, crmbridge.normalise, crmbridge.mapping; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
