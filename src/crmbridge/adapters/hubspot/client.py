"""The wire: hubspot-api-client with raw answers, one connection pool, our retries and our errors.

The SDK's request objects, paths and exceptions are used; its models of answers are not (they cost
twenty times the decoding, measured 2026-11-21). API objects are built once: each access to
``client.crm.x.y_api`` would open a connection pool of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import hubspot as sdk
import urllib3
from hubspot.crm.associations.v4 import BatchInputPublicFetchAssociationsBatchRequest
from hubspot.crm.objects import (
    BatchInputSimplePublicObjectBatchInput,
    BatchInputSimplePublicObjectBatchInputForCreate,
    BatchInputSimplePublicObjectBatchInputUpsert,
    BatchReadInputSimplePublicObjectId,
    PublicObjectSearchRequest,
)
from hubspot.crm.properties import BatchInputPropertyCreate, PropertyGroupCreate

from crmbridge.adapters import transport
from crmbridge.adapters.hubspot.answers import DECODERS, Associations, PastRows, Rows, date_ms
from crmbridge.adapters.hubspot.errors import is_foreign, translate
from crmbridge.adapters.tokens import Tokens
from crmbridge.adapters.transport import Rate, Transport, plain_http_host
from crmbridge.errors import AuthFailed
from crmbridge.ports import Quota

T = TypeVar("T")
J = TypeVar("J")

BASE_URL: Final = "https://api.hubapi.com"
#: Buckets of the limiter. Search is outside the burst limit and has one of its own.
CALLS: Final = "calls"
SEARCH: Final = "search"
#: Until the server's headers say otherwise: the smallest account's burst; search allows 5 a second.
RATES: Final = {CALLS: Rate(100, 10.25), SEARCH: Rate(4, 1.05)}
#: What of the day is left, and the day's total (private apps only, checked 2026-11-21).
DAILY_LEFT: Final = "X-HubSpot-RateLimit-Daily-Remaining"
DAILY: Final = "X-HubSpot-RateLimit-Daily"
#: Added to the server's window: its clock and ours do not tick at the same moment.
WINDOW_MARGIN_SECONDS: Final = 0.25


class Pool(urllib3.PoolManager):
    """Connections to one host, shared by all API objects; the token never leaves it.

    Redirects are not followed. What the manager would do besides (parse and encode long URLs twice more)
    is left out: it took a third of the time of a page.
    """

    def __init__(self, base_url: str, **options: Any) -> None:
        super().__init__(retries=False, cert_reqs="CERT_REQUIRED", **options)
        self._base_url = base_url

    def urlopen(self, method: str, url: str, *args: Any, **kw: Any) -> Any:
        kw["redirect"] = False
        if not url.startswith(self._base_url + "/"):
            raise urllib3.exceptions.LocationValueError("a URL of another host")
        host = self.connection_from_url(self._base_url)
        return host.urlopen(method, url[len(self._base_url) :], *args, **kw)


class Client:
    """One HubSpot account on the wire. Thread-safe; every method is one call, unless it says more.

    Args:
        tokens: None only for the call that gets one.
        ca_file: A certificate file for a TLS sandbox; None: the usual ones.
    """

    def __init__(
        self, transport: Transport, tokens: Tokens | None, base_url: str, ca_file: str | None = None
    ) -> None:
        plain_http_host(base_url)
        self.transport = transport
        #: As the last answer that told it; None before.
        self.quota: Quota | None = None
        self._tokens = tokens
        self._host = base_url.rstrip("/")
        self._pool = Pool(self._host, maxsize=8, ca_certs=ca_file)
        client = sdk.HubSpot(api_factory=self._api)
        self._objects = client.crm.objects.basic_api
        self._batches = client.crm.objects.batch_api
        self._searches = client.crm.objects.search_api
        self._owners = client.crm.owners.owners_api
        self._properties = client.crm.properties.core_api
        self._property_batches = client.crm.properties.batch_api
        self._property_groups = client.crm.properties.groups_api
        self._pipelines = client.crm.pipelines.pipelines_api
        self._associations = client.crm.associations.v4.batch_api
        self._oauth = client.oauth.tokens_api

    def _api(self, package: Any, name: str, config: dict[str, Any]) -> Any:  # noqa: ARG002
        """Build an API object of the SDK on our pool; the hook that the SDK offers for that."""
        configuration = package.Configuration()
        configuration.host = self._host
        configuration.retries = False
        api_client = package.ApiClient(configuration=configuration)
        api_client.user_agent = "crmbridge"
        api_client.rest_client.pool_manager = self._pool
        return getattr(package, name)(api_client=api_client)

    # records -----------------------------------------------------------------------------------------

    def page(self, object: str, properties: Sequence[str], after: str | None, *, archived: bool) -> Rows:
        """List 100 records in order of id."""
        # One text, as HubSpot documents it; the SDK's repeated parameter takes longer to quote.
        options = {"limit": 100, "properties": [",".join(properties)], "archived": archived}
        if after is not None:
            options["after"] = after
        return self._rows(object, lambda **kw: self._objects.get_page(object, **options, **kw))

    def search(self, object: str, request: dict[str, Any]) -> Rows:
        """Search; ``request`` as HubSpot's body, at most 200 rows."""
        body = self._body(self._searches, PublicObjectSearchRequest, **request)
        return self._rows(object, lambda **kw: self._searches.do_search(object, body, **kw), bucket=SEARCH)

    def read(
        self, object: str, ids: Sequence[str], properties: Sequence[str], id_property: str | None = None
    ) -> Rows:
        """Read at most 100 records by id, or by a unique property. What is missing is in ``errors``."""
        body = self._body(
            self._batches,
            BatchReadInputSimplePublicObjectId,
            inputs=[{"id": record_id} for record_id in ids],
            properties=list(properties),
            properties_with_history=[],
            id_property=id_property,
        )
        return self._rows(object, lambda **kw: self._batches.read(object, body, **kw))

    def past(
        self, object: str, ids: Sequence[str], properties: Sequence[str], with_history: Sequence[str]
    ) -> PastRows:
        """Read at most 50 records with every value that some properties ever had."""
        body = self._body(
            self._batches,
            BatchReadInputSimplePublicObjectId,
            inputs=[{"id": record_id} for record_id in ids],
            properties=list(properties),
            properties_with_history=list(with_history),
        )
        return self._json(PastRows, object, lambda **kw: self._batches.read(object, body, **kw))

    def update(self, object: str, inputs: list[dict[str, Any]]) -> Rows:
        """Update at most 100 records. Not repeated when nobody knows whether it was carried out."""
        body = self._body(self._batches, BatchInputSimplePublicObjectBatchInput, inputs=inputs)
        return self._rows(object, lambda **kw: self._batches.update(object, body, **kw), repeatable=False)

    def upsert(self, object: str, inputs: list[dict[str, Any]]) -> Rows:
        """Create or update at most 100 records by a unique property."""
        body = self._body(self._batches, BatchInputSimplePublicObjectBatchInputUpsert, inputs=inputs)
        return self._rows(object, lambda **kw: self._batches.upsert(object, body, **kw), repeatable=False)

    def create(self, object: str, inputs: list[dict[str, Any]]) -> Rows:
        """Create at most 100 records, with their associations."""
        body = self._body(self._batches, BatchInputSimplePublicObjectBatchInputForCreate, inputs=inputs)
        return self._rows(object, lambda **kw: self._batches.create(object, body, **kw), repeatable=False)

    def associations(self, source: str, target: str, inputs: list[dict[str, str]]) -> Associations:
        """Read which ``target`` records belong to at most 1,000 ``source`` records."""
        body = self._body(self._associations, BatchInputPublicFetchAssociationsBatchRequest, inputs=inputs)
        return self._json(
            Associations, source, lambda **kw: self._associations.get_page(source, target, body, **kw)
        )

    # the account -------------------------------------------------------------------------------------

    def owners(self, after: str | None, *, archived: bool) -> dict[str, Any]:
        """List 500 owners."""
        options = {"limit": 500, "archived": archived} | ({"after": after} if after else {})
        return self._json(dict, "owners", lambda **kw: self._owners.get_page(**options, **kw))

    def properties(self, object: str) -> list[dict[str, Any]]:
        """Describe all properties of an object."""
        return list(self._json(dict, object, lambda **kw: self._properties.get_all(object, **kw))["results"])

    def pipelines(self, object: str) -> list[dict[str, Any]]:
        """Describe the pipelines of an object."""
        return list(self._json(dict, object, lambda **kw: self._pipelines.get_all(object, **kw))["results"])

    def create_group(self, object: str, name: str, label: str) -> None:
        """Create a group of properties.

        Raises:
            Refused: there is one of that name already (409), among other reasons.
        """
        body = self._body(self._property_groups, PropertyGroupCreate, name=name, label=label)
        self._json(dict, object, lambda **kw: self._property_groups.create(object, body, **kw))

    def create_properties(self, object: str, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        """Create properties; repeating is safe because their names are unique."""
        body = self._body(self._property_batches, BatchInputPropertyCreate, inputs=inputs)
        return self._json(dict, object, lambda **kw: self._property_batches.create(object, body, **kw))

    def account(self) -> tuple[dict[str, Any], Any]:
        """Describe the account, with the answer's headers (they tell the daily quota)."""
        return self._send(dict, None, lambda **kw: self._raw("/account-info/v3/details", "GET", **kw))

    def token_info(self) -> dict[str, Any]:
        """Describe the token in use; private apps only."""
        path = "/oauth/v2/private-apps/get/access-token-info"

        def send(**kw: Any) -> Any:
            token = str(kw["_request_auth"]["value"]).removeprefix("Bearer ")
            return self._raw(path, "POST", body={"tokenKey": token}, **kw)

        return self._json(dict, None, send)

    def refresh(self, client_id: str, client_secret: str, refresh_token: str) -> dict[str, Any]:
        """Trade a refresh token for an access token. The refresh token may change: keep the new one."""
        return self._json(
            dict,
            None,
            lambda **kw: self._oauth.create(
                grant_type="refresh_token",
                client_id=client_id,
                client_secret=client_secret,
                refresh_token=refresh_token,
                **kw,
            ),
        )

    # sending -----------------------------------------------------------------------------------------

    def _raw(self, path: str, method: str, **kw: Any) -> Any:
        """Call a path for which the SDK has no method, through the same client, pool and errors."""
        body = kw.pop("body", None)
        headers = {"Accept": "application/json", "Content-Type": "application/json", **kw.pop("_headers")}
        return self._objects.api_client.call_api(
            path, method, {}, [], headers, body=body, auth_settings=["oauth2"], **kw
        )

    @staticmethod
    def _body(api: Any, model: Any, **fields: Any) -> Any:
        """Build a request object; without a configuration of ours it would copy a whole one."""
        return model(local_vars_configuration=api.api_client.configuration, **fields)

    def _rows(
        self, object: str, send: Callable[..., Any], *, repeatable: bool = True, bucket: str = CALLS
    ) -> Rows:
        rows, headers = self._send(Rows, object, send, repeatable=repeatable, bucket=bucket)
        rows.date_ms = date_ms(headers.get("Date"))
        return rows

    def _json(self, kind: type[J], object: str | None, send: Callable[..., Any]) -> J:
        return self._send(kind, object, send)[0]

    def _send(
        self,
        kind: type[J],
        object: str | None,
        send: Callable[..., Any],
        *,
        repeatable: bool = True,
        bucket: str = CALLS,
    ) -> tuple[J, Any]:
        decode = DECODERS[kind].decode

        def once() -> tuple[J, Any]:
            return self._with_token(lambda token: self._once(decode, object, send, token))

        return self.transport.call(once, repeatable=repeatable, bucket=bucket)

    def _with_token(self, send: Callable[[str], T]) -> T:
        """Send with the current token, and once more with another one when it is refused."""
        if self._tokens is None:
            return send("")
        token = self._tokens.current()
        try:
            return send(token)
        except AuthFailed:
            renewed = self._tokens.renew(token)
            if renewed is None:
                raise
        self.transport.begin_call()
        return send(renewed)

    def _once(
        self, decode: Callable[[bytes], J], object: str | None, send: Callable[..., Any], token: str
    ) -> tuple[J, Any]:
        try:
            answer = send(
                _preload_content=False,
                _request_timeout=self.transport.timeouts.pair,
                _request_auth={"in": "header", "key": "Authorization", "value": f"Bearer {token}"},
                _headers={"Accept-Encoding": "gzip"},
            )
            decoded = decode(_bounded(answer))
        except Exception as error:
            if not is_foreign(error):
                raise
            # From None: the SDK's texts carry bodies and headers.
            raise translate(error, object) from None
        self._learn(answer.headers)
        return decoded, answer.headers

    def _learn(self, headers: Any) -> None:
        """Follow the limits that ordinary answers name; search answers name none, OAuth's no daily one."""
        left, per_day = headers.get(DAILY_LEFT), headers.get(DAILY)
        if left and per_day and left.isdigit() and per_day.isdigit():
            self.quota = Quota(left=int(left), per_day=int(per_day))
        limit = headers.get("X-HubSpot-RateLimit-Max")
        window_ms = headers.get("X-HubSpot-RateLimit-Interval-Milliseconds")
        if limit and window_ms and limit.isdigit() and window_ms.isdigit() and int(limit):
            self.transport.learn(CALLS, Rate(int(limit), int(window_ms) / 1000 + WINDOW_MARGIN_SECONDS))


def _bounded(answer: Any) -> bytes:
    """Read an answer, but not for ever.

    Raises:
        FatalError: it is too long.
    """
    data: bytes = answer.read(transport.MAX_ANSWER_BYTES + 1)
    if len(data) > transport.MAX_ANSWER_BYTES:
        answer.close()
        raise transport.too_long()
    answer.release_conn()
    return data
