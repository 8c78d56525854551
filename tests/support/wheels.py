"""Packages of this tree, built as a release builds them, and places that hold nothing else."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EPOCH = 1_795_000_000
"""SOURCE_DATE_EPOCH for packages of tests, in seconds since 1970."""


def copy_of_this_tree(folder: Path) -> Path:
    """Copy the files that a commit of this tree would hold."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    return folder


def wheels_of_this_tree(
    folder: Path, version: str | None = None, added: Mapping[str, str] | None = None
) -> tuple[Path, Path]:
    """Build the whole wheel and the one without face, without a network.

    A trial has another version, and files that are added to those of this tree.
    """
    source = copy_of_this_tree(folder / "source")
    for name, text in (added or {}).items():
        (source / name).write_text(text, encoding="utf-8")
    if version is not None:
        project = source / "pyproject.toml"
        text = project.read_text(encoding="utf-8")
        project.write_text(re.sub(r'^version = ".*"$', f'version = "{version}"', text, flags=re.MULTILINE))
    shutil.copytree(ROOT / "web_admin/static/vendor", source / "web_admin/static/vendor")
    call = (
        "import sys; sys.path.insert(0, 'deploy/release'); import backend; from pathlib import Path; "
        "from without_face import without_face; out = Path(sys.argv[1]); "
        f"without_face(out / backend.build_wheel(sys.argv[1]), out, {EPOCH})"
    )
    done = subprocess.run(
        [sys.executable, "-c", call, folder],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)},
    )
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr
    without, whole = sorted(folder.glob("*.whl"), key=lambda wheel: "without_face" not in wheel.name)
    return whole, without


def lay_down(wheel: Path, lock: Path, place: Path) -> Path:
    """Make an import path of one wheel and of what a lock file names for this machine."""
    place.mkdir()
    for line in lock.read_text().splitlines():
        if not line or line[0] in " #":
            continue
        try:
            installed = metadata.distribution(line.partition("==")[0])
        except metadata.PackageNotFoundError:
            continue  # for another system or Python
        home = Path(str(installed.locate_file("")))
        tops = {file.parts[0] for file in installed.files or () if ".." not in file.parts}
        for name in tops - {"__pycache__"}:
            if not (place / name).exists():
                (place / name).symlink_to(home / name)
    shutil.unpack_archive(wheel, place, "zip")
    return place


def gate_from(place: Path, arguments: list[str]) -> int:
    """Become `menjin gate` of such a place: the checkout and its packages are out of reach (-P, -S)."""
    call = "import menjin, sys; sys.exit(menjin.main())"
    os.execve(  # noqa: S606
        sys.executable,
        [sys.executable, "-P", "-S", "-c", call, "gate", *arguments],
        {**os.environ, "PYTHONPATH": str(place)},
    )
