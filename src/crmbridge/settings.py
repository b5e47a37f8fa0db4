"""Secrets, URLs and the ledger's place, from the environment.

``CRMBRIDGE_HUBSPOT__ACCESS_TOKEN`` and its like hold for every company; ``CRMBRIDGE__ACME__HUBSPOT__…``
only for the company folder ``acme`` (capitals, every other character ``_``), and goes before the plain
one. Read by the command line and ``Bridge.from_directory`` alone; nothing is read on import.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from crmbridge.errors import ConfigError, Problem

_PREFIX = "CRMBRIDGE_"
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
#: Destinations of alerts have names of the company's own.
_ALERT = re.compile(r"alerts\.[a-z][a-z0-9_]*")
#: Variables of this prefix that are not for us: the tests' own.
_OTHERS = re.compile(r"CRMBRIDGE_TEST_\w*")


class HubSpotSettings(BaseModel):
    """How to reach HubSpot: a private app's token, or OAuth with a refresh token."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    #: Ways to sign in; exactly one must be complete.
    ways: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("access_token",),
        ("client_id", "client_secret", "refresh_token"),
    )

    access_token: SecretStr | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    refresh_token: SecretStr | None = None
    #: None: HubSpot itself. http is accepted for this machine only (the sandbox).
    base_url: str | None = None
    #: Certificates to trust instead of the usual ones: the sandbox's, or a company proxy's.
    ca_file: Path | None = None


class SalesforceSettings(BaseModel):
    """How to reach Salesforce: a session, client credentials, or a JWT signed with a private key."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    ways: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("session_id",),
        ("client_id", "client_secret"),
        ("client_id", "username", "private_key_file"),
    )

    #: The org's own address ("https://acme.my.salesforce.com"); needed with every way to sign in.
    instance_url: str | None = None
    session_id: SecretStr | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    username: str | None = None
    #: PEM file with the key whose certificate the connected app holds.
    private_key_file: Path | None = None
    ca_file: Path | None = None


class Settings(BaseSettings):
    """Settings of one company. A CRM without any setting is not used."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    hubspot: HubSpotSettings | None = None
    salesforce: SalesforceSettings | None = None
    #: Name of a destination in the process file's alerts -> its Apprise URL, which holds a secret.
    alerts: dict[str, SecretStr] = Field(default_factory=dict)
    #: Database URL of the ledger, which may hold a password; None: a file in the company folder.
    ledger_url: SecretStr | None = None
    #: Days that the audit is kept; None: for ever.
    ledger_keep_days: PositiveInt | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 — the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        *_: PydanticBaseSettingsSource,
        **__: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read what is handed over and nothing else: ``for_company`` collects the environment itself."""
        return (init_settings,)

    @classmethod
    def for_company(cls, folder: Path | str, environ: Mapping[str, str] | None = None) -> Self:
        """Read the settings of a company folder.

        Args:
            folder: The company's folder; its name makes the variables' ``<SLUG>``.
            environ: Instead of the process's environment. An empty variable counts as not set.

        Raises:
            ConfigError: with every unknown, malformed, incomplete or contradictory setting.
        """
        path = Path(folder).resolve()
        found = _collect(os.environ if environ is None else environ, slug(path))
        settings = cls._checked(found.data, found)
        if settings.ledger_url is None:
            url = SecretStr(f"sqlite:///{path / 'ledger.db'}")
            settings = settings.model_copy(update={"ledger_url": url})
        return settings

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """Take settings from plain data, ``{"hubspot": {"access_token": …}, …}``; reads no environment.

        Raises:
            ConfigError: as ``for_company``.
        """
        return cls._checked(data, _Found())

    @classmethod
    def _checked(cls, data: Mapping[str, Any], found: _Found) -> Self:
        problems = list(found.problems)
        try:
            settings = cls(**data)
        except ValidationError as error:
            problems.extend(_from_pydantic(error, found))
        else:
            problems.extend(_contradictions(settings, found))
            if not problems:
                return settings
        raise ConfigError(problems) from None


def slug(folder: Path) -> str:
    """Give a company's part of variable names: the folder's name in capitals, all else ``_``."""
    return re.sub(r"[^A-Z0-9]", "_", folder.name.upper())


# the environment ---------------------------------------------------------------------------------
class _Found:
    """What the environment holds, with the variable that each setting came from."""

    def __init__(self) -> None:
        self.data: dict[str, Any] = {}
        self.names: dict[str, str] = {}
        self.problems: list[Problem] = []

    def name(self, key: str) -> str:
        """Name the variable of a setting ("hubspot.base_url")."""
        return self.names.get(key, _PREFIX + key.replace(".", "__").upper())

    def put(self, key: str, value: str, variable: str) -> None:
        """Note one setting; a later one replaces an earlier one."""
        section, _, name = key.rpartition(".")
        (self.data.setdefault(section, {}) if section else self.data)[name] = value
        self.names[key] = variable


def _collect(environ: Mapping[str, str], company: str) -> _Found:
    found, known = _Found(), _known_keys()
    own = f"{_PREFIX}_{company}__"
    plain = {name: value for name, value in environ.items() if not name.upper().startswith(f"{_PREFIX}_")}
    for variables, prefix in ((plain, _PREFIX), (environ, own)):
        for variable, value in sorted(variables.items()):
            key = _key(variable, prefix)
            if key is None or not value:
                continue
            if key in known or _ALERT.fullmatch(key):
                found.put(key, value, variable)
            else:
                found.problems.append(_unknown(variable, prefix, known))
    return found


def _key(variable: str, prefix: str) -> str | None:
    name = variable.upper()
    if not name.startswith(prefix) or _OTHERS.fullmatch(name):
        return None
    return name.removeprefix(prefix).lower().replace("__", ".")


def _known_keys() -> dict[str, None]:
    sections: dict[str, type[BaseModel]] = {"hubspot": HubSpotSettings, "salesforce": SalesforceSettings}
    keys = [f"{section}.{name}" for section, model in sections.items() for name in model.model_fields]
    return dict.fromkeys([*keys, "ledger_url", "ledger_keep_days"])


def _unknown(variable: str, prefix: str, known: Mapping[str, None]) -> Problem:
    names = [prefix + key.replace(".", "__").upper() for key in known]
    close = difflib.get_close_matches(variable.upper(), names, n=1)
    return Problem("environment", variable, "unknown setting", f"did you mean {close[0]}?" if close else "")


# what is wrong with it ---------------------------------------------------------------------------
def _from_pydantic(error: ValidationError, found: _Found) -> Iterator[Problem]:
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        key = ".".join(str(part) for part in item["loc"])
        unknown = item["type"] == "extra_forbidden"
        yield Problem("environment", found.name(key), "unknown setting" if unknown else item["msg"])


def _contradictions(settings: Settings, found: _Found) -> Iterator[Problem]:
    for section in ("hubspot", "salesforce"):
        part: HubSpotSettings | SalesforceSettings | None = getattr(settings, section)
        if part is not None:
            given = {name for name in type(part).model_fields if getattr(part, name) is not None}
            yield from _sign_in(section, part.ways, given, found)
            yield from _urls(section, part, found)
            yield from _files(section, part, found)
    if settings.salesforce is not None and settings.salesforce.instance_url is None:
        yield Problem(
            "environment", found.name("salesforce.instance_url"), "not set", "give the org's address"
        )


def _sign_in(
    section: str, ways: tuple[tuple[str, ...], ...], given: set[str], found: _Found
) -> Iterator[Problem]:
    """Want exactly one complete way to sign in, and nothing of another."""
    used = given & {name for way in ways for name in way}
    if used in [set(way) for way in ways]:
        return
    choices = ", or ".join(" + ".join(found.name(f"{section}.{name}") for name in way) for way in ways)
    complete = [way for way in ways if used.issuperset(way)]
    if complete:
        names = " and ".join(found.name(f"{section}.{name}") for name in sorted(used))
        yield Problem("environment", section, f"more than one way to sign in: {names}", f"set {choices}")
        return
    missing = min((sorted(set(way) - used) for way in ways if used & set(way)), key=len, default=None)
    what = "no way to sign in" if missing is None else f"{found.name(f'{section}.{missing[0]}')} is not set"
    yield Problem("environment", section, what, f"set {choices}")


def _urls(section: str, part: BaseModel, found: _Found) -> Iterator[Problem]:
    """Refuse an address that would send secrets in the clear, or that holds some."""
    for name in ("base_url", "instance_url"):
        url = getattr(part, name, None)
        if url is not None and (message := _url_problem(url)):
            yield Problem("environment", found.name(f"{section}.{name}"), message)


def _url_problem(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return "not a URL"
    if parts.scheme not in {"http", "https"} or not host:
        return "not an http(s) URL"
    if parts.username or parts.password or parts.query or parts.fragment:
        return "only scheme, host, port and path belong here"
    return "plain http is for this machine only" if parts.scheme == "http" and host not in _LOOPBACK else None


def _files(section: str, part: BaseModel, found: _Found) -> Iterator[Problem]:
    for name in ("private_key_file", "ca_file"):
        path: Path | None = getattr(part, name, None)
        if path is not None and not path.is_file():
            yield Problem("environment", found.name(f"{section}.{name}"), "there is no such file")
