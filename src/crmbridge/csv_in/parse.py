"""A mapping file of CSV files -> ``Spec``, with every problem at once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crmbridge.csv_in.shape import FILE, OF_ROWS, SHAPE
from crmbridge.csv_in.spec import KINDS, MOMENTS, TOUCHES, Column, File, Format, Spec, meaning
from crmbridge.errors import ConfigError, Problem
from crmbridge.mapping_file.checks import Place, check_shape, nearest
from crmbridge.metrics.steps import ROLES, WAY


def load_spec(path: Path, given: Sequence[Path] = (), roles: Mapping[str, str] | None = None) -> Spec:
    """Read a mapping of CSV files.

    Args:
        given: The files, or one folder with them, instead of the paths that the mapping names: by name
            where every name is one of the mapping's, else in the mapping's order.
        roles: Stage -> role, from the company's process; None: from the mapping alone.

    Raises:
        ConfigError: with every problem of the mapping.
    """
    place = Place(path.name)
    data = _toml(path)
    checked = check_shape(SHAPE, data, place)
    files = _files(checked, place, path.parent, given)
    spec = None if place.problems else _spec(checked, place, files, roles or {})
    if place.problems or spec is None:
        raise ConfigError(place.problems)
    return spec


def _toml(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        message = f"cannot be read: {error.strerror or type(error).__name__}"
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 at byte {error.start}"
    except ValueError as error:
        message = f"is no TOML: {error}"
    raise ConfigError([Problem(path.name, "", message)])


# files -----------------------------------------------------------------------------------------------
def _files(checked: Mapping[str, Any], place: Place, folder: Path, given: Sequence[Path]) -> tuple[File, ...]:
    general, here = checked.get("csv", {}), place.at("csv").at("files")
    listed = general.get("files", [path.name for path in given if not path.is_dir()])
    if not isinstance(listed, list) or not listed:
        here.refuse("must be a list of files", 'such as files = ["leads.csv", { path = "deals.csv", … }]')
        return ()
    tables = [_table(item, here.at(number)) for number, item in enumerate(listed)]
    paths = _paths(tables, folder, given, here)
    keys = checked.get("key", {})
    # "": the row itself is the lead; only a file that nothing is joined with can do without a key.
    alone = "" if keys.get("row") and len(listed) == 1 else None
    general = {**general, "key": keys.get("column", alone)}
    return tuple(
        _file(table, path, general, here.at(number))
        for number, (table, path) in enumerate(zip(tables, paths, strict=True))
    )


def _table(item: Any, place: Place) -> dict[str, Any]:
    if isinstance(item, str):
        return {"path": item}
    table = check_shape(FILE, item, place)
    if not table.get("path") and not table.get("name"):
        place.refuse("path is missing")
    return table


def _paths(
    tables: Sequence[Mapping[str, Any]], folder: Path, given: Sequence[Path], place: Place
) -> list[Path]:
    named = [Path(table.get("path") or f"{table.get('name')}.csv") for table in tables]
    if not given:
        return [folder / path for path in named]
    if len(given) == 1 and given[0].is_dir():
        return [given[0] / path.name for path in named]
    by_name = {path.name: path for path in given}
    if all(path.name in by_name for path in named) and len(given) == len(named):
        return [by_name[path.name] for path in named]
    if len(given) != len(named):
        place.refuse(f"{len(named)} files are declared and {len(given)} are given", "give all, in this order")
        return [folder / path for path in named]
    return list(given)


def _file(table: Mapping[str, Any], path: Path, general: Mapping[str, Any], place: Place) -> File:
    is_first = place.key.endswith("[0]")
    rows = table.get("rows") or ("leads" if is_first else "details")
    own = table.get("key") or general["key"]
    if own is None:
        place.refuse(
            "no key column is declared", "write [key] column = …, or key = … here; row = true for one file"
        )
    _check_rows(table, rows, place)
    if is_first and rows not in ("leads", "history"):
        place.at("rows").refuse("the first file must be the leads, or a history")
    return File(
        place=place,
        name=table.get("name") or path.stem,
        path=path,
        rows=rows,
        key=own or "",
        on=table.get("on"),
        format=_format({**general, **table}),
        only={name: frozenset(values) for name, values in table.get("only", {}).items() if values},
        stage=table.get("stage"),
        more={name: table[name] for name in OF_ROWS.get(rows, ()) if name in table},
    )


def _check_rows(table: Mapping[str, Any], rows: str, place: Place) -> None:
    for kind, names in OF_ROWS.items():
        for name in names:
            if name in table and kind != rows and name not in OF_ROWS.get(rows, ()):
                place.at(name).refuse(f"belongs to files with rows = {kind!r}")
    if "on" in table and rows != "details":
        place.at("on").refuse("belongs to files with rows = 'details'")
    if rows in ("activities", "history") and "at" not in table:
        place.refuse("at is missing: the column with the moment")
    if rows == "activities" and not ("kind" in table or "kind_column" in table):
        place.refuse("kind or kind_column is missing", f"kinds: {', '.join(KINDS)}")
    if rows == "history" and "value" not in table:
        place.refuse("value is missing: the column with the stage")
    if rows == "deals" and "won" not in table:
        place.refuse("won is missing: the values of state that mean won, or true")
    if rows == "deals" and "won" in table and table["won"] is not True and "state" not in table:
        place.refuse("state is missing: the column whose values won, lost and open list")


def _format(table: Mapping[str, Any]) -> Format:
    header = table.get("header", True)
    return Format(
        encoding=table.get("encoding") or "utf-8",
        delimiter=table.get("delimiter") or ",",
        header=None if header is True else header,
        date_formats=table.get("date_format") or (),
        decimal=table.get("decimal") or ".",
        thousands=table.get("thousands") or "",
        missing=frozenset(text.strip() for text in table.get("missing") or ()),
        timezone=table.get("timezone") or "UTC",
    )


# the rest --------------------------------------------------------------------------------------------
def _spec(
    checked: Mapping[str, Any], place: Place, files: tuple[File, ...], roles: Mapping[str, str]
) -> Spec:
    fields = {
        name: _column(table, place.at("fields").at(name)) for name, table in checked.get("fields", {}).items()
    }
    dates = {
        name: _column(table, place.at("dates").at(name)) for name, table in checked.get("dates", {}).items()
    }
    for name in MOMENTS:
        if name in dates:
            fields[name] = dates.pop(name)
    by_value = "stage" in fields or "status" in fields or any(file.rows == "history" for file in files)
    values, present = _stages(checked.get("stages", {}), place.at("stages"), by_value=by_value)
    told = checked.get("report", {})
    named = [*(s for s in values.values() if s), *(s for _, s in present), *dates]
    named += [file.stage for file in files if file.stage]
    stages = _meanings(dict.fromkeys(named), {**roles, **checked.get("roles", {})}, place)
    if any(file.rows == "deals" for file in files):
        known = set(stages.values())
        stages |= {role: role for role in ("opportunity", "customer") if role not in known}
    touches = frozenset(KINDS[name] for name in told.get("touches", ()) if name in KINDS)
    return Spec(
        place=place,
        files=files,
        key_names=checked.get("key", {}).get("names"),
        fields=fields,
        values=values,
        present=present,
        dates=tuple(dates.items()),
        reasons=checked.get("reasons", {}),
        kinds={raw: KINDS[kind] if kind else None for raw, kind in checked.get("kinds", {}).items()},
        stages=_ordered(stages),
        touches=touches or TOUCHES,
        currency=checked.get("csv", {}).get("currency"),
        report=told,
    )


def _column(table: Mapping[str, Any], place: Place) -> Column:
    return Column(place, table["column"], table.get("date_format") or ())


def _stages(
    table: Mapping[str, Any], place: Place, *, by_value: bool
) -> tuple[dict[str, str | None], tuple[tuple[Column, str], ...]]:
    """Tell values of the stage column from columns whose presence means a stage."""
    values: dict[str, str | None] = {}
    present: list[tuple[Column, str]] = []
    for raw, stage in table.items():
        if isinstance(stage, Mapping):
            present.append((Column(place.at(raw), raw), stage["stage"]))
        elif by_value:
            values[raw.strip()] = stage or None
        elif stage is False:
            place.at(raw).refuse("false says that a value means nothing: there is no stage column")
        else:
            present.append((Column(place.at(raw), raw), stage))
    return values, tuple(present)


def _meanings(names: Mapping[str, Any], roles: Mapping[str, str], place: Place) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        role = roles.get(name) or meaning(name)
        if role is None:
            hint = f'say what it means: [roles] "{name}" = one of {", ".join(ROLES)}'
            place.at("stages").refuse(f"stage {name!r} has no meaning", nearest(name, roles) or hint)
        else:
            found[name] = role
    for name in roles.keys() - names.keys():
        if roles[name] in WAY and not names:
            found[name] = roles[name]
    return found


def _ordered(stages: Mapping[str, str]) -> dict[str, str]:
    """Put the stages in the order of the way; a way of one step gets its beginning: being a lead."""
    if sum(role in WAY for role in stages.values()) < 2 and "lead" not in stages.values():
        stages = {"lead": "lead", **stages}
    return dict(sorted(stages.items(), key=lambda item: ROLES.index(item[1])))
