"""9,240 leads of an online school: two scoring processes replayed against who enrolled."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crmbridge.journey import Entry, EntryKind, Journey
from crmbridge.model import Lead
from crmbridge.process import Process
from crmbridge.process.lint import World, lint
from crmbridge.replay import Making, Past, Replay, ticks
from crmbridge.replaying import Trial, carried_out
from tests.data import prepare
from tests.data.world import read
from tests.replay.invented import Pasts, owners

pytestmark = pytest.mark.skipif(
    not prepare.XEDUCATION.is_file(), reason="../shared with the school's leads is absent"
)
BORN = datetime(2025, 1, 6, 9, tzinfo=UTC)
ENDED, UNTIL = BORN + timedelta(days=30), BORN + timedelta(days=200)
#: Column -> field, as the school's mapping has them.
FIELDS = {
    "occupation": "what_is_your_current_occupation",
    "motive": "what_matters_most_to_you_in_choosing_a_course",
    "specialization": "specialization",
    "origin": "lead_origin",
    "last_activity": "last_activity",
    "tags": "tags",
    "lead_quality": "lead_quality",
}
NUMBERS = {
    "visits": "total_visits",
    "seconds_on_site": "total_time_spent_on_website",
    "pages_per_visit": "page_views_per_visit",
}


def school(**changed: Any) -> Process:
    return Process.parse({**read("xeducation", "process.toml"), **changed})


def pasts(process: Process) -> Iterator[Past]:
    """The list says how it ended and not when: everybody came on one day, and enrolled a month later."""
    for number, row in enumerate(csv.DictReader(io.StringIO(prepare.xeducation().text))):
        own: dict[str, Any] = {name: row[column] or None for name, column in FIELDS.items()}
        own |= {name: float(row[column]) if row[column] else None for name, column in NUMBERS.items()}
        made = Lead(
            id=f"x{number:05}",
            email=row["email"],
            last_name=row["lastname"],
            country="IN",
            source=row["lead_source"] or None,
            opted_out=row["do_not_email"] == "Yes",
            do_not_call=row["do_not_call"] == "Yes",
            created_at=BORN,
            custom=own,
        )
        won = Entry(kind=EntryKind.STAGE, at=ENDED, value="customer", source="csv")
        entries = (won,) if row["converted"] == "1" else ()
        journey = Journey(lead_id=made.id, created_at=BORN, entries=entries)
        found = Making(process=process).past(made, journey)
        assert found is not None
        yield found


def tried(new: Process, old: Process, source: Sequence[Past]) -> Replay:
    trial = Trial(new=new, old=old, since=BORN, until=UNTIL)
    return carried_out(trial, Pasts(source, page=500), ticks(BORN, UNTIL, new.zone, (), owners(new)), {})


@pytest.mark.slow
def test_two_scoring_processes_are_measured_against_who_enrolled() -> None:
    agreed = school()
    data = deepcopy(read("xeducation", "process.toml"))
    naive = school(fit=[rule for rule in data["fit"] if rule["name"] == "Stayed long"],
                   qualification={"threshold": 30.0, "required": []})  # fmt: skip
    found = tried(agreed, naive, list(pasts(agreed)))
    assert found.old is not None
    good, bad = (version.quality[1] for version in (found.new, found.old))
    assert good.outcome == "converted"
    assert (good.base.whole, round(good.base.rate or 0, 3)) == (9240, 0.385)
    assert (good.precision.rate or 0) > 0.8 > (bad.precision.rate or 0)  # 0.89 against 0.72, by the list
    assert (good.recall.rate or 0) > 0.4
    assert (good.lift or 0) > 2.0 > (bad.lift or 0)
    low, high = good.bands[0].came.rate or 0, good.bands[-1].came.rate or 0
    assert low < 0.3
    assert high > 0.8


@pytest.mark.parametrize("field", ["tags", "lead_quality"])
def test_what_sales_fills_in_is_refused_as_leakage(field: str) -> None:
    """A rule on it would look excellent: nearly everybody tagged "Will revert" enrolled, and was asked."""
    data = deepcopy(read("xeducation", "process.toml"))
    rule = {"name": "Told", "points": 90, "when": [{"field": field, "op": "present"}]}
    data["qualification"]["sales_fields"] = [field]
    data["fit"].append(rule)
    leaky = Process.parse(data)
    leaks = [item for item in lint(leaky, World(now=BORN)) if item.rule == "sales_field"]
    assert [item.severity for item in leaks] == ["error"]
    some = list(pasts(leaky))[:500]
    assert tried(leaky, school(), some).differences == {}
