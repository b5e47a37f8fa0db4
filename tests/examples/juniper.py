"""Accounts as the invented company Juniper has them: custom stages, properties and picklists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests

from crmbridge.company import connect
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.model import OutcomeState
from crmbridge.ports import FieldOption, NewField
from crmbridge.sandbox import Sandbox
from crmbridge.settings import Settings

_LIFECYCLE = {
    "subscriber": "Subscriber",
    "39101": "Known",
    "39102": "Marketing qualified",
    "39103": "Need confirmed",
    "opportunity": "Opportunity",
    "customer": "Customer",
}
_FUNNEL = (
    "Raw", "Known", "Marketing qualified", "Accepted by sales", "Need confirmed", "In an opportunity",
    "Customer", "Returned to marketing", "Out",
)  # fmt: skip
_REASONS = ("Not now", "Never answered", "Not a lead")
_USERS = """\
Username,Email,FirstName,LastName,Alias,IsActive,TimeZoneSidKey,LocaleSidKey,LanguageLocaleKey,EmailEncodingKey
max@example.com.crm,max@example.com,Max,Moser,max,true,Europe/Vienna,en_US,en_US,UTF-8
ivy@example.com.crm,ivy@example.com,Ivy,Huber,ivy,true,Europe/Vienna,en_US,en_US,UTF-8
"""
_OWNERS = "email,firstName,lastName\nmax@example.com,Max,Moser\nivy@example.com,Ivy,Huber\n"
_CONTACTS = """\
email,lastname,company,jobtitle,country,lifecyclestage
lena@example.com,Lang,Larch,Head of IT,Austria,39101
otto@example.com,Ott,Oak,Clerk,Austria,subscriber
"""
_LEADS = """\
Email,LastName,Company,Title,Country,Funnel_Stage__c
lena@example.com,Lang,Larch,Head of IT,Austria,Raw
"""


def field(object: str, name: str, kind: str, *options: str) -> NewField:
    return NewField(
        object=object,
        name=name,
        label=name,
        kind=kind,
        description="",
        options=tuple(FieldOption(value=value, label=value) for value in options),
    )


def furnish(sandbox: Sandbox) -> None:
    """Make what Juniper has made over the years, its two reps and two people."""
    sandbox.act("hubspot", "set_stages", object="contacts", stages=_LIFECYCLE)
    crms = connect(Settings.parse(sandbox.settings()), CompanyMapping.default())
    made = {
        "hubspot": [
            field("contacts", "sales_accepted", "boolean"),
            field("contacts", "sales_accepted_at", "datetime"),
        ],
        "salesforce": [
            field(kind, name, "enumeration", *options)
            for kind in ("Lead", "Contact")
            for name, options in (("Funnel_Stage__c", _FUNNEL), ("Return_Reason__c", _REASONS))
        ],
    }
    for crm, fields in made.items():
        assert {outcome.state for outcome in crms[crm].create_fields(fields)} == {OutcomeState.WRITTEN}
    sandbox.load("hubspot.owners", _OWNERS)
    sandbox.load("salesforce.User", _USERS)
    assert sandbox.load("hubspot.contacts", _CONTACTS).skipped == ()
    assert sandbox.load("salesforce.Lead", _LEADS).skipped == ()


def lead(sandbox: Sandbox, *names: str) -> dict[str, Any]:
    """Read the only Lead."""
    found: dict[str, Any] = _salesforce(sandbox, "GET", f"query?q=SELECT+Id,{','.join(names)}+FROM+Lead")
    (row,) = found["records"]
    return {name: row[name] for name in ("Id", *names)}


def edit_lead(sandbox: Sandbox, **values: str) -> None:
    """Edit the only Lead as a rep does, a while later."""
    sandbox.advance(3600)
    _salesforce(sandbox, "PATCH", f"sobjects/Lead/{lead(sandbox, 'Status')['Id']}", values)
    sandbox.advance(3600)


def contact(sandbox: Sandbox, email: str, *names: str) -> Mapping[str, str | None]:
    """Read properties of a contact."""
    ready = sandbox.ready["hubspot"]
    url = f"{ready['base_url']}/crm/v3/objects/contacts/{email}"
    answer = requests.get(
        url,
        params={"idProperty": "email", "properties": ",".join(names)},
        headers={"Authorization": f"Bearer {ready['access_token']}"},
        timeout=5,
    )
    properties = answer.json()["properties"]
    return {name: properties.get(name) for name in names}


def _salesforce(sandbox: Sandbox, method: str, path: str, body: Any = None) -> Any:
    ready = sandbox.ready["salesforce"]
    answer = requests.request(
        method,
        f"{ready['instance_url']}/services/data/v{ready['api_version']}/{path}",
        json=body,
        headers={"Authorization": f"Bearer {ready['session_id']}"},
        timeout=5,
    )
    assert answer.ok, answer.text
    return answer.json() if answer.content else None
