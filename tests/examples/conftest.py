"""The examples run on the same sandbox and company as the commands."""

from __future__ import annotations

from tests.cli.conftest import company, fresh, served, unhurried

__all__ = ["company", "fresh", "served", "unhurried"]
