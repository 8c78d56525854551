"""Keep what gates hand over to a restored server, and what it holds back until staff decide."""

import sqlalchemy as sa
from alembic import op

import web_admin.model_base

revision = "0040"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    instant = web_admin.model_base.UtcDateTime(timezone=True)
    op.create_table(
        "gate_handover",
        sa.Column("gate_id", sa.String(length=200), nullable=False),
        sa.Column("manifest", sa.LargeBinary(), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.String(length=200), nullable=False),
        sa.Column("done_at", instant, nullable=True),
        sa.ForeignKeyConstraint(["gate_id"], ["gate.gate_id"], name=op.f("fk_gate_handover_gate_id_gate")),
        sa.PrimaryKeyConstraint("gate_id", name=op.f("pk_gate_handover")),
    )
    op.create_table(
        "handed_record",
        sa.Column("gate_id", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["gate_id"], ["gate.gate_id"], name=op.f("fk_handed_record_gate_id_gate")),
        sa.PrimaryKeyConstraint("gate_id", "key", name=op.f("pk_handed_record")),
    )
    op.create_table(
        "restore_review",
        sa.Column("review_id", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=200), nullable=False),
        sa.Column("subject_id", sa.String(length=200), nullable=False),
        sa.Column("gate_id", sa.String(length=200), nullable=True),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("found_at", instant, nullable=False),
        sa.Column("decided_at", instant, nullable=True),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        sa.Column("decision", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_restore_review_site_id_site")),
        sa.PrimaryKeyConstraint("review_id", name=op.f("pk_restore_review")),
    )
    with op.batch_alter_table("restore_review") as batch:
        batch.create_index("ix_restore_review_open", ["site_id", "decided_at"], unique=False)
        batch.create_index(batch.f("ix_restore_review_subject_id"), ["subject_id"], unique=False)
    op.add_column("site", sa.Column("restored_at", instant, nullable=True))
    op.add_column("site", sa.Column("backup_epoch", sa.Integer(), nullable=True))
    op.add_column("site", sa.Column("backup_version", sa.Integer(), nullable=True))
    for table, name in (("gate", "policy_withheld"), ("lane", "held_after_restore")):
        op.add_column(table, sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False))
    for table in ("api_key", "webhook"):
        op.add_column(table, sa.Column("held_at", instant, nullable=True))


def downgrade() -> None:
    """Bring the tables back; what is suspended among keys and webhooks ends, as nobody let it go on."""
    for table in ("api_key", "webhook"):
        op.execute(f"UPDATE {table} SET ended_at = held_at WHERE held_at IS NOT NULL AND ended_at IS NULL")  # noqa: S608 - our own tables
        op.drop_column(table, "held_at")
    op.drop_column("lane", "held_after_restore")
    op.drop_column("gate", "policy_withheld")
    for name in ("backup_version", "backup_epoch", "restored_at"):
        op.drop_column("site", name)
    op.drop_table("restore_review")
    op.drop_table("handed_record")
    op.drop_table("gate_handover")
