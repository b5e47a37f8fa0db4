"""composite/graph: several composite requests in one, each of them all or nothing."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from crmbridge.sandbox.salesforce.failures import refuse
from crmbridge.sandbox.salesforce.org import Org
from crmbridge.sandbox.salesforce.resources.composite import HALTED, Dispatch, check_names, run
from crmbridge.sandbox.salesforce.wire import Call, Reply

#: Limits of one call (page resources_composite_graph_limits, checked 2026-11-21).
MAX_NODES, MAX_GRAPHS, MAX_DEPTH, MAX_KINDS, MAX_FAILED = 500, 75, 15, 15, 14
_REFERENCE = re.compile(r"@\{(\w+)")
_OBJECT = re.compile(r"/services/data/v\d+\.0/sobjects/(\w+)")


def graph(org: Org, call: Call, dispatch: Dispatch) -> Reply:
    """POST composite/graph."""
    graphs = call.object().get("graphs")
    if not isinstance(graphs, list) or not graphs or not all(_is_graph(one) for one in graphs):
        raise refuse(
            "JSON_PARSER_ERROR", "graphs must be a list of objects with graphId and compositeRequest"
        )
    _check(graphs)
    answers: list[dict[str, Any]] = []
    for one in graphs:
        failed = sum(1 for answer in answers if not answer["isSuccessful"])
        parts = one["compositeRequest"]
        responses = [_halted(part) for part in parts] if failed >= MAX_FAILED else None
        answers.append(_answer(one, responses or run(org, parts, call, dispatch, all_or_none=True)))
    return Reply(body={"graphs": answers})


def _is_graph(one: Any) -> bool:
    if not isinstance(one, dict) or not isinstance(one.get("graphId"), str):
        return False
    parts = one.get("compositeRequest")
    return isinstance(parts, list) and bool(parts) and all(isinstance(part, dict) for part in parts)


def _answer(one: dict[str, Any], responses: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "graphId": one["graphId"],
        "graphResponse": {"compositeResponse": responses},
        "isSuccessful": all(response["httpStatusCode"] < 400 for response in responses),
    }


def _halted(part: dict[str, Any]) -> dict[str, Any]:
    return {"body": HALTED, "httpHeaders": {}, "httpStatusCode": 400, "referenceId": part["referenceId"]}


def _check(graphs: list[dict[str, Any]]) -> None:
    names = [one["graphId"] for one in graphs]
    if len(set(names)) != len(names):
        raise refuse("INVALID_INPUT", "Duplicate graph ids are not allowed")
    if len(graphs) > MAX_GRAPHS:
        raise refuse("LIMIT_EXCEEDED", f"Maximum number of graphs exceeded: {MAX_GRAPHS}")
    if sum(len(one["compositeRequest"]) for one in graphs) > MAX_NODES:
        raise refuse("LIMIT_EXCEEDED", f"Maximum number of nodes exceeded: {MAX_NODES}")
    for one in graphs:
        check_names(one["compositeRequest"])
        _check_shape(one["compositeRequest"])


def _check_shape(parts: list[dict[str, Any]]) -> None:
    depths: dict[str, int] = {}
    kinds: set[tuple[str, str]] = set()
    for part in parts:
        text = msgspec.json.encode(part).decode()
        depths[part["referenceId"]] = 1 + max(
            (depths.get(name, 0) for name in _REFERENCE.findall(text)), default=0
        )
        named = _OBJECT.match(str(part.get("url")))
        kinds.add((str(part.get("method")), named[1] if named else ""))
    if max(depths.values()) > MAX_DEPTH:
        raise refuse("LIMIT_EXCEEDED", f"Maximum depth of a graph exceeded: {MAX_DEPTH}")
    if len(kinds) > MAX_KINDS:
        raise refuse("LIMIT_EXCEEDED", f"Maximum number of different nodes exceeded: {MAX_KINDS}")
