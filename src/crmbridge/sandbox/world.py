"""The world both CRMs live in: storage, time, chance, audit and switches, all on one thread."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from crmbridge.sandbox.audit import Audit
from crmbridge.sandbox.clock import Clock
from crmbridge.sandbox.faults import Faults
from crmbridge.sandbox.jobs import Jobs
from crmbridge.sandbox.options import Options


class World:
    """Everything the emulated CRMs share.

    Only the sandbox's server thread may touch it once the server runs; tests go through `Sandbox.run`.
    """

    def __init__(self, *, state: Path | None = None, seed: int = 1, clock: datetime | None = None) -> None:
        """Open the world.

        Args:
            state: SQLite file that keeps it between starts; None keeps it in memory.
            seed: Same seed, same requests: same ids, same order, same answers.
            clock: Aware moment at which time stands still until it is moved; None runs in real time.
        """
        self.seed = seed
        self.clock = Clock(clock)
        #: The only source of chance.
        self.random = random.Random(seed)
        self.audit = Audit()
        self.faults = Faults(seed)
        #: Requests handled since the start or reset, by CRM.
        self.calls: Counter[str] = Counter()
        self.options = Options()
        #: What happens by itself when time passes.
        self.jobs = Jobs(self.clock)
        #: One connection, statements commit at once unless inside `transaction`.
        self.db = _connect(state)
        self.db.execute("CREATE TABLE IF NOT EXISTS sequence (name TEXT PRIMARY KEY, value INTEGER NOT NULL)")
        self._depth = 0

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Do all or nothing; may be nested, then the inner one can fail alone."""
        point = f"level_{self._depth}"
        self._depth += 1
        self.db.execute(f"SAVEPOINT {point}")
        try:
            yield self.db
        except BaseException:
            self.db.execute(f"ROLLBACK TO {point}")
            raise
        finally:
            self.db.execute(f"RELEASE {point}")
            self._depth -= 1

    def next_number(self, name: str, first: int = 1, count: int = 1) -> int:
        """Take ``count`` numbers of a named sequence and give the first of them; kept in the state file."""
        taken = self.db.execute(
            "INSERT INTO sequence (name, value) VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET value = value + ? RETURNING value",
            (name, first + count - 1, count),
        ).fetchone()
        return int(taken[0]) - count + 1

    def is_filled(self) -> bool:
        """Tell whether invented leads are in the state file already."""
        found = self.db.execute("SELECT 1 FROM sequence WHERE name = 'demo'").fetchone()
        return found is not None

    def mark_filled(self) -> None:
        """Remember that invented leads were put in."""
        self.next_number("demo")

    def reset(self) -> None:
        """Forget counters, audit, faults, chance and moved clocks; the apps forget their own tables."""
        self.clock.reset()
        self.random = random.Random(self.seed)
        self.audit.clear()
        self.faults.clear()
        self.calls.clear()
        self.jobs.clear()
        self.db.execute("DELETE FROM sequence")

    def close(self) -> None:
        """Close the storage."""
        self.db.close()


def _connect(state: Path | None) -> sqlite3.Connection:
    # Made on the starting thread, then used by the server's thread only.
    db = sqlite3.connect(state or ":memory:", isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA temp_store = MEMORY")
    if state is not None:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
    return db
