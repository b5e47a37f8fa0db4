"""A plan on disk: a header line, then one change a line, to be read, reviewed and applied later.

The file is a view of a plan that the ledger holds: what is applied is the ledger's plan, and the file
proves that it is the one that was reviewed. A file that was edited by hand, or whose world has moved on, is
refused.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from crmbridge import codec
from crmbridge.errors import ConfigError, Problem
from crmbridge.model import Change


class PlanHeader(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first line of a plan file."""

    #: Format of the file.
    format: int = 1
    #: Folder name of the company.
    company: str
    #: The run that made the plan.
    run: str
    process_version: str
    process_fingerprint: str
    mapping_fingerprint: str
    #: Account ids; "" for a CRM that the company does not use.
    portal_id: str
    org_id: str
    #: ISO 8601, UTC.
    created_at: str
    change_count: int
    #: SHA-256 of everything after the first line, in hex; filled in by `write`.
    sha256: str = ""


def write(path: Path, header: PlanHeader, changes: Iterable[Change]) -> int:
    """Write a plan file, readable by its owner only; returns the number of changes.

    The file appears whole or not at all: it is written beside and then moved into place.
    """
    draft = path.with_name(path.name + ".part")
    draft.unlink(missing_ok=True)
    try:
        count = _write_draft(draft, header, changes)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return count


def _write_draft(draft: Path, header: PlanHeader, changes: Iterable[Change]) -> int:
    """Write everything to a file that did not exist before: nobody else's mode or link is followed."""
    digest, count = hashlib.sha256(), 0
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        placeholder = _header_line(header, "0" * 64)
        file.write(placeholder)
        for line in _lines(changes):
            digest.update(line)
            file.write(line)
            count += 1
        file.seek(0)
        file.write(_header_line(header, digest.hexdigest()))
    return count


def read_header(path: Path) -> PlanHeader:
    """Read and prove a plan file.

    Raises:
        ConfigError: it is no plan file, of an unknown format, or was changed after it was written.
    """
    try:
        with path.open("rb") as file:
            header = msgspec.json.decode(file.readline(), type=PlanHeader)
            digest = _digest(file)
    except OSError as error:
        raise _refused(
            path, f"cannot be read: {error.strerror}", "name a file that plan --out wrote"
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _refused(path, "is no plan file", "write one with crmbridge plan --out FILE") from None
    if header.format != 1:
        raise _refused(path, f"has format {header.format}; this version reads 1", "make the plan again")
    if digest != header.sha256:
        raise _refused(path, "was changed after it was written", "make the plan again")
    return header


def _refused(path: Path, message: str, suggestion: str) -> ConfigError:
    return ConfigError([Problem(path.name, "", message, suggestion)])


def _header_line(header: PlanHeader, digest: str) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(header, sha256=digest)) + b"\n"


def _lines(changes: Iterable[Change]) -> Iterator[bytes]:
    for change in changes:
        yield codec.encode(change) + b"\n"


def _digest(file: io.BufferedReader) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()
