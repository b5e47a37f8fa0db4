"""Checks the promises of the file against its other parts: names, references, templates."""

from __future__ import annotations

from collections.abc import Sequence
from string import Template

from crmbridge.process.parts import Parts
from crmbridge.process.promises import PLACEHOLDERS
from crmbridge.process.reading import Reader, nearest


def check_calendars(reader: Reader, parts: Parts) -> None:
    """Note calendars that claim the same place, or a territory that does not exist."""
    known = [territory.name for territory in parts.territories]
    first: dict[str, int] = {}
    for index, calendar in enumerate(parts.calendars):
        path = f"calendar[{index}]"
        _check_known(reader, f"{path}.territories", calendar.territories, known, "territory")
        places = [f"countries.{name}" for name in calendar.countries]
        places += [f"territories.{name}" for name in calendar.territories]
        for place in places:
            if place in first:
                message = f"{place.partition('.')[2]!r} follows calendar[{first[place]}] already"
                reader.problem(f"{path}.{place.partition('.')[0]}", message, "name it once")
            first.setdefault(place, index)


def check_sla(reader: Reader, parts: Parts) -> None:
    """Note targets for stages and territories that do not exist, and reasons that ask for touches in vain."""
    stages = [stage.name for stage in parts.stages]
    territories = [territory.name for territory in parts.territories]
    targets = parts.sla.targets if parts.sla is not None else ()
    for index, target in enumerate(targets):
        path = f"sla.target[{index}]"
        _check_known(reader, f"{path}.stages", sorted(target.stages), stages, "stage")
        _check_known(reader, f"{path}.territories", sorted(target.territories), territories, "territory")
    asks = any(target.asks_touches for target in targets)
    for index, entry in enumerate(parts.recyclings):
        if entry.needs_touches and not asks:
            message = "no [[sla.target]] says how many touches are agreed"
            reader.problem(f"recycle[{index}].needs_touches", message, "give a target touches = 6")


def check_programmes(reader: Reader, parts: Parts) -> None:
    """Note programmes for stages that do not exist."""
    stages = [stage.name for stage in parts.stages]
    for index, programme in enumerate(parts.programmes):
        _check_known(reader, f"programme[{index}].stages", sorted(programme.stages), stages, "stage")


def check_alerts(reader: Reader, parts: Parts) -> None:
    """Note templates that cannot be filled."""
    for index, alert in enumerate(parts.alerts):
        for key, text in (("title", alert.title), ("body", alert.body)):
            _check_template(reader, f"alert[{index}].{key}", text)
        if alert.on & _OF_THE_SLA and parts.sla is None:
            kinds = ", ".join(sorted(alert.on & _OF_THE_SLA))
            reader.warning(f"alert[{index}].on", f"nothing ever gives {kinds} without [sla]")


#: Notices that only the SLA gives.
_OF_THE_SLA = frozenset({"reminder", "escalation", "reassigned", "touches_missing"})


def _check_template(reader: Reader, path: str, text: str | None) -> None:
    if text is None:
        return
    template = Template(text)
    if not template.is_valid():
        reader.problem(path, "holds a $ that begins no name", "write $$ for a dollar sign")
        return
    _check_known(reader, path, template.get_identifiers(), PLACEHOLDERS, "placeholder")


def _check_known(reader: Reader, path: str, names: Sequence[str], known: Sequence[str], what: str) -> None:
    for name in names:
        if name not in known:
            advice = nearest(name, known) or f"known: {', '.join(known)}"
            reader.problem(path, f"{name!r} is no {what}", advice)
