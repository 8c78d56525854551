"""The browser that tests of pages drive."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserType

FETCHED = Path(__file__).parents[2] / ".venv/chromium"
"""Where `make browser` puts one, with libraries that the system may lack."""
CHROMIUMS = (
    Path("/usr/bin/chromium-headless-shell"),
    Path("/usr/bin/chromium"),
    FETCHED / "chromium",
)
"""The first is the same Chromium without the windows around its pages: half of the processor's time."""
CHROMIUM = next((path for path in CHROMIUMS if path.exists()), CHROMIUMS[1])
WITH_NOTIFICATIONS = next((path for path in CHROMIUMS[1:] if path.exists()), CHROMIUMS[1])
"""The shell without windows denies every page its notifications."""
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]

SPEAKING = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
"""A microphone that beeps, a camera with a moving picture, and a person who lets every page have them."""


def launch(kind: "BrowserType", path: Path = CHROMIUM, more: Sequence[str] = ()) -> "Browser":
    """Start it, without the windows around its pages; `more` are arguments of one test alone."""
    libraries = {"LD_LIBRARY_PATH": str(FETCHED / "lib")} if path.parent == FETCHED else {}
    return kind.launch(executable_path=str(path), args=[*_ARGUMENTS, *more], env={**os.environ, **libraries})
