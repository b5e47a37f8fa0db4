"""Where everything that a mapping asks for is found: resolved once, before any row is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crmbridge.csv_in.columns import AMOUNT, MOMENT, TEXT, Columns, Source
from crmbridge.csv_in.spec import MOMENTS, REASONS, Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where each thing that is asked for is found."""

    stage: Source | None
    present: tuple[tuple[Source, str], ...]
    #: (stage, source, whether several stages share the column).
    dates: tuple[tuple[str, Source, bool], ...]
    #: Table -> the stage that a row in it means.
    by_file: Mapping[int, str]
    moments: Mapping[str, Source]
    #: Role off the way -> where its reason stands.
    reasons: Mapping[str, Source]
    amount: Source | None
    currency: Source | None
    score: Source | None
    dimensions: Mapping[str, Source]

    @classmethod
    def of(cls, spec: Spec, columns: Columns) -> Sources:
        """Resolve everything that a mapping asks for; what is not there is noted in ``spec.place``."""
        fields = spec.fields

        def find(name: str, how: str = TEXT) -> Source | None:
            return columns.find(fields[name], how) if name in fields else None

        shared = [column.name for _, column in spec.dates]
        moments = {name: find(name, MOMENT) for name in MOMENTS}
        reasons = {role: find(name) or find("reason") for name, role in REASONS.items()}
        return cls(
            stage=None if spec.stage_column is None else columns.find(spec.stage_column, TEXT),
            present=tuple((columns.find(column, TEXT), stage) for column, stage in spec.present),
            dates=tuple(
                (stage, columns.find(column, MOMENT), shared.count(column.name) > 1)
                for stage, column in spec.dates
            ),
            by_file=_by_file(spec, columns),
            moments={name: source for name, source in moments.items() if source is not None},
            reasons={role: source for role, source in reasons.items() if source is not None},
            amount=find("amount", AMOUNT),
            currency=find("currency"),
            score=find("score", AMOUNT),
            dimensions={name: columns.find(column, TEXT) for name, column in spec.dimensions.items()},
        )


def _by_file(spec: Spec, columns: Columns) -> dict[int, str]:
    stages = {file.name: file.stage for file in spec.files if file.stage is not None}
    for file in spec.files:
        if file.stage is not None and file.rows not in ("leads", "details"):
            file.place.at("stage").refuse("belongs to files of leads or details")
    return {
        place: stages[file.name]
        for place, table in enumerate(columns.tables)
        for file in table.files
        if file.name in stages
    }
