"""Install a package with drivers for one test: its files and the metadata that pip would write."""

import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hardware.registry import GROUP, installed_drivers

EXAMPLE = Path(__file__).resolve().parents[1] / "hardware" / "example_package"
MODULE = "menjin_badge_reader"


@contextmanager
def installed(site: Path, *, change: Callable[[str], str] = str, package: str = "") -> Iterator[None]:
    """Put the example package on the import path; `change` edits its driver's source first.

    `package` is another name for the same driver's package.
    """
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module = MODULE if not package else package.replace("-", "_")
    shutil.copytree(EXAMPLE / MODULE, site / module, ignore=shutil.ignore_patterns("__pycache__"))
    source = site / module / "__init__.py"
    source.write_text(change(source.read_text(encoding="utf-8")), encoding="utf-8")
    entries = "".join(
        f"{name} = {value.replace(MODULE, module)}\n"
        for name, value in project["entry-points"][GROUP].items()
    )
    lay_metadata(site, package or project["name"], entries)
    before = list(sys.path)
    sys.path.insert(0, str(site))
    installed_drivers.cache_clear()
    try:
        yield
    finally:
        sys.path[:] = before
        for name in [name for name in sys.modules if name.partition(".")[0] == module]:
            del sys.modules[name]
        installed_drivers.cache_clear()


def lay_metadata(site: Path, package: str, entries: str) -> None:
    """Write what pip writes of a package: its name, and the drivers it registers."""
    info = site / f"{package.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", encoding="utf-8"
    )
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{entries}", encoding="utf-8")
