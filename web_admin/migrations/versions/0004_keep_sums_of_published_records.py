"""Keep the sums of the records published to a gate, from which the digest of its policy is made."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.create_table(
        "policy_sums",
        sa.Column("gate_id", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sums", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["gate_id"], ["gate.gate_id"], name="fk_policy_sums_gate_id_gate"),
        sa.PrimaryKeyConstraint("gate_id", name="pk_policy_sums"),
    )
