"""What people and systems get wrong: a clear message or a named skip, nothing lost, nothing half-written."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from crmbridge.errors import ConfigError
from crmbridge.sandbox import Sandbox
from crmbridge.sandbox.options import Options
from tests.contract.shop import PROCESS, Shop


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def shop(
    served: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shop:
    """Give a company with its reps and custom fields, and nobody else in its CRMs."""
    served.run(lambda: setattr(served.world, "options", Options()))
    served.reset()
    made = Shop(tmp_path, served, monkeypatch, capsys)
    made.write()
    made.sign_in()
    made.people()
    assert made.run("provision", "--apply").code == 0
    made.look()
    return made


# files ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("process", "named"),
    [
        pytest.param("", "is empty", id="empty"),
        pytest.param("format = 1\n[process\n", "process.toml", id="broken"),
        pytest.param("format = 2\n", "format", id="of the future"),
        pytest.param(PROCESS.replace('name = "dach"\ncountries', 'nmae = "x"\ncountries'), "nmae", id="slip"),
        pytest.param(PROCESS + "\n[pricing]\nlevel = 3\n", "pricing", id="unknown section"),
        pytest.param(
            PROCESS.replace('next = ["recycled", "disqualified"]', 'next = ["recycled"]')
            .replace('next = ["sal", "recycled", "disqualified"]', 'next = ["sal", "recycled"]')
            .replace('next = ["mql", "disqualified"]', 'next = ["mql"]'),
            "no way out",
            id="stage loop",
        ),
        pytest.param(PROCESS.replace("50.0", "500.0"), "no lead can reach 500", id="unreachable threshold"),
        pytest.param(PROCESS.replace('pool = "dach"', 'pool = "dahc"'), "dahc", id="unknown pool"),
        pytest.param("format = 1\n\udcff", "process.toml", id="not UTF-8"),
    ],
)
def test_a_process_file_that_is_wrong_is_refused_with_its_place(shop: Shop, process: str, named: str) -> None:
    shop.folder.joinpath("process.toml").write_bytes(process.encode("utf-8", "surrogateescape"))
    before = len(shop.sandbox.audit())
    ran = shop.run("sync")
    assert ran.code == 2
    assert named in ran.err
    assert "process.toml" in ran.err
    assert len(shop.sandbox.audit()) == before


@pytest.mark.parametrize(
    ("mapping", "named"),
    [
        pytest.param("", "format", id="empty"),
        pytest.param("format = 1\n[hubspot.fields\n", "mapping.toml", id="broken"),
        pytest.param("format = 1\n[hubspot.feilds]\nphone = 'x'\n", "feilds", id="unknown section"),
        pytest.param("format = 1\n[hubspot.fields]\nshoe_size = 'shoe'\n", "shoe_size", id="no kind"),
        pytest.param("format = 1\n[write]\nscore_stpe = 3\n", "score_stpe", id="slip"),
    ],
)
def test_a_mapping_file_that_is_wrong_is_refused_with_its_place(shop: Shop, mapping: str, named: str) -> None:
    shop.write(mapping=mapping)
    ran = shop.run("sync")
    assert ran.code == 2
    assert named in ran.err
    assert "mapping.toml" in ran.err


def test_all_problems_of_both_files_come_at_once(shop: Shop) -> None:
    shop.write(PROCESS.replace("50.0", "'many'").replace('pool = "dach"', "pool = 3"), "format = 1\nx = 1\n")
    err = shop.run("check").err
    assert all(key in err for key in ("qualification.threshold", "territory[0].pool", "mapping.toml"))


def test_a_folder_without_files_is_refused(shop: Shop) -> None:
    shop.folder.joinpath("process.toml").unlink()
    ran = shop.run("plan")
    assert (ran.code, "process.toml" in ran.err) == (2, True)


def test_a_field_that_no_crm_has_is_named_by_check(shop: Shop) -> None:
    shop.write(mapping='format = 1\n[hubspot.fields]\nphone = "work_fone"\n')
    ran = shop.run("check")
    assert ran.code == 2
    assert "work_fone" in ran.out
    assert "hubspot.fields.phone" in ran.out


def test_an_owner_who_left_is_named_by_check_with_the_place_in_the_file(shop: Shop) -> None:
    shop.run("plan")
    shop.sandbox.act("hubspot", "owner_leaves", id=shop.hubspot_owners[1])
    shop.run("plan")
    ran = shop.run("check")
    assert ran.code == 2
    assert "pool[0].member[1].owner" in ran.out
    assert "bob@" not in ran.out + ran.err


def test_an_owner_nobody_knows_is_named_by_check(shop: Shop) -> None:
    shop.write(PROCESS.replace("tia@example.com", "nobody@example.com"))
    shop.run("plan")
    ran = shop.run("check")
    assert ran.code == 2
    assert "routing.triage" in ran.out


# accounts and tokens -------------------------------------------------------------------------------
@pytest.mark.parametrize("crm", ["hubspot", "salesforce"])
def test_a_wrong_token_is_refused_at_the_start(shop: Shop, crm: str) -> None:
    secret = "pat-na1-this-is-wrong" if crm == "hubspot" else "00D000000000000!wrong"
    name = "access_token" if crm == "hubspot" else "session_id"
    shop.sign_in(**{crm: shop.sandbox.settings()[crm] | {name: secret}})
    ran = shop.run("sync")
    assert ran.code == 2
    assert "AuthFailed" in ran.err
    assert secret not in ran.out + ran.err
    assert shop.writes() == []


def test_a_missing_scope_is_named(shop: Shop) -> None:
    shop.sandbox.set_options(hubspot={"scopes": ["crm.objects.contacts.read", "crm.objects.owners.read"]})
    ran = shop.run("check")
    assert ran.code == 2
    assert "crm.objects.contacts.write" in ran.out + ran.err


def test_a_sync_without_a_needed_scope_writes_nothing_and_names_it(shop: Shop) -> None:
    shop.contacts("ada@example.org,Ada,Acme,DE")
    shop.sandbox.set_options(hubspot={"scopes": ["crm.objects.owners.read"]})
    ran = shop.run("sync")
    assert ran.code == 2
    assert "missing scope: crm.objects." in ran.err
    assert shop.writes() == []


@pytest.mark.parametrize("key", ["hubspot_portal_id", "salesforce_org_id"])
def test_another_account_s_token_is_refused_before_the_first_read(shop: Shop, key: str) -> None:
    shop.contacts("ada@example.org,Ada,Acme,DE")
    shop.write(PROCESS + f'\n[identity]\n{key} = "00D0000000000ZZZZZ"\n')
    before = len(shop.sandbox.audit())
    ran = shop.run("sync")
    assert ran.code == 2
    assert f"identity.{key}" in ran.err
    paths = [entry["path"] for entry in shop.sandbox.audit()[before:]]
    assert not any("contacts" in path or "query" in path.lower() for path in paths), paths
    assert shop.writes() == []


def test_a_paused_company_plans_and_writes_nothing(shop: Shop) -> None:
    shop.contacts("ada@example.org,Ada,Acme,DE")
    assert shop.run("pause", "new territories").code == 0
    ran = shop.run("sync")
    assert ran.code == 3
    assert "paused" in ran.err
    assert "new territories" in ran.err
    assert shop.run("plan", "--json").json["change_count"] > 0
    assert shop.writes() == []
    assert shop.run("resume").code == 0
    assert shop.sync()["written"] == 2


# people --------------------------------------------------------------------------------------------
def test_two_salesforce_leads_with_one_address_are_skipped_by_name(shop: Shop) -> None:
    twins = shop.leads(
        "ada@example.org,Ada,Acme,DE", "ada@example.org,Ada,Acme,AT", "b@example.org,Bo,Acme,DE"
    )
    found = shop.sync()
    assert found["leads"] == 3
    assert found["skipped"] == {"ambiguous_identity": 2}
    assert found["decided"] == 1
    assert {change["id"] for change in found["changes"]}.isdisjoint(twins[:2])
    assert {conflict["kind"] for conflict in found["conflicts"]} == {"ambiguous_identity"}
    assert shop.sync()["change_count"] == 0


def test_a_lead_and_a_contact_with_one_address_are_one_person(shop: Shop) -> None:
    shop.sandbox.load("salesforce.Contact", "Email,LastName\nada@example.org,Ada\n")
    shop.leads("ada@example.org,Ada,Acme,DE")
    found = shop.sync()
    assert found["leads"] == found["decided"] == 1
    assert shop.sync()["change_count"] == 0


def test_two_contacts_and_a_lead_with_one_address_are_skipped_by_name(shop: Shop) -> None:
    shop.contacts("ada@example.org,Ada,Acme,DE")
    shop.sandbox.load("salesforce.Contact", "Email,LastName\nada@example.org,Ada\nada@example.org,Ada\n")
    found = shop.sync()
    assert found["decided"] == 0
    assert found["leads"] == found["skipped"]["ambiguous_identity"]
    assert shop.records("salesforce", "Lead") == 0


def test_a_lead_without_an_address_is_decided_and_lacks_it(shop: Shop) -> None:
    (record_id,) = shop.leads(",Nameless,Acme,DE")
    found = shop.sync()
    assert (found["decided"], found["skipped"], found["handed_off"]) == (1, {}, 0)
    ran = shop.run("explain", f"salesforce:Lead:{record_id}", "--json")
    assert ran.json["decision"]["missing"] == ["email"]
    assert shop.sync()["change_count"] == 0


def test_a_text_too_long_for_the_other_crm_is_left_out_and_listed(shop: Shop) -> None:
    long = "x" * 200
    shop.contacts(
        f"ada@example.org,Ada,Acme,DE,{long}",
        "bo@example.org,Bo,Acme,DE,Bonn",
        header="email,lastname,company,country,city",
    )
    ran = shop.run("sync", "--json")
    assert ran.code == 0
    assert [(item["kind"], item["field"]) for item in ran.json["conflicts"]] == [("too_long", "city")]
    assert long not in ran.err
    assert shop.records("salesforce", "Lead") == 2


def test_who_opted_out_in_one_crm_is_held_in_both(shop: Shop) -> None:
    shop.contacts(
        "ada@example.org,Ada,Acme,DE,false", header="email,lastname,company,country,hs_email_optout"
    )
    shop.leads("ada@example.org,Ada,Acme,DE,true", header="Email,LastName,Company,Country,HasOptedOutOfEmail")
    found = shop.sync()
    assert (found["leads"], found["handed_off"]) == (1, 0)


def test_an_unknown_reference_is_refused(shop: Shop) -> None:
    shop.sync()
    ran = shop.run("explain", "hubspot:contacts:999")
    assert ran.code == 2


# the ledger ----------------------------------------------------------------------------------------
def hand_over(shop: Shop, numbers: range) -> None:
    shop.contacts(*(f"p{n}@example.org,P{n},Acme,DE" for n in numbers))
    shop.sync()


def owners(shop: Shop) -> dict[str, str]:
    """Give who owns whom in HubSpot, as a fresh look finds it."""
    bridge = shop.bridge()
    try:
        crm = bridge.crms["hubspot"]
        found = crm.read("contacts", [str(number) for number in range(101, 131)])
        return {str(record.fields["email"]): str(record.fields["owner"]) for record in found.values()}
    finally:
        bridge.close()


def test_a_ledger_of_yesterday_makes_no_duplicates_and_reassigns_nobody(shop: Shop) -> None:
    hand_over(shop, range(5))
    kept = shop.folder / "yesterday.db"
    shutil.copy(shop.ledger, kept)
    hand_over(shop, range(5, 12))
    before = owners(shop)
    assert len(before) == shop.records("salesforce", "Lead") == 12
    for name in shop.folder.glob("ledger.db*"):
        name.unlink()
    shutil.copy(kept, shop.ledger)
    assert shop.sync()["failed"] == 0
    assert owners(shop) == before
    assert shop.records("salesforce", "Lead") == 12
    assert shop.run("plan", "--json").json["change_count"] == 0


def test_a_lost_ledger_makes_no_duplicates_and_reassigns_nobody(shop: Shop) -> None:
    hand_over(shop, range(12))
    before = owners(shop)
    for name in shop.folder.glob("ledger.db*"):
        name.unlink()
    found = shop.sync()
    assert (found["failed"], found["adopted"], found["handed_off"]) == (0, 12, 0)
    assert owners(shop) == before
    assert shop.records("salesforce", "Lead") == 12
    assert shop.run("plan", "--json").json["change_count"] == 0


def test_a_file_that_is_no_ledger_is_refused_and_left_alone(shop: Shop) -> None:
    for name in shop.folder.glob("ledger.db*"):
        name.unlink()
    shop.ledger.write_text("this is no database " * 300, "utf-8")
    ran = shop.run("plan")
    assert (ran.code, "SQLITE_NOTADB" in ran.err) == (1, True)
    assert shop.ledger.read_text("utf-8").startswith("this is no database")


# CSV files -----------------------------------------------------------------------------------------
def test_a_file_with_a_mark_and_ragged_rows_is_accounted_for_row_by_row(shop: Shop) -> None:
    file = shop.folder / "people.csv"
    file.write_bytes(
        "\ufeffemail,lastname,company,country\r\n"
        "ada@example.org,Ada,Acme,DE\r\n"
        "bo@example.org,Bo\r\n"
        'cy@example.org,Cy,Acme,DE,"too many"\r\n'
        '"dee@example.org","Dee ""the"" Dee","Acme\r\nLtd",DE\r\n'.encode()
    )
    report = shop.sandbox.load("hubspot.contacts", file)
    assert (report.rows, report.loaded, len(report.skipped)) == (4, 2, 2)
    found = shop.sync()
    assert found["leads"] == found["decided"] == report.loaded
    assert shop.records("salesforce", "Lead") == 2
    assert shop.run("plan", "--json").json["change_count"] == 0


@pytest.mark.parametrize("content", [b"", b"email,email\na@example.org,b\n", b"email\n\xff\xfe\n"])
def test_a_file_that_is_no_table_is_refused_whole(shop: Shop, content: bytes) -> None:
    file = shop.folder / "people.csv"
    file.write_bytes(content)
    with pytest.raises(ConfigError):
        shop.sandbox.load("hubspot.contacts", file)
    assert shop.records("hubspot", "contacts") == 0
