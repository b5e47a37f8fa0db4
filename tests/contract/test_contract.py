"""The adapter contract suite over the fake and over both adapters with the sandbox behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from crmbridge.adapters.hubspot import HubSpot
from crmbridge.adapters.salesforce import Salesforce
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.model import Value, Write
from crmbridge.ports import Crm
from crmbridge.provision import needed
from crmbridge.sandbox import Sandbox
from crmbridge.testing import ContractAccount, CrmContract, FakeCrm

MORNING = datetime(2026, 11, 21, 8, tzinfo=UTC)


class TestFakeCrm(CrmContract):
    """The fake keeps the promises that it stands in for."""

    @contextmanager
    def account(self) -> Iterator[ContractAccount]:
        crm = FakeCrm("salesforce")
        count = iter(range(1000))

        def edit(record_id: str | None, values: Mapping[str, Value]) -> str:
            return crm.edit("Lead", record_id or f"p{next(count)}", **values).id

        yield ContractAccount(
            crm=crm,
            object="Lead",
            edit=edit,
            delete=lambda record_id: crm.remove("Lead", record_id),
            wait=lambda: None,
            compare_and_set=True,
            refused=("company", "refuse me"),
        )


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=MORNING) as running:
        yield running


@pytest.mark.usefixtures("_served")
class _OnTheSandbox(CrmContract):
    """Edits go through the adapter itself, as another tool's would."""

    object: str
    refused: tuple[str, Value]
    compare_and_set: bool
    sandbox: Sandbox

    @pytest.fixture
    def _served(self, sandbox: Sandbox) -> None:
        sandbox.reset()
        type(self).sandbox = sandbox

    def connect(self, mapping: CompanyMapping) -> Crm:
        raise NotImplementedError

    def remove(self, record_id: str) -> None:
        raise NotImplementedError

    @contextmanager
    def account(self) -> Iterator[ContractAccount]:
        mapping = CompanyMapping.default()
        crm, hands = self.connect(mapping), self.connect(mapping)
        crm.create_fields(needed(mapping, {crm.name: crm.schema()}))
        made = iter(range(1000))

        def edit(record_id: str | None, values: Mapping[str, Value]) -> str:
            lead_id = f"L{next(made):020x}"
            more = {"lead_id": lead_id} if record_id is None else {}
            write = Write(
                lead_id=lead_id, crm=crm.name, object=self.object, id=record_id, values={**values, **more}
            )
            return str(hands.write([write])[0].id)

        yield ContractAccount(
            crm=crm,
            object=self.object,
            edit=edit,
            delete=self.remove,
            wait=lambda: self.sandbox.advance(600),
            compare_and_set=self.compare_and_set,
            refused=self.refused,
        )


class TestHubSpot(_OnTheSandbox):
    """HubSpot contacts."""

    object = "contacts"
    refused = ("email", "no address")
    compare_and_set = False

    def connect(self, mapping: CompanyMapping) -> Crm:
        ready = self.sandbox.ready["hubspot"]
        return HubSpot(mapping, access_token=ready["access_token"], base_url=ready["base_url"])

    def remove(self, record_id: str) -> None:
        _call(self.sandbox, "hubspot", "DELETE", f"/crm/v3/objects/contacts/{record_id}")


class TestSalesforce(_OnTheSandbox):
    """Salesforce Leads."""

    object = "Lead"
    refused = ("email", "no address")
    compare_and_set = True

    def connect(self, mapping: CompanyMapping) -> Crm:
        ready = self.sandbox.ready["salesforce"]
        return Salesforce(mapping, instance_url=ready["instance_url"], session_id=ready["session_id"])

    def remove(self, record_id: str) -> None:
        _call(self.sandbox, "salesforce", "DELETE", f"/services/data/v62.0/sobjects/Lead/{record_id}")


def _call(sandbox: Sandbox, crm: str, method: str, path: str) -> None:
    import requests  # noqa: PLC0415 - the hands of somebody else, not ours

    ready: dict[str, Any] = sandbox.ready[crm]
    url = ready.get("base_url") or ready["instance_url"]
    token = ready.get("access_token") or ready["session_id"]
    requests.request(
        method, f"{url}{path}", headers={"Authorization": f"Bearer {token}"}, timeout=10
    ).raise_for_status()
