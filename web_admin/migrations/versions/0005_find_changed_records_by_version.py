"""Find changed records by version, keep sums in their row, and know what a gate last said."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.add_column("gate", sa.Column("said_digest", sa.LargeBinary(), nullable=True))
    op.create_index("ix_policy_record_gate_id_version", "policy_record", ["gate_id", "version"])
    if op.get_bind().dialect.name == "postgresql":
        # 2,048 bytes that look like chance: tried in vain to be compressed, then kept outside of the row.
        op.execute("ALTER TABLE policy_sums ALTER COLUMN sums SET STORAGE PLAIN")
