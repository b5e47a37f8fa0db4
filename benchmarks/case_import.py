"""G19: the time of an import. Nothing of the package is imported here before it is measured."""

from __future__ import annotations

import sys
from importlib import import_module
from time import process_time

from benchmarks.measure import Line, gated, in_child, shown

_ROUNDS = 7
#: What nobody may pay for who only imports the package.
_HEAVY = ("hubspot", "simple_salesforce", "sqlalchemy", "phonenumbers", "babel", "pycountry", "tldextract")
#: What a host writes: the package alone, and the class that it embeds.
_NAMES = ("", "Bridge")


def run(*, quick: bool) -> list[Line]:
    """G19: CPU of ``import crmbridge`` beyond that of the libraries which it needs at once."""
    rounds = 2 if quick else _ROUNDS
    lines: list[Line] = []
    for name in _NAMES:
        libraries: list[str] = in_child("case_import:needed", name=name)
        alone = min(in_child("case_import:imported", name=name, first=[]) for _ in range(rounds))
        after = min(in_child("case_import:imported", name=name, first=libraries) for _ in range(rounds))
        text = f"from crmbridge import {name}" if name else "import crmbridge"
        what = f"{text}, after its {len(libraries)} libraries"
        lines.append(gated("G19", what, after * 1000, 50.0, "ms"))
        lines.append(Line(goal="G19", what="… with them", figure=shown(alone * 1000, "ms")))
        lines.append(Line(goal="G19", what=f"… {', '.join(libraries) or 'no library at all'}", figure=""))
        heavy = ", ".join(sorted(set(_HEAVY) & set(libraries)))
        what = f"{text}: SDKs, databases and normalisers loaded by it"
        lines.append(Line(goal="G19", what=what, figure=heavy or "none", limit="none", met=not heavy))
    return lines


def needed(name: str) -> list[str]:
    """Name the third-party packages that the import loads."""
    before = set(sys.modules)
    _import(name)
    tops = {name.partition(".")[0] for name in set(sys.modules) - before}
    found = tops - sys.stdlib_module_names - {"crmbridge"}
    return sorted(top for top in found if not top.startswith("_"))


def imported(name: str, first: list[str]) -> float:
    """Give the CPU seconds of the import, after others."""
    for library in first:
        import_module(library)
    started = process_time()
    _import(name)
    return process_time() - started


def _import(name: str) -> None:
    package = import_module("crmbridge")
    if name:
        getattr(package, name)
