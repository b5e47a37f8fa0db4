"""CSV files -> journeys, by a mapping that declares everything: what is not declared is not guessed.

Used by ``crmbridge report --from-csv`` and ``crmbridge backfill --from-csv``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from crmbridge.csv_in.columns import Columns
from crmbridge.csv_in.journeys import Teller
from crmbridge.csv_in.load import Loader
from crmbridge.csv_in.loaded import Loaded
from crmbridge.csv_in.parse import load_spec
from crmbridge.csv_in.rows import Rejects, opened
from crmbridge.csv_in.sources import Sources
from crmbridge.csv_in.spec import Spec
from crmbridge.errors import ConfigError
from crmbridge.journey import Journey
from crmbridge.metrics import Outline, Quota, Rows, Terms
from crmbridge.model import Activity, ActivityKind, Direction

__all__ = ["CsvIn", "read_csv", "reading_csv"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvIn:
    """Files that were read and joined."""

    spec: Spec
    loaded: Loaded = field(repr=False)
    sources: Sources = field(repr=False)
    #: What became of the rows; its notes are complete once the journeys were told.
    rows: Rows
    rejects: Rejects = field(repr=False)

    @property
    def outline(self) -> Outline:
        """Give the stages that the mapping declares."""
        return Outline.of(self.spec.stages)

    def journeys(self) -> Iterator[Journey]:
        """Tell one journey per lead, in the order of the files."""
        self.loaded.notes.clear()
        self.loaded.notes.update(self.rows.notes)
        yield from Teller(self.loaded, self.sources)
        self.rows.notes.update(self.loaded.notes - self.rows.notes)

    def fault(self, key: str) -> str | None:
        """Say what is wrong with the rows of a lead; None: nothing, or they were read strictly."""
        return self.loaded.faults.get(self.loaded.index[key])

    def has_history(self, key: str) -> bool:
        """Tell whether a file of rows = "history" tells of a lead."""
        return self.loaded.index[key] in self.loaded.history

    def refuse(self, key: str, reason: str) -> None:
        """Leave out all rows of a lead: they go together. Only while the files are open."""
        for file, line, row in self.loaded.lines.pop(self.loaded.index[key], ()):
            self.rejects.skip(file, line, row, reason)

    def terms(self, as_of: datetime | None = None) -> Terms:
        """Give the terms of a report over these files.

        Args:
            as_of: None: ``as_of`` of the mapping, else the latest moment in the files: later than that
                nobody looked.
        """
        told = self.spec.report
        zone = ZoneInfo(self.spec.files[0].format.timezone)
        default = Terms(as_of=as_of or _moment(told.get("as_of"), zone) or self._latest())
        hours = told.get("sla_hours")
        return Terms(
            as_of=default.as_of,
            dimensions=told.get("by"),
            period=told.get("period") or default.period,
            windows={
                **default.windows,
                **{role: int(days) for role, days in told.get("windows", {}).items()},
            },
            zone=zone,
            close_from=told.get("close_from"),
            is_touch=self._is_touch,
            target=None if hours is None else lambda _: float(hours) * 3600,
            quotas=tuple(_quota(name, table) for name, table in told.get("quota", {}).items()),
        )

    def _latest(self) -> datetime:
        return self.loaded.latest or datetime(1970, 1, 1, tzinfo=UTC)

    def _is_touch(self, activity: Activity) -> bool:
        if activity.direction is Direction.INBOUND:
            return False
        return activity.kind in self.spec.touches or (
            activity.kind is ActivityKind.UNKNOWN and activity.raw_kind == "first_touch_at"
        )


def read_csv(
    mapping: Path,
    files: Sequence[Path] = (),
    *,
    rejects: Path | None = None,
    roles: Mapping[str, str] | None = None,
) -> CsvIn:
    """Read and join the files of a mapping.

    Args:
        mapping: A TOML file as docs/report.md describes it.
        files: Instead of the paths that the mapping names; or one folder that holds them.
        rejects: Where to keep the skipped rows with their reasons; an existing file is replaced.
        roles: Stage -> role from the company's process.

    Raises:
        ConfigError: with every problem of the mapping, or of the files under it.
    """
    with reading_csv(mapping, files, rejects=rejects, roles=roles, strict=True) as found:
        return found


@contextmanager
def reading_csv(
    mapping: Path,
    files: Sequence[Path] = (),
    *,
    rejects: Path | None = None,
    roles: Mapping[str, str] | None = None,
    strict: bool = False,
) -> Iterator[CsvIn]:
    """Read and join files as `read_csv` does, and keep the file of rejects open for more of them.

    Args:
        strict: Refuse all files for one value that does not fit; otherwise ``CsvIn.fault`` tells of it.
    """
    spec = load_spec(mapping, files, roles)
    columns = Columns(spec, _headers(spec))
    sources = Sources.of(spec, columns)
    _check_report(spec)
    columns.refuse(spec)
    named = set(columns.columns.values())
    shown = named.pop() if len(named) == 1 else ("cells",)
    with Rejects.into(rejects, [mapping, *(file.path for file in spec.files)], shown) as kept:
        loaded = Loader(spec, columns, kept, strict=strict).load()
        rows = Rows(read=loaded.rows_in, skipped=kept.skipped, notes=loaded.notes.copy())
        yield CsvIn(spec=spec, loaded=loaded, sources=sources, rows=rows, rejects=kept)


def _headers(spec: Spec) -> dict[str, tuple[str, ...]]:
    """Read the columns of every file; what is wrong with any of them is told at once."""
    found: dict[str, tuple[str, ...]] = {}
    problems = list(spec.place.problems)
    for file in spec.files:
        try:
            with opened(file) as table:
                found[file.name] = table.columns
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return found


def _check_report(spec: Spec) -> None:
    """Compare what [report] names with what there is."""
    place, told = spec.place.at("report"), spec.report
    for number, name in enumerate(told.get("by") or ()):
        if name not in spec.dimensions:
            place.at("by").at(number).refuse(f"there is no field {name!r}", "declare it under [fields]")
    if (stage := told.get("close_from")) is not None and stage not in spec.stages:
        place.at("close_from").refuse(f"there is no stage {stage!r}", f"stages: {', '.join(spec.stages)}")
    for name, table in told.get("quota", {}).items():
        for key in ("period", "target"):
            if table.get(key) is None:
                place.at("quota").at(name).refuse(f"{key} is missing")


def _quota(measure: str, table: Mapping[str, Any]) -> Quota:
    begins = table.get("begins")
    return Quota(
        measure=measure,
        period=table["period"],
        target=table["target"],
        targets=table.get("targets") or {},
        begins=begins.date() if isinstance(begins, datetime) else begins,
        carry_over=table.get("carry_over", True),
        carry_surplus=table.get("carry_surplus", False),
    )


def _moment(told: date | None, zone: ZoneInfo) -> datetime | None:
    """Read a day as its end, so that the day itself counts."""
    if told is None:
        return None
    if isinstance(told, datetime):
        return told if told.tzinfo is not None else told.replace(tzinfo=zone)
    return datetime.combine(told, time.max, zone)
