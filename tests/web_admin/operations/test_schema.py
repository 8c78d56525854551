"""A checkout between two versions has a part of a step already: the rest is added, whatever the part."""

from types import ModuleType

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory

from web_admin.core.database import make_engine
from web_admin.operations import schema
from web_admin.tables import METADATA

pytestmark = pytest.mark.both_databases

VERSIONS = ("program", "knows", "published_knows", "policy_trouble", "behind_since")
DISKS = ("disk_free_mib", "disk_total_mib", "disk_reserve_in_use")
UPDATES = ("update_step", "update_version", "update_order_id", "update_why", "ordered_version", "ordered_id")


def _of_gates(names: tuple[str, ...]):
    def add(step: ModuleType) -> None:
        step._add("gate", *(METADATA.tables["gate"].columns[name]._copy() for name in names))

    return add


PARTS = (
    _of_gates(VERSIONS),
    lambda step: step._make_tables_of_looks(),
    lambda step: step._add("alarm", sa.Column("over_at", step.INSTANT, nullable=True)),
    lambda step: (step._let_alarms_last(), step._make_table_of_audits(), _of_gates(DISKS)(step)),
    _of_gates(("without_face",)),
    lambda step: (step._make_table_of_rollouts(), _of_gates(UPDATES)(step)),
)
"""What main had of revision 0002 under the name of 0001, in the order in which it came."""


@pytest.mark.first_set
@pytest.mark.parametrize("parts", range(len(PARTS) + 1))
def test_a_part_of_a_step_that_is_there_is_left_as_it_is(database_url, parts):
    engine = make_engine(database_url)
    schema.upgrade(engine, "0001")
    step = ScriptDirectory.from_config(schema._alembic()).get_revision("0002").module
    with schema.migrating(engine) as connection, Operations.context(MigrationContext.configure(connection)):
        for part in PARTS[:parts]:
            part(step)
    schema.upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()
