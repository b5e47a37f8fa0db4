"""plan, apply, sync, pause and resume: exit codes, documents and refusals."""

from __future__ import annotations

import hashlib
import json
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crmbridge.adapters.retry import RetryPolicy
from crmbridge.company import open_company
from crmbridge.settings import Settings
from tests.cli.company import NOW, Company, Ran

PLAN_KEYS = {
    "leads", "decided", "skipped", "adopted", "change_count", "changes", "conflicts", "api_calls_estimated",
}  # fmt: skip
SYNC_KEYS = PLAN_KEYS | {"written", "failed", "api_calls"}
CHANGE_KEYS = {"crm", "object", "id", "field", "old", "new", "reason", "based_on_version"}


@pytest.fixture
def saved(company: Company) -> Path:
    """Give a plan file."""
    path = company.folder / "first.plan"
    assert company.run("plan", "--now", NOW, "--out", str(path)).code == 0
    return path


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def sync(company: Company, *words: str) -> Ran:
    return company.run("sync", "--json", "--now", NOW, *words)


# plan ----------------------------------------------------------------------------------------------
def test_a_plan_is_one_document_whose_sums_agree_and_writes_nothing(known: Company) -> None:
    seen = known.seen()
    ran = known.run("plan", "--json", "--now", NOW)
    plan = ran.json
    assert ran.code == 0
    assert plan.keys() >= PLAN_KEYS
    assert plan["leads"] == plan["decided"] + sum(plan["skipped"].values()) > 60
    assert plan["change_count"] == len(plan["changes"]) > 0
    assert all(change.keys() >= CHANGE_KEYS for change in plan["changes"])
    assert plan["api_calls_estimated"].keys() == {"hubspot", "salesforce"}
    assert known.effects(seen) == []


def test_a_plan_made_twice_is_the_same(known: Company) -> None:
    first, second = (known.run("plan", "--json", "--now", NOW).json for _ in range(2))
    assert first["changes"] == second["changes"]


def test_people_see_owners_by_name_and_how_to_go_on(known: Company, tmp_path: Path) -> None:
    out = tmp_path / "first.plan"
    ran = known.run("plan", "--now", NOW, "--out", str(out), "--show", "500")
    assert "ben.cole@example.com" in ran.out
    assert f"crmbridge apply {out}" in ran.out


def test_a_saved_plan_is_a_header_and_one_change_a_line_for_its_owner_only(
    known: Company, tmp_path: Path
) -> None:
    saved = tmp_path / "first.plan"
    assert known.run("plan", "--now", NOW, "--out", str(saved)).code == 0
    header, *changes = lines(saved)
    assert header.keys() >= {"company", "process_version", "portal_id", "org_id", "created_at", "sha256"}
    assert header["company"] == "acme"
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    rest = saved.read_bytes().partition(b"\n")[2]
    assert hashlib.sha256(rest).hexdigest() == header["sha256"]
    assert changes
    assert all(change.keys() >= CHANGE_KEYS for change in changes)


def test_another_moment_makes_another_plan(known: Company) -> None:
    now = known.run("plan", "--json", "--now", NOW).json
    later = known.run("plan", "--json", "--now", "2029-01-01").json
    assert later["handed_off"] < now["handed_off"]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        pytest.param(("plan", "--now", "yesterday"), "--now", id="no moment"),
        pytest.param(("plan", "--allow", "everything"), "changed_share", id="no guard"),
        pytest.param(("plan", "--out", "none/first.plan"), "--out", id="no folder"),
        pytest.param(("plan", "--frobnicate"), "--frobnicate", id="no option"),
        pytest.param(("apply", "first.plan", "--limit", "0"), "--limit", id="nobody"),
        pytest.param(("apply", "missing.plan"), "missing.plan", id="no file"),
        pytest.param(("apply", "pyproject.toml"), "no plan file", id="another file"),
    ],
)
def test_wrong_usage_is_named_before_anybody_is_called(
    known: Company, words: tuple[str, ...], named: str
) -> None:
    seen = known.seen()
    ran = known.run(*words)
    assert (ran.code, known.seen()) == (2, seen)
    assert named in ran.err


# apply ---------------------------------------------------------------------------------------------
def test_a_limit_writes_so_many_leads_and_leaves_the_others_planned(company: Company, saved: Path) -> None:
    ran = company.run("apply", str(saved), "--limit", "3", "--json")
    assert ran.code == 0
    leads = list(dict.fromkeys(change["lead_id"] for change in lines(saved)[1:]))
    rest = company.run("plan", "--json", "--now", NOW).json
    assert {change["lead"] for change in rest["changes"]}.isdisjoint(leads[:3])
    assert {change["lead"] for change in rest["changes"]} >= set(leads[3:])


def test_only_writes_the_leads_that_are_named(company: Company, saved: Path) -> None:
    change = next(change for change in lines(saved)[1:] if change["crm"] == "hubspot")
    reference = f"hubspot:contacts:{change['id']}"
    assert company.run("apply", str(saved), "--only", reference, "--json").code == 0
    rest = company.run("plan", "--json", "--now", NOW).json
    left = {change["lead_id"] for change in lines(saved)[1:]} - {change["lead"] for change in rest["changes"]}
    assert left == {change["lead_id"]}


def test_a_whole_plan_leaves_nothing_for_the_next(company: Company, saved: Path) -> None:
    ran = company.run("apply", str(saved), "--json")
    assert ran.code == 0
    assert ran.json.keys() >= SYNC_KEYS
    assert (ran.json["failed"], ran.json["written"] > 0) == (0, True)
    assert company.run("plan", "--json", "--now", NOW).json["changes"] == []


def test_a_plan_that_was_edited_is_refused(company: Company, saved: Path) -> None:
    seen = company.seen()
    saved.write_text(saved.read_text("utf-8").replace('"new":"new"', '"new":"working"'), "utf-8")
    ran = company.run("apply", str(saved))
    assert (ran.code, company.effects(seen)) == (2, [])
    assert "was changed after it was written" in ran.err


def test_a_plan_is_refused_once_another_run_has_written(company: Company, saved: Path) -> None:
    assert sync(company).code == 0
    seen = company.seen()
    ran = company.run("apply", str(saved))
    assert (ran.code, company.effects(seen)) == (3, [])
    assert "moved_on" in ran.err
    assert "--allow" not in ran.err


def test_a_plan_is_refused_once_the_process_is_another(company: Company, saved: Path) -> None:
    company.change_process("threshold = 60.0", "threshold = 70.0")
    ran = company.run("apply", str(saved))
    assert ran.code == 3
    assert "process_fingerprint" in ran.err


# sync ----------------------------------------------------------------------------------------------
def test_a_second_sync_finds_nothing_to_do(company: Company) -> None:
    first, second = sync(company), sync(company)
    assert (first.code, second.code) == (0, 0)
    assert first.json.keys() >= SYNC_KEYS
    assert first.json["written"] > 0
    assert (second.json["change_count"], second.json["written"], second.json["failed"]) == (0, 0, 0)


def test_people_are_told_how_much_was_written(company: Company) -> None:
    ran = company.run("sync", "--now", NOW)
    assert ran.code == 0
    assert " records written, 0 moved meanwhile, 0 failed" in ran.out
    assert "--show" not in ran.out


def test_records_that_the_crm_refuses_are_counted_and_do_not_stop_the_others(company: Company) -> None:
    company.sandbox.set_options(salesforce={"validation_rules": ["Lead | Country = 'Germany' | not today"]})
    ran = sync(company)
    assert ran.code == 1
    assert (ran.json["failed"] > 0, ran.json["written"] > 0) == (True, True)


def test_a_guard_refuses_with_numbers_and_is_overridden_by_name(company: Company) -> None:
    company.change_process("max_handoffs = 100000", "max_handoffs = 1")
    seen = company.seen()
    refused = sync(company)
    assert (refused.code, refused.out, company.effects(seen)) == (3, "", [])
    assert "the limit is 1" in refused.err
    assert "--allow handoffs" in refused.err
    assert sync(company, "--allow", "handoffs").code == 0


def test_a_pause_stops_writing_until_it_is_lifted_and_planning_goes_on(company: Company, saved: Path) -> None:
    assert company.run("pause", "new territories on Monday").code == 0
    seen = company.seen()
    for ran in (company.run("apply", str(saved)), sync(company)):
        assert ran.code == 3
        assert "new territories on Monday" in ran.err
    assert company.run("plan", "--now", NOW).code == 0
    assert company.effects(seen) == []
    assert company.run("resume").code == 0
    assert sync(company).code == 0


# what goes wrong around it ---------------------------------------------------------------------------
def test_a_run_waits_for_nobody_who_holds_the_lease(company: Company) -> None:
    other = open_company(company.folder, Settings.parse(company.sandbox.settings()))
    run = other.ledger.begin("sync", datetime.now(UTC), {})
    try:
        ran = company.run("sync")
        assert (ran.code, ran.out) == (4, "")
        assert "run the same command again" in ran.err
    finally:
        other.ledger.finish(run, "done", {})
        other.close()
    assert company.run("plan").code == 0


def test_a_wrong_token_is_named_without_showing_it(company: Company) -> None:
    ran = company.run("sync", CRMBRIDGE_HUBSPOT__ACCESS_TOKEN="pat-na1-invented")
    assert (ran.code, ran.out) == (2, "")
    assert "AuthFailed" in ran.err
    assert "pat-na1-invented" not in ran.err


@pytest.mark.parametrize("crm", ["hubspot", "salesforce"])
def test_a_crm_that_is_down_stops_the_run_and_the_next_one_goes_on(
    company: Company, crm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RetryPolicy, "wait_seconds", lambda *_: 0.0)
    company.sandbox.set_faults({"crm": crm, "skip": 6, "action": {"status": 503}})
    ran = sync(company)
    assert (ran.code, ran.out) == (4, "")
    assert "stopped Unavailable" in ran.err
    assert "run the same command again" in ran.err
    company.sandbox.set_faults()
    assert sync(company).code == 0
    assert sync(company).json["change_count"] == 0
