"""Whatever a user can type, set, catch or import is documented, and what the documents name exists."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import BaseModel

import crmbridge
import crmbridge.errors
from crmbridge.cli.app import app
from crmbridge.settings import HubSpotSettings, SalesforceSettings, Settings
from tests.docs.cli_reference import PAGE, commands, example, options, page

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = sorted([ROOT / "README.md", *ROOT.joinpath("docs").glob("*.md"), *ROOT.glob("examples/**/*.md")])
SOURCES = sorted((ROOT / "src" / "crmbridge").rglob("*.py"))
COMMANDS = dict(commands())


def typed(text: str) -> list[str]:
    """Find the commands of a document: indented or fenced lines, and inline code, up to a comment."""
    blocks = re.findall(r"^(?: {4}|\$ )(crmbridge [a-z].*)$", text, re.MULTILINE)
    inline = re.findall(r"`(crmbridge [a-z][^`\n]*)`", text)
    return [line.split(" #")[0].strip() for line in [*blocks, *inline]]


def parse(words: list[str]) -> None:
    """Let the command line read a command without carrying it out; raises on what it does not know."""
    group: Any = typer.main.get_command(app)
    context = group.make_context("crmbridge", list(words), resilient_parsing=False)
    while hasattr(group, "commands"):
        name, group, rest = group.resolve_command(context, [*context._protected_args, *context.args])
        if rest == [] and hasattr(group, "commands"):
            return
        context = group.make_context(name, rest, parent=context)


def written() -> list[tuple[str, str]]:
    return [(path.name, line) for path in PAGES for line in typed(path.read_text("utf-8"))]


def test_the_documents_show_commands() -> None:
    assert len(written()) > 20


@pytest.mark.parametrize(("where", "line"), [pytest.param(*item, id=" ".join(item)) for item in written()])
def test_every_command_that_a_document_shows_exists(where: str, line: str) -> None:
    words = shlex.split(
        re.sub(r"COMMAND.*|…", "", line).replace("--now", "--now 2026-11-21 #"), comments=True
    )[1:]
    names = [name.split()[1:] for name in COMMANDS]
    assert any(words[: len(name)] == name or name[: len(words)] == words for name in names), where
    known = {word for name in COMMANDS for item in options(COMMANDS[name]) for word in item.opts}
    assert {word for word in words if word.startswith("-")} <= known | {"--help"}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_with_an_example_that_is_accepted(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = shlex.split(example(COMMANDS[name]))
    assert words[: len(name.split())] == name.split()
    parse(words[1:])
    assert all(item.help for item in options(COMMANDS[name]))


def test_the_page_of_the_command_line_is_current() -> None:
    """Bring it up to date with ``python -m tests.docs.cli_reference``."""
    assert PAGE.read_text("utf-8") == page()


def settings() -> list[str]:
    sections: dict[str, type[BaseModel]] = {"HUBSPOT": HubSpotSettings, "SALESFORCE": SalesforceSettings}
    names = [f"{section}__{name.upper()}" for section, made in sections.items() for name in made.model_fields]
    own = {"alerts": "ALERTS__<NAME>"}  # named by the company
    return [*names, *(own.get(n, n.upper()) for n in Settings.model_fields if n.upper() not in sections)]


@pytest.mark.parametrize("name", settings())
def test_every_setting_is_in_the_readme(name: str) -> None:
    assert f"`CRMBRIDGE_{name}`" in README


@pytest.mark.parametrize("name", sorted(set(re.findall(r"CRMBRIDGE_[A-Z]+(?:__?[A-Z]+)+", README))))
def test_every_variable_of_the_readme_is_a_setting(name: str) -> None:
    assert re.sub(r"^CRMBRIDGE__ACME__", "CRMBRIDGE_", name).removeprefix("CRMBRIDGE_") in settings()


@pytest.mark.parametrize(
    "name",
    sorted(
        name
        for name, found in vars(crmbridge.errors).items()
        if inspect.isclass(found) and issubclass(found, crmbridge.errors.CrmBridgeError)
    ),
)
def test_every_error_is_explained_with_what_to_do(name: str) -> None:
    assert re.search(rf"^\| \**`{name}`", (ROOT / "docs" / "errors.md").read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("name", crmbridge.__all__)
def test_every_public_name_can_be_imported_and_says_what_it_is(name: str) -> None:
    found = getattr(crmbridge, name)
    assert inspect.getdoc(found)
    assert name in dir(crmbridge)


def test_the_public_names_are_those_that_are_declared_for_type_checkers() -> None:
    assert crmbridge.__all__ == sorted(crmbridge.__all__)
    declared = {
        alias.name
        for node in ast.walk(ast.parse(inspect.getsource(crmbridge)))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("crmbridge.")
        for alias in node.names
    }
    assert set(crmbridge.__all__) == declared
    with pytest.raises(AttributeError, match="no attribute 'Brigde'"):
        crmbridge.Brigde  # noqa: B018 - that it cannot be had is the point


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_what_it_is_for(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not text.strip() or ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_inside_the_project_leads_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text)
    assert [link for link in links if not path.parent.joinpath(link).exists()] == []


def test_the_modules_that_documents_name_exist() -> None:
    for name in set(re.findall(r"`(crmbridge(?:\.[a-z_]+)+)`", "".join(map(Path.read_text, PAGES)))):
        importlib.import_module(name)
