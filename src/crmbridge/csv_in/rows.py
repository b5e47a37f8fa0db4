"""Reading the rows of one file; what does not fit is skipped with a reason, or refused."""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TextIO

from crmbridge.csv_in.spec import File
from crmbridge.errors import ConfigError, Problem

#: Rows named of each thing that does not fit.
_SHOWN: Final = 5
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip


#: What a file of rejects has before the columns of the rows.
_OF_REJECTS: Final = ("file", "line", "reason")
_REJECTS_BEGIN: Final = ",".join(_OF_REJECTS).encode() + b","


class Rejects:
    """Counts skipped rows by reason, and keeps them in a file where one is named.

    Args:
        columns: Of all files, where they have the same: then the file can be corrected and read again.
    """

    def __init__(self, path: Path | None = None, columns: Sequence[str] = ("cells",)) -> None:
        self.skipped: Counter[str] = Counter()
        self._file: TextIO | None = None
        self._writer: Any = None
        if path is not None:
            path.unlink(missing_ok=True)
            path.touch(mode=0o600)  # it holds what the files hold: personal data
            self._file = path.open("w", encoding="utf-8", newline="")
            self._writer = csv.writer(self._file)
            self._writer.writerow([*_OF_REJECTS, *columns])

    def skip(self, file: File, line: int, row: list[str], reason: str) -> None:
        """Leave a row out."""
        self.skipped[reason] += 1
        if self._writer is not None:
            self._writer.writerow([file.label, line, reason, *row])

    @classmethod
    @contextmanager
    def into(
        cls, path: Path | None, read: Sequence[Path], columns: Sequence[str] = ("cells",)
    ) -> Iterator[Rejects]:
        """Keep rejects in a file; where reading ends in a refusal, there is none.

        Raises:
            ConfigError: the file is one of those that are ``read``.
        """
        if path is not None and any(path.exists() and item.exists() and path.samefile(item) for item in read):
            advice = "name another file"
            raise ConfigError([Problem("--rejects", "", f"{path.name} is a file that is read", advice)])
        kept = cls(path, columns)
        try:
            yield kept
        except BaseException:
            kept.close()
            if path is not None:
                path.unlink(missing_ok=True)
            raise
        kept.close()

    def close(self) -> None:
        """Close the file. Safe to repeat."""
        if self._file is not None:
            self._file.close()


@dataclass(slots=True)
class Misfits:
    """Texts that do not fit what was declared, by file and column: the first rows of each, and how many."""

    found: dict[tuple[str, str, str], list[int]] = field(default_factory=dict)
    advice: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def note(self, file: File, line: int, column: str, message: str, advice: str = "") -> None:
        """Remember one; the text itself is not kept: it may be personal."""
        key = (file.label, column, message)
        self.found.setdefault(key, []).append(line)
        self.advice[key] = advice

    def problems(self) -> list[Problem]:
        """Give one problem per file, column and message."""
        return [
            Problem(file, column, f"{message}: {_lines(lines)}", self.advice[file, column, message])
            for (file, column, message), lines in self.found.items()
        ]

    def refuse(self) -> None:
        """Stop if there is any.

        Raises:
            ConfigError: with all of them.
        """
        if self.found:
            raise ConfigError(self.problems())


def _lines(lines: list[int]) -> str:
    first = ", ".join(str(line) for line in lines[:_SHOWN])
    more = f" and {len(lines) - _SHOWN:,} more" if len(lines) > _SHOWN else ""
    return f"line {first}{more}" if len(lines) == 1 else f"lines {first}{more}"


class Table:
    """An open file: its columns, then its rows.

    Args:
        rejects: It is a file of rejects: what stands before the columns of the rows is passed over.
    """

    def __init__(self, file: File, stream: TextIO, *, rejects: bool = False) -> None:
        self.file = file
        self._passed = len(_OF_REJECTS) if rejects else 0
        delimiter = "," if rejects else file.format.delimiter
        self._reader = csv.reader(stream, delimiter=delimiter, strict=True)
        self._named = None if rejects else file.format.header
        self.columns = self._named or tuple(self._first())[self._passed :]

    def _first(self) -> list[str]:
        with _refused(self.file, self._reader):
            return [name.strip() for name in next(self._reader, [])]

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Give (line, cells) of every row; empty lines are no rows."""
        named = self._named
        with _refused(self.file, self._reader):
            for row in self._reader:
                if named is not None and tuple(map(str.strip, row)) == named:
                    raise _problem(self.file, "begins with its header", "declare header = true")
                named = None
                if row:
                    yield self._reader.line_num, row[self._passed :]


@contextmanager
def opened(file: File) -> Iterator[Table]:
    """Open a file as declared, or a file of its rejects.

    Raises:
        ConfigError: it cannot be read, or is not what was declared.
    """
    try:
        with file.path.open("rb") as raw:
            start = raw.read(len(_REJECTS_BEGIN))
        rejects = start == _REJECTS_BEGIN
        _check_bom(file, start)
        encoding = "utf-8" if rejects else file.format.encoding
        with file.path.open(encoding=encoding, newline="") as stream:
            yield Table(file, stream, rejects=rejects)
    except OSError as error:
        raise _problem(file, f"cannot be read: {error.strerror or type(error).__name__}") from None


def _check_bom(file: File, start: bytes) -> None:
    for mark, encoding in _BOMS:
        told = file.format.encoding
        if start.startswith(mark) and not told.startswith(("utf-16", encoding)):
            raise _problem(
                file,
                f"begins with a byte order mark, and {told} has none",
                f'declare encoding = "{encoding}"',
            )


@contextmanager
def _refused(file: File, reader: Any) -> Iterator[None]:
    try:
        yield
    except UnicodeError:
        message = f"is not {file.format.encoding} after line {reader.line_num}"
        raise _problem(file, message, "declare its encoding") from None
    except csv.Error as error:
        raise _problem(file, f"line {reader.line_num}: {error}", "declare delimiter and quoting") from None


def _problem(file: File, message: str, suggestion: str = "") -> ConfigError:
    return ConfigError([Problem(file.label, "", message, suggestion)])
