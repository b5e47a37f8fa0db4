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

#: What to do next, said once under the message.
_ADVICE: dict[int, str] = {
    REFUSED: "Nothing was written. Override one guard with --allow NAME if you are sure.",
    STOPPED: "What was done is kept; run the same command again to go on.",
}


def code_for(error: CrmBridgeError) -> int:
    """Give the exit code that interfaces promise for an error."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), FAILED)


def advice_for(error: CrmBridgeError) -> str:
    """Say what to do next; "" when the message says it."""
    return _ADVICE.get(code_for(error), "")
