"""Check that text in a site's accent colour is readable, and derive its shades for light and dark.

Contrast is that of WCAG 2.2, computed as the standard says.
"""

import re

LEAST_CONTRAST = 4.5
LIGHT_GROUNDS, DARK_GROUND, DARK_PAGE = ("#ffffff", "#f5f7f5", "#eef2ef"), "#1a211e", "#111614"
WHITE, BLACK = "#ffffff", "#000000"
_HEX = re.compile(r"#[0-9a-f]{6}")


def is_colour(text: str) -> bool:
    """Return whether a text is "#rrggbb" in small letters."""
    return _HEX.fullmatch(text) is not None


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def readable(accent: str) -> float:
    """Return the least contrast that a colour has as words on our light grounds, and white on it."""
    return min(contrast(accent, ground) for ground in LIGHT_GROUNDS)


def stylesheet(accent: str) -> str:
    """Return the rules that put a colour in the place of ours, in both stylesheets, light and dark."""
    strong, soft = _mixed(accent, BLACK, 0.25), _mixed(accent, WHITE, 0.87)
    bright = _brightened(accent)
    bright_strong, deep = _mixed(bright, WHITE, 0.3), _mixed(accent, DARK_PAGE, 0.72)
    ink = _mixed(accent, BLACK, 0.85)
    light = _staff_rules(accent, strong, WHITE, soft) + _resident_rules(accent, WHITE, soft, accent)
    dark_staff = _staff_rules(bright, bright_strong, ink, deep)
    dark_resident = _resident_rules(bright, ink, deep, bright_strong)
    return (
        f":root {{ {light} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {dark_staff}{dark_resident} }} }}\n"
    )


def _staff_rules(accent: str, strong: str, on: str, soft: str) -> str:
    return (
        f"--mj-accent: {accent}; --mj-accent-strong: {strong}; "
        f"--mj-on-accent: {on}; --mj-accent-soft: {soft}; "
    )


def _resident_rules(green: str, ink: str, soft: str, text: str) -> str:
    return f"--green: {green}; --green-ink: {ink}; --green-soft: {soft}; --green-text: {text};"


def _brightened(accent: str) -> str:
    """Return the colour, mixed with as little white as makes it readable on the dark ground."""
    for part in range(0, 101, 5):
        bright = _mixed(accent, WHITE, part / 100)
        if contrast(bright, DARK_GROUND) >= 7:
            return bright
    return WHITE


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _mixed(colour: str, other: str, share: float) -> str:
    pairs = zip(_parts(colour), _parts(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _luminance(colour: str) -> float:
    shares = [part / 255 for part in _parts(colour)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
