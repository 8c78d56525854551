"""The browser that tests of pages drive."""

import os
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
    # No machine of tests has a camera or a microphone; a page gets one where a test allows it to.
    "--use-fake-device-for-media-stream",
]


def launch(kind: "BrowserType", path: Path = CHROMIUM) -> "Browser":
    """Start it, without the windows around its pages."""
    libraries = {"LD_LIBRARY_PATH": str(FETCHED / "lib")} if path.parent == FETCHED else {}
    return kind.launch(executable_path=str(path), args=_ARGUMENTS, env={**os.environ, **libraries})
