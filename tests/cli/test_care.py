"""The commands of care: what failed, what is disputed, what was written, and taking it back."""

from __future__ import annotations

import csv
import io

from crmbridge.ledger import SqlLedger
from tests.cli.company import NOW, Company, Ran, crmbridge


def sync(company: Company, *more: str) -> Ran:
    return company.run("sync", "--now", NOW, "--json", *more)


def audited(company: Company) -> int:
    return int(company.sandbox.audit()[-1]["seq"])


def a_lead(company: Company) -> str:
    """Give the reference of a lead that the last run handed over."""
    with SqlLedger(f"sqlite:///{company.folder / 'ledger.db'}") as ledger:
        run = ledger.last_written()
        assert run is not None
        return next(item.lead_id for item in ledger.written_by(run) if item.field == "owner")


def test_a_run_is_looked_up_and_undone_and_stays_undone(company: Company) -> None:
    written = sync(company).json
    lead = a_lead(company)
    rows = company.run("history", lead, "--json").json
    assert {row["outcome"] for row in rows} == {"written"}
    table = list(csv.DictReader(io.StringIO(company.run("history", lead, "--csv").out, newline="")))
    assert [row["field"] for row in table] == [row["field"] for row in rows]
    run = rows[0]["run"]
    seen = audited(company)
    shown = company.run("undo", run, "--json").json
    assert (shown["undone_run"], shown["moved_on"]) == (run, 0)
    assert shown["change_count"] > 0
    assert company.effects(seen) == []
    done = company.run(
        "undo", run, "--apply", "--json", "--allow", "overwrites", "--allow", "changed_share"
    ).json
    created = {row["lead"] for row in written["changes"] if row["id"] is None}
    assert (done["failed"], len(done["created"])) == (0, len(created))
    assert done["written"] > 0
    again = sync(company).json
    assert (again["written"], again["failed"]) == (0, 0)
    assert "undo" in company.run("history", lead).out


def test_a_budget_stops_a_run_cleanly_and_the_next_goes_on(company: Company) -> None:
    seen = audited(company)
    stopped = sync(company, "--budget", "7")
    assert (stopped.code, stopped.out) == (4, "")
    assert "the budget of 7 API calls is spent" in stopped.err
    assert len(company.sandbox.audit(seen)) == 7
    assert sync(company).code == 0
    assert company.run("plan", "--now", NOW, "--json").json["change_count"] == 0


def test_what_a_crm_refuses_is_listed_retried_and_dropped(company: Company) -> None:
    assert "no record has failed" in company.run("failures", "list").out
    company.sandbox.set_options(salesforce={"validation_rules": ["Lead | Country = 'Germany' | not today"]})
    assert sync(company).code == 1
    company.sandbox.set_options(salesforce={"validation_rules": []})
    rows = company.run("failures", "list", "--json").json
    assert {row["error"] for row in rows} == {"FIELD_CUSTOM_VALIDATION_EXCEPTION"}
    table = list(csv.DictReader(io.StringIO(company.run("failures", "list", "--csv").out, newline="")))
    assert [row["lead"] for row in table] == [row["lead"] for row in rows]
    again = sync(company)
    assert (again.code, again.json["waiting"], again.json["written"]) == (0, len(rows), 0)
    assert company.run("failures", "drop", rows[0]["lead"]).out == "1 records given up\n"
    assert len(company.run("failures", "list", "--json").json) == len(rows) - 1
    assert company.run("failures", "retry").out.startswith(f"{len(rows)} records are due")
    assert sync(company).json["written"] == len(rows)
    assert company.run("failures", "list", "--json").json == []


def test_people_see_conflicts_with_both_values(company: Company) -> None:
    assert company.run("conflicts").out == company.run("conflicts", "list").out
    assert company.run("conflicts", "--json").json == company.run("conflicts", "list", "--json").json
    assert company.run("conflicts", "--csv").out.startswith("lead,kind,records,field,theirs,ours")


def test_settling_asks_for_what_it_needs(company: Company) -> None:
    sync(company)
    ran = company.run("conflicts", "settle", a_lead(company), "owner", "mine")
    assert (ran.code, "say theirs or ours" in ran.err) == (2, True)
    ran = company.run("conflicts", "settle", a_lead(company), "city", "ours")
    assert (ran.code, "fits no open conflict" in ran.err) == (2, True)


def test_a_person_is_erased_from_the_ledger_and_only_when_asked(company: Company) -> None:
    sync(company)
    lead = a_lead(company)
    shown = company.run("forget", lead, "--json").json
    assert (shown["erased"], shown["rows"]["audit"] > 0, len(shown["live"])) == (False, True, 2)
    assert company.run("forget", lead, "--apply", "--json").json == {**shown, "erased": True}
    assert {row["new"] for row in company.run("history", lead, "--json").json} == {"erased"}
    assert "nothing" in company.run("forget", lead, "--apply").out


def test_nobody_is_in_quarantine_without_a_reason(company: Company) -> None:
    sync(company)
    assert company.run("release", a_lead(company)).out == "was not in quarantine\n"


def test_the_audit_is_pruned_when_asked(company: Company) -> None:
    sync(company)
    assert company.run("prune", "--days", "30").out == "0 rows deleted\n"
    assert company.run("undo", "nobody").code == 2


def test_what_the_ledger_knows_is_told_without_any_token(company: Company) -> None:
    """Whoever asks why, how many and what failed needs no access to a CRM."""
    sync(company)
    lead = a_lead(company)
    questions = [
        *(("explain", lead), ("history", lead), ("timeline", lead), ("forget", lead)),
        *(("failures", "list"), ("conflicts", "list"), ("alerts", "list"), ("failures", "retry")),
        *(("report",), ("list", "prioritised"), ("prune", "--days", "400")),
    ]
    asked = audited(company)
    alone = {words: crmbridge(*words, "-C", str(company.folder)) for words in questions}
    assert {words: ran.err for words, ran in alone.items() if ran.code} == {}
    assert audited(company) == asked
    assert alone["explain", lead].out == company.run("explain", lead).out
