"""The environment becomes settings, or one error with everything that is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crmbridge.errors import ConfigError
from crmbridge.settings import Settings, slug


def problems(folder: Path, **variables: str) -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as caught:
        Settings.for_company(folder, variables)
    return [(problem.key, problem.message) for problem in caught.value.problems]


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    folder = tmp_path / "acme-eu.de"
    folder.mkdir()
    return folder


def test_a_company_without_variables_uses_no_crm_and_a_file_in_its_folder(acme: Path) -> None:
    settings = Settings.for_company(acme, {})
    assert (settings.hubspot, settings.salesforce) == (None, None)
    assert settings.ledger_url is not None
    assert settings.ledger_url.get_secret_value() == f"sqlite:///{acme.resolve()}/ledger.db"


def test_every_variable_finds_its_place(acme: Path) -> None:
    key = acme / "key.pem"
    key.touch()
    settings = Settings.for_company(
        acme,
        {
            "CRMBRIDGE_HUBSPOT__CLIENT_ID": "id",
            "CRMBRIDGE_HUBSPOT__CLIENT_SECRET": "hush",
            "CRMBRIDGE_HUBSPOT__REFRESH_TOKEN": "again",
            "CRMBRIDGE_HUBSPOT__BASE_URL": "http://127.0.0.1:8001",
            "CRMBRIDGE_SALESFORCE__INSTANCE_URL": "https://acme.my.salesforce.com",
            "CRMBRIDGE_SALESFORCE__CLIENT_ID": "app",
            "CRMBRIDGE_SALESFORCE__USERNAME": "integration@acme.example",
            "CRMBRIDGE_SALESFORCE__PRIVATE_KEY_FILE": str(key),
            "CRMBRIDGE_LEDGER_URL": "postgresql://u:p@db/ledger",
            "PATH": "/bin",
        },
    )
    assert settings.hubspot is not None
    assert settings.hubspot.refresh_token is not None
    assert settings.hubspot.refresh_token.get_secret_value() == "again"
    assert settings.hubspot.base_url == "http://127.0.0.1:8001"
    assert settings.salesforce is not None
    assert settings.salesforce.private_key_file == key
    assert settings.ledger_url is not None
    assert settings.ledger_url.get_secret_value() == "postgresql://u:p@db/ledger"


def test_a_companys_own_variable_goes_before_the_plain_one(acme: Path) -> None:
    variables = {
        "CRMBRIDGE_HUBSPOT__ACCESS_TOKEN": "plain",
        "CRMBRIDGE_HUBSPOT__BASE_URL": "https://proxy.example",
        "CRMBRIDGE__ACME_EU_DE__HUBSPOT__ACCESS_TOKEN": "own",
        "CRMBRIDGE__ACME_EU_DE__LEDGER_URL": "sqlite:///own.db",
        "CRMBRIDGE__OTHER__HUBSPOT__ACCESS_TOKEN": "not mine",
    }
    settings = Settings.for_company(acme, variables)
    assert settings.hubspot is not None
    assert settings.hubspot.access_token is not None
    assert settings.hubspot.access_token.get_secret_value() == "own"
    assert settings.hubspot.base_url == "https://proxy.example"
    assert settings.ledger_url is not None
    assert settings.ledger_url.get_secret_value() == "sqlite:///own.db"


def test_the_process_environment_is_read_when_none_is_given(
    acme: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRMBRIDGE__ACME_EU_DE__HUBSPOT__ACCESS_TOKEN", "own")
    monkeypatch.setenv("CRMBRIDGE_TEST_POSTGRES_URL", "postgresql://somewhere")
    assert Settings.for_company(acme).hubspot is not None


@pytest.mark.parametrize(
    ("name", "expected"),
    [("acme", "ACME"), ("Acme GmbH & Co", "ACME_GMBH___CO"), ("42", "42"), ("zoë", "ZO_")],
)
def test_the_slug_is_the_folders_name(name: str, expected: str) -> None:
    assert slug(Path("/companies") / name) == expected


def test_an_empty_variable_is_not_set(acme: Path) -> None:
    assert Settings.for_company(acme, {"CRMBRIDGE_HUBSPOT__ACCESS_TOKEN": ""}).hubspot is None


def test_secrets_do_not_show(acme: Path) -> None:
    settings = Settings.for_company(
        acme,
        {
            "CRMBRIDGE_HUBSPOT__ACCESS_TOKEN": "pat-na1-hush",
            "CRMBRIDGE_LEDGER_URL": "postgresql://u:hush@db/x",
        },
    )
    assert "hush" not in f"{settings} {settings!r}"


def test_everything_wrong_is_said_at_once_by_variable(acme: Path) -> None:
    found = problems(
        acme,
        CRMBRIDGE_HUBSPOT__ACCES_TOKEN="secret",
        CRMBRIDGE_HUBSPOT__CLIENT_ID="id",
        CRMBRIDGE_HUBSPOT__BASE_URL="http://api.hubapi.com",
        CRMBRIDGE__ACME_EU_DE__SALESFORCE__USERNAME="integration@acme.example",
        CRMBRIDGE_SALESFORCE__PRIVATE_KEY_FILE=str(acme / "missing.pem"),
    )
    assert found == [
        ("CRMBRIDGE_HUBSPOT__ACCES_TOKEN", "unknown setting"),
        ("hubspot", "CRMBRIDGE_HUBSPOT__CLIENT_SECRET is not set"),
        ("CRMBRIDGE_HUBSPOT__BASE_URL", "plain http is for this machine only"),
        ("salesforce", "CRMBRIDGE_SALESFORCE__CLIENT_ID is not set"),
        ("CRMBRIDGE_SALESFORCE__PRIVATE_KEY_FILE", "there is no such file"),
        ("CRMBRIDGE_SALESFORCE__INSTANCE_URL", "not set"),
    ]


def test_a_misspelt_variable_is_answered_with_the_right_one(acme: Path) -> None:
    with pytest.raises(ConfigError, match=r"did you mean CRMBRIDGE_HUBSPOT__ACCESS_TOKEN\?") as caught:
        Settings.for_company(acme, {"CRMBRIDGE_HUBSPOT__ACCES_TOKEN": "secret"})
    assert "secret" not in str(caught.value)


def test_two_ways_to_sign_in_contradict_each_other(acme: Path) -> None:
    found = problems(acme, CRMBRIDGE_HUBSPOT__ACCESS_TOKEN="a", CRMBRIDGE_HUBSPOT__CLIENT_ID="b")
    assert found == [
        (
            "hubspot",
            "more than one way to sign in: CRMBRIDGE_HUBSPOT__ACCESS_TOKEN and CRMBRIDGE_HUBSPOT__CLIENT_ID",
        )
    ]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://example.com", "not an http(s) URL"),
        ("example.com", "not an http(s) URL"),
        ("https://user:secret@example.com", "only scheme, host, port and path belong here"),
        ("https://[broken", "not a URL"),
        ("http://example.com", "plain http is for this machine only"),
    ],
)
def test_an_address_that_cannot_be_trusted_is_refused(acme: Path, url: str, message: str) -> None:
    found = problems(acme, CRMBRIDGE_HUBSPOT__ACCESS_TOKEN="a", CRMBRIDGE_HUBSPOT__BASE_URL=url)
    assert found == [("CRMBRIDGE_HUBSPOT__BASE_URL", message)]


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"hubspot": {"access_token": "a", "portal": "1"}}, "CRMBRIDGE_HUBSPOT__PORTAL"),
        ({"pipedrive": {}}, "CRMBRIDGE_PIPEDRIVE"),
        ({"hubspot": {"access_token": 3}}, "CRMBRIDGE_HUBSPOT__ACCESS_TOKEN"),
    ],
)
def test_plain_data_is_checked_like_the_environment(data: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Settings.parse(data)
    assert [problem.key for problem in caught.value.problems] == [key]


def test_plain_data_reads_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBSPOT", '{"access_token": "x"}')
    monkeypatch.setenv("LEDGER_URL", "sqlite:///other.db")
    settings = Settings.parse({"salesforce": {"instance_url": "http://127.0.0.1:1", "session_id": "s"}})
    assert (settings.hubspot, settings.ledger_url) == (None, None)
