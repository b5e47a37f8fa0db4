"""composite/tree: up to 200 new records with their children in one call, all of them or none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from crmbridge.sandbox.salesforce.failures import ApiError, Fault, refuse
from crmbridge.sandbox.salesforce.org import Org
from crmbridge.sandbox.salesforce.schema import SObject
from crmbridge.sandbox.salesforce.wire import Call, Reply

#: Limits of one call (page resources_composite_sobject_tree, checked 2026-11-21).
MAX_RECORDS, MAX_DEPTH, MAX_OBJECTS = 200, 5, 5


@dataclass(frozen=True, slots=True)
class _Node:
    """One record to be, and where it hangs."""

    item: SObject
    reference_id: str
    body: dict[str, Any]
    #: Place of the parent in the list of nodes and the field that will name it; -1 for a root.
    parent: int
    reference: str
    depth: int


def create(org: Org, call: Call) -> Reply:
    """POST composite/tree/{object}."""
    root = org.object(call.path[2])
    nodes = list(_nodes(org, root, call.object().get("records")))
    _check(nodes)
    mark = len(org.writer.effects)
    with org.world.transaction() as db:
        db.execute("SAVEPOINT tree")
        made, failed = _write(org, call, nodes)
        if failed:
            db.execute("ROLLBACK TO tree")
            del org.writer.effects[mark:]
        db.execute("RELEASE tree")
    if failed:
        return Reply(status=400, body={"hasErrors": True, "results": failed})
    results = [{"referenceId": node.reference_id, "id": one} for node, one in zip(nodes, made, strict=True)]
    return Reply(status=201, body={"hasErrors": False, "results": results})


def _write(org: Org, call: Call, nodes: list[_Node]) -> tuple[list[str], list[dict[str, Any]]]:
    made: list[str] = []
    failed: list[dict[str, Any]] = []
    for node in nodes:
        parent = {node.reference: made[node.parent]} if node.parent >= 0 else {}
        if node.parent >= 0 and not made[node.parent]:
            made.append("")  # its parent failed: nothing to hang it on
            continue
        try:
            made.append(org.writer.create(call.caller, node.item, {**node.body, **parent}))
        except ApiError as error:
            made.append("")
            failed.append(_failure(node, error.faults))
    return made, failed


def _failure(node: _Node, faults: tuple[Fault, ...]) -> dict[str, Any]:
    return {"referenceId": node.reference_id, "errors": [fault.per_record() for fault in faults]}


def _nodes(org: Org, root: SObject, records: Any) -> Iterator[_Node]:
    """Walk the tree level by level, parents first."""
    known: list[tuple[SObject, Any, int, str, int]] = [
        (root, record, -1, "", 1) for record in _records(records)
    ]
    for place, (item, record, parent, reference, depth) in enumerate(known):
        if len(known) > MAX_RECORDS or depth > MAX_DEPTH:
            raise refuse("LIMIT_EXCEEDED", f"a tree has at most {MAX_RECORDS} records and {MAX_DEPTH} levels")
        children = _children(org, item, record)
        for child, field, records_ in children.values():
            known += [(child, one, place, field, depth + 1) for one in _records(records_)]
        body = {name: value for name, value in record.items() if name not in ("attributes", *children)}
        yield _Node(item, _reference_id(item, record), body, parent, reference, depth)


def _children(org: Org, item: SObject, record: dict[str, Any]) -> dict[str, tuple[SObject, str, Any]]:
    relations = {
        (column.child or "").lower(): (child, column.name) for child, column in org.seen.children(item.name)
    }
    return {
        name: (*relations[name.lower()], value.get("records"))
        for name, value in record.items()
        if isinstance(value, dict) and name.lower() in relations
    }


def _records(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not value or not all(isinstance(one, dict) for one in value):
        raise refuse("JSON_PARSER_ERROR", "records must be a list of objects")
    return value


def _reference_id(item: SObject, record: dict[str, Any]) -> str:
    attributes = record.get("attributes")
    given = attributes if isinstance(attributes, dict) else {}
    name, kind = given.get("referenceId"), given.get("type")
    if not isinstance(name, str) or not name:
        raise refuse("INVALID_INPUT", "Include a reference ID for each record in the request.")
    if not isinstance(kind, str) or kind.lower() != item.name.lower():
        raise refuse("INVALID_INPUT", f"record {name} must be of type {item.name}")
    return name


def _check(nodes: list[_Node]) -> None:
    names = [node.reference_id for node in nodes]
    if len(set(names)) != len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise refuse("INVALID_INPUT", f"Duplicate ReferenceId provided in the request: {double}.")
    if len({node.item.name for node in nodes}) > MAX_OBJECTS:
        raise refuse("LIMIT_EXCEEDED", f"a tree has records of at most {MAX_OBJECTS} objects")
