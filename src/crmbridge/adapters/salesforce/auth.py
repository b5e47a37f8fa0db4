"""Sign-in without a person: JWT bearer, or client credentials. Never SOAP, never a password.

Checked 2026-11-21: answers of both carry no refresh token and no lifetime; a 401 is the only sign that
a token ended. Salesforce ends SOAP ``login()`` in Summer '27.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
import msgspec
import requests

from crmbridge.adapters.retry import NotCarriedOut
from crmbridge.adapters.salesforce.errors import from_token_endpoint, translate
from crmbridge.adapters.tokens import Grant, OAuthTokens, Tokens, as_tokens
from crmbridge.adapters.transport import BoundedAdapter, Transport, plain_http_host
from crmbridge.errors import AuthFailed, ConfigError, Problem, RateLimited, TransientError, Where

_PATH = "/services/oauth2/token"
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
#: Salesforce takes assertions that expire within three minutes.
_ASSERTION_SECONDS = 180


def sign_in(
    session_id: str | Callable[[], str] | Tokens | None,
    *,
    instance_url: str,
    client_id: str | None,
    client_secret: str | None,
    username: str | None,
    private_key: str | None,
    login_url: str | None,
    transport: Transport,
    verify: bool | str = True,
) -> Tokens:
    """Choose the way to sign in by what is given: a session id, else a private key, else a secret.

    Raises:
        ConfigError: nothing usable is given.
    """
    if session_id is not None:
        return as_tokens(session_id)
    endpoint = TokenEndpoint(login_url or instance_url, transport, verify)
    if client_id and username and private_key:
        return OAuthTokens(lambda: endpoint.jwt_bearer(client_id, username, private_key))
    if client_id and client_secret:
        return OAuthTokens(lambda: endpoint.client_credentials(client_id, client_secret))
    advice = "give session_id, or client_id with client_secret, or client_id with username and private key"
    raise ConfigError([Problem("salesforce", "session_id", "no way to sign in", advice)])


def read_key(path: str | Path | None) -> str | None:
    """Read a private key in PEM format; None for no path.

    Raises:
        ConfigError: the file cannot be read.
    """
    if path is None:
        return None
    try:
        return Path(path).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem("salesforce", "private_key_file", f"cannot be read ({type(error).__name__})")
        raise ConfigError([problem]) from None


class TokenEndpoint:
    """The token endpoint of one org, or of its login host."""

    def __init__(self, base_url: str, transport: Transport, verify: bool | str = True) -> None:
        plain_http_host(base_url)  # refuses secrets in the clear
        self._base_url = base_url.rstrip("/")
        self._transport = transport
        self._verify = verify

    def client_credentials(self, client_id: str, client_secret: str) -> Grant:
        """Sign in as the integration user that the app names."""
        return self._grant({"grant_type": "client_credentials"}, (client_id, client_secret))

    def jwt_bearer(self, client_id: str, username: str, private_key: str) -> Grant:
        """Sign in as a user who approved the app, by a text signed with the app's key."""
        claims = {
            "iss": client_id,
            "sub": username,
            "aud": self.audience,
            "exp": int(time.time()) + _ASSERTION_SECONDS,
        }
        try:
            assertion = jwt.encode(claims, private_key, algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError):
            raise AuthFailed("the private key is no RSA key in PEM format", Where("salesforce")) from None
        return self._grant({"grant_type": _JWT_BEARER, "assertion": assertion})

    @property
    def audience(self) -> str:
        """Who the assertion is for: Salesforce's login host, or the endpoint itself where it is another.

        My Domain hosts sign in for login.salesforce.com, those of sandboxes for test.salesforce.com.
        """
        host = urlsplit(self._base_url).hostname or ""
        if not host.endswith(".my.salesforce.com"):
            return self._base_url
        return f"https://{'test' if '.sandbox.' in host else 'login'}.salesforce.com"

    def _grant(self, form: Mapping[str, str], basic: tuple[str, str] | None = None) -> Grant:
        # A token is fetched for a request that waits to be sent: without one that was not carried out,
        # and whether to try again is decided there.
        self._transport.begin_call("token")
        try:
            return self._post(form, basic)
        except RateLimited:
            raise
        except TransientError as error:
            raise NotCarriedOut("the sign-in is not available", error.where) from None

    def _post(self, form: Mapping[str, str], basic: tuple[str, str] | None) -> Grant:
        with requests.Session() as session:
            session.trust_env = False  # ~/.netrc would replace the app's own credentials
            session.verify = self._verify
            session.mount("https://", BoundedAdapter(self._transport.timeouts))
            session.mount("http://", BoundedAdapter(self._transport.timeouts))
            try:
                answer = session.post(self._base_url + _PATH, data=form, auth=basic)
            except requests.RequestException as error:
                raise translate(error) from None
            return _read_grant(answer)


def _read_grant(answer: requests.Response) -> Grant:
    content = _decoded(answer.content)
    if answer.status_code != requests.codes.ok:
        raise from_token_endpoint(answer.status_code, content)
    token = content.get("access_token") if isinstance(content, dict) else None
    if not isinstance(token, str) or not token:
        raise AuthFailed("the sign-in gave no token", Where("salesforce", status=answer.status_code))
    return Grant(token, base_url=content.get("instance_url"))


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
