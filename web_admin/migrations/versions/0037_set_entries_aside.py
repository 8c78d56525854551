"""Set aside entries of gates' journals that count for nothing, so that they hold up no other."""

import sqlalchemy as sa
from alembic import op

import web_admin.model_base

revision = "0037"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.create_table(
        "set_aside_entry",
        sa.Column("gate_id", sa.String(length=200), nullable=False),
        sa.Column("journal_id", sa.String(length=200), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("is_whole", sa.Boolean(), nullable=False),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ledger_seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["gate_id"], ["gate.gate_id"], name=op.f("fk_set_aside_entry_gate_id_gate")),
        sa.PrimaryKeyConstraint("gate_id", "journal_id", "seq", "digest", name=op.f("pk_set_aside_entry")),
    )
    op.create_index("ix_set_aside_entry_newest", "set_aside_entry", ["gate_id", "received_at"])


def downgrade() -> None:
    """Bring the tables back; what was set aside is gone."""
    op.drop_table("set_aside_entry")
