"""Install the example package with a call adapter for one test, by pip, and read what it rang."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from web_admin.messages.call_adapters import installed_adapters

EXAMPLE = Path(__file__).resolve().parents[1] / "web_admin" / "calls" / "example_adapter"
MODULE = "menjin_example_calls"


@contextmanager
def adapter_installed(folder: Path) -> Iterator[Path]:
    """Put the example package where this process and its own find it; give the file that it writes."""
    source, site, notebook = folder / "source", folder / "site", folder / "notebook"
    subprocess.run(["cp", "-r", EXAMPLE, source], check=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    options = ["--no-build-isolation", "--disable-pip-version-check", "--target", site]
    subprocess.run([*map(str, (*pip, *options, source))], check=True)
    before = list(sys.path)
    sys.path.insert(0, str(site))
    os.environ["NOTEBOOK"] = str(notebook)
    installed_adapters.cache_clear()
    try:
        yield notebook
    finally:
        sys.path[:] = before
        os.environ.pop("NOTEBOOK")
        sys.modules.pop(MODULE, None)
        installed_adapters.cache_clear()


def lines_of(notebook: Path) -> list[list[str]]:
    """Return what was rung and ended: what, call, address, page, sentence."""
    if not notebook.exists():
        return []
    return [json.loads(line) for line in notebook.read_text(encoding="utf-8").splitlines()]
