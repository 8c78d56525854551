"""Begin certificates, change wrapping keys, suspend face, remember when a face was last used."""

import sqlalchemy as sa
from alembic import op

import web_admin.model_base

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables up to this revision."""
    op.create_table(
        "wrap_key",
        sa.Column("key_id", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=200), nullable=False),
        sa.Column("made_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("due_since", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("retired_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("destroyed_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_wrap_key")),
    )
    op.create_table(
        "breach_drill",
        sa.Column("drill_id", sa.String(length=200), nullable=False),
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("for_real", sa.Boolean(), nullable=False),
        sa.Column("started_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_breach_drill_site_id_site")),
        sa.PrimaryKeyConstraint("drill_id", name=op.f("pk_breach_drill")),
    )
    with op.batch_alter_table("breach_drill", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_breach_drill_site_id"), ["site_id"], unique=False)

    op.create_table(
        "face_suspension",
        sa.Column("site_id", sa.String(length=200), nullable=False),
        sa.Column("drill_id", sa.String(length=200), nullable=False),
        sa.Column("since", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_face_suspension_site_id_site")),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_face_suspension")),
    )
    op.create_table(
        "face_use",
        sa.Column("consent_id", sa.String(length=200), nullable=False),
        sa.Column("last_used_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["consent_id"], ["consent.consent_id"], name=op.f("fk_face_use_consent_id_consent")
        ),
        sa.PrimaryKeyConstraint("consent_id", name=op.f("pk_face_use")),
    )
    op.create_table(
        "forgetting",
        sa.Column("consent_id", sa.String(length=200), nullable=False),
        sa.Column("gate_id", sa.String(length=200), nullable=False),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.Column("share_made_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("begun_at", web_admin.model_base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("fresh_receipt", sa.Boolean(), nullable=False),
        sa.Column("key_id", sa.String(length=200), nullable=False),
        sa.Column("gate_public_key", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["consent_id"], ["consent.consent_id"], name=op.f("fk_forgetting_consent_id_consent")
        ),
        sa.ForeignKeyConstraint(["gate_id"], ["gate.gate_id"], name=op.f("fk_forgetting_gate_id_gate")),
        sa.PrimaryKeyConstraint("consent_id", "gate_id", name=op.f("pk_forgetting")),
    )


def downgrade() -> None:
    """Bring the tables back."""
    op.drop_table("forgetting")
    op.drop_table("face_use")
    op.drop_table("face_suspension")
    with op.batch_alter_table("breach_drill", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_breach_drill_site_id"))

    op.drop_table("breach_drill")
    op.drop_table("wrap_key")
