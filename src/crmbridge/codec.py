"""JSON and msgpack round trips of the model: what goes in comes out equal, field by field.

Typed positions are msgspec's business. A ``Value`` position has no type to decode by, so it carries its
own where the format has none: ``{"datetime": "2026-11-21T09:00:00Z"}`` (JSON only; msgpack has
timestamps), ``{"amount": "12.50", "currency": "EUR"}`` for Money, a list for a tuple, and
``{"python": …}`` for the few numbers and texts that the format itself refuses (beyond 64 bits, not
finite, half a surrogate pair). A Value is never a mapping or a list, so nothing is ambiguous.
"""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, TypeAlias, TypeVar

import msgspec

from crmbridge.model import Money, Value

_T = TypeVar("_T")
_Step: TypeAlias = Callable[[Any], Any]

_json = msgspec.json.Encoder()
#: Deterministic: the same object gives the same bytes, so that bytes tell whether something changed.
_msgpack = msgspec.msgpack.Encoder(order="deterministic")


def encode(obj: object) -> bytes:
    """Write any model object as JSON; what takes no part in comparison (``Record.raw``) is left out."""
    kind: Any = type(obj)
    return _json.encode(_forth(kind, _tag_json)(obj))


def decode(data: bytes | str, type: type[_T]) -> _T:
    """Read back what ``encode`` wrote.

    Raises:
        msgspec.ValidationError: the JSON does not fit the type.
    """
    hint: Any = type
    return typing.cast("_T", _back(hint)(_json_decoder(hint).decode(data)))


def pack(obj: object) -> bytes:
    """Write any model object, or a plain mapping or list of values, as msgpack."""
    try:
        return _msgpack.encode(obj)
    except (OverflowError, UnicodeEncodeError, TypeError):
        # Rare: a number or text that msgpack refuses, or a mapping that is no dict.
        kind: Any = type(obj)
        return _msgpack.encode(_forth(kind, _tag_msgpack)(obj))


def unpack(data: bytes, type: type[_T]) -> _T:
    """Read back what ``pack`` wrote.

    Raises:
        msgspec.ValidationError: the data does not fit the type.
    """
    hint: Any = type
    return typing.cast("_T", _back(hint)(_msgpack_decoder(hint).decode(data)))


def unpacker(type: type[_T]) -> Callable[[bytes], _T]:
    """Give ``unpack`` for one type, for loops: what can be settled once is settled."""
    hint: Any = type
    decoder, back = _msgpack_decoder(hint).decode, _back(hint)
    return decoder if back is _same else lambda data: back(decoder(data))


def unpack_value(data: bytes) -> Value:
    """Read back one value that ``pack`` wrote."""
    hint: Any = Any
    found: Value = _back(hint)(_msgpack_decoder(hint).decode(data))
    return found


def plain_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give a mapping of values as msgpack can take it; only needed where msgpack refused it."""
    return {name: _tag_msgpack(value) for name, value in values.items()}


def restore_values(values: dict[str, Any]) -> dict[str, Any]:
    """Turn the tagged values of a decoded mapping back into values, in place."""
    for name, value in values.items():
        kind = type(value)
        if kind is dict or kind is list:
            values[name] = _restore(value)
    return values


# one value ---------------------------------------------------------------------------------------
def _tag_msgpack(value: Any) -> Any:
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return {"python": json.dumps(value)}
    if isinstance(value, str) and not _is_utf8(value):
        return {"python": json.dumps(value)}
    if isinstance(value, tuple | list):
        return [_tag_msgpack(item) for item in value]
    return value


def _tag_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"datetime": value}
    if isinstance(value, float) and not math.isfinite(value):
        return {"python": json.dumps(value)}
    if isinstance(value, tuple | list):
        return [_tag_json(item) for item in value]
    return _tag_msgpack(value)


def _is_utf8(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)


def _restore(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_restore(item) for item in value)
    if not isinstance(value, dict):
        return value
    if "amount" in value:
        return Money(Decimal(value["amount"]), value["currency"])
    if "datetime" in value:
        return msgspec.convert(value["datetime"], datetime)
    return json.loads(value["python"])


# where the values are ------------------------------------------------------------------------------
@cache
def _json_decoder(hint: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(hint)


@cache
def _msgpack_decoder(hint: Any) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(hint)


@cache
def _forth(hint: Any, tag: _Step) -> _Step:
    """Compile what has to be done to an object of this type before it is encoded."""
    if hint in {dict, list, tuple, types.MappingProxyType}:
        return lambda obj: _plain_forth(obj, tag)
    return _walk(hint, tag, _fields_forth) or _same


@cache
def _back(hint: Any) -> _Step:
    """Compile what has to be done to an object of this type after it was decoded."""
    return _walk(hint, _restore, _fields_back) or _same


def _same(obj: Any) -> Any:
    return obj


def _plain_forth(obj: Any, tag: _Step) -> Any:
    if isinstance(obj, Mapping):
        return {name: _plain_forth(value, tag) for name, value in obj.items()}
    if isinstance(obj, list):
        return [_plain_forth(item, tag) for item in obj]
    return tag(obj)


def _walk(hint: Any, step: _Step, fields: Callable[[Any, _Step], _Step | None]) -> _Step | None:
    """Build the pass over one type; None where no Value is inside."""
    if hint is Any:
        return step
    if dataclasses.is_dataclass(hint) and hint is not Money:
        return fields(hint, step)
    arguments = [part for part in typing.get_args(hint) if part not in {Ellipsis, types.NoneType}]
    if not arguments:
        return None
    steps = [_walk(part, step, fields) for part in arguments]
    if not any(steps):
        return None
    origin = typing.get_origin(hint)
    if origin in {typing.Union, types.UnionType}:
        return _optional(step if Any in arguments else next(filter(None, steps)))
    if origin is tuple and Ellipsis not in typing.get_args(hint):
        each = [inner or _same for inner in steps]
        return lambda items: tuple(inner(item) for inner, item in zip(each, items, strict=True))
    inner = steps[-1] or _same
    if origin is tuple or origin is list:
        return lambda items: tuple(inner(item) for item in items)
    return lambda mapping: {key: inner(value) for key, value in mapping.items()}


def _optional(step: _Step) -> _Step:
    return lambda obj: None if obj is None else step(obj)


def _data(cls: Any) -> list[str]:
    return [field.name for field in dataclasses.fields(cls) if field.compare]


@cache
def _steps(cls: Any, step: _Step, fields: Callable[[Any, _Step], _Step | None]) -> dict[str, _Step]:
    hints = typing.get_type_hints(cls)
    found = {name: _walk(hints[name], step, fields) for name in _data(cls)}
    return {name: inner for name, inner in found.items() if inner is not None}


def _fields_forth(cls: Any, step: _Step) -> _Step | None:
    steps = _steps(cls, step, _fields_forth)
    names = _data(cls)

    def forth(obj: Any) -> dict[str, Any]:
        return {name: steps.get(name, _same)(getattr(obj, name)) for name in names}

    return forth if steps else None


def _fields_back(cls: Any, step: _Step) -> _Step | None:
    steps = tuple(_steps(cls, step, _fields_back).items())

    def back(obj: Any) -> Any:
        for name, inner in steps:
            # The object was made by the decoder a moment ago: nobody has seen it unrestored.
            object.__setattr__(obj, name, inner(getattr(obj, name)))
        return obj

    return back if steps else None
