"""The shared ring never gives more permits than the CRM allows, in any window."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from crmbridge.ledger import SqlLedger
from tests.unit.ledger.conftest import Open
from tests.unit.ledger.samples import Clock


def starts(ledger: SqlLedger, clock: Clock, count: int, limit: int, window: float) -> list[float]:
    """Take permits without letting time pass; give the moments at which they may be used."""
    return [clock.seconds + ledger.limiter.acquire("hubspot", limit, window) for _ in range(count)]


def most_in_any_window(moments: list[float], window: float) -> int:
    moments = sorted(moments)
    return max(sum(1 for other in moments if start <= other < start + window) for start in moments)


def test_permits_up_to_the_limit_are_free(ledger: SqlLedger, clock: Clock) -> None:
    assert starts(ledger, clock, 5, 5, 10.25) == [clock.seconds] * 5


def test_a_permit_waits_for_the_one_a_limit_before(ledger: SqlLedger, clock: Clock) -> None:
    begin = clock.seconds
    assert starts(ledger, clock, 2, 2, 10.0) == [begin, begin]
    clock.seconds += 4
    assert starts(ledger, clock, 3, 2, 10.0) == [begin + 10, begin + 10, begin + 20]


def test_the_whole_allowance_is_used(ledger: SqlLedger, clock: Clock) -> None:
    moments = starts(ledger, clock, 57, 19, 10.0)
    assert max(moments) - min(moments) == 20.0


@pytest.mark.parametrize("seed", range(3))
def test_no_window_ever_holds_more_than_the_limit(ledger: SqlLedger, clock: Clock, seed: int) -> None:
    chance = random.Random(seed)
    moments = []
    for _ in range(150):
        moments += starts(ledger, clock, 1, 7, 10.0)
        clock.seconds += chance.choice([0.0, 0.0, 0.1, 3.0])
    assert most_in_any_window(moments, 10.0) <= 7
    assert all(earlier <= later for earlier, later in pairwise(moments))


def test_threads_of_several_handles_share_one_limit(
    open_ledger: Open, clock: Clock, database: tuple[str, str]
) -> None:
    first = open_ledger()
    handles = [first, first if database[0] == "sqlite://" else open_ledger()]
    with ThreadPoolExecutor(4) as pool:
        batches = list(pool.map(lambda handle: starts(handle, clock, 20, 10, 10.0), handles * 2))
    moments = [moment for batch in batches for moment in batch]
    assert len(moments) == 80
    assert most_in_any_window(moments, 10.0) == 10


def test_a_pause_holds_everybody_back(ledger: SqlLedger, clock: Clock) -> None:
    ledger.limiter.pause("hubspot", 30.0)
    ledger.limiter.pause("hubspot", 5.0)
    assert ledger.limiter.acquire("hubspot", 10, 10.0) == 30.0
    clock.seconds += 31
    assert ledger.limiter.acquire("hubspot", 10, 10.0) == 0.0


def test_buckets_do_not_disturb_each_other(ledger: SqlLedger, clock: Clock) -> None:
    ledger.limiter.pause("search", 30.0)
    assert ledger.limiter.acquire("hubspot", 1, 10.0) == 0.0


def test_a_lower_limit_counts_at_once(ledger: SqlLedger, clock: Clock) -> None:
    starts(ledger, clock, 10, 10, 10.0)
    assert ledger.limiter.acquire("hubspot", 4, 10.0) == 10.0


def test_a_clock_that_was_set_back_blocks_nobody_for_long(ledger: SqlLedger, clock: Clock) -> None:
    starts(ledger, clock, 5, 5, 10.0)
    clock.seconds -= 86_400
    assert ledger.limiter.acquire("hubspot", 5, 10.0) == 0.0
