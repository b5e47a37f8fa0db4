"""The error family: the class tells the caller what to do.

    CrmBridgeError
    ├── ConfigError        mend a file, a setting or the CRM's set-up; also a ValueError
    ├── RecordError        this record is skipped, the run goes on
    │   ├── MappingError   a value has no mapping
    │   ├── Refused        the CRM refused this record's write for good
    │   ├── NotFound       the record is gone
    │   ├── Moved          somebody changed it since we read it: planned again
    │   └── Ambiguous      unknown whether the write happened: settled by reading
    ├── TransientError     wait and try again
    │   ├── RateLimited    … after ``retry_after_seconds``
    │   ├── Unavailable    the CRM is down or busy
    │   ├── TimedOut       no answer in time
    │   └── Paused         somebody paused the company meanwhile; resumable
    └── FatalError         stop the run
        ├── AuthFailed     the token is wrong, expired or belongs to somebody else
        │   └── SignInLost … though it was good when the run began; resumable
        ├── Forbidden      a scope or permission is missing
        ├── QuotaExhausted the API budget or the CRM's daily quota is spent; resumable
        ├── LeaseLost      another run holds this company; resumable
        └── UnsafePlan     a guard refused the plan

Messages and attributes never hold personal data, tokens or response bodies: translators copy safe
attributes and raise ``from None``, because the embedding service's logger would print the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Where:
    """Where in which CRM an error happened; every part may be unknown (None)."""

    #: "hubspot" or "salesforce".
    crm: str | None = None
    #: The CRM's own object name: "contacts", "Lead".
    object: str | None = None
    #: The CRM's record id. Never an e-mail address.
    record_id: str | None = None
    #: HTTP status.
    status: int | None = None
    #: The CRM's own error code or category.
    code: str | None = None
    #: What to quote to the vendor's support.
    correlation_id: str | None = None

    def __str__(self) -> str:
        named = [self.crm, self.object, self.record_id, self.code]
        parts = [part for part in named if part]
        if self.status is not None:
            parts.append(f"HTTP {self.status}")
        if self.correlation_id:
            parts.append(f"correlation {self.correlation_id}")
        return " ".join(parts)


class CrmBridgeError(Exception):
    """Root of everything this package raises on purpose."""

    def __init__(self, message: str, where: Where | None = None) -> None:
        self.where = where or Where()
        place = str(self.where)
        super().__init__(f"{message} ({place})" if place else message)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a configuration, with its place and what to do."""

    #: File name, or the CRM whose set-up is wrong.
    file: str
    #: Dotted key path inside the file ("territory[2].pool"); "" for the whole file.
    key: str
    #: What is wrong, without any personal data.
    message: str
    #: What to do; "" when the message says it all.
    suggestion: str = ""
    #: "error" stops the run, "warning" does not.
    severity: str = "error"

    def __str__(self) -> str:
        place = f"{self.file}: {self.key}" if self.key else self.file
        advice = f" → {self.suggestion}" if self.suggestion else ""
        return f"{place}: {self.message}{advice}"


class ConfigError(CrmBridgeError, ValueError):
    """Report every problem of a configuration at once, each with file and key."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class RecordError(CrmBridgeError):
    """Skip this record and go on with the run."""


class MappingError(RecordError):
    """A value cannot be expressed through the company's mapping."""


class Refused(RecordError):
    """The CRM refused this record's write; repeating it unchanged will not help."""


class NotFound(RecordError):
    """The record does not exist (any more)."""


class Moved(RecordError):
    """The record changed since we read it; the next run plans it again."""


class Ambiguous(RecordError):
    """No telling whether the write happened; read the record, never send again blindly."""


class TransientError(CrmBridgeError):
    """Wait and try again."""


class RateLimited(TransientError):
    """Too many calls; wait ``retry_after_seconds`` (None: the server did not say)."""

    def __init__(
        self, message: str, where: Where | None = None, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message, where)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(TransientError):
    """The CRM is down, locked or busy; ``retry_after_seconds`` is None when it did not say how long."""

    def __init__(
        self, message: str, where: Where | None = None, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message, where)
        self.retry_after_seconds = retry_after_seconds


class TimedOut(TransientError):
    """No answer in time. After a write this does not say whether it happened."""


class Paused(TransientError):
    """Somebody paused the company while the run was writing; what was done is kept, resume and go on."""


class FatalError(CrmBridgeError):
    """Stop the run."""


class AuthFailed(FatalError):
    """The sign-in was refused, or the token belongs to another account."""


class SignInLost(AuthFailed):
    """The sign-in was good when the run began and is refused now; the run can be resumed."""


class Forbidden(FatalError):
    """A scope or permission is missing; the message names it."""


class QuotaExhausted(FatalError):
    """The budget of this run or the CRM's day is spent; the run can be resumed."""


class LeaseLost(FatalError):
    """Another run holds the lease of this company; try again when it has ended."""


@dataclass(frozen=True, slots=True)
class GuardFinding:
    """One guard that refused a plan, with its numbers."""

    #: Name of the guard, as in the process file: "changed_share", "empty_source" …
    guard: str
    #: What was measured, in the unit of ``limit``.
    value: float
    #: What the process file allows.
    limit: float
    #: One sentence with the counts behind the numbers.
    message: str


class UnsafePlan(FatalError):
    """A guard refused the plan before the first write."""

    def __init__(self, findings: Sequence[GuardFinding]) -> None:
        self.findings = tuple(findings)
        super().__init__("; ".join(finding.message for finding in self.findings))
