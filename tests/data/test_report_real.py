"""Public files through the report: the figures are those that plain counting of the rows gives."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crmbridge.csv_in import read_csv
from crmbridge.errors import ConfigError
from crmbridge.metrics import report

SHARED = Path(__file__).parents[3] / "shared" / "data"
HERE = Path(__file__).parent / "reports"

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared with the public files is absent")
Row = dict[str, str]


def rows(name: str) -> list[Row]:
    with SHARED.joinpath(name).open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def reported(folder: str) -> dict[str, Any]:
    found = read_csv(HERE / f"{folder}.toml", [SHARED / folder])
    return report(found.journeys(), found.outline, found.terms(), found.rows)


def by(document: dict[str, Any], dimension: str) -> Mapping[str | None, dict[str, Any]]:
    return {row["value"]: row for row in document["by"][dimension]}


# maven_crm -------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def maven() -> dict[str, Any]:
    return reported("maven_crm")


def test_maven_every_row_is_accounted_for_and_mismatches_are_told(maven: dict[str, Any]) -> None:
    assert maven["rows_in"] == 8800 + 35 + 85 + 7
    assert maven["rows_skipped"] == {"no_match": 5 + 1}  # agents without work; "GTX Pro" beside "GTXPro"
    pipeline = rows("maven_crm/sales_pipeline.csv")
    assert maven["notes"] == {
        "leads with a blank account: none in accounts.csv": sum(not row["account"] for row in pipeline),
        "leads with a product without a row in products.csv": sum(
            row["product"] == "GTXPro" for row in pipeline
        ),
    }


def test_maven_the_funnel(maven: dict[str, Any]) -> None:
    found = {row["stage"]: (row["reached"], row["current"]) for row in maven["funnel"]}
    assert found == {
        "prospecting": (8800, 500), "engaging": (8300, 1589), "won": (4238, 4238), "lost": (2473, 2473),
    }  # fmt: skip
    assert (maven["revenue"], maven["revenue_by_currency"]) == (10005534, {"USD": 10005534})


@pytest.mark.parametrize("dimension", ["owner", "manager", "region"])
def test_maven_win_rates_and_cycle_times(maven: dict[str, Any], dimension: str) -> None:
    teams = {row["sales_agent"]: row for row in rows("maven_crm/sales_teams.csv")}
    column = {"owner": "sales_agent", "manager": "manager", "region": "regional_office"}[dimension]
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows("maven_crm/sales_pipeline.csv"):
        groups[teams[row["sales_agent"]][column]].append(row)
    found = by(maven, dimension)
    assert found.keys() == groups.keys()
    for value, group in groups.items():
        states = Counter(row["deal_stage"] for row in group)
        days = [
            (date.fromisoformat(row["close_date"]) - date.fromisoformat(row["engage_date"])).days
            for row in group
            if row["deal_stage"] == "Won"
        ]
        line = found[value]
        assert (line["leads"], line["won"], line["lost"]) == (len(group), states["Won"], states["Lost"])
        assert line["win_rate"] == pytest.approx(states["Won"] / (states["Won"] + states["Lost"]))
        assert line["median_days"] == pytest.approx(np.percentile(days, 50))
        assert line["p90_days"] == pytest.approx(np.percentile(days, 90))
        assert line["revenue"] == sum(int(row["close_value"]) for row in group if row["deal_stage"] == "Won")


# crm_and_sales_pipelines -----------------------------------------------------------------------------
@pytest.fixture(scope="module")
def pipelines() -> dict[str, Any]:
    return reported("crm_and_sales_pipelines")


def test_pipelines_agree_with_both_published_tables(pipelines: dict[str, Any]) -> None:
    published = rows("crm_and_sales_pipelines/published_Status_Summary_by_Country.csv")
    totals: Counter[str] = Counter()
    for row in published:
        totals[row["Status Name"]] += int(row["Status Count"])
    assert {row["stage"]: row["current"] for row in pipelines["funnel"]} == totals
    shares = rows("crm_and_sales_pipelines/published_Funnel_By_Country.csv")
    countries = {row["Country"]: int(row["Total Per Country"]) for row in shares}
    assert {value: row["leads"] for value, row in by(pipelines, "country").items()} == countries


def test_pipelines_each_country_has_the_published_counts() -> None:
    found = read_csv(HERE / "crm_and_sales_pipelines.toml", [SHARED / "crm_and_sales_pipelines"])
    counted = Counter((item.stage, item.dimensions["country"]) for item in found.journeys())
    published = rows("crm_and_sales_pipelines/published_Status_Summary_by_Country.csv")
    assert counted == {(row["Status Name"], row["Country"]): int(row["Status Count"]) for row in published}


# zoho_demo -------------------------------------------------------------------------------------------
def test_zoho_owners_join_by_name_and_contradictory_statuses_are_kept_apart() -> None:
    document = reported("zoho_demo")
    leads = rows("zoho_demo/Leads.csv")
    assert (document["rows_in"], document["rows_skipped"]) == (3911, {})
    statuses = Counter(row["Lead Status"] for row in leads)
    current = {row["stage"]: row["current"] for row in document["funnel"]}
    assert current["Pre Qualified"] == statuses["Pre Qualified"]
    assert document["disqualified"] == {"": statuses["Junk Lead"]}
    converted = {value: row["leads"] for value, row in by(document, "converted").items()}
    assert converted == Counter(row["CONVERTED"] for row in leads)
    owners = {value: row["leads"] for value, row in by(document, "email_of_owner").items()}
    assert sum(owners.values()) == 3900
    assert None not in owners
    created = [datetime.strptime(row["Created Time"], "%d %b, %Y %H:%M:%S") for row in leads]  # noqa: DTZ007
    assert document["as_of"][:19] == max(created).isoformat()


def test_a_header_that_the_files_do_not_have_is_a_clear_refusal() -> None:
    with pytest.raises(ConfigError, match=r"has no column"):
        read_csv(HERE / "maven_crm.toml", [SHARED / "zoho_demo" / "Leads.csv"] * 4)
