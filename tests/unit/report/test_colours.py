"""Colours that everybody can tell: contrast by WCAG 2.2, light, dark and on paper."""

from __future__ import annotations

import re
from importlib import resources

import pytest

CSS = resources.files("crmbridge.report").joinpath("templates", "page.css").read_text("utf-8")
_SHADE = re.compile(r"--(\w+): (#[0-9a-f]{6})")
SCHEMES = [dict(_SHADE.findall(block)) for block in re.findall(r":root \{([^}]+)\}", CSS)]
NAMES = ("light", "dark", "paper")


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.fixture(params=range(3), ids=NAMES)
def scheme(request: pytest.FixtureRequest) -> dict[str, str]:
    place: int = request.param
    return SCHEMES[0] | SCHEMES[place]


def test_text_can_be_read(scheme: dict[str, str]) -> None:
    for ground in ("ground", "card", "note"):
        for text in ("text", "muted"):
            assert contrast(scheme[text], scheme[ground]) >= 4.5, (text, ground)
    for text in ("one", "bad"):
        assert contrast(scheme[text], scheme["card"]) >= 4.5, text


def test_marks_can_be_seen(scheme: dict[str, str]) -> None:
    for mark in ("one", "two", "three", "bad"):
        assert contrast(scheme[mark], scheme["card"]) >= 3, mark
    assert contrast(scheme["one"], scheme["soft"]) >= 3
