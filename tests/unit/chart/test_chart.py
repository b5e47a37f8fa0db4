"""The chart shows the live process: every stage, team, definition, exit and move; no hostile word runs."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from copy import deepcopy

import pytest

from crmbridge.chart import FORMATS, markdown, mermaid, steps, svg
from crmbridge.chart.mermaid import moves
from crmbridge.process import Process
from tests.unit.process.acme import ACME, changed, data

_HOSTILE = "<script>alert(1)</script> \"quoted\" 'it' & | ` # [x] %% \x07"


def renamed(text: str) -> Process:
    """Acme, whose stages say something hostile."""
    stages = deepcopy(data()["stage"])
    for stage in stages:
        stage |= {"definition": text, "exit": text, "owner_team": text}
    return changed(stage=stages)


@pytest.mark.parametrize("name", FORMATS)
def test_every_stage_stands_in_the_chart_with_what_it_means_and_whose_it_is(name: str) -> None:
    """S2, S14, S94: name, definition and responsible team of each step, drawn from the live configuration."""
    drawn = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", FORMATS[name](ACME)))
    for stage in ACME.stages:
        assert stage.name in drawn
        assert stage.owner_team in drawn
        assert all(word in drawn for word in stage.definition.split())


@pytest.mark.parametrize("name", ["svg", "markdown"])
def test_the_chart_says_what_must_have_happened_before_a_lead_moves_on(name: str) -> None:
    """S3: the exit expectation of each step."""
    drawn = FORMATS[name](ACME)
    assert all(word in drawn for stage in ACME.stages for word in stage.exit.split())


def test_the_steps_come_in_the_order_of_the_way() -> None:
    """S1, S6: an ordered sequence from the lead over the hand-off to the close."""
    assert [step.name for step in steps(ACME)] == [
        "lead", "mql", "sal", "sales_qualified", "opportunity", "customer", "recycled", "disqualified",
    ]  # fmt: skip


def test_the_detours_are_drawn_too() -> None:
    """S4, S10: skips, jumps back and re-entry, and recycling from the accepted lead and the opportunity."""
    drawn = {(source.name, target.name) for source, target, _ in moves(ACME)}
    assert drawn == {(stage.name, name) for stage in ACME.stages for name in stage.next or ()}
    assert {("sal", "recycled"), ("opportunity", "recycled"), ("recycled", "mql")} <= drawn
    assert mermaid(ACME).count("->") == len(drawn)


def test_a_stage_that_any_stage_may_follow_has_an_arrow_to_the_next_one_alone() -> None:
    stages = deepcopy(data()["stage"])
    stages[0].pop("next")
    process = changed(stage=stages)
    assert [target.name for source, target, _ in moves(process) if source.name == "lead"] == ["mql"]
    assert steps(process)[0].next is None
    assert "any stage" in markdown(process)


def test_the_picture_is_one_self_contained_document_for_everybody() -> None:
    root = ET.fromstring(svg(ACME))  # noqa: S314 - our own
    spaces = {"s": "http://www.w3.org/2000/svg"}
    assert root.get("role") == "img"
    assert root.findtext("s:title", namespaces=spaces) == ACME.name
    assert "lead leads to mql." in str(root.findtext("s:desc", namespaces=spaces))
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|<script|<image|@import|url\((?!#)", svg(ACME))


def test_hostile_words_stay_words() -> None:
    process = renamed(_HOSTILE)
    root = ET.fromstring(svg(process))  # noqa: S314 - that it parses is the point
    assert not [node for node in root.iter() if node.tag.endswith("script")]
    assert "<script" not in markdown(process)
    assert "<script" not in mermaid(process)
    assert '"quoted"' not in mermaid(process)
    rows = [line for line in markdown(process).splitlines() if line.startswith("| lead")]
    assert len(re.findall(r"(?<!\\)\|", rows[0])) == 8


def test_the_table_says_what_both_teams_agreed_on() -> None:
    """S13, S20, S27, S50: when a lead is an MQL, by what, and who receives it."""
    text = markdown(ACME)
    agreed = (
        "60 points",
        "email, last_name, phone, country",
        "Decision maker",
        "Pricing page",
        "Contact sales, Demo request",
        "Territory dach",
        "inbound@acme.example",
        "unreachable",
    )
    for words in agreed:
        assert words in text


#: Acme with everything that two sides can promise each other.
PROMISED = changed(
    calendar=[{"name": "berlin", "timezone": "Europe/Berlin", "holidays": ["DE-BE"], "countries": ["DE"]}],
    sla={
        "calendar": "berlin",
        "manager": "mia@acme.example",
        "reassign_at": 2.0,
        "target": [
            {"name": "demo", "when": [{"field": "source", "op": "eq", "value": "demo"}],
             "response_minutes": 5},
            {"name": "others", "first_touch_minutes": 240, "touches": 6, "touches_by": {"call": 3},
             "touches_days": 14, "acceptance_hours": 24, "silence": "accepted", "decision_hours": 40,
             "working_days": 30, "after_working": "recycled"},
        ],
    },
    reject=[{"reason": "wrong_number", "class": "clerical", "data": ["phone"]}],
    handoff={},
    alert=[{"name": "sales", "on": ["handed_off"], "to": ["sales_channel"]}],
    quota={"qualified": 300, "customers": 30},
)  # fmt: skip


def test_every_step_says_what_is_promised_in_it_and_how_it_is_measured() -> None:
    """S56, S94: a metric for every step, and an SLA where it makes sense."""
    found = {step.name: step for step in steps(PROMISED)}
    assert all(step.measure for step in found.values())
    assert found["mql"].promised == (
        "demo: first touch 5 minutes after the buyer's action",
        "others: first touch within 4 hours; accepted or declined within 24 hours; "
        "6 touches in 14 days, of which 3 × call; worked for 30 days at most",
    )
    assert "qualified or given back within 40 hours" in found["sal"].promised[0]
    assert found["lead"].promised == found["customer"].promised == ()
    drawn = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", svg(PROMISED)))
    assert "SLA demo: first touch 5 minutes after the buyer's action" in drawn.replace("&#x27;", "'")
    assert " SLA " not in re.sub(r"<[^>]*>", " ", svg(ACME))


@pytest.mark.parametrize(
    "words",
    [
        "| others | all others | first touch within 4 hours; accepted or declined within 24 hours;",
        "reminder at 80% of the time; escalation at 100% of the time; reassign at 200% of the time",
        "no answer counts as accepted; given back to marketing as worked out",
        "| Calendar berlin | Monday to Friday 09:00-17:00, Europe/Berlin; closed on public holidays; for DE",
        "| Manager of everybody else | mia@acme.example |",
        "| Marketing | 300 qualified leads | every quarter; a shortfall is added to the next one |",
        "| Sales | 30 customers | every quarter",
        "| wrong_number | clerical | marketing mends the data, and it comes back: phone |",
        "| handed off | sales_channel |",
    ],
)
def test_the_promises_of_both_sides_are_written_down(words: str) -> None:
    """S57, S61, S62, S66, S95: the SLA as a document, both ways."""
    assert words in markdown(PROMISED)


def test_what_a_rep_gives_the_person_in_each_step_is_written_down() -> None:
    """S70: content per stage, agreed like the rest."""
    stages = deepcopy(data()["stage"])
    stages[2]["content"] = ["Price list", "A story of the same industry"]
    process = changed(stage=stages)
    assert "| sal | Price list, A story of the same industry |" in markdown(process)
    assert steps(process)[2].content == ("Price list", "A story of the same industry")
    assert "What the person is given" not in markdown(ACME)


def test_the_document_is_signed_by_both_sides_for_exactly_this_version() -> None:
    """S66: what was signed can be told from any other version."""
    text = markdown(PROMISED)
    assert f"Version 2026-11-21.1, fingerprint `{PROMISED.fingerprint[:16]}`." in text
    assert text.endswith("| Marketing | | | |\n| Sales | | | |\n")
    assert PROMISED.fingerprint[:16] not in markdown(ACME)


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_process_gives_the_same_chart(name: str) -> None:
    assert FORMATS[name](ACME) == FORMATS[name](Process.parse(data()))
