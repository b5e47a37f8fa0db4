# ruff: noqa: S608 - schemas and tables are named here, values are none
"""Ledgers that were prepared once and are put back for every trial: SQLite by file, PostgreSQL by schema."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Protocol

import sqlalchemy
from sqlalchemy.engine import make_url


class Ledgers(Protocol):
    """Where trials keep their ledgers."""

    def url(self, slot: int) -> str:
        """Give the URL of the ledger of one of the trials that run at once."""

    def keep(self, slot: int, name: str) -> None:
        """Remember a slot's ledger as it is, under a name."""

    def put(self, name: str, slot: int) -> None:
        """Put a remembered ledger into a slot."""

    def clean(self) -> None:
        """Remove everything."""


def ledgers(url: str, folder: Path) -> Ledgers:
    """Choose by the URL; ``sqlite://`` keeps files in the folder."""
    if url.startswith("sqlite"):
        return _Files(folder)
    return _Schemas(url)


class _Files:
    """Ledgers in files of a temporary folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def url(self, slot: int) -> str:
        return f"sqlite:///{self._file(str(slot))}"

    def keep(self, slot: int, name: str) -> None:
        shutil.copy(self._file(str(slot)), self._file(name))

    def put(self, name: str, slot: int) -> None:
        for ending in ("-wal", "-shm"):  # of a trial that was killed
            self._folder.joinpath(f"{slot}.db{ending}").unlink(missing_ok=True)
        shutil.copy(self._file(name), self._file(str(slot)))

    def clean(self) -> None:
        pass

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.db"


class _Schemas:
    """Ledgers in schemas of a PostgreSQL database, named so that nobody else's is touched."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url).set(drivername="postgresql+psycopg")
        self._made: set[str] = set()

    def url(self, slot: int) -> str:
        schema = self._schema(str(slot))
        if schema not in self._made:
            self._run(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE', f'CREATE SCHEMA "{schema}"')
            self._made.add(schema)
        found = self._url.update_query_dict({"options": f"-csearch_path={schema}"})
        return found.render_as_string(hide_password=False)

    def keep(self, slot: int, name: str) -> None:
        kept, source = self._schema(name), self._schema(str(slot))
        self._run(f'DROP SCHEMA IF EXISTS "{kept}" CASCADE', f'CREATE SCHEMA "{kept}"')
        self._made.add(kept)
        self._run(*(f'CREATE TABLE "{kept}"."{t}" AS TABLE "{source}"."{t}"' for t in self._tables(source)))

    def put(self, name: str, slot: int) -> None:
        kept, target = self._schema(name), self._schema(str(slot))
        if not self._tables(target):
            raise LookupError("open the slot's ledger once before something is put there")
        tables = self._tables(kept)
        names = ", ".join(f'"{target}"."{table}"' for table in tables)
        copies = [f'INSERT INTO "{target}"."{t}" TABLE "{kept}"."{t}"' for t in tables]
        self._run(f"TRUNCATE {names}", *copies, *self._numbering(target))

    def clean(self) -> None:
        self._run(*(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE' for schema in self._made))

    def _numbering(self, schema: str) -> list[str]:
        """Let the numbered columns go on behind the rows that were copied."""
        with self._engine().connect() as tx:
            rows = tx.exec_driver_sql(
                "SELECT table_name, column_name FROM information_schema.columns"
                f" WHERE table_schema = '{schema}' AND column_default LIKE 'nextval%%'"
            ).fetchall()
        return [
            f"""SELECT setval(pg_get_serial_sequence('"{schema}"."{table}"', '{column}'),"""
            f""" (SELECT coalesce(max("{column}"), 0) + 1 FROM "{schema}"."{table}"), false)"""
            for table, column in rows
        ]

    @staticmethod
    def _schema(name: str) -> str:
        return f"crmbridge_campaign_{name}"

    def _tables(self, schema: str) -> list[str]:
        return sorted(sqlalchemy.inspect(self._engine()).get_table_names(schema))

    def _engine(self) -> sqlalchemy.Engine:
        return sqlalchemy.create_engine(self._url, poolclass=sqlalchemy.NullPool)

    def _run(self, *statements: str) -> None:
        with self._engine().begin() as tx:
            for statement in statements:
                tx.exec_driver_sql(statement)
