"""What the sandbox asks of each emulated CRM, beside answering requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from crmbridge.sandbox.http import Request, Response


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedRow:
    """A row that was not loaded."""

    #: Line of the file, the header being line 1.
    line: int
    #: Why, without the row's values.
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """What became of the rows of one file."""

    #: Record ids in the order of the rows, "" for a skipped row.
    ids: tuple[str, ...] = ()
    skipped: tuple[SkippedRow, ...] = ()
    #: Custom fields that were created because the file has them.
    created_fields: tuple[str, ...] = ()

    @property
    def loaded_count(self) -> int:
        """Number of rows that became records."""
        return sum(1 for record_id in self.ids if record_id)


class CrmApp(Protocol):
    """One emulated CRM. All methods run on the sandbox's one thread."""

    def handle(self, request: Request) -> Response:
        """Answer a request. Never raises: what goes wrong is an answer of the emulated service."""

    def ready(self, origin: str, folder: Path) -> dict[str, str]:
        """Give this CRM's part of the ready line.

        Args:
            origin: Scheme, host and port, without a slash at the end.
            folder: A private folder for files (keys) that clients need; removed when the sandbox stops.
        """

    def load_csv(
        self,
        object: str,
        header: Sequence[str],
        rows: Iterable[tuple[int, Sequence[str]]],
        create_fields: bool,
    ) -> LoadResult:
        """Load rows as records, in one transaction; validated, but past rate limits and the audit log.

        System fields that a client could not write (ids, created and modified stamps, owner) are taken
        as given, so that a file can describe a past; empty cells are "no value".

        Args:
            object: API name of the object: "contacts", "Lead".
            header: API names of the columns, none empty, none twice.
            rows: Line number and cells of each row, as many cells as the header has.
            create_fields: Make unknown names custom text fields (Salesforce: ``__c`` is kept if given and
                added if not) instead of refusing the file.

        Raises:
            ConfigError: The object or column names are unknown; all of them at once; nothing was loaded.
        """

    def state(self) -> dict[str, Any]:
        """Give counts by object and the switches, as JSON values."""

    def reset(self) -> None:
        """Forget all records, custom fields, tokens and counters; switches stay."""

    def act(self, action: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Do what a person or a job does inside the CRM and no API call does: edit, convert, restore …

        Raises:
            ConfigError: The action is unknown or its arguments do not fit; nothing was done.
        """
