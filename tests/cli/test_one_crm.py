"""A company that uses only one of the two CRMs sets only that one's variables."""

from __future__ import annotations

import pytest

from tests.cli.company import NOW, Company


@pytest.mark.parametrize(("used", "other"), [("hubspot", "salesforce"), ("salesforce", "hubspot")])
def test_a_company_with_one_crm_goes_all_the_way_and_never_calls_the_other(
    fresh: Company, used: str, other: str
) -> None:
    fresh.crms = (used,)
    assert fresh.run("init").code == 0
    assert other not in fresh.folder.joinpath("mapping.toml").read_text("utf-8")
    fresh.write_files()
    fresh.change_process("threshold = 60.0", "threshold = 40.0")  # one CRM knows less of everybody
    assert fresh.run("provision", "--apply").code == 0
    assert fresh.run("check").code == 0
    first = fresh.run("sync", "--json", "--now", NOW)
    assert first.code == 0
    assert {change["crm"] for change in first.json["changes"]} == {used}
    assert first.json["api_calls"].keys() == {used}
    assert first.json["handed_off"] > 0
    assert fresh.run("sync", "--json", "--now", NOW).json["change_count"] == 0
    assert fresh.sandbox.calls()[other] == 0
