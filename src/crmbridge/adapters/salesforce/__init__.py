"""Salesforce behind ``ports.Crm``, through simple-salesforce."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from crmbridge.adapters.retry import RetryPolicy
from crmbridge.adapters.salesforce import bulk as bulk_job
from crmbridge.adapters.salesforce import history as recorded
from crmbridge.adapters.salesforce.attach import attach as attached
from crmbridge.adapters.salesforce.auth import read_key, sign_in
from crmbridge.adapters.salesforce.client import Client
from crmbridge.adapters.salesforce.history import Past
from crmbridge.adapters.salesforce.provision import create_fields, permission_set
from crmbridge.adapters.salesforce.read import Reader
from crmbridge.adapters.salesforce.schema import Org
from crmbridge.adapters.salesforce.tables import CONDITIONAL_LIMIT, CRM, READ_LIMIT, VERIFIED, WRITE_LIMIT
from crmbridge.adapters.salesforce.write import Writer, same, scale_of
from crmbridge.adapters.tokens import TokenSource
from crmbridge.adapters.transport import Timeouts, Transport, session
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

__all__ = ["Salesforce", "permission_set"]

#: Transactions hold rows back from readers while they are open; two minutes is a long one.
OVERLAP: Final = timedelta(minutes=2)


class Salesforce:
    """One Salesforce org. Thread-safe.

    Args:
        mapping: How the company names things there.
        instance_url: The org's own address (``https://acme.my.salesforce.com``).
        session_id: An access token, or what gives one; with it no other way to sign in is used.
        client_id: External client app; with ``username`` and a private key it signs in by JWT bearer, …
        client_secret: … with this one by client credentials.
        username: Who the app signs in as.
        private_key_file: RSA key in PEM format, as a file, or …
        private_key: … as text.
        login_url: Where tokens come from, when not from the instance itself.
        limiter: Shares waits among all processes of a company.
        policy: Bounds of retries.
        timeouts: For every request.
        before_call: Asked before every call; raises to prevent it (a budget).
        ca_file: Certificates to trust instead of the usual ones, for a TLS sandbox.
        overlap: How far every run reaches back: the longest time a transaction is expected to stay open.

    Raises:
        ConfigError: there is no way to sign in, or the key cannot be read.
    """

    def __init__(
        self,
        mapping: CompanyMapping,
        *,
        instance_url: str,
        session_id: TokenSource | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        username: str | None = None,
        private_key_file: str | Path | None = None,
        private_key: str | None = None,
        login_url: str | None = None,
        api_version: str = "62.0",
        limiter: Limiter | None = None,
        policy: RetryPolicy | None = None,
        timeouts: Timeouts | None = None,
        before_call: Callable[[], None] | None = None,
        ca_file: str | None = None,
        overlap: timedelta = OVERLAP,
    ) -> None:
        self.transport = Transport(
            "salesforce", limiter=limiter, policy=policy, timeouts=timeouts, before_call=before_call
        )
        verify = ca_file or True
        tokens = sign_in(
            session_id,
            instance_url=instance_url,
            client_id=client_id,
            client_secret=client_secret,
            username=username,
            private_key=private_key or read_key(private_key_file),
            login_url=login_url,
            transport=self.transport,
            verify=verify,
        )
        connection = session(tokens, transport=self.transport, instance_url=instance_url, verify=verify)
        self._client = client = Client(
            self.transport, connection, instance_url=instance_url, api_version=api_version
        )
        self._org = Org(client, mapping)
        self._reader = Reader(self._org, overlap)
        self._writer = Writer(self._org)
        self._past = Past(self._org)

    @property
    def name(self) -> CrmName:
        return CRM

    @property
    def mapping(self) -> CompanyMapping:
        """The mapping in use; set it to go on with another one."""
        return self._org.mapping

    @mapping.setter
    def mapping(self, mapping: CompanyMapping) -> None:
        self._org.use(mapping)

    @property
    def calls(self) -> int:
        return self.transport.calls

    def quota(self) -> Quota | None:
        usage = self._client.usage
        return None if usage is None else Quota(left=max(0, usage[1] - usage[0]), per_day=usage[1])

    def meter(self, before_call: Callable[[], None] | None) -> None:
        self.transport.meter = before_call

    def identity(self) -> CrmIdentity:
        """Say which org the token belongs to. The same call describes the org: it is paid once."""
        return self._org.metadata.identity

    def rights(self) -> Rights:
        return replace(self._org.rights(), deployable=permission_set(self.mapping))

    def schema(self) -> Schema:
        return self._org.refresh().schema

    def fit(self, schema: Schema) -> None:
        """Do nothing: the org is described along with ``identity``, and the mapping fitted to that."""

    def changes(
        self, watermarks: Mapping[str, str], known: KnownVersions, *, full: bool = False
    ) -> Iterator[Page]:
        """Yield what changed; without changes two calls, one more on the first use (see ``identity``)."""
        return self._reader.changes(watermarks, known, full=full)

    def read(self, object: str, ids: Sequence[str]) -> Mapping[str, Record]:
        """Read records as they are now; merged ones cost two calls more per batch."""
        return self._reader.read(object, ids)

    def read_external(self, object: str, lead_ids: Sequence[str]) -> Mapping[str, Record]:
        return self._reader.read_external(object, lead_ids)

    def read_limit(self, object: str) -> int:  # noqa: ARG002  the same for every object
        return READ_LIMIT

    def history(
        self, object: str, ids: Sequence[str], fields: Collection[str]
    ) -> Iterator[Sequence[RecordHistory]]:
        """Read the past; one call more the first time, which tells what the org tracks and since when."""
        return self._past.histories(object, ids, fields)

    def history_limit(self, object: str) -> int:  # noqa: ARG002  the same for every object
        return recorded.BATCH

    def history_objects(self) -> Sequence[str]:
        return (*(found.object for found in self.mapping.objects(self.name)), "Opportunity")

    def write_limit(self, object: str, *, create: bool, conditional: bool) -> int:  # noqa: ARG002  as above
        return CONDITIONAL_LIMIT if conditional and not create else WRITE_LIMIT

    def write(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        return self._writer.write(writes)

    def bulk(self, object: str) -> BulkWay | None:  # noqa: ARG002  as above
        return BulkWay(
            least=bulk_job.LEAST, most=bulk_job.MOST, calls=bulk_job.CALLS, write=self._writer.write_bulk
        )

    def verify_fields(self, object: str) -> frozenset[str]:  # noqa: ARG002  as above
        return VERIFIED

    def same(self, object: str, field: str, left: Value, right: Value) -> bool:
        found = self.mapping.object(self.name, object)
        mapped = found.field(field) if found is not None else None
        if mapped is None:
            return left == right
        known = self._org.known
        scale = scale_of(mapped.name, known.scales if known else {}, object)
        return same(mapped.kind, left, right, scale)

    def create_fields(self, fields: Sequence[NewField]) -> Sequence[Outcome]:
        outcomes = create_fields(self._org.client, fields)
        self._org.forget()
        return outcomes

    def attach(self, notes: Sequence[Attachment]) -> Sequence[Outcome]:
        return attached(self._org.client, notes)
