"""A small client for the emulated org: builds requests, decodes answers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from crmbridge.sandbox.http import Request
from crmbridge.sandbox.salesforce import SalesforceApp
from crmbridge.sandbox.world import World

NOW = datetime(2026, 11, 21, 8, 0, 0, tzinfo=UTC)
BASE = "/services/data/v62.0"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, decoded body and headers of an answer."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def code(self) -> str:
        """Error code of the first entry of an error body."""
        return str(self.body[0]["errorCode"])


class Client:
    """Call one app directly, as the user of the ready line unless another token is set."""

    def __init__(self) -> None:
        self.world = World(clock=NOW)
        self.app = SalesforceApp(self.world)
        self.token = self.app.org.auth.first_token
        self.options = self.world.options.salesforce

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a request; ``path`` is relative to the version unless it begins with "/"."""
        target, _, query = (path if path.startswith("/") else f"{BASE}/{path}").partition("?")
        sent = {"host": "sf.example:1", "authorization": f"Bearer {self.token}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        request = Request(
            method=method,
            path=unquote(target).rstrip("/") or "/",
            raw_path=target,
            query=tuple(parse_qsl(query, keep_blank_values=True)),
            headers=sent,
            body=body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode(),
        )
        response = self.app.handle(request)
        kind = response.headers.get("Content-Type", "")
        decoded = json.loads(response.body) if response.body and "json" in kind else response.body or None
        return Answer(response.status, decoded, response.headers)

    def get(self, path: str, **headers: str) -> Answer:
        """GET."""
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        """POST."""
        return self.call("POST", path, body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> Answer:
        """PATCH."""
        return self.call("PATCH", path, body, **headers)

    def delete(self, path: str) -> Answer:
        """DELETE."""
        return self.call("DELETE", path)

    def put(self, path: str, body: bytes, **headers: str) -> Answer:
        """PUT."""
        return self.call("PUT", path, body, **headers)

    def ingest(self, operation: str, data: str, object_: str = "Lead", **more: str) -> str:
        """Create an ingest job, upload its data, close it, and give its id."""
        made = self.post("jobs/ingest", {"operation": operation, "object": object_, **more})
        assert made.status == 200, made.body
        job = str(made.body["id"])
        assert self.put(f"jobs/ingest/{job}/batches", data.encode(), content_type="text/csv").status == 201
        assert self.patch(f"jobs/ingest/{job}", {"state": "UploadComplete"}).status == 200
        return job

    def finished(self, job: str, kind: str = "ingest") -> dict[str, Any]:
        """Poll a job until it ends and give its last info."""
        for _ in range(20):
            shown = dict(self.get(f"jobs/{kind}/{job}").body)
            if shown["state"] in ("JobComplete", "Failed", "Aborted"):
                return shown
        raise AssertionError("the job does not end")

    def table(self, path: str) -> list[dict[str, str]]:
        """Give a result file as rows."""
        answer = self.get(path)
        assert answer.status == 200, answer.body
        text = (answer.body or b"").decode()
        return list(csv.DictReader(io.StringIO(text, newline="")))

    def soql(self, statement: str, resource: str = "query", **headers: str) -> Answer:
        """Run a query and give the raw answer."""
        return self.get(f"{resource}?q={quote(statement)}", **headers)

    def records(self, statement: str, resource: str = "query") -> list[dict[str, Any]]:
        """Run a query that must succeed and give its first page's records without ``attributes``."""
        answer = self.soql(statement, resource)
        assert answer.status == 200, answer.body
        return [{k: v for k, v in row.items() if k != "attributes"} for row in answer.body["records"]]

    def create(self, object_: str, **fields: Any) -> str:
        """Create a record that must be accepted and give its id."""
        answer = self.post(f"sobjects/{object_}", fields)
        assert answer.status == 201, answer.body
        return str(answer.body["id"])

    def lead(self, **fields: Any) -> str:
        """Create a lead."""
        return self.create("Lead", **{"LastName": "Doe", "Company": "Acme", **fields})

    def user(self, name: str, **fields: Any) -> str:
        """Create a user."""
        usual = {"Username": f"{name}@org.example", "Email": f"{name}@org.example", "LastName": name.title()}
        return self.create("User", **{**usual, "Alias": name[:8], "IsActive": True, **fields})

    def queue(self, name: str, *objects: str) -> str:
        """Create a queue that serves some objects."""
        queue_id = self.create("Group", Name=name, Type="Queue")
        for object_ in objects:
            self.create("QueueSobject", QueueId=queue_id, SobjectType=object_)
        return queue_id

    def custom(self, name: str, **metadata: Any) -> None:
        """Create a custom field such as "Lead.Score__c"."""
        answer = self.post("tooling/sobjects/CustomField", {"FullName": name, "Metadata": metadata})
        assert answer.status == 201, answer.body
