"""Territories as an index: the most specific area that covers a lead, found by its country.

How specific an area is, from the strongest: its place (postal prefix, the longer the more specific,
before region before country before anywhere), then how many further criteria it names (industry, size).
Between equally specific areas the lower ``precedence`` wins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

from crmbridge.model import Lead
from crmbridge.process.parts import Territory


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """One place of a territory, with the territory's further criteria."""

    territory: Territory
    #: None: any country, region, postal code.
    country: str | None
    region: str | None = None
    prefix: str | None = None
    #: Folded; None: any industry.
    industries: frozenset[str] | None = None

    @property
    def specificity(self) -> tuple[int, int, int]:
        """Compare areas: the greater tuple is the more specific one."""
        place = (
            3 if self.prefix is not None else 2 if self.region is not None else int(self.country is not None)
        )
        return place, len(self.prefix or ""), self._further

    @property
    def _further(self) -> int:
        territory = self.territory
        sized = territory.employees_from is not None or territory.employees_to is not None
        return (self.industries is not None) + sized

    def covers(self, lead: Lead) -> bool:
        """Tell whether the lead is in it. The country is the index's business."""
        if self.region is not None and lead.region != self.region:
            return False
        if self.prefix is not None and not _postal_code(lead).startswith(self.prefix):
            return False
        if self.industries is not None and (lead.industry or "").casefold() not in self.industries:
            return False
        return _is_sized(lead.employee_count, self.territory)

    def overlaps(self, other: Area) -> bool:
        """Tell whether one lead can be in both of two equally specific areas."""
        if (self.country, self.region, self.prefix) != (other.country, other.region, other.prefix):
            return False
        if self.industries and other.industries and not self.industries & other.industries:
            return False
        mine, theirs = self.territory, other.territory
        return _starts_by(mine.employees_from, theirs.employees_to) and _starts_by(
            theirs.employees_from, mine.employees_to
        )


def _postal_code(lead: Lead) -> str:
    return (lead.postal_code or "").replace(" ", "").upper()


def _is_sized(count: int | None, territory: Territory) -> bool:
    low, high = territory.employees_from, territory.employees_to
    if low is None and high is None:
        return True
    return count is not None and (low is None or count >= low) and (high is None or count <= high)


def _starts_by(start: int | None, end: int | None) -> bool:
    return start is None or end is None or start <= end


def areas(territory: Territory) -> Iterator[Area]:
    """Give the places of a territory.

    A region narrows its own country: ``countries = ["DE", "US"], regions = ["US-CA"]`` is all of Germany
    and, of the United States, California.
    """
    folded = frozenset(name.casefold() for name in territory.industries)
    industries = folded or None
    for region in territory.regions:
        yield Area(territory=territory, country=region[:2], region=region, industries=industries)
    narrowed = {region[:2] for region in territory.regions}
    for country in territory.countries:
        if country in narrowed:
            continue
        for prefix in territory.postal_prefixes or (None,):
            yield Area(territory=territory, country=country, prefix=prefix, industries=industries)
    if not territory.countries and not territory.regions:
        yield Area(territory=territory, country=None, industries=industries)


#: A territory and what to ask of the lead; None: nothing, everybody in the country belongs to it.
_Asked: TypeAlias = tuple[Territory, Callable[[Lead], bool] | None]


def _asked(area: Area) -> _Asked:
    asks = area.region is not None or area.prefix is not None or area.specificity[2] > 0
    return area.territory, area.covers if asks else None


class TerritoryIndex:
    """Finds a lead's territory. Immutable once made."""

    __slots__ = ("_anywhere", "_by_country")

    def __init__(self, territories: Iterable[Territory]) -> None:
        everything = sorted((area for one in territories for area in areas(one)), key=_order)
        self._anywhere = tuple(_asked(area) for area in everything if area.country is None)
        countries = {area.country for area in everything if area.country is not None}
        self._by_country: Mapping[str, tuple[_Asked, ...]] = {
            country: tuple(_asked(area) for area in everything if area.country in {None, country})
            for country in sorted(countries)
        }

    def find(self, lead: Lead) -> Territory | None:
        """Give the most specific territory that covers the lead; None when none does."""
        found = self._by_country.get(lead.country, self._anywhere) if lead.country else self._anywhere
        for territory, covers in found:
            if covers is None or covers(lead):
                return territory
        return None

    @property
    def asks_for_country(self) -> bool:
        """Tell whether a country can decide anything."""
        return bool(self._by_country)


def _order(area: Area) -> tuple[tuple[int, ...], int, str]:
    """Sort by specificity, then precedence, then name: never by the order of a set."""
    return tuple(-part for part in area.specificity), area.territory.precedence, area.territory.name


def clashes(territories: Iterable[Territory]) -> Iterator[tuple[Territory, Territory]]:
    """Give pairs of territories between which nothing decides: they overlap, equally specific and ranked."""
    for first, second in combinations(tuple(territories), 2):
        if first.precedence == second.precedence and _clash(first, second):
            yield first, second


def _clash(first: Territory, second: Territory) -> bool:
    others = tuple(areas(second))
    return any(
        mine.specificity == theirs.specificity and mine.overlaps(theirs)
        for mine in areas(first)
        for theirs in others
    )
