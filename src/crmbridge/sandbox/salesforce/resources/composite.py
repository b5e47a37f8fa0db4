"""Composite: up to 25 calls in one, which may refer to each other's answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, unquote

from crmbridge.sandbox.salesforce.failures import ApiError, not_found, refuse
from crmbridge.sandbox.salesforce.org import Org
from crmbridge.sandbox.salesforce.wire import Call, Reply

MAX_CALLS = 25
#: Of these, queries and collections together.
MAX_QUERIES = 5
_REFERENCE = re.compile(r"@\{([^}]*)\}")
_NAME = re.compile(r"[A-Za-z0-9_]+")
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")
_VERSION = re.compile(r"/services/data/v(\d+\.0)/(.*)", re.DOTALL)
_ROLLED_BACK = "The transaction was rolled back since another operation in the same transaction failed."
#: Body of a call that was undone, or never done, because another one failed.
HALTED = [{"errorCode": "PROCESSING_HALTED", "message": _ROLLED_BACK}]

#: Answers a call without counting it.
Dispatch = Callable[[Call], Reply]


def composite(org: Org, call: Call, dispatch: Dispatch) -> Reply:
    """POST composite."""
    body = call.object()
    parts = body.get("compositeRequest")
    if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
        raise refuse("JSON_PARSER_ERROR", "compositeRequest must be a list of requests")
    _check(parts)
    answers = run(org, parts, call, dispatch, all_or_none=body.get("allOrNone") is True)
    return Reply(body={"compositeResponse": answers})


def run(
    org: Org, parts: list[dict[str, Any]], call: Call, dispatch: Dispatch, *, all_or_none: bool
) -> list[dict[str, Any]]:
    """Do calls one after the other and give their answers; with ``all_or_none`` one failure undoes all."""
    answers: dict[str, dict[str, Any]] = {}
    mark = len(org.writer.effects)
    with org.world.transaction() as db:
        db.execute("SAVEPOINT composite")
        for part in parts:
            answers[part["referenceId"]] = _answer(part, call, dispatch, answers)
        if all_or_none and any(one["httpStatusCode"] >= 400 for one in answers.values()):
            db.execute("ROLLBACK TO composite")
            del org.writer.effects[mark:]
            answers = {name: _halted(one) for name, one in answers.items()}
        db.execute("RELEASE composite")
    return list(answers.values())


def _check(parts: list[dict[str, Any]]) -> None:
    if len(parts) > MAX_CALLS:
        message = f"Maximum number of allowed subrequests for Composite API exceeded: {MAX_CALLS}"
        raise refuse("LIMIT_EXCEEDED", message)
    check_names(parts)
    if sum(1 for part in parts if _is_costly(str(part.get("url")))) > MAX_QUERIES:
        message = f"Maximum number of query and collection subrequests exceeded: {MAX_QUERIES}"
        raise refuse("LIMIT_EXCEEDED", message)


def check_names(parts: list[dict[str, Any]]) -> None:
    """Refuse calls without a reference id, or with one that another call has."""
    names = [part.get("referenceId") for part in parts]
    if not all(isinstance(name, str) and _NAME.fullmatch(name) for name in names):
        raise refuse("JSON_PARSER_ERROR", "referenceId must be made of letters, digits and underscores")
    if len(set(names)) != len(names):
        raise refuse("INVALID_INPUT", "Duplicate reference ids are not allowed")


def _is_costly(url: str) -> bool:
    match = _VERSION.fullmatch(url.partition("?")[0])
    path = match[2].strip("/") if match else ""
    return path.split("/")[0] in ("query", "queryAll") or path.startswith("composite/sobjects")


def _answer(
    part: Mapping[str, Any], call: Call, dispatch: Dispatch, answers: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    try:
        reply = dispatch(_sub_call(_resolved(dict(part), answers), call))
    except ApiError as error:
        reply = Reply(status=error.status, body=[fault.top_level() for fault in error.faults])
    return {
        "body": reply.body,
        "httpHeaders": dict(reply.headers),
        "httpStatusCode": reply.status,
        "referenceId": part["referenceId"],
    }


def _sub_call(part: Mapping[str, Any], call: Call) -> Call:
    target, _, query = str(part.get("url")).partition("?")
    match = _VERSION.fullmatch(target)
    if match is None or match[2].strip("/").lower() in ("composite", "composite/batch", "composite/graph"):
        raise not_found()
    headers = part.get("httpHeaders")
    own = {k.lower(): str(v) for k, v in headers.items()} if isinstance(headers, dict) else {}
    inherited = {k: v for k, v in call.caller.headers.items() if k.startswith("sforce-")}
    return Call(
        method=str(part.get("method", "")).upper(),
        path=tuple(unquote(step) for step in match[2].strip("/").split("/")),
        query=tuple(parse_qsl(query, keep_blank_values=True)),
        body=part.get("body", b""),
        caller=replace(call.caller, version=match[1], headers={**inherited, **own}),
    )


def _resolved(value: Any, answers: Mapping[str, dict[str, Any]]) -> Any:
    if isinstance(value, dict):
        return {name: _resolved(item, answers) for name, item in value.items()}
    if isinstance(value, list):
        return [_resolved(item, answers) for item in value]
    if not isinstance(value, str) or "@{" not in value:
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole:
        return _referred(whole[1], answers)
    return _REFERENCE.sub(lambda match: str(_referred(match[1], answers)), value)


def _referred(reference: str, answers: Mapping[str, dict[str, Any]]) -> Any:
    name, _, rest = reference.partition(".")
    first, bracket, index = name.partition("[")
    answer = answers.get(first)
    found = answer["body"] if answer is not None and answer["httpStatusCode"] < 400 else None
    for step, place in _STEP.findall(bracket + index + ("." + rest if rest else "")):
        found = _step(found, step, place)
    if found is None:
        message = f"Invalid reference specified. No value for {reference} found in {first}"
        raise refuse("PROCESSING_HALTED", message)
    return found


def _step(value: Any, name: str, place: str) -> Any:
    if isinstance(value, dict) and name:
        return value.get(name)
    if isinstance(value, list) and place.isdecimal() and int(place[:6]) < len(value):
        return value[int(place[:6])]
    return None


def _halted(answer: dict[str, Any]) -> dict[str, Any]:
    if answer["httpStatusCode"] >= 400:
        return answer
    return {**answer, "body": HALTED, "httpHeaders": {}, "httpStatusCode": 400}
