"""Handlers of single records: list, read, create, change, archive, merge, forget."""

from __future__ import annotations

from crmbridge.sandbox.http import Response
from crmbridge.sandbox.hubspot import associations, showing, webhook_events
from crmbridge.sandbox.hubspot.call import Call, answer, no_content, object_field, record_id, text_field
from crmbridge.sandbox.hubspot.errors import HubSpotError, invalid_input, invalid_values, not_found
from crmbridge.sandbox.hubspot.lookup import one, resolve
from crmbridge.sandbox.hubspot.merging import merge
from crmbridge.sandbox.hubspot.objects import CONTACTS
from crmbridge.sandbox.hubspot.portal import Portal
from crmbridge.sandbox.hubspot.requirements import missing_properties
from crmbridge.sandbox.hubspot.writing import (
    InvalidValues,
    Write,
    archive_many,
    conflict,
    create_many,
    resolved,
    update_many,
    validated,
)

#: Largest page, and with history.
PAGE, PAGE_WITH_HISTORY = 100, 50


def list_records(call: Call) -> Response:
    """``GET /crm/v3/objects/{type}``: ascending ids; ``after`` is the id of the next record."""
    kind, portal, history = call.kind, call.portal, call.names("propertiesWithHistory")
    limit = call.number("limit", 10, highest=PAGE_WITH_HISTORY if history else PAGE)
    after = call.request.arg("after", "0")
    start = record_id(after)
    if start is None:
        raise invalid_input(f"Cannot deserialize value of type `long` from String: {after[:20]}")
    if portal.options.short_pages:
        limit = portal.world.random.randint(1, limit)
    records = portal.store.page(kind, archived=call.flag("archived"), from_id=start, limit=limit + 1)
    page, rest = records[:limit], records[limit:]
    names = showing.wanted(portal, kind, call.names("properties"))
    shown = [showing.show(portal, kind, record, names) for record in page]
    showing.with_history(portal, kind, page, shown, history)
    associations.attach(portal, kind, shown, call.names("associations"))
    body: dict[str, object] = {"results": shown}
    if rest:
        request = call.request
        path = request.raw_path.partition("?")[0]
        body["paging"] = showing.next_page(request.origin, path, request.query, str(rest[0].id))
    return answer(body)


def get_record(call: Call) -> Response:
    """``GET /crm/v3/objects/{type}/{id}``; a merged-away id gives the survivor."""
    kind, portal = call.kind, call.portal
    key, id_property = call.params["id"], call.request.arg("idProperty")
    record = one(portal, kind, key, id_property, archived=call.flag("archived"))
    shown = showing.show(portal, kind, record, showing.wanted(portal, kind, call.names("properties")))
    showing.with_history(portal, kind, [record], [shown], call.names("propertiesWithHistory"))
    associations.attach(portal, kind, [shown], call.names("associations"))
    return answer(shown)


def create_record(call: Call) -> Response:
    """``POST /crm/v3/objects/{type}``."""
    kind, portal = call.kind, call.portal
    given = object_field(call.body, "properties")
    links = associations.parse(portal, kind, call.body.get("associations"))
    try:
        values = validated(portal, kind, given, rules=call.checks_rules)
    except InvalidValues as invalid:
        raise invalid_values(invalid.problems, portal.portal_id) from None
    taken = missing_properties(kind, values, links) or conflict(portal, kind, values, None)
    if taken is not None:
        # Only batches name the other record's id in the context.
        raise HubSpotError(taken.status, taken.message, taken.category)
    with portal.world.transaction():
        record = create_many(portal, kind, [values], call.source)[0]
        associations.link_all(portal, kind, record.id, links)
    return answer(showing.show(portal, kind, record, record.properties), 201)


def update_record(call: Call) -> Response:
    """``PATCH /crm/v3/objects/{type}/{id}``."""
    kind, portal = call.kind, call.portal
    record = one(portal, kind, call.params["id"], call.request.arg("idProperty"))
    try:
        values = validated(portal, kind, object_field(call.body, "properties"), rules=call.checks_rules)
        changed = resolved(portal, kind, record, values)
    except InvalidValues as invalid:
        raise invalid_values(invalid.problems, portal.portal_id) from None
    taken = conflict(portal, kind, changed, record.id)
    if taken is not None:
        raise HubSpotError(taken.status, taken.message, taken.category)
    with portal.world.transaction():
        update_many(portal, kind, [Write(record, changed)], call.source)
    names = showing.changed_and_system(kind, record, values)
    return answer(showing.show(portal, kind, record, names))


def archive_record(call: Call) -> Response:
    """``DELETE /crm/v3/objects/{type}/{id}``."""
    number = record_id(call.params["id"])
    with call.portal.world.transaction():
        archive_many(call.portal, call.kind, [] if number is None else [number])
    return no_content()


def merge_records(call: Call) -> Response:
    """``POST /crm/v3/objects/{type}/merge``."""
    kind, portal = call.kind, call.portal
    primary, other = (text_field(call.body, name) for name in ("primaryObjectId", "objectIdToMerge"))
    if primary == other:
        raise invalid_input("Cannot merge a record with itself")
    first, second = one(portal, kind, primary), one(portal, kind, other)
    with portal.world.transaction():
        survivor = merge(portal, kind, first, second)
    return answer(showing.show(portal, kind, survivor, showing.wanted(portal, kind, ())))


def _block(portal: Portal, number: int) -> None:
    record = portal.store.get(CONTACTS, [number]).get(number)
    if record is not None:
        others = record.properties.get("hs_additional_emails", "").split(";")
        portal.blocklist.add([record.properties.get("email", ""), *others])


def gdpr_delete(call: Call) -> Response:
    """``POST /crm/v3/objects/contacts/gdpr-delete``: nothing of the person is kept."""
    kind, portal = call.kind, call.portal
    if kind is not CONTACTS:
        raise not_found()
    key = text_field(call.body, "objectId")
    ids = resolve(portal, kind, [key], text_field(call.body, "idProperty"))
    with portal.world.transaction():
        # An address that no contact has is remembered as well (checked 2026-11-21).
        portal.blocklist.add([key] if "@" in key else [])
        for number in ids.values():
            _block(portal, number)
            portal.store.delete(kind, number)
            portal.forms.forget(number)
            portal.world.audit.effect(f"hubspot {kind.name} {number} forgotten")
        webhook_events.simple(portal, kind, "privacyDeletion", ids.values())
    return no_content()
