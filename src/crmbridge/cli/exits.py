"""Exit codes, and errors as people read them: one message, what to do, no traceback."""

from __future__ import annotations

from crmbridge.errors import (
    AuthFailed,
    ConfigError,
    CrmBridgeError,
    Forbidden,
    LeaseLost,
    QuotaExhausted,
    SignInLost,
    TransientError,
    UnsafePlan,
)

DONE = 0
FAILED = 1
USAGE = 2
REFUSED = 3
STOPPED = 4

#: The first class that fits decides; order matters where one is a special case of another.
_CODES: tuple[tuple[type[CrmBridgeError], int], ...] = (
    (ConfigError, USAGE),
    (SignInLost, STOPPED),
    (AuthFailed, USAGE),
    (Forbidden, USAGE),
    (UnsafePlan, REFUSED),
    (QuotaExhausted, STOPPED),
    (LeaseLost, STOPPED),
    (TransientError, STOPPED),
)

#: How a message begins: what became of the command, not the name of a class.
WORDS: dict[int, str] = {FAILED: "failed", USAGE: "error", REFUSED: "refused", STOPPED: "stopped"}

#: Guards over a plan that may be overridden one by one; the others protect from acting on an old plan.
GUARDS = ("empty_source", "changed_share", "overwrites", "handoffs", "calls")


def code_for(error: CrmBridgeError) -> int:
    """Give the exit code that interfaces promise for an error."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), FAILED)


def family_name(error: CrmBridgeError) -> str:
    """Name the class that docs/errors.md explains: adapters have finer ones of their own."""
    family = (kind for kind in type(error).__mro__ if kind.__module__ == CrmBridgeError.__module__)
    return next(family).__name__


def advice_for(error: CrmBridgeError) -> str:
    """Say what to do next, once under the message; "" when the message says it."""
    if isinstance(error, UnsafePlan):
        names = dict.fromkeys(finding.guard for finding in error.findings if finding.guard in GUARDS)
        options = " ".join(f"--allow {name}" for name in names)
        return "Nothing was written." + (f" If you are sure: {options}" if options else "")
    if code_for(error) == STOPPED:
        return "What was done is kept; run the same command again to go on."
    return ""
