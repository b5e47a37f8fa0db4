"""Sign-in: OAuth tokens by client credentials, JWT bearer and refresh token, and the sessions behind them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import random
import string
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from crmbridge.sandbox.http import Request
from crmbridge.sandbox.salesforce.failures import invalid_session
from crmbridge.sandbox.salesforce.seeds import INTEGRATION_USER, Seeds
from crmbridge.sandbox.salesforce.store import Store
from crmbridge.sandbox.salesforce.wire import Reply

_WORD = string.ascii_letters + string.digits + "_"
_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
#: Most seconds a JWT may live: three minutes are asked for (checked 2026-11-21), clocks may differ.
_JWT_LIFE_SECONDS = 600
#: Clocks may differ by this much: some clients sign assertions that end the second they are made.
_JWT_SKEW_SECONDS = 180
_AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")


class Denied(Exception):
    """A sign-in that is refused, in the OAuth error shape."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(error)
        self.reply = Reply(status=status, body={"error": error, "error_description": description})


@dataclass(slots=True)
class Session:
    """What stands behind a token."""

    user_id: str
    used_ms: int
    calls: int = 0


class Auth:
    """Give and check tokens."""

    def __init__(self, store: Store, seeds: Seeds) -> None:
        self._store = store
        self._seeds = seeds
        chance = random.Random(f"salesforce {store.world.seed}")
        self.client_id = "3MVG9" + _word(chance, 40)
        self.client_secret = _word(chance, 64).upper()
        self.refresh_token = "5Aep861" + _word(chance, 60)
        self._first = _word(chance, 80)
        self._chance = chance
        #: Made when the ready line is, as it takes a while; without it no assertion is valid.
        self._key: rsa.RSAPrivateKey | None = None
        self._sessions: dict[str, Session] = {}
        self._grants: dict[str, Callable[[Mapping[str, str]], str]] = {
            "client_credentials": self._client_credentials,
            "refresh_token": self._refresh_token,
            _JWT_GRANT: self._jwt_bearer,
        }

    def reset(self) -> None:
        """End all sessions; the first token, which the ready line shows, begins anew."""
        self._sessions.clear()
        self._remember(self.first_token, self._seeds.integration_user_id)

    def expire(self) -> None:
        """End all sessions at once, as an administrator can."""
        self._sessions.clear()

    @property
    def first_token(self) -> str:
        """The token of the ready line."""
        return f"{self._seeds.org_id[:15]}!AQ{self._first}"

    def write_key(self, folder: Path) -> Path:
        """Write the private key for JWT bearer to a file and give its path."""
        path = folder / "salesforce_private_key.pem"
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.touch(mode=0o600)
        path.write_bytes(pem)
        return path

    def user_of(self, header: str) -> str:
        """Give the user behind an Authorization header.

        Raises:
            ApiError: INVALID_SESSION_ID.
        """
        scheme, _, token = header.partition(" ")
        session = self._sessions.get(token.strip()) if scheme.lower() in ("bearer", "oauth") else None
        if session is None:
            raise invalid_session()
        options = self._store.world.options.salesforce
        now = self._store.world.clock.now_ms()
        idle_ms = options.session_seconds * 1000
        session.calls += 1
        if (
            options.token_calls and session.calls > options.token_calls
        ) or 0 < idle_ms < now - session.used_ms:
            del self._sessions[token.strip()]
            raise invalid_session()
        session.used_ms = now
        return session.user_id

    def token(self, request: Request) -> Reply:
        """Answer the token endpoint."""
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"))) | dict(request.query)
        try:
            grant = self._grants.get(form.get("grant_type", ""), _unsupported)
            form["origin"] = request.origin
            user_id = grant(_with_basic(form, request.headers.get("authorization", "")))
        except Denied as denied:
            return denied.reply
        return self._granted(request.origin, user_id, form["grant_type"])

    def revoke(self, request: Request) -> Reply:
        """Answer the revoke endpoint: the token ends."""
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"))) | dict(request.query)
        if self._sessions.pop(form.get("token", ""), None) is None:
            return Denied("invalid_token", "invalid token: token not found").reply
        return Reply(status=200, body=b"", headers={"Content-Type": "text/html"})

    def _granted(self, origin: str, user_id: str, grant: str) -> Reply:
        token = f"{self._seeds.org_id[:15]}!AQ{_word(self._chance, 80)}"
        self._remember(token, user_id)
        identity = f"{origin}/id/{self._seeds.org_id}/{user_id}"
        issued = str(self._store.world.clock.now_ms())
        signed = hmac.new(self.client_secret.encode(), (identity + issued).encode(), hashlib.sha256).digest()
        body: dict[str, Any] = {
            "access_token": token,
            "signature": base64.b64encode(signed).decode(),
            "scope": "api",
            "instance_url": origin,
            "id": identity,
            "token_type": "Bearer",
            "issued_at": issued,
        }
        if grant == "client_credentials":
            body["api_instance_url"] = origin
        return Reply(body=body, headers={"Cache-Control": "no-cache, no-store"})

    def _remember(self, token: str, user_id: str) -> None:
        self._sessions[token] = Session(user_id, self._store.world.clock.now_ms())

    def _client(self, form: Mapping[str, str]) -> None:
        if form.get("client_id") != self.client_id:
            raise Denied("invalid_client_id", "client identifier invalid")
        if form.get("client_secret") != self.client_secret:
            raise Denied("invalid_client", "invalid client credentials")

    def _client_credentials(self, form: Mapping[str, str]) -> str:
        self._client(form)
        return self._active(INTEGRATION_USER)

    def _refresh_token(self, form: Mapping[str, str]) -> str:
        self._client(form)
        if form.get("refresh_token") != self.refresh_token:
            raise Denied("invalid_grant", "expired access/refresh token")
        return self._active(INTEGRATION_USER)

    def _jwt_bearer(self, form: Mapping[str, str]) -> str:
        claims = self._claims(form.get("assertion", ""))
        if claims["iss"] != self.client_id:
            raise Denied("invalid_client_id", "client identifier invalid")
        if claims["aud"] not in (*_AUDIENCES, form["origin"], f"{form['origin']}/services/oauth2/token"):
            raise Denied("invalid_grant", "invalid assertion")
        try:
            # The client signs with its machine's time, whatever the sandbox's clock says; simple-salesforce
            # sends the number as a text.
            left = int(claims["exp"]) - time.time()
        except (TypeError, ValueError):
            raise Denied("invalid_grant", "invalid assertion") from None
        if not -_JWT_SKEW_SECONDS < left <= _JWT_LIFE_SECONDS:
            raise Denied("invalid_grant", "expired authorization code")
        return self._active(str(claims["sub"]))

    def _claims(self, assertion: str) -> dict[str, Any]:
        if self._key is None:
            raise Denied("invalid_grant", "invalid assertion")
        try:
            claims: dict[str, Any] = jwt.decode(
                assertion,
                self._key.public_key(),
                algorithms=["RS256"],
                options={"verify_aud": False, "verify_exp": False, "require": ["iss", "sub", "aud", "exp"]},
            )
        except jwt.PyJWTError:
            raise Denied("invalid_grant", "invalid assertion") from None
        return claims

    def _active(self, username: str) -> str:
        users = self._store.rows(self._store.named("User"), "Username = ?", (username,))
        if not users:
            raise Denied("invalid_grant", "user hasn't approved this consumer")
        if not users[0]["IsActive"]:
            raise Denied("inactive_user", "user is inactive")
        return str(users[0]["Id"])


def _unsupported(_form: Mapping[str, str]) -> str:
    raise Denied("unsupported_grant_type", "grant type not supported")


def _word(chance: random.Random, length: int) -> str:
    return "".join(chance.choice(_WORD) for _ in range(length))


def _with_basic(form: Mapping[str, str], header: str) -> dict[str, str]:
    scheme, _, coded = header.partition(" ")
    if scheme.lower() != "basic":
        return dict(form)
    try:
        name, _, secret = base64.b64decode(coded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return dict(form)
    return {**form, "client_id": name, "client_secret": secret}
