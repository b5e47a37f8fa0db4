"""The emulated Salesforce org as one app: transport, sign-in, counting, routing."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from crmbridge.sandbox.app import LoadResult
from crmbridge.sandbox.http import Request, Response
from crmbridge.sandbox.salesforce.caller import Caller
from crmbridge.sandbox.salesforce.csvload import Loader
from crmbridge.sandbox.salesforce.failures import ApiError, invalid_session, not_found, refuse
from crmbridge.sandbox.salesforce.ids import to_long
from crmbridge.sandbox.salesforce.lifecycle import Lifecycle
from crmbridge.sandbox.salesforce.org import Org
from crmbridge.sandbox.salesforce.resources import meta
from crmbridge.sandbox.salesforce.routes import dispatch
from crmbridge.sandbox.salesforce.seeds import INTEGRATION_USER
from crmbridge.sandbox.salesforce.wire import Call, Reply, error_reply, to_response
from crmbridge.sandbox.world import World

#: Version the ready line names; any from 31 to 68 is served.
API_VERSION = "62.0"
_VERSION = re.compile(r"v(\d{1,3})\.0")
#: Characters of a path and query; longer ones are refused by the web server in front, in HTML.
MAX_URI = 16_384
_TOO_LONG = b"<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>"


_log = logging.getLogger(__name__)


class SalesforceApp:
    """Answer requests as a Salesforce org does."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.org = Org(world)
        #: Conversion, merge, undelete and archiving: what people and jobs do in the org, not clients.
        self.lifecycle = Lifecycle(self.org)

    def handle(self, request: Request) -> Response:
        """Answer a request. Never raises: what goes wrong is an answer of the service."""
        if len(request.raw_path) > MAX_URI:
            return Response(
                status=414, body=_TOO_LONG, headers={"Content-Type": "text/html;charset=iso-8859-1"}
            )
        self.org.writer.effects.clear()
        try:
            reply, counted = self._answered(request)
        except ApiError as error:
            reply, counted = error_reply(error), True
        except RecursionError:
            fault = refuse("QUERY_TOO_COMPLICATED", "the request is nested too deeply")
            reply, counted = error_reply(fault), True
        except Exception as error:  # noqa: BLE001 - the service answers 500, whatever went wrong
            _log.error("unexpected %s", type(error).__name__)
            fault = refuse("UNKNOWN_EXCEPTION", "An unexpected error occurred.", status=500)
            reply, counted = error_reply(fault), True
        for effect in self.org.writer.effects:
            self._world.audit.effect(effect)
        usage = {"Sforce-Limit-Info": self.org.usage} if counted and reply.status != 401 else {}
        return to_response(reply, usage)

    def ready(self, origin: str, folder: Path) -> dict[str, str]:
        """Give this org's part of the ready line; the private key for JWT bearer is written to the folder."""
        auth = self.org.auth
        return {
            "instance_url": origin,
            "session_id": auth.first_token,
            "client_id": auth.client_id,
            "client_secret": auth.client_secret,
            "refresh_token": auth.refresh_token,
            "username": INTEGRATION_USER,
            "private_key_file": str(auth.write_key(folder)),
            "api_version": API_VERSION,
            "org_id": self.org.seeds.org_id,
        }

    def load_csv(
        self,
        object: str,
        header: Sequence[str],
        rows: Iterable[tuple[int, Sequence[str]]],
        create_fields: bool,
    ) -> LoadResult:
        """Load rows as records, in one transaction.

        Raises:
            ConfigError: The object or a column name is unknown; nothing was loaded.
        """
        return Loader(self.org).load(object, header, rows, create_fields=create_fields)

    def state(self) -> dict[str, Any]:
        """Give counts by object and the custom fields."""
        counts = {item.name: self.org.store.count(item) for item in self.org.schema.objects.values()}
        fields = [f"{item.name}.{column.name}" for item in self.org.schema.objects.values()
                  for column in item.fields.values() if column.custom]  # fmt: skip
        return {
            "org_id": self.org.seeds.org_id,
            "records": {name: count for name, count in counts.items() if count},
            "custom_fields": fields,
            "api_calls_today": self.org.calls_today,
        }

    def reset(self) -> None:
        """Forget all records, custom fields, tokens and counters; the ready line stays valid."""
        self.org.reset()

    def act(self, action: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Do what a person or a job does inside the org: convert, merge, undelete, archive, expire_tokens …

        Raises:
            ConfigError: The action is unknown or its arguments do not fit.
        """
        return self.lifecycle.act(action, arguments)

    def _answered(self, request: Request) -> tuple[Reply, bool]:
        segments = [unquote(part) for part in request.raw_path.partition("?")[0].strip("/").split("/")]
        match segments:
            case ["services", "data"]:
                return Reply(body=meta.versions()), False
            case ["services", "data", version, *path]:
                return self._data(request, version, tuple(path)), True
            case ["services", "oauth2", "token"] if request.method == "POST":
                return self.org.auth.token(request), False
            case ["services", "oauth2", "revoke"]:
                return self.org.auth.revoke(request), False
            case ["services", "oauth2", "userinfo"]:
                user_id = self._user(request)
                return Reply(body=meta.userinfo(self.org, request.origin, user_id)), False
            case ["id", org_id, user_id]:
                return self._identity(request, org_id, user_id), False
        raise not_found()

    def _data(self, request: Request, version: str, path: tuple[str, ...]) -> Reply:
        match = _VERSION.fullmatch(version)
        if match is None or int(match[1]) > meta.LAST_VERSION:
            raise not_found()
        if int(match[1]) < meta.FIRST_VERSION:
            raise refuse("UNSUPPORTED_API_VERSION", f"Unsupported API version: {match[1]}.0", status=410)
        caller = Caller(
            user_id=self._user(request),
            version=f"{match[1]}.0",
            headers=request.headers,
            origin=request.origin,
        )
        self.org.count_call()
        call = Call(method=request.method, path=path, query=request.query, body=request.body, caller=caller)
        with self._world.transaction():
            try:
                self.org.bulk.let_time_pass()
                return dispatch(self.org, call)
            except ApiError as error:
                return error_reply(error)

    def _user(self, request: Request) -> str:
        user_id = self.org.auth.user_of(request.headers.get("authorization", ""))
        user = self.org.store.get(self.org.store.named("User"), user_id)
        if user is None or not user["IsActive"]:
            raise invalid_session()
        self._world.audit.user(str(user["Username"]))
        return user_id

    def _identity(self, request: Request, org_id: str, user_id: str) -> Reply:
        self._user(request)
        if to_long(org_id) != self.org.seeds.org_id:
            raise not_found()
        return Reply(body=meta.identity(self.org, request.origin, to_long(user_id) or ""))
