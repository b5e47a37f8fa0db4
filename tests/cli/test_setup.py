"""init, check and provision: from two accounts to a company folder that fits them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from crmbridge.mapping import Mapping
from crmbridge.process import Process
from tests.cli.company import Company


def test_init_writes_files_that_are_accepted_as_they_are(fresh: Company) -> None:
    ran = fresh.run("init")
    assert (ran.code, ran.err) == (0, "")
    written = {path.name for path in fresh.folder.iterdir()}
    assert written == {"process.toml", "mapping.toml", "README.md", ".env.example"}
    assert Process.load(fresh.folder / "process.toml").identity.hubspot_portal_id
    assert Mapping.load(fresh.folder / "mapping.toml").fingerprint
    assert fresh.effects() == []


def test_init_leaves_what_it_cannot_know_as_questions_in_comments(fresh: Company) -> None:
    fresh.run("init")
    for name in ("process.toml", "mapping.toml"):
        asking = [
            line for line in (fresh.folder / name).read_text("utf-8").splitlines() if "QUESTION" in line
        ]
        assert asking
        assert all("#" in line.partition("QUESTION")[0] for line in asking)


def test_init_leaves_files_that_exist_as_they_are(fresh: Company) -> None:
    fresh.folder.joinpath("mapping.toml").write_text("format = 1\n# ours\n", "utf-8")
    ran = fresh.run("init")
    assert fresh.folder.joinpath("mapping.toml").read_text("utf-8") == "format = 1\n# ours\n"
    assert "process.toml" in ran.out
    assert "mapping.toml" not in ran.out
    assert "wrote" not in fresh.run("init").out


def test_check_names_every_missing_field_at_once_and_the_command_that_makes_them(fresh: Company) -> None:
    fresh.write_files()
    ran = fresh.run("check", "--json")
    assert ran.code == 2
    assert ran.json.keys() == {"problems", "rights"}
    errors = [problem for problem in ran.json["problems"] if problem["severity"] == "error"]
    assert {problem["message"].split(" has no ")[0].split(": ")[-1] for problem in errors} == {
        "contacts", "Lead", "Contact",
    }  # fmt: skip
    assert all("crmbridge provision" in problem["suggestion"] for problem in errors)


def test_check_shows_people_each_problem_with_its_place_and_what_to_do(fresh: Company) -> None:
    fresh.write_files()
    ran = fresh.run("check")
    assert ran.code == 2
    assert "hubspot.fields.lead_id" in ran.out
    assert "→ run `crmbridge provision --apply`" in ran.out
    assert "6 errors, " in ran.out
    assert "hubspot needs: crm.objects." in ran.out


def test_check_has_nothing_but_warnings_once_the_fields_are_made(known: Company) -> None:
    ran = known.run("check", "--json")
    assert ran.code == 0
    assert {problem["severity"] for problem in ran.json["problems"]} <= {"warning"}
    assert ran.json["rights"].keys() == {"hubspot", "salesforce"}


def test_check_writes_a_permission_set_that_can_be_deployed(known: Company, tmp_path: Path) -> None:
    path = tmp_path / "crmbridge.permissionset-meta.xml"
    assert known.run("check", "--permission-set", str(path)).code == 0
    names = {node.text for node in ET.parse(path).iter() if node.tag.endswith("field")}  # noqa: S314 - our own
    assert "Lead.crmbridge_Lead_Id__c" in names


def test_check_refuses_to_write_where_there_is_no_folder_before_it_calls_anybody(known: Company) -> None:
    seen = known.seen()
    ran = known.run("check", "--permission-set", str(known.folder / "none" / "set.xml"))
    assert (ran.code, known.seen()) == (2, seen)


def test_provision_only_shows_the_fields_until_it_is_told_to_make_them(fresh: Company) -> None:
    fresh.write_files()
    shown = fresh.run("provision", "--json")
    assert shown.code == 0
    assert shown.json["outcomes"] == {}
    assert shown.json["needed"]["hubspot"][0]["name"] == "crmbridge_lead_id"
    assert fresh.effects() == []
    made = fresh.run("provision", "--apply", "--json").json
    assert {len(made["needed"][crm]) == len(made["outcomes"][crm]) for crm in fresh.crms} == {True}
    assert {item["state"] for items in made["outcomes"].values() for item in items} == {"written"}


def test_provision_says_of_every_field_in_both_crms_that_it_was_created(fresh: Company) -> None:
    fresh.write_files()
    rows = [line for line in fresh.run("provision", "--apply").out.splitlines() if "crmbridge_" in line]
    assert rows
    assert all(row.rstrip().endswith("created") for row in rows)


def test_provision_twice_finds_nothing_to_make(known: Company) -> None:
    seen = known.seen()
    ran = known.run("provision", "--apply")
    assert ran.code == 0
    assert "nothing to create" in ran.out
    assert known.effects(seen) == []


@pytest.mark.parametrize("command", ["check", "provision", "plan", "sync", "resume"])
def test_a_folder_without_a_process_is_named_with_the_way_to_make_one(fresh: Company, command: str) -> None:
    ran = fresh.run(command)
    assert ran.code == 2
    assert f"crmbridge init -C {fresh.folder}" in ran.err


def test_settings_that_name_no_crm_are_a_problem_of_the_configuration(fresh: Company) -> None:
    fresh.write_files()
    fresh.crms = ()
    for command in ("init", "check", "plan"):
        ran = fresh.run(command)
        assert ran.code == 2
        assert "no CRM is configured" in ran.err


def test_a_setting_with_a_slip_is_answered_with_the_nearest_one(fresh: Company) -> None:
    ran = fresh.run("init", CRMBRIDGE_HUBSPOT__ACCES_TOKEN="pat-invented")
    assert ran.code == 2
    assert "did you mean CRMBRIDGE_HUBSPOT__ACCESS_TOKEN?" in ran.err
    assert "pat-invented" not in ran.out + ran.err


def test_settings_of_one_company_go_before_those_of_all(fresh: Company) -> None:
    fresh.write_files()
    ran = fresh.run("check", CRMBRIDGE__ACME__HUBSPOT__ACCESS_TOKEN="pat-of-nobody")
    assert ran.code == 2
    assert "access token" in ran.err
