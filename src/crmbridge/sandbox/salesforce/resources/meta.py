"""What the org tells about itself: versions, resources, objects, limits, identity."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from crmbridge.sandbox.salesforce.describe import basic, describe, describe_global, record_type
from crmbridge.sandbox.salesforce.failures import not_found
from crmbridge.sandbox.salesforce.org import Org
from crmbridge.sandbox.salesforce.resources.records import wire_record
from crmbridge.sandbox.salesforce.schema import SObject
from crmbridge.sandbox.salesforce.wire import Call, Reply, http_date_of_ms, precondition

FIRST_VERSION = 31
LAST_VERSION = 68
#: Version 31 was Summer '14; three releases a year.
_SEASONS = ("Summer", "Winter", "Spring")
_RESOURCES = (
    "tooling", "query", "queryAll", "search", "parameterizedSearch", "limits", "sobjects", "composite",
    "jobs",
)  # fmt: skip

#: What an identity document points to (identity URLs, checked 2026-11-21); not all of it is served here.
_IDENTITY_PATHS = {
    "rest": "/", "sobjects": "/sobjects/", "search": "/search/", "query": "/query/", "recent": "/recent/",
    "tooling_rest": "/tooling/",
}  # fmt: skip


def versions() -> list[dict[str, str]]:
    """Give the API versions, oldest first."""
    return [_version(number) for number in range(FIRST_VERSION, LAST_VERSION + 1)]


def _version(number: int) -> dict[str, str]:
    step = number - FIRST_VERSION
    year = 14 + (step + 2) // 3 if step % 3 else 14 + step // 3
    label = f"{_SEASONS[step % 3]} '{year:02d}"
    return {"label": label, "url": f"/services/data/v{number}.0", "version": f"{number}.0"}


def resources(org: Org, call: Call) -> Reply:
    """GET the root of a version."""
    base = call.caller.base
    identity = f"{call.caller.origin}/id/{org.seeds.org_id}/{call.caller.user_id}"
    return Reply(body={name: f"{base}/{name}" for name in _RESOURCES} | {"identity": identity})


def objects(org: Org, call: Call) -> Reply:
    """GET sobjects."""
    return _stamped(org, call, lambda: describe_global(org.seen, call.caller.base))


def object_describe(org: Org, call: Call) -> Reply:
    """GET sobjects/{object}/describe."""
    item = org.object(call.path[1])
    return _stamped(org, call, lambda: _described(org, call, item))


def _described(org: Org, call: Call, item: SObject) -> dict[str, Any]:
    base = call.caller.base
    rows = org.store.rows(org.store.named("RecordType"), "SobjectType = ?", (item.name,))
    first = next((row["Id"] for row in rows if row["IsActive"]), "")
    types = [record_type(item, base, row, default=row["Id"] == first) for row in rows]
    return describe(org.seen, item, base, call.caller.origin, types)


def object_basic(org: Org, call: Call) -> Reply:
    """GET sobjects/{object}."""
    item = org.object(call.path[1])
    rows = org.store.newest(item, 5)
    recent = [
        wire_record(item, row, call.caller.base, ["Id", "Name"] if item.has("Name") else ["Id"])
        for row in rows
    ]
    return Reply(body={"objectDescribe": basic(item, call.caller.base), "recentItems": recent})


def _stamped(org: Org, call: Call, body: Any) -> Reply:
    stamp = org.schema.described_ms
    headers = {"ETag": f'"{stamp // 1000 & 0xFFFFFFFF:08x}"', "Last-Modified": http_date_of_ms(stamp)}
    refused = precondition(call, datetime.fromtimestamp(stamp // 1000, UTC), strict=False)
    if refused is not None or call.header("if-none-match") == headers["ETag"]:
        return Reply(status=refused.status if refused is not None else 304, headers=headers)
    return Reply(body=body(), headers=headers)


def limits(org: Org, _call: Call) -> Reply:
    """GET limits."""
    options = org.world.options.salesforce
    storage = {"Max": 5, "Remaining": 5}
    body = {
        "DailyApiRequests": org.calls.limit(options.daily_api_requests),
        "DailyBulkApiBatches": org.bulk.batches.limit(options.daily_bulk_batches),
        "DailyBulkV2QueryJobs": org.bulk.query_jobs.limit(options.daily_query_jobs),
        "DailyBulkV2QueryFileStorageMB": {"Max": 976_562, "Remaining": 976_562},
        "DataStorageMB": storage,
        "FileStorageMB": {"Max": 20, "Remaining": 20},
        "PermissionSets": {"Max": 1500, "Remaining": 1499, "CreateCustom": {"Max": 1000, "Remaining": 999}},
    }
    return Reply(body=body)


def record_count(org: Org, call: Call) -> Reply:
    """GET limits/recordCount: objects without records are left out."""
    wanted = call.arg("sObjects")
    names = wanted.split(",") if wanted else list(org.seen.objects)
    found = [item for name in names if (item := org.seen.get(name.strip())) is not None]
    counts = [{"count": org.store.count(item), "name": item.name} for item in found]
    return Reply(body={"sObjects": [entry for entry in counts if entry["count"]]})


def identity(org: Org, origin: str, user_id: str) -> dict[str, Any]:
    """Give the identity document of a user.

    Raises:
        ApiError: NOT_FOUND.
    """
    user = org.store.get(org.store.named("User"), user_id)
    if user is None:
        raise not_found()
    base = f"{origin}/services/data/v{{version}}"
    return {
        "id": f"{origin}/id/{org.seeds.org_id}/{user_id}",
        "asserted_user": True,
        "user_id": user_id,
        "organization_id": org.seeds.org_id,
        "username": user["Username"],
        "nick_name": user["CommunityNickname"],
        "display_name": user["Name"],
        "email": user["Email"],
        "email_verified": True,
        "first_name": user["FirstName"],
        "last_name": user["LastName"],
        "timezone": user["TimeZoneSidKey"],
        "active": bool(user["IsActive"]),
        "user_type": "STANDARD",
        "language": user["LanguageLocaleKey"],
        "locale": user["LocaleSidKey"],
        "utcOffset": 0,
        "last_modified_date": user["LastModifiedDate"],
        "addr_street": user["Street"],
        "addr_city": user["City"],
        "addr_state": user["State"],
        "addr_country": user["Country"],
        "addr_zip": user["PostalCode"],
        "mobile_phone": user["MobilePhone"],
        "mobile_phone_verified": False,
        "is_lightning_login_user": False,
        "is_app_installed": True,
        "status": {"created_date": None, "body": None},
        "urls": {name: f"{base}{path}" for name, path in _IDENTITY_PATHS.items()} | {"custom_domain": origin},
    }


def userinfo(org: Org, origin: str, user_id: str) -> dict[str, Any]:
    """Give the OpenID document of a user."""
    known = identity(org, origin, user_id)
    return {
        "sub": known["id"],
        "user_id": user_id,
        "organization_id": org.seeds.org_id,
        "preferred_username": known["username"],
        "nickname": known["nick_name"],
        "name": known["display_name"],
        "email": known["email"],
        "email_verified": True,
        "given_name": known["first_name"],
        "family_name": known["last_name"],
        "zoneinfo": known["timezone"],
        "active": known["active"],
        "user_type": known["user_type"],
        "language": known["language"],
        "locale": known["locale"],
        "updated_at": known["last_modified_date"],
        "urls": known["urls"],
    }
