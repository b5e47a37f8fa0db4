"""The page: complete, well-formed, told to everybody, and closed to the network."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from lxml import etree

from crmbridge.journey import Entry, EntryKind, Journey
from crmbridge.metrics import Outline, Terms, report
from crmbridge.report import LANGUAGES, Contents, page
from crmbridge.report.decisions import decisions
from crmbridge.report.language import Language
from crmbridge.report.sections.time import conversion
from tests.docs.invented_year import NOW
from tests.unit.report.pages import acorn, addresses, html, pack_html, tree, words

PARTS = [
    "decisions", "funnel", "conversion", "follow_up", "quota", "reasons", "territory", "segments", "review",
    "feedback", "cohorts", "owner", "almost", "due", "groups", "process", "about",
]  # fmt: skip


@pytest.fixture(scope="module")
def root() -> etree._Element:
    return tree(html())


def part(root: etree._Element, name: str) -> etree._Element:
    (found,) = root.xpath(f"//section[@id='{name}']")
    return found


def test_every_part_is_there_under_one_heading(root: etree._Element) -> None:
    assert [each.get("id") for each in root.iter("section")] == PARTS
    assert len(root.findall(".//h1")) == 1
    assert len(root.findall(".//h2")) == len(PARTS)
    assert addresses(root.find(".//nav")) == [f"#{name}" for name in PARTS]


def test_every_picture_says_what_it_shows_and_has_its_table_beside_it(root: etree._Element) -> None:
    pictures = root.findall(".//svg")
    assert len(pictures) >= 11
    for picture in pictures:
        assert (picture.get("role"), len(picture.get("aria-label") or "") > 20) == ("img", True)
        section = next(each for each in picture.iterancestors("section"))
        assert section.findall(".//table")
    assert all(each.get("alt") for each in root.iter("img"))


def test_every_table_has_a_caption_and_every_row_its_head(root: etree._Element) -> None:
    for table in root.iter("table"):
        assert table.findtext("caption")
        wide = len(table.findall("thead/tr/th"))
        rows = table.findall("tbody/tr")
        assert all(len(row) == wide and row[0].tag == "th" for row in rows)


@pytest.mark.parametrize("text", [html(), pack_html()], ids=["page", "pack"])
def test_nothing_is_fetched_and_nothing_runs(text: str) -> None:
    root = tree(text)
    assert {each[:1] for each in addresses(root) if not each.startswith("data:image/svg+xml")} == {"#"}
    assert not root.xpath("//script | //link | //iframe | //object | //embed | //form | //base")
    assert not [name for each in root.iter() for name in each.keys() if name.startswith("on")]  # noqa: SIM118
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    (policy,) = root.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


def test_references_within_pictures_lead_somewhere(root: etree._Element) -> None:
    ids = set(root.xpath("//@id"))
    wanted = set(re.findall(r"url\(#([^)]+)\)", html())) | {a[1:] for a in addresses(root) if a[0] == "#"}
    assert wanted <= ids


def test_figures_on_the_page_are_those_of_the_document(root: etree._Element) -> None:
    """S80, S83, S90: leads, accepted leads, wins and losses, the same for whoever reads them."""
    document = acorn().document
    tiles = {each.findtext("dt"): each.findall("dd") for each in root.findall(".//dl[@class='tiles']/div")}
    reached = {row["role"]: row["reached"] for row in document["funnel"]}
    assert words(tiles["leads"][0]) == f"{document['leads']:,}"
    assert words(tiles["accepted"][0]).split()[0] == f"{reached['accepted']:,}"
    assert words(tiles["won"][0]).split()[0] == f"{document['won']:,}"
    assert words(tiles["win rate"][0]).endswith(f"{document['won']} : {document['lost']}")
    assert words(tiles["accepted"][1]) == document["definitions"]["accepted"]
    cells = [[words(cell) for cell in row] for row in part(root, "funnel").findall(".//tbody/tr")]
    assert [row[0] for row in cells] == [row["stage"] for row in document["funnel"]]
    assert [row[1].replace(",", "") for row in cells] == [str(row["reached"]) for row in document["funnel"]]


def test_wins_and_losses_are_gone_through(root: etree._Element) -> None:
    """S89: the share, by whom and from where, and the latest ones with what was done."""
    document = acorn().document
    found = words(part(root, "review"))
    assert f"{document['won']} won and {document['lost']} lost" in found
    for what in ("won", "lost"):
        assert document["review"][what]
        assert all(row["lead_id"] in found for row in document["review"][what])


def test_feedback_is_asked_for_on_all_leads(root: etree._Element) -> None:
    """S76: coverage, and what is missing is a decision."""
    found = acorn().document["feedback"]
    assert f"for {found['with_feedback']} of {found['passed']} passed leads" in words(part(root, "feedback"))
    assert f"{found['passed'] - found['with_feedback']} of {found['passed']} passed leads" in words(
        part(root, "decisions")
    )


def test_the_live_process_is_drawn_and_told(root: etree._Element) -> None:
    """S94: the chart of the live configuration, and the same in words."""
    found = part(root, "process")
    (picture,) = found.findall(".//img")
    assert (picture.get("src") or "").startswith("data:image/svg+xml;base64,")
    assert "lead → mql → sal" in (picture.get("alt") or "")
    assert "Met the agreed definition and was handed to sales" in words(found)


def test_people_at_work_stand_on_the_page_and_the_rest_is_counted(root: etree._Element) -> None:
    """S41: who lacks a single datum, which one, and that there are more."""
    found = words(part(root, "almost"))
    assert "Maya Lind" in found
    assert "and 56 more; crmbridge list has all of them" in found
    assert "9 overdue, 32 due by" in words(part(root, "due"))


def test_what_waits_is_a_decision(root: etree._Element) -> None:
    found = words(part(root, "decisions"))
    assert "Qualified leads that have nobody: 3." in found
    assert "Leads left alone until somebody looks: 1." in found


def drifted() -> dict[str, Any]:
    test = {
        "cohort": "2026-08", "to": "accepted", "window_days": 14, "n": 128, "converted": 28, "rate": 0.22,
        "baseline_n": 428, "baseline_converted": 210, "baseline_rate": 0.49, "p_value": 0.0001,
        "p_adjusted": 0.001, "drifted": True, "likely_cause": "definition", "signals": [],
    }  # fmt: skip
    return {
        "alpha": 0.01,
        "baseline_periods": 4,
        "least_n": 30,
        "tests": [test],
        "latest": [],
        "drifted": True,
    }


def test_drift_is_marked_told_and_decided() -> None:
    """S87: a ring on the line, the sentence with n, and the cause that the data point to."""
    language, calm = Language("en"), acorn().document | {"drift": None}
    found = replace(acorn(), document=calm | {"drift": drifted()})
    moved, still = (conversion(each, language) for each in (found, replace(acorn(), document=calm)))
    sentence = "Aug 26: accepted at 22% of 128 leads, before it 49% of 428. The data point to the definition"
    assert any(told.startswith(sentence) for told in moved.says)
    assert "accepted moved in Aug 26: 22%, before it 49%" in " ".join(
        each.says for each in decisions(found, language)
    )
    ring = "stroke: var(--bad); stroke-width: 2"
    assert (ring in moved.pictures[0].svg, ring in still.pictures[0].svg) == (True, False)


def test_nothing_is_shown_that_was_not_recorded() -> None:
    """A single lead of a company that records next to nothing: sentences, and no picture of nothing."""
    way = Outline.of({"new": "lead"})
    entry = Entry(kind=EntryKind.STAGE, at=NOW, value="new")
    document = report([Journey(lead_id="L1", created_at=NOW, entries=(entry,))], way, Terms(as_of=NOW))
    root = tree(page(Contents(name="", document=document)))
    empty = root.xpath("//div[@class='empty']/section")
    assert {each.get("id") for each in empty} == set(PARTS) - {"decisions", "funnel", "about"}
    assert all(len(each.findall("p")) == 1 and not each.findall(".//table") for each in empty)
    assert len(root.findall(".//svg")) == 1
    assert [each.text for each in root.iter("dt")][:1] == ["leads"]
    assert len(root.findall(".//dl[@class='tiles']/div")) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_the_whole_page(language: str) -> None:
    root = tree(html(language))
    assert root.get("lang") == language
    assert [each.get("id") for each in root.iter("section")] == PARTS
    told = words(root)
    assert "{" not in told
    if language != "en":
        assert "became customers" not in told
        assert acorn().document["definitions"]["accepted"] not in told


def test_the_same_figures_give_the_same_picture() -> None:
    language = Language("en")
    assert conversion(acorn(), language) == conversion(acorn(), language)


def test_the_page_is_small(root: etree._Element) -> None:
    assert len(html().encode()) < 500_000
