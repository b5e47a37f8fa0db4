"""A company folder: process.toml, mapping.toml and settings become a `Bridge`.

The one place, besides the commands, that puts settings, adapters and ledger together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import SecretStr
from sqlalchemy import make_url

from crmbridge.adapters import adapter
from crmbridge.alerts import courier_for
from crmbridge.bridge import Bridge
from crmbridge.errors import ConfigError, Problem
from crmbridge.ledger import SqlLedger
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.ports import Crm, Limiter, Progress, no_progress
from crmbridge.process import Process
from crmbridge.settings import HubSpotSettings, SalesforceSettings, Settings
from crmbridge.starter import starter

_T = TypeVar("_T")


def open_company(
    folder: Path, settings: Settings | None = None, *, progress: Progress = no_progress
) -> Bridge:
    """Open a company folder; close the bridge when done.

    Args:
        settings: None: the environment.
        progress: Told what is being done.

    Raises:
        ConfigError: with every problem of both files and of the settings at once.
    """
    problems: list[Problem] = []
    process = _collected(problems, lambda: Process.load(folder / "process.toml"))
    mapping = _collected(problems, lambda: CompanyMapping.load(folder / "mapping.toml"))
    chosen = _collected(problems, lambda: settings or Settings.for_company(folder))
    if chosen is not None and chosen.hubspot is None and chosen.salesforce is None:
        problems.append(_no_crm())
    courier = None
    if process is not None and chosen is not None:
        found = process, chosen.alerts
        courier = _collected(problems, lambda: courier_for(*found))
    if problems or process is None or mapping is None or chosen is None:
        raise ConfigError(problems)
    ledger = SqlLedger(_ledger_url(folder, chosen))
    crms = connect(chosen, mapping, limiter=ledger.limiter)
    return Bridge(
        process,
        mapping,
        hubspot=crms.get("hubspot"),
        salesforce=crms.get("salesforce"),
        ledger=ledger,
        company=folder.resolve().name,
        courier=courier,
        progress=progress,
        keep_days=chosen.ledger_keep_days,
    )


def open_offline(folder: Path, settings: Settings | None = None) -> Bridge:
    """Open a company folder without its CRMs, for what the files and the ledger can answer.

    Where there is no ledger yet, the bridge has an empty one in memory; where there is no mapping.toml,
    the defaults hold.

    Raises:
        ConfigError: with every problem of the files and of the settings at once.
    """
    problems: list[Problem] = []
    process = _collected(problems, lambda: Process.load(folder / "process.toml"))
    file = folder / "mapping.toml"
    mapping = _collected(
        problems, lambda: CompanyMapping.load(file) if file.exists() else CompanyMapping.default()
    )
    chosen = _collected(problems, lambda: settings or Settings.for_company(folder))
    if problems or process is None or mapping is None or chosen is None:
        raise ConfigError(problems)
    url = _ledger_url(folder, chosen)
    ledger = SqlLedger("sqlite://" if _is_to_be_made(url) else url)
    return Bridge(process, mapping, ledger=ledger, company=folder.resolve().name)


def start_company(folder: Path, settings: Settings | None = None) -> list[Path]:
    """Write a commented company folder from the live schema of the CRMs that the settings name.

    Returns:
        The files written; one that exists is left as it is.

    Raises:
        ConfigError: a setting is wrong, or no CRM is named.
    """
    chosen = settings or Settings.for_company(folder)
    crms = connect(chosen, CompanyMapping.default())
    if not crms:
        raise ConfigError([_no_crm()])
    accounts = {name: crm.identity().account_id for name, crm in crms.items()}
    schemas = {name: crm.schema() for name, crm in crms.items()}
    folder.mkdir(parents=True, exist_ok=True)
    files = starter(schemas, accounts, name=folder.resolve().name)
    return [folder / name for name, text in files.items() if _write_new(folder / name, text)]


def connect(settings: Settings, mapping: CompanyMapping, *, limiter: Limiter | None = None) -> dict[str, Crm]:
    """Make the adapters that the settings name; each imports its SDK only now. Calls nothing yet."""
    makers: Mapping[str, Any] = {"hubspot": _hubspot, "salesforce": _salesforce}
    return {
        name: make(getattr(settings, name), mapping, limiter)
        for name, make in makers.items()
        if getattr(settings, name) is not None
    }


def _hubspot(settings: HubSpotSettings, mapping: CompanyMapping, limiter: Limiter | None) -> Crm:
    kind = adapter("hubspot")
    sign_in = _secret(settings.access_token) or kind.oauth(
        client_id=settings.client_id,
        client_secret=_secret(settings.client_secret),
        refresh_token=_secret(settings.refresh_token),
    )
    found: Crm = kind(
        mapping,
        access_token=sign_in,
        base_url=settings.base_url,
        ca_file=_text(settings.ca_file),
        limiter=limiter,
    )
    return found


def _salesforce(settings: SalesforceSettings, mapping: CompanyMapping, limiter: Limiter | None) -> Crm:
    found: Crm = adapter("salesforce")(
        mapping,
        instance_url=settings.instance_url,
        session_id=_secret(settings.session_id),
        client_id=settings.client_id,
        client_secret=_secret(settings.client_secret),
        username=settings.username,
        private_key_file=settings.private_key_file,
        ca_file=_text(settings.ca_file),
        limiter=limiter,
    )
    return found


def _collected(problems: list[Problem], load: Callable[[], _T]) -> _T | None:
    """Load one part, and note its problems beside those of the others."""
    try:
        return load()
    except ConfigError as error:
        problems.extend(error.problems)
        return None


def _no_crm() -> Problem:
    return Problem(
        "environment",
        "",
        "no CRM is configured",
        "set CRMBRIDGE_HUBSPOT__ACCESS_TOKEN, or CRMBRIDGE_SALESFORCE__INSTANCE_URL with a way to sign in",
    )


def _ledger_url(folder: Path, settings: Settings) -> str:
    return _secret(settings.ledger_url) or f"sqlite:///{folder.resolve() / 'ledger.db'}"


def _is_to_be_made(url: str) -> bool:
    """Tell whether opening the ledger would make a new file: looking at a company leaves no trace."""
    found = make_url(url)
    return found.get_backend_name() == "sqlite" and not Path(found.database or "").exists()


def _write_new(path: Path, text: str) -> bool:
    if path.exists():
        return False
    path.write_text(text, "utf-8")
    return True


def _secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value is not None else None


def _text(path: Path | None) -> str | None:
    return str(path) if path is not None else None
