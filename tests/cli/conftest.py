"""One sandbox put back to its beginning before each test that writes, and one that is only read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from crmbridge.ledger.limiter import SqlLimiter
from crmbridge.sandbox import Sandbox
from crmbridge.sandbox.options import Options
from tests.cli.company import NOW, Company

#: Two people, or one twice: an address alone does not tell.
_TWINS = """\
Email,LastName,Company,Country
twin@example.com,Twin,Acorn,Germany
twin@example.com,Twin,Acorn,Germany
"""


@pytest.fixture(scope="package", autouse=True)
def unhurried() -> Iterator[None]:
    """Let calls go out at once: how long a real portal makes them wait is another test's matter."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SqlLimiter, "acquire", lambda *_: 0.0)
        yield


@pytest.fixture(scope="package")
def served() -> Iterator[Sandbox]:
    with Sandbox(demo=60, clock=datetime.fromisoformat(NOW)) as sandbox:
        yield sandbox


@pytest.fixture
def fresh(served: Sandbox, tmp_path: Path) -> Company:
    """Give an empty folder over CRMs in which nobody has done anything."""
    served.run(lambda: setattr(served.world, "options", Options()))
    served.set_faults()
    served.reset()
    folder = tmp_path / "acme"
    folder.mkdir()
    return Company(folder, served)


@pytest.fixture
def company(fresh: Company) -> Company:
    """Give a company with its files and its custom fields."""
    fresh.write_files()
    assert fresh.run("provision", "--apply").code == 0
    return fresh


@pytest.fixture(scope="package")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """Give a company that has read its CRMs, to be left as it is; two of its leads share an address."""
    with Sandbox(demo=60, clock=datetime.fromisoformat(NOW)) as sandbox:
        sandbox.load("salesforce.Lead", _TWINS)
        folder = tmp_path_factory.mktemp("known") / "acme"
        folder.mkdir()
        company = Company(folder, sandbox)
        company.write_files()
        assert company.run("provision", "--apply").code == 0
        assert company.run("plan", "--now", NOW).code == 0
        yield company
