"""Packages of this tree in two versions, made once, and a fresh machine with them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.debian.machine import Machine
from tests.support.wheels import ROOT, wheels_of_this_tree

VERSIONS = NOW, NEXT = ("0.3.0", "0.4.0")
MADE = os.environ.get("MENJIN_DEBIAN_PACKAGES")
"""A folder with the packages of an earlier run, while one works on the tests."""
TRIAL_MIGRATION = '''
"""Make a table of lifts."""

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9999", "{before}", None, None


def upgrade():
    op.create_table("lift", sa.Column("number", sa.Integer(), primary_key=True))
'''


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Packages of this tree, and of a trial of the next version with a table more; not compressed."""
    sys.path.insert(0, str(ROOT / "deploy/release"))
    from debian import build_all  # type: ignore[import-not-found]

    from web_admin.operations import schema

    if MADE is not None:
        return Path(MADE)
    folder = tmp_path_factory.mktemp("packages")
    (folder / "made").mkdir()
    migration = TRIAL_MIGRATION.format(before=schema.newest_revision())
    trial = {"web_admin/migrations/versions/9999_lifts.py": migration}
    for version in VERSIONS:
        (folder / version).mkdir()
        wheels_of_this_tree(folder / version, version, trial if version == NEXT else {})
        build_all(folder / version, folder / "made", ("amd64",), house=folder, is_quick=True)
        shutil.rmtree(folder / version)
    return folder / "made"


@pytest.fixture
def fresh(packages: Path, tmp_path: Path) -> Iterator[Machine]:
    """A started machine with the packages in root's folder; what was said is printed at its end."""
    with Machine(tmp_path / "machine") as started:
        for package in packages.glob("*.deb"):
            shutil.copy(package, started.root / "root")
        bench = started.root / "opt/bench/tests/support"
        shutil.copytree(ROOT / "tests/support/compounds", bench / "compounds")
        shutil.copy(ROOT / "tests/support/acting.py", bench)
        for name in ("office.py", "metal.py"):
            shutil.copy(ROOT / "tests/debian" / name, started.root / "opt/bench")
        subprocess.run(["chmod", "-R", "a+rX", started.root / "opt/bench"], check=True)
        started.run("apt-get install --yes sudo curl")
        yield started
        print("\n".join(started.said))
