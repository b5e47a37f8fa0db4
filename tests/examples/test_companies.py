"""The two example companies as they stand, on the demo accounts: check, plan, apply, plan nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from crmbridge.sandbox import Sandbox
from tests.cli.company import NOW, Company, crmbridge

EXAMPLES = Path(__file__).parents[2] / "examples" / "companies"
#: Example -> the CRMs that the company uses.
CRMS = {"nine_stages": ("hubspot", "salesforce"), "small": ("hubspot",)}


class Telling(Company):
    """The company, whose messages go to an address at which nobody listens."""

    def environ(self, **changed: str) -> dict[str, str]:
        names = ("sales_channel", "marketing_channel", "team")
        hooks = {f"CRMBRIDGE_ALERTS__{name}".upper(): "json://127.0.0.1:1" for name in names}
        return {**super().environ(**changed), **hooks}


#: Apprise looks at pictures with it.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")


@pytest.fixture(params=CRMS)
def company(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Company]:
    with Sandbox(demo=30, clock=datetime.fromisoformat(NOW)) as sandbox:
        folder = Path(shutil.copytree(EXAMPLES / request.param, tmp_path / request.param))
        yield Telling(folder, sandbox, CRMS[request.param])


def test_the_company_goes_from_check_to_a_plan_with_nothing_to_do(company: Company) -> None:
    """S5: stage count and words are the company's own; S44: one inbox, or S45: straight to reps."""
    assert company.run("provision", "--apply").code == 0
    assert company.run("plan", "--now", NOW).code == 0  # now the owners are known
    checked = company.run("check", "--json")
    assert checked.code == 0, checked.json
    plan = company.folder / "first.plan"
    planned = company.run("plan", "--now", NOW, "--out", str(plan), "--json").json
    assert planned["handed_off"] > 0
    assert company.run("apply", str(plan)).code == 0
    assert company.run("plan", "--json", "--now", NOW).json["changes"] == []
    linted = company.run("lint", "--json", "--now", NOW).json
    assert (linted["errors"], linted["warnings"]) == (0, 0), linted["findings"]


@pytest.mark.parametrize("name", CRMS)
def test_the_company_can_be_looked_at_without_any_account(name: str) -> None:
    """S94: the chart is drawn from the live configuration."""
    folder = EXAMPLES / name
    found = crmbridge("lint", "-C", str(folder), "--json")
    assert (found.code, json.loads(found.out)["errors"]) == (0, 0)
    drawn = crmbridge("chart", "-C", str(folder), "--format", "svg")
    assert drawn.code == 0
    assert drawn.out.startswith("<svg")
    assert not folder.joinpath("ledger.db").exists()
