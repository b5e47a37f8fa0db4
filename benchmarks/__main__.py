"""``python -m benchmarks [case …] [--json] [--quick]``: every goal with its figure, met or not."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from os import cpu_count
from subprocess import CalledProcessError
from typing import Any

from benchmarks.measure import Line, in_child

#: Case -> where it is; each runs in a process of its own.
CASES: Mapping[str, str] = {
    "G1": "case_calls:idle",
    "G2": "case_calls:full_read",
    "G3": "case_calls:writes",
    "G4": "case_calls:changed",
    "G5": "case_read:extract",
    "G6": "case_plan:one_crm",
    "G7": "case_plan:two_crms",
    "G8": "case_decide:run",
    "G11": "case_read:official",
    "G12": "case_memory:run",
    "G14": "case_read:connections",
    "G15": "case_ledger:run",
    "G16": "case_logs:log_lines",
    "G19": "case_import:run",
    "G21": "case_report:run",
    "SLA": "case_sla:run",
    "B1": "case_backfill:run",
    "SB": "case_sandbox:run",
    "R1": "case_replay:run",
}
_PACKAGES = (
    "crmbridge",
    "hubspot-api-client",
    "simple-salesforce",
    "msgspec",
    "sqlalchemy",
    "phonenumbers",
    "zen-engine",
)
_MARKS = {True: "met", False: "NOT MET", None: ""}
_WIDTH = 92


def main() -> int:
    """Run the cases; the exit code says nothing about goals, only whether a case broke."""
    options = _parsed()
    unknown = [name for name in options.cases if name not in CASES]
    if unknown:
        print(f"unknown case {', '.join(unknown)}; there are {', '.join(CASES)}", file=sys.stderr)
        return 2
    lines: list[Line] = []
    for line in _measured(options.cases or CASES, quick=options.quick):
        lines.append(line)
        if not options.json:
            print(_text(line), flush=True)
    if options.json:
        print(json.dumps({"about": _about(quick=options.quick), "lines": [asdict(line) for line in lines]}))
    else:
        _conclude(lines, _about(quick=options.quick))
    return 1 if any(line.limit == "no error" for line in lines) else 0


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="case", help=f"any of {', '.join(CASES)}; default: all")
    parser.add_argument("--json", action="store_true", help="one document instead of lines")
    parser.add_argument("--quick", action="store_true", help="small sizes and few rounds: under a minute")
    return parser.parse_args()


def _measured(cases: Iterable[str], *, quick: bool) -> Iterator[Line]:
    # Quick figures are a smoke test: two cases share the machine, as ratios mostly survive.
    with ThreadPoolExecutor(max_workers=2 if quick else 1) as pool:
        for lines in pool.map(lambda name: _case(name, quick=quick), cases):
            yield from lines


def _case(name: str, *, quick: bool) -> list[Line]:
    try:
        return [Line(**line) for line in in_child(CASES[name], quick=quick)]
    except CalledProcessError:
        # Its traceback is on stderr already; the other cases still have something to say.
        return [Line(goal=name, what="the case broke", figure="", limit="no error", met=False)]


def _text(line: Line) -> str:
    goal = f"{line.limit}  {_MARKS[line.met]}".strip()
    return f"{line.goal:<4} {line.what:<{_WIDTH}} {line.figure}" + (f"   [{goal}]" if goal else "")


def _conclude(lines: Iterable[Line], about: Mapping[str, Any]) -> None:
    gates = [line for line in lines if line.met is not None]
    missed = [line for line in gates if not line.met]
    print(f"\n{len(gates) - len(missed)} of {len(gates)} goals met. " + ", ".join(map(str, about.values())))


def _about(*, quick: bool) -> dict[str, str]:
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": f"{cpu_count()} CPUs, {platform.system()} {platform.machine()}",
        "python": f"Python {platform.python_version()}",
        "versions": versions,
        "size": "quick" if quick else "full",
    }


if __name__ == "__main__":
    sys.exit(main())
