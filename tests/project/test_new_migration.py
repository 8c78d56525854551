"""`make migration`: the next number, the form of those before, and what the tables lack."""

import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from web_admin.core.database import make_engine
from web_admin.core.orm import UtcDateTime
from web_admin.operations import schema
from web_admin.tables import METADATA

ROOT = Path(__file__).resolve().parents[2]
MIGRATIONS = schema.MIGRATIONS


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(ROOT / "deploy/release")
    yield importlib.import_module("migration")
    sys.modules.pop("migration")


@pytest.fixture
def versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Migrations of a copy, which the program takes for its own."""
    shutil.copytree(MIGRATIONS, tmp_path / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(schema, "MIGRATIONS", tmp_path / "migrations")
    return tmp_path / "migrations" / "versions"


@pytest.fixture
def new_table() -> Iterator[None]:
    table = sa.Table(
        "lane_colour",
        METADATA,
        sa.Column("lane_id", sa.String(200), primary_key=True),
        sa.Column("seen_at", UtcDateTime(), nullable=False, index=True),
    )
    yield
    METADATA.remove(table)


@pytest.mark.usefixtures("new_table")
@pytest.mark.wide
def test_a_new_migration_follows_the_newest_and_brings_what_the_models_have(
    tool: ModuleType, versions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_bytes() for path in versions.glob("*.py")}
    newest = schema.newest_revision()
    tool.main(["keep", "the colour of a lane."])
    (made,) = [path for path in versions.glob("*.py") if path.name not in before]
    assert {name: (versions / name).read_bytes() for name in before} == before
    assert made.name == f"{int(newest) + 1:04}_keep_the_colour_of_a_lane.py"
    text = made.read_text(encoding="utf-8")
    assert text.startswith(
        '"""Keep the colour of a lane."""\n\nimport sqlalchemy as sa\nfrom alembic import op\n'
    )
    assert f'\ndown_revision = "{newest}"\n' in text
    assert "sa.DateTime(timezone=True)" in text and "UtcDateTime" not in text and "###" not in text
    assert capsys.readouterr().out.startswith(f"{made}\nLeft to do:")
    engine = make_engine(f"sqlite:///{tmp_path}/menjin.sqlite3")
    schema.upgrade(engine)
    assert schema.current_revision(engine) == f"{int(newest) + 1:04}"
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


@pytest.mark.parametrize("name", ["", "x", "../../elsewhere", 'say "hello"', "two\nlines"])
def test_a_name_that_is_no_sentence_writes_nothing(tool: ModuleType, versions: Path, name: str) -> None:
    before = sorted(versions.glob("*.py"))
    with pytest.raises(SystemExit, match="is no sentence; try make migration NAME="):
        tool.main([name])
    assert sorted(versions.glob("*.py")) == before
