"""The palette keeps the contrast that WCAG 2.2 asks, in light and in dark."""

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[3] / "web_admin" / "static" / "menjin.css").read_text()
TEXT, EDGE = 4.5, 3.0
PAIRS = [
    ("text", "page", TEXT),
    ("text", "card", TEXT),
    ("text", "sunk", TEXT),
    ("muted", "page", TEXT),
    ("muted", "card", TEXT),
    ("muted", "sunk", TEXT),
    ("accent", "page", TEXT),
    ("accent", "card", TEXT),
    ("on-accent", "accent", TEXT),
    ("on-accent", "accent-strong", TEXT),
    ("accent-strong", "ok-soft", TEXT),
    ("bad", "card", TEXT),
    ("ok", "ok-soft", TEXT),
    ("warn", "warn-soft", TEXT),
    ("bad", "bad-soft", TEXT),
    ("info", "info-soft", TEXT),
    ("edge", "card", EDGE),
    ("edge", "page", EDGE),
]


def palette(theme):
    begins = {"light": ":root {", "dark": "@media (prefers-color-scheme: dark) {"}[theme]
    block = CSS.partition(begins)[2].partition("}")[0]
    return dict(re.findall(r"--mj-([a-z-]+): (#[0-9a-f]{3,6});", block))


def luminance(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 * (c <= 0.04045) + ((c + 0.055) / 1.055) ** 2.4 * (c > 0.04045) for c in parts]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_black_on_white_is_21_to_1():
    assert contrast("#000", "#fff") == pytest.approx(21)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("front", "ground", "least"), PAIRS)
def test_contrast_is_enough(theme, front, ground, least):
    colours = palette(theme)
    assert contrast(colours[front], colours[ground]) >= least
