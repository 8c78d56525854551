"""Know the machines that serve a database, and at which of them a wrapping key is."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
TEXT = sa.String(length=200)


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.create_table(
        "server_machine",
        sa.Column("machine_id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("run", TEXT, nullable=False),
        sa.Column("transport_key", sa.LargeBinary(), nullable=False),
        sa.Column("joined_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("program", TEXT, nullable=False),
        sa.Column("disk_free_mib", sa.Integer(), nullable=True),
        sa.Column("disk_total_mib", sa.Integer(), nullable=True),
        sa.Column("clock_synchronised", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("machine_id", name=op.f("pk_server_machine")),
    )
    op.create_table(
        "wrap_key_copy",
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("machine_id", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_to_key", sa.LargeBinary(), nullable=True),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("key_id", "machine_id", name=op.f("pk_wrap_key_copy")),
    )
