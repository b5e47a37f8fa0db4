"""Open twins: frozen objects made three times as fast as their own constructors make them.

A frozen dataclass sets each field through ``object.__setattr__``, a call apiece. A twin with the same slots
is filled by plain assignment and then becomes the frozen class: CPython lets ``__class__`` be set between
classes of one layout. What comes out is the frozen class in every respect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, Final, ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")
#: Stands for a default that is made anew for every object.
_ANEW: Final = object()


def open_twin(frozen: Any) -> type:
    """Make a class with the same slots that may still be written to.

    It has no constructor: every field must be set before the class is.
    """
    return type(f"_Open{frozen.__name__}", (), {"__slots__": tuple(each.name for each in fields(frozen))})


def maker(frozen: Callable[_P, _T]) -> Callable[_P, _T]:
    """Generate a constructor by open twin: the class's own arguments and defaults, and the same object.

    For classes that a run makes several of per lead. One with a ``__post_init__`` is refused: it would not
    be called.
    """
    kind: Any = frozen
    if hasattr(kind, "__post_init__"):
        raise TypeError(f"{kind.__name__} has a __post_init__")
    data = fields(kind)
    names = {"_twin": open_twin(kind), "_frozen": kind, "_anew": _ANEW}
    names |= {f"_default_{each.name}": each.default for each in data}
    names |= {f"_make_{each.name}": each.default_factory for each in data}
    made: Callable[_P, _T] = _generated("make", ", ".join(_parameters(data)), _set(data), names)
    return made


def changer(frozen: type[_T]) -> Callable[[_T, Mapping[str, Any]], _T]:
    """Generate what ``dataclasses.replace`` does, with the new values as a mapping."""
    data = fields(frozen)  # type: ignore[arg-type]  # any dataclass
    body = [f"    _made.{each.name} = given.{each.name}" for each in data]
    body += ["    for name, value in values.items():", "        setattr(_made, name, value)"]
    names = {"_twin": open_twin(frozen), "_frozen": frozen}
    changed: Callable[[_T, Mapping[str, Any]], _T] = _generated("change", "given, values", body, names)
    return changed


def _generated(name: str, parameters: str, body: list[str], names: dict[str, Any]) -> Any:
    end = ["    _made.__class__ = _frozen", "    return _made"]
    source = "\n".join([f"def {name}({parameters}):", "    _made = _twin()", *body, *end])
    exec(source, names)  # noqa: S102 - our own text: the names of our own fields
    return names[name]


def _parameters(data: tuple[Field[Any], ...]) -> Iterator[str]:
    after_star = False
    for each in data:
        if each.kw_only and not after_star:
            after_star = True
            yield "*"
        if each.default is not MISSING:
            yield f"{each.name}=_default_{each.name}"
        elif each.default_factory is not MISSING:
            yield f"{each.name}=_anew"
        else:
            yield each.name


def _set(data: tuple[Field[Any], ...]) -> list[str]:
    return [
        f"    _made.{each.name} = {each.name}"
        if each.default_factory is MISSING
        else f"    _made.{each.name} = _make_{each.name}() if {each.name} is _anew else {each.name}"
        for each in data
    ]
