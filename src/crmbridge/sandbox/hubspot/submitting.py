"""What a submitted form does to contacts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmbridge.sandbox.clock import iso_ms
from crmbridge.sandbox.hubspot import lifecycle, writing
from crmbridge.sandbox.hubspot.lookup import normalised
from crmbridge.sandbox.hubspot.objects import CONTACTS
from crmbridge.sandbox.hubspot.portal import Portal, Source
from crmbridge.sandbox.hubspot.store import Record
from crmbridge.sandbox.hubspot.writing import InvalidValues, Values, Write

Json = dict[str, Any]


def submit_later(portal: Portal, form: Json, fields: Sequence[Json], at_ms: int, context: Json) -> None:
    """Take a submission at once, and let its contact follow after `HubSpotOptions.form_delay_seconds`."""
    shown: Json = {"submittedAt": at_ms, "values": list(fields), "pageUrl": str(context.get("pageUri", ""))}
    number = portal.forms.add_submission(form["id"], at_ms, shown)
    portal.world.audit.effect(f"hubspot form {form['id']} submitted")

    async def job() -> None:
        _follow(portal, form, fields, number, at_ms)

    if portal.options.form_delay_seconds > 0:
        portal.world.jobs.after(portal.options.form_delay_seconds, job)
    else:
        _follow(portal, form, fields, number, at_ms)


def _follow(portal: Portal, form: Json, fields: Sequence[Json], number: int, at_ms: int) -> None:
    """Find or make the contact by its address; values that it cannot have are left out."""
    given = {item["name"]: item["value"] for item in fields if item["objectTypeId"] == CONTACTS.type_id}
    values = _good(portal, given)
    if not values.get("email"):
        return
    source = Source("FORM", form["id"])
    with portal.world.transaction():
        contact = _written(portal, form, values, source)
        if contact is not None:
            counts = portal.forms.belongs_to(number, contact.id)
            writing.touch(portal, CONTACTS, contact, _conversion(contact, form, at_ms, counts))


def _written(portal: Portal, form: Json, values: Values, source: Source) -> Record | None:
    found = portal.store.find(CONTACTS, "email", [normalised("email", values["email"])])
    record = portal.store.get(CONTACTS, found.values()).get(next(iter(found.values()), -1))
    if record is None:
        if writing.conflict(portal, CONTACTS, values, None) is not None:  # forgotten, and not wanted back
            return None
        return writing.create_many(portal, CONTACTS, [{**_stage(portal, form), **values}], source)[0]
    # A secondary address stays one.
    changes = {name: value for name, value in values.items() if name != "email"}
    changed = writing.resolved(portal, CONTACTS, record, changes)
    writing.update_many(portal, CONTACTS, [Write(record, changed)], source)
    return record


def _good(portal: Portal, given: Values) -> Values:
    good: Values = {}
    for name, value in given.items():
        try:
            good |= writing.validated(portal, CONTACTS, {name: value})
        except InvalidValues:
            continue  # the form takes what the record cannot hold
    return {name: value for name, value in good.items() if value}


def _stage(portal: Portal, form: Json) -> Values:
    """Give the stage that the form is set to; what is none of the portal's is not taken."""
    found = form["configuration"].get("lifecycleStages")
    for item in found if isinstance(found, list) else ():
        if isinstance(item, dict) and item.get("objectTypeId") == CONTACTS.type_id:
            return _good(portal, {lifecycle.PROPERTY: str(item.get("value", ""))})
    return {}


def _conversion(contact: Record, form: Json, at_ms: int, counts: tuple[int, int]) -> Values:
    moment, name = iso_ms(at_ms), str(form["name"])
    values = {
        "num_conversion_events": str(counts[0]),
        "num_unique_conversion_events": str(counts[1]),
        "recent_conversion_date": moment,
        "recent_conversion_event_name": name,
    }
    if "first_conversion_date" not in contact.properties:
        values |= {"first_conversion_date": moment, "first_conversion_event_name": name}
    return values
