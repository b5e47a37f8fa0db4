"""One authorised call as a handler sees it, and the answers it can give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from crmbridge.sandbox.http import Request, Response
from crmbridge.sandbox.hubspot.errors import invalid_input
from crmbridge.sandbox.hubspot.objects import ObjectType, object_type
from crmbridge.sandbox.hubspot.portal import Portal, Source
from crmbridge.sandbox.hubspot.tokens import Token

JSON_TYPE = "application/json;charset=utf-8"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


@dataclass(slots=True, kw_only=True)
class Call:
    """A request with what its path names."""

    portal: Portal
    request: Request
    #: Named parts of the path, decoded.
    params: Mapping[str, str]
    #: API version that the path names: "v3", "2026-09".
    version: str = "v3"
    #: None for calls that need no token.
    token: Token | None = None
    _body: dict[str, Any] | None = field(default=None)

    @property
    def kind(self) -> ObjectType:
        """The object type that the path names.

        Raises:
            HubSpotError: 400, no such type.
        """
        return object_type(self.params["type"])

    @property
    def checks_rules(self) -> bool:
        """Whether the portal's own validation rules hold: from 2026-09 on, never on v3 (2026-11-21)."""
        return not self.version.startswith("v") and self.version >= "2026-09"

    @property
    def source(self) -> Source:
        """Who writes."""
        return Source("INTEGRATION", self.token.app_id if self.token else "")

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object sent.

        Raises:
            HubSpotError: 400, it is something else.
        """
        if self._body is None:
            self._body = _json_object(self.request.body)
        return self._body

    @property
    def json(self) -> Any:
        """The JSON value sent, an object or not.

        Raises:
            HubSpotError: 400, it is no JSON.
        """
        return _json_value(self.request.body)

    def names(self, parameter: str) -> list[str]:
        """Give a list parameter, repeated or joined by commas, without doubles."""
        parts = [part.strip() for value in self.request.args(parameter) for part in value.split(",")]
        return list(dict.fromkeys(part for part in parts if part))

    def flag(self, parameter: str) -> bool:
        """Give a boolean parameter; clients send ``true`` and ``True``.

        Raises:
            HubSpotError: 400, it is neither true nor false.
        """
        text = self.request.arg(parameter, "false").lower()
        if text not in ("true", "false"):
            raise invalid_input(f"Invalid boolean for {parameter}: {text}")
        return text == "true"

    def number(self, parameter: str, default: int, *, highest: int) -> int:
        """Give a whole number from 1 up.

        Raises:
            HubSpotError: 400, it is none, or out of range.
        """
        text = self.request.arg(parameter, str(default))
        if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= highest:
            raise invalid_input(f"Invalid {parameter}: {text}. It must be between 1 and {highest}.")
        return int(text)

    def inputs(self, highest: int = 100) -> list[dict[str, Any]]:
        """Give the inputs of a batch.

        Raises:
            HubSpotError: 400, there is no such list, or it is too long.
        """
        found = self.body.get("inputs")
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise invalid_input("Invalid input JSON: inputs must be a list of objects")
        if len(found) > highest:
            raise invalid_input(f"The batch size of {len(found)} is over the limit of {highest}.")
        return found


def _json_value(body: bytes) -> Any:
    """Read JSON; half a surrogate pair, which no answer could hold, is none."""
    try:
        return _decode(body or b"{}")
    except (ValueError, RecursionError):
        raise invalid_input("Invalid input JSON on line 1, column 1: the body is no JSON") from None


def _json_object(body: bytes) -> dict[str, Any]:
    value = _json_value(body)
    if not isinstance(value, dict):
        raise invalid_input("Invalid input JSON on line 1, column 1: Cannot deserialize value of type")
    return value


def answer(value: Any, status: int = 200) -> Response:
    """Give a JSON answer."""
    return Response(status=status, body=_encode(value), headers={"Content-Type": JSON_TYPE})


def no_content() -> Response:
    """Give an answer without a body."""
    return Response(status=204)


def batch_answer(
    call: Call, results: list[Any], errors: list[dict[str, Any]], *, started: str, status: int = 200
) -> Response:
    """Give the answer of a batch: 207 with ``errors`` when some failed; results in no order."""
    if call.portal.options.shuffle_batches:
        call.portal.world.random.shuffle(results)
    now = call.portal.world.clock.iso()
    body = {"completedAt": now, "status": "COMPLETE", "startedAt": started, "results": results}
    if errors:
        return answer({**body, "errors": errors, "numErrors": len(errors)}, 207)
    return answer(body, status)


def text_field(body: Mapping[str, Any], name: str, default: str = "") -> str:
    """Give a text of a body; numbers are taken as text.

    Raises:
        HubSpotError: 400, it is something else.
    """
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise invalid_input(f"Invalid input JSON: {name} must be a string")
    return str(value)


def names_field(body: Mapping[str, Any], name: str) -> list[str]:
    """Give a list of texts of a body, without doubles.

    Raises:
        HubSpotError: 400, it is something else.
    """
    value = body.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise invalid_input(f"Invalid input JSON: {name} must be a list of strings")
    return list(dict.fromkeys(value))


def object_field(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Give an object of a body.

    Raises:
        HubSpotError: 400, it is something else.
    """
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid_input(f"Invalid input JSON: {name} must be an object")
    return value


def record_id(text: str) -> int | None:
    """Read a record id; None when it can be none."""
    good = text.isascii() and text.isdigit() and len(text) <= 18
    return int(text) if good else None
