"""Routing by place: countries that nobody covers, territories that never win, rungs that never decide."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations, product
from typing import Any, Final

from crmbridge.model import Account, Lead, OwnerKind, RecordRef
from crmbridge.process.lint.findings import Finding
from crmbridge.process.lint.meeting import bare_lead
from crmbridge.process.lint.study import Study
from crmbridge.process.parts import Territory
from crmbridge.process.territories import Area, areas

#: An invented owner of records that the CRMs keep.
_REP: Final = "rep@example.com"
#: Countries named in one message; the rest is counted.
_NAMED: Final = 12


def _is_routed_by_place(study: Study) -> bool:
    routing = study.parts.routing
    return routing.mode == "direct" and "territory" in routing.ladder and bool(study.parts.territories)


# gaps ------------------------------------------------------------------------------------------------
def countries(study: Study) -> Iterator[Finding]:
    """Find countries that leads come from and no territory covers, wholly or in part."""
    if not _is_routed_by_place(study):
        return
    seen = study.world.countries
    for country, leads in sorted(seen.items(), key=lambda item: (-item[1], item[0])):
        example = study_lead(study, country=country)
        if study.process.territory_index.find(example) is None:
            yield _gap(study, country, leads, example)
    if not seen:
        yield from _anywhere(study)


def _gap(study: Study, country: str, leads: int, example: Lead) -> Finding:
    partly = any(area.country == country for one in study.parts.territories for area in areas(one))
    what = (
        "is covered in parts only: a lead without region, postal code or size falls through"
        if partly
        else ("has no territory")
    )
    message = f"{country}, where {leads} {'lead comes' if leads == 1 else 'leads come'} from, {what}"
    advice = "add it to a territory, or one without a place for everything else"
    return study.finding("country_without_territory", "territory", message, advice, example=example)


def _anywhere(study: Study) -> Iterator[Finding]:
    """Without leads to count, name every country there is; it is for the company to know which matter."""
    find = study.process.territory_index.find
    open_ = [code for code in sorted(study.world.every_country) if not find(study_lead(study, country=code))]
    if open_:
        named = ", ".join(open_[:_NAMED]) + (
            f" and {len(open_) - _NAMED} more" if len(open_) > _NAMED else ""
        )
        message = f"{len(open_)} countries have no territory: {named}; their leads go to triage"
        example = study_lead(study, country=open_[0])
        yield study.finding(
            "country_without_territory", "territory", message, "add those that leads may come from",
            severity="info", example=example,
        )  # fmt: skip


def study_lead(study: Study, **fields: Any) -> Lead:
    """Make a lead of which only these fields are known."""
    return replace(bare_lead(study.now), **fields)


# shadows ---------------------------------------------------------------------------------------------
def shadows(study: Study) -> Iterator[Finding]:
    """Find territories, and places of them, whose leads all go to others."""
    for index, territory in enumerate(study.parts.territories):
        dead = [area for area in areas(territory) if not _wins(study, area)]
        if not dead:
            continue
        example = _leads_in(study, dead[0])[0]
        winner = study.process.territory_index.find(example)
        whole = len(dead) == len(tuple(areas(territory)))
        place = "it" if whole else ", ".join(_place(area) for area in dead[:_NAMED])
        message = f"{territory.name!r} never gets {'a lead' if whole else f'a lead from {place}'}: "
        message += f"{winner.name if winner else 'another territory'!r} takes them first"
        advice = "give it a lower precedence, make it more specific, or take it away"
        yield study.finding("territory_never_wins", f"territory[{index}]", message, advice, example=example)


def _place(area: Area) -> str:
    return area.prefix or area.region or area.country or "anywhere"


def _wins(study: Study, area: Area) -> bool:
    find = study.process.territory_index.find
    return any(find(lead) is area.territory for lead in _leads_in(study, area))


def _leads_in(study: Study, area: Area) -> list[Lead]:
    """Give leads of a place that are as different as territories can tell."""
    others = study.parts.territories
    choices = (
        [area.country or "ZZ"],
        [area.region] if area.region else [None, *_regions(others, area.country)],
        [area.prefix, f"{area.prefix}0", f"{area.prefix}Z"] if area.prefix else [None, "ZZ"],
        _industries(others, area),
        _sizes(others, area.territory),
    )
    names = ("country", "region", "postal_code", "industry", "employee_count")
    made = [study_lead(study, **dict(zip(names, chosen, strict=True))) for chosen in product(*choices)]
    return [lead for lead in made if area.covers(lead)]


def _regions(territories: Sequence[Territory], country: str | None) -> list[str]:
    return [region for one in territories for region in one.regions if region[:2] == country][:_NAMED]


def _industries(territories: Sequence[Territory], area: Area) -> list[str | None]:
    if area.industries is not None:
        return list(area.territory.industries)
    named = dict.fromkeys(name for one in territories for name in one.industries)
    return [None, "something else", *list(named)[:_NAMED]]


def _sizes(territories: Sequence[Territory], mine: Territory) -> list[int | None]:
    """Give a size from each stretch within this territory in which no territory begins or ends."""
    starts = {one.employees_from or 0 for one in territories}
    starts |= {one.employees_to + 1 for one in territories if one.employees_to is not None}
    low, high = mine.employees_from or 0, mine.employees_to
    return [None, *sorted(size for size in starts if low <= size and (high is None or size <= high))]


def overlaps(study: Study) -> Iterator[Finding]:
    """Name the pairs of equally specific territories between which the precedence decides."""
    for first, second in combinations(study.parts.territories, 2):
        shared = _shared(study, first, second)
        if shared is None:
            continue
        winner, loser = sorted((first, second), key=lambda one: one.precedence)
        index = study.parts.territories.index(loser)
        message = f"{loser.name!r} and {winner.name!r} overlap; {winner.name!r} wins by its precedence"
        yield study.finding(
            "territory_overlap", f"territory[{index}].precedence", message, "fine, if it is meant so",
            severity="info", example=shared,
        )  # fmt: skip


def _shared(study: Study, first: Territory, second: Territory) -> Lead | None:
    """Give a lead that lies in both of two equally specific territories and goes to one of them."""
    if first.precedence == second.precedence:
        return None
    for mine, theirs in product(areas(first), areas(second)):
        if mine.specificity != theirs.specificity or not mine.overlaps(theirs):
            continue
        lead = _lead_in_both(study, mine, theirs)
        if theirs.covers(lead) and study.process.territory_index.find(lead) in {first, second}:
            return lead
    return None


def _lead_in_both(study: Study, mine: Area, theirs: Area) -> Lead:
    """Give the lead that two overlapping areas of one place share."""
    trades = [area.industries for area in (mine, theirs) if area.industries is not None]
    shared = sorted(frozenset.intersection(*trades)) if trades else [None]
    lows = [area.territory.employees_from for area in (mine, theirs)]
    ends = [area.territory.employees_to for area in (mine, theirs)]
    sized = [bound for bound in (*lows, *ends) if bound is not None]
    return study_lead(
        study,
        country=mine.country,
        region=mine.region,
        postal_code=mine.prefix,
        industry=shared[0],
        employee_count=max(low or 0 for low in lows) if sized else None,
    )


# rungs -----------------------------------------------------------------------------------------------
#: What a later rung needs that an earlier one already takes: (earlier, later).
_TAKES: Final = (("account_owner", "customer"),)


def rungs(study: Study) -> Iterator[Finding]:
    """Find rungs of the ladder on which nothing is ever decided, and entries without their rung."""
    if study.parts.routing.mode != "direct":
        return
    for rung, because in _idle_rungs(study):
        message = f"the rung {rung!r} never decides: {because}"
        example = _EXAMPLES[rung](study)
        yield study.finding(
            "rung_never_decides", "routing.ladder", message, "take it away, or move it up",
            severity="info" if because.startswith("no ") else "warning", example=example,
        )  # fmt: skip


def _idle_rungs(study: Study) -> Iterator[tuple[str, str]]:
    ladder, parts = study.parts.routing.ladder, study.parts
    for earlier, later in _TAKES:
        if {earlier, later} <= set(ladder) and ladder.index(earlier) < ladder.index(later):
            yield later, f"whom it would name, {earlier!r} names before"
    if "existing_owner" in ladder and not parts.routing.keep_owner:
        yield "existing_owner", "keep_owner is false"
    for rung, entries in (("named_account", parts.named_accounts), ("territory", parts.territories)):
        if entries and rung not in ladder:
            yield rung, f"the file has {len(entries)} of them, and the ladder leaves the rung out"


def _customer(study: Study) -> Lead:
    account = Account(ref=RecordRef("salesforce", "Account", "example"), customer=True)
    return study_lead(study, account=account, account_owner=_REP)


def _owned(study: Study) -> Lead:
    return study_lead(study, owner=_REP, owner_kind=OwnerKind.PERSON, owner_active=True)


def named_lead(study: Study, index: int) -> Lead:
    """Give a lead of a named account."""
    account = study.parts.named_accounts[index]
    return study_lead(study, domain=account.domain, company=account.name)


def placed_lead(study: Study, territory: Territory) -> Lead:
    """Give a lead that a territory gets; one of its places, if it never gets any."""
    leads = [lead for area in areas(territory) for lead in _leads_in(study, area)]
    won = (lead for lead in leads if study.process.territory_index.find(lead) is territory)
    return next(won, leads[0] if leads else bare_lead(study.now))


def _first_named(study: Study) -> Lead:
    return named_lead(study, 0)


def _first_placed(study: Study) -> Lead:
    return placed_lead(study, study.parts.territories[0])


_EXAMPLES: Final[dict[str, Callable[[Study], Lead]]] = {
    "customer": _customer,
    "existing_owner": _owned,
    "named_account": _first_named,
    "territory": _first_placed,
}
