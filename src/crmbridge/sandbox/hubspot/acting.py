"""What people do in the portal and no public API does: edit in the UI, restore, let an owner leave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crmbridge.errors import ConfigError, Problem
from crmbridge.sandbox.hubspot import webhook_events, writing
from crmbridge.sandbox.hubspot.errors import HubSpotError
from crmbridge.sandbox.hubspot.handle_webhooks import checked_target, read_subscription
from crmbridge.sandbox.hubspot.lookup import one
from crmbridge.sandbox.hubspot.objects import ObjectType, object_type
from crmbridge.sandbox.hubspot.owners import NewOwner
from crmbridge.sandbox.hubspot.pipelines_default import STAGE_PROPERTIES, stage
from crmbridge.sandbox.hubspot.portal import Portal, Source
from crmbridge.sandbox.hubspot.tokens import PRIVATE_APP_ID
from crmbridge.sandbox.hubspot.validation_rules import readable
from crmbridge.sandbox.hubspot.writing import InvalidValues, Write

#: What the portal's user interface shows as the source of an edit.
_PERSON = Source("CRM_UI", "userId:9000101")
Arguments = Mapping[str, Any]


def act(portal: Portal, action: str, arguments: Arguments) -> dict[str, Any]:
    """Do it.

    Raises:
        ConfigError: The action is unknown or its arguments do not fit; nothing was done.
    """
    handler = _ACTIONS.get(action)
    if handler is None:
        raise _problem(action, f"unknown action; known: {', '.join(_ACTIONS)}")
    portal.acting = _PERSON
    try:
        with portal.world.transaction():
            return handler(portal, arguments)
    except HubSpotError as error:
        raise _problem(action, error.message) from None
    except InvalidValues as invalid:
        reasons = "; ".join(f"{item.name}: {item.message}" for item in invalid.problems)
        raise _problem(action, reasons) from None
    except (KeyError, TypeError, ValueError):
        raise _problem(action, "an argument is missing or of the wrong type") from None


def _problem(action: str, message: str) -> ConfigError:
    return ConfigError([Problem("act", action, message)])


def _edit(portal: Portal, arguments: Arguments) -> dict[str, Any]:
    """Edit as a person: ``object``, ``id``, ``properties``; people can move the lifecycle stage back."""
    kind = object_type(arguments["object"])
    record = one(portal, kind, str(arguments["id"]))
    values = writing.validated(portal, kind, arguments["properties"])
    changed = writing.resolved(portal, kind, record, values, may_go_back=True)
    writing.update_many(portal, kind, [Write(record, changed)], _PERSON)
    return {"id": str(record.id), "changed": sorted(changed)}


def _restore(portal: Portal, arguments: Arguments) -> dict[str, Any]:
    """Take a record back out of the archive: ``object``, ``id``."""
    kind = object_type(arguments["object"])
    record = one(portal, kind, str(arguments["id"]), archived=True)
    record.archived, record.archived_at = False, None
    portal.store.put(kind, [record])
    writing.index(portal, kind, record, record.properties)
    webhook_events.simple(portal, kind, "restore", [record.id])
    return {"id": str(record.id)}


def _owner_leaves(portal: Portal, arguments: Arguments) -> dict[str, Any]:
    """Deactivate an owner: ``id``; the records stay with them."""
    portal.owners.set_archived(str(arguments["id"]))
    return {"id": str(arguments["id"])}


def _owner_returns(portal: Portal, arguments: Arguments) -> dict[str, Any]:
    """Reactivate an owner: ``id``."""
    portal.owners.set_archived(str(arguments["id"]), archived=False)
    return {"id": str(arguments["id"])}


def _add_owner(portal: Portal, arguments: Arguments) -> dict[str, Any]:
    """Invite somebody: ``email``, ``first_name``, ``last_name``, ``type``."""
    return {"id": portal.owners.add(NewOwner(**arguments))}


def _set_stages(portal: Portal, arguments: Arguments) -> dict[str, Any]:
    """Replace the stages of the first pipeline: ``object``, ``stages`` {id: label} in order."""
    kind: ObjectType = object_type(arguments["object"])
    key, pipeline = next(iter(portal.catalog.pipelines(kind).items()))
    old = {item["id"]: item["metadata"] for item in pipeline["stages"]}
    open_stage = {"isClosed": "false", "state": "OPEN"}
    now = portal.world.clock.iso()
    stages = [
        stage(str(name), str(label), order, old.get(name, open_stage), now)
        for order, (name, label) in enumerate(dict(arguments["stages"]).items())
    ]
    portal.catalog.put("pipeline", kind, key, {**pipeline, "stages": stages})
    portal.catalog.sync_stage_options(kind, STAGE_PROPERTIES[kind.name])
    portal.follow_stages()
    return {"stages": [item["id"] for item in stages]}


def _set_rules(portal: Portal, arguments: Arguments) -> dict[str, Any]:
    """Put validation rules on a property: ``object``, ``property``, ``rules`` [{ruleType, ruleArguments}]."""
    kind, name = object_type(arguments["object"]), str(arguments["property"])
    rules = [
        {"ruleType": str(rule["ruleType"]), "ruleArguments": [str(item) for item in rule["ruleArguments"]],
         "shouldApplyNormalization": False}
        for rule in arguments["rules"]
    ]  # fmt: skip
    if name not in portal.catalog.properties(kind) or not all(map(readable, rules)):
        raise ValueError(name)
    portal.catalog.put("rule", kind, name, {"rules": rules})
    return {"property": name, "rules": len(rules)}


def _set_webhooks(portal: Portal, arguments: Arguments) -> dict[str, Any]:
    """Set the private app's webhooks, as its owner does in the portal: ``target_url``, ``subscriptions``."""
    items = [read_subscription({"active": True, **item}) for item in arguments["subscriptions"]]
    now = portal.world.clock.iso()
    target = {"targetUrl": checked_target(arguments["target_url"]), "createdAt": now, "updatedAt": now}
    for number in list(portal.webhooks.subscriptions(PRIVATE_APP_ID)):
        portal.webhooks.put(PRIVATE_APP_ID, number, None)
    portal.aim_webhooks(PRIVATE_APP_ID, {**target, "throttling": {"maxConcurrentRequests": 10}})
    return {"ids": [portal.subscribe(PRIVATE_APP_ID, item)["id"] for item in items]}


_ACTIONS: dict[str, Callable[[Portal, Arguments], dict[str, Any]]] = {
    "edit": _edit,
    "restore": _restore,
    "owner_leaves": _owner_leaves,
    "owner_returns": _owner_returns,
    "add_owner": _add_owner,
    "set_stages": _set_stages,
    "set_webhooks": _set_webhooks,
    "set_validation_rules": _set_rules,
}
