"""The signatures of webhooks (webhook guide, checked 2026-11-21)."""

from __future__ import annotations

import base64
import hashlib
import hmac

#: Escapes of the URI that are undone before signing; all others stay.
_DECODED = {
    "%3A": ":", "%2F": "/", "%3F": "?", "%40": "@", "%21": "!", "%24": "$", "%27": "'", "%28": "(",
    "%29": ")", "%2A": "*", "%2C": ",", "%3B": ";",
}  # fmt: skip


def headers(which: str, secret: str, url: str, body: bytes, at_ms: int) -> dict[str, str]:
    """Give the signature headers of a POST.

    Args:
        which: "both", "v1" or "v3": switch `HubSpotOptions.webhook_signatures`.
        secret: The app's client secret.
        url: As it was configured, with the query.
        body: The bytes that are sent.
        at_ms: Epoch milliseconds.
    """
    found: dict[str, str] = {"X-HubSpot-Request-Timestamp": str(at_ms)}
    if which != "v3":
        found |= {"X-HubSpot-Signature": v1(secret, body), "X-HubSpot-Signature-Version": "v1"}
    if which != "v1":
        found["X-HubSpot-Signature-v3"] = v3(secret, "POST", url, body, at_ms)
    return found


def v1(secret: str, body: bytes) -> str:
    """Give the hexadecimal SHA-256 of secret and body."""
    return hashlib.sha256(secret.encode() + body).hexdigest()


def v3(secret: str, method: str, url: str, body: bytes, at_ms: int) -> str:
    """Give the base64 HMAC-SHA256 of method, URI, body and time."""
    uri = url
    for escape, sign in _DECODED.items():
        uri = uri.replace(escape, sign).replace(escape.lower(), sign)
    message = method.encode() + uri.encode() + body + str(at_ms).encode()
    return base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()
