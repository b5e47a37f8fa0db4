"""What the figures ask somebody to decide: the top of the page and of the meeting pack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from crmbridge.report.contents import Contents, Decision
from crmbridge.report.language import Language
from crmbridge.report.sections.groups import standing_out
from crmbridge.report.tables import cell, plain

#: Segments that do worse, named at most.
_SEGMENTS: Final = 3
_PLACES: Final = 4
#: Cohorts, the newest that could be tested, in which drift is news.
_LATELY: Final = 3


def decisions(contents: Contents, language: Language) -> list[Decision]:
    """Give what needs a decision, the most urgent first."""
    return [
        *_waiting(contents, language),
        *_drift(contents, language),
        *_promises(contents, language),
        *_segments(contents, language),
        *_lint(contents, language),
    ]


def _decision(language: Language, key: str, **filled: object) -> Decision:
    return Decision(language.say("decide", key, **filled), language.say("decide", f"{key}_ask"))


def _waiting(contents: Contents, language: Language) -> Iterator[Decision]:
    counts = contents.work.counts if contents.work is not None else {}
    for key in ("unrouted", "quarantined", "dead_letters", "overdue"):
        if counts.get(key):
            yield _decision(language, key, n=language.number(counts[key]))


def _drift(contents: Contents, language: Language) -> Iterator[Decision]:
    """Give each rate that left what chance allows lately: the newest time of it."""
    tests = (contents.document["drift"] or {"tests": []})["tests"]
    for role in dict.fromkeys(test["to"] for test in tests):
        lately = [test for test in tests if test["to"] == role][-_LATELY:]
        moved = [test for test in lately if test["drifted"]]
        if moved:
            yield _decision(language, "drift", **_moved(moved[-1], language))


def _moved(test: Mapping[str, Any], language: Language) -> dict[str, str]:
    return {
        "to": language.word(test["to"]),
        "cohort": language.period(test["cohort"]),
        "rate": language.share(test["rate"]),
        "baseline": language.share(test["baseline_rate"]),
        "cause": language.say("cause", test["likely_cause"]),
    }


def _promises(contents: Contents, language: Language) -> Iterator[Decision]:
    document, number = contents.document, language.number
    for measure, quota in (document["quota"] or {}).items():
        last = quota["periods"][-1] if quota["periods"] else None
        if last is not None and not last["on_track"]:
            yield _decision(
                language,
                "quota",
                what=language.say("title", f"quota_{measure}"),
                period=language.period(last["period"]),
                delivered=number(last["delivered"]),
                running=number(round(last["running_target"])),
            )
    sla, feedback = document["follow_up"]["sla"], document["feedback"]
    if late := sla["judged"] - sla["inside"]:
        yield _decision(language, "sla", n=number(late), judged=number(sla["judged"]))
    answered = feedback["with_feedback"]
    if answered is not None and (missing := (feedback["passed"] or 0) - answered) > 0:
        yield _decision(language, "feedback", n=number(missing), passed=number(feedback["passed"]))


def _segments(contents: Contents, language: Language) -> Iterator[Decision]:
    worse = [row for row in standing_out(contents.document) if row["verdict"] == "underperforms"]
    for row in worse[:_SEGMENTS]:
        yield _decision(
            language,
            "segment",
            value=cell(language, "value", row["value"]),
            dimension=plain(language.word(row["dimension"])),
            measure=language.word(row["measure"]),
            rate=language.share(row["rate"]),
            other=language.share(row["rest_rate"]),
        )


def _lint(contents: Contents, language: Language) -> Iterator[Decision]:
    places = contents.work.lint if contents.work is not None else ()
    if places:
        named = ", ".join(plain(each) for each in dict.fromkeys(places[:_PLACES]))
        yield _decision(language, "lint", n=language.number(len(places)), where=named)
