"""What a mapping of CSV files can say, and that everything wrong in it is told at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crmbridge.csv_in import read_csv
from crmbridge.errors import ConfigError
from crmbridge.journey import EntryKind
from tests.unit.csv_in.files import LEADS, MAPPING, read, refused, reported, write

STATUSES = """\
id,status,reason,created,changed
1,New,,2026-01-01,
2,Qualified,,2026-01-01,2026-01-02
3,Recycled,timing,2026-01-01,2026-01-09
4,Recycled,,2026-01-01,2026-01-08
5,Junk,student,2026-01-01,2026-01-08
6,Won,,2026-01-01,2026-02-01
7,Test,,2026-01-01,
"""
BY_STATUS = """\
[csv]
files = ["leads.csv"]
date_format = "iso"
[key]
column = "id"
[fields]
stage = "status"
created_at = "created"
reason = "reason"
[stages]
New = "lead"
Qualified = "mql"
Recycled = "recycled"
Junk = "disqualified"
Won = "customer"
Test = false
[dates]
mql = "changed"
recycled = "changed"
disqualified = "changed"
customer = "changed"
[reasons]
timing = "not_now"
"""


def funnel(document: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {row["stage"]: (row["reached"], row["current"]) for row in document["funnel"]}


def test_a_column_may_name_the_stage_and_one_column_date_them_all(tmp_path: Path) -> None:
    document = reported(tmp_path, BY_STATUS, leads=STATUSES)
    assert funnel(document) == {
        "lead": (3, 1), "mql": (2, 1), "customer": (1, 1), "recycled": (2, 2), "disqualified": (1, 1),
    }  # fmt: skip
    assert document["recycled"] == {"": 1, "not_now": 1}
    assert document["disqualified"] == {"student": 1}
    assert document["time_to_close"]["median_days"] == 31
    assert document["notes"] == {"without a stage that the report counts": 1}


def test_a_reason_on_a_row_that_is_in_no_verdict_is_told(tmp_path: Path) -> None:
    document = reported(tmp_path, BY_STATUS, leads=STATUSES.replace("6,Won,,", "6,Won,price,"))
    assert document["notes"]["a reason on a row whose stage is no verdict: not counted"] == 1


def test_a_value_that_nobody_declared_is_refused_with_how_often_it_comes(tmp_path: Path) -> None:
    (problem,) = refused(tmp_path, BY_STATUS.replace("Test = false\n", ""), leads=STATUSES)
    assert (problem.key, problem.message) == ("stages", "1 values are not declared: 'Test' (1 rows)")


def test_a_close_date_on_a_row_that_is_not_won_wins_nothing(tmp_path: Path) -> None:
    mapping = BY_STATUS.replace('mql = "changed"\nrecycled = "changed"\ndisqualified = "changed"\n', "")
    document = reported(tmp_path, mapping, leads=STATUSES)
    assert document["won"] == 1
    assert document["notes"]["a date of 'customer' on a row in another stage: not counted"] == 4


def test_a_row_in_a_file_may_mean_a_stage(tmp_path: Path) -> None:
    mapping = """
[csv]
files = [{ path = "leads.csv", stage = "mql" }, { path = "deals.csv", key = "lead", stage = "customer" }]
[key]
column = "id"
"""
    assert funnel(reported(tmp_path, mapping)) == {"mql": (3, 2), "customer": (1, 1)}


def test_one_stage_alone_is_told_against_all_leads(tmp_path: Path) -> None:
    mapping = MAPPING.replace('mql = "first_contact"\n', "")
    assert funnel(reported(tmp_path, mapping)) == {"lead": (3, 2), "customer": (1, 1)}


def test_a_reason_alone_is_a_verdict_where_no_stage_stands_for_it(tmp_path: Path) -> None:
    leads = "id,first_contact,source,owner,why\n1,2026-01-01,web,ann,timing\n2,2026-01-01,web,ann,\n"
    mapping = MAPPING.replace("[stages]", 'recycle_reason = "why"\n[stages]')
    assert reported(tmp_path, mapping, leads=leads)["recycled"] == {"timing": 1}


def test_details_may_hang_on_another_column(tmp_path: Path) -> None:
    """Owners have managers, accounts have sectors: natural mismatches are told, not hidden."""
    mapping = MAPPING.replace(
        'key = "lead" }]', 'key = "lead" }, { path = "team.csv", key = "rep", on = "owner" }]'
    ).replace('owner = "owner"', 'owner = "owner"\nteam = "team"')
    team = "rep,team\nann,North\ncarl,South\n"
    document = reported(tmp_path, mapping, team=team)
    assert {row["value"]: row["leads"] for row in document["by"]["team"]} == {"North": 2, None: 1}
    assert document["rows_skipped"] == {"no_match": 2}
    assert document["notes"]["leads with a owner without a row in team.csv"] == 1


# activities, deals, history -------------------------------------------------------------------------
CALLS = """\
nr,lead,when,dir,who
a,1,2026-01-06 10:00:00,Outbound,ann
b,1,2026-01-05 08:00:00,Inbound,
c,1,2026-01-07 10:00:00,Outbound,ann
c,1,2026-01-07 10:00:00,Outbound,ann
d,2,,Outbound,bob
e,77,2026-01-06 10:00:00,Outbound,ann
"""
TASKS = """\
lead,kind,when,state
2,Mail,2026-01-08 00:00:00,done
2,Mail,2026-01-07 00:00:00,open
2,To do,2026-01-06 12:00:00,done
"""
ACTIVE = (
    MAPPING.replace('files = ["leads.csv", { path = "deals.csv", key = "lead" }]\n', "").replace(
        "[key]",
        """[[csv.files]]
path = "leads.csv"
[[csv.files]]
path = "deals.csv"
key = "lead"
[[csv.files]]
path = "calls.csv"
rows = "activities"
key = "lead"
id = "nr"
kind = "call"
owner = "who"
at = { column = "when", date_format = "%Y-%m-%d %H:%M:%S" }
direction_column = "dir"
directions = { Outbound = "outbound", Inbound = "inbound" }
[[csv.files]]
path = "tasks.csv"
rows = "activities"
key = "lead"
kind_column = "kind"
only = { state = "done" }
date_format = "%Y-%m-%d %H:%M:%S"
at = "when"
[key]""",
    )
    + """
[kinds]
Mail = "email_sent"
"To do" = false
"""
)


def test_activities_come_from_several_files_and_give_the_follow_up(tmp_path: Path) -> None:
    """S58, S59, S82."""
    document = reported(tmp_path, ACTIVE, calls=CALLS, tasks=TASKS)
    found = document["follow_up"]
    assert (found["passed"], found["n"], found["untouched"]) == (3, 2, 1)
    assert (found["median_seconds"], found["p90_seconds"]) == ((34 + 48) / 2 * 3600, (34 + 0.9 * 14) * 3600)
    assert found["touches"] == {"call": 2, "email_sent": 1}
    assert document["activities"] == {"call": 3, "email_sent": 1}
    assert document["rows_skipped"] == {
        "blank_date": 1, "duplicate_key": 1, "no_match": 2, "not_counted": 1, "not_selected": 1,
    }  # fmt: skip
    assert document["rows_in"] == 14


def test_activities_keep_owner_direction_and_raw_kind(tmp_path: Path) -> None:
    first, second, _ = read(tmp_path, ACTIVE, calls=CALLS, tasks=TASKS).journeys()
    assert [(item.at.day, item.direction.value, item.owner_id) for item in first.activities] == [
        (5, "inbound", None), (6, "outbound", "ann"), (7, "outbound", "ann"),
    ]  # fmt: skip
    assert [(item.kind.value, item.raw_kind) for item in second.activities] == [("email_sent", "Mail")]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [("Mail = ", "Post = ", "kinds"), ('Inbound = "inbound"', 'Out = "outbound"', "directions")],
)
def test_words_of_activities_that_nobody_declared_are_refused(
    tmp_path: Path, old: str, new: str, key: str
) -> None:
    problems = refused(tmp_path, ACTIVE.replace(old, new), calls=CALLS, tasks=TASKS)
    assert [problem.key for problem in problems] == [key]


def test_a_first_touch_may_be_a_column(tmp_path: Path) -> None:
    leads = LEADS.replace("owner\n", "owner,touched\n").replace(",ann\n", ",ann,2026-02-01\n")
    leads = leads.replace(",bob\n", ",bob,\n")
    mapping = MAPPING.replace("[dates]\n", '[dates]\nfirst_touch_at = "touched"\n')
    found = reported(tmp_path, mapping, leads=leads)["follow_up"]
    assert (found["n"], found["untouched"], found["p90_seconds"]) == (2, 1, 27 * 86_400 * 0.9)


def test_a_lead_may_have_several_deals(tmp_path: Path) -> None:
    deals = (
        "lead,nr,state,sum,cur,made,done\n"
        "1,a,Won,10,EUR,2026-01-10,2026-01-15\n"
        "1,b,Lost,5,EUR,2026-01-10,2026-01-16\n"
        "2,c,Lost,7,EUR,2026-01-10,2026-01-16\n"
        "3,d,Open,7,EUR,2026-02-10,\n"
    )
    mapping = """
[csv]
date_format = "%Y-%m-%d"
[[csv.files]]
path = "leads.csv"
[[csv.files]]
path = "deals.csv"
rows = "deals"
key = "lead"
id = "nr"
state = "state"
won = "Won"
lost = ["Lost"]
open = "Open"
amount = "sum"
currency = "cur"
created = "made"
closed = "done"
[key]
column = "id"
[roles]
contacted = "qualified"
[dates]
contacted = "first_contact"
"""
    document = reported(tmp_path, mapping, deals=deals)
    assert funnel(document) == {"contacted": (3, 3), "opportunity": (3, 0), "customer": (1, 0)}
    assert (document["won"], document["lost"], document["revenue_by_currency"]) == (1, 1, {"EUR": 10})
    assert document["time_to_close"] == {"n": 1, "median_days": 10, "p90_days": 10}
    assert document["win_rate"] == 0.5


def test_a_history_dates_the_stages(tmp_path: Path) -> None:
    history = "lead,field,new,when,why\n"
    history += (
        "1,Status,Recycled,2026-01-08,timing\n1,Status,Qualified,2026-01-02,\n1,Owner,Ann,2026-01-03,\n"
    )
    mapping = """
[csv]
date_format = "%Y-%m-%d"
[[csv.files]]
path = "leads.csv"
[[csv.files]]
path = "history.csv"
rows = "history"
key = "lead"
value = "new"
at = "when"
reason = "why"
only = { field = "Status" }
[key]
column = "id"
[stages]
Qualified = "mql"
Recycled = "recycled"
"""
    found = read(tmp_path, mapping, history=history)
    first, *_ = found.journeys()
    assert [(entry.kind, entry.value, entry.reason) for entry in first.entries if entry.at] == [
        (EntryKind.STAGE, "mql", None),
        (EntryKind.RECYCLED, None, "timing"),
        (EntryKind.STAGE, "recycled", "timing"),
    ]
    assert (first.stage, found.rows.skipped) == ("recycled", {"not_selected": 1})


def test_rows_without_a_key_are_leads_of_their_own(tmp_path: Path) -> None:
    mapping = """
[csv]
files = ["leads.csv"]
[key]
row = true
[fields]
owner = "owner"
"""
    document = reported(tmp_path, mapping)
    assert {row["value"]: row["leads"] for row in document["by"]["owner"]} == {"ann": 2, "bob": 1}
    assert any("no key" in problem.message for problem in refused(tmp_path, mapping.replace("true", "false")))


# files ----------------------------------------------------------------------------------------------
def test_files_may_be_given_by_name_by_order_or_as_their_folder(tmp_path: Path) -> None:
    path = write(tmp_path)
    other = tmp_path / "mapping"
    other.mkdir()
    path = path.rename(other / path.name)
    leads, deals = tmp_path / "leads.csv", tmp_path / "deals.csv"
    renamed = tmp_path / "export-1.csv"
    renamed.write_bytes(leads.read_bytes())
    for given in ([deals, leads], [renamed, deals], [tmp_path]):
        assert len(read_csv(path, given).loaded.keys) == 3
    with pytest.raises(ConfigError, match="2 files are declared and 1 are given"):
        read_csv(path, [leads])


def test_a_column_of_two_files_is_named_with_its_file(tmp_path: Path) -> None:
    deals = "lead,won_on,amount,owner\n1,2026-01-20,5,zoe\n"
    (problem,) = refused(tmp_path, deals=deals)
    assert problem.message == "several files have a column 'owner': leads, deals"
    mapping = MAPPING.replace('owner = "owner"', 'owner = "deals.owner"')
    rows = reported(tmp_path, mapping, deals=deals)["by"]["owner"]
    assert {row["value"]: row["leads"] for row in rows} == {"zoe": 1, None: 2}


# everything at once ---------------------------------------------------------------------------------
def test_every_problem_of_a_mapping_is_told_at_once(tmp_path: Path) -> None:
    mapping = """
[csv]
files = ["leads.csv", { path = "deals.csv", rows = "sales" }, { path = "calls.csv", rows = "activities" }]
delimeter = ";"
date_format = "%H:%M"
encoding = "utf-9"
timezone = "Mars/Base"
[key]
colum = "id"
[stages]
x = 5
[roles]
big = "large"
[report]
period = "decade"
"""
    keys = [problem.key for problem in refused(tmp_path, mapping)]
    assert keys == [
        "csv.delimeter", "csv.date_format", "csv.encoding", "csv.timezone", "key.colum", "stages.x",
        "roles.big", "report.period", "csv.files[1].rows", "csv.files[0]", "csv.files[1]",
        "csv.files[2]", "csv.files[2]", "csv.files[2]",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"customer"', '"closed"', "stage 'closed' has no meaning"),
        ('source = "source"', 'source = "sauce"', "no file of leads or details has a column 'sauce'"),
        ('column = "id"', 'column = "nr"', "leads.csv has no column 'nr'"),
        ("[stages]\n", "[stages]\nnothing = false\n", "there is no stage column"),
        ("[dates]\n", '[report]\nclose_from = "sal"\n[dates]\n', "there is no stage 'sal'"),
        ("[dates]\n", '[report]\nby = ["team"]\n[dates]\n', "there is no field 'team'"),
        ("[dates]\n", "[report.quota.won]\ntarget = 1\n[dates]\n", "period is missing"),
        ("[csv]\n", "format = 2\n[csv]\n", "this version reads format = 1"),
    ],
)
def test_what_does_not_exist_is_refused(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert any(told in problem.message for problem in refused(tmp_path, MAPPING.replace(old, new, 1)))


def test_the_mapping_itself_must_be_readable(tmp_path: Path) -> None:
    assert "is no TOML" in refused(tmp_path, "= 5")[0].message
    with pytest.raises(ConfigError, match="cannot be read"):
        read_csv(tmp_path / "none.toml")


def test_the_report_section_sets_the_terms(tmp_path: Path) -> None:
    mapping = (
        MAPPING
        + """
[report]
as_of = 2026-06-30
by = ["owner"]
period = "quarter"
windows = { customer = 10 }
sla_hours = 24
touches = ["task"]
close_from = "mql"
[report.quota.qualified]
period = "quarter"
target = 5
begins = 2026-01-01
"""
    )
    document = reported(tmp_path, mapping)
    assert document["as_of"].startswith("2026-06-30T23:59:59")
    assert list(document["by"]) == ["owner"]
    assert [cohort["cohort"] for cohort in document["cohorts"]] == ["2026-Q1"]
    assert document["cohorts"][0]["conversions"][0]["converted"] == 0
    assert document["quota"]["qualified"]["periods"][0]["shortfall"] == 2
