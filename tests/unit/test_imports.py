"""Imports point inward: a module may only import what stands left of it in architecture.md §3."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "crmbridge"

#: Layer -> the crmbridge modules it may import, by first dotted part. A layer may always import itself.
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "model": set(),
    "codec": {"model"},
    "journey": {"model"},
    "metrics": {"journey", "model"},
    "recording": {"journey", "model", "twins"},
    "twins": set(),
    "process": {"errors", "model", "twins"},
    "safety": {"model"},
    "webhooks": {"model"},
    "outbox": {"ports"},  # for its type alone
    "handoff": {"model", "outbox", "process"},
    "notices": {"model", "outbox", "process"},
    "standing": {"model", "twins"},
    "ports": {"errors", "history", "journey", "model", "outbox", "safety", "seen", "standing"},
    "seen": {"codec", "model"},
    "replay": {"asof", "errors", "journey", "metrics", "model", "process", "seen", "timeline", "twins"},
    "chart": {"model", "process"},
    "lists": {"chunks", "identity", "model", "ports", "standing"},
    "report": {"chart", "lists", "metrics"},
    "comparing": {"identity", "mapping", "model", "ports", "process", "unify"},
    "history": {"model"},
    "planfile": {"codec", "errors", "model"},
    "guards": {"errors", "planfile", "ports", "process"},
    "accounts": {"errors", "ports", "process"},
    "identity": {"model", "ports", "twins"},
    "unify": {"identity", "model", "normalise", "ports", "twins"},
    "desired": {"model", "standing"},
    "plan": {"desired", "identity", "model", "ports", "safety", "twins", "unify"},
    "timeline": {"history", "identity", "journey", "model", "ports", "process", "unify"},
    "asof": {"history", "journey", "model", "process", "timeline", "twins"},
    "normalise": {"model", "errors"},
    "object_map": {"errors", "model", "normalise", "ports"},
    "mapping_file": {"errors", "model", "normalise", "object_map", "ports"},
    "mapping": {"errors", "mapping_file", "model", "normalise", "object_map", "ports"},
}
CORE = set(ALLOWED)
#: No SDK, no HTTP, no database, no settings and no logging in the pure core.
FORBIDDEN = {
    "hubspot",
    "simple_salesforce",
    "requests",
    "urllib3",
    "sqlalchemy",
    "pydantic_settings",
    "structlog",
}


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (
                [f"crmbridge.{alias.name}" for alias in node.names]
                if node.module == "crmbridge"
                else [node.module]
            )


def layer(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_inward(path: Path) -> None:
    mine = layer(path)
    for name in imported(path):
        parts = name.split(".")
        if parts[0] == "crmbridge" and len(parts) > 1 and mine in ALLOWED:
            assert parts[1] in ALLOWED[mine] | {mine}, f"{mine} may not import {name}"


@pytest.mark.parametrize(
    "path",
    [path for path in modules() if layer(path) in CORE],
    ids=lambda path: str(path.relative_to(SOURCE)),
)
def test_the_core_knows_no_sdk_no_io_and_no_settings(path: Path) -> None:
    assert not FORBIDDEN & {name.split(".")[0] for name in imported(path)}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_an_sdk_is_imported_in_its_own_adapter_only(path: Path) -> None:
    homes = {"hubspot": "adapters/hubspot", "simple_salesforce": "adapters/salesforce"}
    where = path.relative_to(SOURCE).as_posix()
    for name in imported(path):
        home = homes.get(name.split(".")[0])
        assert home is None or where.startswith(home), f"{name} belongs into {home}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_nobody_but_the_registry_imports_an_adapter(path: Path) -> None:
    if layer(path) == "adapters":
        return
    concrete = ("crmbridge.adapters.hubspot", "crmbridge.adapters.salesforce")
    assert not [name for name in imported(path) if name.startswith(concrete)]


@pytest.mark.parametrize("path", sorted((SOURCE / "sandbox").rglob("*.py")), ids=lambda path: path.name)
def test_the_sandbox_is_an_independent_opinion(path: Path) -> None:
    ours = [name for name in imported(path) if name.startswith("crmbridge.")]
    assert not [name for name in ours if name.split(".")[1] not in {"errors", "sandbox"}]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_only_cli_and_testing_import_the_sandbox(path: Path) -> None:
    if layer(path) in {"sandbox", "cli", "testing"}:
        return
    assert not [name for name in imported(path) if name.startswith("crmbridge.sandbox")]
