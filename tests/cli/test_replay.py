"""replay and tune on the command line: no CRM, nothing written, problems all at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from crmbridge.bridge import Bridge
from crmbridge.errors import ConfigError
from crmbridge.ledger import SqlLedger
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.replaying import PastLedger, Trial
from crmbridge.testing import FakeCrm
from tests.cli.company import Ran, crmbridge
from tests.property.company import PROCESS, owners, process
from tests.property.world import START

SINCE, UNTIL = START.date().isoformat(), (START.date() + timedelta(days=9)).isoformat()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company whose ledger holds three live runs."""
    path = tmp_path_factory.mktemp("acme")
    for name, threshold in (("process.toml", 50.0), ("strict.toml", 60.0)):
        wanted = {**PROCESS["qualification"], "threshold": threshold}
        path.joinpath(name).write_text(tomlkit.dumps({**PROCESS, "qualification": wanted}), "utf-8")
    crm = FakeCrm("hubspot", now=START)
    for owner in owners("hubspot"):
        crm.add(owner)
    with SqlLedger(f"sqlite:///{path / 'ledger.db'}") as ledger:
        bridge = Bridge(process(), CompanyMapping.parse({"format": 1}), hubspot=crm, ledger=ledger)
        for days, title in enumerate([None, "Head of Sales", "Head of Sales"]):
            for number in range(4):
                given = title if number < 2 else None
                country = "DE" if number % 2 else "FR"
                fields: dict[str, Any] = {"email": f"p{number}@example.org", "last_name": f"P{number}"}
                crm.edit("contacts", f"p{number}", **fields, country=country, job_title=given)
            bridge.sync(START + timedelta(days=days))
    return path


def run(folder: Path, *words: str) -> Ran:
    return crmbridge("replay", "--since", SINCE, "--until", UNTIL, *words, "-C", str(folder))


def test_a_replay_is_one_document_with_what_live_runs_saw(folder: Path) -> None:
    ran = run(folder, "--json")
    assert ran.code == 0
    found = ran.json
    assert (found["new"]["passed"], found["old"], found["differences"]) == (2, None, {})
    assert found["coverage"]["live_moments"] == 3
    assert sum(found["new"]["weeks"].values()) == 2


def test_two_versions_stand_side_by_side_and_a_lead_opens_down_to_its_rules(folder: Path) -> None:
    """S12: the change is presented with what it would have meant."""
    words = ("--process", str(folder / "strict.toml"), "--against", str(folder / "process.toml"))
    ran = run(folder, *words, "--lead", "p0@example.org")
    assert ran.code == 0
    assert "passed by the old one alone" in ran.out
    assert "qualification.threshold" in ran.out
    assert "fit.boss +50" in ran.out
    found = run(folder, *words, "--json").json
    assert found["differences"] == {"passed by the old one alone": 1}
    assert found["changed"][0]["because"]


def test_a_replay_leaves_the_folder_as_it_was(folder: Path) -> None:
    before = folder.joinpath("ledger.db").read_bytes()
    run(folder, "--against", str(folder / "strict.toml"))
    assert folder.joinpath("ledger.db").read_bytes() == before


def test_a_period_that_is_none_is_refused(folder: Path) -> None:
    ran = crmbridge("replay", "--since", UNTIL, "--until", SINCE, "-C", str(folder))
    assert ran.code == 2
    assert "since" in ran.err


def test_an_unknown_lead_is_refused(folder: Path) -> None:
    assert run(folder, "--lead", "nobody@example.org").code == 2


def test_the_problems_of_both_files_come_at_once(folder: Path, tmp_path: Path) -> None:
    for name, text in (("one.toml", "format = 1\nnonsense = 1"), ("two.toml", "format = 7")):
        tmp_path.joinpath(name).write_text(text, "utf-8")
    ran = run(folder, "--process", str(tmp_path / "one.toml"), "--against", str(tmp_path / "two.toml"))
    assert ran.code == 2
    assert "one.toml" in ran.err
    assert "two.toml" in ran.err


def test_tune_refuses_on_four_leads_and_writes_no_file(folder: Path, tmp_path: Path) -> None:
    """S21: not before there are numbers."""
    out = tmp_path / "next.toml"
    ran = crmbridge("tune", "--out", str(out), "--json", "-C", str(folder))
    assert ran.code == 0
    assert json.loads(ran.out)["refused"]
    assert not out.exists()
    assert "No suggestion" in crmbridge("tune", "-C", str(folder)).out


class Deaf:
    """Stands in for a CRM: whatever is asked of it is refused."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"a replay called a CRM: {name}")


class ReadOnly:
    """A ledger that answers what a replay may ask, and nothing else."""

    def __init__(self, ledger: SqlLedger) -> None:
        self._ledger = ledger

    def __getattr__(self, name: str) -> Any:
        assert name in {*vars(PastLedger), "find", "close"}, f"a replay asked the ledger for {name}"
        return getattr(self._ledger, name)


@pytest.fixture
def bridge(folder: Path) -> Iterator[Bridge]:
    with SqlLedger(f"sqlite:///{folder / 'ledger.db'}") as ledger:
        deaf: Any = Deaf()
        silent: Any = ReadOnly(ledger)
        yield Bridge(process(), hubspot=deaf, salesforce=deaf, ledger=silent)


def test_a_replay_calls_no_crm_and_writes_nothing(bridge: Bridge) -> None:
    trial = Trial(new=process(), old=process(), since=START, until=START + timedelta(days=9))
    assert bridge.replay(trial).new.passed == 2
    with pytest.raises(ConfigError):
        bridge.replay(Trial(new=process(), since=START, until=START))
    assert bridge.tune(START).refused is not None
