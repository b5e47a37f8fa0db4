"""What every test may rely on: nobody's settings around it, and the logging of no other test."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

# CI looks for regressions: the same examples every time. Developers' runs look for new failures.
settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI") == "true":
    settings.load_profile("ci")


@pytest.fixture(autouse=True)
def clean_surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take settings out of the environment, and put logging back afterwards."""
    for name in os.environ:
        if name.startswith("CRMBRIDGE_") and not name.startswith("CRMBRIDGE_TEST_"):
            monkeypatch.delenv(name)
    yield
    structlog.reset_defaults()
