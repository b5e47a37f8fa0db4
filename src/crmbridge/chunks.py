"""A stream in pieces: what may be long is never held whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

_T = TypeVar("_T")


def chunks(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Give lists of ``size`` items, the last one shorter; none for no items. Reads no further than asked."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
