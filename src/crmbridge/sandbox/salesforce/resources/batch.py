"""Batch: up to 25 independent calls in one, each of which counts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, unquote

from crmbridge.sandbox.salesforce.failures import ApiError, not_found, refuse
from crmbridge.sandbox.salesforce.org import Org
from crmbridge.sandbox.salesforce.wire import Call, Reply, error_reply

MAX_CALLS = 25
_TARGET = re.compile(r"(?:/services/data/)?v(\d+\.0)/(.*)", re.DOTALL)

#: Answers a call without counting it.
Dispatch = Callable[[Call], Reply]


def batch(org: Org, call: Call, dispatch: Dispatch) -> Reply:
    """POST composite/batch."""
    body = call.object()
    parts = body.get("batchRequests")
    if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
        raise refuse("JSON_PARSER_ERROR", "batchRequests must be a list of requests")
    if len(parts) > MAX_CALLS:
        raise refuse("LIMIT_EXCEEDED", f"Maximum number of allowed subrequests exceeded: {MAX_CALLS}")
    org.count_call(len(parts) - 1)
    results: list[dict[str, Any]] = []
    for part in parts:
        halted = body.get("haltOnError") is True and any(one["statusCode"] >= 400 for one in results)
        results.append(_halted() if halted else _result(part, call, dispatch))
    failed = any(one["statusCode"] >= 400 for one in results)
    return Reply(body={"hasErrors": failed, "results": results})


def _result(part: Mapping[str, Any], call: Call, dispatch: Dispatch) -> dict[str, Any]:
    try:
        reply = dispatch(_sub_call(part, call))
    except ApiError as error:
        reply = error_reply(error)
    return {"statusCode": reply.status, "result": reply.body}


def _halted() -> dict[str, Any]:
    message = "Batch processing halted per request"
    return {"statusCode": 412, "result": [{"errorCode": "BATCH_PROCESSING_HALTED", "message": message}]}


def _sub_call(part: Mapping[str, Any], call: Call) -> Call:
    target, _, query = str(part.get("url")).partition("?")
    match = _TARGET.fullmatch(target)
    if match is None or match[2].startswith("composite"):
        raise not_found()
    return Call(
        method=str(part.get("method", "")).upper(),
        path=tuple(unquote(step) for step in match[2].strip("/").split("/")),
        query=tuple(parse_qsl(query, keep_blank_values=True)),
        body=part.get("richInput", b""),
        caller=replace(call.caller, version=match[1]),
    )
