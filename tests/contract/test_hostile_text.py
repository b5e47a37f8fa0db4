"""Strings that break programs, in every text field of a person: kept, written on, and never in a log."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from crmbridge.identity import new_lead_id
from crmbridge.model import Record
from crmbridge.sandbox import Sandbox
from tests.contract.shop import PROCESS, Shop

LIST = Path(__file__).parents[3] / "shared" / "data" / "reference" / "naughty_strings" / "blns.json"
#: Always tried, with or without the list.
OURS = [
    "=cmd|' /C calc'!A0",
    "'; DROP TABLE crm_lead; --",
    "Robert\"), ('x",
    "<script>alert('hostile text')</script>",
    "[red]markup that is none[/red]",
    "[/]",
    "%s%s%n {0} {name} ${jndi:ldap://x}",
    "back\\slash \\' OR Email != ''",
    "line one\nline two\r\nline three",
    "tab\there",
    "Zażółć gęślą jaźń 田中さん",
    "right\u202eto left",
    "family 👨‍👩‍👧‍👦 name",
    "e\u0301 is not \u00e9",
    "no\u00a0break\u200bspace",
    "x" * 80,
    "null and void None undefined",
    "Ω≈ç√∫˜µ≤≥÷ hostile",
    "../../../../etc/passwd%00",
    "NaN Infinity -1e309 0x7f",
]
#: HubSpot property -> Lead field, and the longest text that the latter keeps.
FIELDS = {
    "firstname": ("FirstName", 40),
    "lastname": ("LastName", 80),
    "company": ("Company", 255),
    "jobtitle": ("Title", 128),
    "industry": ("Industry", 255),
    "city": ("City", 40),
    "zip": ("PostalCode", 20),
    "state": ("State", 80),
    "country": ("Country", 80),
    "phone": ("Phone", 40),
    "website": ("Website", 255),
}
#: Copied as they are; the others are read as numbers, places or addresses, and what is none is not copied.
COPIED = {"firstname", "lastname", "company", "jobtitle", "city", "zip"}


def hostile() -> list[str]:
    """Give the strings; those that a CSV file or a CRM cannot tell from an empty cell are left out."""
    listed: list[str] = json.loads(LIST.read_text("utf-8")) if LIST.is_file() else []
    return list(dict.fromkeys(text for text in [*OURS, *listed] if text.strip() and "\0" not in text))


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def shop(
    served: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shop:
    served.reset()
    made = Shop(tmp_path, served, monkeypatch, capsys)
    made.write(PROCESS)
    made.sign_in()
    made.people()
    assert made.run("provision", "--apply").code == 0
    return made


def table(texts: list[str]) -> str:
    """Put each text into every field of a person, cut to what fits in both CRMs."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["email", *FIELDS])
    for number, text in enumerate(texts):
        writer.writerow([f"p{number}@example.org", *(text[:length] for _, length in FIELDS.values())])
    return out.getvalue()


def shown(shop: Shop, contacts: list[str]) -> list[tuple[Record, Record]]:
    """Read each contact and the Lead that was made of it, as they are now."""
    bridge = shop.bridge()
    try:
        found = bridge.crms["hubspot"].read("contacts", contacts)
        made = bridge.crms["salesforce"].read_external("Lead", [new_lead_id(r.ref) for r in found.values()])
        return [(found[contact], made[new_lead_id(found[contact].ref)]) for contact in contacts]
    finally:
        bridge.close()


def test_hostile_text_survives_a_full_sync_and_shows_in_no_log(shop: Shop) -> None:
    texts = hostile()
    report = shop.sandbox.load("hubspot.contacts", table(texts))
    assert report.skipped == ()
    ran = [shop.run("plan", "--show", "2000"), shop.run("sync", "--json")]
    assert ran[1].json["leads"] == ran[1].json["written"] // 2 == len(texts)
    ran += [shop.run("explain", f"hubspot:contacts:{contact}") for contact in report.ids[:20]]
    ran.append(shop.run("plan", "--json"))
    assert ran[-1].json["change_count"] == 0
    assert [one.code for one in ran] == [0] * len(ran)
    assert not [text for text in texts if any(len(text) > 8 and text in one.err for one in ran)]


def test_hostile_text_is_the_same_in_both_crms_but_for_white_space(shop: Shop) -> None:
    texts = hostile()
    report = shop.sandbox.load("hubspot.contacts", table(texts))
    assert shop.run("sync", "--json").code == 0
    for text, (contact, lead) in zip(texts, shown(shop, list(report.ids)), strict=True):
        for name, (field, length) in FIELDS.items():
            assert contact.raw[name] == text[:length].strip()
            if name in COPIED:
                assert lead.raw[field] == " ".join(text[:length].split())
