"""Tokens: the private app's, and those of a public app by OAuth refresh."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass

from crmbridge.sandbox.hubspot.errors import HubSpotError
from crmbridge.sandbox.world import World

#: Life of an OAuth access token (checked 2026-11-21).
TOKEN_SECONDS = 1_800
PRIVATE_APP_ID = "19083857"
PUBLIC_APP_ID = "19083858"
ALL_SCOPES = frozenset(
    {
        *(
            f"crm.objects.{name}.{right}"
            for name in ("contacts", "companies", "deals", "leads")
            for right in ("read", "write")
        ),
        *(
            f"crm.schemas.{name}.{right}"
            for name in ("contacts", "companies", "deals")
            for right in ("read", "write")
        ),
        "crm.objects.owners.read",
        "crm.lists.read",
        "crm.lists.write",
        "forms",
        "sales-email-read",
        "oauth",
    }
)
_NO_CREDENTIALS = (
    "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more"
    " details at https://developers.hubspot.com/docs/methods/auth/oauth-overview"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token that was recognised."""

    app_id: str
    is_private_app: bool


class Tokens:
    """Issue and recognise tokens."""

    def __init__(self, world: World) -> None:
        self._world = world
        chance = random.Random(f"hubspot tokens {world.seed}")
        self.access_token = f"pat-na1-{_uuid(chance)}"
        self.client_id = _uuid(chance)
        self.client_secret = _uuid(chance)
        self.first_refresh_token = f"na1-{_uuid(chance)}"
        self.developer_key = _uuid(chance)
        world.db.execute(
            "CREATE TABLE IF NOT EXISTS hs_token (token TEXT PRIMARY KEY,"
            " kind TEXT NOT NULL, expires INTEGER)"
        )

    @property
    def founded(self) -> bool:
        """Tell whether this account has been set up before."""
        return self._world.db.execute("SELECT 1 FROM hs_token LIMIT 1").fetchone() is not None

    def found(self) -> None:
        """Make the first refresh token of a new account."""
        if not self.founded:
            self._add(self.first_refresh_token, "refresh", None)

    def recognise(self, authorization: str) -> Token:
        """Tell whose token a header holds.

        Raises:
            HubSpotError: 401, none, an unknown or an expired one.
        """
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() != "bearer" or not value.strip():
            raise HubSpotError(401, _NO_CREDENTIALS, "INVALID_AUTHENTICATION")
        if value.strip() == self.access_token:
            return Token(app_id=PRIVATE_APP_ID, is_private_app=True)
        if value.strip() == self.developer_key:
            return Token(app_id=PUBLIC_APP_ID, is_private_app=False)
        return self._oauth(value.strip())

    def _oauth(self, value: str) -> Token:
        expires = self._expiry(value, "access")
        if expires is None:
            raise HubSpotError(401, _NO_CREDENTIALS, "INVALID_AUTHENTICATION")
        if expires <= self._world.clock.now_ms():
            message = "The OAuth token used to make this call expired."
            raise HubSpotError(401, message, "EXPIRED_AUTHENTICATION")
        return Token(app_id=PUBLIC_APP_ID, is_private_app=False)

    def refresh(self, refresh_token: str) -> tuple[str, str] | None:
        """Issue an access token; beside it the refresh token to use from now on. None: not ours."""
        if not self._known(refresh_token, "refresh"):
            return None
        access = f"CJ{_uuid(self._world.random).replace('-', '')}"
        self._add(access, "access", self._world.clock.now_ms() + TOKEN_SECONDS * 1000)
        if not self._world.options.hubspot.rotate_refresh_tokens:
            return access, refresh_token
        self.revoke(refresh_token)
        fresh = f"na1-{_uuid(self._world.random)}"
        self._add(fresh, "refresh", None)
        return access, fresh

    def revoke(self, token: str) -> None:
        """End a token; unknown ones are ignored."""
        self._world.db.execute("DELETE FROM hs_token WHERE token = ?", (token,))

    def is_refresh_token(self, value: str) -> bool:
        """Tell whether it is a refresh token in force."""
        return self._known(value, "refresh")

    def reset(self) -> None:
        """Forget all issued tokens."""
        self._world.db.execute("DELETE FROM hs_token")

    def _known(self, token: str, kind: str) -> bool:
        query = "SELECT 1 FROM hs_token WHERE token = ? AND kind = ?"
        return self._world.db.execute(query, (token, kind)).fetchone() is not None

    def _expiry(self, token: str, kind: str) -> int | None:
        query = "SELECT expires FROM hs_token WHERE token = ? AND kind = ?"
        row = self._world.db.execute(query, (token, kind)).fetchone()
        return int(row[0]) if row else None

    def _add(self, token: str, kind: str, expires: int | None) -> None:
        self._world.db.execute("INSERT INTO hs_token VALUES (?, ?, ?)", (token, kind, expires))


def _uuid(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))
