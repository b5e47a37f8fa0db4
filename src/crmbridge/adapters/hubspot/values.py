"""Values on their way to HubSpot, and which of them HubSpot keeps as one and the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from crmbridge.mapping import Kind
from crmbridge.model import Money, Value


def to_wire(kind: Kind, value: Value) -> str:
    """Write a value as HubSpot takes it: everything is a text."""
    if value is None:
        return ""
    return _WIRE.get(kind, _text)(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return _datetime(value)
    if isinstance(value, Money):
        return _money(value)
    return _number(value) if isinstance(value, float) else str(value)


def _number(value: Any) -> str:
    # "42", not "42.0": HubSpot keeps the text, and integers refuse the other.
    return str(int(value)) if float(value).is_integer() else repr(value)


def _datetime(value: datetime) -> str:
    return str(round(value.timestamp() * 1000))


def _date(value: Any) -> str:
    return value.strftime("%Y-%m-%d") if isinstance(value, datetime) else str(value)


def _money(value: Any) -> str:
    return format(value.amount, "f") if isinstance(value, Money) else _text(value)


_WIRE: Final[Mapping[Kind, Callable[[Any], str]]] = {
    Kind.NUMBER: lambda value: _number(value) if isinstance(value, (int, float)) else str(value),
    Kind.DATE: _date,
    Kind.MONEY: _money,
}


def same(kind: Kind | None, left: Value, right: Value) -> bool:
    """Tell whether HubSpot keeps both values as the same thing."""
    return left == right or _kept(kind, left) == _kept(kind, right)


def _kept(kind: Kind | None, value: Value) -> object:
    """Give what is left of a value in HubSpot: no case in addresses, milliseconds, no currency."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime) and kind is Kind.DATE:
        return value.astimezone(UTC).date()
    if isinstance(value, datetime):
        return round(value.timestamp() * 1000)
    if isinstance(value, Money):
        return value.amount.normalize()
    if kind is Kind.MULTI:
        return frozenset(str(value).split(";"))
    return _as_number(value) if kind in _NUMERIC else _folded(kind, _text(value))


_NUMERIC: Final = frozenset({Kind.NUMBER, Kind.INTEGER, Kind.MONEY})


def _as_number(value: Value) -> object:
    try:
        return Decimal(_text(value)).normalize()
    except ArithmeticError:
        return value


def _folded(kind: Kind | None, text: str) -> str:
    if kind is Kind.EMAIL:
        return text.strip().casefold()
    return text.strip() if kind is Kind.LONG_TEXT else " ".join(text.split())
