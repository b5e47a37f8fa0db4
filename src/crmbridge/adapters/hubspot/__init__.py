"""HubSpot through hubspot-api-client: one portal, seen through a company's mapping."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import Any, Final, TypeAlias

from crmbridge.adapters.hubspot import history as recorded
from crmbridge.adapters.hubspot import schema as described
from crmbridge.adapters.hubspot import write as written
from crmbridge.adapters.hubspot.attach import attach as attached
from crmbridge.adapters.hubspot.client import BASE_URL, RATES, Client
from crmbridge.adapters.hubspot.read import BATCH, Reader
from crmbridge.adapters.hubspot.values import same
from crmbridge.adapters.hubspot.walk import Walker
from crmbridge.adapters.hubspot.write import Writer
from crmbridge.adapters.retry import LocalLimiter, NotCarriedOut, RetryPolicy
from crmbridge.adapters.tokens import Grant, OAuthTokens, TokenSource, as_tokens
from crmbridge.adapters.transport import Timeouts, Transport
from crmbridge.errors import AuthFailed, RecordError, TransientError
from crmbridge.history import RecordHistory
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.model import CrmName, Outcome, Record, Value, Write
from crmbridge.outbox import Attachment
from crmbridge.ports import (
    BulkWay,
    CrmIdentity,
    KnownVersions,
    Limiter,
    NewField,
    Page,
    Quota,
    Rights,
    Schema,
)

__all__ = ["HubSpot", "OAuth"]

#: How far every search reaches back behind the newest change seen: the index lags up to a minute.
OVERLAP: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class OAuth:
    """A public app's sign-in. Access tokens live half an hour and are refreshed before they end."""

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)
    #: Called with the new refresh token whenever HubSpot hands out another one: store it, the old one
    #: may be dead.
    on_rotation: Callable[[str], None] | None = None


SignIn: TypeAlias = TokenSource | OAuth


class HubSpot:
    """One HubSpot portal. Implements ``ports.Crm``; thread-safe.

    Args:
        mapping: How the company names things; may be replaced by one that is fitted to the live schema.
        access_token: A private app's token, a callable that gives a fresh one, or ``OAuth``.
        base_url: None: HubSpot. Plain http is accepted for this machine only (the sandbox).
        limiter: Shared by all processes of the company; None: one of this object's own.
        policy: Bounds of retries; holds ``sleep``.
        before_call: Asked before every call; raises to prevent it (see ``transport.Budget``).
        overlap: How far every search reaches back.
        clock: Seconds that only grow: for the local limiter and the life of tokens.
        ca_file: Certificates of a TLS sandbox.
    """

    #: How a public app signs in: ``access_token=HubSpot.oauth(...)``.
    oauth = OAuth

    def __init__(
        self,
        mapping: CompanyMapping,
        *,
        access_token: SignIn,
        base_url: str | None = None,
        limiter: Limiter | None = None,
        policy: RetryPolicy | None = None,
        timeouts: Timeouts | None = None,
        before_call: Callable[[], None] | None = None,
        overlap: timedelta = OVERLAP,
        clock: Callable[[], float] = time.monotonic,
        ca_file: str | None = None,
    ) -> None:
        self.transport = Transport(
            "hubspot",
            rates=RATES,
            limiter=limiter or LocalLimiter(clock),
            policy=policy,
            timeouts=timeouts,
            before_call=before_call,
        )
        url = base_url or BASE_URL
        if isinstance(access_token, OAuth):
            signing = Client(self.transport, None, url, ca_file)
            tokens: Any = OAuthTokens(_Refresh(signing, access_token), clock=clock)
        else:
            tokens = as_tokens(access_token)
        self._client = Client(self.transport, tokens, url, ca_file)
        self._walker = Walker(self._client, overlap)
        self._identity: CrmIdentity | None = None
        self.mapping = mapping

    @property
    def name(self) -> CrmName:
        return "hubspot"

    @property
    def mapping(self) -> CompanyMapping:
        """The mapping in use; set it to go on with another one."""
        return self._mapping

    @mapping.setter
    def mapping(self, mapping: CompanyMapping) -> None:
        self._company_mapping = mapping
        self._use(mapping)

    @property
    def calls(self) -> int:
        return self.transport.calls

    def quota(self) -> Quota | None:
        return self._client.quota

    def meter(self, before_call: Callable[[], None] | None) -> None:
        self.transport.meter = before_call

    def identity(self) -> CrmIdentity:
        if self._identity is None:
            self._identity = described.identity(self._client)
        return self._identity

    def rights(self) -> Rights:
        return described.rights(self._client, self._company_mapping)

    def schema(self) -> Schema:
        return described.schema(self._client, self.mapping)

    def fit(self, schema: Schema) -> None:
        # From the company's own mapping: a field that was missing before may exist by now.
        self._use(self._company_mapping.offered({self.name: schema}))

    def changes(
        self, watermarks: Mapping[str, str], known: KnownVersions, *, full: bool = False
    ) -> Iterator[Page]:
        return self._reader.changes(watermarks, known, full=full)

    def read(self, object: str, ids: Sequence[str]) -> Mapping[str, Record]:
        return self._reader.read(object, ids)

    def read_external(self, object: str, lead_ids: Sequence[str]) -> Mapping[str, Record]:
        return self._reader.read_external(object, lead_ids)

    def read_limit(self, object: str) -> int:  # noqa: ARG002  the same for every object
        return BATCH

    def history(
        self, object: str, ids: Sequence[str], fields: Collection[str]
    ) -> Iterator[Sequence[RecordHistory]]:
        """Read the past; HubSpot records every property, so that nothing has to be asked beforehand."""
        return recorded.histories(self._client, self.mapping, object, ids, fields)

    def history_limit(self, object: str) -> int:  # noqa: ARG002  the same for every object
        return recorded.BATCH

    def history_objects(self) -> Sequence[str]:
        return (*(found.object for found in self.mapping.objects(self.name)), "deals")

    def write_limit(self, object: str, *, create: bool, conditional: bool) -> int:  # noqa: ARG002  … and every write
        return written.BATCH

    def write(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        return self._writer.write(writes)

    def bulk(self, object: str) -> BulkWay | None:  # noqa: ARG002  there is none
        return None

    def verify_fields(self, object: str) -> frozenset[str]:
        """Name the lifecycle stage: HubSpot answers a move backwards with success and ignores it."""
        object_map = self.mapping.object("hubspot", object)
        has_stage = object_map is not None and object_map.field("stage") is not None
        return frozenset({"stage"}) if has_stage else frozenset()

    def same(self, object: str, field: str, left: Value, right: Value) -> bool:
        object_map = self.mapping.object("hubspot", object)
        found = object_map.field(field) if object_map else None
        return same(found.kind if found else None, left, right)

    def create_fields(self, fields: Sequence[NewField]) -> Sequence[Outcome]:
        return described.create_fields(self._client, fields)

    def attach(self, notes: Sequence[Attachment]) -> Sequence[Outcome]:
        return attached(self._client, notes)

    def _use(self, mapping: CompanyMapping) -> None:
        self._mapping = mapping
        self._reader = Reader(self._client, mapping, self._walker)
        self._writer = Writer(self._client, mapping, self._reader)


class _Refresh:
    """Fetches access tokens; remembers the refresh token that is in force."""

    def __init__(self, client: Client, sign_in: OAuth) -> None:
        self._client = client
        self._sign_in = sign_in
        self._refresh_token = sign_in.refresh_token
        self._lock = Lock()

    def __call__(self) -> Grant:
        """Refresh.

        Raises:
            AuthFailed: the app or its refresh token is not accepted: somebody must connect it again.
            NotCarriedOut: try again later; the call that needed the token was not sent.
        """
        with self._lock:
            try:
                answer = self._client.refresh(
                    self._sign_in.client_id, self._sign_in.client_secret, self._refresh_token
                )
            except RecordError as error:
                raise AuthFailed("the refresh token or the app is not accepted", error.where) from None
            except TransientError as error:
                raise NotCarriedOut("no token to be had", error.where) from None
            self._keep(answer.get("refresh_token"))
        lifetime = answer.get("expires_in")
        return Grant(str(answer["access_token"]), float(lifetime) if lifetime is not None else None)

    def _keep(self, refresh_token: Any) -> None:
        if not refresh_token or refresh_token == self._refresh_token:
            return
        self._refresh_token = str(refresh_token)
        if self._sign_in.on_rotation is not None:
            self._sign_in.on_rotation(self._refresh_token)
